package processor

import (
	"bytes"
	"context"
	"time"
)

// reportEvery is how often the generator's report on its dataset is observed in
// Redis.
const reportEvery = 2 * time.Second

// storeReport keeps the generator's report on its dataset in the database, for the
// API. Each processor does: the report is the same.
func (p *Processor) storeReport(ctx context.Context) error {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	var stored []byte
	for {
		report, err := p.stores.Redis.DatasetReport(ctx)
		if err == nil && report != nil && !bytes.Equal(report, stored) {
			if err = p.stores.DB.SetDatasetReport(ctx, report); err == nil {
				stored = report
			}
		}
		if err != nil && ctx.Err() == nil {
			p.log.Warn("the report on the dataset is not stored yet", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
