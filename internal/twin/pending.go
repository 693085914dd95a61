package twin

import (
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// pendingReading is a reading that lies over a day ahead of everything else. One
// wrong date must not end all the days between, nor push a meter's history out of
// its window: it waits until a second reading agrees. KWh is NaN while less than
// the hour is known.
type pendingReading struct{ Reading }

// maxJump is how far one reading alone may move the watermark.
const maxJump = meter.HoursPerDay

func (p *Partition) jumps(h meter.Hour) bool {
	return p.watermark == meter.NoHour || h-p.rules.AllowedLateness > p.watermark+maxJump
}

// findPending is the pending reading of the same meter and hour, nil if there is none.
func (p *Partition) findPending(m *Meter, h meter.Hour) *pendingReading {
	for i := range p.pending {
		if p.pending[i].Meter == m && p.pending[i].Hour == h {
			return &p.pending[i]
		}
	}
	return nil
}

// acceptPending makes a reading wait. The same reading again is no second opinion:
// it was stored when it came first.
func (p *Partition) acceptPending(r Reading, offset int64, fx *Effects) {
	if same := p.findPending(r.Meter, r.Hour); same != nil {
		same.repeat(r, offset, p.watermark, fx)
		return
	}
	fx.storePending(r, offset, p.watermark)
	p.pending = append(p.pending, pendingReading{r})
	p.releasePending(fx)
}

// storePending adds a pending reading: the message is done with as far as the
// stream is concerned, only the window has to wait. A store may have the hour, as
// the window could not be asked: it decides, and keeps what it replaces.
func (fx *Effects) storePending(r Reading, offset int64, w meter.Hour) {
	fx.Pending = append(fx.Pending, r.unseen(Measured, offset, w))
	fx.Counts.Stored++
	r.Meter.stored++
	fx.touch(r.Meter)
}

// repeat applies another reading of the same hour.
func (pr *pendingReading) repeat(r Reading, offset int64, w meter.Hour, fx *Effects) {
	switch old := pr.KWh; {
	case old != old: // less than the hour was known
		fx.storePending(r, offset, w)
	case old == r.KWh:
		fx.Counts.Duplicates++
	default:
		fx.correct(r, old, Corrected, offset, w)
	}
	pr.KWh = r.KWh
}

// releasePending lets two pending readings move the watermark to the lesser of
// them, and enters every reading that is then within reach.
func (p *Partition) releasePending(fx *Effects) {
	for len(p.pending) >= 2 {
		lesser := min(p.pending[0].Hour, p.pending[1].Hour)
		p.advance(lesser-p.rules.AllowedLateness, lesser, fx)
		p.enterReachable(fx)
	}
}

// enterReachable enters the pending readings that the watermark has come near to.
func (p *Partition) enterReachable(fx *Effects) {
	for i := 0; i < len(p.pending); {
		if r := p.pending[i]; !p.jumps(r.Hour) {
			p.pending = slices.Delete(p.pending, i, i+1)
			p.enterPending(r, fx)
			i = 0 // the watermark has moved: others may be within reach
			continue
		}
		i++
	}
}

// enterPending puts a reading that is stored already into its window. An hour of
// which less is known moves only event time.
func (p *Partition) enterPending(r pendingReading, fx *Effects) {
	m := r.Meter
	if r.KWh == r.KWh {
		if outcome, _ := m.window.Put(r.Hour, r.KWh); outcome != window.Duplicate && m.window.Suspect(r.Hour) {
			fx.rejudge(m, window.Verdict{Hour: r.Hour, Suspect: true})
		}
		fx.rejudgeOthers(m)
		fx.touch(m)
		fx.change(m.group, r.Hour)
	}
	p.advance(r.Hour-p.rules.AllowedLateness, r.Hour, fx)
	m.join()
}
