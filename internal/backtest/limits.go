package backtest

import (
	"fmt"
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// Limits are the limits that groups of a backtest have.
type Limits struct {
	policy   dsm.Policy
	calendar *meter.Calendar
	quantile float64
}

// usualExceedance is that of a limit for which the policy names none.
const usualExceedance = 0.1

// NewLimits are the limits that a policy names, and for other groups the quantile of the
// group's own hours before the first forecast, from 0 to 1; 0 leaves those without one. Hours that are
// forecast have no part in it: a limit that is drawn near the peaks to come is one that they seldom
// exceed, whatever forecasts state. Days are planned by the policy
// without its devices, as what these draw is not known of past readings, and without the rules that
// hold good plans back.
func NewLimits(policy dsm.Policy, cal *meter.Calendar, quantile float64) (*Limits, error) {
	policy.Mode, policy.MinSaving, policy.Hysteresis, policy.Freshness, policy.Assets = dsm.ModeAdvisory, 0, 0, 0, nil
	if _, err := dsm.NewPlanner(policy, cal, "backtest"); err != nil {
		return nil, err
	}
	return &Limits{policy: policy, calendar: cal, quantile: quantile}, nil
}

// of is the limit of a group with a load, whose first forecast is of `from`; nil if it has none.
func (l *Limits) of(s *Series, from meter.Hour) *dsm.Group {
	for i := range l.policy.Groups {
		if g := &l.policy.Groups[i]; g.Name == s.Meter && g.CapacityKW > 0 {
			return g
		}
	}
	if l.quantile == 0 {
		return nil
	}
	var hours []float32
	for h := s.From; h < from; h++ {
		if v := s.At(h); v == v {
			hours = append(hours, v)
		}
	}
	slices.Sort(hours)
	if len(hours) == 0 {
		return nil
	}
	capacity := float64(hours[min(int(l.quantile*float64(len(hours))), len(hours)-1)])
	if capacity <= 0 { // a group that feeds in has no such limit
		return nil
	}
	return &dsm.Group{Name: s.Meter, CapacityKW: capacity, Exceedance: usualExceedance}
}

// limitScore is how the load of one group compared with its limit.
type limitScore struct {
	limit   dsm.Group
	planner dsm.Planner
	flex    dsm.Flexibility

	hours, above int // with a forecast and a load; of them, above the limit
	bands        [len(riskBounds) - 1]riskTally
	held         HeldDays
}

func (l *Limits) score(s *Series, from meter.Hour) (*limitScore, error) {
	limit := l.of(s, from)
	if limit == nil {
		return nil, nil
	}
	policy := l.policy
	policy.Groups = []dsm.Group{*limit}
	planner, err := dsm.NewPlanner(policy, l.calendar, "backtest")
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", s.Meter, err)
	}
	return &limitScore{limit: *limit, planner: planner, flex: policy.Flexibility}, nil
}

// takeHours compares the risk that a forecast of the group states for each hour with what came.
func (c *limitScore) takeHours(s *Series, d *day) {
	q := forecast.Quantiles{P10: d.low[:d.hours], P50: d.path[combined][:d.hours], P90: d.high[:d.hours]}
	for i := range d.scored {
		load := float64(s.At(d.origin + meter.Hour(i)))
		probability, _ := dsm.HourRisk(q, i, 0, c.limit.CapacityKW)
		if load != load || probability != probability {
			continue
		}
		exceeded := load > c.limit.CapacityKW
		c.hours++
		if exceeded {
			c.above++
		}
		c.bands[bandOf(probability)].add(probability, exceeded)
	}
}

// member is a meter of a group on a day, as it was forecast when plans were due.
type member struct {
	series   *Series
	forecast *kept
}

// takeDay plans a day for the limit and carries the plans out on what really happened.
func (c *limitScore) takeDay(s *Series, d *day, members []member) {
	var load, actual [maxLead]float64
	for i := range d.today {
		if load[i] = float64(s.At(d.origin + meter.Hour(i))); load[i] != load[i] {
			return
		}
	}
	in := dsm.GroupInput{
		Group: s.Meter, IssuedAt: d.origin, Start: d.origin, Slots: d.today, ActionableFrom: d.origin,
		Forecast: forecast.Quantiles{P10: d.low[:d.today], P50: d.path[combined][:d.today], P90: d.high[:d.today]},
	}
	for _, m := range members {
		in.Meters = append(in.Meters, dsm.MeterInput{
			Name: m.series.Meter, LastReading: d.origin - 1,
			Forecast: forecast.Quantiles{P10: m.forecast.low, P50: m.forecast.middle, P90: m.forecast.high},
		})
	}
	exceeded := slices.ContainsFunc(load[:d.today], c.exceeds)
	decisions := c.planner.Plan(&in, nil)
	for k, m := range members {
		known := true
		for i := range d.today {
			actual[i] = float64(m.series.At(d.origin + meter.Hour(i)))
			known = known && actual[i] == actual[i]
		}
		if !known { // its readings are no part of the load either
			continue
		}
		after := carryOut(c.flex, actual[:d.today], decisions[k].Plan)
		for i := range d.today {
			load[i] += after[i] - actual[i]
		}
	}
	about := &decisions[len(decisions)-1]
	before, after := factorOf(about, dsm.FactorExceedBefore), factorOf(about, dsm.FactorExceedAfter)
	if before != before || after != after {
		return // the policy holds no limits, or there is no forecast
	}
	c.held.add(c.limit.Exceedance, before, after, exceeded, slices.ContainsFunc(load[:d.today], c.exceeds))
}

// exceeds reports whether a load exceeds the limit, but for rounding.
func (c *limitScore) exceeds(kw float64) bool { return kw > c.limit.CapacityKW*(1+1e-6) }

// factorOf is the weight of a factor of a decision; NaN if it has none.
func factorOf(d *dsm.Decision, of dsm.Factor) float64 {
	for _, f := range d.Factors {
		if f.Factor == of {
			return float64(f.Weight)
		}
	}
	return math.NaN()
}
