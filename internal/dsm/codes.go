package dsm

import "fmt"

// The codes are stable names of actions, reasons, factors and constraints for
// APIs and messages. A value with no name prints as its kind and number.

var (
	actionCodes = [...]string{
		ActionNone: "none", ActionLoadShift: "load_shift", ActionPeakShave: "peak_shave",
		ActionValleyFill: "valley_fill", ActionBattery: "battery", ActionEVCharge: "ev_charge",
		ActionPVSelfConsume: "pv_self_consume", ActionPreheat: "preheat",
	}
	reasonCodes = [...]string{
		ReasonUnknown: "unknown", ReasonPriceSpread: "price_spread", ReasonGroupLimit: "group_limit",
		ReasonDemandCharge: "demand_charge", ReasonInsufficientData: "insufficient_data",
		ReasonStaleInput: "stale_input", ReasonBelowMinSaving: "below_min_saving",
		ReasonNoSpread: "no_spread", ReasonNoFlexibility: "no_flexibility", ReasonNoForecast: "no_forecast",
		ReasonHysteresis: "hysteresis", ReasonWithinLimit: "within_limit",
		ReasonLowerSaving: "lower_saving", ReasonOutOfReach: "out_of_reach",
		ReasonWithout: "without_part", ReasonOwnSun: "own_sun", ReasonLevelLoad: "level_load",
		ReasonSuspectInput: "suspect_input",
	}
	factorCodes = [...]string{
		FactorPriceSpread: "price_spread", FactorShiftable: "shiftable_energy",
		FactorForecastPeak: "forecast_peak", FactorExcess: "excess_over_capacity",
		FactorCarbonSpread: "carbon_spread", FactorUncertainty: "forecast_uncertainty",
		FactorMissing: "missing_readings", FactorFedIn: "fed_in_energy", FactorMonthPeak: "month_peak",
	}
	constraintCodes = [...]string{
		ConstraintShiftableShare: "shiftable_share", ConstraintMaxShift: "max_shift",
		ConstraintHeadroom: "headroom", ConstraintCapacity: "capacity",
		ConstraintStoreSize: "store_size", ConstraintStorePower: "store_power", ConstraintUnproven: "unproven",
	}
)

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
