package whatif

import (
	"slices"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
)

// planned is the load of a side's meters with all plans carried out: the highest hour of a
// month, and its demand charge, is that of all plans together.
type planned struct {
	loads   []*dsm.Indicators // by place of the meter in the run
	changes [][]float64       // likewise: by plans, kWh of each hour from `from` on
	from    meter.Hour        // hours before are counted
	priced  []pricedFrom      // from the hour `from` on
}

// pricedFrom is what energy costs from an hour on.
type pricedFrom struct {
	from meter.Hour
	prices
}

// change adds what a plan changes in an hour.
func (p *planned) change(place int, h meter.Hour, kwh float64) {
	i := int(h - p.from)
	if i < 0 {
		return
	}
	for len(p.changes[place]) <= i {
		p.changes[place] = append(p.changes[place], 0)
	}
	p.changes[place][i] += kwh
}

// countPlanned counts the hours before hour to of which all plans are evaluated: those of a
// plan that goes on are counted with its last one.
func (s *side) countPlanned(to meter.Hour) {
	o, p := s.run.engine.o, &s.planned
	for i := range s.open {
		to = min(to, s.open[i].ValidFrom)
	}
	for i, now := range p.priced {
		end := to
		if i+1 < len(p.priced) {
			end = min(to, p.priced[i+1].from)
		}
		for _, load := range p.loads {
			load.SwitchTo(now.ofLoads())
		}
		for h := max(p.from, now.from, o.From); h < min(end, o.To); h++ {
			s.countPlannedHour(now.ledger.At(h), h)
		}
	}
	if to <= p.from {
		return
	}
	for i, c := range p.changes {
		p.changes[i] = slices.Delete(c, 0, min(len(c), int(to-p.from)))
	}
	p.from = to
	for len(p.priced) > 1 && p.priced[1].from <= to {
		p.priced = p.priced[1:]
	}
}

func (s *side) countPlannedHour(rates dsm.Rates, h meter.Hour) {
	p := &s.planned
	for _, m := range s.run.meters {
		v := float64(m.At(h))
		if v != v || m.warm && h < s.run.warmTo {
			continue
		}
		if i := int(h - p.from); i < len(p.changes[m.place]) {
			v += p.changes[m.place][i]
		}
		p.loads[m.place].Count(rates, v, max(-v, 0))
	}
}
