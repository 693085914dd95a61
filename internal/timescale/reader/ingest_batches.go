package reader

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Batch is what was sent to the API at once.
type Batch struct {
	ID           uuid.UUID
	Hash         [sha256.Size]byte // of the body and of how it is read
	ReceivedAt   time.Time
	Claim        int32     // which claim on its publication this is
	ClaimedUntil time.Time // a request publishes it until then, unless it is published
	LogEnds      []int64   // by partition: nothing of it is in the stream before
	Published    bool
	Answer       []byte // JSON; nil unless it is published
}

// NewBatch is a batch of which nothing is published yet.
type NewBatch struct {
	ID          uuid.UUID
	Caller, Key string // Key is "" where the caller gave none
	Hash        [sha256.Size]byte
	ReceivedAt  time.Time // by the clock of the process that receives it
	LogEnds     []int64
}

// PublishedBatch is where a batch lies in the stream: stretches of partitions.
type PublishedBatch struct {
	ID          uuid.UUID
	Claim       int32
	Partitions  []int32
	First, Next []int64
	Answer      []byte
}

const batchColumns = `id, body_hash, received_at, claim, claimed_until, log_ends, published_at IS NOT NULL, answer`

func scanBatch(row pgx.Row) (b Batch, err error) {
	var hash []byte
	if err = row.Scan(&b.ID, &hash, &b.ReceivedAt, &b.Claim, &b.ClaimedUntil, &b.LogEnds, &b.Published, &b.Answer); err == nil {
		copy(b.Hash[:], hash)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	return b, err
}

// BatchOf is the batch that a caller sent under an idempotency key, or ErrNotFound.
func (db *DB) BatchOf(ctx context.Context, caller, key string) (Batch, error) {
	b, err := scanBatch(db.Pool.QueryRow(ctx, `SELECT `+batchColumns+` FROM ingest_batches WHERE caller = $1 AND idempotency_key = $2`, caller, key))
	if err != nil {
		return b, fmt.Errorf("find a batch by its idempotency key: %w", err)
	}
	return b, nil
}

// ClaimBatch stores a batch before it is published. If the caller has sent one under its key
// already, made is false and the batch is that one.
func (db *DB) ClaimBatch(ctx context.Context, n NewBatch, lease time.Duration) (b Batch, made bool, err error) {
	var key *string
	if n.Key != "" {
		key = &n.Key
	}
	b, err = scanBatch(db.Pool.QueryRow(ctx, `
		INSERT INTO ingest_batches (id, caller, idempotency_key, body_hash, claimed_until, log_ends, received_at)
		VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5), $6, $7)
		ON CONFLICT (caller, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
		RETURNING `+batchColumns, n.ID, n.Caller, key, n.Hash[:], lease.Seconds(), n.LogEnds, n.ReceivedAt))
	if errors.Is(err, ErrNotFound) {
		b, err = db.BatchOf(ctx, n.Caller, n.Key)
		return b, false, err
	}
	if err != nil {
		return b, false, fmt.Errorf("claim a batch: %w", err)
	}
	return b, true, nil
}

// TakeOverBatch claims a batch whose publication was begun and not ended in time. taken is
// false if it is published, or if a request is still at work on it.
func (db *DB) TakeOverBatch(ctx context.Context, id uuid.UUID, lease time.Duration) (b Batch, taken bool, err error) {
	b, err = scanBatch(db.Pool.QueryRow(ctx, `
		UPDATE ingest_batches SET claim = claim + 1, claimed_until = now() + make_interval(secs => $2)
		WHERE id = $1 AND published_at IS NULL AND claimed_until < now()
		RETURNING `+batchColumns, id, lease.Seconds()))
	if errors.Is(err, ErrNotFound) {
		return b, false, nil
	}
	if err != nil {
		return b, false, fmt.Errorf("take a batch over: %w", err)
	}
	return b, true, nil
}

// RenewBatch has a claim hold from now on for as long as a new one does. ours is false if
// another claim was made meanwhile, or if the batch is published.
func (db *DB) RenewBatch(ctx context.Context, id uuid.UUID, claim int32, lease time.Duration) (ours bool, err error) {
	tag, err := db.Pool.Exec(ctx, `
		UPDATE ingest_batches SET claimed_until = now() + make_interval(secs => $3)
		WHERE id = $1 AND claim = $2 AND published_at IS NULL`, id, claim, lease.Seconds())
	if err != nil {
		return false, fmt.Errorf("renew the claim on a batch: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// BatchPublished records where a batch lies in the stream. ours is false if another claim
// was made meanwhile; then nothing is recorded.
func (db *DB) BatchPublished(ctx context.Context, p PublishedBatch) (ours bool, err error) {
	tag, err := db.Pool.Exec(ctx, `
		UPDATE ingest_batches SET published_at = now(), partitions = $3, first_offsets = $4, next_offsets = $5, answer = $6
		WHERE id = $1 AND claim = $2 AND published_at IS NULL`, p.ID, p.Claim, p.Partitions, p.First, p.Next, p.Answer)
	if err != nil {
		return false, fmt.Errorf("record that a batch is published: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// BatchState is a batch and how far the processors are with it.
type BatchState struct {
	Batch
	Stored      bool  // all of its messages were processed
	Quarantined int64 // of those that were
}

// BatchByID is a batch, or ErrNotFound.
func (db *DB) BatchByID(ctx context.Context, id uuid.UUID) (s BatchState, err error) {
	var hash []byte
	err = db.Pool.QueryRow(ctx, `
		SELECT `+batchColumns+`,
			published_at IS NOT NULL AND NOT EXISTS (
				SELECT FROM unnest(partitions, next_offsets) AS e(partition, next)
				LEFT JOIN stream_offsets s USING (partition)
				WHERE s.next_offset IS NULL OR s.next_offset < e.next),
			(SELECT count(*) FROM unnest(partitions, first_offsets, next_offsets) AS e(partition, first, next)
				JOIN quarantine q ON q.partition = e.partition AND q.stream_offset >= e.first AND q.stream_offset < e.next)
		FROM ingest_batches WHERE id = $1`, id).
		Scan(&s.ID, &hash, &s.ReceivedAt, &s.Claim, &s.ClaimedUntil, &s.LogEnds, &s.Published, &s.Answer, &s.Stored, &s.Quarantined)
	copy(s.Hash[:], hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, ErrNotFound
	}
	if err != nil {
		return s, fmt.Errorf("find a batch: %w", err)
	}
	return s, nil
}

// BatchMessage is a message of a batch that was quarantined.
type BatchMessage struct {
	Reason, Detail string
	Value          []byte // its first bytes
}

// BatchQuarantine are the first messages of a batch that were quarantined, in the order of the stream.
func (db *DB) BatchQuarantine(ctx context.Context, id uuid.UUID, bytes, limit int) ([]BatchMessage, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT q.reason, q.detail, substring(q.value from 1 for $2)
		FROM ingest_batches b, unnest(b.partitions, b.first_offsets, b.next_offsets) AS e(partition, first, next)
		JOIN quarantine q ON q.partition = e.partition AND q.stream_offset >= e.first AND q.stream_offset < e.next
		WHERE b.id = $1 ORDER BY q.partition, q.stream_offset LIMIT $3`, id, bytes, limit)
	if err != nil {
		return nil, fmt.Errorf("quarantine of a batch: %w", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[BatchMessage])
	if err != nil {
		return nil, fmt.Errorf("quarantine of a batch: %w", err)
	}
	return out, nil
}
