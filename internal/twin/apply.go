package twin

import (
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// Reading is a reading of a whole hour, decoded already.
type Reading struct {
	Meter *Meter
	Hour  meter.Hour
	KWh   float32
}

// Apply applies the records that were read: they enter the windows, move the
// watermark, and whatever that leads to is added to fx. Every meter of Unknown is
// registered by now; history holds the hours from before the stream of those that
// are new, by name, and loses those that were entered.
func (p *Partition) Apply(history map[string]meter.Series, fx *Effects) {
	for i := range p.inbox {
		p.apply(&p.inbox[i], history, fx)
	}
	clear(p.inbox)
	clear(p.newcomers)
	p.inbox, p.unknown = p.inbox[:0], p.unknown[:0]
}

func (p *Partition) apply(msg *message, history map[string]meter.Series, fx *Effects) {
	fx.Counts.In++
	p.next = msg.Offset + 1
	if n := msg.newcomer; n != nil {
		msg.meter = p.meters[n.Name]
		msg.rejection = p.checkOrigin(msg.meter, []byte(n.Group))
	}
	if r := msg.rejection; r != nil {
		fx.reject(&msg.Record, r.reason, r.detail)
		return
	}
	if msg.watermark != meter.NoHour {
		p.endHours(msg.watermark, fx)
		return
	}
	m := msg.meter
	if past, ok := history[m.Name]; ok {
		p.EnterHistory(m, past, fx)
		delete(history, m.Name)
	}
	if msg.minutes != wholeHour {
		p.acceptSubHour(msg, fx)
		return
	}
	p.Accept(Reading{Meter: m, Hour: msg.hour, KWh: msg.kwh}, msg.Offset, fx)
}

// EnterHistory puts the hours of a new meter from before the stream into its window
// and the effects.
func (p *Partition) EnterHistory(m *Meter, past meter.Series, fx *Effects) {
	for i, v := range past.KWh {
		if v != v {
			continue
		}
		h := past.From + meter.Hour(i)
		m.window.Put(h, v)
		fx.change(m.group, h)
		fx.New.Append(m.MeterNo, h, v, fx.judged(m, h, WarmUp))
		fx.Counts.Stored++
		m.stored++
	}
	fx.touch(m)
	m.join()
	p.changes.outdated = true
	for g := m.group; g != nil; g = g.nesting.parent {
		if g.load != nil {
			g.load.outdated = true
		}
	}
	for h := m.window.Oldest(); h < p.watermark; h++ {
		m.model.Advance(&m.window, h)
	}
}

// Accept applies a reading of a registered meter of this partition, which the
// record at offset brought. The caller vouches for its time. One that jumps too far
// ahead waits until a second one agrees.
func (p *Partition) Accept(r Reading, offset int64, fx *Effects) {
	if p.jumps(r.Hour) {
		p.acceptPending(r, offset, fx)
		return
	}
	p.enter(r, offset, fx)
	p.enterReachable(fx)
}

// enter puts a reading into its window and the effects.
func (p *Partition) enter(r Reading, offset int64, fx *Effects) {
	m := r.Meter
	quality := Measured
	if r.Hour < p.watermark {
		quality = Late
	}
	outcome, old := m.window.Put(r.Hour, r.KWh)
	switch outcome {
	case window.Duplicate:
		fx.Counts.Duplicates++
		return
	case window.TooOld:
		quality = Late
		if !m.window.IsPlausible(r.KWh) {
			quality = quality.Suspect()
			fx.Counts.Suspect++
		}
		fx.Older = append(fx.Older, r.unseen(quality, offset, p.watermark))
		fx.Counts.Late++ // whether it is new or a repeat only a store knows
		fx.touch(m)
		fx.change(m.group, r.Hour)
		return
	case window.Correction:
		fx.correct(r, old, fx.judged(m, r.Hour, Corrected), offset, p.watermark)
	case window.Stored:
		if quality == Late {
			fx.Late = append(fx.Late, LateReading{MeterNo: m.MeterNo, Hour: r.Hour, Offset: offset, Watermark: p.watermark})
		}
		fx.New.Append(m.MeterNo, r.Hour, r.KWh, fx.judged(m, r.Hour, quality))
		fx.Counts.Stored++
		m.stored++
	}
	if quality == Late {
		fx.Counts.Late++
	}
	fx.touch(m)
	fx.change(m.group, r.Hour)
	p.advance(r.Hour-p.rules.AllowedLateness, r.Hour, fx)
	if !m.joined { // after the issue times that its first reading passes
		m.join()
	}
}

// unseen is a reading that the window has nothing about, and came when the watermark was
// at w.
func (r Reading) unseen(q Quality, offset int64, w meter.Hour) UnseenReading {
	return UnseenReading{MeterNo: r.Meter.MeterNo, Hour: r.Hour, KWh: r.KWh, Quality: q, Offset: offset, Watermark: w}
}

// advance ends all hours before w, one by one, and issues forecasts and decisions
// on the way. seen is the greatest hour that has been read.
func (p *Partition) advance(w, seen meter.Hour, fx *Effects) {
	if p.watermark == meter.NoHour {
		p.watermark = w
		p.due = p.issuesAfter(w)
		for _, g := range p.groups {
			for _, m := range g.meters {
				p.retrain(m)
			}
			g.retrain(w, p.rules.model)
		}
		return
	}
	for p.watermark < w {
		forecasts := p.watermark+1 == p.due.meters
		for _, g := range p.groups {
			for _, m := range g.meters {
				if !forecasts { // issue does it, together with what it needs itself
					m.model.Advance(&m.window, p.watermark)
				}
				if m.subHours != nil {
					m.expireOpenHours(p.watermark, fx)
				}
			}
			g.endHour(p.watermark, p.rules.model)
		}
		p.watermark++
		if p.watermark == p.due.next {
			p.issue(seen, fx)
		}
	}
}
