package writer

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// Unsettled is a decision about a meter whose hours have passed, with what was
// forecast at issue (the median) and what was measured, kWh per hour from ValidFrom to
// before HeldTo; NaN where there is nothing.
type Unsettled struct {
	decisions.Row
	Expected, Actual []float32
	Corrections      int             // of readings of these hours, so far
	Peaks            *dsm.MonthPeaks // of the meter before these hours; those after them once it is settled
	Again            bool            // it was settled before: Peaks are of its month
}

// Settling is how decisions are settled.
type Settling struct {
	// Followed reports that plans may have been followed: what was forecast is read too.
	Followed bool
	// Demand reports that there is a demand charge: decisions without a plan are settled
	// too, as the highest hour of a month may be one of theirs.
	Demand bool
	// Settle computes the outcomes of decisions of the same last hour, by meter and
	// then by issue.
	Settle func([]Unsettled) []decisions.Settled
}

// settleBatch is about how many decisions are settled at once. It bounds memory, and how
// long a transaction takes.
const settleBatch = 20_000

// SettleNext settles the decisions of some partitions whose hours end at the same time:
// the next that have passed and are not settled. One process settles at a time, others
// wait, and the outcomes are stored together with how far the partitions are settled. It
// returns the number of decisions; 0 if there are none.
func (db *DB) SettleNext(ctx context.Context, by Settling) (n int, err error) {
	err = pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		passed, err := lockPassed(ctx, tx)
		if err != nil || len(passed.partitions) == 0 {
			return err
		}
		due, err := nextDue(ctx, tx, by, passed)
		if err != nil {
			return err
		}
		if len(due.partitions) == 0 {
			return passed.settleToWatermark(ctx, tx)
		}
		open, err := readDue(ctx, tx, by, due)
		if err != nil {
			return err
		}
		n = len(open)
		if err := db.storeSettled(ctx, tx, by.Settle(open)); err != nil {
			return err
		}
		if by.Demand {
			if err := storePeaks(ctx, tx, open); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `UPDATE settling SET settled_to = $2 WHERE partition = ANY($1)`, due.partitions, due.to)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("settle decisions: %w", err)
	}
	return n, nil
}

// passedHours are partitions with hours that have passed and may have decisions to be
// settled. All decisions whose hours end at the watermark of a partition, or before, are
// in the database.
type passedHours struct {
	partitions []int32
	settledTo  []pgtype.Timestamptz // may be -infinity
	watermarks []time.Time
}

// lockPassed locks these partitions until the transaction ends, one after the other.
func lockPassed(ctx context.Context, tx pgx.Tx) (p passedHours, err error) {
	_, err = tx.Exec(ctx, `INSERT INTO settling (partition, settled_to)
		SELECT partition, '-infinity' FROM stream_offsets o
		WHERE NOT EXISTS (SELECT FROM settling s WHERE s.partition = o.partition) ON CONFLICT DO NOTHING`)
	if err != nil {
		return p, err
	}
	rows, err := tx.Query(ctx, `SELECT s.partition, s.settled_to, o.watermark FROM settling s JOIN stream_offsets o USING (partition)
		WHERE o.watermark > s.settled_to ORDER BY s.partition FOR UPDATE OF s`)
	if err != nil {
		return p, err
	}
	var partition int32
	var to pgtype.Timestamptz
	var watermark time.Time
	_, err = pgx.ForEachRow(rows, []any{&partition, &to, &watermark}, func() error {
		p.partitions, p.settledTo = append(p.partitions, partition), append(p.settledTo, to)
		p.watermarks = append(p.watermarks, watermark)
		return nil
	})
	return p, err
}

// settleToWatermark stores that there is nothing left to be settled.
func (p *passedHours) settleToWatermark(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE settling s SET settled_to = u.watermark
		FROM unnest($1::int4[], $2::timestamptz[]) u(partition, watermark) WHERE s.partition = u.partition`, p.partitions, p.watermarks)
	return err
}

// dueHours is partitions with decisions to be settled whose hours end at the same time.
type dueHours struct {
	partitions []int32
	from, to   time.Time // hours of the decisions
	issued     []time.Time
}

// settles4 is what decisions are settled: those with a plan, those that supersede one, and
// with a demand charge, by parameter 4, all.
const settles4 = `(d.action <> 0 OR d.supersedes IS NOT NULL OR $4)`

// longestPlan is how long before the end of its hours a decision may be issued.
const longestPlan = `interval '3 days'`

// nextDue finds what is to be settled next. Decisions are found by when they were issued,
// from the first that is not settled on: what lies behind is not read.
func nextDue(ctx context.Context, tx pgx.Tx, by Settling, p passedHours) (due dueHours, err error) {
	const condition = `d.meter_no <> 0 AND ` + settles4 + ` AND d.valid_to > p.settled_to AND d.valid_to <= p.watermark`
	rows, err := tx.Query(ctx, `
		WITH p AS (
			SELECT * FROM unnest($1::int4[], $2::timestamptz[], $3::timestamptz[]) f(partition, settled_to, watermark)
		), first AS (
			SELECT d.issued_at, d.valid_to FROM decisions d JOIN p USING (partition)
			WHERE d.issued_at >= (SELECT min(settled_to) FROM p) - `+longestPlan+` AND `+condition+`
			ORDER BY d.issued_at LIMIT 1
		), open AS (
			SELECT d.partition, d.valid_to, d.valid_from, d.issued_at FROM decisions d JOIN p USING (partition)
			WHERE d.issued_at >= (SELECT issued_at FROM first) AND d.issued_at < (SELECT valid_to FROM first) AND `+condition+`
		), next AS (SELECT min(valid_to) AS valid_to FROM open)
		SELECT partition, min(valid_from), valid_to, array_agg(DISTINCT issued_at), count(*)
		FROM open JOIN next USING (valid_to) GROUP BY partition, valid_to ORDER BY partition`,
		p.partitions, p.settledTo, p.watermarks, by.Demand)
	if err != nil {
		return due, err
	}
	total := 0
	var partition int32
	var from, to time.Time
	var issued []time.Time
	var n int
	_, err = pgx.ForEachRow(rows, []any{&partition, &from, &to, &issued, &n}, func() error {
		if total += n; total > settleBatch && len(due.partitions) > 0 {
			return nil
		}
		due.partitions, due.to = append(due.partitions, partition), to
		if due.from.IsZero() || from.Before(due.from) {
			due.from = from
		}
		for _, at := range issued {
			if !slices.ContainsFunc(due.issued, at.Equal) {
				due.issued = append(due.issued, at)
			}
		}
		return nil
	})
	return due, err
}

// readDue reads decisions that are to be settled, with what was forecast and measured.
func readDue(ctx context.Context, tx pgx.Tx, by Settling, due dueHours) ([]Unsettled, error) {
	found, err := decisions.Query(ctx, tx, decisions.Select+`
		WHERE d.issued_at = ANY($1) AND d.partition = ANY($2) AND d.valid_to = $3 AND d.meter_no <> 0 AND `+settles4+`
		ORDER BY d.meter_no, d.issued_at`, due.issued, due.partitions, due.to, by.Demand)
	if err != nil {
		return nil, err
	}
	return fillUnsettled(ctx, tx, by, found, meter.HourOf(due.from), meter.HourOf(due.to))
}

// fillUnsettled reads what was forecast and measured for decisions, which are in order
// of their meters, in the hours from to before to.
func fillUnsettled(ctx context.Context, tx pgx.Tx, by Settling, found []decisions.Row, from, to meter.Hour) ([]Unsettled, error) {
	hours := newMeterHours(found, from, to)
	open := make([]Unsettled, len(found))
	for i := range found {
		held := int(found[i].HeldTo - found[i].ValidFrom)
		open[i] = Unsettled{Row: found[i], Actual: hours.of(&found[i])[:held]}
	}
	// Corrections are counted before readings are read: one that comes in between is
	// found again.
	if err := countCorrections(ctx, tx, open, from, to); err != nil {
		return nil, err
	}
	if err := hours.read(ctx, tx); err != nil {
		return nil, err
	}
	if by.Followed {
		if err := readExpected(ctx, tx, open); err != nil {
			return nil, err
		}
	}
	if by.Demand {
		if err := readPeaks(ctx, tx, open, hours.meters); err != nil {
			return nil, err
		}
	}
	return open, nil
}

// countCorrections counts those of readings of the decisions' hours.
func countCorrections(ctx context.Context, tx pgx.Tx, open []Unsettled, from, to meter.Hour) error {
	rows, err := tx.Query(ctx, `SELECT meter_no, ts FROM reading_revisions WHERE ts >= $1 AND ts < $2`, from.Time(), to.Time())
	if err != nil {
		return fmt.Errorf("corrections of decisions: %w", err)
	}
	corrected := map[int32][]meter.Hour{}
	var no int32
	var ts time.Time
	if _, err := pgx.ForEachRow(rows, []any{&no, &ts}, func() error {
		corrected[no] = append(corrected[no], meter.HourOf(ts))
		return nil
	}); err != nil {
		return fmt.Errorf("corrections of decisions: %w", err)
	}
	if len(corrected) == 0 {
		return nil
	}
	for i := range open {
		u := &open[i]
		for _, h := range corrected[u.MeterNo] {
			if h >= u.ValidFrom && h < u.ValidTo {
				u.Corrections++
			}
		}
	}
	return nil
}

// readExpected reads the medians that were forecast when the decisions were issued.
func readExpected(ctx context.Context, tx pgx.Tx, open []Unsettled) error {
	type issue struct {
		no int32
		at meter.Hour
	}
	of := make(map[issue][]*Unsettled, len(open))
	issued, meters := make([]int32, len(open)), make([]int32, len(open))
	for i := range open {
		u := &open[i]
		u.Expected = allNaN(len(u.Actual))
		at := issue{u.MeterNo, u.IssuedAt}
		of[at] = append(of[at], u)
		issued[i], meters[i] = int32(u.IssuedAt), u.MeterNo
	}
	rows, err := tx.Query(ctx, `SELECT f.meter_no, f.issued_at, f.p50
		FROM (SELECT DISTINCT to_timestamp(h * 3600::float8) AS issued_at, no AS meter_no FROM unnest($1::int4[], $2::int4[]) u(h, no)) u
		JOIN forecasts f USING (issued_at, meter_no)`, issued, meters)
	if err != nil {
		return fmt.Errorf("forecasts of decisions: %w", err)
	}
	var no int32
	var ts time.Time
	var p50 []float32
	if _, err := pgx.ForEachRow(rows, []any{&no, &ts, &p50}, func() error {
		at := meter.HourOf(ts)
		for _, u := range of[issue{no, at}] {
			if skip := int(u.ValidFrom - at); skip < len(p50) { // a forecast begins at its issue
				copy(u.Expected, p50[skip:])
			}
		}
		return nil
	}); err != nil {
		return fmt.Errorf("forecasts of decisions: %w", err)
	}
	return nil
}

func allNaN(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(math.NaN())
	}
	return v
}
