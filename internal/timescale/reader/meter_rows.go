package reader

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

// meterColumns are the columns of meterRows that scanMeter reads.
const meterColumns = `m.name, m.group_name, m.meter_no, m.group_no, m.partition, m.last_ts, m.last_kwh, m.readings,
	m.missing, m.suspect, m.watermark, m.first_seen, m.status`

// meterRows are meters with the newest that is known of them and their last day; $1 is the
// freshness in hours. What a question does not need costs it nothing: the joins are outer
// ones by unique columns, which are left out then. The grouping of the watermarks changes
// nothing, but has them computed once, and not for each meter.
var meterRows = `
	SELECT m.name, g.name AS group_name, m.meter_no, m.group_no, m.partition,
		s.last_ts, s.last_kwh, coalesce(s.readings, 0) AS readings, o.watermark, m.first_seen,
		24 - bit_count(` + plausibleBits + `)::int AS missing, bit_count(` + suspectBits + `)::int AS suspect,
		CASE WHEN ` + suspectBits + ` <> B'0'::bit(24) THEN 'suspect'
			WHEN s.last_ts IS NULL OR s.last_ts < o.fresh_from THEN 'stale'
			WHEN ` + plausibleBits + ` <> ~B'0'::bit(24) THEN 'gap' ELSE 'ok' END AS status
	FROM meters m LEFT JOIN groups g ON g.group_no = m.group_no
	LEFT JOIN meter_state s ON s.meter_no = m.meter_no
	LEFT JOIN (
		SELECT partition, watermark, (extract(epoch FROM watermark) / 3600)::int AS hour, watermark - $1::int * interval '1 hour' AS fresh_from
		FROM stream_offsets GROUP BY partition) o ON o.partition = m.partition`

// Which of 24 hours have a plausible reading, and which a suspect one, as bits, the newest hour
// last. The hour of the watermark is under way: meters that have not reported it yet lack
// nothing, but what is suspect in it is.
var (
	plausibleBits = lastDayBits(`s.recent & ~s.recent_suspect`, `false`, `o.hour - 1`)
	suspectBits   = lastDayBits(`s.recent_suspect`, `true`, `o.hour`)
)

// lastDayBits are the bits of meter_state moved to the last of the hours, or, where the meter
// is so far ahead of it that they do not reach back so far, those of its readings.
func lastDayBits(bits, suspect, last string) string {
	last = `(` + last + `)`
	return `(CASE WHEN s.recent_to <= ` + last + ` THEN CASE WHEN ` + last + ` - s.recent_to < 24 THEN (` + bits + `) << ` + last + ` - s.recent_to ELSE 0 END
			WHEN s.recent_to - ` + last + ` < 40 THEN (` + bits + `) >> s.recent_to - ` + last + `
			WHEN s.recent_to IS NULL OR o.hour IS NULL THEN 0
			ELSE last_day_bits(m.meter_no, to_timestamp(` + last + ` * 3600::float8), ` + suspect + `) END)::bit(24)`
}

// LastDays are the loads of the 24 hours up to the watermark of each meter, the oldest
// first; NaN where a reading is missing or suspect.
func (db *DB) LastDays(ctx context.Context, meterNos []int32) (map[int32][]float32, error) {
	// The rows of an hour are found by their key, all of them at once: OFFSET 0 keeps this
	// from becoming a join that reads the day of all meters.
	rows, err := db.Pool.Query(ctx, `
		WITH marks AS (SELECT o.partition, o.watermark FROM stream_offsets o WHERE o.partition IN (SELECT partition FROM meters WHERE meter_no = ANY ($1::int4[])))
		SELECT r.meter_no, (extract(epoch FROM o.watermark - h.ts) / 3600)::int, r.kwh
		FROM (SELECT DISTINCT t.ts FROM marks CROSS JOIN LATERAL generate_series(watermark - interval '23 hours', watermark, interval '1 hour') t(ts)) h
		CROSS JOIN LATERAL (
			SELECT r.meter_no, r.kwh FROM readings r
			WHERE r.ts = h.ts AND r.meter_no = ANY ($1::int4[]) AND r.channel = 0 AND r.`+schema.Plausible+` OFFSET 0) r
		JOIN meters m ON m.meter_no = r.meter_no JOIN marks o ON o.partition = m.partition
		WHERE h.ts BETWEEN o.watermark - interval '23 hours' AND o.watermark`, meterNos)
	if err != nil {
		return nil, fmt.Errorf("last days of meters: %w", err)
	}
	days := make(map[int32][]float32, len(meterNos))
	for _, no := range meterNos {
		day := make([]float32, meter.HoursPerDay)
		for i := range day {
			day[i] = pgvalue.NumberOrNaN(nil)
		}
		days[no] = day
	}
	var no, ago int32
	var kwh float32
	if _, err := pgx.ForEachRow(rows, []any{&no, &ago, &kwh}, func() error {
		days[no][meter.HoursPerDay-1-ago] = kwh
		return nil
	}); err != nil {
		return nil, fmt.Errorf("last days of meters: %w", err)
	}
	return days, nil
}
