package dsm

import (
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/meter"
)

// planner makes the plans of one policy. See NewPlanner.
type planner struct {
	policy  Policy
	rates   *rates
	limits  map[string]Group // of groups with a limit
	joint   *jointErrors     // nil if no limit has an exceedance
	quiet   *rates           // above 0 in comfort times; nil if there are none
	devices [len(deviceKinds)][]assetDevice
	normal  *normalErrors
	space   uuid.UUID // namespace of decision ids
	spare   sync.Pool // of *workspace
}

// NewPlanner prepares a policy for planning. cal gives the local time of tariff
// periods; twin is part of every decision's id. An error names each wrong field
// of the policy.
//
// For each meter, load first moves to cheaper hours: the exact optimum of the load
// shift problem, with the demand charge if there is one, on the mean of the
// scenarios that the day may take. The devices behind the meter are then planned on
// the load that is left (proposeDevices), and for each group with a capacity the
// peak is shaved with the flexibility that is left (holdLimits). See shiftProblem,
// demandProblem, StorageProblem, deferrable and peakProblem. A plan is evaluated on
// all scenarios.
//
// Where the proof of optimality stops, plans are feasible and correctly evaluated
// but may not be the best: hours whose values differ by under a hundredth of the
// day's range are treated alike (dayRates); values below zero count as zero with
// a rebound, and for a battery with losses; an hour takes no more than it feeds in
// where that earns more than its price (pose); a demand charge with a limited
// reach (demandSolver); several devices that compete for what is fed in
// (proposeDevices); and a group's limit is exact for the sum, not for each split
// among meters, nor between the levels of a tree (holdLimits).
func NewPlanner(policy Policy, cal *meter.Calendar, twin string) (Planner, error) {
	if err := policy.Check(); err != nil {
		return nil, err
	}
	hash, err := policy.Hash()
	if err != nil {
		return nil, err
	}
	p := &planner{
		policy:  policy,
		rates:   newRates(policy.Tariff, cal),
		limits:  make(map[string]Group),
		normal:  newNormalErrors(),
		devices: prepareDevices(policy.Assets, cal),
		space:   uuid.NewSHA1(uuid.NameSpaceURL, []byte("energytwin:"+twin+":"+hash)),
	}
	if policy.Objective.Peak > 0 {
		for _, g := range policy.Groups {
			if g.CapacityKW > 0 {
				p.limits[g.Name] = g
			}
			if g.CapacityKW > 0 && g.Exceedance > 0 && p.joint == nil {
				p.joint = newJointErrors()
			}
		}
	}
	if len(policy.Flexibility.Comfort) > 0 {
		p.quiet = within(policy.Flexibility.Comfort, cal)
	}
	p.spare.New = func() any { return newWorkspace() }
	return p, nil
}

// begin readies a workspace for a call. It panics if in.Slots is not 1 to 32, which no
// calendar gives.
func (p *planner) begin(in *GroupInput) *workspace {
	if in.Slots < 1 || in.Slots > maxSlots {
		panic(fmt.Sprintf("dsm: a plan of %d slots; it has 1 to %d", in.Slots, maxSlots))
	}
	ws := p.spare.Get().(*workspace)
	ws.day.set(p, in.Start, in.Slots)
	ws.begin(len(in.Meters))
	return ws
}

// Plan implements Planner.
func (p *planner) Plan(in *GroupInput, dst []Decision) []Decision {
	if p.policy.Mode == ModeOff {
		return dst
	}
	ws := p.begin(in)
	defer p.spare.Put(ws)
	for i := range in.Meters {
		p.assignDevices(ws, &ws.meters[i], in.Meters[i].Name, in.groupOf(i))
		p.planMeter(ws, in, i, nil)
	}
	if ws.setLimits(in, p.limits) {
		p.holdLimits(ws, in)
	}
	made, a := len(dst), &ws.arena
	a.reset()
	for i := range in.Meters {
		dst = append(dst, p.decideMeter(ws, in, i, a))
	}
	for k := range ws.limits {
		dst = append(dst, p.decideGroup(ws, in, &ws.limits[k], a))
	}
	a.handOver(dst[made:])
	return dst
}
