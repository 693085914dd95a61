package whatif

import (
	"math"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// side is one scenario of a run: what the readings and decisions of a partition come
// to under its prices and limits.
type side struct {
	run      *run
	scenario Scenario
	beside   bool // its decisions are those beside the run's own

	prices prices
	shown  int    // of the effects' decisions
	open   []open // plans whose hours have not all been counted

	loads   []*dsm.Indicators // by place of the meter in the run
	groupOf []*groupRun       // likewise
	groups  []*groupRun
	above   map[string][]limit // of groups that hold others, in the order in which they hold
	counted meter.Hour         // hours before are counted
	planned planned            // likewise, with the plans carried out

	actual []float32
	change []float64
}

// open is a decision with a plan, or one that supersedes another's, and what it was made
// under: it is evaluated by that.
type open struct {
	twin.Decision
	by     prices
	heldTo meter.Hour // until then its plan holds
}

// groupRun is a group of a side, or the meters outside any, of which each partition
// may have some.
type groupRun struct {
	name   string
	limits []limit // in the order in which they hold; one at least
	meters int

	// Load by hour of the window: measured, and with the plans carried out.
	measured, planned []float64

	plans              int
	promised, realised Saving // realised.Demand is that of the meters' months, see results
	shifted, avoided   float64
}

// limit is a limit of a group's load.
type limit struct {
	from int     // hour of the window from which it holds
	kw   float64 // 0 for none
}

func newSide(r *run, s Scenario, rules *twin.Rules) (*side, error) {
	now, err := r.engine.pricesOf(rules)
	if err != nil {
		return nil, err
	}
	start := r.engine.readings.Start
	out := &side{run: r, scenario: s, prices: now, counted: start, above: map[string][]limit{}, planned: planned{from: start, priced: []pricedFrom{{start, now}}}}
	byName := map[string]*groupRun{}
	for _, m := range r.meters {
		g := byName[m.Group]
		if g == nil {
			g = newGroupRun(m.Group, rules.Policy.Groups, int(r.engine.readings.End-r.engine.readings.Start))
			byName[m.Group] = g
			out.groups = append(out.groups, g)
			out.limitAbove(m.Group, rules, start)
		}
		g.meters++
		out.loads, out.groupOf = append(out.loads, now.indicators()), append(out.groupOf, g)
		out.planned.loads, out.planned.changes = append(out.planned.loads, now.indicators()), append(out.planned.changes, nil)
	}
	return out, nil
}

// prices are what rules say that energy costs.
type prices struct {
	ledger  *dsm.Ledger
	foreign bool // not in the currency of the report: they add nothing to its costs
}

func (e *engine) pricesOf(r *twin.Rules) (prices, error) {
	ledger, err := r.Ledger(), error(nil)
	if ledger == nil { // the rules decide nothing
		ledger, err = dsm.NewLedger(r.Policy, r.Calendar(), r.Twin)
	}
	return prices{ledger: ledger, foreign: r.Policy.Tariff.Currency != e.o.Base.Policy.Tariff.Currency}, err
}

func (p prices) indicators() *dsm.Indicators {
	i := dsm.NewIndicators(p.ledger)
	i.SwitchTo(p.ofLoads())
	return i
}

// ofLoads is the ledger by which loads are counted; nil for no costs.
func (p prices) ofLoads() *dsm.Ledger {
	if p.foreign {
		return nil
	}
	return p.ledger
}

func newGroupRun(name string, capacities []dsm.Group, hours int) *groupRun {
	return &groupRun{
		name: name, measured: nothing(hours), planned: nothing(hours), limits: []limit{{kw: capacityOf(name, capacities)}},
	}
}

// capacityOf is the capacity of a group in kW; 0 if it has none.
func capacityOf(name string, capacities []dsm.Group) float64 {
	for _, c := range capacities {
		if c.Name == name {
			return c.CapacityKW
		}
	}
	return 0
}

// nothing is n hours in which no meter has reported.
func nothing(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = math.NaN()
	}
	return v
}

// reprice makes rules with other prices hold from hour h on.
func (s *side) reprice(rules *twin.Rules, h meter.Hour) (err error) {
	s.countLoads(h)
	if s.prices, err = s.run.engine.pricesOf(rules); err != nil {
		return err
	}
	for _, load := range s.loads {
		load.SwitchTo(s.prices.ofLoads())
	}
	s.planned.priced = append(s.planned.priced, pricedFrom{h, s.prices})
	return nil
}

// switchTo makes other rules hold from hour h on.
func (s *side) switchTo(rules *twin.Rules, h meter.Hour) error {
	if err := s.reprice(rules, h); err != nil {
		return err
	}
	for _, g := range s.groups {
		g.limits = append(g.limits, limit{from: int(h - s.run.engine.readings.Start), kw: capacityOf(g.name, rules.Policy.Groups)})
		s.limitAbove(g.name, rules, h)
	}
	return nil
}

// decisions are those of the effects.
func (s *side) decisions() []twin.Decision {
	if s.beside {
		return s.run.fx.Beside
	}
	return s.run.fx.Decisions
}

// noteDecided shows the decisions that are new, and keeps those with a plan that counts.
func (s *side) noteDecided() {
	o, made := s.run.engine.o, s.decisions()[s.shown:]
	if len(made) == 0 {
		return
	}
	s.shown += len(made)
	if o.Decided != nil {
		o.Decided(s.scenario, made)
	}
	for i := range made {
		d := &made[i]
		revises := d.Supersedes != uuid.Nil
		if d.MeterNo == 0 || len(d.Plan) == 0 && !revises || d.ValidFrom < o.From || d.ValidTo > o.To {
			continue
		}
		if revises {
			s.supersede(&d.Decision)
		}
		s.open = append(s.open, open{*d, s.prices, d.ValidTo})
	}
}

// supersede ends the plan that a decision replaces.
func (s *side) supersede(by *dsm.Decision) {
	for i := range s.open {
		if s.open[i].ID == by.Supersedes {
			s.open[i].heldTo = by.ValidFrom
		}
	}
}

// countPlans evaluates the plans whose hours lie before hour to.
func (s *side) countPlans(to meter.Hour) {
	later := s.open[:0]
	for i := range s.open {
		d := &s.open[i]
		if d.ValidTo > to {
			later = append(later, *d)
			continue
		}
		s.realise(d, s.run.byIndex[d.MeterNo-1])
	}
	clear(s.open[len(later):])
	s.open = later
}

// countLoads counts what was measured in the hours before hour to that are not
// counted yet. A meter's warm-up counts when it enters.
func (s *side) countLoads(to meter.Hour) {
	o := s.run.engine.o
	for h := max(s.counted, o.From); h < min(to, o.To); h++ {
		rates := s.prices.ledger.At(h)
		for _, m := range s.run.meters {
			if !m.warm || h >= s.run.warmTo {
				s.countHour(m, rates, h)
			}
		}
	}
	s.counted = max(s.counted, to)
}

// countMeter counts what a meter measured in some hours, for which there are no plans.
func (s *side) countMeter(m *meterRun, from, to meter.Hour) {
	o := s.run.engine.o
	for h := max(from, o.From); h < min(to, o.To); h++ {
		rates := s.prices.ledger.At(h)
		s.countHour(m, rates, h)
		if v := float64(m.At(h)); v == v {
			s.planned.loads[m.place].Count(rates, v, max(-v, 0))
		}
	}
}

func (s *side) countHour(m *meterRun, rates dsm.Rates, h meter.Hour) {
	if v := float64(m.At(h)); v == v {
		s.loads[m.place].Count(rates, v, max(-v, 0))
		s.groupOf[m.place].add(int(h-s.run.engine.readings.Start), v)
	}
}

// realise evaluates a plan as if it had been carried out while it held. One that was
// revised is one plan, and what is promised for an hour counts once.
func (s *side) realise(o *open, m *meterRun) {
	d, by := &o.Decision.Decision, o.by
	s.actual, s.change = s.actual[:0], s.change[:0]
	for t := range min(len(d.Plan), int(o.heldTo-d.ValidFrom)) {
		s.actual, s.change = append(s.actual, m.At(d.ValidFrom+meter.Hour(t))), append(s.change, 0)
	}
	out := twin.Realised(by.ledger, d, nil, s.actual, false, nil)
	g := s.groupOf[m.place]
	if d.SupersededEnergy != d.SupersededEnergy {
		g.plans++
	}
	if !by.foreign {
		g.promised.Energy += float64(d.SavingEnergy) - orZero(d.SupersededEnergy)
		g.promised.Demand += float64(d.SavingDemand) - orZero(d.SupersededDemand)
	}
	if out.SavingEnergy != out.SavingEnergy {
		return // nothing was measured in its hours
	}
	if !by.foreign {
		g.realised.Energy += float64(out.SavingEnergy)
	}
	g.shifted += float64(out.KWhShifted)
	if out.CO2Kg == out.CO2Kg {
		g.avoided += float64(out.CO2Kg)
	}
	by.ledger.Change(d, s.actual, s.change)
	for t, x := range s.change {
		if x != 0 {
			g.planned[int(d.ValidFrom-s.run.engine.readings.Start)+t] += x
			s.planned.change(m.place, d.ValidFrom+meter.Hour(t), x)
		}
	}
}

// orZero is 0 for what is not known.
func orZero(v float32) float64 {
	if v != v {
		return 0
	}
	return float64(v)
}

// add adds what a meter measured in an hour of the window.
func (g *groupRun) add(hour int, kwh float64) {
	if g.measured[hour] != g.measured[hour] {
		g.measured[hour], g.planned[hour] = 0, 0
	}
	g.measured[hour] += kwh
	g.planned[hour] += kwh
}
