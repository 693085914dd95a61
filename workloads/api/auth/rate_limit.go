package auth

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxCallers bounds the memory of a rateLimit.
const maxCallers = 10_000

// Rate is how often one caller may ask: perSecond in the long run, burst at
// once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// rateLimit counts the requests of each caller.
type rateLimit struct {
	rate Rate

	mu      sync.Mutex
	callers map[string]*caller
}

type caller struct {
	limiter *rate.Limiter
	last    time.Time
}

func newRateLimit(r Rate) *rateLimit {
	return &rateLimit{rate: r, callers: map[string]*caller{}}
}

// take reports whether the caller may go on now, and else how many seconds to
// wait.
func (l *rateLimit) take(who string, now time.Time) (ok bool, retryAfter int) {
	r := l.of(who, now).ReserveN(now, 1)
	delay := r.DelayFrom(now)
	if r.OK() && delay == 0 {
		return true, 0
	}
	r.CancelAt(now)
	return false, max(1, int(math.Ceil(delay.Seconds())))
}

func (l *rateLimit) of(who string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.callers[who]
	if c == nil {
		if len(l.callers) >= maxCallers {
			l.forget(now)
		}
		c = &caller{limiter: rate.NewLimiter(rate.Limit(l.rate.PerSecond), l.rate.Burst)}
		l.callers[who] = c
	}
	c.last = now
	return c.limiter
}

// forget drops callers whose allowance is full again, which changes nothing
// for them; if that makes no room, all go: a flood of addresses must not cost
// memory.
func (l *rateLimit) forget(now time.Time) {
	full := time.Duration(float64(l.rate.Burst) / l.rate.PerSecond * float64(time.Second))
	for who, c := range l.callers {
		if now.Sub(c.last) > full {
			delete(l.callers, who)
		}
	}
	if len(l.callers) >= maxCallers {
		clear(l.callers)
	}
}
