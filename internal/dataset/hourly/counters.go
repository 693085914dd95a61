package hourly

import (
	"context"
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// counters turns the states of counters into energy. What two states show is energy
// only if the counter went on between them:
//
//   - a step back is a reset or a new counter;
//   - a step far beyond the meter's own history is a counter that comes back from a
//     wrong state, or another one;
//   - after a step back, a step to where the counter was before shows that only the
//     states between were wrong;
//   - states of 0 from which the counter returns by such a step are none.
//
// The hours of these steps are unknown, and the steps are counted.
//
// A logger that keeps no grid has no state at the hour: the first and the last hour of
// such a counter are completed; see counter_ends.go.
type counters struct {
	states  []counterState // by series
	history []stepHistory
	resets  int64
}

type counterState struct {
	at    int64 // UTC minute
	kWh   float64
	known bool

	fell  bool    // and has not been seen to go on from there
	zero  bool    // it fell to 0
	high  float64 // before it fell, without sign
	steps int     // since it fell

	dead int // spans of history.dead that have passed
}

const (
	// A counter that went on this many times after a step back is a new one.
	stepsOfNewCounter = 3
	// farBeyond is how many times the usual large step is no energy, and leastFar the
	// mean power in kW below which no step is: a home with a new car draws ten times
	// what it did.
	farBeyond = 20
	leastFar  = 25
	// Of few steps, one wrong one is among the largest: the quantile is lower, and
	// the factor higher.
	fewSteps     = 40
	farBeyondFew = 60
)

// stepHistory is what a first reading of all states shows of a counter.
type stepHistory struct {
	rates [rateBins]uint32 // steps by their mean power, in bins of half an octave
	limit float64          // kW beyond which a step is no energy
	ends  counterEnds

	dead []deadSpan
	// of the run of zeros that goes on
	zeroFrom, zeroTo int64
	zeroRun          bool
	height           float64 // from which it fell
	last             counterState
}

// deadSpan is a run of zeros that a counter left by a step of some mean power.
type deadSpan struct {
	from, to int64 // UTC minutes of its first and last state
	rate     float64
}

const (
	rateBins     = 64
	lowestOctave = -12 // 2^-12 kW is a quarter of a watt
	maxDead      = 1000
)

// newCounters reads the history of all counters.
func newCounters(ctx context.Context, in *Intake) (*counters, error) {
	if !in.counters {
		return nil, nil
	}
	c := &counters{states: make([]counterState, len(in.series)), history: make([]stepHistory, len(in.series))}
	err := in.sort.scan(ctx, func(e entry) error {
		if in.series[e.meter()].counter {
			c.history[e.meter()].add(e.minute()+counterLength, e.value)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range c.history {
		c.history[i].close()
	}
	return c, nil
}

// add takes the next state of the first reading.
func (h *stepHistory) add(at int64, kWh float64) {
	before := h.last
	h.last = counterState{at: at, kWh: kWh, known: true}
	minutes := at - before.at
	if before.known && minutes <= 0 {
		return
	}
	h.ends.add(at, minutes, before.known)
	rate := (math.Abs(kWh) - math.Abs(before.kWh)) * 60 / float64(minutes)
	if before.known && rate >= 0 && minutes <= 60 {
		h.rates[rateBin(rate)]++
	}
	switch {
	case kWh == 0 && !h.zeroRun:
		h.zeroRun, h.zeroFrom, h.zeroTo, h.height = true, at, at, math.Abs(before.kWh)
	case kWh == 0:
		h.zeroTo = at
	case h.zeroRun:
		h.zeroRun = false
		h.keepDead(rate)
	}
}

// keepDead keeps a run of zeros that may be none of a counter.
func (h *stepHistory) keepDead(rate float64) {
	if rate > leastFar && h.zeroTo > h.zeroFrom && len(h.dead) < maxDead {
		h.dead = append(h.dead, deadSpan{from: h.zeroFrom, to: h.zeroTo, rate: rate})
	}
}

func rateBin(kW float64) int {
	if kW <= 0 {
		return 0
	}
	return min(rateBins-1, max(0, int(2*(math.Log2(kW)-lowestOctave))))
}

// close settles the limit, and which runs of zeros are none.
func (h *stepHistory) close() {
	if h.zeroRun { // it never went on: how far it fell shows it
		h.keepDead(h.height)
	}
	var n uint32
	for _, count := range h.rates {
		n += count
	}
	share, factor := 0.95, float64(farBeyond)
	if n < fewSteps {
		share, factor = 0.75, farBeyondFew
	}
	h.ends.close(h.last.at)
	h.limit = max(leastFar, factor*h.quantile(share, n))
	kept := h.dead[:0]
	for _, d := range h.dead {
		if d.rate > h.limit {
			kept = append(kept, d)
		}
	}
	h.dead = kept
}

// quantile is the upper end of the bin of a share of n steps, in kW.
func (h *stepHistory) quantile(share float64, n uint32) float64 {
	left := share * float64(n)
	for bin, count := range h.rates {
		if left -= float64(count); left <= 0 {
			return math.Exp2(float64(bin+1)/2 + lowestOctave)
		}
	}
	return 0
}

// step is the energy since the state before, and the minute of that state; ok is
// false if no energy is known.
func (c *counters) step(e entry) (from int64, kWh float64, ok bool) {
	at := e.minute() + counterLength
	s, h := &c.states[e.meter()], &c.history[e.meter()]
	before := *s
	s.at, s.kWh, s.known = at, e.value, true
	if !before.known {
		return 0, 0, false
	}
	minutes := at - before.at
	kWh = e.value - before.kWh
	if !c.goesOn(s, h, before, minutes, kWh) {
		c.resets++
		return 0, 0, false
	}
	return before.at, kWh, true
}

func (c *counters) goesOn(s *counterState, h *stepHistory, before counterState, minutes int64, kWh float64) bool {
	// A register of exported energy grows downwards.
	now, then := math.Abs(s.kWh), math.Abs(before.kWh)
	if now < then {
		if !s.fell {
			s.high = then
		}
		s.fell, s.zero, s.steps = true, s.kWh == 0, 0
		return false
	}
	if (now-then)*60 > h.limit*float64(minutes) {
		s.fell = false
		return false
	}
	if s.fell && !s.zero && now >= s.high {
		s.fell = false
		return false
	}
	if s.fell {
		if s.steps++; s.steps == stepsOfNewCounter {
			s.fell = false
		}
	}
	for s.dead < len(h.dead) && h.dead[s.dead].to < s.at {
		s.dead++
	}
	if s.dead < len(h.dead) && s.at > h.dead[s.dead].from {
		return false
	}
	return minutes <= 60 && math.Abs(kWh) <= meter.MaxAbsKWh
}
