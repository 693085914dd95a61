package auth

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/signin"
)

// MaxListedSessions is how many sessions are listed, the newest.
const MaxListedSessions = 1000

// OpenSessions are the browsers that are signed in, as people see them. Whether a session
// is still good is decided for each request, see endedSessions.
type OpenSessions struct {
	guard  *Guard
	store  SessionStore
	sealer signin.Sealer
	seenAt *uses
}

func newOpenSessions(g *Guard, store SessionStore) *OpenSessions {
	o := &OpenSessions{guard: g, store: store, sealer: signin.NewSealer(g.sessions.secret)}
	o.seenAt = newUses(func(ctx context.Context, id string, at time.Time) error {
		of, err := uuid.Parse(id)
		if err != nil {
			return err
		}
		return store.SeeSession(ctx, of, at)
	}, g.log)
	return o
}

// Open are the sessions that can be listed and ended.
func (g *Guard) Open() *OpenSessions { return g.open }

// add records a session that is about to be given.
func (o *OpenSessions) add(ctx context.Context, holder string, c *sessionClaims) error {
	id, err := uuid.Parse(c.ID)
	if err != nil {
		return fmt.Errorf("%w: its id: %w", errSession, err)
	}
	s := &signin.Session{
		ID: id, Name: c.Subject, Holder: holder, Fingerprint: c.Fingerprint,
		Since: c.IssuedAt.UTC(), Expires: c.ExpiresAt.UTC(),
	}
	s.Seal = o.sealer.Seal(s)
	return o.store.AddSession(ctx, s)
}

func (o *OpenSessions) seen(ctx context.Context, id string, now time.Time) {
	o.seenAt.used(ctx, id, now)
}

// visible is the holder whose sessions a caller may see and end: the caller's own, and for
// the scope admin all, which is "".
func visible(p Principal) string {
	if p.Scope.holds(ScopeAdmin) {
		return ""
	}
	return p.Holder()
}

// List are the sessions that are good now and that a caller may see, the newest first: all
// for the scope admin, the caller's own for others.
func (o *OpenSessions) List(ctx context.Context, p Principal, now time.Time) ([]signin.Session, error) {
	sessions, err := o.store.Sessions(ctx, visible(p), now, MaxListedSessions)
	if err != nil {
		return nil, err
	}
	stored, err := o.guard.stored.current(ctx, now)
	if err != nil {
		return nil, err
	}
	keys := slices.Concat(o.guard.keys.current(now), stored)
	return slices.DeleteFunc(sessions, func(s signin.Session) bool { return !o.sealer.Made(&s) || !o.good(&s, keys, now) }), nil
}

// good reports whether the key or the issuer that a session was given for is still there.
func (o *OpenSessions) good(s *signin.Session, keys Keys, now time.Time) bool {
	if s.Fingerprint == o.guard.people.fingerprint() && o.guard.people != nil {
		return true
	}
	return slices.ContainsFunc(keys, func(k Key) bool {
		return k.ID == s.Holder && k.fingerprint() == s.Fingerprint && !k.expired(now)
	})
}

// Find is a session that is open now and that a caller may end; nil if there is none.
func (o *OpenSessions) Find(ctx context.Context, p Principal, id uuid.UUID, now time.Time) (*signin.Session, error) {
	s, err := o.store.Session(ctx, id, now)
	if err != nil || s == nil {
		return nil, err
	}
	if whose := visible(p); !o.sealer.Made(s) || whose != "" && whose != s.Holder {
		return nil, nil
	}
	return s, nil
}

// End ends a session, here and at every replica. It would have expired at the given time.
func (o *OpenSessions) End(ctx context.Context, id string, expires time.Time) error {
	of, err := uuid.Parse(id)
	if err != nil {
		return fmt.Errorf("%w: its id: %w", errSession, err)
	}
	return o.guard.ended.end(ctx, of, expires)
}

// EndAll ends all sessions that a caller may see but the one of the request, at every
// replica, and returns how many there were.
func (o *OpenSessions) EndAll(ctx context.Context, p Principal, now time.Time) (int64, error) {
	but := uuid.Nil
	if p.Session != nil {
		if id, err := uuid.Parse(p.Session.claims.ID); err == nil {
			but = id
		}
	}
	defer o.guard.ended.forget()
	return o.store.EndSessions(ctx, visible(p), but, now)
}
