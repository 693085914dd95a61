package processor

import (
	"context"
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
	newest := newestStates(items)
	ids, events := make([]int64, len(items)), make([]liveEvent, 0, len(items))
	for i := range items {
		item := &items[i]
		ids[i] = item.ID
		if item.Kind == writer.OutboxState && newest[item.Partition] != item.ID {
			r.metrics.relayed.WithLabelValues("superseded").Inc()
			continue
		}
		event, err := r.announce(ctx, item)
		if err != nil {
			return 0, err
		}
		events = append(events, liveEvent{partition: item.Partition, afterLoss: item.AfterLoss, Event: event})
	}
	if err := r.flush(ctx); err != nil {
		return 0, err
	}
	left, err := r.publish(ctx, events)
	if err != nil {
		return 0, err
	}
	published := events[:len(events)-len(left)]
	if err := r.stores.DB.MarkRelayed(ctx, ids, partitionsOf(left, false), partitionsOf(published, true)); err != nil {
		return 0, err
	}
	r.unannounced.announced(items)
	return len(items), nil
}

// liveEvent is an event on its way to the live stream of a partition. afterLoss marks the
// first ones after others were dropped, so that readers know of the gap.
type liveEvent struct {
	partition int
	afterLoss bool
	history.Event
}

// newestStates is, for each partition, the last entry about the load of its groups: the
// entries before it are superseded before anybody could see them.
func newestStates(items []writer.OutboxItem) map[int]int64 {
	newest := map[int]int64{}
	for i := range items {
		if items[i].Kind == writer.OutboxState {
			newest[items[i].Partition] = items[i].ID
		}
	}
	return newest
}

// partitionsOf are the partitions of events, or of those after a loss only.
func partitionsOf(events []liveEvent, afterLoss bool) (partitions []int32) {
	for i := range events {
		if events[i].afterLoss || !afterLoss {
			partitions = append(partitions, int32(events[i].partition))
		}
	}
	return partitions
}

// publish puts events on the live stream. If Redis stays away, those that are left are
// dropped: whoever watches reads the state again, and the topics must go on. The error is
// that of ctx.
func (r *relayer) publish(ctx context.Context, events []liveEvent) (left []liveEvent, err error) {
	start := time.Now()
	if start.Before(r.awayUntil) {
		r.metrics.liveDropped.Add(float64(len(events)))
		return events, nil
	}
	giveUp := start
	if r.awayUntil.IsZero() {
		giveUp = start.Add(r.patience)
	}
	for len(events) > 0 {
		err := r.publishOne(ctx, &events[0])
		switch {
		case err == nil:
			events = events[1:]
			continue
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		r.metrics.relayErrors.Inc()
		if time.Now().After(giveUp) {
			r.awayUntil = time.Now().Add(r.patience)
			r.metrics.liveDropped.Add(float64(len(events)))
			r.log.Warn("live events are dropped", "events", len(events), "error", err)
			return events, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(relayEvery):
		}
	}
	r.awayUntil = time.Time{}
	return nil, nil
}

func (r *relayer) publishOne(ctx context.Context, event *liveEvent) error {
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	if event.afterLoss {
		event.Fields[history.FieldGap] = 1
	}
	return r.stores.Redis.Publish(ctx, event.partition, event.Event)
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
		event.Fields = map[string]any{history.FieldType: history.LiveState, history.FieldHour: item.Hour.String()}
	case writer.OutboxForecasts:
		event.Fields = map[string]any{history.FieldType: history.LiveForecasts, history.FieldHour: item.Hour.String()}
	default:
		err = fmt.Errorf("outbox entry %d has the unknown kind %d", item.ID, item.Kind)
	}
	if err == nil {
		r.metrics.relayed.WithLabelValues(fmt.Sprint(event.Fields[history.FieldType])).Inc()
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
	return map[string]any{history.FieldType: history.LiveDecisions, history.FieldHour: item.Hour.String(), "count": len(decisions)}, nil
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
	return map[string]any{
		history.FieldType: history.LiveRejected, history.FieldHour: item.Hour.String(),
		history.FieldFrom: item.FromOffset, history.FieldTo: item.ToOffset, "count": len(messages),
	}, nil
}
