package dsm

import "math"

// demandProblem asks which load to move where when the highest hour costs too:
//
//	minimise Σ cost·u − Σ worth·d + perKW·max(M, floor)
//	subject to load − d + u ≤ M and the bounds of shiftProblem
//
// floor is the peak that the billing period has seen already: below it nothing
// is to be gained.
type demandProblem struct {
	shift shiftProblem
	load  [maxSlots]float64
	perKW float64 // currency per kW
	floor float64 // kW
}

// demandSolver is a workspace: use one per goroutine. The zero value is ready.
type demandSolver struct {
	capped    shiftProblem
	transport *transport
	plan      shiftPlan
	peak      peakProblem
}

// goldenSteps shrink the bracket to 1e-12 of its length, and what is lost in kW
// with it.
const goldenSteps = 57

// solve finds the best plan and the cap M on the load that it keeps. The cost of
// the best shift under a cap M, in which all above M must go, is convex in M as
// the value of a linear program in its right-hand side; golden section finds the
// least of it plus the charge (Kiefer 1953). With a limited reach an hour that
// passes load on could take more than lies below M; that is not allowed under a
// cap, so convexity is not proven there and the plan may not be the best. It is
// never worse than the best plan that ignores the charge.
func (s *demandSolver) solve(p *demandProblem, out *shiftPlan) (limit float64) {
	k, n := &s.peak, p.shift.n
	k.n, k.reach, k.rebound, k.load, k.give = n, p.shift.reach, p.shift.rebound, p.load, p.shift.give
	high := p.floor
	for t := range n {
		k.room[t] = p.shift.room[t] + p.shift.more[t]
		high = max(high, p.load[t]+k.room[t])
	}
	low := k.lowest(p.floor)
	ratio := (math.Sqrt(5) - 1) / 2
	a, b := low, high
	x, y := b-ratio*(b-a), a+ratio*(b-a)
	fx, fy := s.cost(p, x), s.cost(p, y)
	for range goldenSteps {
		if b-a <= 1e-13*max(math.Abs(a), math.Abs(b)) {
			break
		}
		if fx <= fy {
			b, y, fy = y, x, fx
			x = b - ratio*(b-a)
			fx = s.cost(p, x)
		} else {
			a, x, fx = x, y, fy
			y = a + ratio*(b-a)
			fy = s.cost(p, y)
		}
	}
	limit = b
	for _, m := range [...]float64{a, low, high} { // an end of the range, or of the bracket
		if s.cost(p, m) <= s.cost(p, limit) {
			limit = m
		}
	}
	best := s.cost(p, limit)
	*out = s.plan
	if p.shift.reach >= n {
		return limit
	}
	s.transport.solve(&p.shift, &s.plan) // hours may pass load on
	peak := p.floor
	for t := range n {
		peak = max(peak, p.load[t]+s.plan.up[t]-s.plan.down[t])
	}
	if p.perKW*peak-p.shift.gain(&s.plan) < best {
		*out, limit = s.plan, peak
	}
	return limit
}

// cost is the least cost with a load of m at most, its plan in s.plan; ∞ if the
// load above m finds no room.
func (s *demandSolver) cost(p *demandProblem, m float64) float64 {
	q := &s.capped
	*q = p.shift
	forced := 0.0
	for t := range q.n {
		below := max(m-p.load[t], 0)
		q.room[t] = min(q.room[t], below)
		q.more[t] = min(q.more[t], below-q.room[t])
		q.must[t] = min(max(p.load[t]-m, 0), q.give[t])
		forced += max(p.load[t]-m, 0)
	}
	if q.reach >= q.n {
		shiftAnywhere(q, &s.plan)
	} else {
		s.transport.solve(q, &s.plan)
	}
	for t := range q.n {
		if s.plan.down[t] < p.load[t]-m-1e-9*max(forced, q.negligible()) {
			return math.Inf(1)
		}
	}
	return p.perKW*max(m, p.floor) - q.gain(&s.plan)
}
