package generator

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// fakeClock is a clock on which waiting takes no time.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	until time.Time     // stop is called when it is reached
	stop  func()        //
	goOn  bool          // time goes on after that
	step  chan struct{} // sleepers wait for it to be closed, if it is not nil
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	if c.step != nil {
		select {
		case <-c.step:
		case <-ctx.Done():
		}
	}
	if d == redisCheck && c.step == nil {
		// The guard of the warm-up would drive the time on.
		<-ctx.Done()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	if c.stop == nil || !c.now.After(c.until) {
		return nil
	}
	c.stop()
	if c.goOn {
		c.stop = nil
		return nil
	}
	return context.Canceled
}

// tickingClock moves a second at each look, so that progress is always told;
// waiting takes a moment.
type tickingClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *tickingClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

func (c *tickingClock) Sleep(ctx context.Context, _ time.Duration) error {
	return wallClock{}.Sleep(ctx, time.Millisecond)
}

func (b *bench) slog() *slog.Logger { return slog.New(slog.DiscardHandler) }
