package dsm

import (
	"fmt"
	"math"
	"strconv"

	"github.com/energytwin/energytwin/internal/meter"
)

// Explanation is a decision in plain English.
type Explanation struct {
	Title        string   `json:"title"`        // one line, no full stop
	Summary      []string `json:"summary"`      // sentences: what, when, how much, why, what it is worth
	Factors      []Remark `json:"factors"`      // what weighed
	Constraints  []Remark `json:"constraints"`  // what held the plan back
	Alternatives []Remark `json:"alternatives"` // what was rejected, and why
}

// Remark is a sentence with the code that it renders.
type Remark struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Explain renders a decision. Times are local to cal, money is in currency.
// What the decision leaves open (NaN) is left out.
func Explain(d Decision, cal *meter.Calendar, currency string) Explanation {
	x := explainer{Decision: d, cal: cal, currency: currency}
	e := Explanation{
		Title:        x.title(),
		Summary:      x.summary(),
		Factors:      make([]Remark, 0, len(d.Factors)),
		Constraints:  make([]Remark, 0, len(d.Binding)),
		Alternatives: make([]Remark, 0, len(d.Alternatives)),
	}
	for _, f := range d.Factors {
		e.Factors = append(e.Factors, Remark{f.Factor.String(), x.factor(f)})
	}
	for _, c := range d.Binding {
		e.Constraints = append(e.Constraints, Remark{c.String(), x.constraint(c)})
	}
	for _, a := range d.Alternatives {
		e.Alternatives = append(e.Alternatives, Remark{a.Action.String() + "/" + a.Reason.String(), x.alternative(a)})
	}
	return e
}

// explainer is a decision with what it takes to put it into words.
type explainer struct {
	Decision
	cal      *meter.Calendar
	currency string
}

func (x *explainer) ofGroup() bool { return x.Meter == "" }

func (x *explainer) subject() string {
	if x.ofGroup() {
		return x.Group
	}
	return x.Meter
}

func (x *explainer) title() string {
	switch {
	case x.Action == ActionNone && x.ofGroup() && x.Reason == ReasonWithinLimit:
		return fmt.Sprintf("%s stays within its capacity of %s", x.Group, kilowatts(x.CapKW))
	case x.Action == ActionNone:
		return "No plan: " + x.whyNone()
	case x.ofGroup():
		return fmt.Sprintf("Lower the peak of %s from %s to %s", x.Group, kilowatts(x.PeakBefore), kilowatts(x.PeakAfter))
	case x.Action == ActionPeakShave && x.Reason == ReasonDemandCharge:
		return fmt.Sprintf("Lower the highest hour from %s to %s and %s", kilowatts(x.PeakBefore), kilowatts(x.PeakAfter), x.worth())
	case x.Action == ActionPeakShave:
		return fmt.Sprintf("Move %s to keep %s within its capacity", kilowattHours(x.KWhShifted), x.Group)
	case x.Action == ActionPVSelfConsume:
		return fmt.Sprintf("Move %s to sunny hours and %s", kilowattHours(x.KWhShifted), x.worth())
	}
	if kind := kindOf(x.Action); kind != nil {
		return kind.title(x)
	}
	return fmt.Sprintf("Move %s to %s and %s", kilowattHours(x.KWhShifted), x.betterHours(), x.worth())
}

// betterHours names what the hours to use are better in: price, or carbon where they
// are no cheaper.
func (x *explainer) betterHours() string {
	for _, f := range x.Factors {
		if f.Factor == FactorPriceSpread && f.Weight <= 0 && x.CO2Kg > 0 {
			return "lower-carbon hours"
		}
	}
	return "cheaper hours"
}

// whyNone is the reason for doing nothing, as the end of a sentence.
func (x *explainer) whyNone() string {
	switch x.Reason {
	case ReasonInsufficientData:
		return "too many readings are missing"
	case ReasonStaleInput:
		return "the readings are too old"
	case ReasonSuspectInput:
		return "a reading of the last day cannot be right"
	case ReasonBelowMinSaving:
		return "the saving would be too small"
	case ReasonNoSpread:
		return "moving load would not pay"
	case ReasonNoFlexibility:
		if x.ofGroup() {
			return fmt.Sprintf("%s exceeds its capacity and no load can be moved", x.Group)
		}
		return "no load may be moved"
	case ReasonNoForecast:
		return "there is no forecast yet"
	case ReasonGroupLimit:
		return fmt.Sprintf("%s has no room for moved load", x.Group)
	default:
		return x.Reason.String()
	}
}

func (x *explainer) summary() []string {
	if x.Action == ActionNone {
		return x.summaryOfNone()
	}
	lines := []string{x.what()}
	lines = append(lines, x.items()...)
	switch {
	case x.ofGroup():
		still := ""
		if len(x.Binding) > 0 {
			still = ", which is still above the capacity"
		}
		lines = append(lines, fmt.Sprintf("The forecast, all meters together, peaks at %s; the plans of its meters bring that to %s%s.",
			kilowatts(x.PeakBefore), kilowatts(x.PeakAfter), still))
	case x.Reason == ReasonHysteresis:
		lines = append(lines, "This keeps the plan of the day before: a new one would save too little more to be worth a change.")
	case x.Reason == ReasonOwnSun:
		lines = append(lines, "Energy that would be fed in is worth more when it is used here.")
	case x.Reason == ReasonDemandCharge:
		lines = append(lines, "The month's highest hour is charged for, and that is where most of the saving comes from.")
	case x.Reason == ReasonGroupLimit:
		lines = append(lines, fmt.Sprintf("It is this meter's share in keeping %s within its capacity.", x.Group))
	}
	lines = append(lines, x.money())
	if !x.ofGroup() {
		lines = append(lines, x.peak())
	}
	if known(x.CO2Kg) && x.CO2Kg != 0 {
		lines = append(lines, x.carbon())
	}
	if known(x.CapKW) && !x.ofGroup() {
		lines = append(lines, fmt.Sprintf("Rule for the day: stay below %s.", kilowatts(x.CapKW)))
	}
	if known(x.PriceThresh) {
		lines = append(lines, fmt.Sprintf("Rule for the day: avoid hours that cost more than %s.", x.price(x.PriceThresh)))
	}
	return append(lines, x.passed()...)
}

// what reports the change of load, with both energies.
func (x *explainer) what() string {
	added := float32(0)
	for _, c := range x.Plan {
		added += max(c, 0)
	}
	return fmt.Sprintf("On %s, %s should use %s less %s and %s more %s.", x.date(x.ValidFrom), x.subject(),
		kilowattHours(x.KWhShifted), x.windows(-1), kilowattHours(added), x.windows(+1))
}

// money reports the saving, how sure it is, and on how many of the scenarios of the
// day the plan does what it is for.
func (x *explainer) money() string {
	span := ""
	if x.amount(x.SavingP10) != x.amount(x.SavingP90) {
		span = fmt.Sprintf("; four times in five the saving lies between %s and %s", x.number(x.SavingP10), x.amount(x.SavingP90))
	}
	success := "pays"
	if x.ofGroup() {
		success = "lowers the peak"
	}
	return fmt.Sprintf("That should %s%s. Of %d scenarios of the day, it %s on %s.",
		x.worth(), span, scenarioCount, success, x.scenarios())
}

func (x *explainer) scenarios() string {
	switch n := math.Round(float64(x.Confidence) * scenarioCount); n {
	case 0:
		return "none"
	case scenarioCount:
		return "all"
	default:
		return strconv.Itoa(int(n))
	}
}

// worth is the expected saving, as a verb and an amount.
func (x *explainer) worth() string {
	switch none := x.amount(0); {
	case x.amount(x.SavingP50) == none:
		return "leave the cost as it is"
	case x.SavingP50 < 0:
		return "cost " + x.amount(-x.SavingP50)
	default:
		return "save " + x.amount(x.SavingP50)
	}
}

func (x *explainer) peak() string {
	before, after := kilowatts(x.PeakBefore), kilowatts(x.PeakAfter)
	switch {
	case before == after:
		return fmt.Sprintf("The highest hour stays at %s.", before)
	case x.PeakAfter < x.PeakBefore:
		return fmt.Sprintf("The highest hour falls from %s to %s.", before, after)
	default:
		return fmt.Sprintf("The highest hour rises from %s to %s.", before, after)
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
		return []string{"All hours of this plan had passed before it could be known: it counts for nothing."}
	}
	return []string{fmt.Sprintf("Hours before %s had passed before the plan could be known and do not count.",
		x.clock(x.ActionableFrom))}
}

func (x *explainer) summaryOfNone() []string {
	day := x.date(x.ValidFrom)
	switch x.Reason {
	case ReasonInsufficientData:
		return []string{fmt.Sprintf("%s of the readings of the last 7 days are missing; above %s no plan is made.",
			percent(x.MissingShare), percent(maxMissing))}
	case ReasonSuspectInput:
		return []string{"A reading of the 24 hours before the plan does not fit what the meter has measured before. No plan is made until it is confirmed, corrected, or a day old."}
	case ReasonStaleInput:
		if x.LastReading == meter.NoHour {
			return []string{"No reading has arrived yet."}
		}
		return []string{fmt.Sprintf("The newest reading is of %s, %s; that is too long before %s, %s.",
			x.date(x.LastReading), x.clock(x.LastReading), x.date(x.IssuedAt), x.clock(x.IssuedAt))}
	case ReasonBelowMinSaving:
		return []string{fmt.Sprintf("Moving load on %s would save less than the minimum for a plan.", day)}
	case ReasonNoSpread:
		return []string{fmt.Sprintf("On %s no hour within reach is cheaper by enough to pay for moving load.", day)}
	case ReasonNoFlexibility:
		return x.noFlexibility(day)
	case ReasonNoForecast:
		return []string{fmt.Sprintf("There is not enough history to forecast %s on %s.", x.subject(), day)}
	case ReasonGroupLimit:
		return []string{fmt.Sprintf("Prices on %s differ enough, but more load in the cheap hours would take %s above its capacity.", day, x.Group)}
	case ReasonWithinLimit:
		return x.withinLimit(day)
	default:
		return []string{fmt.Sprintf("No plan was made for %s.", day)}
	}
}

func (x *explainer) noFlexibility(day string) []string {
	if x.ofGroup() {
		return []string{fmt.Sprintf("On %s the forecast peaks at %s, above the capacity of %s, and there is no load that may be moved, or no hour with room for it.",
			day, kilowatts(x.PeakAfter), kilowatts(x.CapKW))}
	}
	return []string{fmt.Sprintf("The policy lets no load of %s move on %s, or the forecast has none that could.", x.subject(), day)}
}

func (x *explainer) withinLimit(day string) []string {
	switch before, after := kilowatts(x.PeakBefore), kilowatts(x.PeakAfter); {
	case x.PeakBefore > x.CapKW:
		return []string{fmt.Sprintf("On %s the plans made for the price alone bring the peak from %s to %s.", day, before, after)}
	case before == after:
		return []string{fmt.Sprintf("On %s the forecast, all meters together, peaks at %s.", day, before)}
	default:
		return []string{fmt.Sprintf("On %s the forecast, all meters together, peaks at %s; with the plans of its meters, at %s.", day, before, after)}
	}
}
