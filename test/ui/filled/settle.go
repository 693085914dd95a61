package filled

import (
	"context"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
)

// settle reckons what the plans came to whose hours have passed, as a processor
// does in a replay.
func (f *filler) settle(ctx context.Context, twin config.Twin) error {
	ledger, err := dsm.NewLedger(twin.Processor.Policy, f.calendar, twin.Namespace+"/"+twin.Name)
	if err != nil {
		return err
	}
	since := meter.NoHour
	for {
		open, err := f.db.Unsettled(ctx, since)
		if err != nil || len(open) == 0 {
			return err
		}
		since = open[0].IssuedAt
		var settled []timescale.Settled
		for i := range open {
			if r, ok := ledger.Replayed(&open[i].Decision.Decision, open[i].Actual); ok {
				settled = append(settled, timescale.Settled{
					ID: open[i].ID, IssuedAt: since, Method: timescale.SettledSimulated,
					Saving: r.Saving, CO2Kg: r.CO2Kg, KWhShifted: r.KWhShifted, KWReduction: r.KWReduction,
				})
			}
		}
		if err := f.db.Settle(ctx, settled); err != nil {
			return err
		}
		since++ // what could not be reckoned stays open
	}
}
