package processor

import (
	"context"
	"math"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
)

// settle reckons what decisions came to whose hours have passed, oldest first. It
// gives the same rows whoever does it and how often.
func (p *Processor) settle(ctx context.Context) {
	if p.rules.ledger == nil {
		return
	}
	since := meter.NoHour
	for {
		open, err := p.stores.DB.Unsettled(ctx, since)
		if err == nil && len(open) > 0 {
			since = open[0].IssuedAt
			err = p.stores.DB.Settle(ctx, settled(p.rules.ledger, p.twin.Generator.Mode == "Off", open))
		}
		if err != nil && ctx.Err() == nil {
			p.log.Warn("what decisions came to is not known yet, it is reckoned at the next turn", "error", err)
		}
		if err != nil || len(open) == 0 {
			return
		}
	}
}

// settled reckons decisions: against the forecast where somebody may have followed
// them, else as if nobody had. Where no hour counts, nothing is known.
func settled(ledger *dsm.Ledger, followed bool, open []timescale.Unsettled) []timescale.Settled {
	out := make([]timescale.Settled, len(open))
	for i := range open {
		u := &open[i]
		s := timescale.Settled{ID: u.ID, IssuedAt: u.IssuedAt, Corrections: u.Corrections, Method: timescale.SettledSimulated}
		var r dsm.Realised
		var ok bool
		if followed {
			s.Method = timescale.SettledEstimated
			r, ok = ledger.Followed(&u.Decision.Decision, u.Expected, u.Actual)
		} else {
			r, ok = ledger.Replayed(&u.Decision.Decision, u.Actual)
		}
		if !ok {
			nan := float32(math.NaN())
			r = dsm.Realised{Saving: nan, CO2Kg: nan, KWhShifted: nan, KWReduction: nan}
		}
		s.KWhShifted, s.KWReduction, s.Saving, s.CO2Kg = r.KWhShifted, r.KWReduction, r.Saving, r.CO2Kg
		out[i] = s
	}
	return out
}
