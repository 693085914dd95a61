package processor

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
)

const (
	// partsWait is how many hours of event time an hour waits for the rest of its
	// parts, once it is over.
	partsWait = meter.HoursPerDay
	// maxOpenHours is how many hours of a meter may wait at once, beyond the
	// allowed lateness.
	maxOpenHours = 2 * meter.HoursPerDay
	// maxPartBytes bounds what is kept of one message, key and value.
	maxPartBytes = 4 << 10
)

// takePart takes a message about a part of an hour. The hour becomes a reading
// when its last part is there.
func (p *partition) takePart(msg *message, b *batch) {
	m, r := msg.meter, &msg.reading
	if m.parts == nil {
		m.parts = &partStore{}
	}
	if whole := m.parts.wholeAt(r.Hour); whole != nil {
		p.takePartOfWhole(msg, whole, b)
		return
	}
	if len(msg.Key)+len(msg.Value) > maxPartBytes {
		b.quarantine(msg, reasonPartTooLong, fmt.Sprintf("a message about a part of an hour is kept until the hour is whole: send at most %d bytes", maxPartBytes))
		return
	}
	open := m.parts.openAt(r.Hour)
	if open == nil {
		for len(m.parts.open) >= maxOpenHours+int(p.rules.lateness) {
			b.giveUp(m, &m.parts.open[0], fmt.Sprintf("and %d later ones wait as well", len(m.parts.open)))
		}
		open = m.parts.begin(r.Hour, max(r.Hour, p.watermark)+partsWait)
	}
	switch open.put(r) {
	case partOverlaps:
		b.quarantine(msg, reasonPartOverlaps, overlap(r))
		return
	case partRepeated:
		b.rows.Counts.Duplicates++
		return
	case partReplaced:
		b.rows.Counts.Corrections++
	case partStored:
	}
	if !open.isWhole() {
		open.keep(msg)
		b.newParts(m)
		p.reach(m, r.Hour, b)
		return
	}
	kwh := open.sum()
	m.parts.keepWhole(r.Hour, open.hourParts)
	b.closeHour(m, open)
	p.take(held{meter: m, hour: r.Hour, kwh: kwh}, msg.Offset, b)
}

// takePartOfWhole takes a part of an hour that has been whole before.
func (p *partition) takePartOfWhole(msg *message, whole *wholeHour, b *batch) {
	switch whole.put(&msg.reading) {
	case partRepeated:
		b.rows.Counts.Duplicates++
	case partReplaced:
		p.take(held{meter: msg.meter, hour: whole.hour, kwh: whole.sum()}, msg.Offset, b)
	default: // a whole hour has no room for another part
		b.quarantine(msg, reasonPartOverlaps, overlap(&msg.reading))
	}
}

func overlap(r *meter.Message) string {
	return fmt.Sprintf("%s came in parts of another length than %d minutes: send an hour in the same parts again, or as PT1H", r.Hour, r.Minutes)
}

// reach moves event time by a part of hour h, as a reading of h would: hours
// before h are over. One that lies far ahead waits for a second opinion.
func (p *partition) reach(m *meterState, h meter.Hour, b *batch) {
	if !p.jumps(h) {
		p.watermarkTo(h-p.rules.lateness, h, b)
		m.join()
		p.enterReached(b)
		return
	}
	for _, other := range p.held {
		if other.meter == m && other.hour == h {
			return
		}
	}
	p.held = append(p.held, held{meter: m, hour: h, kwh: float32(math.NaN())})
	p.releaseHeld(b)
}

// giveUpParts hands back the parts of hours that have waited until hour ended
// for the rest.
func (m *meterState) giveUpParts(ended meter.Hour, b *batch) {
	for i := 0; i < len(m.parts.open); {
		if o := &m.parts.open[i]; o.until <= ended {
			b.giveUp(m, o, fmt.Sprintf("%s has ended", ended))
			continue
		}
		i++
	}
}

// giveUp quarantines the parts of an hour that will not be whole.
func (b *batch) giveUp(m *meterState, o *openHour, why string) {
	detail := fmt.Sprintf("only %d of the 60 minutes from %s are known, %s: send all parts of the hour, or the hour as PT1H",
		o.minutes(), o.hour, why)
	for q, span := range o.span {
		if span == 0 {
			continue
		}
		msg := &o.messages[q]
		b.rows.Counts.Quarantined++
		b.rows.Quarantine = append(b.rows.Quarantine, timescale.Quarantined{
			Offset: msg.offset, Reason: reasonIncompleteHour, Detail: detail, Key: msg.text[:msg.key], Value: msg.text[msg.key:],
		})
	}
	b.closeHour(m, o)
}

// closeHour forgets an open hour, here and in the database.
func (b *batch) closeHour(m *meterState, o *openHour) {
	if o.inDatabase {
		b.rows.PartsDone = append(b.rows.PartsDone, timescale.MeterHour{MeterNo: m.MeterNo, Hour: o.hour})
	}
	m.parts.close(o.hour)
}

// newParts notes that the database has yet to learn of parts of the meter.
func (b *batch) newParts(m *meterState) {
	if !m.parts.listed {
		m.parts.listed = true
		b.parted = append(b.parted, m)
	}
}

// finishParts adds the parts of hours that are open at the end of the batch.
// After it the state takes the database to have them.
func (b *batch) finishParts() {
	for _, m := range b.parted {
		for i := range m.parts.open {
			o := &m.parts.open[i]
			for q := range o.messages {
				if o.dirty>>q&1 == 0 {
					continue
				}
				msg := &o.messages[q]
				b.rows.Parts = append(b.rows.Parts, timescale.Part{
					MeterNo: m.MeterNo, Hour: o.hour, Minute: uint8(q) * quarter,
					Offset: msg.offset, Key: msg.text[:msg.key], Value: msg.text[msg.key:],
				})
			}
			o.inDatabase = o.inDatabase || o.dirty != 0
			o.dirty = 0
		}
	}
}

// announceQuarantine tells the relay what the batch quarantined. Messages from
// before it, which waited for the rest of an hour, lie among others that have
// been announced: each run of them is named by itself.
func (b *batch) announceQuarantine(p *partition, prev int64) {
	rows := b.rows.Quarantine
	slices.SortFunc(rows, func(x, y timescale.Quarantined) int { return cmp.Compare(x.Offset, y.Offset) })
	for len(rows) > 0 {
		n := len(rows)
		if rows[0].Offset < prev {
			for n = 1; n < len(rows) && rows[n].Offset == rows[n-1].Offset+1 && rows[n].Offset < prev; {
				n++
			}
		}
		b.rows.Outbox = append(b.rows.Outbox, timescale.OutboxEntry{
			Kind: timescale.OutboxQuarantine, Hour: p.watermark, FromOffset: rows[0].Offset, ToOffset: rows[n-1].Offset,
		})
		rows = rows[n:]
	}
}

// restorePart puts a part back that the database kept.
func (p *partition) restorePart(m *meterState, msg *message) {
	if m.parts == nil {
		m.parts = &partStore{}
	}
	h := msg.reading.Hour
	open := m.parts.openAt(h)
	if open == nil {
		open = m.parts.begin(h, max(h, p.watermark)+partsWait)
	}
	open.put(&msg.reading)
	open.keep(msg)
	open.dirty, open.inDatabase = 0, true
}
