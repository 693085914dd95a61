package dsm

import (
	"fmt"
	"math"
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
	normal   *normalPaths
	space    uuid.UUID // namespace of decision ids
	spare    sync.Pool // of *workspace
}

// NewPlanner prepares a policy for planning. cal gives the local time of tariff
// periods; twin is part of every decision's id. An error names each wrong field
// of the policy.
//
// For each meter, load first moves to better hours: the exact optimum of the load
// shift problem, with the demand charge if there is one, on the mean of the
// courses that the day may take (scenarios). What stands behind the meter is then
// planned on the load that is left (draftAssets), and for each group with a
// capacity the peak is shaved with the flexibility that is left (holdLimit). See
// shiftProblem, demandProblem, StorageProblem, deferrable and peakProblem. A plan
// is judged on all courses.
//
// Where the proof of optimality stops, plans are feasible and truly reckoned but
// may not be the best: hours whose values differ by under a hundredth of the
// day's range are treated alike (dayRates); values below zero count as zero with
// a rebound, and for a battery with losses; an hour takes no more than it feeds in
// where that earns more than its price (pose); a demand charge with a limited
// reach (demandSolver); several assets that compete for what is fed in
// (draftAssets); and a group's limit is exact for the sum, not for each split
// among meters (holdLimit).
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
		normal:   newNormalPaths(),
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
	p.spare.New = func() any { return newWorkspace() }
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
	ws.day.set(p.rates, p.quiet, p.policy.Objective, p.policy.Flexibility.Rebound, in.IssuedAt, in.Slots)
	ws.begin(len(in.Meters))
	for i := range in.Meters {
		p.equip(ws, in, i)
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
		if ws.drafts[i].acts(ws) {
			n++
		}
	}
	return n
}

// acts reports whether the draft changes anything.
func (d *draft) acts(ws *workspace) bool {
	n := ws.day.n
	if d.price.moved(n) > 0 || d.held.moved(n) > 0 {
		return true
	}
	if d.assets < 0 || !d.usable {
		return false
	}
	a := &ws.assets[d.assets]
	for t := range n {
		if a.change(t) != 0 {
			return true
		}
	}
	return false
}

// equip finds what stands behind a meter.
func (p *planner) equip(ws *workspace, in *GroupInput, i int) {
	d := &ws.drafts[i]
	d.assets, d.heatShare, d.floor = -1, 0, math.Inf(-1)
	if len(p.policy.Assets) == 0 {
		return
	}
	g := p.gearOf(in.Meters[i].Name, in.Group)
	if g.pv != nil {
		d.floor = -g.pv.PeakKW
	}
	if g.none() {
		return
	}
	if g.heatPump != nil {
		d.heatShare = g.heatPump.Share
	}
	d.assets = len(ws.assets)
	ws.assets = append(ws.assets, assetDraft{gear: g})
}
