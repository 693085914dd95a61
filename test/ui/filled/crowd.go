package filled

import (
	"context"
	"fmt"

	"github.com/energytwin/energytwin/internal/timescale/writer"
)

// metersOfStreet is how many meters of a crowd share a group.
const metersOfStreet = 200

// Crowd adds meters with a day of readings each to a database that was filled, for lists
// that are long. They have no forecasts; their groups have some that were issued each hour.
func Crowd(ctx context.Context, db *writer.DB, meters int) error {
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO groups (name) SELECT 'street-' || lpad(n::text, 4, '0') FROM generate_series(0, ($1::int - 1) / $2::int) n`, []any{meters, metersOfStreet}},
		{`INSERT INTO meters (name, group_no, partition)
			SELECT 'meter-' || lpad(n::text, 6, '0'), g.group_no, (SELECT min(partition) FROM stream_offsets)
			FROM generate_series(0, $1::int - 1) n JOIN groups g ON g.name = 'street-' || lpad((n / $2::int)::text, 4, '0')`, []any{meters, metersOfStreet}},
		{`INSERT INTO readings (ts, meter_no, kwh)
			SELECT o.watermark - h * interval '1 hour', m.meter_no, (0.2 + (m.meter_no % 17) * 0.05) * (1 + sin((m.meter_no % 5 + h) / 4.0))
			FROM generate_series(23, 0, -1) h, meters m JOIN stream_offsets o USING (partition)
			WHERE starts_with(m.name, 'meter-') AND (h + m.meter_no) % 997 > 0`, nil},
		{`INSERT INTO meter_state (meter_no, first_ts, last_ts, last_kwh, readings, recent_to, recent)
			SELECT r.meter_no, min(r.ts), t.top, max(r.kwh) FILTER (WHERE r.ts = t.top), count(*), extract(epoch FROM t.top) / 3600,
				bit_or(1::int8 << (extract(epoch FROM t.top - r.ts) / 3600)::int)
			FROM readings r JOIN (
				SELECT meter_no, max(ts) AS top FROM readings JOIN meters m USING (meter_no) WHERE starts_with(m.name, 'meter-') GROUP BY 1) t USING (meter_no)
			GROUP BY r.meter_no, t.top`, nil},
		{`INSERT INTO group_load (ts, group_no, partition, kwh, meters, fed_in)
			SELECT r.ts, m.group_no, m.partition, sum(r.kwh), count(*), 0 FROM readings r JOIN meters m USING (meter_no)
			WHERE starts_with(m.name, 'meter-') GROUP BY 1, 2, 3`, nil},
		{`INSERT INTO group_forecasts (issued_at, group_no, model, p10, p50, p90, day_ahead)
			SELECT o.watermark - h * interval '1 hour', g.group_no, 'crowd', f.low, f.median, f.high, h % 24 = 0
			FROM generate_series(0, 23) h, stream_offsets o, groups g,
				(SELECT array_agg(80 + n)::real[] AS low, array_agg(100 + n)::real[] AS median, array_agg(120 + n)::real[] AS high FROM generate_series(0, 47) n) f
			WHERE starts_with(g.name, 'street-')`, nil},
		{`ANALYZE meters, meter_state, readings, groups, group_load, group_forecasts`, nil},
	} {
		if _, err := db.Pool.Exec(ctx, step.sql, step.args...); err != nil {
			return fmt.Errorf("add %d meters: %w", meters, err)
		}
	}
	return nil
}
