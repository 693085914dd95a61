package writer

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
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
	Series           int64           // revision of the series with which its last hour was processed; 0 for none
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
	// Prepare comes before, with all decisions of the batch; it may be nil. After an error
	// nothing is stored.
	Prepare func([]Unsettled) error
}

// settleBatch is about how many decisions are settled at once. It bounds memory, and how
// long a transaction takes. Of a small area these are the decisions of many days: a
// transaction for each day would cost more than what it does.
const settleBatch = 20_000

// settleMemory is enough to sort and to group what one batch reads, without files.
const settleMemory = "64MB"

// SettleNext settles the next decisions of some partitions that have passed and are not
// settled, in order of the ends of their hours. One process settles at a time, others
// wait, and the outcomes are stored together with their sums and with how far the
// partitions are settled. It
// returns the number of decisions; 0 if there are none.
func (db *DB) SettleNext(ctx context.Context, by Settling) (n int, err error) {
	for more := true; more; {
		if more, err = db.sumUnsummed(ctx); err != nil {
			return 0, fmt.Errorf("settle decisions: %w", err)
		}
	}
	err = pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL work_mem = '`+settleMemory+`'`); err != nil {
			return err
		}
		passed, err := lockPassed(ctx, tx)
		if err != nil || len(passed.partitions) == 0 {
			return err
		}
		due, err := nextDue(ctx, tx, by, passed)
		if err != nil {
			return err
		}
		if len(due.partitions) == 0 {
			return settleTo(ctx, tx, passed.partitions, passed.watermarks)
		}
		open, err := readDue(ctx, tx, by, due)
		if err != nil {
			return err
		}
		n = len(open)
		if err := db.storeSettled(ctx, tx, settleInOrder(by, open)); err != nil {
			return err
		}
		if by.Demand {
			if err := storePeaks(ctx, tx, open); err != nil {
				return err
			}
		}
		if err := sumOutcomes(ctx, tx, due); err != nil {
			return err
		}
		return settleTo(ctx, tx, due.partitions, due.to)
	})
	if err != nil {
		return 0, fmt.Errorf("settle decisions: %w", err)
	}
	return n, nil
}

// settleInOrder settles decisions, which are in order of their last hours. The highest
// hours go on from one last hour to the next as they are stored, so that outcomes do not
// depend on what is settled at once.
func settleInOrder(by Settling, open []Unsettled) (out []decisions.Settled) {
	for rest := open; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].ValidTo == rest[0].ValidTo {
			n++
		}
		out = append(out, by.Settle(rest[:n])...)
		for i := range rest[:n] {
			if p := rest[i].Peaks; p != nil {
				p.Without, p.With = float64(float32(p.Without)), float64(float32(p.With))
			}
		}
		rest = rest[n:]
	}
	return out
}

// settleTo stores how far partitions are settled, and how far their outcomes are summed
// up: what an earlier version settles meanwhile is left to sumUnsummed.
func settleTo(ctx context.Context, tx pgx.Tx, partitions []int32, to []time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE settling s SET settled_to = u.settled_to,
			summed_to = CASE WHEN s.summed_to = s.settled_to THEN u.settled_to ELSE s.summed_to END
		FROM unnest($1::int4[], $2::timestamptz[]) u(partition, settled_to) WHERE s.partition = u.partition`, partitions, to)
	return err
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

// dueHours is decisions to be settled: of each partition, those whose hours end after it
// was settled and up to a time.
type dueHours struct {
	partitions []int32
	after      []pgtype.Timestamptz // may be -infinity
	to         []time.Time
	from, end  time.Time // hours of all
	issued     []time.Time
}

// add takes decisions of a partition whose hours end at the same time.
func (d *dueHours) add(partition int32, after pgtype.Timestamptz, from, to time.Time, issued []time.Time) {
	i := slices.Index(d.partitions, partition)
	if i < 0 {
		i = len(d.partitions)
		d.partitions, d.after, d.to = append(d.partitions, partition), append(d.after, after), append(d.to, to)
	}
	d.to[i] = to
	if d.from.IsZero() || from.Before(d.from) {
		d.from = from
	}
	if to.After(d.end) {
		d.end = to
	}
	for _, at := range issued {
		if !slices.ContainsFunc(d.issued, at.Equal) {
			d.issued = append(d.issued, at)
		}
	}
}

// settles4 is what decisions are settled: those with a plan, those that supersede one, and
// with a demand charge, by parameter 4, all.
const settles4 = `(d.action <> 0 OR d.supersedes IS NOT NULL OR $4)`

// longestPlan is how long before the end of its hours a decision may be issued.
const longestPlan = `interval '3 days'`

// nextDue finds what is to be settled next. Decisions are found by when they were issued,
// from the first that is not settled on: what lies behind is not read. They are read as
// far as the hours of the first reach, and in a small area some days farther.
func nextDue(ctx context.Context, tx pgx.Tx, by Settling, p passedHours) (due dueHours, err error) {
	const condition = `d.meter_no <> 0 AND ` + settles4 + ` AND d.valid_to > p.settled_to AND d.valid_to <= p.watermark`
	rows, err := tx.Query(ctx, `
		WITH p AS (
			SELECT * FROM unnest($1::int4[], $2::timestamptz[], $3::timestamptz[]) f(partition, settled_to, watermark)
		), first AS (
			SELECT d.issued_at, d.valid_to FROM decisions d JOIN p USING (partition)
			WHERE d.issued_at >= (SELECT min(settled_to) FROM p) - `+longestPlan+` AND d.valid_to > (SELECT min(settled_to) FROM p) AND `+condition+`
			ORDER BY d.issued_at LIMIT 1
		), read AS (
			SELECT issued_at AS since, valid_to + interval '1 day' *
				greatest(0, $5::int / (SELECT greatest(1, count(*)) FROM meters WHERE partition = ANY($1)) - 1) AS until FROM first
		), open AS (
			SELECT d.partition, p.settled_to, d.valid_to, d.valid_from, d.issued_at FROM decisions d JOIN p USING (partition)
			WHERE d.issued_at >= (SELECT since FROM read) AND d.issued_at < (SELECT until FROM read)
				AND d.valid_to <= (SELECT until FROM read) AND `+condition+`
		)
		SELECT partition, settled_to, min(valid_from), valid_to, array_agg(DISTINCT issued_at), count(*)
		FROM open GROUP BY partition, settled_to, valid_to ORDER BY valid_to, partition`,
		p.partitions, p.settledTo, p.watermarks, by.Demand, settleBatch)
	if err != nil {
		return due, err
	}
	total := 0
	var partition int32
	var after pgtype.Timestamptz
	var from, to time.Time
	var issued []time.Time
	var n int
	_, err = pgx.ForEachRow(rows, []any{&partition, &after, &from, &to, &issued, &n}, func() error {
		if total += n; total <= settleBatch || len(due.partitions) == 0 {
			due.add(partition, after, from, to, issued)
		}
		return nil
	})
	return due, err
}

// readDue reads decisions that are to be settled, with what was forecast and measured, in
// order of their last hours, meters and issues.
func readDue(ctx context.Context, tx pgx.Tx, by Settling, due dueHours) ([]Unsettled, error) {
	found, err := decisions.Query(ctx, tx, decisions.SelectPlanned+`
		JOIN unnest($2::int4[], $3::timestamptz[], $5::timestamptz[]) p(partition, settled_to, due_to) ON p.partition = d.partition
		WHERE d.issued_at = ANY($1) AND d.valid_to > p.settled_to AND d.valid_to <= p.due_to AND d.meter_no <> 0 AND `+settles4+`
		ORDER BY d.valid_to, d.meter_no, d.issued_at`, due.issued, due.partitions, due.after, by.Demand, due.to)
	if err != nil {
		return nil, err
	}
	return fillUnsettled(ctx, tx, by, found, meter.HourOf(due.from), meter.HourOf(due.end))
}

// fillUnsettled reads what was forecast and measured for decisions in the hours from to
// before to.
func fillUnsettled(ctx context.Context, tx pgx.Tx, by Settling, found []decisions.Row, from, to meter.Hour) ([]Unsettled, error) {
	if err := readHeldTo(ctx, tx, found, to); err != nil {
		return nil, err
	}
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
	if err := readSeriesRevisions(ctx, tx, open); err != nil {
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
	if by.Prepare != nil {
		return open, by.Prepare(open)
	}
	return open, nil
}

// readHeldTo finds until when the plans of decisions held, whose hours end up to a time.
func readHeldTo(ctx context.Context, tx pgx.Tx, found []decisions.Row, to meter.Hour) error {
	since := found[0].IssuedAt
	for i := range found {
		since = min(since, found[i].IssuedAt)
	}
	rows, err := tx.Query(ctx, `SELECT supersedes, min(valid_from) FROM decisions
		WHERE supersedes IS NOT NULL AND issued_at >= $1 AND issued_at < $2 GROUP BY supersedes`, since.Time(), to.Time())
	if err != nil {
		return fmt.Errorf("revised decisions: %w", err)
	}
	heldTo := map[uuid.UUID]meter.Hour{}
	var id uuid.UUID
	var from time.Time
	if _, err := pgx.ForEachRow(rows, []any{&id, &from}, func() error {
		heldTo[id] = meter.HourOf(from)
		return nil
	}); err != nil {
		return fmt.Errorf("revised decisions: %w", err)
	}
	for i := range found {
		if h, superseded := heldTo[found[i].ID]; superseded {
			found[i].HeldTo = h
		}
	}
	return nil
}

// countCorrections counts those of readings of the decisions' hours.
func countCorrections(ctx context.Context, tx pgx.Tx, open []Unsettled, from, to meter.Hour) error {
	rows, err := tx.Query(ctx, `SELECT meter_no, ts FROM reading_revisions WHERE ts >= $1 AND ts < $2 AND old_kwh IS NOT NULL`, from.Time(), to.Time())
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
