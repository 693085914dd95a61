package auth

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/energytwin/energytwin/internal/apikey"
)

// KeyStore keeps the keys that are created over the API, for all replicas.
type KeyStore interface {
	// APIKeys are the keys and their endings, in the order in which they were made.
	APIKeys(ctx context.Context) ([]apikey.Record, []apikey.Ending, error)
	// ChangeAPIKeys adds what change makes of the keys that there are; no other change comes
	// between. An error of change is returned as it is.
	ChangeAPIKeys(ctx context.Context, change func([]apikey.Record, []apikey.Ending) (*apikey.Record, *apikey.Ending, error)) error
	// UseAPIKey records that a key was used.
	UseAPIKey(ctx context.Context, id string, at time.Time) error
	// APIKeyUses are when keys were last used, by id.
	APIKeyUses(ctx context.Context) (map[string]time.Time, error)
}

// loadWithin bounds the look-up of the stored keys, which requests wait for.
const loadWithin = 5 * time.Second

// StoredKeys are the keys of a store. A change at one replica holds at all of them within
// half a second, as each reads the keys again after that time. Between, a request costs no
// look-up. It is safe for concurrent use.
type StoredKeys struct {
	store  KeyStore
	sealer apikey.Sealer
	taken  func() Keys // whose names no stored key may have
	log    *slog.Logger

	load singleflight.Group

	mu      sync.Mutex
	keys    Keys
	at      time.Time // when keys were read; zero: never, or they have changed since
	changes int       // here, so that what was read before one is not kept
}

// NewStoredKeys are the keys of a store, which may be nil. secret is the one that signs
// sessions: rows that were not made with it count for nothing.
func NewStoredKeys(store KeyStore, secret []byte, log *slog.Logger) *StoredKeys {
	return &StoredKeys{store: store, sealer: apikey.NewSealer(secret), taken: func() Keys { return nil }, log: log}
}

// OpenStoredKeys are the keys of a store, for who manages them beside the API: names of the
// keys of a file are taken, and the rows are sealed with the secret of another.
func OpenStoredKeys(store KeyStore, keysFile, secretFile string, log *slog.Logger) (*StoredKeys, error) {
	secret, err := loadSecret(secretFile)
	if err != nil {
		return nil, err
	}
	ring, err := newKeyring(keysFile, time.Now(), log)
	if err != nil {
		return nil, err
	}
	s := NewStoredKeys(store, secret, log)
	s.taken = func() Keys { return ring.current(time.Now()) }
	return s, nil
}

// current are the keys that are let in now. Without the store that is unknown, and an
// error: a key may have been revoked meanwhile.
func (s *StoredKeys) current(ctx context.Context, now time.Time) (Keys, error) {
	if s.store == nil {
		return nil, nil
	}
	s.mu.Lock()
	keys, fresh := s.keys, !s.at.IsZero() && now.Sub(s.at) < trustedFor
	s.mu.Unlock()
	if fresh {
		return keys, nil
	}
	answer := s.load.DoChan("", func() (any, error) { return s.read(context.WithoutCancel(ctx), now) })
	select {
	case got := <-answer:
		keys, _ := got.Val.(Keys)
		return keys, got.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *StoredKeys) read(ctx context.Context, now time.Time) (Keys, error) {
	s.mu.Lock()
	changes := s.changes
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, loadWithin)
	defer cancel()
	records, endings, err := s.store.APIKeys(ctx)
	if err != nil {
		return nil, err
	}
	var keys Keys
	for _, k := range s.states(ctx, records, endings) {
		if !k.Ended(now) {
			keys = append(keys, Key{ID: k.ID.String(), Name: k.Name, Scope: Scope(k.Scope), Hash: k.Hash, Expires: k.Ends()})
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes == changes {
		s.keys, s.at = keys, now
	}
	return keys, nil
}

// forget has the keys read again for the next request: they have changed here.
func (s *StoredKeys) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = time.Time{}
	s.changes++
	s.load.Forget("")
}

// KeyState is a stored key with what has ended it.
type KeyState struct {
	apikey.Record
	Ending *apikey.Ending // the one that ends it first; nil: it was neither revoked nor rotated
}

// Ends is when the key ends, by its expiry or before; zero: never.
func (k *KeyState) Ends() time.Time {
	if k.Ending != nil && (k.Expires.IsZero() || k.Ending.At.Before(k.Expires)) {
		return k.Ending.At
	}
	return k.Expires
}

// Ended reports whether the key lets nobody in any more.
func (k *KeyState) Ended(now time.Time) bool { return !k.Ends().IsZero() && !now.Before(k.Ends()) }

// states puts endings to their keys, and leaves out what bears no seal.
func (s *StoredKeys) states(ctx context.Context, records []apikey.Record, endings []apikey.Ending) []KeyState {
	states := make([]KeyState, 0, len(records))
	at := map[[16]byte]int{}
	forged := 0
	for i := range records {
		if !s.sealer.Made(&records[i]) || Scope(records[i].Scope).rank() == 0 {
			forged++
			continue
		}
		at[records[i].ID] = len(states)
		states = append(states, KeyState{Record: records[i]})
	}
	for i := range endings {
		of, ok := at[endings[i].Key]
		if !s.sealer.Ended(&endings[i]) {
			forged++
			continue
		}
		if ok && (states[of].Ending == nil || endings[i].At.Before(states[of].Ending.At)) {
			states[of].Ending = &endings[i]
		}
	}
	if forged > 0 {
		s.log.WarnContext(ctx, "rows of API keys count for nothing: they were not made with the secret of this API", "rows", forged)
	}
	return states
}
