package timescale_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// A crowd: 100,000 meters in groups of 200, with a day of readings; group forecasts of
// each hour of a day.
var crowd = []string{
	`INSERT INTO stream_offsets (partition, watermark) SELECT 0, $1::timestamptz + $3::int * interval '24 hours' - interval '1 hour' WHERE $2::int > 0`,
	`INSERT INTO groups (group_no, name) SELECT n, 'street-' || lpad(n::text, 4, '0') FROM generate_series(1, $2::int / 200) n WHERE $1::timestamptz IS NOT NULL AND $3::int > 0`,
	`INSERT INTO meters (meter_no, name, group_no, partition) SELECT n, 'meter-' || lpad(n::text, 6, '0'), 1 + n % ($2::int / 200), 0 FROM generate_series(1, $2::int) n WHERE $1::timestamptz IS NOT NULL AND $3::int > 0`,
	`INSERT INTO readings (ts, meter_no, kwh) SELECT $1::timestamptz + h * interval '1 hour', m, m % 997 / 100.0
	FROM generate_series(0, $3::int * 24 - 1) h, generate_series(1, $2::int) m WHERE (h + m) % 997 > 0`,
	`INSERT INTO meter_state (meter_no, last_ts, last_kwh, readings, recent_to, recent)
	SELECT meter_no, max(ts), max(kwh), count(*), extract(epoch FROM max(ts)) / 3600, bit_or(1::int8 << (extract(epoch FROM $1::timestamptz - ts) / 3600)::int + $3::int * 24 - 1)
	FROM readings WHERE $2::int > 0 GROUP BY meter_no`,
	`INSERT INTO group_load (ts, group_no, partition, kwh, meters) SELECT $1::timestamptz + h * interval '1 hour', n, 0, h, 200
	FROM generate_series(0, $3::int * 24 - 1) h, generate_series(1, $2::int / 200) n`,
	`INSERT INTO group_forecasts (issued_at, group_no, model, p10, p50, p90, day_ahead)
	SELECT $1::timestamptz + h * interval '1 hour', n, 'm', array_fill(h::real, ARRAY[48]), array_fill(h::real, ARRAY[48]), array_fill(h::real, ARRAY[48]), h % 24 = 0
	FROM generate_series(0, $3::int * 24 - 1) h, generate_series(1, $2::int / 200) n`,
}

// BenchmarkListOf100kMeters is what a page of the table of meters asks for, beside the
// rows of the page alone as bare SQL gives them.
func BenchmarkListOf100kMeters(b *testing.B) {
	const meters = 100_000
	s := openFilled(b, meters, 1, crowd...)
	ctx := b.Context()
	_, err := s.Pool.Exec(ctx, `VACUUM ANALYZE`)
	require.NoError(b, err)
	for name, f := range map[string]reader.MeterFilter{
		"name": {}, "group": {Sort: reader.SortGroup}, "load": {Sort: reader.SortLoad.Desc()}, "newest": {Sort: reader.SortNewest}, "readings": {Sort: reader.SortReadings},
		"missing": {Sort: reader.SortMissing.Desc()}, "gap": {Status: reader.StatusGap}, "ok": {Status: reader.StatusOK}, "search": {Contains: "4711"}, "of-group": {Group: ptr("street-0007")},
	} {
		b.Run("order/"+name, func(b *testing.B) {
			for b.Loop() {
				numbers, err := s.MeterOrder(ctx, f)
				require.NoError(b, err)
				require.NotEmpty(b, numbers)
			}
		})
	}
	numbers, err := s.MeterOrder(ctx, reader.MeterFilter{Sort: reader.SortLoad})
	require.NoError(b, err)
	page := numbers[meters/2 : meters/2+100]
	for name, ask := range map[string]func(context.Context) error{
		"version": func(ctx context.Context) error {
			_, err := s.MeterVersion(ctx, &reader.MeterFilter{Sort: reader.SortLoad})
			return err
		},
		"rows":     func(ctx context.Context) error { _, err := s.MetersNumbered(ctx, page, 0); return err },
		"last-day": func(ctx context.Context) error { _, err := s.LastDays(ctx, page); return err },
		"groups":   func(ctx context.Context) error { _, err := s.Groups(ctx); return err },
		"group":    func(ctx context.Context) error { _, err := s.GroupByName(ctx, "street-0007"); return err },
		"peaks": func(ctx context.Context) error {
			_, err := s.GroupForecastPeaks(ctx, nil, day+23, day+23+48)
			return err
		},
		"bare-sql": func(ctx context.Context) error {
			_, err := s.Pool.Exec(ctx, `SELECT m.name, g.name, s.* FROM meters m JOIN groups g USING (group_no) JOIN meter_state s USING (meter_no) WHERE m.meter_no = ANY ($1)`, page)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				require.NoError(b, ask(ctx))
			}
		})
	}
}
