package writer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
)

// storeSettled stores the outcomes of decisions. One that is settled already, with as
// many corrections, stays as it is: where there is one, all go through an upsert.
func (db *DB) storeSettled(ctx context.Context, tx pgx.Tx, settled []decisions.Settled) error {
	if len(settled) == 0 {
		return nil
	}
	// In the order of the key: neighbours go to the same page.
	slices.SortFunc(settled, func(a, b decisions.Settled) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	if db.insertOnly {
		return upsertSettled(ctx, tx, settled)
	}
	err := pgx.BeginFunc(ctx, tx, func(part pgx.Tx) error {
		_, err := part.Conn().PgConn().CopyFrom(ctx, &copyReader{rows: settledRows(settled)}, copySettled)
		return err
	})
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Code == uniqueViolation {
		return upsertSettled(ctx, tx, settled)
	}
	if err != nil {
		return fmt.Errorf("store outcomes: %w", err)
	}
	return nil
}

const copySettled = `COPY realised (decision_id, issued_at, revision, method, kwh_shifted, kw_reduction, saving, saving_demand, co2_kg, peak_without, peak_with) FROM STDIN BINARY`

type settledRows []decisions.Settled

func (r settledRows) Len() int { return len(r) }

func (r settledRows) RowSize(int) int { return 2 + (4 + 16) + (4 + 8) + (4 + 4) + (4 + 2) + 7*(4+4) }

func (r settledRows) AppendRow(dst []byte, i int) []byte {
	s := &r[i]
	dst = pgvalue.AppendCount(dst, 11)
	dst = pgvalue.AppendUUID(dst, s.ID)
	dst = pgvalue.AppendHour(dst, s.IssuedAt)
	dst = pgvalue.AppendInt4(dst, int32(s.Corrections))
	dst = pgvalue.AppendInt2(dst, s.Method)
	for _, v := range s.Reals() {
		dst = pgvalue.AppendNumber(dst, v)
	}
	return dst
}

// upsertSettled stores outcomes in one statement.
func upsertSettled(ctx context.Context, tx pgx.Tx, settled []decisions.Settled) error {
	n := len(settled)
	ids, issued, revisions, methods := make([][16]byte, n), make([]int32, n), make([]int32, n), make([]int16, n)
	var reals [7][]float32
	for i := range settled {
		s := &settled[i]
		ids[i], issued[i], revisions[i], methods[i] = s.ID, int32(s.IssuedAt), int32(s.Corrections), s.Method
		for c, v := range s.Reals() {
			reals[c] = append(reals[c], v)
		}
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO realised (decision_id, issued_at, revision, method, kwh_shifted, kw_reduction, saving, saving_demand, co2_kg, peak_without, peak_with)
		SELECT id, to_timestamp(h * 3600::float8), revision, method,
			nullif(kwh, 'NaN'), nullif(kw, 'NaN'), nullif(energy, 'NaN'), nullif(demand, 'NaN'), nullif(co2, 'NaN'),
			nullif(peak_without, 'NaN'), nullif(peak_with, 'NaN')
		FROM unnest($1::uuid[], $2::int4[], $3::int4[], $4::int2[], $5::real[], $6::real[], $7::real[], $8::real[], $9::real[], $10::real[], $11::real[])
			u(id, h, revision, method, kwh, kw, energy, demand, co2, peak_without, peak_with)
		ON CONFLICT DO NOTHING`,
		ids, issued, revisions, methods, reals[0], reals[1], reals[2], reals[3], reals[4], reals[5], reals[6])
	if err != nil {
		return fmt.Errorf("store outcomes: %w", err)
	}
	return nil
}

// readPeaks reads the highest hours of the meters, as far as they are settled.
func readPeaks(ctx context.Context, tx pgx.Tx, open []Unsettled, meters []int32) error {
	peaks := make(map[int32]*dsm.MonthPeaks, len(meters))
	for i := range open {
		no := open[i].MeterNo
		if peaks[no] == nil {
			peaks[no] = &dsm.MonthPeaks{}
		}
		open[i].Peaks = peaks[no]
	}
	rows, err := tx.Query(ctx, `SELECT meter_no, month, without, with_plans FROM month_peaks WHERE meter_no BETWEEN $1 AND $2`, meters[0], meters[len(meters)-1])
	if err != nil {
		return fmt.Errorf("highest hours of months: %w", err)
	}
	var no, month int32
	var without, with float32
	if _, err := pgx.ForEachRow(rows, []any{&no, &month, &without, &with}, func() error {
		if peaks[no] == nil {
			return nil // another partition's
		}
		*peaks[no] = dsm.MonthPeaks{Month: month, Without: float64(without), With: float64(with)}
		return nil
	}); err != nil {
		return fmt.Errorf("highest hours of months: %w", err)
	}
	return nil
}

// storePeaks stores the highest hours of the meters after what was settled.
func storePeaks(ctx context.Context, tx pgx.Tx, open []Unsettled) error {
	var meters, months []int32
	var without, with []float32
	stored := make(map[int32]bool, len(open))
	for i := range open {
		u := &open[i]
		if stored[u.MeterNo] || u.Peaks.Month == 0 {
			continue
		}
		stored[u.MeterNo] = true
		meters, months = append(meters, u.MeterNo), append(months, u.Peaks.Month)
		without, with = append(without, float32(u.Peaks.Without)), append(with, float32(u.Peaks.With))
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO month_peaks (meter_no, month, without, with_plans)
		SELECT * FROM unnest($1::int4[], $2::int4[], $3::real[], $4::real[])
		ON CONFLICT (meter_no) DO UPDATE SET month = excluded.month, without = excluded.without, with_plans = excluded.with_plans
		WHERE (month_peaks.month, month_peaks.without, month_peaks.with_plans) <> (excluded.month, excluded.without, excluded.with_plans)`,
		meters, months, without, with)
	if err != nil {
		return fmt.Errorf("store highest hours of months: %w", err)
	}
	return nil
}

// lookBack is how long before the newest decision that is settled corrections of
// readings still lead to another outcome. What lies farther back is not read, or each
// look would cost more than the one before.
const lookBack = "60 days"

// SettleCorrected settles decisions again that were settled before a reading of their
// hours was corrected, and returns how many. The highest hours of months before them count
// as they did.
func (db *DB) SettleCorrected(ctx context.Context, by Settling) (n int, err error) {
	err = pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		found, peaks, err := findCorrected(ctx, tx)
		if err != nil || len(found) == 0 {
			return err
		}
		from, to := found[0].ValidFrom, found[0].ValidTo
		for i := range found {
			from, to = min(from, found[i].ValidFrom), max(to, found[i].ValidTo)
		}
		again := by
		again.Demand = false // the peaks are those that are stored with the outcomes
		open, err := fillUnsettled(ctx, tx, again, found, from, to)
		if err != nil {
			return err
		}
		for i := range open {
			open[i].Peaks, open[i].Again = peaks[open[i].ID], true
		}
		n = len(open)
		if err := db.storeSettled(ctx, tx, by.Settle(open)); err != nil {
			return err
		}
		return sumAgain(ctx, tx, open)
	})
	if err != nil {
		return 0, fmt.Errorf("settle corrected decisions: %w", err)
	}
	return n, nil
}

// findCorrected finds decisions, in order of their meters, whose readings have more
// corrections than their outcome takes into account, those of the oldest such hours.
func findCorrected(ctx context.Context, tx pgx.Tx) (found []decisions.Row, peaks map[uuid.UUID]*dsm.MonthPeaks, err error) {
	rows, err := tx.Query(ctx, `
		WITH since AS (SELECT max(issued_at) - interval '`+lookBack+`' AS earliest FROM realised),
		corrected AS (
			SELECT d.issued_at, d.id, d.valid_from, count(*) AS times
			FROM reading_revisions v
			JOIN decisions d ON d.meter_no = v.meter_no AND v.ts >= d.valid_from AND v.ts < d.valid_to
				AND d.issued_at > v.ts - `+longestPlan+` AND d.issued_at <= v.ts
			WHERE v.old_kwh IS NOT NULL AND v.ts >= (SELECT earliest FROM since) AND d.issued_at >= (SELECT earliest FROM since)
			GROUP BY d.issued_at, d.id, d.valid_from
		), open AS (
			SELECT c.issued_at, c.id, c.valid_from, r.peak_without, r.peak_with FROM corrected c
			JOIN LATERAL (SELECT * FROM realised r WHERE r.issued_at = c.issued_at AND r.decision_id = c.id
				ORDER BY r.revision DESC LIMIT 1) r ON c.times > r.revision
		)
		SELECT issued_at, id, peak_without, peak_with FROM open
		WHERE valid_from = (SELECT min(valid_from) FROM open) LIMIT $1`, settleBatch)
	if err != nil {
		return nil, nil, err
	}
	peaks = map[uuid.UUID]*dsm.MonthPeaks{}
	issued := map[time.Time]bool{}
	var at time.Time
	var id uuid.UUID
	var without, with *float32
	var ids []uuid.UUID
	if _, err := pgx.ForEachRow(rows, []any{&at, &id, &without, &with}, func() error {
		ids, issued[at] = append(ids, id), true
		if without != nil && with != nil {
			peaks[id] = &dsm.MonthPeaks{Without: float64(*without), With: float64(*with)}
		}
		return nil
	}); err != nil || len(ids) == 0 {
		return nil, nil, err
	}
	times := make([]time.Time, 0, len(issued))
	for at := range issued {
		times = append(times, at)
	}
	found, err = decisions.Query(ctx, tx, decisions.SelectPlanned+` WHERE d.issued_at = ANY($1) AND d.id = ANY($2) ORDER BY d.meter_no, d.issued_at`, times, ids)
	return found, peaks, err
}
