package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// EndSession records that a session was signed out. Its token would have expired
// at expires. Ending it twice is harmless.
func (db *DB) EndSession(ctx context.Context, id uuid.UUID, expires time.Time) error {
	_, err := db.Pool.Exec(ctx, `INSERT INTO ended_sessions (id, ends_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id, expires)
	if err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// SessionEnded reports whether a session was signed out.
func (db *DB) SessionEnded(ctx context.Context, id uuid.UUID) (bool, error) {
	var ended bool
	err := db.Pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM ended_sessions WHERE id = $1)`, id).Scan(&ended)
	if err != nil {
		return false, fmt.Errorf("look a session up: %w", err)
	}
	return ended, nil
}
