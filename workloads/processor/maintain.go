package processor

import (
	"context"
	"time"

	"github.com/energytwin/energytwin/internal/timescale/writer"
)

// maintainEvery is how often old rows are compressed or dropped. One of all
// processors does it at a time.
const maintainEvery = 5 * time.Minute

// maintain keeps the database in shape until ctx ends.
func (p *Processor) maintain(ctx context.Context) error {
	d := p.cfg.Database
	opts := writer.MaintainOptions{
		RetainRaw:       time.Duration(d.RetainRaw),
		RetainDecisions: time.Duration(d.RetainDecisions),
		CompressAfter:   time.Duration(d.CompressAfter),
	}
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		report, err := p.stores.DB.Maintain(ctx, opts)
		if err != nil && ctx.Err() == nil {
			p.log.Warn("maintenance failed, it goes on at the next turn", "error", err)
			continue
		}
		p.log.Info("maintenance", "busy", report.Busy, "upTo", report.Watermark, "refreshed", report.Refreshed,
			"compressed", report.Compressed, "dropped", report.Dropped, "deleted", report.Deleted)
	}
}
