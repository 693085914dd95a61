package twin

import (
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// planned adds what the plans of the group's meters, and of those of groups below it, change, kWh by the hour from one on.
func (g *group) planned(from meter.Hour, change []float32) {
	for _, m := range g.all() {
		for i := range m.plans {
			p := &m.plans[i]
			for k, v := range p.kwh {
				if h := int(p.day.Start-from) + k; h >= 0 && h < len(change) {
					change[h] += v
				}
			}
		}
	}
}

// capacity is the limit of a group, kW; 0 if it has none.
func (r *Rules) capacity(name string) float64 {
	for i := range r.Policy.Groups {
		if g := &r.Policy.Groups[i]; g.Name == name {
			return g.CapacityKW
		}
	}
	return 0
}

// addLimitRisks adds to the forecasts of the groups of a tree how they compare with their
// limits, after the plans that are due then are made.
func (p *Partition) addLimitRisks(fx *Effects) {
	for i := range fx.tree {
		if at := fx.tree[i].issued; at >= 0 {
			p.addLimitRisk(fx.tree[i].group, &fx.GroupForecasts[at], fx)
		}
	}
}

func (p *Partition) addLimitRisk(g *group, f *GroupForecast, fx *Effects) {
	capacity := p.rules.capacity(g.name)
	if capacity <= 0 {
		return
	}
	n := len(f.P50)
	r := &LimitRisk{
		CapacityKW:        float32(capacity),
		ProbabilityBefore: fx.floats.take(n), ProbabilityAfter: fx.floats.take(n),
		ExcessBefore: fx.floats.take(n), ExcessAfter: fx.floats.take(n),
	}
	q := forecast.Quantiles{P10: f.P10, P50: f.P50, P90: f.P90}
	place := fx.floats.place
	change := fx.floats.take(n)
	clear(change)
	g.planned(f.IssuedAt, change)
	for i := range n {
		before, excessBefore := dsm.HourRisk(q, i, 0, capacity)
		after, excessAfter := dsm.HourRisk(q, i, float64(change[i]), capacity)
		r.ProbabilityBefore[i], r.ExcessBefore[i] = float32(before), float32(excessBefore)
		r.ProbabilityAfter[i], r.ExcessAfter[i] = float32(after), float32(excessAfter)
	}
	fx.floats.place = place
	f.Limit = r
}
