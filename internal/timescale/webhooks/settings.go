// Package webhooks keeps webhooks and the messages that wait for their receivers, for the API.
// Beside SELECT it needs INSERT on webhooks, and to insert, update and delete rows of
// webhook_states and webhook_messages, and to insert and update that of webhook_position.
package webhooks

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/webhook"
)

// Store is the tables of webhooks. It is safe for concurrent use.
type Store struct{ db *timescale.DB }

// New is the store over a connection, which the caller closes.
func New(db *timescale.DB) *Store { return &Store{db} }

// changeLock serialises changes of settings, so that what was checked still holds when the
// row is written. It is an advisory lock of the database.
const changeLock = 7203155191

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Versions are all versions of all webhooks, the greatest of each first.
func (s *Store) Versions(ctx context.Context) ([]webhook.Version, error) {
	versions, err := versionsOf(ctx, s.db.Pool)
	if err != nil {
		return nil, fmt.Errorf("read webhooks: %w", err)
	}
	return versions, nil
}

func versionsOf(ctx context.Context, q querier) ([]webhook.Version, error) {
	rows, err := q.Query(ctx, `SELECT id, version, changed_by, changed_at, deleted, sealed FROM webhooks ORDER BY id, version DESC`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (v webhook.Version, err error) {
		return v, row.Scan(&v.ID, &v.Number, &v.By, &v.At, &v.Deleted, &v.Sealed)
	})
}

// Change adds the version that change makes of those that there are; no other change comes
// between. A webhook that is new gets a state, one that is deleted loses it with its messages.
// An error of change is returned as it is.
func (s *Store) Change(ctx context.Context, change func([]webhook.Version) (*webhook.Version, error)) error {
	var rejected error
	err := pgx.BeginFunc(ctx, s.db.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, changeLock); err != nil {
			return err
		}
		versions, err := versionsOf(ctx, tx)
		if err != nil {
			return err
		}
		v, err := change(versions)
		if err != nil {
			rejected = err
			return err
		}
		return add(ctx, tx, v)
	})
	if rejected != nil {
		return rejected
	}
	if err != nil {
		return fmt.Errorf("change webhooks: %w", err)
	}
	return nil
}

func add(ctx context.Context, tx pgx.Tx, v *webhook.Version) error {
	if _, err := tx.Exec(ctx, `INSERT INTO webhooks (id, version, changed_by, changed_at, deleted, sealed) VALUES ($1, $2, $3, $4, $5, $6)`,
		v.ID, v.Number, v.By, v.At, v.Deleted, v.Sealed); err != nil {
		return err
	}
	if v.Deleted {
		if _, err := tx.Exec(ctx, `DELETE FROM webhook_states WHERE webhook_id = $1`, v.ID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM webhook_messages WHERE webhook_id = $1`, v.ID)
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO webhook_states (webhook_id) VALUES ($1) ON CONFLICT DO NOTHING`, v.ID)
	return err
}

// States are how webhooks are doing.
func (s *Store) States(ctx context.Context) (map[uuid.UUID]webhook.State, error) {
	rows, err := s.db.Pool.Query(ctx, `
		SELECT s.webhook_id, s.off_since, coalesce(s.off_why, ''), s.failing_since, s.failures, nullif(s.next_at, '-infinity'), s.last_delivered_at, s.dropped, s.reset_due,
			count(m.id)::int, coalesce(sum(m.bytes), 0)::bigint
		FROM webhook_states s LEFT JOIN webhook_messages m ON m.webhook_id = s.webhook_id AND m.next_at IS NOT NULL
		GROUP BY s.webhook_id`)
	if err != nil {
		return nil, fmt.Errorf("read the states of webhooks: %w", err)
	}
	states := map[uuid.UUID]webhook.State{}
	var id uuid.UUID
	var st webhook.State
	var off, failing, next, delivered *time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &off, &st.OffWhy, &failing, &st.Failures, &next, &delivered, &st.Dropped, &st.ResetDue, &st.Pending, &st.PendingBytes}, func() error {
		st.OffSince, st.FailingSince, st.NextAt, st.LastDelivered = given(off), given(failing), given(next), given(delivered)
		states[id] = st
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the states of webhooks: %w", err)
	}
	return states, nil
}

func given(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// Switch turns a webhook on or off. One that is turned on begins without failures, and its
// receiver is sent a reset first if it was off.
func (s *Store) Switch(ctx context.Context, id uuid.UUID, on bool) error {
	sql := `UPDATE webhook_states SET off_since = now(), off_why = 'user', leased_by = NULL WHERE webhook_id = $1 AND off_why IS DISTINCT FROM 'user'`
	if on {
		sql = `UPDATE webhook_states SET off_since = NULL, off_why = NULL, failing_since = NULL, failures = 0, next_at = '-infinity', reset_due = true
			WHERE webhook_id = $1 AND off_since IS NOT NULL`
	}
	if _, err := s.db.Pool.Exec(ctx, sql, id); err != nil {
		return fmt.Errorf("switch a webhook: %w", err)
	}
	return nil
}
