package dsm

import (
	"encoding/binary"
	"math"

	"github.com/google/uuid"
)

// InForce is the plan of a meter that a revision may supersede.
type InForce struct {
	ID     uuid.UUID // of the decision that the plan stands in; the zero value for none
	Plan   []float32 // change of load per slot of the revision, kWh; nil if nothing is planned
	Before []float32 // likewise in the hours of the day before the revision
}

// begun is how many windows to avoid the day has had before the revision.
func (f *InForce) begun() (n int) {
	for t, c := range f.Before {
		if c < 0 && (t == 0 || !(f.Before[t-1] < 0)) {
			n++
		}
	}
	return n
}

// leastRelief is the share of a group's capacity by which the energy expected above it
// has to fall, kWh, for a plan to be revised for the limit.
const leastRelief = 1e-3

// samePlan is what two plans may differ by in a slot and be the same, kWh: what is stored
// is rounded.
const samePlan = 1e-4

// Revise plans again what is left of a day, and appends a decision for each plan in force
// that a new one beats: by the hysteresis, and by the minimum saving, both evaluated on
// the forecast of now. A group with a limit is revised as a whole, and also where that
// lowers the energy expected above the limit. What a plan has moved by in.Start has to be
// back, see NextBalance. Meters with bad input and meters with devices keep their plans, and
// so does a group with a limit and devices: a device's schedule goes on over the whole
// day. The same input gives the same bytes.
func (p *planner) Revise(in *GroupInput, dst []Decision) []Decision {
	if p.policy.Mode == ModeOff {
		return dst
	}
	ws := p.begin(in)
	defer p.spare.Put(ws)
	limited := ws.setLimits(in, p.limits)
	for i := range in.Meters {
		d := &ws.meters[i]
		p.assignDevices(ws, d, in.Meters[i].Name, in.groupOf(i))
		hasDevices := d.devices != nil
		if d.devices = nil; hasDevices && limited {
			return dst
		}
		p.planMeter(ws, in, i, nil)
		if d.usable = d.usable && !hasDevices; !d.usable {
			d.price = shiftOf(in.Meters[i].InForce.Plan)
		}
	}
	if limited {
		p.holdLimits(ws, in)
		if !p.groupsGain(ws, in) {
			return dst
		}
	}
	made, a := len(dst), &ws.arena
	a.reset()
	for i := range in.Meters {
		if !ws.meters[i].usable {
			continue
		}
		old, gain := p.inForce(ws, in, i)
		if differs(&ws.meters[i], in, i) && (ws.meters[i].limit >= 0 || p.gains(gain, old.expected())) {
			d := revised(p.decideMeter(ws, in, i, a), in.Meters[i].InForce.ID)
			if was := shiftOf(in.Meters[i].InForce.Plan); was.moved(in.Slots) > 0 {
				d.SupersededEnergy, d.SupersededDemand = float32(old.energy), float32(old.demand)
			}
			dst = append(dst, d)
		}
	}
	if len(dst) > made {
		for k := range ws.limits {
			g := &ws.limits[k]
			dst = append(dst, revised(p.decideGroup(ws, in, g, a), g.inForce))
		}
	}
	a.handOver(dst[made:])
	return dst
}

// revised is a decision that supersedes another one. Its id is that of its issue time and
// its first hour, as the plan of another day may be issued at the same time.
func revised(d Decision, id uuid.UUID) Decision {
	d.Supersedes = id
	d.ID = uuid.NewSHA1(d.ID, binary.BigEndian.AppendUint64(nil, uint64(d.ValidFrom.Unix())))
	return d
}

// inForce is what the plan in force of a meter is worth from here on, and what the new
// one gains, both over all scenarios and by the policy's objective.
func (p *planner) inForce(ws *workspace, in *GroupInput, i int) (old outcomes, gain float64) {
	d, n := &ws.meters[i], in.Slots
	ws.scenarios.set(p.normal, in.Meters[i].Forecast, n, d.floor)
	was := shiftOf(in.Meters[i].InForce.Plan)
	old = p.onAll(ws, &ws.scenarios, d, &was, nil, 0)
	var total shiftPlan
	total.add(&d.price, &d.held, n)
	now := p.onAll(ws, &ws.scenarios, d, &total, nil, 0)
	return old, now.expected() - old.expected()
}

// gains reports whether a gain over a plan of some value is worth a revision.
func (p *planner) gains(gain, value float64) bool {
	return gain > minimumGain && gain >= p.policy.MinSaving && gain > p.policy.Hysteresis*math.Abs(value)
}

// groupsGain reports whether new plans of groups with a limit are to supersede those in
// force: less is expected above a limit and no more above another one, or as little and
// the meters gain.
func (p *planner) groupsGain(ws *workspace, in *GroupInput) bool {
	n := in.Slots
	falls, rises := false, false
	for k := range ws.limits {
		g := &ws.limits[k]
		load, final := g.mean(&g.load, n), g.mean(&g.final, n)
		for i := g.first; i < g.end; i++ {
			was := shiftOf(in.Meters[i].InForce.Plan)
			for t := range n {
				load[t] += was.up[t] - was.down[t]
			}
		}
		before, after := p.excess(g, n, &load), p.excess(g, n, &final)
		negligible := leastRelief * g.capacity
		falls = falls || before-after > max(negligible, p.policy.Hysteresis*before)
		rises = rises || after-before > negligible
	}
	if falls || rises {
		return falls && !rises
	}
	gain, value := 0.0, 0.0
	for i := range in.Meters {
		if ws.meters[i].usable {
			old, more := p.inForce(ws, in, i)
			gain, value = gain+more, value+old.expected()
		}
	}
	return p.gains(gain, value)
}

// excess is the energy expected above the capacity of a group with some mean load, kWh.
func (p *planner) excess(g *groupPlan, n int, mean *[maxSlots]float64) float64 {
	if g.exceedance > 0 {
		_, kwh := g.risk.exceeds(p.joint, 0, n, mean, g.capacity)
		return kwh
	}
	kwh := 0.0
	for t := range n {
		kwh += max(mean[t]-g.capacity*(1+1e-9), 0)
	}
	return kwh
}

// differs reports whether the new plan of a meter is another than the one in force.
func differs(d *meterPlan, in *GroupInput, i int) bool {
	was := shiftOf(in.Meters[i].InForce.Plan)
	for t := range in.Slots {
		now := d.price.up[t] - d.price.down[t] + d.held.up[t] - d.held.down[t]
		if math.Abs(now-(was.up[t]-was.down[t])) > samePlan {
			return true
		}
	}
	return false
}

// shiftOf is a plan of changes as moved load.
func shiftOf(plan []float32) (s shiftPlan) {
	for t, c := range plan[:min(len(plan), maxSlots)] {
		s.up[t], s.down[t] = max(float64(c), 0), max(-float64(c), 0)
	}
	return s
}

// Limits implements Planner.
func (p *planner) Limits(group string) bool {
	_, limited := p.limits[group]
	return limited
}

// NextBalance is the first slot from another one on at which a plan of moved load owes
// nothing: what it has taken away by then is back, and what it has added was taken.
// From there on the plan can be another one. It is len(plan) if there is none before.
func (p *planner) NextBalance(plan []float32, from int) int {
	factor := 1 + p.policy.Flexibility.Rebound
	down, up := 0.0, 0.0
	for t, c := range plan {
		if t >= from && evens(down, up, factor) {
			return t
		}
		down, up = down+max(-float64(c), 0), up+max(float64(c), 0)
	}
	return max(from, len(plan))
}

// evens reports whether load that was taken away has been added elsewhere, with the
// rebound. An hour that passes load on shows the rebound of that only.
func evens(down, up, factor float64) bool {
	slack := 1e-4 * (down + up)
	return up >= factor*down-slack && up <= factor*factor*down+slack
}
