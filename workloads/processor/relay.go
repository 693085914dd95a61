package processor

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
)

// relayEvery is how often the outbox is looked at while it is empty;
// relayLimit how many entries are taken at once.
const (
	relayEvery = 500 * time.Millisecond
	relayLimit = 200
)

// relayer tells others what is in the database already: the decisions and
// dead-letter topics, and the live stream. It repeats itself after a failure;
// each message carries an identity by which receivers drop repeats.
type relayer struct {
	*Processor
	decisions   *stream.Producer // nil until first used, and after an error
	deadLetters *stream.Producer
}

// relay empties the outbox until ctx ends. Its failures delay announcements,
// never the stream.
func (p *Processor) relay(ctx context.Context) error {
	r := &relayer{Processor: p}
	for {
		n, err := r.turn(ctx)
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

// turn relays some entries and tells how many.
func (r *relayer) turn(ctx context.Context) (int, error) {
	items, err := r.stores.DB.Outbox(ctx, relayLimit)
	if err != nil || len(items) == 0 {
		return 0, err
	}
	if err := r.connect(ctx); err != nil {
		return 0, err
	}
	ids := make([]int64, len(items))
	for i := range items {
		ids[i] = items[i].ID
		event, err := r.announce(ctx, &items[i])
		if err != nil {
			return 0, err
		}
		if err := r.stores.Redis.Publish(ctx, items[i].Partition, event); err != nil {
			// The live stream is for those who watch now: it may miss something.
			r.metrics.relayErrors.Inc()
			r.log.Debug("live event not published", "error", err)
		}
	}
	if err := r.flush(ctx); err != nil {
		return 0, err
	}
	return len(items), r.stores.DB.MarkRelayed(ctx, ids)
}

func (r *relayer) connect(ctx context.Context) (err error) {
	if r.decisions == nil {
		if r.decisions, err = r.stores.Stream.Producer(ctx, r.twin.Topic("decisions")); err != nil {
			return err
		}
	}
	if r.deadLetters == nil {
		r.deadLetters, err = r.stores.Stream.Producer(ctx, r.twin.Topic("readings.dlq"))
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
func (r *relayer) announce(ctx context.Context, item *timescale.OutboxItem) (history.Event, error) {
	event := history.Event{Offset: item.BatchOffset, N: int64(item.Number)}
	var err error
	switch item.Kind {
	case timescale.OutboxDecisions:
		event.Fields, err = r.announceDecisions(ctx, item)
	case timescale.OutboxQuarantine:
		event.Fields, err = r.announceQuarantine(ctx, item)
	case timescale.OutboxState:
		event.Fields, err = r.announceState(ctx, item)
	default:
		err = fmt.Errorf("outbox entry %d has the unknown kind %d", item.ID, item.Kind)
	}
	if err == nil {
		r.metrics.relayed.WithLabelValues(fmt.Sprint(event.Fields["type"])).Inc()
	}
	return event, err
}

func (r *relayer) announceDecisions(ctx context.Context, item *timescale.OutboxItem) (map[string]any, error) {
	decisions, err := r.stores.DB.DecisionsIssued(ctx, item.Partition, item.Hour)
	if err != nil {
		return nil, err
	}
	for i := range decisions {
		d := &decisions[i]
		value, err := json.Marshal(newDecisionMessage(d))
		if err != nil {
			return nil, fmt.Errorf("decision %s: %w", d.ID, err)
		}
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

// announceQuarantine copies messages that were not taken to the dead-letter
// topic: key and value as they came, the reason in headers.
func (r *relayer) announceQuarantine(ctx context.Context, item *timescale.OutboxItem) (map[string]any, error) {
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

func (r *relayer) announceState(ctx context.Context, item *timescale.OutboxItem) (map[string]any, error) {
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
