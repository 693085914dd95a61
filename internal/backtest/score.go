package backtest

import (
	"fmt"
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// maxGaps is the share of hours without a reading above which a meter is left out.
const maxGaps = 0.1

// Reason is why a meter does not count; "" if it does.
type Reason string

// The reasons.
const (
	NoReadings  Reason = "NoReadings"
	TooShort    Reason = "TooShort"    // no day of the span, or no history before it
	TooManyGaps Reason = "TooManyGaps" // over 10 % of the hours have no reading
	Flat        Reason = "Flat"        // the seasonal naive makes no error
)

// score is how the methods did on one meter.
type score struct {
	name   string
	out    Reason
	detail string // of the reason, for people
	days   int

	hours       int // that count: with an actual value and one a week before
	load        float64
	history     float64          // mean absolute error of the seasonal naive before the span
	wrong       [methods]float64 // Σ |error|
	squared     [methods]float64 // Σ error²
	byLead      [methods][maxLead]float64
	byHour      [methods][meter.HoursPerDay]float64
	substituted [methods]int
	bands       bandTally // of combined
	kept        []kept    // issues; none if no groups are asked for
	planned     []kept    // days of plans, likewise without limits

	prices, windows, peaks, batteries gains
	seconds                           float64
}

// take scores an issue. An hour without an actual value or without one a week
// before is left out for all methods; a method that has nothing to say about an
// hour counts as the seasonal naive there.
func (c *score) take(s *Series, cal *meter.Calendar, d *day) {
	if d.dayAhead {
		c.days++
	}
	for i := range d.scored {
		h := d.origin + meter.Hour(i)
		y, week := s.At(h), d.path[naiveWeek][i]
		if y != y || week != week {
			continue
		}
		c.hours++
		c.load += math.Abs(float64(y))
		local := cal.Local(h)
		for m := range d.path {
			v := d.path[m][i]
			if v != v {
				v = week
				c.substituted[m]++
			}
			e := math.Abs(float64(y) - float64(v))
			c.wrong[m] += e
			c.squared[m] += e * e
			c.byLead[m][i] += e
			c.byHour[m][local.Hour()] += e
		}
		c.bands.add(local, i, float64(y), float64(week), float64(d.low[i]), float64(d.path[combined][i]), float64(d.high[i]))
	}
}

// coverage is the share of hours within the interval.
func (c *score) coverage() float64 { return c.bands.all.of() }

// relative is the error of a method over that of the seasonal naive.
func (c *score) relative(method int) float64 { return c.wrong[method] / c.wrong[naiveWeek] }

// decide settles whether the meter counts, and if not, why.
func (c *score) decide(s *Series, from, to meter.Hour) {
	if len(s.KWh) == 0 {
		c.out, c.detail = NoReadings, "no whole hour of it is known"
		return
	}
	gaps := 0
	for h := from; h < to; h++ {
		if v := s.At(h); v != v {
			gaps++
		}
	}
	switch share := float64(gaps) / float64(to-from); {
	case c.days == 0 || c.hours == 0:
		c.out, c.detail = TooShort, fmt.Sprintf("readings from %s to %s hold no day to forecast with a reading a week before it", s.From, s.End())
	case share > maxGaps:
		c.out, c.detail = TooManyGaps, fmt.Sprintf("%.1f %% of the hours from %s to %s have no reading, %.0f %% may", 100*share, from, to, 100*maxGaps)
	case c.wrong[naiveWeek] == 0:
		c.out, c.detail = Flat, "the value of last week is always right"
	}
}

// historicError is the mean absolute error of the seasonal naive in the eight
// weeks before the span, by which MASE is scaled (Hyndman and Koehler 2006).
func historicError(s *Series, from meter.Hour) float64 {
	sum, n := 0.0, 0
	for h := from - 8*weekHours; h < from; h++ {
		if e := math.Abs(float64(s.At(h) - s.At(h-weekHours))); e == e {
			sum += e
			n++
		}
	}
	return sum / float64(n)
}
