package dsm

import "fmt"

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
		return fmt.Sprintf("The forecast exceeds the capacity by %s.", kilowatts(w))
	case FactorCarbonSpread:
		return fmt.Sprintf("The cleanest hour to use emits %s kg CO₂ per kWh less than the dirtiest hour to avoid.", significant(w))
	case FactorUncertainty:
		return fmt.Sprintf("The range that the forecast gives 80 %% to is as wide as %s of its median.", percent(w))
	case FactorFedIn:
		return fmt.Sprintf("%s would be fed in.", kilowattHours(w))
	case FactorMonthPeak:
		return fmt.Sprintf("The highest hour of the month so far was %s; below it nothing is saved.", kilowatts(w))
	case FactorMissing:
		return fmt.Sprintf("%s of the readings of the last 7 days are missing.", percent(w))
	default:
		return fmt.Sprintf("%s: %s.", f.Factor, significant(w))
	}
}

func (x *explainer) constraint(c Constraint) string {
	switch c {
	case ConstraintShiftableShare:
		return "Some hours give all the load that may be moved."
	case ConstraintMaxShift:
		return "Cheaper hours are too far away for load to be moved there."
	case ConstraintHeadroom:
		if x.ofGroup() {
			return "There is not enough room below the capacity for all that would have to move."
		}
		return "Some hours take all the extra load that they may."
	case ConstraintCapacity:
		return fmt.Sprintf("The capacity of %s limits what may move.", x.Group)
	case ConstraintUnproven:
		return "Some prices are below zero, or less than what feeding in earns; they were taken as equal to the other, or as zero, so there may be a better plan."
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
		return worth + join + " the peak of " + x.Group + " would be higher"
	case ReasonOutOfReach:
		return worth + ", but moves load farther than allowed"
	case ReasonBelowMinSaving:
		return worth + ", which is below the minimum for a plan"
	default:
		return worth
	}
}

// difference words a saving less the saving of the plan chosen.
func (x *explainer) difference(saving float32) string {
	if x.Action == ActionNone {
		return "saves " + x.amount(saving)
	}
	size, than := x.amount(max(saving, -saving)), " more than this plan"
	if size == x.amount(0) {
		size = "under 0.01 " + x.currency
	}
	if saving < 0 {
		than = " less than this plan"
	}
	if saving == 0 {
		return "saves as much as this plan"
	}
	return "saves " + size + than
}
