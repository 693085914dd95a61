package processor

import (
	"slices"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/window"
)

// batch gathers what a stretch of messages leads to. Its memory is kept from
// one batch to the next.
type batch struct {
	rows       timescale.Batch
	provenance int32

	touched   []*meterState
	groups    []*groupState // with dirty hours
	parted    []*meterState // with new parts of hours
	inputs    []dsm.MeterInput
	decisions []dsm.Decision
	floats32  arena
}

// begin empties the batch.
func (b *batch) begin() {
	for _, m := range b.touched {
		m.touched, m.stored = false, 0
	}
	for _, g := range b.groups {
		g.dirty = g.dirty[:0]
	}
	for _, m := range b.parted {
		m.parts.listed = false
	}
	r := &b.rows
	r.New.Reset()
	r.Upserts.Reset()
	clear(r.Decisions)
	clear(r.Forecasts)
	clear(r.Quarantine)
	clear(r.Parts)
	r.Parts, r.PartsDone = r.Parts[:0], r.PartsDone[:0]
	r.Revisions, r.GroupLoad = r.Revisions[:0], r.GroupLoad[:0]
	r.Held, r.Older, r.Recounts = r.Held[:0], r.Older[:0], r.Recounts[:0]
	r.Verdicts = r.Verdicts[:0]
	r.Forecasts, r.Decisions = r.Forecasts[:0], r.Decisions[:0]
	r.MeterState, r.Quarantine, r.Outbox = r.MeterState[:0], r.Quarantine[:0], r.Outbox[:0]
	r.Counts = timescale.Counts{}
	b.touched, b.groups, b.parted = b.touched[:0], b.groups[:0], b.parted[:0]
	b.floats32.reset()
}

// finish adds the rows that depend on the whole batch: totals of the groups
// and the newest of each meter.
func (b *batch) finish(p *partition, prev int64) {
	r := &b.rows
	r.Partition, r.PrevOffset, r.NextOffset = p.number, prev, p.next
	r.LastHash, r.Watermark = p.lastHash, p.watermark
	for _, g := range b.groups {
		reach := g.reach()
		for _, h := range g.dirty {
			if h < reach {
				r.Recounts = append(r.Recounts, timescale.GroupHour{GroupNo: g.number, Hour: h})
				continue
			}
			r.GroupLoad = append(r.GroupLoad, g.load(h))
		}
	}
	for _, m := range b.touched {
		h := m.newest()
		r.MeterState = append(r.MeterState, timescale.MeterState{
			MeterNo: m.MeterNo, LastHour: h, LastKWh: m.window.At(h), Readings: m.stored,
		})
	}
	b.finishParts()
	b.announceQuarantine(p, prev)
	if len(r.GroupLoad) > 0 {
		r.Outbox = append(r.Outbox, timescale.OutboxEntry{
			Kind: timescale.OutboxState, Hour: p.watermark, FromOffset: prev, ToOffset: p.next - 1,
		})
	}
}

// touch notes that the batch has something new of the meter.
func (b *batch) touch(m *meterState) {
	if !m.touched {
		m.touched = true
		b.touched = append(b.touched, m)
	}
}

// change notes that the group's total of hour h is another one now.
func (b *batch) change(g *groupState, h meter.Hour) {
	if len(g.dirty) == 0 {
		b.groups = append(b.groups, g)
	}
	g.touch(h)
}

// judged is the quality of the reading that was just put into the meter's window
// at hour h, where q says how it came. What it changes about others is added.
func (b *batch) judged(m *meterState, h meter.Hour, q timescale.Quality) timescale.Quality {
	b.rejudgeOthers(m)
	if m.window.Suspect(h) {
		b.rows.Counts.Suspect++
		return q.Suspect()
	}
	return q
}

// rejudgeOthers adds what the reading that was just put into the meter's window
// changes about others.
func (b *batch) rejudgeOthers(m *meterState) {
	for _, v := range m.window.Rejudged() {
		b.rejudge(m, v)
	}
}

// rejudge adds that a reading whose row is written, in this batch or before, is
// suspect or no longer is.
func (b *batch) rejudge(m *meterState, v window.Verdict) {
	if v.Suspect {
		b.rows.Counts.Suspect++
	} else {
		b.rows.Counts.Confirmed++
	}
	b.rows.Verdicts = append(b.rows.Verdicts, timescale.Verdict{MeterNo: m.MeterNo, Hour: v.Hour, Suspect: v.Suspect})
	b.change(m.group, v.Hour)
}

// correct adds a reading that replaces another. What was judged about the other
// is void.
func (b *batch) correct(m *meterState, h meter.Hour, old, kwh float32, q timescale.Quality, offset int64) {
	b.rows.Verdicts = slices.DeleteFunc(b.rows.Verdicts, func(v timescale.Verdict) bool {
		return v.MeterNo == m.MeterNo && v.Hour == h
	})
	b.rows.Upserts.Append(m.MeterNo, h, kwh, q)
	b.rows.Revisions = append(b.rows.Revisions, timescale.Revision{MeterNo: m.MeterNo, Hour: h, OldKWh: old, Offset: offset})
	b.rows.Counts.Corrections++
}

// quarantine adds a message that is not taken, with its original bytes.
func (b *batch) quarantine(msg *message, reason, detail string) {
	b.rows.Counts.Quarantined++
	b.rows.Quarantine = append(b.rows.Quarantine, timescale.Quarantined{
		Offset: msg.Offset, Reason: reason, Detail: detail, Key: msg.Key, Value: msg.Value,
	})
}

// issued announces the decisions of issue time t.
func (b *batch) issued(t meter.Hour) {
	b.rows.Outbox = append(b.rows.Outbox, timescale.OutboxEntry{Kind: timescale.OutboxDecisions, Hour: t})
}

func (b *batch) floats(n int) []float32 { return b.floats32.take(n) }

// arena hands out slices that live as long as the batch.
type arena struct {
	chunks [][]float32
	chunk  int
	used   int
}

const arenaChunk = 1 << 16

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

func (a *arena) reset() { a.chunk, a.used = 0, 0 }
