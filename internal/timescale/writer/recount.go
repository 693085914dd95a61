package writer

import (
	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/internal/twin"
)

// queueRecounts sums up the readings of hours that lie before the windows, as
// the processor does for the others: meters in order of their names.
func queueRecounts(q *pgx.Batch, partition int, of []twin.GroupHour) {
	if len(of) == 0 {
		return
	}
	no, hour := make([]int32, len(of)), make([]int32, len(of))
	for i, g := range of {
		no[i], hour[i] = g.GroupNo, int32(g.Hour)
	}
	q.Queue(`
		INSERT INTO group_load (ts, group_no, partition, kwh, meters, fed_in)
		SELECT u.ts, u.no, $3::int4, sum(r.kwh::float8 ORDER BY m.name), count(*),
			coalesce(sum(-r.kwh::float8 ORDER BY m.name) FILTER (WHERE r.kwh < 0), 0)
		FROM (SELECT DISTINCT to_timestamp(h * 3600::float8) AS ts, no FROM unnest($1::int4[], $2::int4[]) u(h, no)) u
		JOIN meters m ON m.group_no = u.no AND m.partition = $3
		JOIN readings r ON r.ts = u.ts AND r.meter_no = m.meter_no AND r.channel = 0 AND r.`+schema.Plausible+`
		GROUP BY u.ts, u.no
		ON CONFLICT (ts, group_no, partition) DO UPDATE SET kwh = excluded.kwh, meters = excluded.meters, fed_in = excluded.fed_in`,
		hour, no, partition)
}
