// Package gate bounds the work that requests do at the same time. A request with little
// work passes through one lane, one with much through another, so that expensive
// questions wait for each other and for nobody else.
package gate

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/energytwin/energytwin/workloads/api/problem"
)

// Limits of a lane.
type Limits struct {
	Slots  int           // requests at work at the same time
	Queue  int           // requests that wait for a slot
	PerKey int           // of both together, those of one API key
	Wait   time.Duration // the longest that a request waits
}

// share is how many slots one key has at most: however slowly it reads its answers, one in
// four is for others, and at least one of several.
func (l *Limits) share() int { return max(l.Slots-max(l.Slots/4, 1), 1) }

// Lane admits as many requests as it has slots; others wait in the order in which they came,
// but for those whose key has its share of the slots.
type Lane struct {
	limits Limits

	mu      sync.Mutex
	free    int
	waiting []*ticket
	held    map[string]int // by key, at work and waiting
	working map[string]int // by key
}

// ticket is a request that waits. ready is closed when it has a slot.
type ticket struct {
	key   string
	ready chan struct{}
}

// NewLane makes a lane.
func NewLane(l Limits) *Lane {
	return &Lane{limits: l, free: l.Slots, held: map[string]int{}, working: map[string]int{}}
}

// Enter waits for a slot. The error is a problem with Retry-After: 429 where the key has
// its share already, 503 where the queue is full or the wait was too long.
func (l *Lane) Enter(ctx context.Context, key string) error {
	t, err := l.line(key)
	if t == nil {
		return err
	}
	timer := time.NewTimer(l.limits.Wait)
	defer timer.Stop()
	select {
	case <-t.ready:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	if l.leaveLine(t, key) {
		return busy()
	}
	return nil // the slot came at the last moment
}

// line takes a slot, or a place in the queue; the ticket is nil if there is nothing to
// wait for.
func (l *Lane) line(key string) (*ticket, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.held[key] >= l.limits.PerKey:
		return nil, problem.RetryAfter(problem.New(http.StatusTooManyRequests, problem.CodeRateLimited, "",
			"too many requests of this key are at work; wait for their answers"), retrySeconds)
	case l.free > 0 && l.working[key] < l.limits.share():
		l.held[key]++
		l.work(key)
		return nil, nil
	case len(l.waiting) >= l.limits.Queue:
		return nil, busy()
	}
	l.held[key]++
	t := &ticket{key, make(chan struct{})}
	l.waiting = append(l.waiting, t)
	return t, nil
}

// leaveLine gives a place in the queue up. It reports false if the request has a slot
// by now.
func (l *Lane) leaveLine(t *ticket, key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.waiting {
		if l.waiting[i] == t {
			l.waiting = append(l.waiting[:i], l.waiting[i+1:]...)
			lower(l.held, key)
			return true
		}
	}
	return false
}

// Leave gives a slot to the request that has waited longest and may have one.
func (l *Lane) Leave(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lower(l.held, key)
	lower(l.working, key)
	l.free++
	next := slices.IndexFunc(l.waiting, func(t *ticket) bool { return l.working[t.key] < l.limits.share() })
	if next >= 0 {
		t := l.waiting[next]
		l.waiting = slices.Delete(l.waiting, next, next+1)
		l.work(t.key)
		close(t.ready)
	}
}

// work gives a free slot to a key.
func (l *Lane) work(key string) {
	l.free--
	l.working[key]++
}

func lower(counts map[string]int, key string) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}

// retrySeconds is when to ask again: most expensive requests have been answered by then.
const retrySeconds = 2

func busy() error {
	return problem.RetryAfter(problem.New(http.StatusServiceUnavailable, problem.CodeUnavailable, "",
		"other requests are at work; ask again, or for less"), retrySeconds)
}

// Pass is the way of one request through the lanes.
type Pass struct {
	key string
	in  *Lane // nil once it has left
}

// Admit lets a request of a key into a lane.
func Admit(ctx context.Context, lane *Lane, key string) (*Pass, error) {
	if err := lane.Enter(ctx, key); err != nil {
		return nil, err
	}
	return &Pass{key: key, in: lane}, nil
}

// Move takes the request into another lane, and waits there. It has left both where it is
// not admitted.
func (p *Pass) Move(ctx context.Context, lane *Lane) error {
	if p.in == lane {
		return nil
	}
	p.Leave()
	if err := lane.Enter(ctx, p.key); err != nil {
		return err
	}
	p.in = lane
	return nil
}

// Leave ends the work of the request.
func (p *Pass) Leave() {
	if p.in != nil {
		p.in.Leave(p.key)
		p.in = nil
	}
}
