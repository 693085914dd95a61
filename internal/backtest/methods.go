package backtest

import (
	"math"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// maxLead is the most hours that a forecast covers.
const maxLead = forecast.MaxHorizon

// The methods that are compared. The twin uses the first.
const (
	combined = iota
	median
	dshw
	rls
	trees
	combo3
	ridge
	naiveWeek
	naiveDay
	methods
)

// methodNames are as reports write them.
func methodNames() [methods]string {
	return [methods]string{
		combined: "combined", median: "median4wk", dshw: "dshw", rls: "rls", trees: "trees",
		combo3: "combo3", ridge: "ridge", naiveWeek: "naive168", naiveDay: "naive24",
	}
}

// day is what the methods forecast at one issue, in kWh by hour from the origin.
type day struct {
	origin   meter.Hour
	dayAhead bool // issued at the issue time, by all methods
	hours    int  // of the forecast
	today    int  // of them, those before the next day-ahead issue
	scored   int  // of them, those that count: what is issued again ends them

	path      [methods][maxLead]float32
	low, high [maxLead]float32 // of combined
}

// repeat forecasts that the hours "lag" before come again, or the nearest multiple of
// it that lies before the origin; NaN where they are missing.
func (d *day) repeat(method int, s *Series, lag meter.Hour) {
	for i := range d.hours {
		h := d.origin + meter.Hour(i) - lag
		for h >= d.origin {
			h -= lag
		}
		d.path[method][i] = s.At(h)
	}
}

// follow makes a day of the references as they were forecast for it at the day-ahead
// issue before: they are not issued again.
func (d *day) follow(ahead *day) {
	after := int(d.origin - ahead.origin)
	for m := range d.path {
		for i := range d.hours {
			d.path[m][i] = float32(math.NaN())
			if i+after < ahead.hours {
				d.path[m][i] = ahead.path[m][i+after]
			}
		}
	}
}

// threeOf combines the three experts other than the forest: weight ∝ a⁻⁶, where
// a ← .9a + .1·MAE/mean(MAE).
type threeOf struct{ a [3]float64 }

const threePower, threeFading = 6, 0.9

func newThreeOf() *threeOf { return &threeOf{a: [3]float64{1, 1, 1}} }

// members are the methods that are combined.
func (f *threeOf) members() [3]int { return [3]int{median, dshw, rls} }

func (f *threeOf) combine(d *day) {
	var weight [3]float64
	total := 0.0
	for i, a := range f.a {
		weight[i] = math.Pow(a, -threePower)
		total += weight[i]
	}
	for h := range d.hours {
		sum := 0.0
		for i, m := range f.members() {
			sum += weight[i] / total * float64(d.path[m][h])
		}
		d.path[combo3][h] = float32(sum)
	}
}

func (f *threeOf) learn(d *day, s *Series) {
	var wrong [3]float64
	sum := 0.0
	for h := range d.today {
		v := s.At(d.origin + meter.Hour(h))
		for i, m := range f.members() {
			if e := math.Abs(float64(v - d.path[m][h])); e == e {
				wrong[i] += e
				sum += e
			}
		}
	}
	if sum == 0 {
		return
	}
	for i := range f.a {
		f.a[i] = max(threeFading*f.a[i]+(1-threeFading)*wrong[i]*float64(len(wrong))/sum, 0.05)
	}
}
