package whatif

import (
	"cmp"
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
)

// Report compares two scenarios over a window.
type Report struct {
	From        meter.Hour `json:"-"`
	To          meter.Hour `json:"-"`    // exclusive
	Start       string     `json:"from"` // RFC 3339
	End         string     `json:"to"`   // RFC 3339, exclusive
	Currency    string     `json:"currency"`
	Base        Figures    `json:"base"`
	Alternative *Figures   `json:"alternative"` // null if nothing is compared
	Groups      []Group    `json:"groups"`      // by name

	Seconds float64 `json:"seconds"` // of the wall clock; filled in by the caller
}

// Group is the comparison of one group.
type Group struct {
	Name        string   `json:"name"` // "" for the meters outside any
	Base        Figures  `json:"base"`
	Alternative *Figures `json:"alternative"`
}

// Figures are what a scenario means for some meters. Costs are those of the load
// that was measured; what plans would have saved stands apart.
type Figures struct {
	Meters int     `json:"meters"`
	KWh    float64 `json:"kwh"`    // drawn less fed in
	Energy float64 `json:"energy"` // cost of it, currency
	Demand float64 `json:"demand"` // demand charges of the meters, currency
	// CO2Kg is of the hours with a known intensity; null if there is none.
	CO2Kg *float64 `json:"co2Kg"`

	Measured Load `json:"measured"`
	// Planned is the load with all plans carried out, as far as what was measured
	// allows.
	Planned Load `json:"planned"`

	Plans        int     `json:"plans"`        // of meters, whose hours lie in the window
	KWhShifted   float64 `json:"kwhShifted"`   // by them
	Promised     Saving  `json:"promised"`     // what the plans expected at issue, each by itself
	Realised     Saving  `json:"realised"`     // on what was measured; Demand is Demand above less that with all plans carried out
	CO2AvoidedKg float64 `json:"co2AvoidedKg"` // by them, where the intensity is known
}

// Saving is what plans save, in currency.
type Saving struct {
	Energy float64 `json:"energy"` // on the kWh
	Demand float64 `json:"demand"` // on the demand charges of the meters' months
}

func (s Saving) plus(o Saving) Saving { return Saving{s.Energy + o.Energy, s.Demand + o.Demand} }

// Load is the load of a group or of the whole twin.
type Load struct {
	PeakKW    *float64 `json:"peakKW"`     // highest hour; null if no meter reported
	LimitKW   *float64 `json:"limitKW"`    // of the group, the last that held; null if it has none, and of the whole twin
	HoursOver int      `json:"hoursOver"`  // above the limit; of the whole twin those of its groups added up
	KWhOver   float64  `json:"kwhOver"`    // energy above the limit
	MostOver  float64  `json:"mostOverKW"` // highest excess, kW
}

// Cost is what the scenario cost with all plans carried out, currency.
func (f *Figures) Cost() float64 { return f.Energy + f.Demand - f.Realised.Energy - f.Realised.Demand }

// groupResult is what one side knows of a group.
type groupResult struct {
	Figures
	name              string
	limits            []limit
	carbon            bool
	measured, planned []float64
}

func (e *engine) report() *Report {
	r := &Report{
		From: e.o.From, To: e.o.To, Start: e.o.From.String(), End: e.o.To.String(), Currency: e.o.Base.Policy.Tariff.Currency,
	}
	base := e.groups(Base)
	total := sum(base, "")
	r.Base = total.Figures
	var other []groupResult
	if e.o.Alternative != nil {
		other = e.groups(Alternative)
		total := sum(other, "")
		r.Alternative = &total.Figures
	}
	base = e.nested(Base, base)
	for i := range base {
		r.Groups = append(r.Groups, Group{Name: base[i].name, Base: base[i].Figures})
	}
	if other != nil {
		r.compare(e.nested(Alternative, other))
	}
	return r
}

// compare adds the groups of the alternative. A group that holds others in one scenario
// alone has figures of that one.
func (r *Report) compare(other []groupResult) {
	for i := range other {
		at, found := slices.BinarySearchFunc(r.Groups, other[i].name, func(g Group, name string) int { return cmp.Compare(g.Name, name) })
		if !found {
			r.Groups = slices.Insert(r.Groups, at, Group{Name: other[i].name})
		}
		r.Groups[at].Alternative = &other[i].Figures
	}
}

// groups are the groups of a scenario, by name, over all partitions.
func (e *engine) groups(s Scenario) (out []groupResult) {
	var all []groupResult
	for _, r := range e.runs {
		for _, side := range r.sides {
			if side.scenario == s {
				all = append(all, side.results()...)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b groupResult) int { return cmp.Compare(a.name, b.name) })
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].name == all[0].name {
			n++
		}
		g := sum(all[:n], all[0].name)
		g.Measured, g.Planned = loadOf(g.measured, all[0].limits), loadOf(g.planned, all[0].limits)
		out = append(out, g)
		all = all[n:]
	}
	return out
}

// results are those of the groups of a side.
func (s *side) results() (out []groupResult) {
	for _, g := range s.groups {
		p := groupResult{name: g.name, limits: g.limits, measured: g.measured, planned: g.planned, Figures: Figures{
			Meters: g.meters, Plans: g.plans, KWhShifted: g.shifted, Promised: g.promised, Realised: g.realised, CO2AvoidedKg: g.avoided,
		}}
		carbon := 0.0
		for i, load := range s.loads {
			if s.groupOf[i] != g || load.Hours == 0 {
				continue
			}
			p.KWh, p.Energy, p.Demand = p.KWh+load.KWh, p.Energy+load.Energy, p.Demand+load.Demand
			p.Realised.Demand += load.Demand - s.planned.loads[i].Demand
			carbon += load.CO2Kg
			p.carbon = p.carbon || load.CO2Hours > 0
		}
		if p.carbon {
			p.CO2Kg = &carbon
		}
		out = append(out, p)
	}
	return out
}

// sum adds up results.
func sum(results []groupResult, name string) groupResult {
	out := groupResult{name: name}
	carbon := 0.0
	for i := range results {
		p := &results[i]
		out.Meters += p.Meters
		out.KWh, out.Energy, out.Demand = out.KWh+p.KWh, out.Energy+p.Energy, out.Demand+p.Demand
		out.Plans, out.KWhShifted = out.Plans+p.Plans, out.KWhShifted+p.KWhShifted
		out.Promised, out.Realised, out.CO2AvoidedKg = out.Promised.plus(p.Promised), out.Realised.plus(p.Realised), out.CO2AvoidedKg+p.CO2AvoidedKg
		if p.CO2Kg != nil {
			carbon += *p.CO2Kg
			out.CO2Kg = &carbon
		}
		out.measured, out.planned = addHours(out.measured, p.measured), addHours(out.planned, p.planned)
	}
	out.Measured, out.Planned = loadOf(out.measured, nil), loadOf(out.planned, nil)
	for i := range results {
		out.Measured.addOver(&results[i].Measured)
		out.Planned.addOver(&results[i].Planned)
	}
	return out
}

// addHours adds hours in which some meter reported.
func addHours(sum, more []float64) []float64 {
	if sum == nil {
		return slices.Clone(more)
	}
	for i, v := range more {
		switch {
		case v != v:
		case sum[i] != sum[i]:
			sum[i] = v
		default:
			sum[i] += v
		}
	}
	return sum
}

// loadOf sums up the load of the hours of the window, under the limits that held.
func loadOf(hours []float64, limits []limit) Load {
	peak, kw := math.Inf(-1), 0.0
	var l Load
	for i, v := range hours {
		for len(limits) > 0 && limits[0].from <= i {
			kw, limits = limits[0].kw, limits[1:]
		}
		if v != v {
			continue
		}
		peak = max(peak, v)
		if kw > 0 && v > kw {
			l.HoursOver++
			l.KWhOver += v - kw
			l.MostOver = max(l.MostOver, v-kw)
		}
	}
	if !math.IsInf(peak, 0) {
		l.PeakKW = &peak
	}
	if kw > 0 {
		l.LimitKW = &kw
	}
	return l
}

func (l *Load) addOver(other *Load) {
	l.HoursOver += other.HoursOver
	l.KWhOver += other.KWhOver
	l.MostOver = max(l.MostOver, other.MostOver)
}
