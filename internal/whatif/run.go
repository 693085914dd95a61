package whatif

import (
	"math"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// run is one partition of one scenario.
type run struct {
	scenario  Scenario
	partition int
	engine    *engine
	p         *twin.Partition
	fx        twin.Effects
	offset    int64

	prices prices
	later  []Revision // those that do not hold yet
	stored int64      // readings before the effects

	// madeUnder is what each of the effects' decisions that have been shown was made
	// under: plans are evaluated by it.
	madeUnder []prices

	meters  []*meterRun // of the partition, in the order of Readings.Meters
	byIndex []*meterRun // by place in Readings.Meters; nil for those of other partitions
	byNo    map[int32]*meterRun
	groups  []*groupRun
	warmTo  meter.Hour

	counted meter.Hour // hours before are counted
	due     meter.Hour // the next are when this hour begins
	actual  []float32
	change  []float64
}

// meterRun is a meter of a run.
type meterRun struct {
	*twin.Meter
	load    *dsm.Indicators
	group   *groupRun
	warm    bool         // has a warm-up
	history meter.Series // of it, until the first reading after it
}

// groupRun is a group of a run, or the meters outside any, of which each partition
// may have some.
type groupRun struct {
	name   string
	limits []limit // in the order in which they hold; one at least
	meters int

	// Load by hour of the window: measured, and with the plans carried out.
	measured, planned []float64

	plans                                int
	shifted, promised, realised, avoided float64
}

// limit is a limit of a group's load.
type limit struct {
	from int     // hour of the window from which it holds
	kw   float64 // 0 for none
}

func newRun(e *engine, s Scenario, partition int, revisions []Revision) (*run, error) {
	rules := revisions[0].Rules
	now, err := e.pricesOf(rules)
	if err != nil {
		return nil, err
	}
	r := &run{
		scenario: s, partition: partition, engine: e, prices: now, later: revisions[1:], p: twin.New(partition, rules),
		byIndex: make([]*meterRun, len(e.readings.Meters)), byNo: map[int32]*meterRun{}, warmTo: e.readings.Start,
		counted: e.readings.Start, due: e.readings.Start + meter.HoursPerDay,
	}
	if rules.WarmUp && rules.IssueFrom != meter.NoHour {
		r.warmTo = rules.IssueFrom
	}
	byName := map[string]*groupRun{}
	for i, m := range e.readings.Meters {
		if e.place[i] != partition {
			continue
		}
		g := byName[m.Group]
		if g == nil {
			g = newGroupRun(m.Group, rules.Policy.Groups, int(e.readings.End-e.readings.Start))
			byName[m.Group] = g
			r.groups = append(r.groups, g)
		}
		g.meters++
		ref := twin.MeterRef{MeterKey: twin.MeterKey{Name: m.Name, Group: m.Group}, MeterNo: int32(i + 1), Partition: partition}
		own := &meterRun{Meter: r.p.Register(ref), load: now.indicators(), group: g, warm: m.Last >= r.warmTo}
		r.meters = append(r.meters, own)
		r.byIndex[i], r.byNo[ref.MeterNo] = own, own
	}
	return r, nil
}

// prices are what rules say that energy costs.
type prices struct {
	ledger  *dsm.Ledger
	foreign bool // not in the currency of the report: they add nothing to its costs
}

func (e *engine) pricesOf(r *twin.Rules) (prices, error) {
	ledger, err := dsm.NewLedger(r.Policy, r.Calendar(), r.Twin)
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

// replay applies the rows of the hours from `from` to before `to`, in order.
func (r *run) replay(from, to meter.Hour, rows []placedRow) error {
	if len(r.meters) == 0 {
		return nil
	}
	for h := from; h < to; h++ {
		if h >= r.due {
			r.count(r.due)
		}
		for len(rows) > 0 && rows[0].hour == h {
			if err := r.accept(h, rows[0].Row); err != nil {
				return err
			}
			rows = rows[1:]
		}
	}
	if to == r.engine.o.To {
		r.count(to)
	}
	return nil
}

// revise makes the revisions hold that begin with the next reading, which is of
// hour h. Hours before cost what they did under the rules before.
func (r *run) revise(h meter.Hour) error {
	for len(r.later) > 0 && r.stored+r.fx.Counts.Stored >= r.later[0].After {
		r.countLoads(h)
		rules := r.later[0].Rules
		r.later = r.later[1:]
		var err error
		if r.prices, err = r.engine.pricesOf(rules); err != nil {
			return err
		}
		for _, m := range r.meters {
			m.load.SwitchTo(r.prices.ofLoads())
		}
		for _, g := range r.groups {
			g.limits = append(g.limits, limit{from: int(h - r.engine.readings.Start), kw: capacityOf(g.name, rules.Policy.Groups)})
		}
		r.p.SwitchTo(rules)
	}
	return nil
}

func (r *run) accept(h meter.Hour, row Row) error {
	m := r.byIndex[row.Meter]
	if m.warm && h < r.warmTo {
		m.history.Append(h, row.KWh)
		return nil
	}
	if err := r.revise(h); err != nil {
		return err
	}
	if len(m.history.KWh) > 0 {
		r.p.EnterHistory(m.Meter, m.history, &r.fx)
		r.countMeter(m, m.history.From, r.warmTo)
		m.history = meter.Series{}
	}
	r.p.Accept(twin.Reading{Meter: m.Meter, Hour: h, KWh: row.KWh}, r.offset, &r.fx)
	r.offset++
	if shown := len(r.madeUnder); len(r.fx.Decisions) > shown {
		if show := r.engine.o.Decided; show != nil {
			show(r.scenario, r.fx.Decisions[shown:])
		}
		for len(r.madeUnder) < len(r.fx.Decisions) {
			r.madeUnder = append(r.madeUnder, r.prices)
		}
	}
	if n := len(r.fx.Issued); n > 0 {
		r.due = max(r.due, r.p.NextDayAhead())
	}
	return nil
}

// count counts the hours before hour to that are not counted yet: what was measured
// in them, and the plans for them, whose hours have all passed.
func (r *run) count(to meter.Hour) {
	r.countLoads(to)
	o := r.engine.o
	for i := range r.fx.Decisions {
		if d := &r.fx.Decisions[i]; d.MeterNo != 0 && len(d.Plan) > 0 && d.ValidFrom >= o.From && d.ValidTo <= o.To {
			r.realise(r.madeUnder[i], r.byNo[d.MeterNo], &d.Decision)
		}
	}
	r.stored += r.fx.Counts.Stored
	r.p.Begin(&r.fx)
	r.madeUnder = r.madeUnder[:0]
	r.due = to + meter.HoursPerDay
}

// countLoads counts what was measured in the hours before hour to that are not
// counted yet. A meter's warm-up counts when it enters.
func (r *run) countLoads(to meter.Hour) {
	o := r.engine.o
	for h := max(r.counted, o.From); h < min(to, o.To); h++ {
		rates := r.prices.ledger.At(h)
		for _, m := range r.meters {
			if !m.warm || h >= r.warmTo {
				r.countHour(m, rates, h)
			}
		}
	}
	r.counted = max(r.counted, to)
}

// countMeter counts what a meter measured in some hours.
func (r *run) countMeter(m *meterRun, from, to meter.Hour) {
	o := r.engine.o
	for h := max(from, o.From); h < min(to, o.To); h++ {
		r.countHour(m, r.prices.ledger.At(h), h)
	}
}

func (r *run) countHour(m *meterRun, rates dsm.Rates, h meter.Hour) {
	if v := float64(m.At(h)); v == v {
		m.load.Count(rates, v, max(-v, 0))
		m.group.add(int(h-r.engine.readings.Start), v)
	}
}

// realise evaluates a plan as if it had been carried out.
func (r *run) realise(by prices, m *meterRun, d *dsm.Decision) {
	r.actual, r.change = r.actual[:0], r.change[:0]
	for t := range d.Plan {
		r.actual, r.change = append(r.actual, m.At(d.ValidFrom+meter.Hour(t))), append(r.change, 0)
	}
	out := twin.Realised(by.ledger, d, nil, r.actual, false)
	g := m.group
	g.plans++
	if !by.foreign {
		g.promised += float64(d.SavingP50)
	}
	if out.Saving != out.Saving {
		return // nothing was measured in its hours
	}
	if !by.foreign {
		g.realised += float64(out.Saving)
	}
	g.shifted += float64(out.KWhShifted)
	if out.CO2Kg == out.CO2Kg {
		g.avoided += float64(out.CO2Kg)
	}
	by.ledger.Change(d, r.actual, r.change)
	for t, x := range r.change {
		if x != 0 {
			g.planned[int(d.ValidFrom-r.engine.readings.Start)+t] += x
		}
	}
}

// add adds what a meter measured in an hour of the window.
func (g *groupRun) add(hour int, kwh float64) {
	if g.measured[hour] != g.measured[hour] {
		g.measured[hour], g.planned[hour] = 0, 0
	}
	g.measured[hour] += kwh
	g.planned[hour] += kwh
}
