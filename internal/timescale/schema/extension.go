package schema

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// createExtension tries to add TimescaleDB to the database. A server that has
// the extension's files but did not load it at its start ends the connection.
func createExtension(ctx context.Context, conn *pgx.Conn) error {
	var installed, available bool
	err := conn.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb'),
		       EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')`).Scan(&installed, &available)
	switch {
	case err != nil:
		return err
	case installed:
		return nil
	case !available:
		return fmt.Errorf("this server has no extension timescaledb")
	}
	_, err = conn.Exec(ctx, `CREATE EXTENSION IF NOT EXISTS timescaledb`)
	return err
}

// hypertable is a table that TimescaleDB cuts into chunks of time.
type hypertable struct {
	table, time string
	days        int    // length of a chunk
	segment     string // columns whose values a compressed batch of rows shares
	order       string // order of rows in such a batch
}

// hypertables: segments are what is asked for together, one meter or group. A
// chunk is long enough that a segment compresses well (up to 1000 rows).
func hypertables() []hypertable {
	return []hypertable{
		{"readings", "ts", 14, "meter_no, channel", "ts"},
		{"group_load", "ts", 28, "group_no, partition", "ts"},
		{"forecasts", "issued_at", 28, "meter_no, model", "issued_at"},
		{"group_forecasts", "issued_at", 28, "group_no, model", "issued_at"},
		{"decisions", "issued_at", 28, "meter_no", "issued_at DESC, id"},
	}
}

// aggregate is a view that TimescaleDB keeps up to date. mark is part of its query
// and of no query that it had before.
type aggregate struct{ view, query, mark string }

func aggregates() []aggregate {
	return []aggregate{
		{"readings_daily", `
			SELECT time_bucket('1 day', ts) AS day, meter_no, channel,
			       sum(kwh::float8) AS kwh, max(kwh) AS peak_kw, min(kwh) AS low_kw, count(*) AS hours
			FROM readings WHERE ` + Plausible + ` GROUP BY 1, 2, 3`, "quality"},
		{"group_load_daily", `
			SELECT time_bucket('1 day', ts) AS day, group_no, partition,
			       sum(kwh) AS kwh, max(kwh) AS peak_kw, min(kwh) AS low_kw, count(*) AS hours
			FROM group_load GROUP BY 1, 2, 3`, ""},
	}
}

// AggregateViews are the names of the continuous aggregates, in the order in which
// they are refreshed.
func AggregateViews() (names []string) {
	for _, a := range aggregates() {
		names = append(names, a.view)
	}
	return names
}

// useExtension turns what is not yet a hypertable or continuous aggregate into
// one. No policies of the extension are set: they follow the wall clock, and
// would erase a past year that is replayed now. See Maintain.
func useExtension(ctx context.Context, conn *pgx.Conn) (Capabilities, error) {
	c, err := ReadCapabilities(ctx, conn)
	if err != nil || !c.Hypertables() {
		return c, err
	}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return c, err
	}
	defer func() { _, _ = conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, migrationLock) }() // closing frees it too
	for _, h := range hypertables() {
		if err := h.create(ctx, conn); err != nil {
			return c, fmt.Errorf("hypertable %s: %w", h.table, err)
		}
	}
	for _, a := range aggregates() {
		if err := a.create(ctx, conn); err != nil {
			return c, fmt.Errorf("continuous aggregate %s: %w", a.view, err)
		}
	}
	return c, nil
}

func (h hypertable) create(ctx context.Context, conn *pgx.Conn) error {
	var done bool
	err := conn.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM timescaledb_information.hypertables
			WHERE hypertable_name = $1 AND hypertable_schema = current_schema())`, h.table).Scan(&done)
	if err != nil || done {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			SELECT create_hypertable($1::text::regclass, by_range($2, make_interval(days => $3)),
				create_default_indexes => false, migrate_data => true)`, h.table, h.time, h.days)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, fmt.Sprintf(`
			ALTER TABLE %s SET (timescaledb.compress,
				timescaledb.compress_segmentby = '%s', timescaledb.compress_orderby = '%s')`,
			h.table, h.segment, h.order))
		return err
	})
}

func (a aggregate) create(ctx context.Context, conn *pgx.Conn) error {
	var definition string
	err := conn.QueryRow(ctx, `
		SELECT view_definition FROM timescaledb_information.continuous_aggregates
		WHERE view_name = $1 AND view_schema = current_schema()`, a.view).Scan(&definition)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return a.replace(ctx, conn, `VIEW`)
	case err != nil || strings.Contains(definition, a.mark):
		return err
	}
	// What raw readings no longer bear out would be lost with the view. Days from
	// before it are the same by the query of now.
	var dropped bool
	if err := conn.QueryRow(ctx, `SELECT readings_from IS NOT NULL FROM maintenance`).Scan(&dropped); err != nil || dropped {
		return err
	}
	return a.replace(ctx, conn, `MATERIALIZED VIEW`)
}

// replace puts a continuous aggregate, empty, in the place of a view of a kind.
// Maintenance fills it.
func (a aggregate) replace(ctx context.Context, conn *pgx.Conn, kind string) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DROP `+kind+` IF EXISTS `+a.view); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `CREATE MATERIALIZED VIEW `+a.view+`
			WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS `+a.query+` WITH NO DATA`)
		return err
	})
}
