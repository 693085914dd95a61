package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// Times of group membership. The library is eager: at each change of the
// group all members give up all partitions and wait for all their goroutines,
// so those must leave quickly.
const (
	sessionTimeout    = 10 * time.Second
	heartbeatInterval = 2 * time.Second
	rebalanceTimeout  = 10 * time.Second
	rejoinBackoff     = time.Second
	commitInterval    = time.Second
	leaveLimit        = 5 * time.Second
)

// Group is membership in a consumer group that shares the partitions of one
// topic. Committed offsets are only a hint for others of how far the work
// has come: what counts is kept elsewhere by the work itself.
type Group struct {
	client *Client
	id     string
	topic  string
	log    *slog.Logger

	mu    sync.Mutex
	hints map[int]int64 // offsets to commit, by partition
}

// Group prepares membership in the consumer group id for a topic.
func (c *Client) Group(id, topic string, log *slog.Logger) *Group {
	return &Group{client: c, id: id, topic: topic, log: log, hints: map[int]int64{}}
}

// CommitHint notes the next offset of a partition. Hints are committed
// together about once a second while this member holds the partition; one
// that cannot be committed is dropped, the next one replaces it.
func (g *Group) CommitHint(partition int, offset int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hints[partition] = offset
}

// Run joins the group and runs work for each partition that it is given, one
// goroutine a partition, until ctx ends. The context of work ends when the
// partition has to be given up; work must return within 5 s of that, or it
// holds up the whole group and loses its membership. An error from work while
// its context lives ends Run, which returns it; so does nothing else, because
// brokers come back.
func (g *Group) Run(ctx context.Context, work func(ctx context.Context, partition int) error) error {
	if g.waitForTopic(ctx) != nil {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	members, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:                g.id,
		Brokers:           g.client.brokers,
		Dialer:            g.client.dialer,
		Topics:            []string{g.topic},
		HeartbeatInterval: heartbeatInterval,
		SessionTimeout:    sessionTimeout,
		RebalanceTimeout:  rebalanceTimeout,
		JoinGroupBackoff:  rejoinBackoff,
	})
	if err != nil {
		return fmt.Errorf("consumer group %s: %w", g.id, err)
	}
	// The library leaves the group on Close, after the work has ended.
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { defer close(closed); _ = members.Close() })
	defer func() {
		cancel(nil)
		if stop() {
			_ = members.Close()
			return
		}
		<-closed
	}()
	for {
		generation, err := members.Next(ctx)
		if cause := workError(ctx); cause != nil {
			return cause
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			g.log.Warn("consumer group not joined yet", "group", g.id, "error", err)
			continue
		}
		g.start(ctx, cancel, generation, work)
	}
}

// waitForTopic returns when the topic is there, or with the context's error.
// The library would join with no partitions, and not notice when they come.
func (g *Group) waitForTopic(ctx context.Context) error {
	for ctx.Err() == nil {
		_, err := g.client.Partitions(ctx, g.topic) // waits some seconds itself
		if err == nil {
			return nil
		}
		g.log.Warn("consumer group waits for its topic", "group", g.id, "error", err)
	}
	return ctx.Err()
}

// failure marks an error of work as the reason to end.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

func workError(ctx context.Context) error {
	var f failure
	if errors.As(context.Cause(ctx), &f) {
		return f.error
	}
	return nil
}

// start runs one generation: the work and the commits.
func (g *Group) start(ctx context.Context, end context.CancelCauseFunc, generation *kafka.Generation,
	work func(context.Context, int) error,
) {
	g.mu.Lock()
	clear(g.hints)
	g.mu.Unlock()
	var working sync.WaitGroup
	partitions := generation.Assignments[g.topic]
	g.log.Info("partitions assigned", "group", g.id, "generation", generation.ID, "partitions", len(partitions))
	for _, assigned := range partitions {
		working.Add(1)
		generation.Start(func(generationCtx context.Context) {
			defer working.Done()
			workCtx, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(generationCtx, cancel)()
			defer g.watchLeaving(workCtx, assigned.ID)()
			err := work(workCtx, assigned.ID)
			if err != nil && workCtx.Err() == nil {
				end(failure{fmt.Errorf("partition %d: %w", assigned.ID, err)})
			}
			// A goroutine that returns ends the generation for all. Work that
			// is done just keeps its partition.
			<-workCtx.Done()
		})
	}
	generation.Start(func(generationCtx context.Context) {
		g.commitLoop(generationCtx, generation)
		working.Wait()
		g.commit(generation)
	})
}

// watchLeaving complains about work that does not leave. It returns how to
// stop watching.
func (g *Group) watchLeaving(ctx context.Context, partition int) func() {
	left := make(chan struct{})
	context.AfterFunc(ctx, func() {
		limit := time.NewTimer(leaveLimit)
		defer limit.Stop()
		select {
		case <-left:
		case <-limit.C:
			g.log.Error("work on a partition did not leave in time; the whole group waits for it",
				"group", g.id, "partition", partition, "limit", leaveLimit)
		}
	})
	return func() { close(left) }
}

func (g *Group) commitLoop(ctx context.Context, generation *kafka.Generation) {
	ticker := time.NewTicker(commitInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			g.commit(generation)
		}
	}
}

func (g *Group) commit(generation *kafka.Generation) {
	g.mu.Lock()
	hints := g.hints
	g.hints = make(map[int]int64, len(hints))
	g.mu.Unlock()
	if len(hints) == 0 {
		return
	}
	if err := generation.CommitOffsets(map[string]map[int]int64{g.topic: hints}); err != nil {
		g.log.Debug("offset hint not committed", "group", g.id, "error", err)
	}
}
