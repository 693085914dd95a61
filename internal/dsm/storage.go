package dsm

import (
	"errors"
	"fmt"
	"math"
)

// MaxSlots is the most hours that a plan can have.
const MaxSlots = maxSlots

// ErrNotConvex means that a problem has an hour in which the proof of optimality
// stops: the store would gain by charging and discharging at once (a negative
// price with losses), or energy fed in earns more than energy drawn costs.
var ErrNotConvex = errors.New("the cost of an hour is not convex")

// ErrInfeasible means that no plan keeps within the bounds of a problem.
var ErrInfeasible = errors.New("no plan keeps within the bounds")

// StorageProblem asks how to run a store behind a meter: a battery with or
// without PV, or the heat that a building holds.
//
//	minimise Σ import·max(g,0) − export·max(−g,0) + wear·d − endValue·s[n]
//	with     g = load + c − d            what the meter sees, kWh
//	         s[t+1] = keep·s[t] + ηc·c − d/ηd
//	subject to 0 ≤ c ≤ charge, 0 ≤ d ≤ discharge, low ≤ s[t+1] ≤ high
//
// Energies are in kWh per slot of one hour, c and d on the meter's side of the
// losses, s inside. Prices are in currency per kWh.
type StorageProblem struct {
	N      int               // slots, 1 to MaxSlots
	Load   [MaxSlots]float64 // without the store; negative where energy is fed in
	Import [MaxSlots]float64 // price of what is drawn
	Export [MaxSlots]float64 // price paid for what is fed in

	Charge    [MaxSlots]float64 // most that a slot may charge
	Discharge [MaxSlots]float64 // most that a slot may discharge
	Low       [MaxSlots]float64 // least that may be stored at the slot's end
	High      [MaxSlots]float64 // most that may be stored at the slot's end

	ChargeEfficiency    float64 // ηc, above 0 up to 1
	DischargeEfficiency float64 // ηd, above 0 up to 1
	Keep                float64 // share of the stored energy that an hour leaves, above 0 up to 1
	Wear                float64 // ≥ 0, per kWh discharged
	Start               float64 // stored before the first slot
	EndValue            float64 // worth of a kWh stored after the last slot
}

// StoragePlan is a solution.
type StoragePlan struct {
	Change   [MaxSlots]float64 // charged less discharged, kWh on the meter's side
	Stored   [MaxSlots]float64 // at each slot's end, kWh
	Marginal [MaxSlots]float64 // what a stored kWh is worth at each slot's end, currency
	Cost     float64           // the objective
}

// Storage solves storage problems. It is a workspace of about 60 kB that keeps
// the value functions of the problem solved last, for use as a policy: use one
// per goroutine. The zero value is ready. Solving allocates nothing.
type Storage struct {
	problem StorageProblem
	solved  bool    // the value functions are those of problem
	tiny    float64 // energy below which a rest counts as rounding
	flat    float64 // slope below which there is nothing to gain
	value   [maxSlots + 1]convex
	hour    hourCost
}

// Solve finds an optimal plan. The cost of the hours to come is a convex
// piecewise-linear function of what is stored; going back hour by hour, each
// function is the infimal convolution of the hour's own cost with the function
// after it. That is dynamic programming without a grid: exact, in O(n²). See
// Bellman 1957, and for convex piecewise-linear values Nascimento and Powell 2013.
// The error is ErrNotConvex or ErrInfeasible, with the hour.
func (s *Storage) Solve(p *StorageProblem, out *StoragePlan) error {
	if err := s.solve(p); err != nil {
		return err
	}
	s.follow(&p.Load, out)
	return nil
}

// Prepare readies the value functions of a problem for Step, unless they are
// there. The error is that of Solve.
func (s *Storage) Prepare(p *StorageProblem) error {
	if s.solved && s.problem == *p {
		return nil
	}
	return s.solve(p)
}

// solve computes the value functions.
func (s *Storage) solve(p *StorageProblem) error {
	s.problem, s.solved = *p, false
	s.setTolerances()
	end := &s.value[p.N]
	end.begin(p.Low[p.N-1], -p.EndValue*p.Low[p.N-1])
	end.extend(-p.EndValue, p.High[p.N-1]-p.Low[p.N-1])
	for t := p.N - 1; t >= 0; t-- {
		if !s.hour.set(p, t, p.Load[t]) {
			return fmt.Errorf("hour %d of the plan: %w", t, ErrNotConvex)
		}
		v := &s.value[t]
		v.convolve(&s.hour, &s.value[t+1])
		v.stretch(p.Keep)
		low, high := p.Start, p.Start
		if t > 0 {
			low, high = p.Low[t-1], p.High[t-1]
		}
		if !v.clip(low, high, s.tiny) {
			return fmt.Errorf("hour %d of the plan: %w", t, ErrInfeasible)
		}
	}
	s.solved = true
	return nil
}

// SolveConvexified is Solve where there is a proof. Where it stops, p's prices are
// convexified until it holds: what is fed in earns no more than what is drawn costs, and
// nothing costs less than zero. The plan is then feasible, but may not be the
// best; true reports that. The error is ErrInfeasible, with the hour.
func (s *Storage) SolveConvexified(p *StorageProblem, out *StoragePlan) (convexified bool, err error) {
	if err = s.Solve(p, out); !errors.Is(err, ErrNotConvex) {
		return false, err
	}
	for t := range p.N {
		p.Import[t] = max(p.Import[t], 0)
		p.Export[t] = min(max(p.Export[t], 0), p.Import[t])
	}
	return true, s.Solve(p, out)
}

func (s *Storage) setTolerances() {
	p := &s.problem
	energy, price := math.Abs(p.Start), math.Abs(p.EndValue)+p.Wear
	for t := range p.N {
		energy = max(energy, math.Abs(p.High[t]), math.Abs(p.Low[t]), p.Charge[t], p.Discharge[t])
		price = max(price, math.Abs(p.Import[t]), math.Abs(p.Export[t]))
	}
	s.tiny, s.flat = energy*1e-12, price*1e-12
}

// follow reads the plan for a load off the value functions.
func (s *Storage) follow(load *[maxSlots]float64, out *StoragePlan) {
	p := &s.problem
	out.Cost = s.value[0].value(p.Start)
	stored := p.Start
	for t := range p.N {
		out.Change[t], stored = s.Step(t, stored, load[t])
		out.Stored[t] = stored
		out.Marginal[t] = s.marginal(t, stored)
	}
}

// Step is the best that slot t of the problem solved last can do with so much
// stored at its start and this load, which may differ from the problem's: the
// value functions used as a policy. It gives what is charged less what is
// discharged, and what is then stored. Where several do equally well it takes
// the one that moves least. Bounds that cannot be kept are come as near to as
// may be.
func (s *Storage) Step(t int, stored, load float64) (change, after float64) {
	p := &s.problem
	if !s.hour.set(p, t, load) {
		s.hour.straighten()
	}
	rest := p.Keep * stored
	x := s.hour.best(&s.value[t+1], rest, s.tiny, s.flat)
	after = snap(snap(rest+x, p.Low[t], 8*s.tiny), p.High[t], 8*s.tiny)
	if x > 0 {
		return x / p.ChargeEfficiency, after
	}
	return x * p.DischargeEfficiency, after
}

// snap is to where x is that but for rounding, else x.
func snap(x, to, tiny float64) float64 {
	if math.Abs(x-to) <= tiny {
		return to
	}
	return x
}

// marginal is what a kWh more at the end of slot t would save, at so much stored
// and after the hour that s.hour describes: the middle of the values that make
// the plan optimal. A price above it, less losses, calls for discharging, one
// below it for charging.
func (s *Storage) marginal(t int, stored float64) float64 {
	below, above, hasBelow, hasAbove := s.value[t+1].slopesAt(stored, s.tiny)
	switch {
	case hasBelow && hasAbove:
		low, high := max(-above, s.hour.slopeBelow), min(-below, s.hour.slopeAbove)
		if low > high { // rounding, or bounds that were not kept
			low, high = -above, -below
		}
		return (low + high) / 2
	case hasBelow:
		return -below
	case hasAbove:
		return -above
	}
	return s.problem.EndValue
}
