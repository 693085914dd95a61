package twin

import (
	"fmt"
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

const (
	// openWait is how many hours of event time an hour waits for the rest of its
	// sub-hour readings, once it is over.
	openWait = meter.HoursPerDay
	// maxOpenHours is how many hours of a meter may wait at once, beyond the
	// allowed lateness.
	maxOpenHours = 2 * meter.HoursPerDay
	// maxKeptBytes bounds what is kept of one message, key and value.
	maxKeptBytes = 4 << 10
)

// acceptSubHour applies a sub-hour reading. The hour becomes a reading when the
// last of them is there.
func (p *Partition) acceptSubHour(msg *message, fx *Effects) {
	m := msg.meter
	if m.subHours == nil {
		m.subHours = &subHours{}
	}
	if whole := m.subHours.wholeAt(msg.hour); whole != nil {
		p.correctWhole(msg, whole, fx)
		return
	}
	if len(msg.Key)+len(msg.Value) > maxKeptBytes {
		fx.reject(&msg.Record, ReasonSubHourTooLong, fmt.Sprintf("a message of a sub-hour reading is kept until the hour is complete: send at most %d bytes", maxKeptBytes))
		return
	}
	open := m.subHours.openAt(msg.hour)
	if open == nil {
		for len(m.subHours.open) >= maxOpenHours+int(p.rules.AllowedLateness) {
			fx.rejectOpenHour(m, &m.subHours.open[0], fmt.Sprintf("and %d later ones wait as well", len(m.subHours.open)))
		}
		open = m.subHours.begin(msg.hour, max(msg.hour, p.watermark)+openWait)
	}
	switch open.put(msg.minute, msg.minutes, msg.kwh) {
	case putOverlaps:
		fx.reject(&msg.Record, ReasonSubHourOverlaps, overlap(msg))
		return
	case putRepeated:
		fx.Counts.Duplicates++
		return
	case putReplaced:
		fx.Counts.Corrections++
	case putStored:
	}
	if !open.isWhole() {
		open.keep(&msg.Record, msg.minute)
		fx.noteSubHours(m)
		p.reach(m, msg.hour, fx)
		return
	}
	kwh := open.sum()
	m.subHours.keepWhole(msg.hour, open.hourQuarters)
	fx.closeHour(m, open)
	p.Accept(Reading{Meter: m, Hour: msg.hour, KWh: kwh}, msg.Offset, fx)
}

// correctWhole applies a sub-hour reading of an hour that has been whole before.
func (p *Partition) correctWhole(msg *message, whole *completeHour, fx *Effects) {
	switch whole.put(msg.minute, msg.minutes, msg.kwh) {
	case putRepeated:
		fx.Counts.Duplicates++
	case putReplaced:
		p.Accept(Reading{Meter: msg.meter, Hour: whole.hour, KWh: whole.sum()}, msg.Offset, fx)
	default: // a whole hour has no room for another interval
		fx.reject(&msg.Record, ReasonSubHourOverlaps, overlap(msg))
	}
}

func overlap(msg *message) string {
	return fmt.Sprintf("%s came in sub-hour readings of another length than %d minutes: send them all again in one length, or the hour as PT1H", msg.hour, msg.minutes)
}

// reach moves event time by a sub-hour reading of hour h, as a reading of h would:
// hours before h are over. One that lies far ahead waits for a second opinion.
func (p *Partition) reach(m *Meter, h meter.Hour, fx *Effects) {
	if !p.jumps(h) {
		p.advance(h-p.rules.AllowedLateness, h, fx)
		m.join()
		p.enterReachable(fx)
		return
	}
	if p.findPending(m, h) != nil {
		return
	}
	p.pending = append(p.pending, pendingReading{Reading{Meter: m, Hour: h, KWh: float32(math.NaN())}})
	p.releasePending(fx)
}

// expireOpenHours hands back the sub-hour readings of hours that have waited until
// hour ended for the rest.
func (m *Meter) expireOpenHours(ended meter.Hour, fx *Effects) {
	for i := 0; i < len(m.subHours.open); {
		if o := &m.subHours.open[i]; o.until <= ended {
			fx.rejectOpenHour(m, o, fmt.Sprintf("%s has ended", ended))
			continue
		}
		i++
	}
}

// rejectOpenHour rejects the sub-hour readings of an hour that will not be whole.
func (fx *Effects) rejectOpenHour(m *Meter, o *openHour, why string) {
	detail := fmt.Sprintf("only %d of the 60 minutes from %s are known, %s: send all sub-hour readings of the hour, or the hour as PT1H",
		o.minutes(), o.hour, why)
	for q, span := range o.span {
		if span > 0 {
			fx.reject(o.messages[q].record(), ReasonIncompleteHour, detail)
		}
	}
	fx.closeHour(m, o)
}

// record is the message as it came, but for its time.
func (k *keptMessage) record() *Record {
	return &Record{Offset: k.offset, Key: k.text[:k.key], Value: k.text[k.key:]}
}

// closeHour forgets an open hour, here and in the store.
func (fx *Effects) closeHour(m *Meter, o *openHour) {
	if o.inStore {
		fx.SubHourDone = append(fx.SubHourDone, MeterHour{MeterNo: m.MeterNo, Hour: o.hour})
	}
	m.subHours.close(o.hour)
}

// noteSubHours notes that the store has yet to get sub-hour readings of the meter.
func (fx *Effects) noteSubHours(m *Meter) {
	if !m.subHours.listed {
		m.subHours.listed = true
		fx.subHourly = append(fx.subHourly, m)
	}
}

// collectSubHours adds the sub-hour readings of hours that are open at the end of
// the stretch. After it the state takes the store to have them.
func (fx *Effects) collectSubHours() {
	for _, m := range fx.subHourly {
		for i := range m.subHours.open {
			o := &m.subHours.open[i]
			for q := range o.messages {
				if o.unstored>>q&1 == 0 {
					continue
				}
				rec := o.messages[q].record()
				fx.SubHours = append(fx.SubHours, SubHourReading{
					MeterNo: m.MeterNo, Hour: o.hour, Minute: uint8(q) * quarter,
					Offset: rec.Offset, Key: rec.Key, Value: rec.Value,
				})
			}
			o.inStore = o.inStore || o.unstored != 0
			o.unstored = 0
		}
	}
}
