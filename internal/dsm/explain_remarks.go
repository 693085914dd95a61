package dsm

import (
	"fmt"
	"strings"
)

func (x *explainer) factor(f WeightedFactor) string {
	switch w := f.Weight; f.Factor {
	case FactorPriceSpread:
		if x.Action == ActionNone && w == 0 {
			return "All hours of the day cost the same."
		}
		if x.Action == ActionNone {
			return fmt.Sprintf("Over the day prices differ by %s.", x.price(w))
		}
		if w <= 0 {
			return "The hours to use are not cheaper than the hours to avoid."
		}
		return fmt.Sprintf("The cheapest hour to use costs %s less than the highest-priced hour to avoid.", x.price(w))
	case FactorShiftable:
		return fmt.Sprintf("%s of the day's load may be moved.", kilowattHours(w))
	case FactorForecastPeak:
		return fmt.Sprintf("The highest hour is expected to be %s.", kilowatts(w))
	case FactorExcess:
		return fmt.Sprintf("The forecast exceeds the limit by %s.", kilowatts(w))
	case FactorCarbonSpread:
		return fmt.Sprintf("The cleanest hour to use emits %s kg CO₂ per kWh less than the dirtiest hour to avoid.", significant(w))
	case FactorUncertainty:
		return fmt.Sprintf("The 80 %% interval of the forecast is as wide as %s of its median.", percent(w))
	case FactorFedIn:
		return fmt.Sprintf("%s would be fed in.", kilowattHours(w))
	case FactorMonthPeak:
		return fmt.Sprintf("The highest hour of the month so far is %s, and nothing is saved below it.", kilowatts(w))
	case FactorExceedBefore:
		return fmt.Sprintf("Without the plans the limit is exceeded with a probability of %s.", percent(w))
	case FactorExceedAfter:
		return fmt.Sprintf("With the plans it is exceeded with a probability of %s.", percent(w))
	case FactorExcessEnergy:
		return fmt.Sprintf("With the plans, %s above the limit are expected to remain.", kilowattHours(w))
	case FactorMetersAsked:
		return fmt.Sprintf("Plans of %s hold the limit.", meters(w))
	case FactorHeld:
		return fmt.Sprintf("The plan moves %s for the limit of %s.", kilowattHours(w), x.limited())
	case FactorMissing:
		return fmt.Sprintf("%s of the readings of the last 7 days are missing.", percent(w))
	default:
		return fmt.Sprintf("%s: %s.", f.Factor, significant(w))
	}
}

func (x *explainer) constraint(c Constraint) string {
	switch c {
	case ConstraintShiftableShare:
		return "In some hours all the load that may be moved is moved."
	case ConstraintMaxShift:
		return "Cheaper hours are farther away than load may be moved."
	case ConstraintHeadroom:
		if x.ofGroup() {
			return "There is not enough room below the limit for all that would have to move."
		}
		return "Some hours can take no more load."
	case ConstraintCapacity:
		return fmt.Sprintf("The limit of %s leaves less room for moved load.", x.limited())
	case ConstraintUnproven:
		return "Some prices are below zero, or less than what feeding in earns. The plan treats them as zero, or as equal, so there may be a better one."
	}
	for i := range deviceKinds {
		if text, own := deviceKinds[i].constraints[c]; own {
			return text
		}
	}
	return c.String() + "."
}

func (x *explainer) alternative(a Alternative) string {
	return x.alternativeAction(a) + ": " + x.rejection(a) + "."
}

func (x *explainer) alternativeAction(a Alternative) string {
	if a.Reason == ReasonWithout && (a.Action == ActionLoadShift || a.Action == ActionPeakShave) {
		return "Leave other load where it is"
	}
	if kind := kindOf(a.Action); kind != nil {
		if a.Reason != ReasonWithout && kind.otherwise != "" {
			return kind.otherwise
		}
		return kind.without
	}
	switch a.Action {
	case ActionNone:
		return "Change nothing"
	case ActionPVSelfConsume:
		return "Leave other load where it is"
	case ActionPeakShave:
		return "Lower the meter's own peak instead"
	case ActionLoadShift:
		if x.Action == ActionNone {
			return "Move load to cheaper hours"
		}
		return "Move load farther"
	default:
		return a.Action.String()
	}
}

func (x *explainer) rejection(a Alternative) string {
	worth := x.difference(a.Saving)
	switch a.Reason {
	case ReasonGroupLimit:
		join := ", but"
		if a.Saving < 0 {
			join = ", and"
		}
		if x.ofGroup() {
			return worth + join + " the peak would be higher"
		}
		return worth + join + " the peak of " + x.limited() + " would be higher"
	case ReasonOutOfReach:
		return strings.Replace(worth, "would", "could", 1) + ", but load may not be moved that far"
	case ReasonBelowMinSaving:
		return worth + ", which is below the minimum for a plan"
	default:
		return worth
	}
}

// difference words a saving less the saving of the plan chosen.
func (x *explainer) difference(saving float32) string {
	if x.Action == ActionNone {
		return "would save " + x.amount(saving)
	}
	size, than := x.amount(max(saving, -saving)), " more than this plan"
	if size == x.amount(0) {
		size = "under " + x.amount(0.01)
	}
	if saving < 0 {
		than = " less than this plan"
	}
	if saving == 0 {
		return "would save as much as this plan"
	}
	return "would save " + size + than
}
