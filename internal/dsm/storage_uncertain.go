package dsm

import (
	"errors"
	"math"

	"github.com/energytwin/energytwin/internal/forecast"
)

// The levels of load that a store is prepared for, in standard deviations above the
// expected load.
const (
	levelStep = 0.5
	levelMost = 1.5
)

// levelScenarios is how many scenarios levels are compared on. Half of them choose as well as
// all, for half of the time.
const levelScenarios = scenarioCount / 2

// UncertainStorage runs a store behind a load of which there is only a forecast. Like
// Storage it is a workspace: use one per goroutine. The zero value is ready.
type UncertainStorage struct {
	Storage
	normal *normalErrors
	loads  scenarios
}

// SolveForecast finds how to run a store on the scenarios of a forecast in kWh: it sets p.Load,
// and Step follows its value functions. out is what they do on the mean of the scenarios, and
// out.Cost the mean of what they cost on half of these. Hours without a forecast count as 0. Where the proof
// stops, prices are convexified, as true reports. The error is ErrInfeasible, with the hour.
func (u *UncertainStorage) SolveForecast(p *StorageProblem, q forecast.Quantiles, out *StoragePlan) (convexified bool, err error) {
	if u.normal == nil {
		u.normal = newNormalErrors()
	}
	u.loads.set(u.normal, q, p.N, math.Inf(-1))
	p.Load = u.loads.mean
	return u.solveOn(p, &u.loads, out)
}

// solveOn finds how to run a store behind a load that scenarios spread about p.Load, what is
// expected. It compares levels of load: each is so many standard deviations above what is
// expected, all day long, and the value functions of the problem with that load are followed
// on scenarios. The level with the least mean cost stays in p.Load. Energy that is kept
// for a load that does not come is lost, energy that is lacking is bought at that hour's
// price: the best level balances the two like the quantile of a newsvendor (Arrow, Harris
// and Marschak 1951).
func (s *Storage) solveOn(p *StorageProblem, loads *scenarios, out *StoragePlan) (convexified bool, err error) {
	expected := p.Load
	if convexified, err = s.SolveConvexified(p, out); err != nil || !loads.differ(p.N) {
		return convexified, err
	}
	level, least := 0.0, s.meanCost(loads, &expected)
	for _, step := range []float64{-levelStep, levelStep} {
		for level == 0 || level*step > 0 {
			next := level + step
			if math.Abs(next) > levelMost {
				break
			}
			p.Load = loads.level(next, &expected, p.N)
			if err = s.Solve(p, out); errors.Is(err, ErrNotConvex) {
				break // with other prices its cost could not be compared
			}
			if err != nil {
				return convexified, err
			}
			cost := s.meanCost(loads, &expected)
			if cost >= least {
				break
			}
			level, least = next, cost
		}
	}
	p.Load = loads.level(level, &expected, p.N)
	if err = s.Prepare(p); err != nil {
		return convexified, err
	}
	s.follow(&expected, out)
	out.Cost = least
	return convexified, nil
}

// meanCost is the mean objective of the problem solved last where its value functions are
// followed on the scenarios that levels are compared on.
func (s *Storage) meanCost(loads *scenarios, expected *[maxSlots]float64) float64 {
	p, sum := &s.problem, 0.0
	for k := range levelScenarios {
		stored, change := p.Start, 0.0
		for t := range p.N {
			load := expected[t] + loads.load[t][k] - loads.mean[t]
			change, stored = s.Step(t, stored, load)
			sum += HourCost(p.Import[t], p.Export[t], load+change) + p.Wear*max(-change, 0)
		}
		sum -= p.EndValue * stored
	}
	return sum / levelScenarios
}

// differ reports whether scenarios differ in n slots.
func (s *scenarios) differ(n int) bool {
	for t := range n {
		if s.spreads.below[t] > 0 || s.spreads.above[t] > 0 {
			return true
		}
	}
	return false
}

// level is a load so many standard deviations above what is expected, in n slots.
func (s *scenarios) level(deviations float64, expected *[maxSlots]float64, n int) (out [maxSlots]float64) {
	side := &s.spreads.above
	if deviations < 0 {
		side = &s.spreads.below
	}
	for t := range n {
		out[t] = expected[t] + deviations*side[t]
	}
	return out
}
