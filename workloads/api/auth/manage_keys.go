package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/apikey"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// MaxStoredKeys is how many keys are kept, those that ended in the last month among them.
const MaxStoredKeys = 500

// MaxOverlap is how long the key before a rotation holds on at most.
const MaxOverlap = 30 * 24 * time.Hour

// NewStoredKey is what somebody asks for.
type NewStoredKey struct {
	Name    string
	Scope   Scope
	Expires time.Time // zero: never
	By      string    // name of the key that asks
}

// List are all stored keys, and those that ended in the last month; uses are when keys were
// last used, by id, those of the file among them.
func (s *StoredKeys) List(ctx context.Context) (keys []KeyState, uses map[string]time.Time, err error) {
	records, endings, err := s.store.APIKeys(ctx)
	if err != nil {
		return nil, nil, err
	}
	if uses, err = s.store.APIKeyUses(ctx); err != nil {
		return nil, nil, err
	}
	return s.states(ctx, records, endings), uses, nil
}

// Create makes a key, and returns it: it is kept nowhere. The error is a problem where the
// request is at fault.
func (s *StoredKeys) Create(ctx context.Context, want NewStoredKey, now time.Time) (KeyState, string, error) {
	var made KeyState
	var key string
	err := s.change(ctx, func(states []KeyState) (_ *apikey.Record, _ *apikey.Ending, err error) {
		if err := s.free(states, want.Name, now); err != nil {
			return nil, nil, err
		}
		made.Record, key, err = s.record(want, uuid.Nil, now)
		return &made.Record, nil, err
	})
	return made, key, err
}

// Revoke ends a key at once, at every replica within half a second. A key that has ended
// already is left as it is.
func (s *StoredKeys) Revoke(ctx context.Context, id uuid.UUID, by string, now time.Time) error {
	return s.change(ctx, func(states []KeyState) (*apikey.Record, *apikey.Ending, error) {
		k, err := stateOf(states, id)
		if err != nil || k.Ended(now) {
			return nil, nil, err
		}
		return nil, s.ending(id, apikey.AtOnce, by, now), nil
	})
}

// Rotate makes a key that replaces another, of the same name and scope. The old one holds
// on for the overlap, so that whoever uses it can change over. The new one ends at expires,
// or if that is zero after as long as the old one was made for.
func (s *StoredKeys) Rotate(
	ctx context.Context, id uuid.UUID, overlap time.Duration, expires time.Time, by string, now time.Time,
) (made, old KeyState, key string, err error) {
	err = s.change(ctx, func(states []KeyState) (*apikey.Record, *apikey.Ending, error) {
		k, err := stateOf(states, id)
		if err != nil {
			return nil, nil, err
		}
		if k.Ended(now) || k.Ending != nil {
			return nil, nil, problem.New(http.StatusConflict, problem.CodeKeyEnded, "id",
				"the key "+k.Name+" was revoked or rotated, or has expired; create another")
		}
		if err := room(states); err != nil {
			return nil, nil, err
		}
		if expires.IsZero() && !k.Expires.IsZero() {
			expires = now.Add(k.Expires.Sub(k.CreatedAt))
		}
		made.Record, key, err = s.record(NewStoredKey{Name: k.Name, Scope: Scope(k.Scope), Expires: expires, By: by}, id, now)
		ends := apikey.AtOnce
		if overlap > 0 {
			ends = now.Add(overlap).Truncate(time.Microsecond)
		}
		old = KeyState{Record: k.Record, Ending: s.ending(id, ends, by, now)}
		return &made.Record, old.Ending, err
	})
	return made, old, key, err
}

func (s *StoredKeys) change(ctx context.Context, change func([]KeyState) (*apikey.Record, *apikey.Ending, error)) error {
	defer s.forget()
	return s.store.ChangeAPIKeys(ctx, func(records []apikey.Record, endings []apikey.Ending) (*apikey.Record, *apikey.Ending, error) {
		return change(s.states(ctx, records, endings))
	})
}

func stateOf(states []KeyState, id uuid.UUID) (*KeyState, error) {
	i := slices.IndexFunc(states, func(k KeyState) bool { return k.ID == id })
	if i < 0 {
		return nil, problem.NotFound(problem.CodeUnknownKey, "there is no API key "+id.String()+"; GET /api/v1/keys lists them")
	}
	return &states[i], nil
}

// free reports whether a name may be given to a new key.
func (s *StoredKeys) free(states []KeyState, name string, now time.Time) error {
	inFile := slices.ContainsFunc(s.taken(), func(k Key) bool { return k.Name == name })
	if inFile || slices.ContainsFunc(states, func(k KeyState) bool { return k.Name == name && !k.Ended(now) }) {
		return problem.New(http.StatusConflict, problem.CodeNameTaken, "name",
			"there is an API key "+name+"; choose another name, or rotate or revoke that key")
	}
	return room(states)
}

func room(states []KeyState) error {
	if len(states) < MaxStoredKeys {
		return nil
	}
	return problem.New(http.StatusConflict, problem.CodeTooManyKeys, "",
		fmt.Sprintf("there are %d API keys, those that ended in the last month among them, and no more are kept; revoke keys that nobody uses", len(states)))
}

// record makes a key and what is kept of it.
func (s *StoredKeys) record(want NewStoredKey, replaces uuid.UUID, now time.Time) (apikey.Record, string, error) {
	if !keyName.MatchString(want.Name) {
		return apikey.Record{}, "", problem.Invalid("name", "use 1 to 63 letters, digits, dots, dashes or underscores, and begin with a letter or digit")
	}
	if want.Scope.rank() == 0 {
		return apikey.Record{}, "", problem.Invalid("scope", "use read, operate or admin")
	}
	if !want.Expires.IsZero() && !want.Expires.After(now) {
		return apikey.Record{}, "", problem.Invalid("expiresAt", "this time has passed")
	}
	raw := make([]byte, apikey.Bytes)
	if _, err := rand.Read(raw); err != nil {
		return apikey.Record{}, "", fmt.Errorf("make an API key: %w", err)
	}
	key := apikey.From(raw)
	k := apikey.Record{
		ID: uuid.New(), Name: want.Name, Scope: string(want.Scope), Hash: sha256.Sum256([]byte(key)),
		CreatedAt: now.UTC().Truncate(time.Microsecond), CreatedBy: cmp.Or(want.By, "database"), Replaces: replaces,
	}
	if !want.Expires.IsZero() {
		k.Expires = want.Expires.UTC().Truncate(time.Microsecond)
	}
	k.Seal = s.sealer.Record(&k)
	return k, key, nil
}

func (s *StoredKeys) ending(id uuid.UUID, at time.Time, by string, now time.Time) *apikey.Ending {
	e := &apikey.Ending{ID: uuid.New(), Key: id, At: at, RecordedAt: now.UTC().Truncate(time.Microsecond), By: cmp.Or(by, "database")}
	e.Seal = s.sealer.Ending(e)
	return e
}

// ID is the id of a key that can be changed here. The error is a problem.
func (s *StoredKeys) ID(text string) (uuid.UUID, error) {
	if name, is := strings.CutPrefix(text, FileKeyPrefix); is && slices.ContainsFunc(s.taken(), func(k Key) bool { return k.Name == name }) {
		return uuid.Nil, problem.New(http.StatusConflict, problem.CodeKeyOfSecret, "id",
			"the key "+name+" belongs to the twin's Secret; take it out of the Secret that spec.api.auth.apiKeysSecretRef names, and it ends within a minute")
	}
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		return uuid.Nil, problem.NotFound(problem.CodeUnknownKey, "there is no such API key; GET /api/v1/keys lists them")
	}
	return id, nil
}

// OfFile are the keys of the file, in its order.
func (s *StoredKeys) OfFile() Keys { return s.taken() }

// Stored are the keys that are created over the API.
func (g *Guard) Stored() *StoredKeys { return g.stored }
