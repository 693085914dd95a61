package forecast

import (
	"math"
	"math/bits"

	"github.com/energytwin/energytwin/internal/meter"
)

// smoothing are the parameters of double seasonal Holt-Winters without trend
// (Taylor 2003): of the level, the daily and the weekly pattern, and the
// persistence of the newest error.
type smoothing struct{ alpha, delta, omega, phi float32 }

// The grid that a meter's parameters come from.
const (
	alphas, deltas, omegas, phis = 3, 3, 2, 4
	smoothings                   = alphas * deltas * omegas * phis
)

// usualSmoothing is where a meter begins.
const usualSmoothing = 33

// smoothingAt is a point of the grid.
func smoothingAt(i int) smoothing {
	return smoothing{
		alpha: [alphas]float32{0.003, 0.01, 0.04}[i%alphas],
		delta: [deltas]float32{0.02, 0.06, 0.15}[i/alphas%deltas],
		omega: [omegas]float32{0.12, 0.3}[i/(alphas*deltas)%omegas],
		phi:   [phis]float32{0.5, 0.7, 0.85, 0.95}[i/(alphas*deltas*omegas)],
	}
}

// choice is the point of the grid that a meter uses.
type choice uint8

// untuned is the choice of a meter with too little history.
const untuned choice = smoothings

// Tuning of a meter's choice.
const (
	tuningDays = 28 // of history that the first choice is made from
	judgedDays = 14 // of forecasts that a choice is judged by
	trialsRest = 4  // days from one later trial to the next
)

func (c choice) parameters() smoothing {
	if c == untuned {
		return smoothingAt(usualSmoothing)
	}
	return smoothingAt(int(c))
}

// fit runs over a meter's past with the choice of the day, and returns what is
// known at the end of it. The first choice is made among all points of the grid,
// once there are four weeks of history; later one other point at a time is tried
// beside it.
func (c *choice) fit(s *contest, g *grid, issue meter.Hour) *dshw {
	if *c == untuned && g.days >= tuningDays {
		best := float32(math.Inf(1))
		for i := choice(0); i < smoothings; i += 2 {
			wrong := s.run(g, i, i+1)
			for k, w := range wrong {
				if w < best {
					best, *c = w, i+choice(k)
				}
			}
		}
	} else if trial, due := c.trial(g, issue); due {
		wrong := s.run(g, *c, trial)
		return c.settle(s, trial, wrong[0], wrong[1])
	}
	s[0].run(g, c.parameters())
	return &s[0]
}

// trial is the point that is tried at an issue, if one is.
func (c *choice) trial(g *grid, issue meter.Hour) (trial choice, due bool) {
	day := int(uint32(issue)) / hoursADay
	return choice(day / trialsRest % smoothings), *c != untuned && g.days >= tuningDays && day%trialsRest == 0
}

// settle keeps to the choice or takes the trial, whichever was less wrong.
func (c *choice) settle(s *contest, trial choice, wrong, triedWrong float32) *dshw {
	if triedWrong < wrong {
		*c = trial
		return &s[1]
	}
	return &s[0]
}

// dshwExpert forecasts by double seasonal Holt-Winters.
var dshwExpert = expert{
	name:  "dshw",
	prior: 1,
	forecast: func(in *expertInput, out *[hoursADay]float32) {
		in.smoothed.forecast(in.state.smoothing.parameters(), in.day, out)
	},
}

// dshw is double seasonal Holt-Winters, run over the past of a meter:
//
//	r = y − (l + d[h] + w[hw]),  e = r − φ·r₋₁
//	l += αe,  d[h] += δe,  w[hw] += ωe
//	forecast(k) = l + d + w + φᵏ·r
type dshw struct {
	level float32
	day   [hoursADay]float32
	week  [meter.HoursPerWeek]float32
	rest  float32
}

// Days of a run.
const (
	runDays   = 35 // that are looked at
	startDays = 14 // of them that the patterns start from
)

// run smooths all rows of the grid.
func (s *dshw) run(g *grid, p smoothing) {
	s.start(g)
	for j := runDays - startDays; j >= 1; j-- {
		s.smooth(g, p, j)
	}
}

// contest is for two choices that are tried beside each other.
type contest [2]dshw

// run smooths all rows of the grid with two choices, and returns for each the mean
// absolute error of the forecasts for the last two weeks, each made at the
// beginning of its day.
func (s *contest) run(g *grid, a, b choice) (wrong [2]float32) {
	p, q := a.parameters(), b.parameters()
	s[0].start(g)
	s[1] = s[0]
	n := 0
	for j := runDays - startDays; j >= 1; j-- {
		if j <= judgedDays {
			wrong[0] += s[0].judge(g, p, j)
			wrong[1] += s[1].judge(g, q, j)
			n += bits.OnesCount32(g.known[j])
		}
		s.smooth(g, p, q, j)
	}
	if n > 0 {
		wrong[0] /= float32(n)
		wrong[1] /= float32(n)
	}
	return wrong
}

// start takes the patterns from the oldest two weeks.
func (s *dshw) start(g *grid) {
	*s = dshw{}
	addDays(&s.day, g, runDays, startDays, -1)
	for _, sum := range s.day {
		s.level += sum
	}
	s.level /= startDays * hoursADay
	for h := range s.day {
		s.day[h] = s.day[h]/startDays - s.level
	}
	for j := runDays; j > runDays-7; j-- {
		week, first, second := s.weekOf(j), g.row(j), g.row(j-7)
		for h := range week {
			week[h] = (first[h]+second[h])/2 - s.level - s.day[h]
		}
	}
}

func (s *dshw) weekOf(j int) *[hoursADay]float32 {
	return (*[hoursADay]float32)(s.week[(pastDays-j)%7*hoursADay:])
}

// smooth takes the readings of day j in.
func (s *dshw) smooth(g *grid, p smoothing, j int) {
	week, row, known := s.weekOf(j), g.row(j), g.known[j]
	level, rest := s.level, s.rest
	for h := range s.day {
		if known&(1<<h) == 0 {
			rest *= p.phi
			continue
		}
		r := row[h] - s.day[h] - week[h] - level // the level last: it is the newest to be known
		e := r - p.phi*rest
		level += p.alpha * e
		s.day[h] += p.delta * e
		week[h] += p.omega * e
		rest = r - (p.alpha+p.delta+p.omega)*e
	}
	s.level, s.rest = level, rest
}

// smooth takes the readings of day j in, for both: each hour has to wait for the
// hour before, and the one is computed while the other waits.
func (s *contest) smooth(g *grid, p, q smoothing, j int) {
	a, b := &s[0], &s[1]
	row, known := g.row(j), g.known[j]
	weekA, weekB := a.weekOf(j), b.weekOf(j)
	levelA, restA, levelB, restB := a.level, a.rest, b.level, b.rest
	for h, v := range row {
		if known&(1<<h) == 0 {
			restA *= p.phi
			restB *= q.phi
			continue
		}
		rA, rB := v-a.day[h]-weekA[h]-levelA, v-b.day[h]-weekB[h]-levelB
		eA, eB := rA-p.phi*restA, rB-q.phi*restB
		levelA += p.alpha * eA
		levelB += q.alpha * eB
		a.day[h] += p.delta * eA
		b.day[h] += q.delta * eB
		weekA[h] += p.omega * eA
		weekB[h] += q.omega * eB
		restA = rA - (p.alpha+p.delta+p.omega)*eA
		restB = rB - (q.alpha+q.delta+q.omega)*eB
	}
	a.level, a.rest, b.level, b.rest = levelA, restA, levelB, restB
}

// judge is the sum of the absolute errors of the forecast for day j.
func (s *dshw) judge(g *grid, p smoothing, j int) (wrong float32) {
	var out [hoursADay]float32
	s.forecast(p, j, &out)
	row, known := g.row(j), g.known[j]
	if known == allColumns {
		for h, v := range row {
			wrong += abs(v - out[h])
		}
		return wrong
	}
	for h, v := range row {
		if known&(1<<h) != 0 {
			wrong += abs(v - out[h])
		}
	}
	return wrong
}

// forecast is the forecast for day j: the one after those that were smoothed, or the
// second one.
func (s *dshw) forecast(p smoothing, j int, out *[hoursADay]float32) {
	week := s.weekOf(j)
	rest := s.rest
	if j == secondDay {
		for range hoursADay {
			rest *= p.phi
		}
	}
	for h := range out {
		rest *= p.phi
		out[h] = s.level + s.day[h] + week[h] + rest
	}
}
