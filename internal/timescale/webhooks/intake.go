package webhooks

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/webhook"
)

// Position is how far the live stream has been turned into messages, by partition; nil if
// nothing of it has.
func (s *Store) Position(ctx context.Context) ([]string, error) {
	var places []string
	err := s.db.Pool.QueryRow(ctx, `SELECT places FROM webhook_position`).Scan(&places)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the position of webhooks: %w", err)
	}
	return places, nil
}

// Begin sets the first position, unless there is one.
func (s *Store) Begin(ctx context.Context, places []string) error {
	if _, err := s.db.Pool.Exec(ctx, `INSERT INTO webhook_position (places) VALUES ($1) ON CONFLICT DO NOTHING`, places); err != nil {
		return fmt.Errorf("set the position of webhooks: %w", err)
	}
	return nil
}

// errElsewhere is that of a batch which another process has stored.
var errElsewhere = errors.New("the position has moved")

// Queue stores the messages of a stretch and the position behind it, both or neither. It
// reports false, and stores nothing, if the position is not that before the stretch: another
// process was faster.
func (s *Store) Queue(ctx context.Context, b *webhook.Batch) (bool, error) {
	err := pgx.BeginFunc(ctx, s.db.Pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE webhook_position SET places = $2 WHERE places = $1`, b.From, b.To)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return errElsewhere
		}
		batch := &pgx.Batch{}
		for i := range b.Messages {
			m := &b.Messages[i]
			// A webhook that was deleted or turned off meanwhile gets none.
			batch.Queue(`INSERT INTO webhook_messages (webhook_id, id, type, events, bytes, body, seal, next_at)
				SELECT $1, $2, $3, $4, $5, $6, $7, now() FROM webhook_states WHERE webhook_id = $1 AND off_since IS NULL ON CONFLICT DO NOTHING`,
				m.Webhook, m.ID, m.Type, m.Events, len(m.Body), m.Body, m.Seal)
		}
		for _, id := range b.Reset {
			batch.Queue(`UPDATE webhook_states SET reset_due = false WHERE webhook_id = $1`, id)
		}
		for id, events := range b.Dropped { // which may come behind a reset
			batch.Queue(`UPDATE webhook_states SET dropped = dropped + $2, reset_due = true WHERE webhook_id = $1`, id, events)
		}
		if batch.Len() == 0 {
			return nil
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	if errors.Is(err, errElsewhere) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("queue messages of webhooks: %w", err)
	}
	return true, nil
}

// Prune forgets all but the newest messages of each webhook that are done.
func (s *Store) Prune(ctx context.Context, keep int) error {
	_, err := s.db.Pool.Exec(ctx, `
		DELETE FROM webhook_messages m USING (
			SELECT webhook_id, id FROM (
				SELECT webhook_id, id, row_number() OVER (PARTITION BY webhook_id ORDER BY seq DESC) AS n FROM webhook_messages WHERE done_at IS NOT NULL AND next_at IS NULL
			) done WHERE n > $1
		) old WHERE m.webhook_id = old.webhook_id AND m.id = old.id`, keep)
	if err != nil {
		return fmt.Errorf("forget messages of webhooks: %w", err)
	}
	return nil
}

// Add stores a message that is not of the live stream. It is not due.
func (s *Store) Add(ctx context.Context, m *webhook.Message) error {
	_, err := s.db.Pool.Exec(ctx, `INSERT INTO webhook_messages (webhook_id, id, type, events, bytes, body, seal) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		m.Webhook, m.ID, m.Type, m.Events, len(m.Body), m.Body, m.Seal)
	if err != nil {
		return fmt.Errorf("store a message of a webhook: %w", err)
	}
	return nil
}

// Again has a message delivered once more, now. It reports false if there is none of that id.
func (s *Store) Again(ctx context.Context, of uuid.UUID, id string) (bool, error) {
	var found bool
	err := pgx.BeginFunc(ctx, s.db.Pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE webhook_messages SET next_at = now(), first_at = NULL WHERE webhook_id = $1 AND id = $2`, of, id)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		found = true
		_, err = tx.Exec(ctx, `UPDATE webhook_states SET next_at = '-infinity' WHERE webhook_id = $1`, of)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("deliver a message of a webhook again: %w", err)
	}
	return found, nil
}
