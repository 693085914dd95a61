package twin

import (
	"cmp"
	"slices"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// scratch is what effects need while they are collected. Its memory is kept from
// one stretch to the next.
type scratch struct {
	touched   []*Meter
	groups    []*group             // with hours that changed
	subHourly []*Meter             // with new sub-hour readings
	quantiles []forecast.Quantiles // of a group's meters, for the issue that is being made
	turns     []forecast.Turn      // likewise
	tree      []inTree             // the groups of the tree, or the one group, for which something is issued
	nested    []dsm.NestedGroup
	inputs    []dsm.MeterInput
	decisions []dsm.Decision
	floats    arena
}

// Begin empties fx for a stretch that starts at the partition's next offset.
func (p *Partition) Begin(fx *Effects) {
	for _, m := range fx.touched {
		m.touched, m.stored = false, 0
	}
	for _, g := range fx.groups {
		g.changed = g.changed[:0]
	}
	for _, m := range fx.subHourly {
		m.subHours.listed = false
	}
	fx.New.Reset()
	fx.Corrected.Reset()
	fx.releaseIssue()
	clear(fx.GroupForecasts)
	clear(fx.Loads)
	clear(fx.Rejected)
	clear(fx.SubHours)
	fx.SubHours, fx.SubHourDone = fx.SubHours[:0], fx.SubHourDone[:0]
	fx.Late, fx.Revisions, fx.GroupTotals = fx.Late[:0], fx.Revisions[:0], fx.GroupTotals[:0]
	fx.Pending, fx.Older, fx.Recounts = fx.Pending[:0], fx.Older[:0], fx.Recounts[:0]
	fx.Verdicts, fx.Issued = fx.Verdicts[:0], fx.Issued[:0]
	fx.GroupForecasts, fx.Loads = fx.GroupForecasts[:0], fx.Loads[:0]
	fx.Newest, fx.Rejected = fx.Newest[:0], fx.Rejected[:0]
	fx.Counts = Counts{}
	fx.touched, fx.groups, fx.subHourly = fx.touched[:0], fx.groups[:0], fx.subHourly[:0]
	fx.Partition, fx.PrevOffset = p.number, p.next
}

// releaseIssue gives up what an issue filled for each meter. It is as large as a tenth of the
// meters' states, most stretches have none, and other partitions issue at other times.
func (fx *Effects) releaseIssue() {
	if len(fx.Forecasts)+len(fx.Decisions)+len(fx.Beside) > 0 {
		fx.Forecasts, fx.Decisions, fx.Beside = nil, nil, nil
		fx.floats = arena{}
	}
	fx.floats.reset()
}

// Finish adds the effects that depend on the whole stretch: totals of the groups,
// the newest reading of each meter, and the hours that still wait for sub-hour
// readings. The state then takes the store to have all of them.
func (p *Partition) Finish(fx *Effects) {
	fx.NextOffset, fx.Watermark = p.next, p.watermark
	for _, g := range fx.groups {
		fx.addTotals(g)
	}
	for _, m := range fx.touched {
		h := m.newest()
		fx.Newest = append(fx.Newest, NewestReading{MeterNo: m.MeterNo, Hour: h, KWh: m.window.At(h), Stored: int64(m.stored)})
	}
	fx.collectSubHours()
	slices.SortFunc(fx.Rejected, func(a, b RejectedMessage) int { return cmp.Compare(a.Offset, b.Offset) })
}

// addTotals adds the totals of the hours of the group that changed. Which of them are new is
// not known of the first stretch of a state: what was there before shows in its windows.
func (fx *Effects) addTotals(g *group) {
	reach, before := reachOf(g.meters), g.newestTotal
	for _, h := range g.changed {
		if h < reach {
			fx.Recounts = append(fx.Recounts, GroupHour{GroupNo: g.number, Hour: h})
			continue
		}
		t := g.total(h)
		t.New = before != meter.NoHour && h > before
		fx.GroupTotals = append(fx.GroupTotals, t)
	}
	if before == meter.NoHour {
		for _, m := range g.meters {
			g.newestTotal = max(g.newestTotal, m.window.Newest())
		}
	}
	g.newestTotal = max(g.newestTotal, g.changed[len(g.changed)-1])
}

// touch notes that there is something new about the meter.
func (fx *Effects) touch(m *Meter) {
	if !m.touched {
		m.touched = true
		fx.touched = append(fx.touched, m)
	}
}

// change notes that the group's total of hour h is another one now, and the loads of
// the groups above it and of the partition.
func (fx *Effects) change(g *group, h meter.Hour) {
	if g.load != nil {
		g.load.note(h)
	}
	g.twin.note(h)
	for a := g.nesting.parent; a != nil; a = a.nesting.parent {
		if a.load != nil {
			a.load.note(h)
		}
	}
	if len(g.changed) == 0 {
		fx.groups = append(fx.groups, g)
	}
	g.change(h)
}

// judged is the quality of the reading that was just put into the meter's window
// at hour h, where q is how it came. What it changes about others is added.
func (fx *Effects) judged(m *Meter, h meter.Hour, q Quality) Quality {
	fx.rejudgeOthers(m)
	if m.window.Suspect(h) {
		fx.Counts.Suspect++
		return q.Suspect()
	}
	return q
}

// rejudgeOthers adds what the reading that was just put into the meter's window
// changes about others.
func (fx *Effects) rejudgeOthers(m *Meter) {
	for _, v := range m.window.Rejudged() {
		fx.rejudge(m, v)
	}
}

// rejudge adds that a reading, of this stretch or before, is suspect or no longer is.
func (fx *Effects) rejudge(m *Meter, v window.Verdict) {
	if v.Suspect {
		fx.Counts.Suspect++
	} else {
		fx.Counts.Confirmed++
	}
	fx.Verdicts = append(fx.Verdicts, Verdict{MeterNo: m.MeterNo, Hour: v.Hour, Suspect: v.Suspect})
	fx.change(m.group, v.Hour)
}

// correct adds a reading that replaces another, and came when the watermark was at w.
// Verdicts about the other are void.
func (fx *Effects) correct(r Reading, old float32, q Quality, offset int64, w meter.Hour) {
	no := r.Meter.MeterNo
	fx.Verdicts = slices.DeleteFunc(fx.Verdicts, func(v Verdict) bool { return v.MeterNo == no && v.Hour == r.Hour })
	fx.Corrected.Append(no, r.Hour, r.KWh, q)
	fx.Revisions = append(fx.Revisions, Revision{MeterNo: no, Hour: r.Hour, OldKWh: old, Offset: offset, Watermark: w})
	fx.Counts.Corrections++
}

// reject adds a message that is not accepted.
func (fx *Effects) reject(rec *Record, reason, detail string) {
	fx.Counts.Quarantined++
	fx.Rejected = append(fx.Rejected, RejectedMessage{
		Offset: rec.Offset, Reason: reason, Detail: detail, Key: rec.Key, Value: rec.Value,
	})
}

// arena hands out slices that live as long as the effects.
type arena struct {
	chunks [][]float32
	place
}

// place is where an arena takes the next slice from. Put back, it takes back all
// slices since.
type place struct {
	chunk int
	used  int // of it
}

const arenaChunk = 1 << 14

func (a *arena) take(n int) []float32 {
	if a.chunk < len(a.chunks) && a.used+n > len(a.chunks[a.chunk]) {
		a.chunk, a.used = a.chunk+1, 0
	}
	if a.chunk == len(a.chunks) {
		a.chunks = append(a.chunks, make([]float32, max(arenaChunk, n)))
		a.used = 0
	}
	out := a.chunks[a.chunk][a.used : a.used+n : a.used+n]
	a.used += n
	return out
}

func (a *arena) reset() { a.place = place{} }
