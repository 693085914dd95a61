package processor

import (
	"context"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// settleEvery is how often plans whose hours have passed are looked for.
const settleEvery = 2 * time.Second

// settleCorrectedEvery is how often outcomes are looked for whose readings were
// corrected.
const settleCorrectedEvery = time.Minute

// keepSettled settles plans as their hours pass, until ctx ends. All processors do: each
// partition is settled by one of them at a time.
func (p *Processor) keepSettled(ctx context.Context) error {
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	var corrected time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if p.mayNotBeHeldUp() {
			continue
		}
		again := time.Since(corrected) >= settleCorrectedEvery
		if again {
			corrected = time.Now()
		}
		if err := p.settle(ctx, again); err != nil && ctx.Err() == nil {
			p.log.Warn("outcomes of decisions are not known yet, they are computed at the next turn", "error", err)
		}
	}
}

// mayNotBeHeldUp reports whether a replay runs as fast as it can: its plans are settled
// when this process has nothing else to do, at the end at the latest.
func (p *Processor) mayNotBeHeldUp() bool {
	g := &p.cfg.Generator
	if g.Mode != "Replay" && g.Mode != "Loop" || g.Speed > 0 {
		return false
	}
	for _, partition := range p.Status().Partitions {
		if partition.Lag > 0 {
			return true
		}
	}
	return false
}

// SettlePast settles the plans whose hours have passed by now.
func (p *Processor) SettlePast(ctx context.Context) error { return p.settle(ctx, true) }

func (p *Processor) settle(ctx context.Context, corrected bool) error {
	if p.rules.Ledger() == nil {
		return nil
	}
	ledgers := func(revision int64) (*dsm.Ledger, error) {
		r, err := p.settling.rules(ctx, p.rules, revision)
		if err != nil {
			return nil, err
		}
		return r.Ledger(), nil
	}
	return Settle(ctx, p.stores.DB, ledgers, p.cfg.Generator.Mode == "Off", corrected)
}

// Ledgers are by what a revision of the series that were sent evaluates plans; 0 is without
// any.
type Ledgers func(revision int64) (*dsm.Ledger, error)

// of are those that decisions are evaluated by, by revision.
func (l Ledgers) of(open []writer.Unsettled) (map[int64]*dsm.Ledger, error) {
	out := map[int64]*dsm.Ledger{}
	for i := range open {
		revision := open[i].Series
		if out[revision] != nil {
			continue
		}
		ledger, err := l(revision)
		if err != nil {
			return nil, err
		}
		out[revision] = ledger
	}
	return out, nil
}

// Settle computes the outcomes of decisions whose hours have passed, oldest first: against
// the forecast where somebody may have followed them, else as if nobody had. With
// corrected, those of decisions whose readings were corrected since are computed again.
// It gives the same rows whoever does it and how often: prices are those with which the
// last hour of a decision was processed.
func Settle(ctx context.Context, db *writer.DB, ledgers Ledgers, followed, corrected bool) error {
	ledger, err := ledgers(0)
	if err != nil {
		return err
	}
	of := map[int64]*dsm.Ledger{}
	by := writer.Settling{
		Followed: followed, Demand: ledger.DemandCharge() > 0,
		Prepare: func(open []writer.Unsettled) (err error) { of, err = ledgers.of(open); return err },
		Settle:  func(open []writer.Unsettled) []decisions.Settled { return settled(of, followed, open) },
	}
	for {
		n, err := db.SettleNext(ctx, by)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	for corrected {
		n, err := db.SettleCorrected(ctx, by)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	return nil
}

// outcome is that of a decision. One that was superseded before its first hour saves
// nothing. One without a plan has an outcome only if it supersedes a plan, or if its hours
// cost what plans before it had saved.
func outcome(ledger *dsm.Ledger, u *writer.Unsettled, followed bool) (r dsm.Realised, settles bool) {
	if len(u.Actual) == 0 {
		return dsm.Realised{}, true
	}
	if u.Action != dsm.ActionNone {
		return twin.Realised(ledger, &u.Decision, u.Expected, u.Actual, followed, u.Peaks), true
	}
	lost := ledger.Unplanned(&u.Decision, u.Actual, u.Peaks)
	if u.Supersedes != uuid.Nil {
		return dsm.Realised{SavingDemand: lost}, true
	}
	r = dsm.UnknownRealised()
	r.SavingDemand = lost
	return r, lost < 0
}

// settled computes outcomes.
func settled(ledgers map[int64]*dsm.Ledger, followed bool, open []writer.Unsettled) []decisions.Settled {
	out, nan := make([]decisions.Settled, 0, len(open)), float32(math.NaN())
	for i := range open {
		u := &open[i]
		ledger := ledgers[u.Series]
		s := decisions.Settled{ID: u.ID, IssuedAt: u.IssuedAt, Corrections: u.Corrections, Method: decisions.SettledSimulated, PeakWithout: nan, PeakWith: nan}
		followed := followed && !u.Shadow
		if followed {
			s.Method = decisions.SettledEstimated
		}
		if peaks := u.Peaks; peaks != nil {
			if u.Again {
				peaks.Month = ledger.MonthOf(u.ValidFrom)
			}
			if ledger.BeginPeaks(&u.Decision, peaks) {
				s.PeakWithout, s.PeakWith = float32(peaks.Without), float32(peaks.With)
			}
		}
		r, settles := outcome(ledger, u, followed)
		if !settles {
			continue
		}
		s.KWhShifted, s.KWReduction, s.SavingEnergy, s.SavingDemand, s.CO2Kg = r.KWhShifted, r.KWReduction, r.SavingEnergy, r.SavingDemand, r.CO2Kg
		out = append(out, s)
	}
	return out
}
