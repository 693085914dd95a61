package twin

import (
	"reflect"
	"slices"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// freshHours is the span before an issue over which missing readings count.
const freshHours = meter.HoursPerWeek

// decider decides under the policy of some rules.
type decider struct {
	rules  *Rules
	plans  map[*Meter]*plans // nil if the meters have them
	limits map[*group]*plans // likewise, of groups
}

// DecideBeside makes the partition decide under other rules too, on the windows and
// forecasts that it has anyway. The rules must share its forecasts, now and whenever it
// switches to others. What is decided is in Effects.Beside and leads to nothing else:
// the other effects are as without it, and an encoded state has none of it.
func (p *Partition) DecideBeside(r *Rules) {
	p.beside = &decider{rules: r, plans: map[*Meter]*plans{}, limits: map[*group]*plans{}}
	if p.watermark != meter.NoHour {
		p.due = p.issuesAfter(p.watermark)
	}
}

// SwitchBeside makes other rules hold for what DecideBeside decides. They share the
// forecasts too.
func (p *Partition) SwitchBeside(r *Rules) {
	p.beside.rules = r
	if p.watermark != meter.NoHour {
		p.due = p.issuesAfter(p.watermark)
	}
}

// SharesForecasts reports whether windows and forecasts under both rules are the same:
// they differ in the policy at most, and there not in how groups nest.
func (r *Rules) SharesForecasts(other *Rules) bool {
	a, b := r.Settings, other.Settings
	a.SpecHash, b.SpecHash, a.Series, b.Series = "", "", 0, 0
	a.Policy, b.Policy = dsm.Policy{}, dsm.Policy{}
	return reflect.DeepEqual(a, b) && sameTree(r, other)
}

// decide revises the plans of one group, or tree, and makes those that are due at t, under the rules
// and under those beside them.
func (p *Partition) decide(g *group, t meter.Hour, due issueTimes, seen meter.Hour, fx *Effects) {
	own, made := decider{rules: p.rules}, len(fx.Decisions)
	if t == due.forecast && p.rules.revises() {
		fx.Decisions = own.revise(g, t, t+meter.Hour(p.rules.forecastHours(t, due)), seen, fx, fx.Decisions)
	}
	if t == due.plans {
		fx.Decisions = own.decide(g, t, seen, fx, fx.Decisions)
	}
	fx.Counts.Decisions += int64(len(fx.Decisions) - made)
	if p.beside == nil {
		return
	}
	if t == due.forecast && p.beside.rules.revises() {
		due.plans = due.beside
		reach := t + meter.Hour(p.beside.rules.forecastHours(t, due))
		fx.Beside = p.beside.revise(g, t, reach, seen, fx, fx.Beside)
	}
	if t == due.beside {
		fx.Beside = p.beside.decide(g, t, seen, fx, fx.Beside)
	}
}

// decide makes the plans of one group, or tree, that are issued at t, appends them to dst and
// remembers them for the next day. Forecasts of the meters and of the group from t on are in fx; plans
// before are in memory that is used again.
func (d *decider) decide(g *group, t, seen meter.Hour, fx *Effects, dst []Decision) []Decision {
	day, place, meters := d.rules.plannedAt(t), fx.floats.place, g.all()
	if slices.ContainsFunc(meters, func(m *Meter) bool { return d.plansOf(m).newest().day.Start >= day.Start }) {
		return dst // it was planned before the lead time became shorter
	}
	fx.inputs = fx.inputs[:0]
	for i, m := range meters {
		in := d.rules.planInput(m, t, day, fx.quantiles[i])
		before := d.plansOf(m).newest()
		in.Previous = before.movedTo(day.Start, day.Hours(), fx)
		fx.inputs = append(fx.inputs, in)
	}
	in := dsm.GroupInput{
		Group: g.name, IssuedAt: t, Start: day.Start, Slots: day.Hours(), ActionableFrom: max(day.Start, seen), Meters: fx.inputs,
	}
	d.setGroups(&in, day, fx)
	fx.decisions = d.rules.planner.Plan(&in, fx.decisions[:0])
	fx.floats.place = place
	for i := range fx.decisions {
		made := Decision{Decision: fx.decisions[i]}
		if made.Meter == "" {
			of := fx.listed(made.Group)
			d.plansOfGroup(of).put(&made.Decision)
			made.GroupNo = of.number
		} else {
			m := meters[i]
			d.plansOf(m).put(&made.Decision)
			made.MeterNo, made.GroupNo = m.MeterNo, m.group.number
		}
		dst = append(dst, made)
	}
	return dst
}

// setGroups fills in the forecasts of the group, or of those of the tree, over the hours
// of a plan, and the decisions about them that are in force.
func (d *decider) setGroups(in *dsm.GroupInput, day Day, fx *Effects) {
	from, to := int(in.Start-in.IssuedAt), int(day.End-in.IssuedAt)
	fx.nested = fx.nested[:0]
	for i := range fx.tree {
		e := &fx.tree[i]
		n := dsm.NestedGroup{Name: e.group.name, First: e.first, End: e.end, Forecast: span(e.whole, from, to)}
		if p := d.plansOfGroup(e.group).of(day); p != nil {
			n.InForce = p.id
		}
		fx.nested = append(fx.nested, n)
	}
	if in.Nested = fx.nested; len(fx.nested) == 1 {
		in.Nested, in.Forecast, in.InForce = nil, fx.nested[0].Forecast, fx.nested[0].InForce
	}
}

// planInput is what the plan of a meter for a day rests on; q is its forecast from the
// issue t on.
func (r *Rules) planInput(m *Meter, t meter.Hour, day Day, q forecast.Quantiles) dsm.MeterInput {
	lead := int(day.Start - t)
	in := dsm.MeterInput{
		Name:         m.Name,
		Group:        m.Group,
		Forecast:     span(q, lead, lead+day.Hours()),
		LastReading:  m.lastBefore(t),
		MissingShare: m.window.Missing(t, freshHours),
		Suspects:     m.window.Suspects(t, meter.HoursPerDay),
	}
	if r.Policy.Tariff.DemandCharge > 0 {
		month := r.monthStart(day.Start)
		in.MonthPeak = m.peak(month, t)
		in.ExpectedPeak = highest(span(q, int(max(month, t)-t), lead).P50)
	}
	return in
}

// monthStart is the first hour of the local calendar month of h.
func (r *Rules) monthStart(h meter.Hour) meter.Hour {
	y, month, _ := r.cal.Local(h).Date()
	return meter.DayStart(y, month, 1, r.cal.Location())
}

// peak is the meter's highest hour from one to before another, kW, as far as its window
// reaches back; 0 if there is none.
func (m *Meter) peak(from, to meter.Hour) float64 {
	peak := 0.0
	for h := max(from, m.window.Oldest()); h < to; h++ {
		if v := float64(m.window.At(h)); v > peak {
			peak = v
		}
	}
	return peak
}

// highest is the highest of some values, 0 if there is none above.
func highest(v []float32) float64 {
	most := float32(0)
	for _, x := range v {
		if x > most {
			most = x
		}
	}
	return float64(most)
}

// plansOf are the plans of a meter.
func (d *decider) plansOf(m *Meter) *plans {
	if d.plans == nil {
		return &m.plans
	}
	if d.plans[m] == nil {
		d.plans[m] = new(plans)
	}
	return d.plans[m]
}

// plansOfGroup are the plans for the limit of a group, of which no hours are kept; none
// without a limit.
func (d *decider) plansOfGroup(g *group) *plans {
	if d.plans == nil {
		return &g.plans
	}
	if d.limits[g] == nil {
		d.limits[g] = new(plans)
	}
	return d.limits[g]
}
