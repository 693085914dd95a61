// Package dsm turns forecasts into demand-side-management decisions: which
// load to move, when, why, and what that is worth.
package dsm

import (
	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/meter"
)

// Action is what a decision asks for. The values are stored: never renumber.
type Action uint8

// The actions.
const (
	ActionNone          Action = 0
	ActionLoadShift     Action = 1 // move load to cheaper hours
	ActionPeakShave     Action = 2 // move load out of the highest hours
	ActionValleyFill    Action = 3 // charge a car in the hours of least load, where all cost the same
	ActionBattery       Action = 4
	ActionEVCharge      Action = 5
	ActionPVSelfConsume Action = 6 // move load into hours that would feed in
	ActionPreheat       Action = 7 // warm the building ahead of dear hours
)

// Reason is the main cause of a decision. The values are stored: never
// renumber.
type Reason uint8

// The reasons.
const (
	ReasonUnknown          Reason = 0
	ReasonPriceSpread      Reason = 1  // dear and cheap hours lie within reach of each other
	ReasonGroupLimit       Reason = 2  // the group's forecast exceeds its capacity
	ReasonDemandCharge     Reason = 3  // most of the saving is on the charge for the month's highest hour
	ReasonInsufficientData Reason = 4  // none: over 25 % of the last 7 days is missing
	ReasonStaleInput       Reason = 5  // none: the newest reading is too old
	ReasonBelowMinSaving   Reason = 6  // none: the best plan saves less than the minimum
	ReasonNoSpread         Reason = 7  // none: no hour is cheaper than another by enough
	ReasonNoFlexibility    Reason = 8  // none: nothing may be shifted
	ReasonNoForecast       Reason = 9  // none: the model has nothing to say yet
	ReasonHysteresis       Reason = 10 // yesterday's plan is kept, a new one would gain too little
	ReasonWithinLimit      Reason = 11 // none: the group stays below its capacity
	ReasonLowerSaving      Reason = 12 // of an alternative: it saves less than the plan chosen
	ReasonOutOfReach       Reason = 13 // of an alternative: it moves load farther than allowed
	ReasonWithout          Reason = 14 // of an alternative: the plan without that part
	ReasonOwnSun           Reason = 15 // energy would be fed in for less than it is worth here
	ReasonLevelLoad        Reason = 16 // all hours cost the same, so the lowest are filled
	ReasonSuspectInput     Reason = 17 // none: a reading of the last day is suspect
)

// Factor is one thing that weighed in a decision. The values are stored.
type Factor uint8

// The factors, each with the unit of its weight.
const (
	FactorPriceSpread  Factor = 1 // dearest less cheapest hour of the plan, currency per kWh
	FactorShiftable    Factor = 2 // energy that could be moved, kWh
	FactorForecastPeak Factor = 3 // greatest hour of the forecast, kW
	FactorExcess       Factor = 4 // forecast peak of the group above its capacity, kW
	FactorCarbonSpread Factor = 5 // dirtiest less cleanest hour of the plan, kg per kWh
	FactorUncertainty  Factor = 6 // width of the 80 % interval over the median, ratio
	FactorMissing      Factor = 7 // share of the last 7 days that is missing, ratio
	FactorFedIn        Factor = 8 // energy that the forecast feeds in, kWh
	FactorMonthPeak    Factor = 9 // highest hour of the month so far, kW
)

// Constraint is a limit that held the plan back. The values are stored.
type Constraint uint8

// The constraints.
const (
	ConstraintShiftableShare Constraint = 1
	ConstraintMaxShift       Constraint = 2
	ConstraintHeadroom       Constraint = 3
	ConstraintCapacity       Constraint = 4
	ConstraintStoreSize      Constraint = 5 // the battery is full, or empty down to its reserve
	ConstraintStorePower     Constraint = 6
	ConstraintUnproven       Constraint = 7 // prices for which no plan is proven the best were bent
)

// Alternative is a plan that was weighed and rejected, with its saving in
// currency less that of the plan chosen. It is above 0 only where a rule, not
// the saving, spoke against the plan: the minimum saving or the farthest shift.
type Alternative struct {
	Action Action
	Reason Reason  // why it was rejected
	Saving float32 // currency
}

// WeightedFactor is a factor with its weight, in the factor's unit.
type WeightedFactor struct {
	Factor Factor
	Weight float32
}

// Decision is one plan for one meter or group and one issue time. A kWh is in
// one meter's plan only. A group's plan is the sum of what its limit asks of its
// meters and stands in their plans too: sums over decisions take meters only.
// Slots are the hours from ValidFrom to ValidTo.
type Decision struct {
	ID        uuid.UUID // same twin, subject, issue time and policy: same id
	Meter     string    // "" for a decision about a group
	Group     string
	IssuedAt  meter.Hour
	ValidFrom meter.Hour
	ValidTo   meter.Hour // exclusive

	// ActionableFrom is the first hour that had not passed when the plan could
	// be known; earlier hours count in no KPI.
	ActionableFrom meter.Hour

	Action Action
	Reason Reason
	Plan   []float32 // change of load per slot, kWh: negative where load is taken away; nil if Action is none

	KWhShifted  float32 // energy taken away, kWh
	KWReduction float32 // peak before less peak after, kW
	PeakBefore  float32 // greatest slot of the forecast, kW; NaN if there is no forecast
	PeakAfter   float32
	PARBefore   float32 // peak-to-average ratio of the forecast; NaN if the average is not positive
	PARAfter    float32
	CapKW       float32 // threshold: stay below this, kW; NaN if none
	PriceThresh float32 // threshold: shift away from hours dearer than this, currency per kWh; NaN if none
	SavingP10   float32 // quantiles of the saving from ActionableFrom on, over the courses of the day, currency
	SavingP50   float32
	SavingP90   float32
	CO2Kg       float32 // expected avoided emissions from then on, kg; NaN if the carbon intensity is unknown
	Confidence  float32 // P(saving > 0), of a group P(peak falls), from then on, 0 to 1: the share of courses of the day

	Parts        []Part // where something stands behind the meter; their plans add up to Plan
	Factors      []WeightedFactor
	Binding      []Constraint
	Alternatives []Alternative

	LastReading  meter.Hour // newest reading that the plan rests on
	MissingShare float32    // of the last 7 days, 0 to 1
	Stale        bool
}
