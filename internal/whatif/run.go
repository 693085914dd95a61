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
	ledger    *dsm.Ledger
	p         *twin.Partition
	fx        twin.Effects
	offset    int64
	decided   int // of the effects' decisions, those that have been shown

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
	limit  float64 // kW; 0 for none
	meters int

	// Load by hour of the window: measured, and with the plans carried out.
	measured, planned []float64

	plans                                int
	shifted, promised, realised, avoided float64
}

func newRun(e *engine, s Scenario, partition int, rules *twin.Rules) (*run, error) {
	ledger, err := dsm.NewLedger(rules.Policy, rules.Calendar(), rules.Twin)
	if err != nil {
		return nil, err
	}
	r := &run{
		scenario: s, partition: partition, engine: e, ledger: ledger, p: twin.New(partition, rules),
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
		own := &meterRun{Meter: r.p.Register(ref), load: dsm.NewIndicators(ledger), group: g, warm: m.Last >= r.warmTo}
		r.meters = append(r.meters, own)
		r.byIndex[i], r.byNo[ref.MeterNo] = own, own
	}
	return r, nil
}

func newGroupRun(name string, limits []dsm.Group, hours int) *groupRun {
	g := &groupRun{name: name, measured: nothing(hours), planned: nothing(hours)}
	for _, l := range limits {
		if l.Name == name {
			g.limit = l.CapacityKW
		}
	}
	return g
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
func (r *run) replay(from, to meter.Hour, rows []placedRow) {
	if len(r.meters) == 0 {
		return
	}
	for h := from; h < to; h++ {
		if h >= r.due {
			r.count(r.due)
		}
		for len(rows) > 0 && rows[0].hour == h {
			r.accept(h, rows[0].Row)
			rows = rows[1:]
		}
	}
	if to == r.engine.o.To {
		r.count(to)
	}
}

func (r *run) accept(h meter.Hour, row Row) {
	m := r.byIndex[row.Meter]
	if m.warm && h < r.warmTo {
		m.history.Append(h, row.KWh)
		return
	}
	if len(m.history.KWh) > 0 {
		r.p.EnterHistory(m.Meter, m.history, &r.fx)
		m.history = meter.Series{}
	}
	r.p.Accept(twin.Reading{Meter: m.Meter, Hour: h, KWh: row.KWh}, r.offset, &r.fx)
	r.offset++
	if len(r.fx.Decisions) > r.decided {
		if show := r.engine.o.Decided; show != nil {
			show(r.scenario, r.fx.Decisions[r.decided:])
		}
		r.decided = len(r.fx.Decisions)
	}
	if n := len(r.fx.Issued); n > 0 {
		r.due = max(r.due, r.p.NextIssue())
	}
}

// count counts the hours before hour to that are not counted yet: what was measured
// in them, and the plans for them, whose hours have all passed.
func (r *run) count(to meter.Hour) {
	o := r.engine.o
	for h := max(r.counted, o.From); h < min(to, o.To); h++ {
		rates := r.ledger.At(h)
		for _, m := range r.meters {
			if v := float64(m.At(h)); v == v {
				m.load.Count(rates, v, max(-v, 0))
				m.group.add(int(h-r.engine.readings.Start), v)
			}
		}
	}
	for i := range r.fx.Decisions {
		if d := &r.fx.Decisions[i]; d.MeterNo != 0 && len(d.Plan) > 0 && d.ValidFrom >= o.From && d.ValidTo <= o.To {
			r.realise(r.byNo[d.MeterNo], &d.Decision)
		}
	}
	r.p.Begin(&r.fx)
	r.decided = 0
	r.counted, r.due = to, to+meter.HoursPerDay
}

// realise evaluates a plan as if it had been carried out.
func (r *run) realise(m *meterRun, d *dsm.Decision) {
	r.actual, r.change = r.actual[:0], r.change[:0]
	for t := range d.Plan {
		r.actual, r.change = append(r.actual, m.At(d.ValidFrom+meter.Hour(t))), append(r.change, 0)
	}
	out := twin.Realised(r.ledger, d, nil, r.actual, false)
	g := m.group
	g.plans++
	g.promised += float64(d.SavingP50)
	if out.Saving != out.Saving {
		return // nothing was measured in its hours
	}
	g.realised += float64(out.Saving)
	g.shifted += float64(out.KWhShifted)
	if out.CO2Kg == out.CO2Kg {
		g.avoided += float64(out.CO2Kg)
	}
	r.ledger.Change(d, r.actual, r.change)
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
