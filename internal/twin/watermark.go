package twin

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// readOther reads a record that is no reading, for the reason err: a watermark
// message, or one to be rejected.
func (p *Partition) readOther(msg *message, err error) {
	w, known, bad := meter.DecodeWatermark(msg.Value)
	if !known {
		bad = err
	}
	if bad != nil {
		msg.rejection = &rejection{meter.Reason(bad), bad.Error()}
		return
	}
	if msg.rejection = p.rules.checkWatermark(w, msg.Millis); msg.rejection == nil {
		msg.watermark = w
	}
}

// checkWatermark rejects a watermark that ends hours which readings may still have:
// none may follow in a stream that follows the clock before the clock has passed
// them. millis is when the broker accepted the message.
func (r *Rules) checkWatermark(w meter.Hour, millis int64) *rejection {
	if !r.Accepts(w - 1) {
		return &rejection{ReasonOutsideWindow, fmt.Sprintf("a watermark at %s lies outside the dataset's window from %s to %s", w, r.From, r.To)}
	}
	if r.MaxAhead == 0 {
		return nil
	}
	if accepted := time.UnixMilli(millis).UTC(); w.Time().After(accepted) {
		return &rejection{ReasonFuture, fmt.Sprintf("a watermark at %s ends hours that are not over at the broker's time %s",
			w, accepted.Format(time.RFC3339))}
	}
	return nil
}

// endHours applies a watermark message: no reading of an hour before w follows.
// Readings that wait for a second one have no better confirmation to come, and the
// sub-hour readings of hours that lack others are handed back.
func (p *Partition) endHours(w meter.Hour, fx *Effects) {
	p.AdvanceTo(w, fx)
	for _, g := range p.groups {
		for _, m := range g.meters {
			m.endOpenHours(w, fx)
		}
	}
}

// AdvanceTo ends all hours before w: the caller knows that no reading of them
// comes any more. Pending readings of these hours are entered, in order of time.
func (p *Partition) AdvanceTo(w meter.Hour, fx *Effects) {
	for len(p.pending) > 0 {
		first := slices.MinFunc(p.pending, func(a, b pendingReading) int { return cmp.Compare(a.Hour, b.Hour) }).Hour
		if first >= w {
			break
		}
		p.advance(first-p.rules.AllowedLateness, first, fx)
		p.enterReachable(fx)
	}
	p.advance(w, w-1, fx)
	p.enterReachable(fx)
}

// endOpenHours hands back the sub-hour readings of hours before w that are not whole.
func (m *Meter) endOpenHours(w meter.Hour, fx *Effects) {
	if m.subHours == nil {
		return
	}
	for i := range m.subHours.open {
		if o := &m.subHours.open[i]; o.hour < w {
			o.until = min(o.until, w-1)
		}
	}
	m.expireOpenHours(w-1, fx)
}
