package writer

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/twin"
)

const (
	outboxLock  = 0x656e_7477_6f75_7462 // "entwoutb"
	outboxLease = 30 * time.Second
)

// OutboxItem is an entry that waits to be announced. (Partition,
// TopicGeneration, BatchOffset, Number) orders what a partition announces and
// stays the same when an entry is announced again, so that receivers can drop
// the repeat.
type OutboxItem struct {
	ID              int64
	Partition       int
	TopicGeneration int   // as in PartitionState, when the entry was made
	BatchOffset     int64 // next offset of the batch that made the entry
	Number          int   // within the batch, from 0
	AfterLoss       bool  // live events of the partition before this one were dropped
	OutboxEntry
}

// Outbox claims up to limit of the oldest entries for 30 s. Until they are
// marked, or that time is over, no other relay gets entries of the same
// partitions: each partition's entries go out in order. A relay that dies
// after announcing leads to a second announcement, never to none.
func (db *DB) Outbox(ctx context.Context, limit int) ([]OutboxItem, error) {
	var items []OutboxItem
	err := pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		// One claim at a time, so that each sees what the other took. The loser
		// comes again at its next turn.
		var free bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, outboxLock).Scan(&free); err != nil || !free {
			return err
		}
		rows, err := tx.Query(ctx, `
			WITH claimed AS (
				UPDATE outbox SET claimed_until = clock_timestamp() + $2 * interval '1 ms'
				WHERE id IN (
					SELECT id FROM outbox
					WHERE partition NOT IN (SELECT partition FROM outbox WHERE claimed_until > clock_timestamp())
					ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
				RETURNING id, partition, topic_generation, batch_offset, number, kind, ts, from_offset, to_offset)
			SELECT c.*, g.partition IS NOT NULL FROM claimed c LEFT JOIN live_gaps g USING (partition) ORDER BY c.id`, limit, outboxLease.Milliseconds())
		if err != nil {
			return err
		}
		items, err = pgx.CollectRows(rows, scanOutboxItem)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim outbox entries: %w", err)
	}
	return items, nil
}

func scanOutboxItem(row pgx.CollectableRow) (i OutboxItem, err error) {
	var kind int16
	var ts *time.Time
	err = row.Scan(&i.ID, &i.Partition, &i.TopicGeneration, &i.BatchOffset, &i.Number, &kind, &ts, &i.FromOffset, &i.ToOffset, &i.AfterLoss)
	i.Kind, i.Hour = OutboxKind(kind), pgvalue.HourOrNone(ts)
	return i, err
}

// MarkRelayed removes entries that were announced. dropped are the partitions of which
// live events were dropped, and recovered those whose readers know that by now.
func (db *DB) MarkRelayed(ctx context.Context, ids []int64, dropped, recovered []int32) error {
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM outbox WHERE id = ANY ($1)`, ids)
	if len(recovered) > 0 {
		batch.Queue(`DELETE FROM live_gaps WHERE partition = ANY ($1)`, recovered)
	}
	if len(dropped) > 0 {
		batch.Queue(`INSERT INTO live_gaps SELECT DISTINCT unnest($1::int4[]) ON CONFLICT DO NOTHING`, dropped)
	}
	if err := db.Pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("mark outbox entries as relayed: %w", err)
	}
	return nil
}

// QuarantinedBetween are the quarantined messages of a partition from offset
// `from` to offset `to`, both inclusive, by offset.
func (db *DB) QuarantinedBetween(ctx context.Context, partition int, from, to int64) ([]twin.RejectedMessage, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT stream_offset, reason, detail, key, value FROM quarantine
		WHERE partition = $1 AND stream_offset BETWEEN $2 AND $3 ORDER BY stream_offset`, partition, from, to)
	if err != nil {
		return nil, fmt.Errorf("quarantine of partition %d: %w", partition, err)
	}
	messages, err := pgx.CollectRows(rows, pgx.RowToStructByPos[twin.RejectedMessage])
	if err != nil {
		return nil, fmt.Errorf("quarantine of partition %d: %w", partition, err)
	}
	return messages, nil
}

// OutboxSize is the number of entries that wait to be announced.
func (db *DB) OutboxSize(ctx context.Context) (n int64, err error) {
	if err := db.Pool.QueryRow(ctx, `SELECT count(*) FROM outbox`).Scan(&n); err != nil {
		return 0, fmt.Errorf("size of the outbox: %w", err)
	}
	return n, nil
}
