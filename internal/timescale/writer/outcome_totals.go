package writer

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// putOutcomeTotals sums up the outcomes of decisions whose hours end in the spans of the
// partitions.
var putOutcomeTotals = `INSERT INTO outcome_totals (` + decisions.OutcomeSumColumns + `)` +
	decisions.OutcomeSums(`= ANY($1)`,
		`JOIN unnest($2::int4[], $3::timestamptz[], $4::timestamptz[]) s(partition, after, upto) ON s.partition = d.partition`,
		`d.valid_to > s.after AND d.valid_to <= s.upto`) + `
	ON CONFLICT (valid_from, group_no, partition, valid_to) DO UPDATE SET ` + excluded(decisions.OutcomeSumColumns)

// excluded sets columns to the values that are to be inserted.
func excluded(columns string) string {
	var sets []string
	for name := range strings.SplitSeq(columns, ",") {
		name = strings.TrimSpace(name)
		sets = append(sets, name+` = excluded.`+name)
	}
	return strings.Join(sets, ", ")
}

// sumOutcomes stores the sums of the outcomes of decisions that were issued at the hours
// of due, and whose hours end in its spans.
func sumOutcomes(ctx context.Context, tx pgx.Tx, due dueHours) error {
	if _, err := tx.Exec(ctx, putOutcomeTotals, due.issued, due.partitions, due.after, due.to); err != nil {
		return fmt.Errorf("sum up outcomes: %w", err)
	}
	return nil
}

// sumAgain sums up the outcomes of all decisions of the hours of those that were settled
// again.
func sumAgain(ctx context.Context, tx pgx.Tx, settled []Unsettled) error {
	ids, issued := make([][16]byte, len(settled)), make([]int32, len(settled))
	for i := range settled {
		ids[i], issued[i] = settled[i].ID, int32(settled[i].IssuedAt)
	}
	rows, err := tx.Query(ctx, `SELECT d.partition, min(d.valid_to) - interval '1 hour', min(d.valid_to), max(d.valid_to)
		FROM (SELECT DISTINCT to_timestamp(h * 3600::float8) AS issued_at, id FROM unnest($1::int4[], $2::uuid[]) u(h, id)) u
		JOIN decisions d USING (issued_at, id) GROUP BY d.partition`, issued, ids)
	if err != nil {
		return fmt.Errorf("hours of outcomes: %w", err)
	}
	var due dueHours
	var partition int32
	var after pgtype.Timestamptz
	var first, last time.Time
	if _, err := pgx.ForEachRow(rows, []any{&partition, &after, &first, &last}, func() error {
		due.add(partition, after, first, last, nil)
		return nil
	}); err != nil {
		return fmt.Errorf("hours of outcomes: %w", err)
	}
	if err := readIssued(ctx, tx, &due); err != nil {
		return err
	}
	return sumOutcomes(ctx, tx, due)
}

// readIssued finds when the decisions were issued whose hours end in the spans of due.
func readIssued(ctx context.Context, tx pgx.Tx, due *dueHours) error {
	err := tx.QueryRow(ctx, `SELECT array_agg(DISTINCT d.issued_at) FROM decisions d
		JOIN unnest($1::int4[], $2::timestamptz[], $3::timestamptz[]) s(partition, after, upto) ON s.partition = d.partition
		WHERE d.issued_at >= $4::timestamptz - `+longestPlan+` AND d.issued_at < $5 AND d.valid_to > s.after AND d.valid_to <= s.upto`,
		due.partitions, due.after, due.to, due.from, due.end).Scan(&due.issued)
	if err != nil {
		return fmt.Errorf("issues of outcomes: %w", err)
	}
	return nil
}

// sumAtOnce is the days of outcomes that are summed up in one transaction.
const sumAtOnce = 7 * 24 * time.Hour

// sumUnsummed sums up outcomes that have no sums, as those that an earlier version has
// settled, and reports whether there may be more.
func (db *DB) sumUnsummed(ctx context.Context) (more bool, err error) {
	err = pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		var due dueHours
		var first *time.Time
		rows, err := tx.Query(ctx, `SELECT partition, summed_to, settled_to FROM settling
			WHERE summed_to < settled_to ORDER BY partition FOR UPDATE`)
		if err != nil {
			return err
		}
		var partition int32
		var after pgtype.Timestamptz
		var to time.Time
		if _, err := pgx.ForEachRow(rows, []any{&partition, &after, &to}, func() error {
			due.partitions, due.after, due.to = append(due.partitions, partition), append(due.after, after), append(due.to, to)
			return nil
		}); err != nil || len(due.partitions) == 0 {
			return err
		}
		more = true
		// In the order of issues, in which decisions are stored: what lies behind is not read.
		err = tx.QueryRow(ctx, `SELECT min(valid_to) FROM (
				SELECT d.valid_to FROM decisions d
				JOIN unnest($1::int4[], $2::timestamptz[], $3::timestamptz[]) s(partition, after, upto) ON s.partition = d.partition
				WHERE d.issued_at >= (SELECT min(after) FROM unnest($2::timestamptz[]) u(after)) - `+longestPlan+` AND d.valid_to > s.after AND d.valid_to <= s.upto
				ORDER BY d.issued_at LIMIT 1) first`, due.partitions, due.after, due.to).Scan(&first)
		if err != nil {
			return err
		}
		if first == nil {
			return sumTo(ctx, tx, due)
		}
		for i := range due.to {
			due.to[i] = earlier(due.to[i], first.Add(sumAtOnce))
		}
		due.from, due.end = *first, first.Add(sumAtOnce)
		if err := readIssued(ctx, tx, &due); err != nil {
			return err
		}
		if err := sumOutcomes(ctx, tx, due); err != nil {
			return err
		}
		return sumTo(ctx, tx, due)
	})
	return more, err
}

// sumTo stores how far partitions are summed up.
func sumTo(ctx context.Context, tx pgx.Tx, due dueHours) error {
	_, err := tx.Exec(ctx, `UPDATE settling s SET summed_to = greatest(s.summed_to, u.upto)
		FROM unnest($1::int4[], $2::timestamptz[]) u(partition, upto) WHERE s.partition = u.partition`, due.partitions, due.to)
	return err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
