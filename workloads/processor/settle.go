package processor

import (
	"context"
	"time"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// settleEvery is how often recent plans are settled between the turns of
// maintenance, so that a twin that lives an hour in a second knows what the plans
// of its last week saved.
const settleEvery = time.Minute

// settleReach is how long before the newest plan that is settled others are looked
// for at these turns. Those of maintenance look farther back.
const settleReach = 2 * meter.HoursPerDay

// settleTicks come when recent plans are to be settled: never where a replay runs
// as fast as it can and should not be held up.
func (p *Processor) settleTicks() (ticks <-chan time.Time, stop func()) {
	g := &p.cfg.Generator
	if (g.Mode == "Replay" || g.Mode == "Loop") && g.Speed == 0 {
		return nil, func() {}
	}
	tick := time.NewTicker(settleEvery)
	return tick.C, tick.Stop
}

// settleRecent settles the plans of recent days. One of all processors does it at
// a time.
func (p *Processor) settleRecent(ctx context.Context) {
	since, mine, err := p.stores.DB.ClaimSettling(ctx, settleEvery/2)
	if err != nil && ctx.Err() == nil {
		p.log.Warn("recent plans are not settled now, that is tried at the next turn", "error", err)
	}
	if err != nil || !mine {
		return
	}
	if since != meter.NoHour {
		since -= settleReach
	}
	p.settle(ctx, since)
}

func (p *Processor) settle(ctx context.Context, since meter.Hour) {
	if p.rules.Ledger() == nil {
		return
	}
	err := Settle(ctx, p.stores.DB, p.rules.Ledger(), p.cfg.Generator.Mode == "Off", since)
	if err != nil && ctx.Err() == nil {
		p.log.Warn("outcomes of decisions are not known yet, they are computed at the next turn", "error", err)
	}
}

// Settle computes the outcomes of decisions issued since then whose hours have passed,
// oldest first: against the forecast where somebody may have followed them, else as
// if nobody had. It gives the same rows whoever does it and how often.
func Settle(ctx context.Context, db *writer.DB, ledger *dsm.Ledger, followed bool, since meter.Hour) error {
	for {
		open, err := db.Unsettled(ctx, since)
		if err != nil || len(open) == 0 {
			return err
		}
		since = open[0].IssuedAt
		if err := db.Settle(ctx, settled(ledger, followed, open)); err != nil {
			return err
		}
	}
}

// settled computes outcomes. Where no hour counts, nothing is known.
func settled(ledger *dsm.Ledger, followed bool, open []writer.Unsettled) []decisions.Settled {
	out := make([]decisions.Settled, len(open))
	for i := range open {
		u := &open[i]
		s := decisions.Settled{ID: u.ID, IssuedAt: u.IssuedAt, Corrections: u.Corrections, Method: decisions.SettledSimulated}
		followed := followed && !u.Shadow
		if followed {
			s.Method = decisions.SettledEstimated
		}
		r := twin.Realised(ledger, &u.Decision, u.Expected, u.Actual, followed)
		s.KWhShifted, s.KWReduction, s.Saving, s.CO2Kg = r.KWhShifted, r.KWReduction, r.Saving, r.CO2Kg
		out[i] = s
	}
	return out
}
