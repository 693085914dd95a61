package dsm

import (
	"math"
	"math/rand/v2"
)

// instance is a random problem: what a solver made of it and the linear program
// that says what the best is. Both are maximised.
type instance struct {
	program *linearProgram
	got     float64
}

// solverCase draws instances of one problem and solves them.
type solverCase struct {
	name string
	// draw gives an instance of n slots. It also checks that the plan is feasible.
	draw func(t failer, r *rand.Rand, n int) instance
}

// failer is the part of testing.T that a check of a plan needs.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	FailNow()
}

// solverCases are all problems with a proof of optimality. Spaces are reused, as
// the planner does.
func solverCases() []solverCase {
	var f transport
	var store Storage
	demand := demandSolver{transport: &f}
	return []solverCase{
		{"load shift", func(t failer, r *rand.Rand, n int) instance {
			p := randomShift(r, n)
			p.reach = n
			var s shiftPlan
			shiftAnywhere(p, &s)
			requireFeasible(t, p, &s)
			requireGain(t, p.gain(&s))
			return instance{anywhereProgram(p), p.gain(&s)}
		}},
		{"load shift within hours", func(t failer, r *rand.Rand, n int) instance {
			p := randomShift(r, n)
			var s shiftPlan
			f.solve(p, &s)
			requireFeasible(t, p, &s)
			requireGain(t, p.gain(&s))
			return instance{shiftProgram(p), p.gain(&s)}
		}},
		{"PV self-consumption", func(t failer, r *rand.Rand, n int) instance {
			p, sell := randomFeedIn(r, n)
			var s shiftPlan
			if p.reach >= n {
				shiftAnywhere(p, &s)
			} else {
				f.solve(p, &s)
			}
			requireFeasible(t, p, &s)
			requireGain(t, p.gain(&s))
			return instance{feedInProgram(p, sell), p.gain(&s)}
		}},
		{"peak shave", func(t failer, r *rand.Rand, n int) instance {
			p := randomPeak(r, n)
			p.reach = n
			return instance{peakProgram(p), peakOf(p.load[:n]) - p.lowest(0)}
		}},
		{"demand charge", func(t failer, r *rand.Rand, n int) instance {
			p := randomDemand(r, n)
			var s shiftPlan
			m := demand.solve(p, &s)
			requireFeasible(t, &p.shift, &s)
			requireBelow(t, p, &s, m)
			lp, top := demandProgram(p)
			got := p.shift.gain(&s) + p.perKW*(top-max(m, p.floor))
			requireGain(t, got-p.perKW*(top-max(peakOf(p.load[:n]), p.floor)))
			return instance{lp, got}
		}},
		{"storage", func(t failer, r *rand.Rand, n int) instance {
			p := randomStorage(r, n)
			var s StoragePlan
			if err := store.Solve(p, &s); err != nil {
				t.Errorf("%v", err)
				t.FailNow()
			}
			requireStored(t, p, &s)
			lp, none := storageProgram(p)
			requireGain(t, none-s.Cost)
			return instance{lp, none - s.Cost}
		}},
		{"deferrable load", func(t failer, r *rand.Rand, n int) instance {
			p, cost, own := randomDeferrable(r, n)
			var x [maxSlots]float64
			placed := p.cheapest(cost, own, &x)
			requireDeferred(t, p, &x, placed)
			return instance{deferrableProgram(p, cost, own), deferBonus*placed - deferredCost(p, cost, own, &x)}
		}},
		{"valley filling", func(t failer, r *rand.Rand, n int) instance {
			p, _, _ := randomDeferrable(r, n)
			for h := range p.limit {
				p.limit[h] = math.Inf(1)
			}
			var x [maxSlots]float64
			placed := p.valley(&x)
			requireDeferred(t, p, &x, placed)
			requireLevel(t, p, &x)
			lp, top := valleyProgram(p)
			highest := math.Inf(-1)
			for h := p.from; h < p.to; h++ {
				highest = max(highest, p.load[h]+x[h])
			}
			return instance{lp, deferBonus*placed + top - highest}
		}},
	}
}

// shiftProgram has one variable per pair of hours.
func shiftProgram(p *shiftProblem) *linearProgram {
	lp := newProgram(p.n * p.n)
	factor := 1 + p.rebound
	for a := range p.n {
		give, take := lp.row(p.give[a]), lp.row(p.room[a])
		for b := range p.n {
			if distance := max(a-b, b-a); distance == 0 || distance > p.reach {
				continue
			}
			give[a*p.n+b] = 1
			take[b*p.n+a] = factor
			lp.objective[a*p.n+b] = p.worth[a] - factor*p.cost[b]
		}
	}
	return lp
}

// anywhereProgram has the variables d and u only: max Σ c(d−u), (1+ρ)Σd = Σu.
func anywhereProgram(p *shiftProblem) *linearProgram {
	lp := newProgram(2 * p.n)
	balanced(lp, p)
	for t := range p.n {
		lp.objective[t], lp.objective[p.n+t] = p.worth[t], -p.cost[t]
		lp.row(p.give[t])[t] = 1
		lp.row(p.room[t])[p.n+t] = 1
	}
	return lp
}

// balanced states (1+ρ)Σd = Σu for variables d, then u.
func balanced(lp *linearProgram, p *shiftProblem) {
	less, more := lp.row(0), lp.row(0)
	for t := range p.n {
		less[t], less[p.n+t] = 1+p.rebound, -1
		more[t], more[p.n+t] = -1-p.rebound, 1
	}
}

// feedInProgram prices what the meter sees: cost·g + (price − export)·drawn with
// drawn ≥ g in hours that feed in, price·g in all others.
func feedInProgram(p *shiftProblem, sell float64) *linearProgram {
	lp := newProgram(p.n*p.n + p.n)
	factor := 1 + p.rebound
	for a := range p.n {
		lp.row(p.give[a])
	}
	gives, takes, drawn := lp.rows[:p.n], make([][]float64, p.n), make([][]float64, p.n)
	for b := range p.n {
		takes[b] = lp.row(p.room[b] + p.more[b])
		if p.level[b] < 0 {
			drawn[b] = lp.row(-p.level[b])
			drawn[b][p.n*p.n+b] = -1
			lp.objective[p.n*p.n+b] = sell - p.moreCost[b]
		}
	}
	for a := range p.n {
		for b := range p.n {
			if distance := max(a-b, b-a); distance == 0 || distance > p.reach {
				continue
			}
			x := a*p.n + b
			gives[a][x], takes[b][x] = 1, factor
			price := p.cost[b]
			if p.level[b] < 0 {
				drawn[b][x] = factor
				price = sell
			}
			lp.objective[x] = p.worth[a] - factor*price
		}
	}
	return lp
}

// peakProgram is max s subject to load − d + u ≤ max(load) − s.
func peakProgram(p *peakProblem) *linearProgram {
	top := peakOf(p.load[:p.n])
	lp := newProgram(2*p.n + 1)
	lp.objective[2*p.n] = 1
	balance := lp.row(0)
	for h := range p.n {
		balance[h], balance[p.n+h] = 1+p.rebound, -1
		lp.row(p.give[h])[h] = 1
		lp.row(p.room[h])[p.n+h] = 1
		below := lp.row(top - p.load[h])
		below[h], below[p.n+h], below[2*p.n] = -1, 1, 1
	}
	return lp
}

// demandProgram is the load shift with perKW·s more, where the load stays below
// top − s ≥ floor.
func demandProgram(p *demandProblem) (lp *linearProgram, top float64) {
	q := &p.shift
	top = p.floor
	for t := range q.n {
		top = max(top, p.load[t]+q.room[t])
	}
	lp = newProgram(2*q.n + 1)
	balanced(lp, q)
	s := 2 * q.n
	lp.objective[s] = p.perKW
	lp.row(top - p.floor)[s] = 1
	for t := range q.n {
		lp.objective[t], lp.objective[q.n+t] = q.worth[t], -q.cost[t]
		lp.row(q.give[t])[t] = 1
		lp.row(q.room[t])[q.n+t] = 1
		below := lp.row(top - p.load[t])
		below[t], below[q.n+t], below[s] = -1, 1, 1
	}
	return lp, top
}

// storageProgram has the variables c, d and z: energy fed in where the load is
// drawn, energy drawn where it is fed in, of which each hour's own price is the
// other's. none is the cost of doing nothing.
func storageProgram(p *StorageProblem) (lp *linearProgram, none float64) {
	n := p.N
	lp = newProgram(3 * n)
	inside := p.Start
	left := make([]float64, 2*n) // of c and d, at the end
	for t := range n {
		none += HourCost(p.Import[t], p.Export[t], p.Load[t])
		price := p.Import[t]
		grid := lp.row(math.Abs(p.Load[t]))
		grid[2*n+t] = -1
		if p.Load[t] < 0 {
			price = p.Export[t]
			grid[t], grid[n+t] = 1, -1
		} else {
			grid[t], grid[n+t] = -1, 1
		}
		lp.objective[2*n+t] = p.Export[t] - p.Import[t]
		lp.objective[t] = -price
		lp.objective[n+t] = price - p.Wear
		lp.row(p.Charge[t])[t] = 1
		lp.row(p.Discharge[t])[n+t] = 1
		inside *= p.Keep
		for k := range left {
			left[k] *= p.Keep
		}
		left[t], left[n+t] = p.ChargeEfficiency, -1/p.DischargeEfficiency
		full, empty := lp.row(p.High[t]-inside), lp.row(inside-p.Low[t])
		for k, x := range left {
			full[k], empty[k] = x, -x
		}
	}
	none -= p.EndValue * inside
	for k, x := range left {
		lp.objective[k] += p.EndValue * x
	}
	return lp, none
}

// deferBonus is paid per kWh that finds room, so that as much as can does.
const deferBonus = 4

// deferrableProgram has x up to what is fed in at own, then x at cost.
func deferrableProgram(p *deferrable, cost, own *[maxSlots]float64) *linearProgram {
	n := p.to - p.from
	lp := newProgram(2 * n)
	sum := lp.row(p.energy)
	for i := range n {
		h := p.from + i
		lp.objective[i], lp.objective[n+i] = deferBonus-own[h], deferBonus-cost[h]
		sum[i], sum[n+i] = 1, 1
		lp.row(max(-p.load[h], 0))[i] = 1
		both := lp.row(p.room(h))
		both[i], both[n+i] = 1, 1
	}
	return lp
}

// valleyProgram is max s subject to load + x ≤ top − s, all energy placed.
func valleyProgram(p *deferrable) (lp *linearProgram, top float64) {
	n := p.to - p.from
	for h := p.from; h < p.to; h++ {
		top = max(top, p.load[h]+p.most)
	}
	lp = newProgram(n + 1)
	lp.objective[n] = 1
	sum := lp.row(p.energy)
	for i := range n {
		lp.objective[i] = deferBonus
		sum[i] = 1
		lp.row(p.most)[i] = 1
		below := lp.row(top - p.load[p.from+i])
		below[i], below[n] = 1, 1
	}
	return lp, top
}
