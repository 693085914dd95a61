package generator

import (
	"context"
	"errors"
	"time"

	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
)

// saveEvery is how often the published hour is written to Redis.
const saveEvery = time.Second

// publishedBefore is the greatest hour of this dataset that was published to
// any topic, NoHour if that is not known. A topic that is intact shows it too,
// so that a Redis that is away is no reason to stop.
func (g *generator) publishedBefore(ctx context.Context) meter.Hour {
	p, err := g.redis.Published(ctx)
	switch {
	case errors.Is(err, history.ErrNotPublished):
	case err != nil:
		g.log.Warn("published hour not read", "error", err)
	case p.Dataset == g.warm.dataset:
		g.front = max(g.front, p.Hour)
	}
	return g.front
}

// savePublished notes how far publishing has come. It never goes back: a
// recreated topic is filled again from its start.
func (g *generator) savePublished(ctx context.Context, hour meter.Hour) {
	g.front = max(g.front, hour)
	now := g.clock.Now()
	if now.Sub(g.saved) < saveEvery {
		return
	}
	g.saved = now
	if err := g.redis.SetPublished(ctx, history.Published{Dataset: g.warm.dataset, Hour: g.front}); err != nil && ctx.Err() == nil {
		g.log.Warn("published hour not saved", "error", err)
	}
}
