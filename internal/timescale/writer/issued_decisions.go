package writer

import (
	"cmp"
	"context"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// DecisionsIssued are the decisions for action of a partition that were issued at
// hour h, by meter number, those about groups first, and by their first hour.
func (db *DB) DecisionsIssued(ctx context.Context, partition int, h meter.Hour) ([]decisions.Row, error) {
	return decisions.Query(ctx, db.Pool, decisions.Select+`
		WHERE d.issued_at = $1 AND d.partition = $2 AND `+decisions.Advised+` ORDER BY d.meter_no, d.group_no, d.valid_from`, h.Time(), partition)
}

// DecisionsIssued are the decisions of the batch that were issued at hour h, as
// DB.DecisionsIssued returns them once they are stored.
func (b *Batch) DecisionsIssued(h meter.Hour) []decisions.Row {
	out := []decisions.Row{}
	for i := range b.Decisions {
		if d := &b.Decisions[i]; d.IssuedAt == h {
			out = append(out, decisions.Row{
				Decision: d.Decision, MeterNo: d.MeterNo, GroupNo: d.GroupNo, Provenance: b.Provenance, Shadow: b.Shadow, HeldTo: d.ValidTo,
			})
		}
	}
	slices.SortFunc(out, func(x, y decisions.Row) int {
		return cmp.Or(cmp.Compare(x.MeterNo, y.MeterNo), cmp.Compare(x.GroupNo, y.GroupNo), cmp.Compare(x.ValidFrom, y.ValidFrom))
	})
	return out
}
