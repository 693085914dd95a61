package twin

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// Partition is all that the twin knows of one partition's meters. Its content is a
// function of the messages before the next offset, of the warm-up and of the rules,
// so that any way of getting there gives the same effects from there on. It is for
// one goroutine.
type Partition struct {
	number int
	rules  *Rules
	origin Origin

	next      int64            // offset of the next message
	watermark meter.Hour       // hours before it are over; NoHour until two readings agree on a start
	due       issueTimes       // after the watermark
	pending   []pendingReading // that jump far ahead and wait for a second one

	meters  map[string]*Meter
	groups  []*group         // by name
	numbers map[string]int32 // see NumberGroups
	states  forecast.States  // of meters to come
	changes loadChanges      // of the load of all meters, since the issue before

	last *Meter // the meter of the message before: what followed it last time likely follows it again

	inbox     []message // read, not applied yet
	decoded   meter.Message
	unknown   []MeterKey
	newcomers map[string]struct{} // names of unknown

	observe func(Issue) // nil for none
	beside  *decider    // nil for none
}

// Origin is what a partition's state was made from. What is issued from it names it.
type Origin string

// The origins.
const (
	FromStream Origin = "stream"   // every message was seen
	FromRows   Origin = "database" // windows were read back from a store
)

// MeterKey names a meter and its group.
type MeterKey struct {
	Name  string
	Group string // "" for none
}

// MeterRef is a meter as the caller knows it. Effects name meters and groups by
// the caller's numbers.
type MeterRef struct {
	MeterKey
	MeterNo   int32
	GroupNo   int32 // 0 for none
	Partition int   // the partition that its readings come from
}

// Meter is the state of one meter.
type Meter struct {
	MeterRef
	foreign  bool  // belongs to another partition
	joined   bool  // a reading of it has been applied: it is one of the group's meters
	touched  bool  // the stretch that is being applied has something new about it
	stored   int32 // readings that the stretch that is being applied adds
	group    *group
	window   window.Window // the zero value of a foreign meter
	model    forecast.State
	follows  *Meter    // the meter whose message came after this one's
	subHours *subHours // nil while it sends whole hours only
	plans    plans
}

// group is the meters of one group, or those outside any (name "").
type group struct {
	name    string
	number  int32
	meters  []*Meter     // that have joined, by name: sums run in this order; none before the first has
	nesting nesting      // the groups above and below it
	load    *groupLoad   // nil without forecasts of groups, and for the meters outside any group
	twin    *loadChanges // of the partition
	changed []meter.Hour // hours whose total changed in this stretch, ascending
	plans   plans        // for its limit

	newestTotal meter.Hour // no hour after it has a total; NoHour until a stretch changes one
}

// New is the state of the partition before its first message.
func New(number int, r *Rules) *Partition {
	return &Partition{
		number: number, rules: r, origin: FromStream, changes: noChanges(),
		watermark: meter.NoHour, due: noIssues(),
		meters: map[string]*Meter{}, newcomers: map[string]struct{}{},
	}
}

// Rules are those that hold now.
func (p *Partition) Rules() *Rules { return p.rules }

// Origin is what the state was made from.
func (p *Partition) Origin() Origin { return p.origin }

// Next is the offset of the next message.
func (p *Partition) Next() int64 { return p.next }

// Watermark is the hour before which all hours are over; NoHour while no readings
// agree on one.
func (p *Partition) Watermark() meter.Hour { return p.watermark }

// NextDayAhead is the next time at which day-ahead forecasts are issued; NoHour while
// there is no watermark.
func (p *Partition) NextDayAhead() meter.Hour { return p.due.dayAhead }

// Meters are those that are registered, in no order.
func (p *Partition) Meters() iter.Seq[*Meter] { return maps.Values(p.meters) }

// Len is the number of meters that are registered.
func (p *Partition) Len() int { return len(p.meters) }

// SkipTo moves the next offset over offsets without a record.
func (p *Partition) SkipTo(offset int64) { p.next = max(p.next, offset) }

// Observe makes f see each forecast as it is issued; nil ends that.
func (p *Partition) Observe(f func(Issue)) { p.observe = f }

// Register adds a meter that was not known. It joins its group when its first
// reading has been applied: a meter becomes known with the fetch that its first
// message is part of, and what a fetch returns must decide no effect.
func (p *Partition) Register(ref MeterRef) *Meter {
	m := &Meter{MeterRef: ref, foreign: ref.Partition != p.number}
	p.meters[ref.Name] = m
	if m.foreign {
		return m
	}
	m.window = *window.New(p.rules.ring)
	m.window.Limit(p.rules.mostKWh)
	m.model = p.states.New(p.rules.model)
	m.group = p.group(ref.Group, ref.GroupNo)
	m.Group = m.group.name // one text for all of its meters
	return m
}

// join makes a meter one of its group's, once.
func (m *Meter) join() {
	if m.joined {
		return
	}
	m.joined = true
	at, _ := slices.BinarySearchFunc(m.group.meters, m.Name, func(o *Meter, name string) int {
		return strings.Compare(o.Name, name)
	})
	m.group.meters = slices.Insert(m.group.meters, at, m)
	m.group.regroup()
}

// groupAt is the place of a group by its name, and whether it is there.
func (p *Partition) groupAt(name string) (int, bool) {
	return slices.BinarySearchFunc(p.groups, name, func(g *group, name string) int {
		return strings.Compare(g.name, name)
	})
}

func (p *Partition) group(name string, number int32) *group {
	at, found := p.groupAt(name)
	if found {
		return p.groups[at]
	}
	g := &group{name: name, number: number, load: newGroupLoad(name, p.rules), twin: &p.changes, newestTotal: meter.NoHour}
	p.groups = slices.Insert(p.groups, at, g)
	p.nest(g)
	return g
}

// find is the meter of a message, nil if it is not known yet. Streams repeat
// their order hour after hour, so the meter that followed the last one before
// is tried first: it saves the map look-up.
func (p *Partition) find(name []byte) *Meter {
	if p.last != nil && p.last.follows != nil && p.last.follows.Name == string(name) {
		p.last = p.last.follows
		return p.last
	}
	m := p.meters[string(name)]
	if m != nil {
		if p.last != nil {
			p.last.follows = m
		}
		p.last = m
	}
	return m
}

// SwitchTo makes other rules hold from here on. Windows keep what still fits; a model of
// another kind is retrained on the window. One of the same kind keeps what it has
// learned, under the new rules' model: that one may know other temperatures.
func (p *Partition) SwitchTo(r *Rules) {
	old := p.rules
	p.rules = r
	if p.watermark != meter.NoHour {
		p.due = p.issuesAfter(p.watermark)
	}
	if old.Policy.Mode != r.Policy.Mode {
		p.forgetPlans()
	}
	p.renest(old)
	if old.model == r.model && old.ring == r.ring && old.mostKWh == r.mostKWh {
		return // prices, at most
	}
	sameModel := old.model.Name() == r.model.Name() && old.model.Version() == r.model.Version() &&
		old.issueAt == r.issueAt && old.cal.Location().String() == r.cal.Location().String()
	for _, g := range p.groups {
		for _, m := range g.meters {
			if old.ring != r.ring {
				m.window = *m.window.Resized(r.ring)
			}
			m.window.Limit(r.mostKWh)
			learned := m.model.AppendBinary(nil)
			m.model = p.states.New(r.model)
			if sameModel {
				if rest, err := m.model.Restore(learned); err == nil && len(rest) == 0 {
					continue
				}
				m.model = r.model.NewState()
			}
			p.retrain(m)
		}
		g.switchTo(old, r, p.watermark, sameModel)
	}
}

// forgetPlans ends the plans in force: what was made under one mode is not revised under
// another.
func (p *Partition) forgetPlans() {
	for _, g := range p.groups {
		g.plans = nil
		for _, m := range g.meters {
			m.plans = nil
		}
	}
}

// retrain runs a meter's model over the hours of its window that are over.
func (p *Partition) retrain(m *Meter) {
	if m.window.Newest() == meter.NoHour {
		return
	}
	for h := m.window.Oldest(); h < p.watermark; h++ {
		m.model.Advance(&m.window, h)
	}
}

// newest is the newest hour with a reading that is not suspect; NoHour if there is
// none.
func (m *Meter) newest() meter.Hour {
	h := m.window.Newest()
	if v := m.window.At(h); v == v {
		return h
	}
	return m.lastBefore(h)
}

// lastBefore is the newest hour before h with a reading that is not suspect.
func (m *Meter) lastBefore(h meter.Hour) meter.Hour {
	newest := m.window.Newest()
	if newest == meter.NoHour {
		return meter.NoHour
	}
	for g := min(newest, h-1); g >= m.window.Oldest(); g-- {
		if v := m.window.At(g); v == v {
			return g
		}
	}
	return meter.NoHour
}

// At is the reading of hour h in kWh, NaN for a gap, a suspect reading, or an hour
// that the window does not hold.
func (m *Meter) At(h meter.Hour) float32 { return m.window.At(h) }

// change notes that the total of hour h changed.
func (g *group) change(h meter.Hour) {
	if n := len(g.changed); n > 0 && g.changed[n-1] == h {
		return
	}
	at, found := slices.BinarySearch(g.changed, h)
	if !found {
		g.changed = slices.Insert(g.changed, at, h)
	}
}

// reachOf is the first hour that the windows of all meters still hold.
func reachOf(meters []*Meter) meter.Hour {
	reach := meter.NoHour
	for _, m := range meters {
		reach = max(reach, m.window.Oldest())
	}
	return reach
}

// total is the total of the group's own meters in hour h: those of the groups below it
// have totals of their own.
func (g *group) total(h meter.Hour) GroupTotal {
	t := GroupTotal{GroupNo: g.number, Hour: h}
	for _, m := range g.meters {
		v := m.window.At(h)
		if v != v {
			continue
		}
		t.KWh += float64(v)
		t.Meters++
		if v < 0 {
			t.FedIn -= float64(v)
		}
	}
	return t
}
