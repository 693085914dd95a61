package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/webhook"
	"github.com/energytwin/energytwin/workloads/api/stream"
)

const (
	// readWait is how long one read of Redis waits for events.
	readWait = time.Second
	// againAfter is how long it takes until what failed is tried again.
	againAfter = time.Second
	// elsewhereFor is about how long a process rests that found another one at work.
	elsewhereFor = 3 * time.Second
)

// What a message and a queue hold at most.
const (
	mostEvents       = 100
	mostBodyBytes    = 256 << 10
	mostPending      = 10_000   // messages of a webhook
	mostPendingBytes = 64 << 20 // of their bodies
)

// intake turns the live stream into messages.
func (s *Service) intake(ctx context.Context) {
	for ctx.Err() == nil {
		mine, err := s.round(ctx)
		rest := time.Duration(0)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.o.Log.WarnContext(ctx, "events for webhooks wait", "error", err)
			rest = againAfter
		case !mine:
			rest = elsewhereFor/2 + rand.N(elsewhereFor)
		}
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
	}
}

// round reads some events and stores what becomes of them. It reports false if another process
// has done so.
func (s *Service) round(ctx context.Context) (mine bool, err error) {
	at, from, err := s.position(ctx)
	if err != nil || at == nil {
		return true, err
	}
	if !s.sure {
		missing, err := s.o.Source.Missing(ctx, at)
		if err != nil {
			return true, err
		}
		s.lost, s.sure = s.lost || len(missing) > 0, true
	}
	events, lost, err := s.o.Source.After(ctx, at, readWait)
	if errors.Is(err, history.ErrForgotten) {
		s.sure = false
		return true, nil
	}
	if err != nil {
		return true, err
	}
	s.lost = s.lost || len(lost) > 0
	if len(events) == 0 {
		return true, nil
	}
	b, err := s.batch(ctx, events)
	if err != nil {
		return true, err
	}
	for i := range events {
		at[events[i].Partition] = events[i].ID
	}
	b.From, b.To = from, texts(at)
	if mine, err = s.o.Store.Queue(ctx, b); err != nil || !mine {
		return mine, err
	}
	s.lost = false
	if len(b.Messages) > 0 {
		s.o.Metrics.queued.Add(float64(len(b.Messages)))
		s.wake()
	}
	for id, n := range b.Dropped {
		s.o.Metrics.dropped.Add(float64(n))
		s.o.Log.WarnContext(ctx, "events found no room in the queue of a webhook", "webhook", id, "events", n)
	}
	return true, nil
}

// position is how far the stream has been read, as ids and as the store has them. It is nil
// where it was set just now: to that of the newest events.
func (s *Service) position(ctx context.Context) ([]history.LiveID, []string, error) {
	places, err := s.o.Store.Position(ctx)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]history.LiveID, s.o.Source.Partitions())
	if places == nil {
		for p := range ids {
			events, _, err := s.o.Source.Kept(ctx, p, 1)
			if err != nil {
				return nil, nil, err
			}
			if len(events) > 0 {
				ids[p] = events[0].ID
			}
		}
		return nil, nil, s.o.Store.Begin(ctx, texts(ids))
	}
	if len(places) != len(ids) {
		return nil, nil, fmt.Errorf("the position of webhooks is of %d partitions, and the twin has %d", len(places), len(ids))
	}
	for p := range ids {
		if ids[p], err = history.ParseLiveID(places[p]); err != nil {
			return nil, nil, fmt.Errorf("the position of webhooks: %w", err)
		}
	}
	return ids, places, nil
}

func texts(ids []history.LiveID) []string {
	out := make([]string, len(ids))
	for i := range ids {
		out[i] = ids[i].String()
	}
	return out
}

// target is a webhook that events are for.
type target struct {
	id     uuid.UUID
	filter *stream.Filter
	room   int
	bytes  int64
	due    bool // a reset is
	reset  bool // one is among the events

	events []Event
	size   int
}

// batch is what becomes of events. Webhooks are read after the events were: one that is made
// later begins after them.
func (s *Service) batch(ctx context.Context, events []history.LiveEvent) (*webhook.Batch, error) {
	b := &webhook.Batch{Dropped: map[uuid.UUID]int{}}
	targets, err := s.targets(ctx)
	if err != nil || len(targets) == 0 {
		return b, err
	}
	for _, t := range targets {
		if t.due || s.lost {
			t.reset = true
			reset := stream.Dropped()
			if err := s.add(b, t, Event{ID: "reset." + uuid.NewString(), Kind: reset.Kind, Data: reset.Data}); err != nil {
				return nil, err
			}
		}
	}
	for i := range events {
		items, err := stream.Items(ctx, s.o.Expand, &events[i])
		if err != nil {
			return nil, err
		}
		for n := range items {
			event := Event{ID: fmt.Sprintf("%d.%s.%d", events[i].Partition, events[i].ID, n), Kind: items[n].Kind, Data: items[n].Data}
			for _, t := range targets {
				if !t.filter.Takes(&items[n]) {
					continue
				}
				if err := s.add(b, t, event); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, t := range targets {
		if err := s.close(b, t); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// targets are the webhooks that are on.
func (s *Service) targets(ctx context.Context) ([]*target, error) {
	hooks, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	states, err := s.o.Store.States(ctx)
	if err != nil {
		return nil, err
	}
	var out []*target
	for id, h := range hooks {
		state, ok := states[id]
		if !ok || !state.OffSince.IsZero() {
			continue
		}
		f, err := s.filterOf(ctx, h)
		if err != nil {
			return nil, fmt.Errorf("filter of webhook %s: %w", id, err)
		}
		out = append(out, &target{id: id, filter: f, room: s.most - state.Pending, bytes: mostPendingBytes - state.PendingBytes, due: state.ResetDue})
	}
	return out, nil
}

// add puts an event into the message that is being made for a webhook.
func (s *Service) add(b *webhook.Batch, t *target, e Event) error {
	if len(t.events) > 0 && (len(t.events) >= mostEvents || t.size+len(e.Data) > mostBodyBytes) {
		if err := s.close(b, t); err != nil {
			return err
		}
	}
	t.events = append(t.events, e)
	t.size += len(e.Data)
	return nil
}

// close ends the message that is being made for a webhook, or drops its events if there is no
// room.
func (s *Service) close(b *webhook.Batch, t *target) error {
	if len(t.events) == 0 {
		return nil
	}
	events, reset := t.events, t.reset
	t.events, t.size, t.reset = nil, 0, false
	m, err := s.message(t.id, TypeEvents, events)
	if err != nil {
		return err
	}
	if t.room--; t.room < 0 || t.bytes < int64(len(m.Body)) {
		b.Dropped[t.id] += len(events)
		return nil
	}
	if reset {
		b.Reset = append(b.Reset, t.id)
	}
	t.bytes -= int64(len(m.Body))
	b.Messages = append(b.Messages, *m)
	return nil
}

// Types of messages.
const (
	TypeEvents = "twin.events"
	TypeTest   = "twin.test"
)

// Body is the body of a message, in the form of Standard Webhooks.
type Body struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"` // when the message was made
	Data      Data      `json:"data"`
}

// Data is what a message has.
type Data struct {
	Twin   string  `json:"twin"` // namespace/name
	Events []Event `json:"events"`
}

// Event is an event in a message: that of the stream.
type Event struct {
	ID   string          `json:"id"` // the same in whatever message it is
	Kind stream.Kind     `json:"kind"`
	Data json.RawMessage `json:"data"`
}

// message makes a message.
func (s *Service) message(of uuid.UUID, kind string, events []Event) (*webhook.Message, error) {
	body, err := json.Marshal(Body{Type: kind, Timestamp: time.Now().UTC().Truncate(time.Millisecond), Data: Data{Twin: s.o.Twin, Events: events}})
	if err != nil {
		return nil, fmt.Errorf("message of a webhook: %w", err)
	}
	m := &webhook.Message{Webhook: of, ID: "msg_" + uuid.NewString(), Type: kind, Events: len(events), Body: body}
	s.o.Vault.Mark(m)
	return m, nil
}
