package writer

import (
	"context"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// DecisionsIssued are the decisions for action of a partition that were issued at
// hour h, by meter number, those about groups first.
func (db *DB) DecisionsIssued(ctx context.Context, partition int, h meter.Hour) ([]decisions.Row, error) {
	return decisions.Query(ctx, db.Pool, decisions.Select+`
		WHERE d.issued_at = $1 AND d.partition = $2 AND `+decisions.Advised+` ORDER BY d.meter_no, d.group_no`, h.Time(), partition)
}
