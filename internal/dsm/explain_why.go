package dsm

import (
	"fmt"
	"math"
	"strconv"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/meter"
)

// why is what the decision is for, and what it supersedes.
func (x *explainer) why() []string {
	return append(x.revises(), x.purpose()...)
}

// revises reports what a revision supersedes.
func (x *explainer) revises() []string {
	if x.Supersedes == uuid.Nil {
		return nil
	}
	from := x.clock(x.ValidFrom)
	switch old := x.SupersededEnergy + x.SupersededDemand; {
	case !known(old):
		return []string{fmt.Sprintf("From %s on this holds instead of what was decided for the day before.", from)}
	case x.amount(max(old, 0)) == x.amount(0):
		return []string{fmt.Sprintf("From %s on this replaces the plan for the day, which would save nothing any more.", from)}
	default:
		return []string{fmt.Sprintf("From %s on this replaces the plan for the day, which would save %s from then on.", from, x.amount(old))}
	}
}

// purpose is what the decision is for.
func (x *explainer) purpose() []string {
	if x.Action == ActionNone {
		return x.whyNone()
	}
	if x.ofGroup() {
		lines := []string{fmt.Sprintf("The forecast of %s peaks at %s, and its limit is %s.", x.Group, kilowatts(x.PeakBefore), kilowatts(x.CapKW))}
		if x.PeakAfter > x.CapKW*(1+1e-6) {
			lines = append(lines, fmt.Sprintf("With the plans of its meters the peak is %s, which is still %s above the limit.",
				kilowatts(x.PeakAfter), kilowatts(x.PeakAfter-x.CapKW)))
		}
		lines = append(lines, x.limitRisk()...)
		return append(lines, x.contributors()...)
	}
	var lines []string
	switch x.Reason {
	case ReasonHysteresis:
		lines = append(lines, "This keeps the plan of the day before: a new one would save too little more to be worth a change.")
	case ReasonOwnSun:
		lines = append(lines, "Solar power that would be fed in is worth more when it is used here.")
	case ReasonDemandCharge:
		lines = append(lines, "The highest hour of the month is charged for, and most of the saving is on that charge.")
	case ReasonGroupLimit:
		lines = append(lines, fmt.Sprintf("%s may exceed its limit; this is the meter's share in keeping it below.", x.limited()))
	case ReasonLevelLoad:
		lines = append(lines, "All hours cost the same, so the plan uses those with the least load.")
	}
	for _, f := range x.Factors {
		if f.Factor == FactorPriceSpread && f.Weight > 0 {
			lines = append(lines, fmt.Sprintf("Energy costs up to %s less in the hours to use than in the hours to avoid.", x.price(f.Weight)))
		}
	}
	if x.onlyCleaner() {
		lines = append(lines, "Energy causes less CO₂ in the hours to use than in the hours to avoid.")
	}
	for i := range x.Items {
		if p := &x.Items[i]; p.Value != nil {
			lines = append(lines, x.storedValue(p))
		}
	}
	return lines
}

// limitRisk is how likely the limit is exceeded without the plans and with them, and what
// is expected to remain above it.
func (x *explainer) limitRisk() []string {
	before, after := x.weight(FactorExceedBefore), x.weight(FactorExceedAfter)
	if !known(before) || !known(after) {
		return nil
	}
	text := fmt.Sprintf("The probability that it is exceeded in some hour falls from %s to %s", percent(before), percent(after))
	if percent(before) == percent(after) {
		text = "The probability that it is exceeded in some hour stays at " + percent(after)
	}
	if rest := x.weight(FactorExcessEnergy); known(rest) && rest >= leastRest {
		text += fmt.Sprintf("; %s above it are expected to remain", kilowattHours(rest))
	}
	return []string{text + "."}
}

// leastRest is the energy above a limit below which nothing is shown to remain, kWh.
const leastRest = 0.01

// weight is the weight of a factor, NaN where it did not weigh.
func (x *explainer) weight(of Factor) float32 {
	for _, f := range x.Factors {
		if f.Factor == of {
			return f.Weight
		}
	}
	return float32(math.NaN())
}

// storedValue reports the range of what a stored kWh is worth.
func (x *explainer) storedValue(p *PlanItem) string {
	low, high := p.Value[0], p.Value[0]
	for _, v := range p.Value[:len(p.Value)-1] { // at the end of the plan nothing is left
		low, high = min(low, v), max(high, v)
	}
	of := x.unitPrice(low) + " to " + x.unitPrice(high)
	if x.unitPrice(low) == x.unitPrice(high) {
		of = x.unitPrice(low)
	}
	return fmt.Sprintf("A stored kWh is worth %s over the day: it pays to charge while energy costs less, and to discharge while it costs more, losses counted.", of)
}

// worth is what the plan is worth: the saving and how sure it is, the highest hour,
// and CO₂.
func (x *explainer) worth() []string {
	if x.Action == ActionNone {
		return []string{}
	}
	lines := []string{x.money(), x.success()}
	if !x.ofGroup() {
		lines = append(lines, x.peak())
	}
	if known(x.CO2Kg) && x.CO2Kg != 0 {
		lines = append(lines, x.carbon())
	}
	return append(lines, x.passed()...)
}

// money reports the expected saving and its 80 % interval.
func (x *explainer) money() string {
	word, low, high := "saving", x.SavingP10, x.SavingP90
	if x.SavingP50 < 0 {
		word, low, high = "cost", -x.SavingP90, -x.SavingP10
	}
	span := ""
	if x.amount(low) != x.amount(high) {
		span = fmt.Sprintf("; in four of five cases the %s is between %s and %s", word, x.amount(low), x.amount(high))
	}
	switch {
	case x.amount(x.SavingP50) == x.amount(0):
		return fmt.Sprintf("It is expected to leave the cost as it is%s.", span)
	case x.SavingP50 < 0:
		return fmt.Sprintf("It is expected to cost %s%s.", x.amount(-x.SavingP50), span)
	default:
		return fmt.Sprintf("It is expected to save %s%s.", x.amount(x.SavingP50), span)
	}
}

// success reports on how many of the scenarios of the day the plan does what it is
// for.
func (x *explainer) success() string {
	verb := "pays"
	if x.ofGroup() {
		verb = "lowers the peak"
	}
	switch n := math.Round(float64(x.Confidence) * scenarioCount); n {
	case 0:
		return fmt.Sprintf("It %s in none of %d scenarios of the day.", verb, scenarioCount)
	case scenarioCount:
		return fmt.Sprintf("It %s in all %d scenarios of the day.", verb, scenarioCount)
	default:
		return fmt.Sprintf("It %s in %s of %d scenarios of the day.", verb, strconv.Itoa(int(n)), scenarioCount)
	}
}

func (x *explainer) peak() string {
	before, after := kilowatts(x.PeakBefore), kilowatts(x.PeakAfter)
	switch {
	case before == after:
		return fmt.Sprintf("The meter's highest hour stays at %s.", before)
	case x.PeakAfter < x.PeakBefore:
		return fmt.Sprintf("The meter's highest hour falls from %s to %s.", before, after)
	default:
		return fmt.Sprintf("It raises the meter's own highest hour from %s to %s.", before, after)
	}
}

func (x *explainer) carbon() string {
	if x.CO2Kg > 0 {
		return fmt.Sprintf("It avoids %s kg of CO₂.", significant(x.CO2Kg))
	}
	return fmt.Sprintf("It causes %s kg more CO₂.", significant(-x.CO2Kg))
}

// passed reports from when on the plan can be followed, if its start has passed.
func (x *explainer) passed() []string {
	if x.ActionableFrom <= x.ValidFrom {
		return nil
	}
	if x.ActionableFrom >= x.ValidTo {
		return []string{"All hours of this plan had passed before it could be known, so it counts for nothing."}
	}
	return []string{fmt.Sprintf("Hours before %s had passed before the plan could be known, and do not count.",
		x.clock(x.ActionableFrom))}
}

// whyNone is why there is no plan.
func (x *explainer) whyNone() []string {
	day := x.date(x.ValidFrom)
	switch x.Reason {
	case ReasonInsufficientData:
		return []string{fmt.Sprintf("%s of the readings of the last 7 days are missing; above %s no plan is made.",
			percent(x.MissingShare), percent(maxMissing))}
	case ReasonSuspectInput:
		return []string{"A reading of the 24 hours before the plan does not fit what the meter has measured before.",
			"No plan is made until it is confirmed, corrected, or a day old."}
	case ReasonStaleInput:
		if x.LastReading == meter.NoHour {
			return []string{"No reading has arrived yet."}
		}
		return []string{fmt.Sprintf("The newest reading is of %s, %s, which is too long before %s, %s.",
			x.date(x.LastReading), x.clock(x.LastReading), x.date(x.IssuedAt), x.clock(x.IssuedAt))}
	case ReasonBelowMinSaving:
		return []string{"The best plan would save less than the minimum for a plan."}
	case ReasonNoSpread:
		return []string{"No hour within reach is cheaper by enough to pay for moving load."}
	case ReasonNoFlexibility:
		if x.ofGroup() {
			return append([]string{fmt.Sprintf("The forecast of %s peaks at %s, and its limit is %s; there is no load that may be moved, or no hour with room for it.",
				x.Group, kilowatts(x.PeakAfter), kilowatts(x.CapKW))}, x.limitRisk()...)
		}
		return []string{"The policy lets no load move on this day, or the forecast has none that could."}
	case ReasonNoForecast:
		return []string{"There is not enough history for a forecast yet."}
	case ReasonGroupLimit:
		return []string{fmt.Sprintf("Prices differ enough, but more load in the cheap hours would take %s above its limit.", x.limited())}
	case ReasonWithinLimit:
		lines := []string{x.withinLimit()}
		if risk := x.weight(FactorExceedAfter); known(risk) {
			lines = append(lines, fmt.Sprintf("The probability that the limit is exceeded in some hour is %s.", percent(risk)))
		}
		return lines
	default:
		return []string{fmt.Sprintf("No plan was made for %s.", day)}
	}
}

func (x *explainer) withinLimit() string {
	switch before, after := kilowatts(x.PeakBefore), kilowatts(x.PeakAfter); {
	case x.PeakBefore > x.CapKW:
		return fmt.Sprintf("The plans that save money bring its peak from %s to %s.", before, after)
	case before == after:
		return fmt.Sprintf("Its forecast peaks at %s.", before)
	default:
		return fmt.Sprintf("Its forecast peaks at %s, and at %s with the plans of its meters.", before, after)
	}
}
