package filled

import (
	"context"
	"fmt"

	"github.com/energytwin/energytwin/internal/timescale/writer"
)

// metersOfStreet is how many meters of a crowd share a group.
const metersOfStreet = 200

// Crowd adds meters with a day of readings each to a database that was filled, for lists
// that are long. They have no forecasts, and their groups no load.
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
		{`INSERT INTO meter_state (meter_no, last_ts, last_kwh, readings)
			SELECT DISTINCT ON (r.meter_no) r.meter_no, r.ts, r.kwh, 24 FROM readings r JOIN meters m USING (meter_no)
			WHERE starts_with(m.name, 'meter-') ORDER BY r.meter_no, r.ts DESC`, nil},
		{`ANALYZE meters, meter_state, readings, groups`, nil},
	} {
		if _, err := db.Pool.Exec(ctx, step.sql, step.args...); err != nil {
			return fmt.Errorf("add %d meters: %w", meters, err)
		}
	}
	return nil
}
