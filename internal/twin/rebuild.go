package twin

import (
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
)

// Rebuild begins a partition whose stream does not reach back to its start, from
// rows that a store has: register its meters, put back sub-hour readings, readings
// and plans, then call Retrain. What models learned from hours before the windows is
// lost, which is why decisions made from here on name the origin FromRows.
func Rebuild(number int, r *Rules, next int64, watermark meter.Hour) *Partition {
	p := New(number, r)
	p.origin, p.next, p.watermark = FromRows, next, watermark
	if watermark != meter.NoHour {
		p.due = p.issuesAfter(watermark)
	}
	return p
}

// HistorySpan is the hours whose readings Rebuild needs, to exclusive.
func (p *Partition) HistorySpan() (from, to meter.Hour) {
	return p.watermark - meter.Hour(p.rules.ring), p.watermark + maxJump
}

// PutReading puts a stored reading back, as it was judged. Readings come by hour.
func (m *Meter) PutReading(h meter.Hour, kwh float32, suspect bool) {
	m.window.PutJudged(h, kwh, suspect)
}

// PutDecision puts a decision of the last days back. Decisions come by issue and then by
// their first hour, and plans hold from then on as they did.
func (p *Partition) PutDecision(d *dsm.Decision) {
	if d.Meter != "" {
		if m := p.meters[d.Meter]; m != nil && !m.foreign {
			m.plans.put(d)
		}
		return
	}
	if at, found := p.groupAt(d.Group); found {
		p.groups[at].plans.put(d)
	}
}

// PutSubHour puts a stored message about less than an hour back. An error is that of
// decoding it.
func (p *Partition) PutSubHour(m *Meter, rec Record) error {
	d := &p.decoded
	if err := meter.DecodeMessage(rec.Value, d); err != nil {
		return err
	}
	if m.subHours == nil {
		m.subHours = &subHours{}
	}
	open := m.subHours.openAt(d.Hour)
	if open == nil {
		open = m.subHours.begin(d.Hour, max(d.Hour, p.watermark)+openWait)
	}
	open.put(d.Minute, d.Minutes, d.KWh)
	open.keep(&rec, d.Minute)
	open.unstored, open.inStore = 0, true
	return nil
}

// Retrain makes meters with readings members of their groups, and trains their
// models on the windows.
func (p *Partition) Retrain() {
	for _, m := range p.meters {
		if m.window.Newest() != meter.NoHour || m.subHours != nil {
			m.join()
		}
		m.window.Renew()
		p.retrain(m)
	}
	if p.watermark == meter.NoHour {
		return
	}
	for _, g := range p.groups {
		g.retrain(p.watermark, p.rules.model)
	}
}
