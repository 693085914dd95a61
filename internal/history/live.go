package history

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// liveLength is about how many events of a partition are kept for readers who
// come late.
const liveLength = 10_000

// Event is something that was stored, for those who watch. TopicGeneration,
// Offset and N are its identity: the record that led to it, and a number within
// that.
type Event struct {
	TopicGeneration int // raised when offsets begin again; 0 at first
	Offset          int64
	N               int64
	Fields          map[string]any
}

// generationBits is where an id holds the generation of the topic, above all
// offsets: 2^48 records are more than a partition will see. A stream of Redis
// takes ids in ascending order only, so that without it the events of a topic
// that was recreated would count as old until they pass those of the one before.
const generationBits = 48

func (e *Event) id() string {
	return strconv.FormatUint(uint64(e.TopicGeneration)<<generationBits|uint64(e.Offset), 10) + "-" + strconv.FormatInt(e.N, 10)
}

// LiveEvent is an Event as a reader gets it.
type LiveEvent struct {
	Partition int
	ID        string // <offset>-<n>, where offsets of later generations of the topic are greater than those of earlier ones
	Fields    map[string]any
}

// Publish appends events of a partition, in ascending order, to the live
// stream. Events that are there already, or that later ones have overtaken,
// are dropped without an error, so that repeating is harmless.
func (s *Store) Publish(ctx context.Context, partition int, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	pipeline := s.redis.Pipeline()
	for _, e := range events {
		pipeline.XAdd(ctx, &redis.XAddArgs{
			Stream: s.partitionKey("live", partition),
			MaxLen: liveLength,
			Approx: true,
			ID:     e.id(),
			Values: e.Fields,
		})
	}
	results, err := pipeline.Exec(ctx)
	if err == nil {
		return nil
	}
	for _, r := range results {
		if err := r.Err(); err != nil && !isOldID(err) {
			return fmt.Errorf("publish live events of partition %d: %w", partition, err)
		}
	}
	return nil
}

func isOldID(err error) bool {
	return strings.Contains(err.Error(), "equal or smaller than the target stream top item") ||
		strings.Contains(err.Error(), "must be greater than 0-0")
}

// Live reads live events of some partitions. after gives for each partition
// the id of the last event seen; "" stands for now. It waits for at most wait
// and then returns what there is, maybe nothing. The ids in after are moved on.
func (s *Store) Live(ctx context.Context, after map[int]string, wait time.Duration) ([]LiveEvent, error) {
	const page = 1000
	keys, ids := make([]string, 0, 2*len(after)), make([]string, 0, len(after))
	partitions := make(map[string]int, len(after))
	for p, id := range after {
		if id == "" {
			var err error
			if id, err = s.liveEnd(ctx, p); err != nil {
				return nil, err
			}
			after[p] = id
		}
		key := s.partitionKey("live", p)
		partitions[key] = p
		keys, ids = append(keys, key), append(ids, id)
	}
	streams, err := s.redis.XRead(ctx, &redis.XReadArgs{Streams: append(keys, ids...), Count: page, Block: wait}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read live events: %w", err)
	}
	var out []LiveEvent
	for _, stream := range streams {
		p := partitions[stream.Stream]
		for _, m := range stream.Messages {
			out = append(out, LiveEvent{Partition: p, ID: m.ID, Fields: m.Values})
			after[p] = m.ID
		}
	}
	return out, nil
}

// liveEnd is the id of the newest event. Unlike Redis' "$" it stays the same
// between two reads, so that nothing falls between them.
func (s *Store) liveEnd(ctx context.Context, partition int) (string, error) {
	newest, err := s.redis.XRevRangeN(ctx, s.partitionKey("live", partition), "+", "-", 1).Result()
	if err != nil {
		return "", fmt.Errorf("read live events of partition %d: %w", partition, err)
	}
	if len(newest) == 0 {
		return "0-0", nil
	}
	return newest[0].ID, nil
}
