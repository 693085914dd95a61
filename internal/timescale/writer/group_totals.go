package writer

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// NamedLoad is the load of a group in one hour and one partition.
type NamedLoad struct {
	twin.GroupTotal
	Group string
}

// GroupLoadAt is the load of a partition's groups at hour h, by group number.
func (db *DB) GroupLoadAt(ctx context.Context, partition int, h meter.Hour) ([]NamedLoad, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT l.group_no, g.name, l.kwh, l.meters FROM group_load l JOIN groups g USING (group_no)
		WHERE l.ts = $1 AND l.partition = $2 ORDER BY l.group_no`, h.Time(), partition)
	if err != nil {
		return nil, fmt.Errorf("load of partition %d at %s: %w", partition, h, err)
	}
	loads, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l NamedLoad, err error) {
		l.Hour = h
		err = row.Scan(&l.GroupNo, &l.Group, &l.KWh, &l.Meters)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("load of partition %d at %s: %w", partition, h, err)
	}
	return loads, nil
}
