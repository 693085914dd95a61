package forecast

import (
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

const (
	residualDays  = 28 // days of residuals that an interval rests on
	fewResiduals  = 10 // with fewer at an hour of day, those of all hours are pooled
	fewPooled     = 24 // with fewer of those, the range of all values is used
	naiveHistory  = residualDays*meter.HoursPerDay + meter.HoursPerWeek
	pooledMaximum = residualDays * meter.HoursPerDay
)

// seasonalNaive forecasts that a week repeats itself.
//
// The median of hour t is y(t−168); where that is missing y(t−336), then
// y(t−24) if that hour lies before the issue, else NaN.
//
// The interval is the median plus the 10 % and 90 % quantile of the residuals
// y(s)−y(s−168) of the last 28 days at the same hour of day (UTC). The quantile
// of n residuals at level p is the one at rank p(n+1), interpolated (Hyndman and
// Fan 1996, type 6): a new residual that comes from where the others came from
// falls below it with probability p. With too little history the interval is
// wider on purpose:
//   - fewer than 10 residuals at the hour of day: the 5 % and 95 % quantile of
//     the residuals of all hours;
//   - fewer than 24 of those: from the least to the greatest value of the last
//     five weeks.
//
// Where the last five weeks hold no export, no quantile is below 0. The
// quantiles never cross: P10 ≤ P50 ≤ P90.
type seasonalNaive struct{}

// NewSeasonalNaive is the model "same as last week". It uses up to 35 days of a
// meter's window (two weeks are the least for its median to have a fallback)
// and keeps no state besides.
func NewSeasonalNaive() Model { return seasonalNaive{} }

func (seasonalNaive) Name() string    { return "seasonal-naive" }
func (seasonalNaive) Version() uint16 { return 1 }
func (seasonalNaive) NewState() State { return naiveState{} }

// naiveState is empty: all that the model knows of a meter stands in its window.
type naiveState struct{}

func (naiveState) Advance(*window.Window, meter.Hour) {}

func (s naiveState) AdvanceAndForecast(w *window.Window, h meter.Hour, out Quantiles) {
	s.Advance(w, h)
	s.Forecast(w, h+1, out)
}

func (naiveState) AppendBinary(dst []byte) []byte { return dst }

func (naiveState) Restore(src []byte) ([]byte, error) { return src, nil }

func (naiveState) Forecast(w *window.Window, issue meter.Hour, out Quantiles) {
	var past naivePast
	past.read(w, issue)
	for i := range out.P50 {
		if i >= meter.HoursPerDay { // the hour of day of i−24 again
			past.spreads[i%meter.HoursPerDay].apply(&past, naiveMedian(w, issue, i), out, i)
			continue
		}
		past.spreads[i] = past.spreadAt(i)
		past.spreads[i].apply(&past, naiveMedian(w, issue, i), out, i)
	}
}

// naiveMedian is the value that the hour i after issue repeats.
func naiveMedian(w *window.Window, issue meter.Hour, i int) float32 {
	for _, lag := range [...]int{meter.HoursPerWeek, 2 * meter.HoursPerWeek, meter.HoursPerDay} {
		if i >= lag {
			continue // that hour is not over at the issue
		}
		if v := w.At(issue + meter.Hour(i-lag)); v == v {
			return v
		}
	}
	return float32(math.NaN())
}

// naivePast is what one forecast reads of the past, on the stack.
type naivePast struct {
	values     [naiveHistory]float32 // the 35 days before issue, oldest first
	low, high  float32               // least and greatest of them; NaN if there is none
	pooled     spread                // of the residuals of all hours; set by pool
	pooledDone bool
	spreads    [meter.HoursPerDay]spread
}

// spread is an interval: offsets from the median, or, where absolute, values.
type spread struct {
	low, high float32
	absolute  bool
}

func (p *naivePast) read(w *window.Window, issue meter.Hour) {
	w.Copy(p.values[:], issue-naiveHistory)
	p.low, p.high = float32(math.NaN()), float32(math.NaN())
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range p.values {
		if v < low { // never so for NaN
			low = v
		}
		if v > high {
			high = v
		}
	}
	if low <= high {
		p.low, p.high = low, high
	}
}

// spreadAt is the interval for the hours of day of issue+i, i < 24.
func (p *naivePast) spreadAt(i int) spread {
	var tails tails
	for t := meter.HoursPerWeek + i; t < naiveHistory; t += meter.HoursPerDay {
		if r := p.values[t] - p.values[t-meter.HoursPerWeek]; r == r {
			tails.add(r)
		}
	}
	if tails.n >= fewResiduals {
		low, high := tails.quantiles10and90()
		return spread{low: low, high: high}
	}
	return p.pool()
}

// pool is the interval for hours of day with too few residuals of their own.
func (p *naivePast) pool() spread {
	if p.pooledDone {
		return p.pooled
	}
	p.pooledDone = true
	var all [pooledMaximum]float32
	n := 0
	for t := meter.HoursPerWeek; t < naiveHistory; t++ {
		if r := p.values[t] - p.values[t-meter.HoursPerWeek]; r == r {
			all[n] = r
			n++
		}
	}
	if n < fewPooled {
		p.pooled = spread{low: p.low, high: p.high, absolute: true}
		return p.pooled
	}
	slices.Sort(all[:n])
	p.pooled = spread{low: sortedQuantile(all[:n], 0.05), high: sortedQuantile(all[:n], 0.95)}
	return p.pooled
}

// apply writes the quantiles of slot i.
func (s spread) apply(p *naivePast, median float32, out Quantiles, i int) {
	low, high := median+s.low, median+s.high
	if s.absolute {
		low, high = s.low, s.high
	}
	if median != median {
		low, high = median, median
	}
	if p.low >= 0 { // never exported
		low, high = max(low, 0), max(high, 0)
	}
	out.P10[i], out.P50[i], out.P90[i] = min(low, median), median, max(high, median)
}
