package writer

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/twin"
)

// queueGroupTotals writes totals over what is there, if they differ; those that are new
// only if they were not copied. Of an hour that is repeated the last total counts.
func queueGroupTotals(q *pgx.Batch, b *Batch, copied bool) {
	n := len(b.GroupTotals)
	no, hour, meters := make([]int32, 0, n), make([]int32, 0, n), make([]int32, 0, n)
	kwh, fedIn := make([]float64, 0, n), make([]float64, 0, n)
	for _, g := range b.GroupTotals {
		if g.New && copied {
			continue
		}
		no, hour, meters = append(no, g.GroupNo), append(hour, int32(g.Hour)), append(meters, g.Meters)
		kwh, fedIn = append(kwh, g.KWh), append(fedIn, g.FedIn)
	}
	if len(no) == 0 {
		return
	}
	q.Queue(`
		INSERT INTO group_load (ts, group_no, partition, kwh, meters, fed_in)
		SELECT DISTINCT ON (h, no) to_timestamp(h * 3600::float8), no, $5::int4, kwh, meters, fed_in
		FROM unnest($1::int4[], $2::int4[], $3::float8[], $4::int4[], $6::float8[]) WITH ORDINALITY u(h, no, kwh, meters, fed_in, n)
		ORDER BY h, no, n DESC
		ON CONFLICT (ts, group_no, partition) DO UPDATE SET kwh = excluded.kwh, meters = excluded.meters, fed_in = excluded.fed_in
		WHERE (group_load.kwh, group_load.meters, group_load.fed_in) IS DISTINCT FROM (excluded.kwh, excluded.meters, excluded.fed_in)`,
		hour, no, kwh, meters, b.Partition, fedIn)
}

const copyGroupTotals = `COPY group_load (ts, group_no, partition, kwh, meters, fed_in) FROM STDIN BINARY`

// groupTotalRows are totals that are new.
type groupTotalRows struct {
	partition int32
	totals    []twin.GroupTotal
}

func newGroupTotals(b *Batch) *groupTotalRows {
	r := &groupTotalRows{partition: int32(b.Partition), totals: make([]twin.GroupTotal, 0, len(b.GroupTotals))}
	for _, g := range b.GroupTotals {
		if g.New {
			r.totals = append(r.totals, g)
		}
	}
	return r
}

func (r *groupTotalRows) Len() int { return len(r.totals) }

func (r *groupTotalRows) RowSize(int) int { return 2 + 3*(4+8) + 3*(4+4) }

func (r *groupTotalRows) AppendRow(dst []byte, i int) []byte {
	g := &r.totals[i]
	dst = pgvalue.AppendCount(dst, 6)
	dst = pgvalue.AppendHour(dst, g.Hour)
	dst = pgvalue.AppendInt4(dst, g.GroupNo)
	dst = pgvalue.AppendInt4(dst, r.partition)
	dst = pgvalue.AppendFloat8(dst, g.KWh)
	dst = pgvalue.AppendInt4(dst, g.Meters)
	return pgvalue.AppendFloat8(dst, g.FedIn)
}

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
