package processor

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/window"
)

// message is one record of the stream, decoded as far as it could be.
type message struct {
	stream.Record
	reading meter.Message // valid if err is nil
	err     error
	meter   *meterState // of the reading; nil if it is not to be had
}

// apply takes one message: it enters the windows, moves the watermark, and
// whatever that leads to is added to the batch. Every meter of the message is
// known already; warm holds the history of those that are new.
func (p *partition) apply(msg *message, b *batch, warm map[string]history.Series) {
	b.rows.Counts.In++
	p.next = msg.Offset + 1
	if msg.err != nil {
		b.quarantine(msg, meter.Reason(msg.err), msg.err.Error())
		return
	}
	m := msg.meter
	if reason, detail := p.refuse(msg, m); reason != "" {
		b.quarantine(msg, reason, detail)
		return
	}
	if h, ok := warm[m.Name]; ok {
		p.enterHistory(m, h, b)
		delete(warm, m.Name)
	}
	if !msg.reading.Whole() {
		p.takePart(msg, b)
		return
	}
	p.take(held{meter: m, hour: msg.reading.Hour, kwh: msg.reading.KWh}, msg.Offset, b)
}

// refuse tells why a well-formed message is not taken, or "".
func (p *partition) refuse(msg *message, m *meterState) (reason, detail string) {
	h := msg.reading.Hour
	switch reason = p.rules.refuse(&msg.reading, msg.Time()); {
	case reason == reasonOutsideWindow:
		return reason, fmt.Sprintf("%s lies outside the dataset's window from %s to %s", h, p.rules.from, p.rules.to)
	case reason != "":
		return reason, fmt.Sprintf("%s is more than %s after the broker's time %s", msg.reading.Start().Format(time.RFC3339), p.rules.maxAhead, msg.Time().UTC().Format(time.RFC3339))
	case m == nil || m.foreign:
		return reasonWrongPartition, p.foreignDetail(m)
	case m.Group != string(msg.reading.Group):
		return reasonGroupChanged, fmt.Sprintf("the meter belongs to group %q, the message says %q", m.Group, msg.reading.Group)
	}
	return "", ""
}

// foreignDetail says where the readings of a meter of another partition belong.
func (p *partition) foreignDetail(m *meterState) string {
	belongs := "another partition"
	if m != nil {
		belongs = fmt.Sprintf("partition %d", m.Partition)
	}
	return fmt.Sprintf("the meter belongs to %s, this reading came through partition %d: its first reading had another key, "+
		"which is the group, or the meter where there is none, or another partitioner", belongs, p.number)
}

// enterHistory puts a new meter's warm-up into its window and the batch.
func (p *partition) enterHistory(m *meterState, past history.Series, b *batch) {
	for i, v := range past.KWh {
		if v != v {
			continue
		}
		h := past.From + meter.Hour(i)
		m.window.Put(h, v)
		b.change(m.group, h)
		b.rows.New.Append(m.MeterNo, h, v, b.judged(m, h, timescale.WarmUp))
		b.rows.Counts.Stored++
		m.stored++
	}
	b.touch(m)
	m.join()
	for h := m.window.Oldest(); h < p.watermark; h++ {
		m.model.Advance(m.window, h)
	}
}

// take holds a reading back that jumps too far ahead, until a second one
// agrees; all others are entered at once.
func (p *partition) take(r held, offset int64, b *batch) {
	if !p.jumps(r.hour) {
		p.enter(r, offset, b)
		p.enterReached(b)
		return
	}
	for _, other := range p.held {
		if other.meter == r.meter && other.hour == r.hour {
			// The same reading again is no second opinion. Its row was written when it
			// came first.
			p.repeatHeld(r, offset, b)
			return
		}
	}
	p.writeHeld(r, offset, b)
	p.held = append(p.held, r)
	p.releaseHeld(b)
}

func (p *partition) jumps(h meter.Hour) bool {
	return p.watermark == meter.NoHour || h-p.rules.lateness > p.watermark+maxJump
}

// writeHeld stores a held reading's row: the message is done with as far as
// the stream is concerned, only the window has to wait. The row may exist, as
// the window could not be asked: the database decides, and keeps what it replaces.
func (p *partition) writeHeld(r held, offset int64, b *batch) {
	b.rows.Held = append(b.rows.Held, r.unseen(timescale.Measured, offset))
	b.rows.Counts.Stored++
	r.meter.stored++
	b.touch(r.meter)
}

// unseen is the row of a reading that the window has nothing to say about.
func (r *held) unseen(q timescale.Quality, offset int64) timescale.Unseen {
	return timescale.Unseen{MeterNo: r.meter.MeterNo, Hour: r.hour, KWh: r.kwh, Quality: q, Offset: offset}
}

func (p *partition) repeatHeld(r held, offset int64, b *batch) {
	for i := range p.held {
		if p.held[i].meter != r.meter || p.held[i].hour != r.hour {
			continue
		}
		switch old := p.held[i].kwh; {
		case old != old: // the hour was known in part
			p.writeHeld(r, offset, b)
		case old == r.kwh:
			b.rows.Counts.Duplicates++
		default:
			b.correct(r.meter, r.hour, old, r.kwh, timescale.Corrected, offset)
		}
		p.held[i].kwh = r.kwh
		return
	}
}

// releaseHeld lets two held readings move the watermark to the lesser of
// them, and enters every reading that is then within reach.
func (p *partition) releaseHeld(b *batch) {
	for len(p.held) >= 2 {
		lesser := min(p.held[0].hour, p.held[1].hour)
		p.watermarkTo(lesser-p.rules.lateness, lesser, b)
		p.enterReached(b)
	}
}

// enterReached enters the held readings that the watermark has come near to.
func (p *partition) enterReached(b *batch) {
	for i := 0; i < len(p.held); {
		if r := p.held[i]; !p.jumps(r.hour) {
			p.held = slices.Delete(p.held, i, i+1)
			p.enterHeld(r, b)
			i = 0 // the watermark has moved: others may be within reach
			continue
		}
		i++
	}
}

// enterHeld puts a reading whose row is written already into its window. Of an
// hour that is known in part only event time takes note.
func (p *partition) enterHeld(r held, b *batch) {
	m := r.meter
	if r.kwh == r.kwh {
		if outcome, _ := m.window.Put(r.hour, r.kwh); outcome != window.Duplicate && m.window.Suspect(r.hour) {
			b.rejudge(m, window.Verdict{Hour: r.hour, Suspect: true})
		}
		b.rejudgeOthers(m)
		b.touch(m)
		b.change(m.group, r.hour)
	}
	p.watermarkTo(r.hour-p.rules.lateness, r.hour, b)
	m.join()
}

// enter puts a reading into its window and its row into the batch.
func (p *partition) enter(r held, offset int64, b *batch) {
	m := r.meter
	quality := timescale.Measured
	if r.hour < p.watermark {
		quality = timescale.Late
	}
	outcome, old := m.window.Put(r.hour, r.kwh)
	switch outcome {
	case window.Duplicate:
		b.rows.Counts.Duplicates++
		return
	case window.TooOld:
		quality = timescale.Late
		if !m.window.IsPlausible(r.kwh) {
			quality = quality.Suspect()
			b.rows.Counts.Suspect++
		}
		b.rows.Older = append(b.rows.Older, r.unseen(quality, offset))
		b.rows.Counts.Late++ // whether it is new or a repeat only the database could tell
		b.touch(m)
		b.change(m.group, r.hour)
		return
	case window.Correction:
		b.correct(m, r.hour, old, r.kwh, b.judged(m, r.hour, timescale.Corrected), offset)
	case window.Stored:
		b.rows.New.Append(m.MeterNo, r.hour, r.kwh, b.judged(m, r.hour, quality))
		b.rows.Counts.Stored++
		m.stored++
	}
	if quality == timescale.Late {
		b.rows.Counts.Late++
	}
	b.touch(m)
	b.change(m.group, r.hour)
	p.watermarkTo(r.hour-p.rules.lateness, r.hour, b)
	if !m.joined { // after the issue times that its first reading passes
		m.join()
	}
}

// watermarkTo ends all hours before w, one by one, and issues forecasts and
// decisions on the way. seen is the greatest hour that has been read.
func (p *partition) watermarkTo(w, seen meter.Hour, b *batch) {
	if p.watermark == meter.NoHour {
		p.watermark = w
		p.nextIssue = p.rules.nextIssue(w)
		for _, g := range p.groups {
			for _, m := range g.meters {
				p.relearn(m)
			}
		}
		return
	}
	for p.watermark < w {
		for _, g := range p.groups {
			for _, m := range g.meters {
				m.model.Advance(m.window, p.watermark)
				if m.parts != nil {
					m.giveUpParts(p.watermark, b)
				}
			}
		}
		p.watermark++
		if p.watermark == p.nextIssue {
			p.nextIssue = p.rules.nextIssue(p.watermark)
			p.issue(p.watermark, seen, b)
		}
	}
}

// newest is the newest hour with a reading that is not suspect; NoHour if there is
// none.
func (m *meterState) newest() meter.Hour {
	h := m.window.Newest()
	if v := m.window.At(h); v == v {
		return h
	}
	return m.lastBefore(h)
}

// lastBefore is the newest hour before h with a reading that is not suspect.
func (m *meterState) lastBefore(h meter.Hour) meter.Hour {
	newest := m.window.Newest()
	if newest == meter.NoHour {
		return meter.NoHour
	}
	for g := min(newest, h-1); g >= m.window.Oldest(); g-- {
		if v := m.window.At(g); !math.IsNaN(float64(v)) {
			return g
		}
	}
	return meter.NoHour
}
