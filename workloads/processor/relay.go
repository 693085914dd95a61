package processor

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale/writer"
)

// relayEvery is how often the outbox is looked at while it is empty, and how
// often a live event is tried; relayLimit how many entries are taken at once.
const (
	relayEvery = 500 * time.Millisecond
	relayLimit = 200
)

// livePatience is how long live events are tried before they are dropped, and how
// long others are dropped then without a try. It must end well before the claim
// on the entries does, or another relay announces them too. liveTimeout bounds
// the tries that Redis does not answer.
const (
	livePatience = 10 * time.Second
	liveTimeout  = 2 * time.Second
)

// relayer announces what is in the database already: the decisions and
// dead-letter topics, and the live stream. It repeats itself after a failure;
// each message carries an identity by which receivers drop repeats.
type relayer struct {
	*Processor
	decisions   *stream.Producer // nil until first used, and after an error
	deadLetters *stream.Producer

	patience  time.Duration
	awayUntil time.Time // no live event is tried before; zero while Redis takes them
}

// relay empties the outbox until ctx ends. Its failures delay announcements,
// never the stream.
func (p *Processor) relay(ctx context.Context) error {
	r := &relayer{Processor: p, patience: livePatience}
	for {
		n, err := r.relaySome(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			p.metrics.relayErrors.Inc()
			p.log.Warn("announcements are delayed", "error", err)
			r.decisions, r.deadLetters = nil, nil
		}
		if n > 0 && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(relayEvery):
		}
	}
}

// relaySome relays some entries and returns how many. The topics come first, so that
// they do not wait for Redis.
func (r *relayer) relaySome(ctx context.Context) (int, error) {
	items, err := r.stores.DB.Outbox(ctx, relayLimit)
	if err != nil || len(items) == 0 {
		return 0, err
	}
	if err := r.connect(ctx); err != nil {
		return 0, err
	}
	ids, events := make([]int64, len(items)), make([]history.Event, len(items))
	for i := range items {
		ids[i] = items[i].ID
		if events[i], err = r.announce(ctx, &items[i]); err != nil {
			return 0, err
		}
	}
	if err := r.flush(ctx); err != nil {
		return 0, err
	}
	if err := r.publish(ctx, items, events); err != nil {
		return 0, err
	}
	if err := r.stores.DB.MarkRelayed(ctx, ids); err != nil {
		return 0, err
	}
	r.unannounced.announced(items)
	return len(items), nil
}

// publish puts events on the live stream. If Redis stays away they are dropped:
// whoever watches reads the state again, and the topics must go on. The error is
// that of ctx.
func (r *relayer) publish(ctx context.Context, items []writer.OutboxItem, events []history.Event) error {
	start := time.Now()
	if start.Before(r.awayUntil) {
		r.metrics.liveDropped.Add(float64(len(events)))
		return nil
	}
	giveUp := start
	if r.awayUntil.IsZero() {
		giveUp = start.Add(r.patience)
	}
	for i := 0; i < len(events); {
		err := r.publishOne(ctx, items[i].Partition, events[i])
		switch {
		case err == nil:
			i++
			continue
		case ctx.Err() != nil:
			return ctx.Err()
		}
		r.metrics.relayErrors.Inc()
		if time.Now().After(giveUp) {
			r.awayUntil = time.Now().Add(r.patience)
			r.metrics.liveDropped.Add(float64(len(events) - i))
			r.log.Warn("live events are dropped", "events", len(events)-i, "error", err)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(relayEvery):
		}
	}
	r.awayUntil = time.Time{}
	return nil
}

func (r *relayer) publishOne(ctx context.Context, partition int, event history.Event) error {
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	return r.stores.Redis.Publish(ctx, partition, event)
}

func (r *relayer) connect(ctx context.Context) (err error) {
	if r.decisions == nil {
		if r.decisions, err = r.stores.Stream.Producer(ctx, r.cfg.Topic("decisions")); err != nil {
			return err
		}
	}
	if r.deadLetters == nil {
		r.deadLetters, err = r.stores.Stream.Producer(ctx, r.cfg.Topic("readings.dlq"))
	}
	return err
}

func (r *relayer) flush(ctx context.Context) error {
	if err := r.decisions.Flush(ctx); err != nil {
		return err
	}
	return r.deadLetters.Flush(ctx)
}

// announce puts what an entry announces into the producers' batches, and gives
// the event for the live stream.
func (r *relayer) announce(ctx context.Context, item *writer.OutboxItem) (history.Event, error) {
	event := history.Event{TopicGeneration: item.TopicGeneration, Offset: item.BatchOffset, N: int64(item.Number)}
	var err error
	switch item.Kind {
	case writer.OutboxDecisions:
		event.Fields, err = r.announceDecisions(ctx, item)
	case writer.OutboxQuarantine:
		event.Fields, err = r.announceQuarantine(ctx, item)
	case writer.OutboxState:
		event.Fields, err = r.announceState(ctx, item)
	default:
		err = fmt.Errorf("outbox entry %d has the unknown kind %d", item.ID, item.Kind)
	}
	if err == nil {
		r.metrics.relayed.WithLabelValues(fmt.Sprint(event.Fields["type"])).Inc()
	}
	return event, err
}

func (r *relayer) announceDecisions(ctx context.Context, item *writer.OutboxItem) (map[string]any, error) {
	decisions, here := r.unannounced.of(item)
	if !here { // another process committed them, or this one before its start
		var err error
		if decisions, err = r.stores.DB.DecisionsIssued(ctx, item.Partition, item.Hour); err != nil {
			return nil, err
		}
	}
	var value []byte
	for i := range decisions {
		d := &decisions[i]
		value = d.AppendMessage(value[:0])
		subject := d.Meter
		if subject == "" {
			subject = d.Group
		}
		r.decisions.Append([]byte(subject), value, stream.Header{Key: "id", Value: d.ID[:]})
		if r.decisions.Size() >= stream.BatchBytes {
			if err := r.decisions.Flush(ctx); err != nil {
				return nil, err
			}
		}
	}
	return map[string]any{"type": "decisions", "issuedAt": item.Hour.String(), "count": len(decisions)}, nil
}

// announceQuarantine copies rejected messages to the dead-letter
// topic: key and value as they came, the reason in headers.
func (r *relayer) announceQuarantine(ctx context.Context, item *writer.OutboxItem) (map[string]any, error) {
	messages, err := r.stores.DB.QuarantinedBetween(ctx, item.Partition, item.FromOffset, item.ToOffset)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		r.deadLetters.Append(m.Key, m.Value,
			stream.Header{Key: "reason", Value: []byte(m.Reason)},
			stream.Header{Key: "detail", Value: []byte(m.Detail)},
			stream.Header{Key: "origin", Value: []byte(strconv.Itoa(item.Partition) + "-" + strconv.FormatInt(m.Offset, 10))})
		if r.deadLetters.Size() >= stream.BatchBytes {
			if err := r.deadLetters.Flush(ctx); err != nil {
				return nil, err
			}
		}
	}
	return map[string]any{"type": "quarantine", "count": len(messages)}, nil
}

func (r *relayer) announceState(ctx context.Context, item *writer.OutboxItem) (map[string]any, error) {
	loads, err := r.stores.DB.GroupLoadAt(ctx, item.Partition, item.Hour)
	if err != nil {
		return nil, err
	}
	groups := make([]groupEvent, len(loads))
	for i, l := range loads {
		groups[i] = groupEvent{Group: l.Group, KWh: l.KWh, Meters: l.Meters}
	}
	text, err := json.Marshal(groups)
	if err != nil {
		return nil, err
	}
	return map[string]any{"type": "state", "ts": item.Hour.String(), "groups": text}, nil
}

// groupEvent is the load of a group in an hour, as the live stream carries it.
type groupEvent struct {
	Group  string  `json:"group"` // "" for the meters outside any
	KWh    float64 `json:"kwh"`
	Meters int32   `json:"meters"` // that have reported
}
