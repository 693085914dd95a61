package backtest

import (
	"math"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// Value measures what forecasts are worth to decisions: a day is planned on a
// forecast, the plan is carried out on what really happened, and what it saves
// is compared with a plan that knew the day.
type Value struct {
	policy  dsm.Policy
	hourly  dsm.Planner
	windows dsm.Planner
	price   func(meter.Hour) (price float64, known bool)
	named   bool // the policy names a battery
}

// usualWindows is how many windows plans for people have where the policy plans by
// the hour.
const usualWindows = 2

// NewValue prepares a policy, for plans by the hour and in windows. If its tariff has a series of prices, days without
// one for every hour are left out, and the rest of the tariff does not count.
// Minimum saving and hysteresis are set aside, as they hold good plans back.
func NewValue(policy dsm.Policy, cal *meter.Calendar) (*Value, error) {
	policy.Mode, policy.MinSaving, policy.Hysteresis, policy.Freshness, policy.Groups = dsm.ModeAdvisory, 0, 0, 0, nil
	if policy.Windows == nil {
		policy.Windows = &dsm.Windows{MaxWindows: usualWindows, MinBlockHours: 1}
	}
	windows, err := dsm.NewPlanner(policy, cal, "backtest")
	if err != nil {
		return nil, err
	}
	byHour := policy
	byHour.Windows = nil
	hourly, err := dsm.NewPlanner(byHour, cal, "backtest")
	if err != nil {
		return nil, err
	}
	v := &Value{policy: policy, hourly: hourly, windows: windows, price: pricesOf(policy.Tariff, cal)}
	for i := range policy.Assets {
		v.named = v.named || policy.Assets[i].Battery != nil
	}
	return v, nil
}

func pricesOf(t dsm.Tariff, cal *meter.Calendar) func(meter.Hour) (price float64, known bool) {
	if len(t.Series) == 0 {
		price := t.PriceOf(cal)
		return func(h meter.Hour) (float64, bool) { return price(h), true }
	}
	series := make(map[meter.Hour]float64, len(t.Series))
	for _, p := range t.Series {
		series[meter.Hour(p.Unix/3600)] = p.Value
	}
	return func(h meter.Hour) (float64, bool) {
		p, known := series[h]
		return p, known
	}
}

// gains are sums over the days of a meter.
type gains struct {
	perfect                   float64
	combined, naive1, naive24 float64
	days                      int
}

func (g *gains) of(method int) *float64 {
	switch method {
	case naiveWeek:
		return &g.naive1
	case naiveDay:
		return &g.naive24
	}
	return &g.combined
}

// valued are the methods whose plans are compared.
func valued() []int { return []int{combined, naiveWeek, naiveDay} }

// take plans and settles a day of a meter, whose battery may be nil.
func (v *Value) take(c *score, b *battery, s *Series, d *day) {
	var actual, price [maxLead]float64
	for i := range d.today {
		h := d.origin + meter.Hour(i)
		p, ok := v.price(h)
		if actual[i], price[i] = float64(s.At(h)), p; !ok || actual[i] != actual[i] {
			return
		}
		for _, m := range valued() {
			if d.path[m][i] != d.path[m][i] {
				return
			}
		}
	}
	v.shift(c, d, actual[:d.today], price[:d.today])
	v.shave(c, d, actual[:d.today])
	if b != nil {
		v.stored(c, b, d, actual[:d.today], price[:d.today])
	}
}

// shift moves load to cheaper hours, by the hour and in windows.
func (v *Value) shift(c *score, d *day, actual, price []float64) {
	truth := sure(known(actual))
	for _, by := range []struct {
		planner dsm.Planner
		gains   *gains
	}{{v.hourly, &c.prices}, {v.windows, &c.windows}} {
		by.gains.days++
		by.gains.perfect += v.saving(actual, price, planDay(by.planner, d, truth))
		for _, m := range valued() {
			*by.gains.of(m) += v.saving(actual, price, planDay(by.planner, d, d.quantiles(m)))
		}
	}
}

// known are loads as a forecast states them, in kWh.
func known(actual []float64) []float32 {
	out := make([]float32, len(actual))
	for i, a := range actual {
		out[i] = float32(a)
	}
	return out
}

// sure is a forecast that does not spread.
func sure(path []float32) forecast.Quantiles {
	return forecast.Quantiles{P10: path, P50: path, P90: path}
}

// quantiles are the day's forecast by a method, as a twin plans on it: the references know
// no spread.
func (d *day) quantiles(method int) forecast.Quantiles {
	path := d.path[method][:d.today]
	if method != combined {
		return sure(path)
	}
	return forecast.Quantiles{P10: d.low[:d.today], P50: path, P90: d.high[:d.today]}
}

func planDay(planner dsm.Planner, d *day, q forecast.Quantiles) []float32 {
	out := planner.Plan(&dsm.GroupInput{
		IssuedAt: d.origin, Start: d.origin, Slots: d.today, ActionableFrom: d.origin,
		Meters: []dsm.MeterInput{{Name: "meter", LastReading: d.origin - 1, Forecast: q}},
	}, nil)
	return out[0].Plan
}

// saving is what a plan saves on the actual load, in currency.
func (v *Value) saving(actual, price []float64, plan []float32) float64 {
	after := carryOut(v.policy.Flexibility, actual, plan)
	sum := 0.0
	for i := range actual {
		sum += price[i] * (actual[i] - after[i])
	}
	return sum
}

// carryOut is the load once a plan is carried out: no hour gives more than the
// flexible share of what it really has, and what others gain shrinks with it.
func carryOut(flex dsm.Flexibility, actual []float64, plan []float32) (after [maxLead]float64) {
	copy(after[:], actual)
	planned, given := 0.0, 0.0
	for i, change := range plan {
		if change < 0 {
			can := min(-float64(change), flex.ShiftableShare*max(actual[i], 0))
			planned -= float64(change)
			given += can
			after[i] -= can
		}
	}
	for i, change := range plan {
		if change > 0 && planned > 0 {
			after[i] += float64(change) * given / planned
		}
	}
	return after
}

// shave lowers the day's highest hour.
func (v *Value) shave(c *score, d *day, actual []float64) {
	before := highest(actual)
	plan := make([]float64, d.today)
	c.peaks.days++
	c.peaks.perfect += before - dsm.ShavePeak(actual, v.policy.Flexibility, plan)
	changes := make([]float32, d.today)
	for _, m := range valued() {
		load := dsm.ExpectedLoad(d.quantiles(m), d.today)
		dsm.ShavePeak(load[:d.today], v.policy.Flexibility, plan)
		for i, x := range plan {
			changes[i] = float32(x)
		}
		after := carryOut(v.policy.Flexibility, actual, changes)
		*c.peaks.of(m) += before - highest(after[:d.today])
	}
}

func highest(load []float64) float64 {
	most := math.Inf(-1)
	for _, v := range load {
		most = max(most, v)
	}
	return most
}

// Captured is what plans save of what plans with perfect foresight would.
type Captured struct {
	PriceShift Share         `json:"priceShift"` // by the hour
	Windows    WindowsShare  `json:"windows"`    // price shift in windows, for people
	PeakShave  Share         `json:"peakShave"`
	Battery    *BatteryShare `json:"battery"` // null: no meter has one

	// What the first three hold for.
	ShiftableShare float64 `json:"shiftableShare"`
	MaxIncrease    float64 `json:"maxIncrease"`
	Rebound        float64 `json:"rebound"`
	MaxShiftHours  int     `json:"maxShiftHours"`
}

// WindowsShare is what plans in windows capture, of what plans in windows with perfect
// foresight would.
type WindowsShare struct {
	Share
	OfHourly   float64 `json:"ofHourly"` // what they save over what plans by the hour save on the same days and forecasts
	MaxWindows int     `json:"maxWindows"`
	MinBlock   int     `json:"minBlockHours"`
	OfLoad     float64 `json:"shareOfLoad,omitempty"` // of a window's load that moves; 0: all that may, in half-kilowatt-hours
}

// Share is the captured share of one problem.
type Share struct {
	Share         float64 `json:"share"`         // on the combined forecast
	Naive         float64 `json:"naive"`         // on the better of the two seasonal naives
	RegretRemoved float64 `json:"regretRemoved"` // of what the naive leaves, the share that the forecast gains
	Perfect       float64 `json:"perfect"`       // per meter and day: currency, or kW of peak
	Days          int     `json:"days"`          // meter-days
}

// capturedBy adds up all meters. Each meter counts by the share of its own
// perfect saving, so that large ones do not drown small ones.
func capturedBy(good []*score, v *Value) *Captured {
	flex := v.policy.Flexibility
	out := &Captured{ShiftableShare: flex.ShiftableShare, MaxIncrease: flex.MaxIncrease, Rebound: flex.Rebound, MaxShiftHours: flex.MaxShiftHours}
	prices, windows, peaks, batteries := make([]gains, len(good)), make([]gains, len(good)), make([]gains, len(good)), make([]gains, len(good))
	for i, c := range good {
		prices[i], windows[i], peaks[i], batteries[i] = c.prices, c.windows, c.peaks, c.batteries
	}
	form := v.policy.Windows
	out.Windows = WindowsShare{Share: shareOf(windows), OfHourly: ofHourly(windows, prices),
		MaxWindows: form.MaxWindows, MinBlock: form.MinBlockHours, OfLoad: form.Share}
	out.PriceShift, out.PeakShave, out.Battery = shareOf(prices), shareOf(peaks), batteryShareOf(batteries, v)
	return out
}

// ofHourly is the mean over meters of the share of what one form of plans saves that
// another does.
func ofHourly(windows, prices []gains) float64 {
	sum, n := 0.0, 0.0
	for i := range prices {
		if prices[i].combined > 0 {
			sum += windows[i].combined / prices[i].combined
			n++
		}
	}
	return sum / max(n, 1)
}

func shareOf(all []gains) Share {
	var s Share
	var combined, naive1, naive24, n float64
	for _, g := range all {
		s.Days += g.days
		s.Perfect += g.perfect
		if g.perfect > 0 {
			combined, naive1, naive24 = combined+g.combined/g.perfect, naive1+g.naive1/g.perfect, naive24+g.naive24/g.perfect
			n++
		}
	}
	if n == 0 {
		return s
	}
	s.Perfect /= float64(s.Days)
	s.Share, s.Naive = combined/n, max(naive1, naive24)/n
	if s.Naive < 1 {
		s.RegretRemoved = (s.Share - s.Naive) / (1 - s.Naive)
	}
	return s
}
