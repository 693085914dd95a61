package forecast

import (
	"math"

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

// improve makes the first choice among all points of the grid, once there are
// four weeks of history, and later tries one point at a time.
func (c *choice) improve(s *dshw, g *grid, issue meter.Hour) {
	if g.days < tuningDays {
		return
	}
	if *c == untuned {
		best := float32(math.Inf(1))
		for i := range smoothings {
			if wrong := s.run(g, smoothingAt(i), 1, judgedDays); wrong < best {
				best, *c = wrong, choice(i)
			}
		}
		return
	}
	day := int(uint32(issue)) / hoursADay
	if day%trialsRest != 0 {
		return
	}
	trial := choice(day / trialsRest % smoothings)
	if s.run(g, trial.parameters(), 1, judgedDays) < s.run(g, c.parameters(), 1, judgedDays) {
		*c = trial
	}
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

// run smooths all rows of the grid up to day "until" and returns the mean
// absolute error of the forecasts for the last "judged" days before it, each
// made at its beginning.
func (s *dshw) run(g *grid, p smoothing, until, judged int) float32 {
	s.start(g)
	var wrong float32
	n := 0
	for j := runDays - startDays; j >= until; j-- {
		if j < until+judged {
			e, m := s.judge(g, p, j)
			wrong, n = wrong+e, n+m
		}
		s.smooth(g, p, j)
	}
	if n == 0 {
		return 0
	}
	return wrong / float32(n)
}

// start takes the patterns from the oldest two weeks.
func (s *dshw) start(g *grid) {
	*s = dshw{}
	for j := runDays; j > runDays-startDays; j-- {
		add(&s.day, g.row(j))
	}
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

func (s *dshw) judge(g *grid, p smoothing, j int) (wrong float32, n int) {
	var out [hoursADay]float32
	s.forecast(p, j, &out)
	row, known := g.row(j), g.known[j]
	for h, v := range row {
		if known&(1<<h) != 0 {
			wrong += abs(v - out[h])
			n++
		}
	}
	return wrong, n
}

// forecast is the forecast for day j, the one after those that were smoothed.
func (s *dshw) forecast(p smoothing, j int, out *[hoursADay]float32) {
	week := s.weekOf(j)
	rest := s.rest
	for h := range out {
		rest *= p.phi
		out[h] = s.level + s.day[h] + week[h] + rest
	}
}
