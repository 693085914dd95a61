package backtest

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
)

// Report is the outcome of a backtest. Each hour of a forecast counts, and where
// forecasts are issued again, only the hours until then: each hour counts by the newest
// forecast that was issued before it. The references are not issued again.
type Report struct {
	Meters  int       `json:"meters"`  // that count
	Days    int       `json:"days"`    // of the meter with most
	LeftOut []LeftOut `json:"leftOut"` // all meters that do not count
	Models  []Model   `json:"models"`  // the first is the one that the twin uses
	Bands   Bands     `json:"bands"`   // of the twin's forecasts
	// Groups is how forecasts of groups were; null if not asked for.
	Groups *GroupsReport `json:"groups"`

	// How it was issued.
	IssueAt string `json:"issueAt"` // local time
	Horizon int    `json:"horizon"` // hours of each forecast
	Reissue int    `json:"reissue"` // hours from one forecast to the next; 24 for once a day

	Captured *Captured `json:"captured"` // null if not asked for

	Coverage MeterCoverage `json:"coverage"` // of the 80 % interval, by meter
	Worst    []MeterLine   `json:"worst"`    // by relMAE
	Slowest  []MeterLine   `json:"slowest"`

	Seconds float64 `json:"seconds"` // of the wall clock; filled in by the caller
}

// LeftOut is a meter that does not count.
type LeftOut struct {
	Meter  string `json:"meter"`
	Reason Reason `json:"reason"`
	Detail string `json:"detail"` // the reason in words, with figures
}

// Model is how one method did.
type Model struct {
	Name string `json:"name"`
	// RelMAE is the geometric mean over meters of MAE over the MAE of the seasonal
	// naive of 168 hours.
	RelMAE float64 `json:"relMAE"`
	// MASE is the mean over meters of MAE over the naive's MAE in the 8 weeks before.
	MASE float64 `json:"mase"`
	// WAPE is Σ|error| over Σ|load|, over all meters and hours.
	WAPE float64 `json:"wape"`
	// NRMSE is the mean over meters of the root mean squared error over the mean load.
	NRMSE float64 `json:"nrmse"`
	// Coverage80 is the share of hours within the 80 % interval; null for methods
	// that give none.
	Coverage80 *float64 `json:"coverage80"`

	ByLead []float64 `json:"byLead"` // relMAE by hours after the origin
	ByHour []float64 `json:"byHour"` // relMAE by local hour
	// Substituted is the number of hours about which the method had nothing to say,
	// where the seasonal naive stands in.
	Substituted int `json:"substituted"`
}

// MeterCoverage is the spread of coverage over the meters.
type MeterCoverage struct {
	Least   float64 `json:"least"`
	Most    float64 `json:"most"`
	Outside int     `json:"outside"` // meters below 70 % or above 90 %
}

// MeterLine is one meter in a list.
type MeterLine struct {
	Meter      string  `json:"meter"`
	RelMAE     float64 `json:"relMAE"`
	Coverage80 float64 `json:"coverage80"`
	Seconds    float64 `json:"seconds"`
}

// listed is the length of lists of meters.
const listed = 10

func newReport(scores []*score, o *Options) *Report {
	r := &Report{LeftOut: []LeftOut{}}
	var good []*score
	for _, c := range scores {
		if c.out != "" {
			r.LeftOut = append(r.LeftOut, LeftOut{Meter: c.name, Reason: c.out, Detail: c.detail})
			continue
		}
		good = append(good, c)
		r.Days = max(r.Days, c.days)
	}
	r.Meters = len(good)
	if r.Meters == 0 {
		return r
	}
	rules := o.RulesOf(good[0].name)
	r.IssueAt, r.Horizon, r.Reissue = rules.IssueAt, rules.Horizon, rules.Reissue
	for m, name := range methodNames() {
		r.Models = append(r.Models, modelOf(good, m, name, rules.Leads()))
	}
	tallies := make([]*bandTally, len(good))
	for i, c := range good {
		tallies[i] = &c.bands
	}
	r.Bands = bandsOf(tallies, rules.Leads())
	r.cover(good)
	r.list(good)
	if o.Value != nil {
		r.Captured = capturedBy(good, o.Value)
	}
	return r
}

// LeftOutBy counts the meters that are left out for a reason.
func (r *Report) LeftOutBy(reason Reason) (n int) {
	for _, l := range r.LeftOut {
		if l.Reason == reason {
			n++
		}
	}
	return n
}

// LeftOutText counts the meters that are left out by all reasons, in words.
func (r *Report) LeftOutText() string {
	return fmt.Sprintf("%d without readings, %d too short, %d with over %.0f %% gaps, %d flat", r.LeftOutBy(NoReadings),
		r.LeftOutBy(TooShort), r.LeftOutBy(TooManyGaps), 100*maxGaps, r.LeftOutBy(Flat))
}

func modelOf(good []*score, m int, name string, leads int) Model {
	out := Model{Name: name, ByLead: make([]float64, leads), ByHour: make([]float64, meter.HoursPerDay)}
	var wrong, load float64
	var relative, mase, nrmse []float64
	for _, c := range good {
		n := float64(c.hours)
		relative = append(relative, c.relative(m))
		mase = append(mase, c.wrong[m]/n/c.history)
		nrmse = append(nrmse, math.Sqrt(c.squared[m]/n)/(c.load/n))
		wrong += c.wrong[m]
		load += c.load
		out.Substituted += c.substituted[m]
	}
	out.RelMAE, out.MASE, out.NRMSE, out.WAPE = geometric(relative), finiteMean(mase), finiteMean(nrmse), wrong/load
	for i := range out.ByLead {
		out.ByLead[i] = relativeOf(good, func(c *score) float64 { return c.byLead[m][i] / c.byLead[naiveWeek][i] })
	}
	for i := range out.ByHour {
		out.ByHour[i] = relativeOf(good, func(c *score) float64 { return c.byHour[m][i] / c.byHour[naiveWeek][i] })
	}
	if m == combined {
		var all share
		for _, c := range good {
			all.join(c.bands.all)
		}
		covered := all.of()
		out.Coverage80 = &covered
	}
	return out
}

// relativeOf is the geometric mean of a relative error over meters.
func relativeOf(good []*score, of func(*score) float64) float64 {
	values := make([]float64, len(good))
	for i, c := range good {
		values[i] = of(c)
	}
	return geometric(values)
}

// geometric is the geometric mean of what is neither 0 nor without meaning.
func geometric(values []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range values {
		if l := math.Log(v); !math.IsNaN(l) && !math.IsInf(l, 0) {
			sum += l
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return math.Exp(sum / float64(n))
}

func finiteMean(values []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			sum += v
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func (r *Report) cover(good []*score) {
	r.Coverage.Least = 1
	const fewest, most = 0.7, 0.9
	for _, c := range good {
		v := c.coverage()
		r.Coverage.Least, r.Coverage.Most = min(r.Coverage.Least, v), max(r.Coverage.Most, v)
		if v < fewest || v > most {
			r.Coverage.Outside++
		}
	}
}

func (r *Report) list(good []*score) {
	lines := make([]MeterLine, len(good))
	for i, c := range good {
		lines[i] = MeterLine{Meter: c.name, RelMAE: c.relative(combined), Coverage80: c.coverage(), Seconds: c.seconds}
	}
	top := func(by func(MeterLine) float64) []MeterLine {
		sorted := slices.Clone(lines)
		slices.SortStableFunc(sorted, func(a, b MeterLine) int { return cmp.Compare(by(b), by(a)) })
		return sorted[:min(listed, len(sorted))]
	}
	r.Worst = top(func(l MeterLine) float64 { return l.RelMAE })
	r.Slowest = top(func(l MeterLine) float64 { return l.Seconds })
}
