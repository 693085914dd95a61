package dsm

import (
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/meter"
)

// planner makes the plans of one policy. See NewPlanner.
type planner struct {
	policy   Policy
	rates    *rates
	capacity map[string]float64 // of groups with a limit, kW
	quiet    *rates             // above 0 in comfort times; nil if there are none
	warm     []*rates           // by asset: comfort times of heat pumps
	space    uuid.UUID          // namespace of decision ids
	spare    sync.Pool          // of *workspace
}

// NewPlanner prepares a policy for planning. cal gives the local time of tariff
// periods; twin is part of every decision's id. An error names each wrong field
// of the policy.
//
// For each meter the plan is the exact optimum of the load shift problem on the
// median forecast; for each group with a capacity the peak is then shaved with
// the flexibility that is left. See shiftProblem, peakProblem and holdLimit.
//
// Where the proof of optimality stops, plans are feasible and truly reckoned but
// may not be the best: hours whose values differ by under a hundredth of the
// day's range are treated alike (dayRates), values below zero count as zero with
// a rebound, an hour that feeds in takes no more than it feeds in (pose), and a
// group's limit is exact for the sum, not for each split among meters (holdLimit).
func NewPlanner(policy Policy, cal *meter.Calendar, twin string) (Planner, error) {
	if err := policy.Check(); err != nil {
		return nil, err
	}
	hash, err := policy.Hash()
	if err != nil {
		return nil, err
	}
	p := &planner{
		policy:   policy,
		rates:    newRates(policy.Tariff, cal),
		capacity: make(map[string]float64),
		space:    uuid.NewSHA1(uuid.NameSpaceURL, []byte("energytwin:"+twin+":"+hash)),
	}
	if policy.Objective.Peak > 0 {
		for _, g := range policy.Groups {
			if g.CapacityKW > 0 {
				p.capacity[g.Name] = g.CapacityKW
			}
		}
	}
	if len(policy.Flexibility.Comfort) > 0 {
		p.quiet = within(policy.Flexibility.Comfort, cal)
	}
	p.warm = make([]*rates, len(policy.Assets))
	for i := range policy.Assets {
		if h := policy.Assets[i].HeatPump; h != nil {
			p.warm[i] = within(h.Comfort, cal)
		}
	}
	p.spare.New = func() any { return new(workspace) }
	return p, nil
}

// Plan implements Planner. It panics if in.Slots is not 1 to 32, which no issue
// calendar gives.
func (p *planner) Plan(in *GroupInput, dst []Decision) []Decision {
	if p.policy.Mode == ModeOff {
		return dst
	}
	if in.Slots < 1 || in.Slots > maxSlots {
		panic(fmt.Sprintf("dsm: a plan of %d slots; it has 1 to %d", in.Slots, maxSlots))
	}
	ws := p.spare.Get().(*workspace)
	defer p.spare.Put(ws)
	ws.day.set(p.rates, p.policy.Objective, p.policy.Flexibility.Rebound, in.IssuedAt, in.Slots)
	ws.begin(len(in.Meters))
	for i := range in.Meters {
		p.draftMeter(ws, in, i, nil)
	}
	capacity, limited := p.capacity[in.Group]
	g := groupDraft{capacity: capacity}
	if limited {
		p.holdLimit(ws, in, &g)
	}
	a := newArena(len(in.Meters)+1, ws.plans()+1, in.Slots)
	for i := range in.Meters {
		dst = append(dst, p.decideMeter(ws, in, i, a))
	}
	if limited {
		dst = append(dst, p.decideGroup(ws, in, &g, a))
	}
	return dst
}

// plans is the number of meters whose load is changed.
func (ws *workspace) plans() int {
	n := 0
	for i := range ws.drafts {
		if ws.drafts[i].acts(ws.day.n) {
			n++
		}
	}
	return n
}

// acts tells whether the draft changes anything.
func (d *draft) acts(n int) bool { return d.price.moved(n) > 0 || d.held.moved(n) > 0 }
