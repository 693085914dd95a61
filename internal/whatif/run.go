package whatif

import (
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// run is one partition that is replayed once, for the scenarios that share what comes
// before the decisions.
type run struct {
	engine *engine
	p      *twin.Partition
	number int // of the partition
	fx     twin.Effects
	offset int64

	later  []Revision // those that do not hold yet
	holds  Revision
	stored int64 // readings before the effects

	meters  []*meterRun // of the partition, in the order of Readings.Meters
	byIndex []*meterRun // by place in Readings.Meters; nil for those of other partitions
	warmTo  meter.Hour
	due     meter.Hour // the next hours are counted when this one begins

	sides []*side // the base's first, if it is one
}

// meterRun is a meter of a run.
type meterRun struct {
	*twin.Meter
	place   int          // in meters
	warm    bool         // has a warm-up
	history meter.Series // of it, until the first reading after it
}

// newRun prepares a partition for one scenario. revisions are the rules that it has
// over time.
func newRun(e *engine, s Scenario, partition int, revisions []Revision) (*run, error) {
	rules, err := e.rulesOf(s, revisions[0].Rules, revisions[0].Series)
	if err != nil {
		return nil, err
	}
	r := &run{
		holds:  revisions[0],
		engine: e, p: twin.New(partition, rules), number: partition, later: revisions[1:],
		byIndex: make([]*meterRun, len(e.readings.Meters)), warmTo: e.readings.Start, due: e.readings.Start + meter.HoursPerDay,
	}
	if rules.WarmUp && rules.IssueFrom != meter.NoHour {
		r.warmTo = rules.IssueFrom
	}
	for i, m := range e.readings.Meters {
		if e.place[i] != partition {
			continue
		}
		ref := twin.MeterRef{MeterKey: twin.MeterKey{Name: m.Name, Group: m.Group}, MeterNo: int32(i + 1), Partition: partition}
		r.byIndex[i] = &meterRun{Meter: r.p.Register(ref), place: len(r.meters), warm: m.Last >= r.warmTo}
		r.meters = append(r.meters, r.byIndex[i])
	}
	own, err := newSide(r, s, rules)
	if err != nil {
		return nil, err
	}
	r.sides = []*side{own}
	return r, nil
}

// decideBeside adds a scenario whose rules differ from those of the run in the policy
// alone.
func (r *run) decideBeside(s Scenario, rules *twin.Rules) error {
	other, err := newSide(r, s, rules)
	if err != nil {
		return err
	}
	other.beside = true
	r.sides = append(r.sides, other)
	r.p.DecideBeside(rules)
	return nil
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
		r.end()
		r.count(to)
	}
	return nil
}

// end ends the hours that no reading ends, behind the last one of the readings.
func (r *run) end() {
	of := r.engine.readings
	if of.Ended == nil || r.engine.o.To < of.End {
		return
	}
	if w := of.Ended(r.number); w != meter.NoHour {
		r.p.AdvanceTo(w, &r.fx)
		r.noteDecided()
	}
}

// revise makes the revisions hold that begin with the next reading, which is of
// hour h. Hours before cost what they did under the rules before.
func (r *run) revise(h meter.Hour) error {
	for len(r.later) > 0 && r.stored+r.fx.Counts.Stored >= r.later[0].After && r.p.Watermark() >= r.later[0].Watermark {
		before, now := r.holds, r.later[0]
		r.holds, r.later = now, r.later[1:]
		rules, err := r.engine.rulesOf(r.sides[0].scenario, now.Rules, now.Series)
		if err != nil {
			return err
		}
		if now.Rules == before.Rules {
			err = r.sides[0].reprice(rules, h)
		} else {
			err = r.sides[0].switchTo(rules, h)
		}
		if err != nil {
			return err
		}
		r.p.SwitchTo(rules)
		if now.Series != before.Series && len(r.sides) > 1 {
			if err := r.reviseBeside(now.Series, h); err != nil {
				return err
			}
		}
	}
	return nil
}

// reviseBeside makes a revision of the series hold for the scenario that decides beside.
func (r *run) reviseBeside(series int64, h meter.Hour) error {
	rules, err := r.engine.rulesOf(Alternative, r.engine.o.Alternative, series)
	if err != nil {
		return err
	}
	r.p.SwitchBeside(rules)
	return r.sides[1].reprice(rules, h)
}

// rulesOf are rules with the series that a scenario gets.
func (e *engine) rulesOf(s Scenario, rules *twin.Rules, series int64) (*twin.Rules, error) {
	if series == 0 {
		return rules, nil
	}
	log := e.o.Sent
	if s == Alternative {
		log = e.o.AlternativeSent
	}
	if log == nil {
		return rules, nil
	}
	return log.Rules(rules, series)
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
		for _, s := range r.sides {
			s.countMeter(m, m.history.From, r.warmTo)
		}
		m.history = meter.Series{}
	}
	r.p.Accept(twin.Reading{Meter: m.Meter, Hour: h, KWh: row.KWh}, r.offset, &r.fx)
	r.offset++
	r.noteDecided()
	return nil
}

func (r *run) noteDecided() {
	for _, s := range r.sides {
		s.noteDecided()
	}
}

// count counts the hours before hour to that are not counted yet: what was measured
// in them, and the plans for them, whose hours have all passed.
func (r *run) count(to meter.Hour) {
	for _, s := range r.sides {
		s.countLoads(to)
		s.countPlans(to)
		s.countPlanned(to)
	}
	r.stored += r.fx.Counts.Stored
	r.p.Begin(&r.fx)
	for _, s := range r.sides {
		s.shown = 0
	}
	r.due = to + meter.HoursPerDay
}
