package processor

import (
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/window"
)

// partition is all that the twin knows of one partition's meters. Its content
// is a function of the messages before offset next, of the warm-up and of the
// rules, so that any way of getting there gives the same rows from there on.
type partition struct {
	number int
	rules  *rules
	origin string // how the state came to be, for the provenance of what is issued

	next      int64      // offset of the next message
	lastHash  uint64     // of the message at next−1
	watermark meter.Hour // hours before it are over; NoHour until two readings agree on a start
	nextIssue meter.Hour
	held      []held // readings that jump far ahead and wait for a second one

	meters map[string]*meterState
	groups []*groupState // by name

	last *meterState // the meter of the message before: what followed it last time likely follows it again
}

// meterState is one meter.
type meterState struct {
	timescale.MeterRef
	foreign bool // belongs to another partition
	joined  bool // a reading of it has been applied: it is one of the group's meters
	group   *groupState
	window  *window.Window
	model   forecast.State
	follows *meterState // the meter whose message came after this one's
	parts   *partStore  // of hours; nil while it sends whole hours only

	plan     []float32 // of the newest decision, kWh per slot; empty if it asked for nothing
	planFrom meter.Hour

	// What the batch that is being made adds.
	touched bool
	stored  int64
}

// groupState is the meters of one group, or those outside any (name "").
type groupState struct {
	name   string
	number int32
	meters []*meterState // that have joined, by name: sums run in this order; none before the first has
	dirty  []meter.Hour  // hours whose total changed in this batch, ascending
}

// held is a reading that lies over a day ahead of everything else. One wrong
// date must not end all the days between, nor push a meter's history out of
// its window: it waits until a second reading agrees.
type held struct {
	meter *meterState
	hour  meter.Hour
	kwh   float32 // NaN while only parts of the hour are known
}

// maxJump is how far one reading alone may move the watermark.
const maxJump = meter.HoursPerDay

func newPartition(number int, r *rules) *partition {
	return &partition{
		number: number, rules: r, origin: originStream,
		watermark: meter.NoHour, nextIssue: meter.NoHour,
		meters: map[string]*meterState{},
	}
}

// Origins of a partition's state.
const (
	originStream  = "stream"   // every message was seen
	originRebuilt = "database" // windows were read back from the database
)

// add makes the state of a meter that was not known. It joins its group when its
// first reading has been applied: a meter becomes known with the fetch that its
// first message is part of, and what a fetch returns must decide no row.
func (p *partition) add(ref timescale.MeterRef) *meterState {
	m := &meterState{MeterRef: ref, foreign: ref.Partition != p.number, planFrom: meter.NoHour}
	p.meters[ref.Name] = m
	if m.foreign {
		return m
	}
	m.window = window.New(p.rules.ring)
	m.window.Limit(p.rules.mostKWh)
	m.model = p.rules.model.NewState()
	m.group = p.group(ref.Group, ref.GroupNo)
	return m
}

// join makes a meter one of its group's, once.
func (m *meterState) join() {
	if m.joined {
		return
	}
	m.joined = true
	at, _ := slices.BinarySearchFunc(m.group.meters, m.Name, func(o *meterState, name string) int {
		return strings.Compare(o.Name, name)
	})
	m.group.meters = slices.Insert(m.group.meters, at, m)
}

func (p *partition) group(name string, number int32) *groupState {
	at, found := slices.BinarySearchFunc(p.groups, name, func(g *groupState, name string) int {
		return strings.Compare(g.name, name)
	})
	if !found {
		p.groups = slices.Insert(p.groups, at, &groupState{name: name, number: number})
	}
	return p.groups[at]
}

// find is the meter of a message, nil if it is not known yet. Streams repeat
// their order hour after hour, so the meter that followed the last one before
// is tried first: it saves the map look-up.
func (p *partition) find(name []byte) *meterState {
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

// switchTo makes other rules hold from here on. Windows keep what still fits; a model of
// another kind starts anew from the window. One of the same kind goes on with what it has
// learned, under the new rules' model: that one may know other temperatures.
func (p *partition) switchTo(r *rules) {
	old := p.rules
	p.rules = r
	if p.watermark != meter.NoHour {
		p.nextIssue = r.nextIssue(p.watermark)
	}
	sameModel := old.model.Name() == r.model.Name() && old.model.Version() == r.model.Version() &&
		old.issueAt == r.issueAt && old.cal.Location().String() == r.cal.Location().String()
	for _, g := range p.groups {
		for _, m := range g.meters {
			if old.ring != r.ring {
				m.window = m.window.Resized(r.ring)
			}
			m.window.Limit(r.mostKWh)
			learned := m.model.AppendBinary(nil)
			m.model = r.model.NewState()
			if sameModel {
				if rest, err := m.model.Restore(learned); err == nil && len(rest) == 0 {
					continue
				}
				m.model = r.model.NewState()
			}
			p.relearn(m)
		}
	}
}

// relearn runs a meter's model over the hours of its window that are over.
func (p *partition) relearn(m *meterState) {
	if m.window.Newest() == meter.NoHour {
		return
	}
	for h := m.window.Oldest(); h < p.watermark; h++ {
		m.model.Advance(m.window, h)
	}
}

// touch notes that the total of hour h changed.
func (g *groupState) touch(h meter.Hour) {
	if n := len(g.dirty); n > 0 && g.dirty[n-1] == h {
		return
	}
	at, found := slices.BinarySearch(g.dirty, h)
	if !found {
		g.dirty = slices.Insert(g.dirty, at, h)
	}
}

// reach is the first hour that the windows of all meters still hold.
func (g *groupState) reach() meter.Hour {
	reach := meter.NoHour
	for _, m := range g.meters {
		reach = max(reach, m.window.Oldest())
	}
	return reach
}

// load is the group's total in hour h.
func (g *groupState) load(h meter.Hour) timescale.GroupLoad {
	l := timescale.GroupLoad{GroupNo: g.number, Hour: h}
	for _, m := range g.meters {
		v := m.window.At(h)
		if v != v {
			continue
		}
		l.KWh += float64(v)
		l.Meters++
		if v < 0 {
			l.FedIn -= float64(v)
		}
	}
	return l
}
