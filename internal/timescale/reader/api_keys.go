package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/apikey"
)

// apiKeysLock serialises changes of API keys, so that what was checked still holds when
// the row is written. It is an advisory lock of the database.
const apiKeysLock = 7203155190

// APIKeys are the keys that were created over the API, with their endings, in the order in
// which they were created. Those that ended a month ago are gone.
func (db *DB) APIKeys(ctx context.Context) ([]apikey.Record, []apikey.Ending, error) {
	keys, endings, err := apiKeys(ctx, db.Pool)
	if err != nil {
		return nil, nil, fmt.Errorf("read API keys: %w", err)
	}
	return keys, endings, nil
}

// ChangeAPIKeys adds what change makes of the keys that there are: a key, an ending, or
// both. No other change comes between.
func (db *DB) ChangeAPIKeys(ctx context.Context, change func([]apikey.Record, []apikey.Ending) (*apikey.Record, *apikey.Ending, error)) error {
	var rejected error
	err := pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, apiKeysLock); err != nil {
			return err
		}
		keys, endings, err := apiKeys(ctx, tx)
		if err != nil {
			return err
		}
		key, ending, err := change(keys, endings)
		if err != nil {
			rejected = err
			return err
		}
		if err := addAPIKey(ctx, tx, key); err != nil {
			return err
		}
		return endAPIKey(ctx, tx, ending)
	})
	if rejected != nil {
		return rejected
	}
	if err != nil {
		return fmt.Errorf("change API keys: %w", err)
	}
	return nil
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func apiKeys(ctx context.Context, q querier) ([]apikey.Record, []apikey.Ending, error) {
	rows, err := q.Query(ctx, `SELECT id, name, scope, hash, created_at, created_by, expires_at, replaces, seal FROM api_keys ORDER BY created_at, id`)
	if err != nil {
		return nil, nil, err
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k apikey.Record, err error) {
		var hash []byte
		var expires *time.Time
		var replaces *uuid.UUID
		if err := row.Scan(&k.ID, &k.Name, &k.Scope, &hash, &k.CreatedAt, &k.CreatedBy, &expires, &replaces, &k.Seal); err != nil {
			return k, err
		}
		copy(k.Hash[:], hash)
		if expires != nil {
			k.Expires = *expires
		}
		if replaces != nil {
			k.Replaces = *replaces
		}
		return k, nil
	})
	if err != nil {
		return nil, nil, err
	}
	if rows, err = q.Query(ctx, `SELECT id, key_id, ends_at, recorded_at, ended_by, seal FROM api_key_endings ORDER BY recorded_at, id`); err != nil {
		return nil, nil, err
	}
	endings, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e apikey.Ending, err error) {
		return e, row.Scan(&e.ID, &e.Key, &e.At, &e.RecordedAt, &e.By, &e.Seal)
	})
	return keys, endings, err
}

func addAPIKey(ctx context.Context, tx pgx.Tx, k *apikey.Record) error {
	if k == nil {
		return nil
	}
	var expires *time.Time
	if !k.Expires.IsZero() {
		expires = &k.Expires
	}
	var replaces *uuid.UUID
	if k.Replaces != uuid.Nil {
		replaces = &k.Replaces
	}
	_, err := tx.Exec(ctx, `INSERT INTO api_keys (id, name, scope, hash, created_at, created_by, expires_at, replaces, seal)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, k.ID, k.Name, k.Scope, k.Hash[:], k.CreatedAt, k.CreatedBy, expires, replaces, k.Seal)
	return err
}

func endAPIKey(ctx context.Context, tx pgx.Tx, e *apikey.Ending) error {
	if e == nil {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO api_key_endings (id, key_id, ends_at, recorded_at, ended_by, seal) VALUES ($1, $2, $3, $4, $5, $6)`,
		e.ID, e.Key, e.At, e.RecordedAt, e.By, e.Seal)
	return err
}

// UseAPIKey records that a key was used now. A use within a minute of the one before is
// not written.
func (db *DB) UseAPIKey(ctx context.Context, id string, at time.Time) error {
	_, err := db.Pool.Exec(ctx, `INSERT INTO api_key_uses (key_id, used_at) VALUES ($1, $2)
		ON CONFLICT (key_id) DO UPDATE SET used_at = excluded.used_at WHERE api_key_uses.used_at <= excluded.used_at - interval '1 minute'`, id, at)
	if err != nil {
		return fmt.Errorf("record the use of an API key: %w", err)
	}
	return nil
}

// APIKeyUses are when keys were last used, by id.
func (db *DB) APIKeyUses(ctx context.Context) (map[string]time.Time, error) {
	rows, err := db.Pool.Query(ctx, `SELECT key_id, used_at FROM api_key_uses`)
	if err != nil {
		return nil, fmt.Errorf("read the uses of API keys: %w", err)
	}
	uses := map[string]time.Time{}
	var id string
	var at time.Time
	if _, err := pgx.ForEachRow(rows, []any{&id, &at}, func() error { uses[id] = at; return nil }); err != nil {
		return nil, fmt.Errorf("read the uses of API keys: %w", err)
	}
	return uses, nil
}
