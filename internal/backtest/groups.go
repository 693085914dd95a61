package backtest

import (
	"fmt"
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// Group is a group of meters.
type Group struct {
	Name   string
	Meters []string
}

// GroupsOf are groups of n meters by name; the last one has what is left.
func GroupsOf(all []*Series, n int) []Group {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Meter
	}
	slices.Sort(names)
	var out []Group
	for part := range slices.Chunk(names, n) {
		out = append(out, Group{Name: fmt.Sprintf("group-%04d", len(out)+1), Meters: part})
	}
	return out
}

// GroupsReport is how forecasts of groups were: their own, made from the sum of their
// meters, and those of the meters added up, on the same hours. Hours for which a meter of
// the group has no forecast count for neither.
type GroupsReport struct {
	Own   Bands       `json:"own"`
	Added Bands       `json:"added"` // the sums of the meters' quantiles
	List  []GroupLine `json:"list"`  // by name
	Total *GroupLine  `json:"total"` // all meters of the groups; null if they have no hour that counts

	Limits *LimitsReport `json:"limits"` // null if no group has a limit

	LeftOut []LeftOut `json:"leftOut"` // groups that do not count
}

// GroupLine is one group.
type GroupLine struct {
	Group  string `json:"group"`
	Meters int    `json:"meters"`
	Own    Bands  `json:"own"`
	Added  Bands  `json:"added"`
}

// kept is a forecast of a meter as it was issued.
type kept struct {
	origin            meter.Hour
	low, middle, high []float32
}

// keep keeps some hours of an issue.
func keep(d *day, hours int) kept {
	return kept{
		origin: d.origin, low: slices.Clone(d.low[:hours]), middle: slices.Clone(d.path[combined][:hours]), high: slices.Clone(d.high[:hours]),
	}
}

// keptOf are the forecasts that each meter has of an origin, nil where it has none. next are
// the places of the first of each that may come; origins do not fall.
func keptOf(origin meter.Hour, lists [][]kept, next []int, out []*kept) []*kept {
	out = out[:0]
	for m, list := range lists {
		for next[m] < len(list) && list[next[m]].origin < origin {
			next[m]++
		}
		if next[m] == len(list) || list[next[m]].origin != origin {
			out = append(out, nil)
			continue
		}
		out = append(out, &list[next[m]])
	}
	return out
}

// groupScore is how the forecasts of one group were.
type groupScore struct {
	own        *score
	added      bandTally
	members    []*score
	series     []*Series // of the members
	sum        Series
	ownOnThese bandTally // of the hours that Added has too
	limit      *limitScore
	err        error
}

// groups scores all groups and their total.
func (o *Options) groups(all []*Series, scores []*score) (*GroupsReport, error) {
	at := map[string]int{}
	total := Group{Name: "all groups"}
	for i, s := range all {
		at[s.Meter] = i
	}
	for _, g := range o.Groups {
		total.Meters = append(total.Meters, g.Meters...)
	}
	done := make([]*groupScore, len(o.Groups)+1)
	each(len(done), func() func(i int) {
		fx := &twin.Effects{}
		return func(i int) {
			g, isGroup := total, i < len(o.Groups)
			if isGroup {
				g = o.Groups[i]
			}
			done[i] = o.scoreGroup(g, isGroup, at, all, scores, fx)
		}
	})
	for _, g := range done {
		if g.err != nil {
			return nil, g.err
		}
	}
	return groupsReport(done, o), nil
}

// scoreGroup forecasts the sum of a group's meters as if it were a meter. Meters without
// any forecast are no part of it.
func (o *Options) scoreGroup(g Group, isGroup bool, at map[string]int, all []*Series, scores []*score, fx *twin.Effects) *groupScore {
	out := &groupScore{}
	for _, name := range g.Meters {
		i, known := at[name]
		if known && len(scores[i].kept) > 0 {
			out.series, out.members = append(out.series, all[i]), append(out.members, scores[i])
		}
	}
	out.sum = sumOf(g.Name, out.series)
	if len(out.sum.KWh) == 0 {
		out.own = &score{name: g.Name}
		out.own.decide(&out.sum, 0, 0)
		return out
	}
	rules := o.RulesOf(g.Name)
	from, to := o.span(&out.sum, rules)
	out.own = &score{name: g.Name, history: historicError(&out.sum, from)}
	var planned func(d *day)
	if o.Limits != nil && isGroup {
		if out.limit, out.err = o.Limits.score(&out.sum, from); out.limit != nil {
			planned = out.takePlanned()
		}
	}
	takeBoth := out.takeBoth(o.Calendar)
	newReplay(&out.sum, o.Calendar, from, to, func(d *day) {
		out.own.take(&out.sum, o.Calendar, d)
		takeBoth(d)
		if out.limit != nil {
			out.limit.takeHours(&out.sum, d)
		}
	}, planned).run(rules, fx)
	out.own.decide(&out.sum, from, to)
	return out
}

// takePlanned plans the days of the group for its limit, of which each meter has a forecast.
func (g *groupScore) takePlanned() func(d *day) {
	lists, next := g.lists(func(c *score) []kept { return c.planned })
	var forecasts []*kept
	return func(d *day) {
		forecasts = keptOf(d.origin, lists, next, forecasts)
		members := make([]member, len(forecasts))
		for m, k := range forecasts {
			if k == nil {
				return
			}
			members[m] = member{g.series[m], k}
		}
		g.limit.takeDay(&g.sum, d, members)
	}
}

// lists are forecasts that are kept of each member, and places in them for keptOf.
func (g *groupScore) lists(of func(c *score) []kept) (lists [][]kept, next []int) {
	for _, c := range g.members {
		lists = append(lists, of(c))
	}
	return lists, make([]int, len(lists))
}

// sumOf is the load of a group by the rule of the twin (twin.GroupHourSum).
func sumOf(name string, members []*Series) Series {
	out := Series{Meter: name}
	if len(members) == 0 {
		return out
	}
	out.From = members[0].From
	end := out.From
	for _, s := range members {
		out.From, end = min(out.From, s.From), max(end, s.End())
	}
	out.KWh = make([]float32, end-out.From)
	for i := range out.KWh {
		h := out.From + meter.Hour(i)
		var sum twin.GroupHourSum
		for _, s := range members {
			sum.Add(s, h)
		}
		out.KWh[i] = sum.KWh()
	}
	return out
}

// takeBoth scores the group's own forecast and the sum of those of its meters on the
// hours that both have.
func (g *groupScore) takeBoth(cal *meter.Calendar) func(d *day) {
	lists, next := g.lists(func(c *score) []kept { return c.kept })
	var forecasts []*kept
	return func(d *day) {
		forecasts = keptOf(d.origin, lists, next, forecasts)
		g.takeHours(cal, d, forecasts)
	}
}

func (g *groupScore) takeHours(cal *meter.Calendar, d *day, forecasts []*kept) {
	var low, middle, high [maxLead]float64
	for _, k := range forecasts {
		for i := range d.scored {
			if k == nil {
				middle[i] = math.NaN()
				continue
			}
			low[i] += float64(k.low[i])
			middle[i] += float64(k.middle[i])
			high[i] += float64(k.high[i])
		}
	}
	for i := range d.scored {
		h := d.origin + meter.Hour(i)
		y, week := float64(g.sum.At(h)), float64(d.path[naiveWeek][i])
		if y != y || week != week || middle[i] != middle[i] {
			continue
		}
		local := cal.Local(h)
		g.added.add(local, i, y, week, low[i], middle[i], high[i])
		g.ownOnThese.add(local, i, y, week, float64(d.low[i]), float64(d.path[combined][i]), float64(d.high[i]))
	}
}

func groupsReport(done []*groupScore, o *Options) *GroupsReport {
	r := &GroupsReport{List: []GroupLine{}, LeftOut: []LeftOut{}}
	var own, added []*bandTally
	var limits []*limitScore
	for i, g := range done {
		isTotal := i == len(done)-1
		if g.own.out == "" && g.added.all.hours == 0 {
			g.own.out, g.own.detail = TooShort, "no hour has a forecast of each of its meters: give --from and --to within the readings of all"
		}
		if g.own.out != "" {
			if !isTotal {
				r.LeftOut = append(r.LeftOut, LeftOut{Meter: g.own.name, Reason: g.own.out, Detail: g.own.detail})
			}
			continue
		}
		leads := o.RulesOf(g.own.name).Leads()
		line := GroupLine{
			Group: g.own.name, Meters: len(g.members),
			Own: bandsOf([]*bandTally{&g.ownOnThese}, leads), Added: bandsOf([]*bandTally{&g.added}, leads),
		}
		if isTotal {
			r.Total = &line
			continue
		}
		r.List = append(r.List, line)
		own, added, limits = append(own, &g.ownOnThese), append(added, &g.added), append(limits, g.limit)
	}
	if o.Limits != nil {
		r.Limits = limitsReport(o.Limits.quantile, limits)
	}
	if len(own) > 0 {
		leads := len(r.List[0].Own.ByLead)
		r.Own, r.Added = bandsOf(own, leads), bandsOf(added, leads)
	}
	return r
}
