package history

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// liveLength is about how many events of a partition are kept for readers who
// come late.
const liveLength = 2_000

// Fields of an event, and its types. An event names what was stored, and holds no copy of
// it: who reads it finds that in the database.
const (
	FieldType = "type"
	FieldHour = "ts"   // of issue, or of the load; "none" if there is none
	FieldFrom = "from" // offset of the first rejected message
	FieldTo   = "to"   // offset of the last one
	FieldGap  = "gap"  // present where events right before this one were dropped

	LiveDecisions = "decisions"  // decisions, forecasts and risks of limits issued at FieldHour
	LiveForecasts = "forecasts"  // forecasts and risks of limits issued at FieldHour
	LiveState     = "state"      // load of the groups at FieldHour
	LiveRejected  = "quarantine" // rejected messages from FieldFrom to FieldTo
)

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
