package twin

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
)

// plan is what decisions ask of a meter, or of a group, on one day.
type plan struct {
	id  uuid.UUID // of the newest decision about the day
	day Day

	// kwh is the change of load per hour of the day, by the newest decision about the hour.
	// It ends where nothing is asked to the end of the day; a group has none.
	kwh []float32
}

// plans are the newest plan of a meter or a group, and those before it whose day is not
// over when it is made, by day.
type plans []plan

// newest is the newest plan, with a day before all others if there is none.
func (l plans) newest() plan {
	if len(l) == 0 {
		return plan{day: Day{Start: meter.NoHour, End: meter.NoHour}}
	}
	return l[len(l)-1]
}

// of is the plan of a day, nil if there is none.
func (l plans) of(day Day) *plan {
	for i := range l {
		if l[i].day.End == day.End {
			return &l[i]
		}
	}
	return nil
}

// put enters a decision issued after all others: the plan of a new day, or what it changes
// about one.
func (l *plans) put(d *dsm.Decision) {
	day := Day{Start: d.ValidFrom, End: d.ValidTo}
	p := l.of(day)
	if p == nil {
		*l = slices.DeleteFunc(*l, func(p plan) bool { return p.day.End <= d.IssuedAt })
		*l = append(*l, plan{id: d.ID, day: day, kwh: d.Plan})
		return
	}
	p.id = d.ID
	if d.Meter == "" {
		return
	}
	from := int(day.Start - p.day.Start)
	before := p.kwh[:min(from, len(p.kwh))]
	if len(d.Plan) == 0 {
		p.kwh = before
		return
	}
	kwh := make([]float32, p.day.Hours()) // the plan before belongs to its decision
	copy(kwh, before)
	copy(kwh[from:], d.Plan)
	p.kwh = kwh
}

// movedTo is the plan moved by 24 hours to the slots from t on, nil if there is none.
func (p *plan) movedTo(t meter.Hour, slots int, fx *Effects) []float32 {
	if len(p.kwh) == 0 {
		return nil
	}
	out := fx.floats.take(slots)
	for i := range out {
		out[i] = 0
		if j := int(t-p.day.Start) + i - meter.HoursPerDay; j >= 0 && j < len(p.kwh) {
			out[i] = p.kwh[j]
		}
	}
	return out
}

// appendBinary encodes the plans.
func (l plans) appendBinary(dst []byte) []byte {
	dst = append(dst, byte(len(l)))
	for i := range l {
		p := &l[i]
		dst = append(dst, p.id[:]...)
		dst = appendHour(appendHour(dst, p.day.Start), p.day.End)
		dst = append(dst, byte(len(p.kwh)))
		for _, v := range p.kwh {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
		}
	}
	return dst
}

// plans decodes what plans.appendBinary wrote.
func (d *decoder) plans() (l plans) {
	for range d.byte() {
		p := plan{id: uuid.UUID(d.take(len(uuid.UUID{})))}
		p.day = Day{Start: d.hour(), End: d.hour()}
		if n := int(d.byte()); n > 0 {
			p.kwh = make([]float32, n)
			for i := range p.kwh {
				p.kwh[i] = math.Float32frombits(d.uint32())
			}
		}
		l = append(l, p)
	}
	return l
}

// appendLimits encodes the plans for limits of groups.
func (p *Partition) appendLimits(dst []byte) []byte {
	limited := 0
	for _, g := range p.groups {
		if len(g.plans) > 0 {
			limited++
		}
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(limited))
	for _, g := range p.groups {
		if len(g.plans) > 0 {
			dst = g.plans.appendBinary(appendText(dst, g.name))
		}
	}
	return dst
}

// restoreLimits decodes what appendLimits encoded.
func (p *Partition) restoreLimits(d *decoder) error {
	for range d.uint32() {
		if d.short {
			break
		}
		name, plans := d.text(), d.plans()
		at, found := p.groupAt(name)
		if !found {
			return fmt.Errorf("%w: a plan names group %q, which is not in it", ErrState, name)
		}
		p.groups[at].plans = plans
	}
	return nil
}
