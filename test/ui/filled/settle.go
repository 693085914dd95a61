package filled

import (
	"context"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/workloads/processor"
)

// settle computes the realised savings of plans whose hours have passed, as a processor
// does in a replay.
func (f *filler) settle(ctx context.Context, twin config.Twin) error {
	ledger, err := dsm.NewLedger(twin.Processor.Policy, f.calendar, twin.Namespace+"/"+twin.Name)
	if err != nil {
		return err
	}
	return processor.Settle(ctx, f.db, func(int64) (*dsm.Ledger, error) { return ledger, nil }, false, true)
}
