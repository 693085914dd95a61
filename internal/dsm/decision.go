// Package dsm turns forecasts into demand-side-management decisions: which
// load to move, when, why, and what that is worth.
//
// The package has more than 25 files because devices, shifts and group limits draw on
// one site, and are evaluated and explained on its fixed arrays of slots without an
// allocation. In packages of their own they would export these arrays and each step.
package dsm

import (
	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/meter"
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

// Decision is one plan for one meter or group and one local day, issued before it, or a
// revision of the plan for the rest of the day. A kWh is in
// one meter's plan only. A group's plan is the sum of what its limit asks of its
// meters and stands in their plans too: sums over decisions take meters only.
// Slots are the hours from ValidFrom to ValidTo.
type Decision struct {
	ID    uuid.UUID // same twin, subject, issue time and policy: same id
	Meter string    // "" for a decision about a group
	Group string

	// LimitGroup is the group above Group whose limit the plan of a meter serves most, or
	// which leaves its price shift less room; "" where that is Group itself, or there is none.
	LimitGroup string

	IssuedAt  meter.Hour
	ValidFrom meter.Hour
	ValidTo   meter.Hour // exclusive

	// ActionableFrom is the first hour that had not passed when the plan could
	// be known; earlier hours count in no KPI.
	ActionableFrom meter.Hour

	// Supersedes is the decision whose plan this one replaces from ValidFrom on, where it
	// revises a plan; the zero value if it is the first of its day. SupersededEnergy and
	// SupersededDemand are what that plan is expected to save from there on, by the
	// forecast and on the scenarios of this decision: promises over a day add up without.
	// Both are NaN where nothing was planned, and of a group.
	Supersedes       uuid.UUID
	SupersededEnergy float32
	SupersededDemand float32

	Action Action
	Reason Reason
	Plan   []float32 // change of load per slot, kWh: negative where load is taken away; nil if Action is none

	KWhShifted  float32 // energy taken away, kWh
	KWReduction float32 // peak before less peak after, kW
	PeakBefore  float32 // greatest slot of the forecast, kW; NaN if there is no forecast
	PeakAfter   float32
	PARBefore   float32 // peak-to-average ratio of the forecast; NaN if the average is not positive
	PARAfter    float32
	CapKW       float32 // of a group its limit, of a meter the highest hour that a demand charge leaves, kW; NaN if none
	PriceThresh float32 // threshold: shift away from hours that cost more than this, currency per kWh; NaN if none
	SavingP10   float32 // quantiles of the saving from ActionableFrom on, over the scenarios of the day, currency
	SavingP50   float32
	SavingP90   float32

	// SavingEnergy and SavingDemand are the expected saving on energy and on the
	// demand charge: means over the same scenarios, in currency, so that sums over
	// plans are what is to be expected of them. SavingP10 to SavingP90 hold both.
	SavingEnergy float32
	SavingDemand float32
	MonthPeak    float32 // highest hour of the plan's calendar month before it was issued, kW; NaN of a group, and without a demand charge

	CO2Kg      float32 // expected avoided emissions from then on, kg; NaN if the carbon intensity is unknown
	Confidence float32 // P(saving > 0), of a group P(peak falls), from then on, 0 to 1: the share of scenarios of the day

	Items        []PlanItem // where there are devices behind the meter; their plans add up to Plan
	Factors      []WeightedFactor
	Binding      []Constraint
	Alternatives []Alternative

	LastReading  meter.Hour // newest reading that the plan rests on
	MissingShare float32    // of the last 7 days, 0 to 1
	Stale        bool
}
