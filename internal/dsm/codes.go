package dsm

import "fmt"

// Action is what a decision requests. The values are stored: never renumber.
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
	ActionPreheat       Action = 7 // warm the building ahead of expensive hours
	ActionRunAppliance  Action = 8
)

// Reason is the main cause of a decision. The values are stored: never
// renumber.
type Reason uint8

// The reasons.
const (
	ReasonUnknown          Reason = 0
	ReasonPriceSpread      Reason = 1  // expensive and cheap hours lie within reach of each other
	ReasonGroupLimit       Reason = 2  // the group's forecast exceeds its capacity
	ReasonDemandCharge     Reason = 3  // most of the saving is on the charge for the month's highest hour
	ReasonInsufficientData Reason = 4  // none: over 25 % of the last 7 days is missing
	ReasonStaleInput       Reason = 5  // none: the newest reading is too old
	ReasonBelowMinSaving   Reason = 6  // none: the best plan saves less than the minimum
	ReasonNoSpread         Reason = 7  // none: no hour is cheaper than another by enough
	ReasonNoFlexibility    Reason = 8  // none: nothing may be shifted
	ReasonNoForecast       Reason = 9  // none: the model has no forecast yet
	ReasonHysteresis       Reason = 10 // yesterday's plan is kept, a new one would gain too little
	ReasonWithinLimit      Reason = 11 // none: the group stays below its capacity
	ReasonLowerSaving      Reason = 12 // of an alternative: it saves less than the plan chosen
	ReasonOutOfReach       Reason = 13 // of an alternative: it moves load farther than allowed
	ReasonWithout          Reason = 14 // of an alternative: the plan without that item
	ReasonOwnSun           Reason = 15 // energy would be fed in for less than it is worth here
	ReasonLevelLoad        Reason = 16 // all hours cost the same, so the lowest are filled
	ReasonSuspectInput     Reason = 17 // none: a reading of the last day is suspect
)

// Factor is one thing that weighed in a decision. The values are stored.
type Factor uint8

// The factors, each with the unit of its weight.
const (
	FactorPriceSpread  Factor = 1 // highest-priced less cheapest hour of the plan, currency per kWh
	FactorShiftable    Factor = 2 // energy that could be moved, kWh
	FactorForecastPeak Factor = 3 // greatest hour of the forecast, kW
	FactorExcess       Factor = 4 // forecast peak of the group above its capacity, kW
	FactorCarbonSpread Factor = 5 // dirtiest less cleanest hour of the plan, kg per kWh
	FactorUncertainty  Factor = 6 // width of the 80 % interval over the median, ratio
	FactorMissing      Factor = 7 // share of the last 7 days that is missing, ratio
	FactorFedIn        Factor = 8 // energy that the forecast feeds in, kWh
	FactorMonthPeak    Factor = 9 // highest hour of the month so far, kW

	FactorExceedBefore Factor = 10 // probability that the group exceeds its capacity in some hour, without plans
	FactorExceedAfter  Factor = 11 // and with them
	FactorExcessEnergy Factor = 12 // energy expected above the capacity with the plans, kWh
	FactorMetersAsked  Factor = 13 // meters whose plans hold the limit
	FactorHeld         Factor = 14 // energy that the meter's plan moves for the limit of its group, kWh
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
	ConstraintUnproven       Constraint = 7 // prices for which no plan is proven the best were convexified
)

// The codes are stable names of actions, reasons, factors and constraints for
// APIs and messages. A value with no name prints as its kind and number.

var (
	actionCodes = [...]string{
		ActionNone: "none", ActionLoadShift: "load_shift", ActionPeakShave: "peak_shave",
		ActionValleyFill: "valley_fill", ActionBattery: "battery", ActionEVCharge: "ev_charge",
		ActionPVSelfConsume: "pv_self_consume", ActionPreheat: "preheat",
		ActionRunAppliance: "run_appliance",
	}
	reasonCodes = [...]string{
		ReasonUnknown: "unknown", ReasonPriceSpread: "price_spread", ReasonGroupLimit: "group_limit",
		ReasonDemandCharge: "demand_charge", ReasonInsufficientData: "insufficient_data",
		ReasonStaleInput: "stale_input", ReasonBelowMinSaving: "below_min_saving",
		ReasonNoSpread: "no_spread", ReasonNoFlexibility: "no_flexibility", ReasonNoForecast: "no_forecast",
		ReasonHysteresis: "hysteresis", ReasonWithinLimit: "within_limit",
		ReasonLowerSaving: "lower_saving", ReasonOutOfReach: "out_of_reach",
		ReasonWithout: "without_item", ReasonOwnSun: "own_sun", ReasonLevelLoad: "level_load",
		ReasonSuspectInput: "suspect_input",
	}
	factorCodes = [...]string{
		FactorPriceSpread: "price_spread", FactorShiftable: "shiftable_energy",
		FactorForecastPeak: "forecast_peak", FactorExcess: "excess_over_capacity",
		FactorCarbonSpread: "carbon_spread", FactorUncertainty: "forecast_uncertainty",
		FactorMissing: "missing_readings", FactorFedIn: "fed_in_energy", FactorMonthPeak: "month_peak",
		FactorExceedBefore: "exceedance_before", FactorExceedAfter: "exceedance_after",
		FactorExcessEnergy: "expected_excess", FactorMetersAsked: "meters_asked", FactorHeld: "moved_for_limit",
	}
	constraintCodes = [...]string{
		ConstraintShiftableShare: "shiftable_share", ConstraintMaxShift: "max_shift",
		ConstraintHeadroom: "headroom", ConstraintCapacity: "capacity",
		ConstraintStoreSize: "store_size", ConstraintStorePower: "store_power", ConstraintUnproven: "unproven",
	}
)

// Actions are all actions, in order of their numbers.
func Actions() []Action {
	out := make([]Action, len(actionCodes))
	for i := range out {
		out[i] = Action(i)
	}
	return out
}

// String is the action's code, such as load_shift.
func (a Action) String() string { return codeOf(actionCodes[:], int(a), "action") }

// String is the reason's code, such as price_spread.
func (r Reason) String() string { return codeOf(reasonCodes[:], int(r), "reason") }

// String is the factor's code, such as forecast_peak.
func (f Factor) String() string { return codeOf(factorCodes[:], int(f), "factor") }

// String is the constraint's code, such as shiftable_share.
func (c Constraint) String() string { return codeOf(constraintCodes[:], int(c), "constraint") }

// ParseAction reads an action's code.
func ParseAction(code string) (Action, error) {
	i, err := parseCode(actionCodes[:], code, "action")
	return Action(i), err
}

// ParseReason reads a reason's code.
func ParseReason(code string) (Reason, error) {
	i, err := parseCode(reasonCodes[:], code, "reason")
	return Reason(i), err
}

// ParseFactor reads a factor's code.
func ParseFactor(code string) (Factor, error) {
	i, err := parseCode(factorCodes[:], code, "factor")
	return Factor(i), err
}

// ParseConstraint reads a constraint's code.
func ParseConstraint(code string) (Constraint, error) {
	i, err := parseCode(constraintCodes[:], code, "constraint")
	return Constraint(i), err
}

func codeOf(codes []string, i int, kind string) string {
	if i < len(codes) && codes[i] != "" {
		return codes[i]
	}
	return fmt.Sprintf("%s_%d", kind, i)
}

func parseCode(codes []string, code, kind string) (uint8, error) {
	var known []string
	for i, c := range codes {
		if c == "" {
			continue
		}
		if c == code {
			return uint8(i), nil
		}
		known = append(known, c)
	}
	return 0, fmt.Errorf("%s %q is unknown; use one of %v", kind, code, known)
}
