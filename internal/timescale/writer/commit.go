package writer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
)

// uniqueViolation is PostgreSQL's code for a key that exists already.
const uniqueViolation = "23505"

// Commit writes the batch in one transaction that outlives a crash of the
// server, or writes nothing. ErrFenced means that the partition has another
// owner by now, or stands at another offset. Committing the very batch again
// whose outcome was lost, say with the connection, succeeds. Corrections of hours before
// the windows, which the database recognises, are added to the batch's Counts.
func (db *DB) Commit(ctx context.Context, b *Batch) error {
	conn, err := db.Pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("commit partition %d: %w", b.Partition, err)
	}
	defer conn.Release()
	defer rollbackIfOpen(ctx, conn.Conn())
	if err := db.commit(ctx, conn.Conn(), b); err != nil {
		return fmt.Errorf("commit partition %d, offsets %d to %d: %w", b.Partition, b.PrevOffset, b.NextOffset, err)
	}
	return nil
}

func (db *DB) commit(ctx context.Context, conn *pgx.Conn, b *Batch) error {
	moved, err := beginFenced(ctx, conn, b)
	if err != nil {
		return err
	}
	if !moved {
		return reject(ctx, conn, b)
	}
	rest := &pgx.Batch{}
	copied, err := db.copyAll(ctx, conn, b)
	if err != nil {
		return err
	}
	if copied {
		queueLate(rest, b.Late)
	} else {
		queueReplaced(rest, b)
		queueReadings(rest, &b.New)
		queueForecasts(rest, b.Forecasts)
		queueDecisions(rest, b)
	}
	queueUnseen(rest, b.Pending)      // before the corrections: the window has the hour later
	queueRevisions(rest, b.Revisions) // before the upserts: they hold what those replace
	queueReadings(rest, &b.Corrected)
	queueVerdicts(rest, b.Verdicts) // after the rows that they are about
	var late int64                  // corrections that only the store recognises
	queueOlder(rest, b, &late)      // after the corrections: an hour lies in the window first, and before it then
	queueTotals(rest, b)            // after the forecasts and decisions
	queueGroupForecasts(rest, b.GroupForecasts)
	queueLoads(rest, b)
	queueGroupTotals(rest, b, copied)
	queueRecounts(rest, b.Partition, b.Recounts) // after the readings
	var added map[int32]*recentHours
	if copied {
		added = recentOf(&b.New)
	}
	queueNewest(rest, b.Newest, added)
	queueFirst(rest, b, copied)
	queueReread(rest, b, copied)
	queueWarmUp(rest, &b.New)
	queueRejected(rest, b.Partition, b.Rejected)
	queueSubHourDone(rest, b.SubHourDone)
	queueSubHours(rest, b.SubHours)
	queueOutbox(rest, b)
	rest.Queue(`COMMIT`)
	if err := conn.SendBatch(ctx, rest).Close(); err != nil {
		return err
	}
	b.Counts.Corrections += late
	return nil
}

// beginFenced opens the transaction and moves the partition to the offset after
// the batch. It reports whether the partition was where the batch begins, and of
// its epoch. The row stays locked, so that no one can take the partition
// before the transaction ends.
func beginFenced(ctx context.Context, conn *pgx.Conn, b *Batch) (moved bool, err error) {
	c := &b.Counts
	begin := &pgx.Batch{}
	begin.Queue(`BEGIN`)
	begin.Queue(`
		UPDATE stream_offsets SET next_offset = $4, last_hash = $5, watermark = $6, updated_at = now(),
			messages = messages + $7, stored = stored + $8, quarantined = quarantined + $9,
			duplicates = duplicates + $10, corrections = corrections + $11, late = late + $12,
			forecasts = forecasts + $13, decisions = decisions + $14,
			suspect = suspect + $15, confirmed = confirmed + $16
		WHERE partition = $1 AND epoch = $2 AND next_offset = $3`,
		b.Partition, b.Epoch, b.PrevOffset, b.NextOffset, int64(b.LastHash), pgvalue.TimeOrNull(b.Watermark),
		c.In, c.Stored, c.Quarantined, c.Duplicates, c.Corrections, c.Late, c.Forecasts, c.Decisions, c.Suspect, c.Confirmed).
		Exec(func(tag pgconn.CommandTag) error {
			moved = tag.RowsAffected() == 1
			return nil
		})
	// Rows are found by their keys. Joins that read a whole table first would be
	// chosen for the state of some hundred meters, and grow with the others.
	begin.Queue(`SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`)
	begin.Queue(`SAVEPOINT rows`)
	return moved, conn.SendBatch(ctx, begin).Close()
}

// reject ends the transaction of a batch that does not fit. If the partition
// stands exactly behind the batch and has the same owner, the batch was
// committed before, and only the answer was lost.
func reject(ctx context.Context, conn *pgx.Conn, b *Batch) error {
	var done bool
	err := conn.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM stream_offsets
			WHERE partition = $1 AND epoch = $2 AND next_offset = $3 AND last_hash = $4 AND next_offset > $5)`,
		b.Partition, b.Epoch, b.NextOffset, int64(b.LastHash), b.PrevOffset).Scan(&done)
	if err != nil {
		return err
	}
	if !done {
		return ErrFenced
	}
	return nil
}

// rollbackIfOpen ends a transaction that failed, so that its locks are free at
// once and the connection can be used again.
func rollbackIfOpen(ctx context.Context, conn *pgx.Conn) {
	if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_, _ = conn.Exec(ctx, `ROLLBACK`) // if this fails, the pool drops the connection
}

// copyAll writes what the window knows to be new. It reports false if a row
// was there already, which a replay without its checkpoint leads to; none of
// the rows is written then.
func (db *DB) copyAll(ctx context.Context, conn *pgx.Conn, b *Batch) (bool, error) {
	if db.insertOnly {
		return false, nil
	}
	for _, t := range []struct {
		rows copyRows
		sql  string
	}{
		{(*readingRows)(&b.New), copyReadings},
		{forecastRows(b.Forecasts), copyForecasts},
		{decisions.RowsOf(b.Partition, b.Provenance, b.Decisions), decisions.Copy},
		{newGroupTotals(b), copyGroupTotals},
	} {
		if t.rows.Len() == 0 {
			continue
		}
		_, err := conn.PgConn().CopyFrom(ctx, &copyReader{rows: t.rows}, t.sql)
		if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Code == uniqueViolation {
			_, err = conn.Exec(ctx, `ROLLBACK TO SAVEPOINT rows`)
			return false, err
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}
