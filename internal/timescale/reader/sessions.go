package reader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/signin"
)

// openSessions are the rows of sessions that were not ended; $1 is the time now.
const openSessions = `FROM sessions s WHERE s.expires_at > $1 AND NOT EXISTS (SELECT FROM ended_sessions e WHERE e.id = s.id)`

const sessionColumns = `SELECT s.id, s.name, s.holder, s.fingerprint, s.since, s.expires_at, s.seen_at, s.seal `

// AddSession records that somebody signed in; signin.ErrTooMany if the holder has
// signin.MaxOpen sessions.
func (db *DB) AddSession(ctx context.Context, s *signin.Session) error {
	tag, err := db.Pool.Exec(ctx, `INSERT INTO sessions (id, name, holder, fingerprint, since, expires_at, seen_at, seal)
		SELECT $2, $3, $4, $5, $1, $6, $1, $7 WHERE (SELECT count(*) `+openSessions+` AND s.holder = $4) < $8`,
		s.Since, s.ID, s.Name, s.Holder, s.Fingerprint, s.Expires, s.Seal, signin.MaxOpen)
	if err != nil {
		return fmt.Errorf("record a session: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return signin.ErrTooMany
	}
	return nil
}

// Sessions are those that are open now, the newest first, at most limit: of a holder, or of
// all if that is "".
func (db *DB) Sessions(ctx context.Context, holder string, now time.Time, limit int) ([]signin.Session, error) {
	rows, err := db.Pool.Query(ctx, sessionColumns+openSessions+` AND ($2 = '' OR s.holder = $2) ORDER BY s.since DESC, s.id LIMIT $3`, now, holder, limit)
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	sessions, err := pgx.CollectRows(rows, pgx.RowToStructByPos[signin.Session])
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	return sessions, nil
}

// Session is one that is open now; nil if there is none.
func (db *DB) Session(ctx context.Context, id uuid.UUID, now time.Time) (*signin.Session, error) {
	rows, err := db.Pool.Query(ctx, sessionColumns+openSessions+` AND s.id = $2`, now, id)
	if err != nil {
		return nil, fmt.Errorf("read a session: %w", err)
	}
	session, err := pgx.CollectOneRow(rows, pgx.RowToStructByPos[signin.Session])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a session: %w", err)
	}
	return &session, nil
}

// EndSessions ends all that are open now but one: of a holder, or of all if that is "". It
// returns how many there were.
func (db *DB) EndSessions(ctx context.Context, holder string, but uuid.UUID, now time.Time) (int64, error) {
	tag, err := db.Pool.Exec(ctx, `INSERT INTO ended_sessions (id, ends_at) SELECT s.id, s.expires_at `+openSessions+`
		AND ($2 = '' OR s.holder = $2) AND s.id <> $3 ON CONFLICT (id) DO NOTHING`, now, holder, but)
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	return tag.RowsAffected(), nil
}

// SeeSession records that a session was used.
func (db *DB) SeeSession(ctx context.Context, id uuid.UUID, at time.Time) error {
	if _, err := db.Pool.Exec(ctx, `UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2`, id, at); err != nil {
		return fmt.Errorf("record the use of a session: %w", err)
	}
	return nil
}
