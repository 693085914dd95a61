package dsm

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/energytwin/energytwin/internal/meter"
)

// MostTitle is the most characters of a title.
const MostTitle = 60

// Explanation is a decision in plain English.
type Explanation struct {
	Title        string   `json:"title"`        // what to do, in at most MostTitle characters, without a full stop or money
	Instruction  string   `json:"instruction"`  // one sentence: what, when and how much
	Why          []string `json:"why"`          // sentences
	Worth        []string `json:"worth"`        // sentences; none where nothing is done
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
// What the decision leaves open (NaN) is left out. by are the meters that contribute to a decision about a
// group; they are named if they are known.
func Explain(d Decision, by Contributions, cal *meter.Calendar, currency string) Explanation {
	x := explainer{Decision: d, by: by, cal: cal, currency: currency}
	e := Explanation{
		Title:        x.title(),
		Instruction:  x.instruction(),
		Why:          x.why(),
		Worth:        x.worth(),
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

// Title is the title of the decision alone, as Explain has it.
func Title(d Decision, cal *meter.Calendar, currency string) string {
	x := explainer{Decision: d, cal: cal, currency: currency}
	return x.title()
}

// explainer is a decision with what it takes to put it into words.
type explainer struct {
	Decision
	by       Contributions
	cal      *meter.Calendar
	currency string
}

func (x *explainer) ofGroup() bool { return x.Meter == "" }

// limited is the group whose limit a meter's plan serves.
func (x *explainer) limited() string {
	if x.LimitGroup != "" {
		return x.LimitGroup
	}
	return x.Group
}

// title is the first wording that is short enough and whole: names of groups are of any
// length, and times are longer on days on which clocks change.
func (x *explainer) title() string {
	title := ""
	for title = range x.titles() {
		if isTitle(title) {
			break
		}
	}
	return title
}

// isTitle reports whether a wording is short enough and whole.
func isTitle(t string) bool {
	return utf8.RuneCountInString(t) <= MostTitle && !strings.Contains(t, noTime)
}

// titles are the wordings of the title, the best first. The last is short enough.
func (x *explainer) titles() iter.Seq[string] {
	if x.Action == ActionNone {
		return slices.Values(x.titlesOfNone())
	}
	if x.ofGroup() {
		return slices.Values(x.titlesOfGroup())
	}
	if x.Action == ActionPeakShave && x.Reason == ReasonDemandCharge {
		return slices.Values([]string{fmt.Sprintf("Lower the highest hour from %s to %s", kilowatts(x.PeakBefore), kilowatts(x.PeakAfter))})
	}
	if kind := kindOf(x.Action); kind != nil {
		return slices.Values(kind.titles(x, x.itemOf(kind)))
	}
	return x.titlesOfMoved
}

func (x *explainer) titlesOfGroup() []string {
	from, to := kilowatts(x.PeakBefore), kilowatts(x.PeakAfter)
	if from == to { // other hours than the highest fall
		kwh := kilowattHours(x.KWhShifted)
		return []string{fmt.Sprintf("Move %s out of the peak of %s", kwh, x.Group), x.movedTo(kwh)}
	}
	return []string{
		fmt.Sprintf("Lower the peak of %s from %s to %s", x.Group, from, to),
		fmt.Sprintf("Lower the group's peak from %s to %s", from, to),
	}
}

// titlesOfMoved yields those of a plan that moves load, which most plans of a list do: each
// is written only where the one before is no title.
func (x *explainer) titlesOfMoved(yield func(string) bool) {
	kwh := kilowattHours(x.KWhShifted)
	if x.Action != ActionPVSelfConsume && x.isSchedule() {
		yield(x.movedTo(kwh))
		return
	}
	prefer := x.times(x.Plan, +1)
	if x.Action == ActionPVSelfConsume {
		_ = yield("Use "+kwh+" of solar power at "+prefer) && yield("Move "+kwh+" to sunny hours")
		return
	}
	avoid := x.times(x.Plan, -1)
	_ = yield("Run "+kwh+" at "+prefer+" instead of "+avoid) &&
		yield("Run "+kwh+" "+x.roughly()+" instead of "+avoid) &&
		yield("Run "+kwh+" outside "+avoid) &&
		yield(x.movedTo(kwh))
}

// roughly is when load is to be added: before or after a time, if that is all before or
// all after what is taken away; else noTime.
func (x *explainer) roughly() string {
	avoid, prefer := x.runs(x.Plan, -1), x.runs(x.Plan, +1)
	if len(avoid) == 0 || len(prefer) == 0 {
		return noTime
	}
	first, last := prefer[0], prefer[len(prefer)-1]
	switch {
	case first.from >= avoid[len(avoid)-1].to:
		return "after " + x.clock(first.from)
	case last.to <= avoid[0].from:
		return "before " + x.clock(last.to)
	}
	return noTime
}

// movedTo names what the hours to use are better in.
func (x *explainer) movedTo(kwh string) string {
	if x.Reason == ReasonGroupLimit || x.Action == ActionPeakShave {
		return fmt.Sprintf("Move %s out of the group's peak", kwh)
	}
	return fmt.Sprintf("Move %s to %s", kwh, x.betterHours())
}

// isSchedule reports whether a plan has more windows than a person keeps in mind.
func (x *explainer) isSchedule() bool {
	return len(x.runs(x.Plan, -1)) > mostMoves || len(x.runs(x.Plan, +1)) > mostMoves
}

// betterHours names what the hours to use are better in: price, or carbon where they
// are no cheaper.
func (x *explainer) betterHours() string {
	if x.onlyCleaner() {
		return "lower-carbon hours"
	}
	return "cheaper hours"
}

// onlyCleaner reports whether the hours to use are better in carbon alone.
func (x *explainer) onlyCleaner() bool {
	for _, f := range x.Factors {
		if f.Factor == FactorPriceSpread && f.Weight <= 0 && x.CO2Kg > 0 {
			return true
		}
	}
	return false
}

func (x *explainer) titlesOfNone() []string {
	switch x.Reason {
	case ReasonWithinLimit:
		limit := kilowatts(x.CapKW)
		return []string{fmt.Sprintf("%s stays within its limit of %s", x.Group, limit), "The group stays within its limit of " + limit}
	case ReasonInsufficientData:
		return []string{"No plan: too many readings are missing"}
	case ReasonStaleInput:
		return []string{"No plan: the readings are too old"}
	case ReasonSuspectInput:
		return []string{"No plan: a reading of the last day cannot be right"}
	case ReasonBelowMinSaving:
		return []string{"No plan: the saving would be too small"}
	case ReasonNoSpread:
		return []string{"No plan: moving load would not pay"}
	case ReasonNoFlexibility:
		if x.ofGroup() {
			return []string{fmt.Sprintf("%s exceeds its limit, and no load can move", x.Group), "The group exceeds its limit, and no load can move"}
		}
		return []string{"No plan: no load may be moved"}
	case ReasonNoForecast:
		return []string{"No plan: there is no forecast yet"}
	case ReasonGroupLimit:
		return []string{fmt.Sprintf("No plan: %s has no room for moved load", x.limited()), "No plan: the group has no room for moved load"}
	default:
		return []string{"No plan: " + x.Reason.String()}
	}
}
