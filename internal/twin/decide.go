package twin

import (
	"reflect"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
)

// plan is what a decision asked of a meter: change of load per slot from an hour on,
// kWh; empty if it asked for nothing.
type plan struct {
	kwh  []float32
	from meter.Hour // NoHour before the first
}

// decider decides under the policy of some rules.
type decider struct {
	rules *Rules
	plans map[*Meter]*plan // newest of each meter; nil if the meters have them
}

// DecideBeside makes the partition decide under other rules too, on the windows and
// forecasts that it has anyway. The rules must share its forecasts, now and whenever it
// switches to others. What is decided is in Effects.Beside and leads to nothing else:
// the other effects are as without it, and an encoded state has none of it.
func (p *Partition) DecideBeside(r *Rules) { p.beside = &decider{rules: r, plans: map[*Meter]*plan{}} }

// SharesForecasts reports whether windows and forecasts under both rules are the same:
// they differ in the policy at most.
func (r *Rules) SharesForecasts(other *Rules) bool {
	a, b := r.Settings, other.Settings
	a.SpecHash, b.SpecHash = "", ""
	a.Policy, b.Policy = dsm.Policy{}, dsm.Policy{}
	return reflect.DeepEqual(a, b)
}

// decides reports whether there are decisions for a day ahead.
func (p *Partition) decides() bool {
	return p.rules.planner != nil || p.beside != nil && p.beside.rules.planner != nil
}

// decide makes the plans of one group, under the rules and under those beside them.
func (p *Partition) decide(g *group, t meter.Hour, slots int, actionable meter.Hour, fx *Effects) {
	own, made := decider{rules: p.rules}, len(fx.Decisions)
	fx.Decisions = own.decide(g, t, slots, actionable, fx, fx.Decisions)
	fx.Counts.Decisions += int64(len(fx.Decisions) - made)
	if p.beside != nil {
		fx.Beside = p.beside.decide(g, t, slots, actionable, fx, fx.Beside)
	}
}

// decide makes the plans of one group for the hours from t on, appends them to dst and
// remembers them for the next issue. Plans before are in memory that is used again.
func (d *decider) decide(g *group, t meter.Hour, slots int, actionable meter.Hour, fx *Effects, dst []Decision) []Decision {
	if d.rules.planner == nil {
		return dst
	}
	place := fx.floats.place
	for i, m := range g.meters {
		fx.inputs[i].MonthPeak = d.rules.monthPeak(m, t)
		fx.inputs[i].Previous = d.planOf(m).movedTo(t, slots, fx)
	}
	fx.decisions = d.rules.planner.Plan(&dsm.GroupInput{
		Group: g.name, IssuedAt: t, Slots: slots, ActionableFrom: actionable, Meters: fx.inputs,
	}, fx.decisions[:0])
	fx.floats.place = place
	for i := range fx.decisions {
		made := Decision{Decision: fx.decisions[i], GroupNo: g.number}
		if made.Meter != "" {
			m := g.meters[i]
			*d.planOf(m) = plan{made.Plan, t}
			made.MeterNo = m.MeterNo
		}
		dst = append(dst, made)
	}
	return dst
}

// planOf is the newest plan of a meter.
func (d *decider) planOf(m *Meter) *plan {
	if d.plans == nil {
		return &m.plan
	}
	if d.plans[m] == nil {
		d.plans[m] = &plan{from: meter.NoHour}
	}
	return d.plans[m]
}

// movedTo is the plan moved by 24 hours to the slots from t on, nil if there is none.
func (l *plan) movedTo(t meter.Hour, slots int, fx *Effects) []float32 {
	if len(l.kwh) == 0 {
		return nil
	}
	out := fx.floats.take(slots)
	for i := range out {
		out[i] = 0
		if j := int(t-l.from) + i - meter.HoursPerDay; j >= 0 && j < len(l.kwh) {
			out[i] = l.kwh[j]
		}
	}
	return out
}
