package auth

import (
	"fmt"
	"math"
	"net/http"
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

// allowance is what is left to a caller.
type allowance struct {
	ok        bool
	wait      int // seconds after which to ask again, if not ok
	left      int // further requests at once
	fullAgain int // seconds until all of the burst is there again
}

// take counts a request of a caller, who may go on if the allowance is ok.
func (l *rateLimit) take(who string, now time.Time) allowance {
	limiter := l.of(who, now)
	r := limiter.ReserveN(now, 1)
	delay := r.DelayFrom(now)
	ok := r.OK() && delay == 0
	if !ok {
		r.CancelAt(now)
	}
	tokens := max(0, limiter.TokensAt(now))
	a := allowance{ok: ok, left: int(tokens), fullAgain: int(math.Ceil((float64(l.rate.Burst) - tokens) / l.rate.PerSecond))}
	if !ok {
		a.wait = max(1, int(math.Ceil(delay.Seconds())))
	}
	return a
}

// describe adds the headers of draft-ietf-httpapi-ratelimit-headers: q requests in w
// seconds, of which r are left and all after t seconds. They are those of this replica.
func (l *rateLimit) describe(h http.Header, a allowance) {
	window := max(1, int(math.Ceil(float64(l.rate.Burst)/l.rate.PerSecond)))
	h.Set("RateLimit-Policy", fmt.Sprintf(`"key";q=%d;w=%d`, l.rate.Burst, window))
	h.Set("RateLimit", fmt.Sprintf(`"key";r=%d;t=%d`, a.left, a.fullAgain))
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
