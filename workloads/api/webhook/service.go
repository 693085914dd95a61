// Package webhook delivers what a twin stores to the receivers of webhooks. It turns the live
// stream into messages, which the database keeps until their receivers have taken them, and
// sends those messages: at least once, with the same id and body at each attempt.
//
// Each process of the API does both. A stretch of the live stream becomes messages in the
// transaction that moves the position behind it, so that of several processes one succeeds.
// The messages of a webhook are sent by the process that has leased it.
package webhook

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/webhook"
	"github.com/energytwin/energytwin/workloads/api/stream"
)

// Source is the live stream, of which history.LiveReader is the real one. Nobody else may read
// from the same one.
type Source interface {
	Partitions() int
	Kept(ctx context.Context, partition, limit int) (events []history.LiveEvent, all bool, err error)
	After(ctx context.Context, after []history.LiveID, wait time.Duration) (events []history.LiveEvent, lost []int, err error)
	Missing(ctx context.Context, ids []history.LiveID) (partitions []int, err error)
}

// Store keeps webhooks and messages, of which that of internal/timescale/webhooks is the real
// one.
type Store interface {
	Versions(ctx context.Context) ([]webhook.Version, error)
	Change(ctx context.Context, change func([]webhook.Version) (*webhook.Version, error)) error
	States(ctx context.Context) (map[uuid.UUID]webhook.State, error)
	Switch(ctx context.Context, id uuid.UUID, on bool) error

	Position(ctx context.Context) ([]string, error)
	Begin(ctx context.Context, places []string) error
	Queue(ctx context.Context, b *webhook.Batch) (bool, error)
	Prune(ctx context.Context, keep int) error

	Lease(ctx context.Context, holder uuid.UUID, lease time.Duration, n int) ([]uuid.UUID, error)
	Next(ctx context.Context, id, holder uuid.UUID, lease time.Duration) (m *webhook.Message, failures int, err error)
	Record(ctx context.Context, m *webhook.Message, o *webhook.Outcome) (offWhy string, givenUp bool, err error)
	Release(ctx context.Context, id, holder uuid.UUID) error
	Discard(ctx context.Context, m *webhook.Message) error

	Add(ctx context.Context, m *webhook.Message) error
	Again(ctx context.Context, of uuid.UUID, id string) (bool, error)
	Message(ctx context.Context, of uuid.UUID, id string) (*webhook.Message, error)
	Messages(ctx context.Context, id uuid.UUID, before int64, n int) (found []webhook.Message, next int64, err error)
}

// Options are what a Service works with.
type Options struct {
	Store  Store
	Vault  *webhook.Vault
	Source Source        // nil: no events are read, and nothing is sent
	Expand stream.Expand // reads what an event names
	// Resolve finds the filter of a webhook's settings.
	Resolve func(ctx context.Context, s *webhook.Settings) (stream.Filter, error)

	Twin         string // namespace/name
	Agent        string // User-Agent of requests
	AllowPrivate bool   // addresses that are not public, http, and any port
	GiveUpAfter  time.Duration
	Most         int // webhooks
	Metrics      *Metrics
	Log          *slog.Logger
	Resolver     *net.Resolver // of names of receivers; nil: that of the machine
	Retry        Retry         // zero: from 5 s to 1 h
}

// Service is the webhooks of a twin. It is safe for concurrent use.
type Service struct {
	o      Options
	sender *sender
	holder uuid.UUID     // this process, as the holder of leases
	nudge  chan struct{} // there may be messages
	tests  chan struct{} // a place in it is the right to send a test
	lease  time.Duration
	most   int // messages of a webhook that wait

	mu      sync.Mutex
	hooks   map[uuid.UUID]*webhook.Webhook // those of readAt
	readAt  time.Time
	filters map[uuid.UUID]filter

	lost bool // events of the live stream are missing, and no reset is queued yet; of the intake
	sure bool // Missing was asked; of the intake
}

// filter is that of a version.
type filter struct {
	version int
	stream.Filter
}

// testsAtOnce is how many tests are sent at the same time: a request waits for each.
const testsAtOnce = 2

// New makes the service. It does nothing before Run.
func New(o Options) *Service {
	if o.Retry == (Retry{}) {
		o.Retry = Retry{First: 5 * time.Second, Most: time.Hour}
	}
	return &Service{
		o: o, lease: lease, most: mostPending, sender: newSender(o.Agent, o.AllowPrivate, o.Resolver), holder: uuid.New(),
		nudge: make(chan struct{}, 1), tests: make(chan struct{}, testsAtOnce), filters: map[uuid.UUID]filter{},
	}
}

// upkeepEvery is how often old messages are forgotten and metrics are set.
const upkeepEvery = 15 * time.Second

// Run reads events and delivers messages until ctx ends. Deliveries under way may then finish.
func (s *Service) Run(ctx context.Context) {
	var tasks errgroup.Group
	tasks.Go(func() error { s.deliver(ctx); return nil })
	tasks.Go(func() error { s.keepUp(ctx); return nil })
	if s.o.Source != nil {
		tasks.Go(func() error { s.intake(ctx); return nil })
	}
	_ = tasks.Wait() // no task fails
}

// keepUp forgets old messages, and sets the metrics.
func (s *Service) keepUp(ctx context.Context) {
	tick := time.NewTicker(upkeepEvery)
	defer tick.Stop()
	for {
		if err := s.upkeep(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.WarnContext(ctx, "webhooks are not kept up", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Service) upkeep(ctx context.Context) error {
	hooks, err := s.All(ctx)
	if err != nil {
		return err
	}
	states, err := s.o.Store.States(ctx)
	if err != nil {
		return err
	}
	s.o.Metrics.observe(hooks, states)
	return s.o.Store.Prune(ctx, keptMessages)
}

// keptMessages is how many messages of a webhook are kept that were delivered or given up.
const keptMessages = 500

// trustedFor is how old settings may be that messages are sent by.
const trustedFor = 500 * time.Millisecond

// current are the webhooks of now, or of trustedFor ago.
func (s *Service) current(ctx context.Context) (map[uuid.UUID]*webhook.Webhook, error) {
	s.mu.Lock()
	hooks, fresh := s.hooks, time.Since(s.readAt) < trustedFor
	s.mu.Unlock()
	if fresh {
		return hooks, nil
	}
	return s.read(ctx)
}

// read is the webhooks as the database has them.
func (s *Service) read(ctx context.Context) (map[uuid.UUID]*webhook.Webhook, error) {
	at := time.Now()
	versions, err := s.o.Store.Versions(ctx)
	if err != nil {
		return nil, err
	}
	hooks := s.opened(ctx, versions)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks, s.readAt = hooks, at
	return hooks, nil
}

// opened are the webhooks of versions, of which the greatest of each comes first. Versions that
// this API did not make count for nothing.
func (s *Service) opened(ctx context.Context, versions []webhook.Version) map[uuid.UUID]*webhook.Webhook {
	hooks := map[uuid.UUID]*webhook.Webhook{}
	found := map[uuid.UUID]bool{}
	forged := 0
	for i := range versions {
		v := &versions[i]
		if found[v.ID] {
			continue
		}
		settings, err := s.o.Vault.Open(v)
		if err != nil {
			forged++
			continue
		}
		found[v.ID] = true
		if !v.Deleted {
			hooks[v.ID] = &webhook.Webhook{ID: v.ID, Version: v.Number, By: v.By, At: v.At, Settings: settings}
		}
	}
	if forged > 0 {
		s.o.Log.DebugContext(ctx, "rows of webhooks count for nothing: they were not made with the secret of this API", "rows", forged)
	}
	return hooks
}

// filterOf is the filter of a webhook.
func (s *Service) filterOf(ctx context.Context, h *webhook.Webhook) (*stream.Filter, error) {
	s.mu.Lock()
	known, ok := s.filters[h.ID]
	s.mu.Unlock()
	if ok && known.version == h.Version {
		return &known.Filter, nil
	}
	found, err := s.o.Resolve(ctx, &h.Settings)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.filters[h.ID] = filter{version: h.Version, Filter: found}
	return &found, nil
}

// wake has messages looked for at once.
func (s *Service) wake() {
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}
