package webhook

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/webhook"
)

const (
	// lease is for how long a webhook is that of a process: longer than an attempt takes. After
	// a process that was killed, another one goes on when it has ended.
	lease = 30 * time.Second
	// pollEvery is how often messages are looked for that have become due.
	pollEvery = time.Second
	// recordWithin bounds how long the outcome of an attempt may take to be stored.
	recordWithin = 5 * time.Second
)

// deliver sends messages that are due. Each webhook has a goroutine of its own while it has
// some, so that a slow receiver holds up nobody else.
func (s *Service) deliver(ctx context.Context) {
	var working sync.WaitGroup
	defer working.Wait()
	places := make(chan struct{}, s.o.Most)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if free := cap(places) - len(places); free > 0 {
			ids, err := s.o.Store.Lease(ctx, s.holder, s.lease, free)
			if err != nil && ctx.Err() == nil {
				s.o.Log.WarnContext(ctx, "messages of webhooks wait", "error", err)
			}
			for _, id := range ids {
				places <- struct{}{}
				working.Go(func() {
					defer func() { <-places }()
					s.work(ctx, id)
				})
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.nudge:
		}
	}
}

// work sends the messages of a webhook, one after another, until none is due.
func (s *Service) work(ctx context.Context, id uuid.UUID) {
	// What was begun is ended, even if the process is to stop.
	lasting := context.WithoutCancel(ctx)
	defer func() {
		within, cancel := context.WithTimeout(lasting, recordWithin)
		defer cancel()
		if err := s.o.Store.Release(within, id, s.holder); err != nil {
			s.o.Log.WarnContext(within, "a webhook waits for the end of its lease", "webhook", id, "error", err)
		}
	}()
	for ctx.Err() == nil {
		m, failures, err := s.o.Store.Next(ctx, id, s.holder, s.lease)
		if err != nil || m == nil {
			s.warn(ctx, id, err)
			return
		}
		hooks, err := s.current(ctx)
		if err != nil || hooks[id] == nil {
			s.warn(ctx, id, err)
			return
		}
		if !s.o.Vault.Made(m) {
			s.o.Log.WarnContext(ctx, "a message of a webhook is discarded: it was not made by this API", "webhook", id, "message", m.ID)
			s.warn(ctx, id, s.o.Store.Discard(ctx, m))
			continue
		}
		if err := s.attempt(lasting, hooks[id], m, failures); err != nil {
			s.warn(ctx, id, err)
			return
		}
	}
}

func (s *Service) warn(ctx context.Context, id uuid.UUID, err error) {
	if err != nil && ctx.Err() == nil {
		s.o.Log.WarnContext(ctx, "messages of a webhook wait", "webhook", id, "error", err)
	}
}

// attempt sends a message, and stores what came of it.
func (s *Service) attempt(ctx context.Context, h *webhook.Webhook, m *webhook.Message, failures int) error {
	o, wait := s.sender.send(ctx, h, m)
	spread := 0.8 + 0.4*rand.Float64() // the same for both, so that messages stay in order
	o.RetryMessage = max(s.o.Retry.after(m.Attempts, spread), wait)
	o.RetryWebhook = max(s.o.Retry.after(failures, spread), wait)
	o.GiveUp = s.o.GiveUpAfter
	within, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()
	offWhy, givenUp, err := s.o.Store.Record(within, m, o)
	if err != nil {
		return err
	}
	s.o.Metrics.attempted(o)
	if givenUp && !o.Delivered && m.Type != TypeTest {
		s.o.Metrics.givenUp.Inc()
		s.o.Log.WarnContext(ctx, "a message of a webhook is given up", "webhook", h.ID, "name", h.Name, "message", m.ID, "events", m.Events)
	}
	if offWhy != "" {
		s.o.Log.WarnContext(ctx, "a webhook is turned off", "webhook", h.ID, "name", h.Name, "why", offWhy)
	}
	m.Attempts++
	m.Tries = append(m.Tries, o.Try)
	m.Delivered = m.Delivered || o.Delivered
	return nil
}

// Retry defines how long it takes until a message is sent again: First after the first
// failure, three times as long after each one more, at most Most.
type Retry struct{ First, Most time.Duration }

// after is the time until the next attempt, after failed ones before the last.
func (r Retry) after(before int, spread float64) time.Duration {
	wait := r.First
	for range before {
		if wait *= 3; wait >= r.Most {
			break
		}
	}
	return time.Duration(float64(min(wait, r.Most)) * spread)
}
