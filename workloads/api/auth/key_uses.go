package auth

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	usedEvery   = time.Minute     // how often the use of one key is written
	useWithin   = 5 * time.Second // the longest that writing it may take
	maxUsedKeys = 10_000
)

// uses records when keys, or sessions, were last used, at most once a minute for each,
// without holding up the request.
type uses struct {
	record func(ctx context.Context, id string, at time.Time) error // nil: nowhere
	log    *slog.Logger

	mu   sync.Mutex
	last map[string]time.Time // when the use was last written, by the id of a key or session
}

func newUses(record func(ctx context.Context, id string, at time.Time) error, log *slog.Logger) *uses {
	return &uses{record: record, log: log, last: map[string]time.Time{}}
}

func (u *uses) used(ctx context.Context, id string, now time.Time) {
	if u.record == nil || !u.due(id, now) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), useWithin)
	go func() {
		defer cancel()
		if err := u.record(ctx, id, now); err != nil {
			u.log.WarnContext(ctx, "a use is not recorded", "of", id, "error", err)
		}
	}()
}

// due reports whether the use of a key is to be written now.
func (u *uses) due(id string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if at, ok := u.last[id]; ok && now.Sub(at) < usedEvery {
		return false
	}
	if len(u.last) >= maxUsedKeys {
		clear(u.last)
	}
	u.last[id] = now
	return true
}
