// Package twinrows reads what a twin has stored in a form that can be compared
// with another run's: by names instead of numbers, in a fixed order, and
// without columns of the wall clock.
package twinrows

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
)

// Table is the content of one table.
type Table struct {
	Name   string
	Rows   int64
	SHA256 string
}

// queries select the rows that must be equal between runs. Of the provenance of
// decisions they leave out the image: a twin that moves to another one of the
// same code ends with the same rows.
func queries() []struct{ name, sql string } {
	return []struct{ name, sql string }{
		{"readings", `SELECT m.name, r.ts, r.channel, r.kwh, r.quality
			FROM readings r JOIN meters m USING (meter_no) ORDER BY r.ts, m.name, r.channel`},
		{"forecasts", `SELECT m.name, f.issued_at, f.model, f.day_ahead, f.p10, f.p50, f.p90
			FROM forecasts f JOIN meters m USING (meter_no) ORDER BY f.issued_at, m.name, f.model`},
		{"decisions", `SELECT d.id, m.name AS meter, g.name AS "group", d.limit_group, d.issued_at, d.valid_from, d.valid_to, d.actionable_from, d.supersedes, d.superseded_energy, d.superseded_demand,
				d.last_reading, d.partition, d.kwh_shifted, d.kw_reduction, d.peak_before, d.peak_after, d.par_before, d.par_after,
				d.cap_kw, d.price_threshold, d.saving_p10, d.saving_p50, d.saving_p90, d.saving_energy, d.saving_demand, d.month_peak, d.co2_kg, d.confidence, d.missing_share,
				d.action, d.reason, d.stale, d.plan, d.packed_version, d.factors, d.alternatives, d.binding, d.items, d.amounts,
				p.model, p.model_version, p.spec_hash, p.dataset_sha, p.tariff, p.origin, p.mode, p.series_revision
			FROM decisions d LEFT JOIN meters m USING (meter_no) LEFT JOIN groups g ON g.group_no = d.group_no
				LEFT JOIN provenance p USING (provenance_no)
			ORDER BY d.issued_at, d.id`},
		{"group_load", `SELECT g.name, l.ts, l.partition, l.kwh, l.meters, l.fed_in
			FROM group_load l JOIN groups g USING (group_no) ORDER BY l.ts, g.name, l.partition`},
		{"group_forecasts", `SELECT g.name, f.issued_at, f.day_ahead, f.model, f.p10, f.p50, f.p90,
				f.capacity_kw, f.exceed_before, f.exceed_after, f.excess_before, f.excess_after
			FROM group_forecasts f JOIN groups g USING (group_no) ORDER BY f.issued_at, g.name, f.model`},
		{"twin_forecasts", `SELECT issued_at, model, day_ahead, p10, p50, p90, partitions FROM twin_forecasts ORDER BY issued_at`},
		{"reading_revisions", `SELECT m.name, v.ts, v.channel, v.stream_offset, v.old_kwh, v.old_quality, v.watermark
			FROM reading_revisions v JOIN meters m USING (meter_no) ORDER BY v.ts, m.name, v.channel, v.stream_offset`},
	}
}

// twinForecastsMissing is whether the whole twin lacks a forecast of an issue that all partitions
// have passed.
const twinForecastsMissing = `
	SELECT EXISTS (SELECT FROM (
		SELECT issued_at, count(*) AS partitions FROM partition_loads
		WHERE issued_at <= (SELECT min(watermark) FROM stream_offsets) GROUP BY 1) l
	LEFT JOIN twin_forecasts f USING (issued_at)
	WHERE f.issued_at IS NULL OR f.partitions < l.partitions)`

// awaitTwinForecasts waits for the forecasts of the whole twin, which processors make
// when the last partition has passed an issue.
func awaitTwinForecasts(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for missing := true; missing; {
		if err := conn.QueryRow(ctx, twinForecastsMissing).Scan(&missing); err != nil {
			return fmt.Errorf("forecasts of the twin are missing: %w", err)
		}
		if missing {
			select {
			case <-ctx.Done():
				return fmt.Errorf("forecasts of the twin are missing: %w", ctx.Err())
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	return nil
}

// Read reads the tables of the database at url. Where out is not nil, it is
// given a writer per table for the rows themselves, as CSV.
func Read(ctx context.Context, url string, out func(table string) (io.WriteCloser, error)) ([]Table, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `SET timezone = 'UTC'; SET extra_float_digits = 1`); err != nil {
		return nil, err
	}
	if err := awaitTwinForecasts(ctx, conn); err != nil {
		return nil, err
	}
	var tables []Table
	for _, q := range queries() {
		t, err := readTable(ctx, conn, q.name, q.sql, out)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", q.name, err)
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func readTable(ctx context.Context, conn *pgx.Conn, name, sql string, out func(string) (io.WriteCloser, error)) (t Table, err error) {
	sum := sha256.New()
	var w io.Writer = sum
	if out != nil {
		file, err := out(name)
		if err != nil {
			return t, err
		}
		defer func() {
			if closeErr := file.Close(); err == nil {
				err = closeErr
			}
		}()
		w = io.MultiWriter(sum, file)
	}
	tag, err := conn.PgConn().CopyTo(ctx, w, `COPY (`+sql+`) TO STDOUT (FORMAT csv, HEADER)`)
	if err != nil {
		return t, err
	}
	return Table{Name: name, Rows: tag.RowsAffected(), SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}
