// Package stream sends what a twin stores to those who watch it, as server-sent events. One
// reader of the live stream in Redis serves all clients of a process: it reads what an event
// names from the database once, and puts it into a log in memory that each client follows at
// its own pace.
package stream

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/energytwin/energytwin/internal/history"
)

// Source is the live stream, of which history.LiveReader is the real one.
type Source interface {
	Partitions() int
	Kept(ctx context.Context, partition, limit int) (events []history.LiveEvent, all bool, err error)
	After(ctx context.Context, after []history.LiveID, wait time.Duration) (events []history.LiveEvent, lost []int, err error)
}

// Expand reads the items that an event is for clients: the same ones each time, as an id may
// name a place between them.
type Expand func(ctx context.Context, event *history.LiveEvent) ([]Item, error)

// Options are what a Hub works with.
type Options struct {
	Source  Source // nil: nobody can watch
	Expand  Expand
	Limits  Limits
	Metrics *Metrics
	Log     *slog.Logger
	// Heartbeat is how often a client without events gets a sign of life; 0 is Heartbeat.
	Heartbeat time.Duration
}

// Limits bound what clients take.
type Limits struct {
	Clients int // at the same time; 0: 1,500
	PerKey  int // of these, of one API key; 0: 1,000
}

const (
	// readWait is how long one read of Redis waits for events.
	readWait = time.Second
	// startPatience bounds the time that the first client waits for Redis.
	startPatience = 3 * time.Second
	// awayPatience is how long Redis may be away before streams are ended.
	awayPatience = 10 * time.Second
	retryAfter   = 500 * time.Millisecond
	// idleFor is how long the reader goes on without any client.
	idleFor = time.Minute
)

// ErrUnavailable is that of clients that come while Redis cannot be reached, or where no
// live stream is.
var ErrUnavailable = errors.New("the live stream cannot be read")

// Hub serves all clients of a process. It is safe for concurrent use.
type Hub struct {
	o      Options
	ctx    context.Context // of the hub: its end ends all streams
	cancel context.CancelFunc

	mu      sync.Mutex
	clients int
	byKey   map[string]int
	run     *run // nil while nobody watches
}

// NewHub makes a hub. It reads nothing before its first client comes.
func NewHub(o Options) *Hub {
	if o.Limits.Clients == 0 {
		o.Limits.Clients = 1500
	}
	if o.Limits.PerKey == 0 {
		o.Limits.PerKey = 1000
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Hub{o: o, ctx: ctx, cancel: cancel, byKey: map[string]int{}}
}

// Close ends all streams, at once. Clients that come later are rejected.
func (h *Hub) Close() { h.cancel() }

// run is one life of the reader: from the first client to the end of Redis, or of interest.
type run struct {
	hub    *Hub
	ctx    context.Context // its end ends the streams of all clients
	cancel context.CancelFunc
	ready  chan struct{} // closed when the log is filled, or the start has failed
	failed error         // why, once ready is closed
	log    *log
	turns  chan struct{} // a place in it is the right to read an old entry
}

// oldReads is how many clients may have old entries read at the same time.
const oldReads = 2

// join is the run of now, ready to be followed.
func (h *Hub) join(ctx context.Context) (*run, error) {
	if h.o.Source == nil || h.ctx.Err() != nil {
		return nil, ErrUnavailable
	}
	h.mu.Lock()
	r := h.run
	if r == nil || r.ctx.Err() != nil {
		r = &run{hub: h, ready: make(chan struct{}), log: newLog(h.o.Source.Partitions()), turns: make(chan struct{}, oldReads)}
		r.ctx, r.cancel = context.WithCancel(h.ctx)
		h.run = r
		go r.work()
	}
	h.mu.Unlock()
	select {
	case <-r.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if r.failed != nil {
		return nil, r.failed
	}
	return r, nil
}

// work fills the log and follows the live stream until nobody watches, or Redis is away.
func (r *run) work() {
	defer r.cancel()
	starting, cancel := context.WithTimeout(r.ctx, startPatience)
	r.failed = r.fill(starting)
	cancel()
	close(r.ready)
	if r.failed != nil {
		r.hub.o.Log.Warn("live events cannot be read", "error", r.failed)
		r.failed = errors.Join(ErrUnavailable, r.failed)
		return
	}
	if err := r.follow(); err != nil && r.ctx.Err() == nil {
		r.hub.o.Log.Warn("streams are ended, as live events cannot be read", "error", err)
	}
}

// fill reads what the live stream keeps, so that clients of before can go on.
func (r *run) fill(ctx context.Context) error {
	n := r.hub.o.Source.Partitions()
	for p := range n {
		events, all, err := r.hub.o.Source.Kept(ctx, p, mostEntries/n)
		if err != nil {
			return err
		}
		if !all {
			r.log.floorUnknown(p)
		}
		for i := range events {
			r.log.append(r.log.prepare(events[i]))
		}
	}
	return nil
}

// follow reads on.
func (r *run) follow() error {
	var away time.Time // since when
	idle := time.Now()
	for {
		if r.hub.watched() {
			idle = time.Now()
		} else if time.Since(idle) > idleFor {
			return nil
		}
		err := r.next()
		switch {
		case r.ctx.Err() != nil:
			return nil
		case err == nil:
			away = time.Time{}
			continue
		case errors.Is(err, history.ErrForgotten):
			return err
		case away.IsZero():
			away = time.Now()
			r.hub.o.Log.Warn("live events are delayed", "error", err)
		case time.Since(away) > awayPatience:
			return err
		}
		select {
		case <-r.ctx.Done():
			return nil
		case <-time.After(retryAfter):
		}
	}
}

func (h *Hub) watched() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clients > 0
}

// next reads the next events, and what they name.
func (r *run) next() error {
	after := r.log.ids()
	events, lost, err := r.hub.o.Source.After(r.ctx, after, readWait)
	if err != nil {
		return err
	}
	for _, p := range lost {
		r.hub.o.Log.Warn("live events were dropped before they were read", "partition", p)
		markFirst(events, p)
	}
	for i := range events {
		e := r.log.prepare(events[i])
		// What it names is read before anybody learns of it, and once.
		if err := r.readAtLast(e); err != nil {
			return err
		}
		r.log.append(e)
	}
	return nil
}

// readAtLast reads the items of an entry, as often as it takes. The error is that of the run.
func (r *run) readAtLast(e *entry) error {
	for {
		items, _, err := r.read(r.ctx, e)
		if err == nil {
			for i := range items {
				r.hub.o.Metrics.items.WithLabelValues(string(items[i].Kind)).Inc()
			}
			return nil
		}
		if r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		r.hub.o.Log.Warn("an event waits for the database", "error", err)
		select {
		case <-r.ctx.Done():
			return r.ctx.Err()
		case <-time.After(retryAfter):
		}
	}
}

// read is the items of an entry with their frames.
func (r *run) read(ctx context.Context, e *entry) ([]Item, [][]byte, error) {
	items, frames, fresh, err := e.read(ctx, r.hub.o.Expand)
	if fresh > 0 {
		r.log.hold(e, fresh)
	}
	return items, frames, err
}

// markFirst marks the first event of a partition as one behind a gap.
func markFirst(events []history.LiveEvent, partition int) {
	for i := range events {
		if events[i].Partition == partition {
			events[i].Fields[history.FieldGap] = "1"
			return
		}
	}
}
