package backtest

import (
	"math"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// Levels of the quantiles that a forecast gives beside its median.
const (
	lowLevel  = 0.1
	highLevel = 0.9
)

// share is a number of hours, and how many of them lie within the interval.
type share struct{ inside, hours int }

func (s *share) add(inside bool) {
	s.hours++
	if inside {
		s.inside++
	}
}

// of is the share itself; NaN without hours.
func (s share) of() float64 { return float64(s.inside) / float64(s.hours) }

// bandTally is how the quantiles of one series were, hour by hour.
type bandTally struct {
	wrong, pinball float64 // Σ |error| of the median; Σ of the mean pinball loss of all three
	bias           float64 // Σ median − actual
	width          float64 // Σ high − low
	naive, load    float64 // Σ |error| of the seasonal naive of 168 hours; Σ |actual|

	all       share
	byWeekday [7]share // from Sunday, as time.Weekday
	byLead    [maxLead]share
	byHour    [meter.HoursPerDay]share
}

// add takes one hour in: its local time, its place in the forecast, what was measured
// and a week before, and the quantiles. Where the forecast has nothing to say, the value
// of a week before stands for all three, and no interval counts.
func (b *bandTally) add(local time.Time, lead int, actual, week, low, middle, high float64) {
	b.load += math.Abs(actual)
	b.naive += math.Abs(actual - week)
	if middle != middle {
		b.wrong += math.Abs(actual - week)
		b.pinball += math.Abs(actual-week) / 2
		b.bias += week - actual
		return
	}
	b.wrong += math.Abs(actual - middle)
	b.pinball += (pinball(lowLevel, actual, low) + pinball(.5, actual, middle) + pinball(highLevel, actual, high)) / 3
	b.bias += middle - actual
	b.width += high - low
	inside := actual >= low && actual <= high
	b.all.add(inside)
	b.byWeekday[local.Weekday()].add(inside)
	b.byLead[lead].add(inside)
	b.byHour[local.Hour()].add(inside)
}

// pinball is the loss of a quantile of a level (Koenker and Bassett 1978). The mean over
// the levels 0.1, 0.5 and 0.9 of one value for all three is half its absolute error.
func pinball(level, actual, quantile float64) float64 {
	if actual >= quantile {
		return level * (actual - quantile)
	}
	return (1 - level) * (quantile - actual)
}

// Bands is how good quantiles were, over some series.
type Bands struct {
	// RelMAE and Pinball are geometric means over series of the median's mean absolute
	// error and of the mean pinball loss at 0.1, 0.5 and 0.9, over those of the seasonal
	// naive of 168 hours, whose value is all three of its quantiles.
	RelMAE  float64 `json:"relMAE"`
	Pinball float64 `json:"pinball"`
	// Coverage80 is the share of hours within the interval from 0.1 to 0.9, over all series.
	Coverage80 float64 `json:"coverage80"`
	// Width is the mean over series of the interval's mean width, over the mean absolute
	// error of the seasonal naive.
	Width float64 `json:"width"`
	// Bias is Σ (median − load) over Σ |load|: above 0 where forecasts are too high.
	Bias float64 `json:"bias"`

	// Coverage of parts, null where a part has no hour: from Monday on, by hours after
	// the issue, and by local hour of day.
	ByWeekday []*float64 `json:"coverageByWeekday"`
	ByLead    []*float64 `json:"coverageByLead"`
	ByHour    []*float64 `json:"coverageByHour"`
}

// bandsOf adds some series up; leads is how many hours after the issue are listed.
func bandsOf(tallies []*bandTally, leads int) Bands {
	var sum bandTally
	var wrong, pinball, width []float64
	for _, t := range tallies {
		wrong = append(wrong, t.wrong/t.naive)
		pinball = append(pinball, t.pinball/(t.naive/2))
		width = append(width, t.width/t.naive)
		sum.bias += t.bias
		sum.load += t.load
		sum.all.join(t.all)
		joinAll(sum.byWeekday[:], t.byWeekday[:])
		joinAll(sum.byLead[:], t.byLead[:])
		joinAll(sum.byHour[:], t.byHour[:])
	}
	monday := append(append([]share{}, sum.byWeekday[1:]...), sum.byWeekday[0])
	return Bands{
		RelMAE: geometric(wrong), Pinball: geometric(pinball), Width: finiteMean(width), Bias: orZero(sum.bias / sum.load),
		Coverage80: orZero(sum.all.of()), ByWeekday: shares(monday), ByLead: shares(sum.byLead[:leads]), ByHour: shares(sum.byHour[:]),
	}
}

func (s *share) join(o share) { s.inside, s.hours = s.inside+o.inside, s.hours+o.hours }

func joinAll(into, from []share) {
	for i := range into {
		into[i].join(from[i])
	}
}

func shares(of []share) []*float64 {
	out := make([]*float64, len(of))
	for i, s := range of {
		if s.hours > 0 {
			v := s.of()
			out[i] = &v
		}
	}
	return out
}

func orZero(v float64) float64 {
	if v != v {
		return 0
	}
	return v
}
