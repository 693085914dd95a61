package keptlist

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// source is where lists come from: numbers from 0 to n-1, as of a version.
type source struct {
	version atomic.Int64
	n       int
	reads   atomic.Int64
	hold    chan struct{} // nil: reading takes no time
	err     error
}

func (s *source) of(t *testing.T, l *Lists[string], key string) []int32 {
	t.Helper()
	numbers, err := s.ask(t.Context(), l, key)
	require.NoError(t, err)
	return numbers
}

func (s *source) ask(ctx context.Context, l *Lists[string], key string) ([]int32, error) {
	return l.Of(ctx, key, func(context.Context) (string, error) { return strconv.FormatInt(s.version.Load(), 10), nil },
		func(context.Context) ([]int32, error) {
			s.reads.Add(1)
			if s.hold != nil {
				<-s.hold
			}
			if s.err != nil {
				return nil, s.err
			}
			return make([]int32, s.n), nil
		})
}

func TestAListIsReadOnceUntilItChanges(t *testing.T) {
	l, s := New[string](), &source{n: 3}
	for range 3 {
		require.Len(t, s.of(t, l, "a"), 3)
	}
	require.EqualValues(t, 1, s.reads.Load())
	require.Len(t, s.of(t, l, "b"), 3)
	require.EqualValues(t, 2, s.reads.Load(), "each key has its own list")
	s.version.Add(1)
	s.n = 4
	require.Len(t, s.of(t, l, "a"), 4)
	require.Equal(t, 7, l.kept)
}

func TestAnErrorIsNotKept(t *testing.T) {
	l, s := New[string](), &source{n: 1, err: errors.New("no")}
	_, err := s.ask(t.Context(), l, "a")
	require.ErrorIs(t, err, s.err)
	s.err = nil
	require.Len(t, s.of(t, l, "a"), 1)
}

func TestSeveralWaitForOneReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s := New[string](), &source{n: 2, hold: make(chan struct{})}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { s.of(t, l, "a") })
		}
		synctest.Wait()
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("gone")
		cancel(gone)
		_, err := s.ask(ctx, l, "a")
		require.ErrorIs(t, err, gone, "who leaves waits no longer")
		close(s.hold)
		all.Wait()
		require.EqualValues(t, 1, s.reads.Load())
	})
}

func TestOldListsMakeRoom(t *testing.T) {
	l, s := New[string](), &source{n: mostNumbers / 3}
	for _, key := range []string{"a", "b", "c", "a", "d"} {
		s.of(t, l, key)
	}
	require.EqualValues(t, 4, s.reads.Load())
	s.of(t, l, "a")
	require.EqualValues(t, 4, s.reads.Load(), "a was used after b")
	s.of(t, l, "b")
	require.EqualValues(t, 5, s.reads.Load())
	require.LessOrEqual(t, l.kept, mostNumbers)

	for i := range 3 * mostLists {
		(&source{n: 0}).of(t, l, strconv.Itoa(i))
	}
	require.Len(t, l.lists, mostLists)

	huge := &source{n: mostNumbers + 1}
	require.Len(t, huge.of(t, l, "huge"), huge.n)
	require.Len(t, huge.of(t, l, "huge"), huge.n)
	require.EqualValues(t, 2, huge.reads.Load(), "too long to be kept")
	require.Zero(t, l.kept)
}
