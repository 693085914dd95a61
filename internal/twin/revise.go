package twin

import (
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// revises reports whether plans are revised when forecasts are issued: when they are
// issued again within the day.
func (r *Rules) revises() bool { return r.planner != nil && r.Reissue < meter.HoursPerDay }

// revise revises the plans of one group, or tree, on the forecasts issued at t, which reach to
// before hour reach, for hours that are the notice away and not read yet. Those of a group
// with a limit are revised together.
func (d *decider) revise(g *group, t, reach, seen meter.Hour, fx *Effects, dst []Decision) []Decision {
	from := max(t+meter.Hour(d.rules.Policy.NoticeHours), seen)
	meters := g.all()
	if first := d.firstLimited(fx); first != nil {
		limited := *d.plansOfGroup(first) // none for a day that was planned before there was a limit
		for i := range limited {
			dst = d.reviseDay(g, 0, len(meters), t, from, reach, limited[i].day, fx, dst)
		}
		return dst
	}
	for i, m := range meters {
		all := *d.plansOf(m)
		for k := range all {
			dst = d.reviseDay(g, i, i+1, t, from, reach, all[k].day, fx, dst)
		}
	}
	return dst
}

// firstLimited is the lowest group of the tree that has a limit, nil if none has.
func (d *decider) firstLimited(fx *Effects) *group {
	for i := range fx.tree {
		if g := fx.tree[i].group; d.rules.planner.Limits(g.name) {
			return g
		}
	}
	return nil
}

// reviseDay revises the plans of some meters of a group, or a tree, for a day, from the first hour on
// at which none of them owes load, and remembers them.
func (d *decider) reviseDay(g *group, first, end int, t, from, reach meter.Hour, day Day, fx *Effects, dst []Decision) []Decision {
	meters := g.all()[first:end]
	start := d.balanced(meters, max(from, day.Start), day)
	if start >= day.End || day.End > reach {
		return dst
	}
	rest := Day{Start: start, End: day.End}
	in := dsm.GroupInput{
		Group: meters[0].Group, IssuedAt: t, Start: start, Slots: rest.Hours(), ActionableFrom: start,
	}
	if d.firstLimited(fx) != nil {
		in.Group = g.name
		d.setGroups(&in, day, fx)
	}
	fx.inputs = fx.inputs[:0]
	for i, m := range meters {
		fx.inputs = append(fx.inputs, d.reviseInput(m, t, rest, fx.quantiles[first+i]))
	}
	in.Meters = fx.inputs
	fx.decisions = d.rules.planner.Revise(&in, fx.decisions[:0])
	i := 0
	for k := range fx.decisions {
		made := Decision{Decision: fx.decisions[k]}
		if made.Meter == "" {
			of := fx.listed(made.Group)
			d.plansOfGroup(of).put(&made.Decision)
			made.GroupNo = of.number
		} else {
			for meters[i].Name != made.Meter {
				i++
			}
			m := meters[i]
			made.MeterNo, made.GroupNo, made.Superseded = m.MeterNo, m.group.number, fx.inputs[i].InForce.Plan
			d.plansOf(m).put(&made.Decision)
		}
		dst = append(dst, made)
	}
	return dst
}

// reviseInput is what a revision of a meter's plan for the rest of a day rests on.
func (d *decider) reviseInput(m *Meter, t meter.Hour, rest Day, q forecast.Quantiles) dsm.MeterInput {
	in := d.rules.planInput(m, t, rest, q)
	if p := d.plansOf(m).of(rest); p != nil {
		at := min(int(rest.Start-p.day.Start), len(p.kwh))
		in.InForce = dsm.InForce{ID: p.id, Before: p.kwh[:at]}
		if at < len(p.kwh) {
			in.InForce.Plan = p.kwh[at:]
		}
	}
	return in
}

// balanced is the first hour from one on at which no plan of the meters for the day owes
// load.
func (d *decider) balanced(meters []*Meter, from meter.Hour, day Day) meter.Hour {
	for {
		at := from
		for _, m := range meters {
			if p := d.plansOf(m).of(day); p != nil {
				at = p.day.Start + meter.Hour(d.rules.planner.NextBalance(p.kwh, int(at-p.day.Start)))
			}
		}
		if at == from {
			return at
		}
		from = at
	}
}
