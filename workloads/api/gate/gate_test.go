package gate

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"
)

func limits() Limits { return Limits{Slots: 1, Queue: 2, PerKey: 2, Wait: time.Hour} }

// statusOf is the status of a rejection, which names when to ask again.
func statusOf(t *testing.T, err error) int {
	t.Helper()
	var with huma.HeadersError
	require.ErrorAs(t, err, &with)
	require.NotEmpty(t, with.GetHeaders()["Retry-After"])
	var status huma.StatusError
	require.True(t, errors.As(err, &status))
	return status.GetStatus()
}

// waitFor waits until as many requests wait in a lane.
func waitFor(t *testing.T, l *Lane, n int) {
	t.Helper()
	require.Eventually(t, func() bool { l.mu.Lock(); defer l.mu.Unlock(); return len(l.waiting) == n }, time.Minute, time.Millisecond)
}

func TestRequestsAreServedInTheirOrder(t *testing.T) {
	l := NewLane(limits())
	require.NoError(t, l.Enter(t.Context(), "a"))
	order := make(chan string, 2)
	for i, key := range []string{"b", "c"} {
		go func() {
			if l.Enter(context.Background(), key) == nil {
				order <- key
			}
		}()
		waitFor(t, l, i+1)
	}
	require.Equal(t, http.StatusServiceUnavailable, statusOf(t, l.Enter(t.Context(), "d")), "the queue is full")
	l.Leave("a")
	require.Equal(t, "b", <-order)
	l.Leave("b")
	require.Equal(t, "c", <-order)
	l.Leave("c")
	require.Equal(t, limits().Slots, l.free)
	require.Empty(t, l.held)
}

func TestAKeyHasItsShare(t *testing.T) {
	l := NewLane(limits())
	require.NoError(t, l.Enter(t.Context(), "greedy"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Enter(ctx, "greedy") }()
	waitFor(t, l, 1)
	require.Equal(t, http.StatusTooManyRequests, statusOf(t, l.Enter(t.Context(), "greedy")))
	cancel()
	require.Equal(t, http.StatusServiceUnavailable, statusOf(t, <-done))
	waitFor(t, l, 0)
	other := make(chan error, 1)
	go func() { other <- l.Enter(context.Background(), "modest") }()
	waitFor(t, l, 1)
	l.Leave("greedy")
	require.NoError(t, <-other)
}

// A key that holds its slots for ever holds up nobody else.
func TestAKeyLeavesASlotToOthers(t *testing.T) {
	for slots, share := range map[int]int{2: 1, 5: 4, 32: 24} {
		l := NewLane(Limits{Slots: slots, Queue: 4, PerKey: slots + 2, Wait: time.Hour})
		for range share {
			require.NoError(t, l.Enter(t.Context(), "greedy"))
		}
		more := make(chan error, 2)
		for i := range cap(more) {
			go func() { more <- l.Enter(context.Background(), "greedy") }()
			waitFor(t, l, i+1)
		}
		for range slots - share {
			require.NoError(t, l.Enter(t.Context(), "modest"), "before those that wait")
		}
		other := make(chan error, 1)
		go func() { other <- l.Enter(context.Background(), "other") }()
		waitFor(t, l, 3)
		l.Leave("modest")
		require.NoError(t, <-other, "those before it have their share")
		l.Leave("greedy")
		require.NoError(t, <-more)
		l.Leave("greedy")
		require.NoError(t, <-more)
	}
}

func TestAWaitEnds(t *testing.T) {
	l := NewLane(Limits{Slots: 1, Queue: 1, PerKey: 2, Wait: time.Millisecond})
	require.NoError(t, l.Enter(t.Context(), "a"))
	require.Equal(t, http.StatusServiceUnavailable, statusOf(t, l.Enter(t.Context(), "b")))
	l.Leave("a")
	require.NoError(t, l.Enter(t.Context(), "b"), "the place in the queue is free again")
}

// However requests come and go, no more are at work than there are slots, and all slots
// are free in the end.
func TestSlotsAreNeitherLostNorMade(t *testing.T) {
	const slots = 3
	light := NewLane(Limits{Slots: 8, Queue: 1000, PerKey: 1000, Wait: time.Hour})
	heavy := NewLane(Limits{Slots: slots, Queue: 20, PerKey: 15, Wait: time.Hour})
	var mu sync.Mutex
	working, most := 0, 0
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if i%7 == 0 {
				go cancel()
			}
			p, err := Admit(ctx, light, string(rune('a'+i%3)))
			if err != nil {
				return
			}
			defer p.Leave()
			if p.Move(ctx, heavy) != nil {
				return
			}
			mu.Lock()
			working++
			most = max(most, working)
			mu.Unlock()
			mu.Lock()
			working--
			mu.Unlock()
		})
	}
	all.Wait()
	require.LessOrEqual(t, most, slots)
	require.Equal(t, slots, heavy.free)
	require.Equal(t, 8, light.free)
	for _, counts := range []map[string]int{heavy.held, heavy.working, light.held, light.working} {
		require.Empty(t, counts)
	}
}
