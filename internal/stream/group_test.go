package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGroupSharesAndCommits(t *testing.T) {
	c := testClient(t)
	ctx, cancel := context.WithCancel(testContext(t))
	topic := testTopic(t, c, 4)
	held := newHolders()
	var members sync.WaitGroup
	join := func(ctx context.Context, name string) {
		g := c.Group("group", topic, slog.New(slog.DiscardHandler))
		members.Go(func() {
			_ = g.Run(ctx, func(ctx context.Context, partition int) error {
				held.add(name, partition)
				defer held.remove(name, partition)
				g.CommitHint(partition, int64(100+partition))
				<-ctx.Done()
				return nil
			})
		})
	}
	firstCtx, stopFirst := context.WithCancel(ctx)
	join(firstCtx, "first")
	require.Eventually(t, func() bool { return held.count("first") == 4 }, patience, 10*time.Millisecond)
	join(ctx, "second")
	require.Eventually(t, func() bool { return held.count("first") == 2 && held.count("second") == 2 }, patience, 10*time.Millisecond)
	stopFirst()
	require.Eventually(t, func() bool { return held.count("second") == 4 }, patience, 10*time.Millisecond)
	require.Eventually(t, func() bool {
		offsets, err := c.CommittedOffsets(ctx, "group", topic)
		return err == nil && fmt.Sprint(offsets) == "[100 101 102 103]"
	}, patience, 10*time.Millisecond)
	cancel()
	members.Wait()
	require.False(t, held.twice, "a partition was held twice")

	none, err := c.CommittedOffsets(testContext(t), "another", topic)
	require.NoError(t, err)
	require.Equal(t, []int64{-1, -1, -1, -1}, none)
}

func TestGroupEndsWithTheErrorOfItsWork(t *testing.T) {
	c := testClient(t)
	topic := testTopic(t, c, 2)
	broken := errors.New("broken")
	err := c.Group("group", topic, slog.New(slog.DiscardHandler)).Run(testContext(t), func(ctx context.Context, partition int) error {
		if partition == 1 {
			return broken
		}
		<-ctx.Done()
		return nil
	})
	require.ErrorIs(t, err, broken)
}

// holders notes who holds which partition.
type holders struct {
	mu    sync.Mutex
	by    map[int]string
	twice bool
}

func newHolders() *holders { return &holders{by: map[int]string{}} }

func (h *holders) add(name string, partition int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, taken := h.by[partition]; taken {
		h.twice = true
	}
	h.by[partition] = name
}

func (h *holders) remove(name string, partition int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.by[partition] == name {
		delete(h.by, partition)
	}
}

func (h *holders) count(name string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, holder := range h.by {
		if holder == name {
			n++
		}
	}
	return n
}

func TestGroupWaitsForItsTopic(t *testing.T) {
	c := testClient(t)
	ctx, cancel := context.WithCancel(testContext(t))
	ended := make(chan error)
	go func() {
		ended <- c.Group("g", "ns.twin.readings", slog.New(slog.DiscardHandler)).Run(ctx, func(context.Context, int) error {
			cancel()
			return nil
		})
	}()
	testTopic(t, c, 1)
	require.NoError(t, <-ended)
}
