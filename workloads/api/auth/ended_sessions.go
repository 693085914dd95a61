package auth

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/signin"
)

// trustedFor is how long a replica goes on taking a session for open that it
// found open. A session that is signed out at another replica ends here no later.
const trustedFor = 500 * time.Millisecond

// maxTrusted bounds the sessions that a replica remembers.
const maxTrusted = 10_000

// SessionStore keeps the sessions that were signed out, and for people to see those that
// are open, for all replicas of the API and across their restarts.
type SessionStore interface {
	// EndSession records that a session was signed out, whose token would have
	// expired at the given time.
	EndSession(ctx context.Context, id uuid.UUID, expires time.Time) error
	// SessionEnded reports whether a session was signed out.
	SessionEnded(ctx context.Context, id uuid.UUID) (bool, error)

	// AddSession records that somebody signed in; signin.ErrTooMany if the holder has
	// signin.MaxOpen sessions.
	AddSession(ctx context.Context, s *signin.Session) error
	// Sessions are those that are open now, the newest first: of a holder, or of all if
	// that is "".
	Sessions(ctx context.Context, holder string, now time.Time, limit int) ([]signin.Session, error)
	// Session is one that is open now; nil if there is none.
	Session(ctx context.Context, id uuid.UUID, now time.Time) (*signin.Session, error)
	// EndSessions ends all that are open now but one: of a holder, or of all if that is "".
	EndSessions(ctx context.Context, holder string, but uuid.UUID, now time.Time) (int64, error)
	// SeeSession records that a session was used.
	SeeSession(ctx context.Context, id uuid.UUID, at time.Time) error
}

// endedSessions answers whether a session was signed out. Requests come in
// bursts: it asks the store once for those of half a second.
type endedSessions struct {
	store SessionStore

	mu   sync.Mutex
	open map[uuid.UUID]time.Time // when the store reported it
}

func newEndedSessions(store SessionStore) *endedSessions {
	return &endedSessions{store: store, open: map[uuid.UUID]time.Time{}}
}

// has reports whether the session of a valid token was signed out. Without the
// store that is unknown, and an error.
func (e *endedSessions) has(ctx context.Context, c *sessionClaims, now time.Time) (bool, error) {
	id, err := uuid.Parse(c.ID)
	if err != nil {
		return false, fmt.Errorf("%w: its id: %w", errSession, err)
	}
	if e.foundOpen(id, now) {
		return false, nil
	}
	ended, err := e.store.SessionEnded(ctx, id)
	if err != nil || ended {
		return ended, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.open) >= maxTrusted {
		clear(e.open)
	}
	e.open[id] = now
	return false, nil
}

func (e *endedSessions) foundOpen(id uuid.UUID, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	at, ok := e.open[id]
	return ok && now.Sub(at) < trustedFor
}

// end signs a session out, here and at every replica.
func (e *endedSessions) end(ctx context.Context, id uuid.UUID, expires time.Time) error {
	if err := e.store.EndSession(ctx, id, expires); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, id)
	return nil
}

// forget has the store asked about every session: some were ended here.
func (e *endedSessions) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.open)
}
