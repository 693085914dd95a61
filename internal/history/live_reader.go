package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/energytwin/energytwin/internal/config"
)

// LiveID is the place of an event in the live stream of a partition, which ascends.
type LiveID struct {
	Offset uint64 // of the batch; offsets of later generations of the topic are greater than those of earlier ones
	N      uint64 // within the batch
}

// ParseLiveID reads an id as String writes it.
func ParseLiveID(text string) (id LiveID, err error) {
	offset, n, ok := strings.Cut(text, "-")
	if !ok {
		return id, fmt.Errorf("%q is no id of an event: write it as offset-number", text)
	}
	if id.Offset, err = strconv.ParseUint(offset, 10, 64); err != nil {
		return id, fmt.Errorf("%q is no id of an event: %w", text, err)
	}
	if id.N, err = strconv.ParseUint(n, 10, 64); err != nil {
		return id, fmt.Errorf("%q is no id of an event: %w", text, err)
	}
	return id, nil
}

func (id LiveID) String() string {
	return strconv.FormatUint(id.Offset, 10) + "-" + strconv.FormatUint(id.N, 10)
}

// Compare is negative where id is before other, and positive where it is after it.
func (id LiveID) Compare(other LiveID) int {
	return slices.Compare([]uint64{id.Offset, id.N}, []uint64{other.Offset, other.N})
}

// LiveEvent is an Event as a reader gets it.
type LiveEvent struct {
	Partition int
	ID        LiveID
	Fields    map[string]any // of strings
}

// Field is a field of the event; "" if it has none of that name.
func (e *LiveEvent) Field(name string) string {
	text, _ := e.Fields[name].(string)
	return text
}

// LiveReader reads the live streams of a twin, and nothing else of Redis.
type LiveReader struct {
	redis      *redis.Client
	prefix     string
	partitions int

	dialled  atomic.Int64 // connections that were made
	verified atomic.Int64 // of these, those by which Redis still had what was read before
}

// ErrForgotten is that of a Redis that has lost events which were read already: what it holds
// now is another history.
var ErrForgotten = errors.New("redis has lost events")

// ConnectLive prepares a reader of the live streams of a twin whose keys start with prefix.
// It reads the files that cfg names but opens no connection yet.
func ConnectLive(cfg config.Redis, prefix string, partitions int) (*LiveReader, error) {
	r := &LiveReader{prefix: prefix, partitions: partitions}
	options := redis.Options{
		ClientName: "energytwin-api",
		MaxRetries: -1, // who reads tries again
		OnConnect: func(context.Context, *redis.Conn) error {
			r.dialled.Add(1)
			return nil
		},
	}
	var err error
	if r.redis, err = connect(cfg, options); err != nil {
		return nil, err
	}
	return r, nil
}

// Close closes the connections.
func (r *LiveReader) Close() error { return r.redis.Close() }

// Partitions is how many partitions there are.
func (r *LiveReader) Partitions() int { return r.partitions }

// Kept are the events of a partition that are kept, at most the newest ones up to limit, in
// ascending order. all reports that no event was ever before the first of them.
func (r *LiveReader) Kept(ctx context.Context, partition, limit int) (events []LiveEvent, all bool, err error) {
	messages, err := r.redis.XRevRangeN(ctx, r.key(partition), "+", "-", int64(limit)).Result()
	if err != nil {
		return nil, false, fmt.Errorf("read live events of partition %d: %w", partition, err)
	}
	slices.Reverse(messages)
	if events, err = liveEvents(partition, messages); err != nil {
		return nil, false, err
	}
	return events, len(events) < min(limit, liveLength), nil // a stream that is shorter was never trimmed
}

// livePage is how many events of a partition are read at once.
const livePage = 500

// After are events after given ones, some of each partition, in ascending order. It waits
// for at most wait and then returns what there is, maybe nothing. lost are partitions of
// which events after the given one have been dropped already, unread. ErrForgotten reports
// that Redis has lost the given ones since the connection before this one.
func (r *LiveReader) After(ctx context.Context, after []LiveID, wait time.Duration) (events []LiveEvent, lost []int, err error) {
	keys := make([]string, 0, 2*len(after))
	partitions := make(map[string]int, len(after))
	for p := range after {
		partitions[r.key(p)] = p
		keys = append(keys, r.key(p))
	}
	for _, id := range after {
		keys = append(keys, id.String())
	}
	streams, err := r.redis.XRead(ctx, &redis.XReadArgs{Streams: keys, Count: livePage, Block: wait}).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, nil, fmt.Errorf("read live events: %w", err)
	}
	if err := r.verify(ctx, after); err != nil {
		return nil, nil, err
	}
	for _, stream := range streams {
		p := partitions[stream.Stream]
		found, err := liveEvents(p, stream.Messages)
		if err != nil {
			return nil, nil, err
		}
		// A stream that was trimmed holds more than a page, so that a shorter page misses nothing.
		if len(found) == livePage {
			gone, err := r.trimmed(ctx, p, after[p])
			if err != nil {
				return nil, nil, err
			}
			if gone {
				lost = append(lost, p)
			}
		}
		events = append(events, found...)
	}
	return events, lost, nil
}

// verify checks, once for each connection, that Redis still has events that were read. A
// Redis that comes back without its data looks like one without news otherwise.
func (r *LiveReader) verify(ctx context.Context, ids []LiveID) error {
	dialled := r.dialled.Load()
	if dialled == r.verified.Load() {
		return nil
	}
	for p, id := range ids {
		if id == (LiveID{}) {
			continue
		}
		found, err := r.Has(ctx, p, id)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("%w: event %s of partition %d", ErrForgotten, id, p)
		}
	}
	r.verified.Store(dialled)
	return nil
}

// Missing are the partitions whose event is not kept: it was dropped, or Redis has lost it.
// Whoever knows that goes on with After, which then reports ErrForgotten no more.
func (r *LiveReader) Missing(ctx context.Context, ids []LiveID) (partitions []int, err error) {
	dialled := r.dialled.Load()
	for p, id := range ids {
		if id == (LiveID{}) {
			continue
		}
		found, err := r.Has(ctx, p, id)
		if err != nil {
			return nil, err
		}
		if !found {
			partitions = append(partitions, p)
		}
	}
	r.verified.Store(max(dialled, 1))
	return partitions, nil
}

// trimmed reports whether an event is not kept any longer.
func (r *LiveReader) trimmed(ctx context.Context, partition int, id LiveID) (bool, error) {
	if id == (LiveID{}) { // before the first event
		_, all, err := r.Kept(ctx, partition, liveLength)
		return !all, err
	}
	found, err := r.Has(ctx, partition, id)
	return !found, err
}

// Has reports whether an event is kept.
func (r *LiveReader) Has(ctx context.Context, partition int, id LiveID) (bool, error) {
	found, err := r.redis.XRevRangeN(ctx, r.key(partition), id.String(), id.String(), 1).Result()
	if err != nil {
		return false, fmt.Errorf("read live events of partition %d: %w", partition, err)
	}
	return len(found) > 0, nil
}

func (r *LiveReader) key(partition int) string { return partitionKey(r.prefix, "live", partition) }

func liveEvents(partition int, messages []redis.XMessage) ([]LiveEvent, error) {
	events := make([]LiveEvent, len(messages))
	for i, m := range messages {
		id, err := ParseLiveID(m.ID)
		if err != nil {
			return nil, fmt.Errorf("live events of partition %d: %w", partition, err)
		}
		events[i] = LiveEvent{Partition: partition, ID: id, Fields: m.Values}
	}
	return events, nil
}
