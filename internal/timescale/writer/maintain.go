package writer

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

const maintenanceLock = 0x656e_7477_6d61_696e // "entwmain"

// MaintainOptions say how long rows stay. Ages are those of event time: they
// count back from the least watermark of all partitions, never from the wall
// clock, so that a past year that is replayed now is not erased.
type MaintainOptions struct {
	RetainRaw       time.Duration // of readings; 0 is for ever
	RetainDecisions time.Duration // of forecasts and decisions; 0 is for ever
	CompressAfter   time.Duration // 0 is never; of no effect without TimescaleDB
}

// MaintainReport is what one run of maintenance did.
type MaintainReport struct {
	Busy       bool       // another process was at it: nothing was done
	Watermark  meter.Hour // that the bounds were taken from; NoHour if there was none, and nothing was done
	Refreshed  int        // continuous aggregates brought up to date
	Compressed int        // chunks
	Dropped    int        // chunks
	Deleted    int64      // rows deleted one by one, where there are no chunks
}

// Maintain compresses, drops and refreshes what is old enough. One process does
// it at a time. It may be stopped at any moment, and goes on the next time.
func (db *DB) Maintain(ctx context.Context, opts MaintainOptions) (MaintainReport, error) {
	conn, err := db.Pool.Acquire(ctx)
	if err != nil {
		return MaintainReport{}, fmt.Errorf("maintain the database: %w", err)
	}
	defer conn.Release()
	m := maintenance{conn: conn.Conn(), opts: opts}
	if err := m.run(ctx); err != nil {
		return m.report, fmt.Errorf("maintain the database: %w", err)
	}
	return m.report, nil
}

// maintenance is one run.
type maintenance struct {
	conn   *pgx.Conn
	opts   MaintainOptions
	report MaintainReport
}

func (m *maintenance) run(ctx context.Context) error {
	var free bool
	if err := m.conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, maintenanceLock).Scan(&free); err != nil {
		return err
	}
	if !free {
		m.report.Busy = true
		return nil
	}
	defer m.unlock(ctx)
	for _, table := range []string{`ended_sessions WHERE ends_at`, `sessions WHERE expires_at`} { // such a token ends by itself
		if _, err := m.conn.Exec(ctx, `DELETE FROM `+table+` < now()`); err != nil {
			return err
		}
	}
	if _, err := m.conn.Exec(ctx, `DELETE FROM ingest_batches WHERE received_at < now() - interval '7 days'`); err != nil {
		return err
	}
	if err := m.endedAPIKeys(ctx); err != nil {
		return err
	}
	if err := m.oldWebhooks(ctx); err != nil {
		return err
	}
	var mark *time.Time
	if err := m.conn.QueryRow(ctx, `SELECT min(watermark) FROM stream_offsets`).Scan(&mark); err != nil {
		return err
	}
	m.report.Watermark = pgvalue.HourOrNone(mark)
	if mark == nil {
		return nil
	}
	c, err := schema.ReadCapabilities(ctx, m.conn)
	if err != nil {
		return err
	}
	if c.Hypertables() {
		return m.chunks(ctx, mark.UTC())
	}
	return m.rows(ctx, mark.UTC())
}

// endedAPIKeys forgets API keys a month after they expired or were revoked, and what
// belongs to them.
func (m *maintenance) endedAPIKeys(ctx context.Context) error {
	for _, sql := range []string{
		`DELETE FROM api_keys k WHERE k.expires_at < now() - interval '30 days' OR EXISTS (SELECT FROM api_key_endings e
			WHERE e.key_id = k.id AND greatest(e.ends_at, e.recorded_at) < now() - interval '30 days')`,
		`DELETE FROM api_key_endings e WHERE NOT EXISTS (SELECT FROM api_keys k WHERE k.id = e.key_id)`,
		`DELETE FROM api_key_uses u WHERE u.key_id NOT LIKE 'secret.%' AND NOT EXISTS (SELECT FROM api_keys k WHERE k.id::text = u.key_id)`,
	} {
		if _, err := m.conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// oldWebhooks forgets settings of webhooks a month after others replaced them, and then those
// that were deleted: in that order, as a version without those behind it counts.
func (m *maintenance) oldWebhooks(ctx context.Context) error {
	for _, sql := range []string{
		`DELETE FROM webhooks w WHERE EXISTS (SELECT FROM webhooks later
			WHERE later.id = w.id AND later.version > w.version AND later.changed_at < now() - interval '30 days')`,
		`DELETE FROM webhooks w WHERE w.deleted AND w.changed_at < now() - interval '30 days'
			AND NOT EXISTS (SELECT FROM webhooks other WHERE other.id = w.id AND other.version <> w.version)`,
	} {
		if _, err := m.conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// unlock frees the lock even if the run was cancelled: the connection goes back
// to the pool, and the lock would stay with it.
func (m *maintenance) unlock(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_, _ = m.conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, maintenanceLock) // a broken connection has no lock
}

// chunks maintains hypertables. Aggregates come first: they keep what raw rows
// are about to lose.
func (m *maintenance) chunks(ctx context.Context, mark time.Time) error {
	if err := m.refresh(ctx, mark); err != nil {
		return err
	}
	if m.opts.CompressAfter > 0 {
		if err := m.compress(ctx, mark.Add(-m.opts.CompressAfter)); err != nil {
			return err
		}
	}
	if bound, ok, err := m.noteBound(ctx, "readings_from", mark, m.opts.RetainRaw); err != nil {
		return err
	} else if ok {
		if err := m.drop(ctx, "readings", bound); err != nil {
			return err
		}
		if err := m.deleteOlder(ctx, "reading_revisions", "ts", bound); err != nil {
			return err
		}
	}
	bound, ok, err := m.noteBound(ctx, "decisions_from", mark, m.opts.RetainDecisions)
	if err != nil || !ok {
		return err
	}
	for _, table := range []string{"forecasts", "group_forecasts", "decisions"} {
		if err := m.drop(ctx, table, bound); err != nil {
			return err
		}
	}
	for _, table := range []string{"realised", "forecast_totals", "plan_totals", "twin_forecasts"} {
		if err := m.deleteOlder(ctx, table, "issued_at", bound); err != nil {
			return err
		}
	}
	return m.deleteOlder(ctx, "outcome_totals", "valid_from", bound)
}

// rows maintains plain tables.
func (m *maintenance) rows(ctx context.Context, mark time.Time) error {
	if bound, ok, err := m.noteBound(ctx, "readings_from", mark, m.opts.RetainRaw); err != nil {
		return err
	} else if ok {
		for _, table := range []string{"readings", "reading_revisions"} {
			if err := m.deleteOlder(ctx, table, "ts", bound); err != nil {
				return err
			}
		}
	}
	bound, ok, err := m.noteBound(ctx, "decisions_from", mark, m.opts.RetainDecisions)
	if err != nil || !ok {
		return err
	}
	for _, table := range []string{"forecasts", "group_forecasts", "decisions", "realised", "forecast_totals", "plan_totals", "twin_forecasts"} {
		if err := m.deleteOlder(ctx, table, "issued_at", bound); err != nil {
			return err
		}
	}
	return m.deleteOlder(ctx, "outcome_totals", "valid_from", bound)
}

// noteBound stores from when on rows are kept, before any goes: a refresh must
// never cover what is gone, as it would empty the aggregate there too.
func (m *maintenance) noteBound(ctx context.Context, column string, mark time.Time, keep time.Duration) (time.Time, bool, error) {
	if keep <= 0 {
		return time.Time{}, false, nil
	}
	bound := mark.Add(-keep)
	_, err := m.conn.Exec(ctx, `UPDATE maintenance SET `+column+` = greatest(`+column+`, $1), ran_at = now()`, bound)
	return bound, true, err
}

// refresh brings the aggregates up to the last whole day before the watermark.
func (m *maintenance) refresh(ctx context.Context, mark time.Time) error {
	var kept *time.Time
	if err := m.conn.QueryRow(ctx, `SELECT readings_from FROM maintenance`).Scan(&kept); err != nil {
		return err
	}
	end := mark.Truncate(24 * time.Hour)
	for _, view := range schema.AggregateViews() {
		var start any // null: from the beginning
		if view == "readings_daily" && kept != nil {
			first := kept.UTC().Add(24*time.Hour - 1).Truncate(24 * time.Hour)
			if !first.Before(end) {
				continue
			}
			start = first
		}
		if _, err := m.conn.Exec(ctx, `CALL refresh_continuous_aggregate($1::text::regclass, $2::timestamptz, $3::timestamptz)`,
			view, start, end); err != nil {
			return fmt.Errorf("refresh %s: %w", view, err)
		}
		m.report.Refreshed++
	}
	return nil
}

func (m *maintenance) compress(ctx context.Context, bound time.Time) error {
	rows, err := m.conn.Query(ctx, `
		SELECT format('%I.%I', chunk_schema, chunk_name) FROM timescaledb_information.chunks
		WHERE hypertable_schema = current_schema() AND hypertable_name IN ('readings', 'group_load', 'forecasts', 'group_forecasts', 'decisions')
			AND range_end <= $1 AND NOT is_compressed
		ORDER BY range_end`, bound)
	if err != nil {
		return err
	}
	chunks, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, chunk := range chunks {
		if _, err := m.conn.Exec(ctx, `SELECT compress_chunk($1::text::regclass, if_not_compressed => true)`, chunk); err != nil {
			return fmt.Errorf("compress %s: %w", chunk, err)
		}
		m.report.Compressed++
	}
	_, err = m.conn.Exec(ctx, `
		UPDATE maintenance SET ran_at = now(), compressed_to = (
			SELECT max(range_end) FROM timescaledb_information.chunks
			WHERE hypertable_schema = current_schema() AND hypertable_name = 'readings' AND is_compressed)`)
	return err
}

func (m *maintenance) drop(ctx context.Context, table string, bound time.Time) error {
	var n int
	err := m.conn.QueryRow(ctx, `SELECT count(*) FROM drop_chunks($1::text::regclass, older_than => $2::timestamptz)`, table, bound).Scan(&n)
	if err != nil {
		return fmt.Errorf("drop chunks of %s: %w", table, err)
	}
	m.report.Dropped += n
	return nil
}

// deleteOlder deletes a day of rows at a time, so that no transaction is long.
func (m *maintenance) deleteOlder(ctx context.Context, table, column string, bound time.Time) error {
	for {
		var oldest *time.Time
		if err := m.conn.QueryRow(ctx, `SELECT min(`+column+`) FROM `+table).Scan(&oldest); err != nil {
			return err
		}
		if oldest == nil || !oldest.Before(bound) {
			return nil
		}
		to := oldest.Add(24 * time.Hour)
		if to.After(bound) {
			to = bound
		}
		tag, err := m.conn.Exec(ctx, `DELETE FROM `+table+` WHERE `+column+` < $1`, to)
		if err != nil {
			return fmt.Errorf("delete from %s: %w", table, err)
		}
		m.report.Deleted += tag.RowsAffected()
	}
}
