package webhooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/webhook"
)

// Lease gives a process webhooks that have messages which are due, at most n. Nobody else gets
// them until the lease ends.
func (s *Store) Lease(ctx context.Context, holder uuid.UUID, lease time.Duration, n int) ([]uuid.UUID, error) {
	rows, err := s.db.Pool.Query(ctx, `
		UPDATE webhook_states SET leased_by = $1, leased_until = now() + $2::interval
		WHERE webhook_id IN (
			SELECT s.webhook_id FROM webhook_states s
			WHERE (s.leased_by IS NULL OR s.leased_until < now()) AND s.off_since IS NULL AND s.next_at <= now()
				AND EXISTS (SELECT FROM webhook_messages m WHERE m.webhook_id = s.webhook_id AND m.next_at <= now())
			LIMIT $3 FOR UPDATE SKIP LOCKED
		) RETURNING webhook_id`, holder, lease, n)
	if err != nil {
		return nil, fmt.Errorf("find webhooks that have messages: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("find webhooks that have messages: %w", err)
	}
	return ids, nil
}

// Release ends a lease of the holder.
func (s *Store) Release(ctx context.Context, id, holder uuid.UUID) error {
	if _, err := s.db.Pool.Exec(ctx, `UPDATE webhook_states SET leased_by = NULL WHERE webhook_id = $1 AND leased_by = $2`, id, holder); err != nil {
		return fmt.Errorf("release a webhook: %w", err)
	}
	return nil
}

const messageColumns = `m.webhook_id, m.id, m.created_at, m.type, m.events, m.body, m.seal, m.attempts, m.first_at, m.next_at, m.done_at, m.delivered, m.tries`

// messageOf scans a message, and what is selected before its columns.
func messageOf(row pgx.CollectableRow, before ...any) (m webhook.Message, err error) {
	var first, next, done *time.Time
	var tries []byte
	if err := row.Scan(append(before, &m.Webhook, &m.ID, &m.CreatedAt, &m.Type, &m.Events, &m.Body, &m.Seal, &m.Attempts, &first, &next, &done, &m.Delivered, &tries)...); err != nil {
		return m, err
	}
	m.CreatedAt = m.CreatedAt.UTC()
	m.FirstAt, m.NextAt, m.DoneAt = given(first), given(next), given(done)
	return m, json.Unmarshal(tries, &m.Tries)
}

// stubborn is after how many attempts a message lets later ones go first.
const stubborn = 3

// Next is the message that is delivered next, with the failed attempts of its webhook, and
// prolongs the lease; nil if none is due, or the holder has no lease. Messages go in order, but
// one that is not accepted again and again does not keep back the others.
func (s *Store) Next(ctx context.Context, id, holder uuid.UUID, lease time.Duration) (m *webhook.Message, failures int, err error) {
	rows, err := s.db.Pool.Query(ctx, `
		WITH held AS (
			UPDATE webhook_states SET leased_until = now() + $3::interval
			WHERE webhook_id = $1 AND leased_by = $2 AND off_since IS NULL AND next_at <= now() RETURNING failures
		)
		SELECT held.failures, `+messageColumns+` FROM held, webhook_messages m WHERE m.webhook_id = $1 AND m.next_at <= now()
		ORDER BY CASE WHEN m.attempts >= $4 THEN m.attempts ELSE 0 END, m.seq LIMIT 1`, id, holder, lease, stubborn)
	if err != nil {
		return nil, 0, fmt.Errorf("find the next message of a webhook: %w", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (webhook.Message, error) { return messageOf(row, &failures) })
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("find the next message of a webhook: %w", err)
	}
	return &found, failures, nil
}

// Discard forgets a message.
func (s *Store) Discard(ctx context.Context, m *webhook.Message) error {
	if _, err := s.db.Pool.Exec(ctx, `DELETE FROM webhook_messages WHERE webhook_id = $1 AND id = $2`, m.Webhook, m.ID); err != nil {
		return fmt.Errorf("discard a message of a webhook: %w", err)
	}
	return nil
}

// Record stores what came of an attempt, and reports why the webhook is turned off by it; ""
// if it is not. A failure counts for nothing where the message was delivered meanwhile.
func (s *Store) Record(ctx context.Context, m *webhook.Message, o *webhook.Outcome) (offWhy string, givenUp bool, err error) {
	err = pgx.BeginFunc(ctx, s.db.Pool, func(tx pgx.Tx) error {
		if o.Delivered {
			return recordDelivered(ctx, tx, m, o)
		}
		offWhy, givenUp, err = recordFailed(ctx, tx, m, o)
		return err
	})
	if err != nil {
		return "", false, fmt.Errorf("record the delivery of a webhook's message: %w", err)
	}
	return offWhy, givenUp, nil
}

// withTry appends an attempt ($3) to those of a message, and drops the oldest.
const withTry = `attempts = attempts + 1, first_at = coalesce(first_at, now()), tries = (
	CASE WHEN jsonb_array_length(tries) >= 20 THEN tries - 0 ELSE tries END) || $3::jsonb`

func recordDelivered(ctx context.Context, tx pgx.Tx, m *webhook.Message, o *webhook.Outcome) error {
	if _, err := tx.Exec(ctx, `UPDATE webhook_messages SET `+withTry+`, next_at = NULL, done_at = now(), delivered = true WHERE webhook_id = $1 AND id = $2`,
		m.Webhook, m.ID, o.Try); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE webhook_states SET failing_since = NULL, failures = 0, next_at = '-infinity', last_delivered_at = now() WHERE webhook_id = $1`, m.Webhook)
	return err
}

// recordFailed gives a message up only if its webhook took others meanwhile. Otherwise it
// waits until the webhook is turned off, and after that until it is on.
func recordFailed(ctx context.Context, tx pgx.Tx, m *webhook.Message, o *webhook.Outcome) (offWhy string, givenUp bool, err error) {
	const over = `next_at IS NULL OR first_at <= now() - $5::interval AND first_at < (SELECT last_delivered_at FROM webhook_states s WHERE s.webhook_id = $1)`
	// What is not due is a test: no attempt follows.
	err = tx.QueryRow(ctx, `
		UPDATE webhook_messages SET `+withTry+`,
			next_at = CASE WHEN `+over+` THEN NULL ELSE now() + $4::interval END,
			done_at = CASE WHEN `+over+` THEN now() ELSE done_at END
		WHERE webhook_id = $1 AND id = $2 AND NOT (delivered AND next_at IS NULL) RETURNING next_at IS NULL`,
		m.Webhook, m.ID, o.Try, o.RetryMessage, o.GiveUp).Scan(&givenUp)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err != nil || m.NextAt.IsZero() && !o.Gone {
		return "", givenUp, err
	}
	var why *string
	err = tx.QueryRow(ctx, `
		UPDATE webhook_states SET failures = failures + 1, failing_since = coalesce(failing_since, now()), next_at = now() + $2::interval,
			off_since = CASE WHEN $4 OR failing_since <= now() - $3::interval THEN now() END,
			off_why = CASE WHEN $4 THEN 'gone' WHEN failing_since <= now() - $3::interval THEN 'failing' END
		WHERE webhook_id = $1 AND off_since IS NULL RETURNING off_why`, m.Webhook, o.RetryWebhook, o.GiveUp, o.Gone).Scan(&why)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", givenUp, nil
	}
	if err == nil && why != nil {
		offWhy = *why
	}
	return offWhy, givenUp, err
}

// Messages are those of a webhook, the newest first, at most n from before a number on; 0 is
// the newest of all. next is the number to go on before; 0 if there are no more.
func (s *Store) Messages(ctx context.Context, id uuid.UUID, before int64, n int) (found []webhook.Message, next int64, err error) {
	rows, err := s.db.Pool.Query(ctx, `
		SELECT m.seq, `+messageColumns+` FROM webhook_messages m WHERE m.webhook_id = $1 AND ($2 = 0 OR m.seq < $2) ORDER BY m.seq DESC LIMIT $3`, id, before, n+1)
	if err != nil {
		return nil, 0, fmt.Errorf("read the messages of a webhook: %w", err)
	}
	var seqs []int64
	found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (webhook.Message, error) {
		var seq int64
		m, err := messageOf(row, &seq)
		seqs = append(seqs, seq)
		return m, err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read the messages of a webhook: %w", err)
	}
	if len(found) > n {
		found, next = found[:n], seqs[n-1]
	}
	return found, next, nil
}

// Message is one message of a webhook; nil if there is none of that id.
func (s *Store) Message(ctx context.Context, of uuid.UUID, id string) (*webhook.Message, error) {
	rows, err := s.db.Pool.Query(ctx, `SELECT `+messageColumns+` FROM webhook_messages m WHERE m.webhook_id = $1 AND m.id = $2`, of, id)
	if err != nil {
		return nil, fmt.Errorf("read a message of a webhook: %w", err)
	}
	m, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (webhook.Message, error) { return messageOf(row) })
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a message of a webhook: %w", err)
	}
	return &m, nil
}
