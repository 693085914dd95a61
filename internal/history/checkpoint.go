package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// Checkpoint is the state of a partition as of an offset.
type Checkpoint struct {
	Offset       int64     // of the next record to take
	Epoch        int64     // of the owner that wrote it
	StateVersion int       // of the layout of header and blobs
	Incarnation  uuid.UUID // of the database that the state goes with
	Header       []byte    // state of the partition itself
	Meters       []MeterBlob

	// TopicGeneration is that of the topic which Offset is of. Checkpoints from
	// before it was written are of generation 0.
	TopicGeneration int
}

// MeterBlob is the state of one meter.
type MeterBlob struct {
	Key  string
	Blob []byte
}

// Errors of checkpoints.
var (
	// ErrNoCheckpoint means that there is no checkpoint, or only one that is
	// damaged or not all there, which counts for nothing.
	ErrNoCheckpoint = errors.New("no checkpoint")
	// ErrFenced means that a later owner of the partition has saved one.
	ErrFenced = errors.New("a later owner has saved a checkpoint")
)

// head is what is written of a checkpoint beside its meters.
type head struct {
	Offset       int64     `json:"offset"`
	Epoch        int64     `json:"epoch"`
	StateVersion int       `json:"stateVersion"`
	Incarnation  uuid.UUID `json:"incarnation"`
	Header       []byte    `json:"header"`
	Meters       int       `json:"meters"`
	Sum          uint64    `json:"sum,string"` // of all meters, in any order, and the header

	TopicGeneration int `json:"topicGeneration"`
}

// flip makes a generation the one that holds, unless an owner with a later
// epoch has made another one so. It returns the generation that held before,
// or false.
var flip = redis.NewScript(`
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch and tonumber(epoch) > tonumber(ARGV[1]) then return false end
local before = redis.call('HGET', KEYS[1], 'generation')
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'generation', ARGV[2])
return before or ''
`)

// SaveCheckpoint writes a checkpoint and makes it the partition's own. A later
// owner's checkpoint stays, which gives ErrFenced. Until the very end, and
// after any error, the checkpoint before it holds.
func (s *Store) SaveCheckpoint(ctx context.Context, partition int, c Checkpoint) error {
	generation := fmt.Sprintf("%d-%d", c.Epoch, s.generations.Add(1))
	before, err := s.writeGeneration(ctx, partition, generation, c)
	if err != nil {
		s.forget(ctx, partition, generation)
		return fmt.Errorf("save checkpoint of partition %d at offset %d: %w", partition, c.Offset, err)
	}
	if before != "" && before != generation {
		s.forget(ctx, partition, before)
	}
	if _, seen := s.swept.LoadOrStore(partition, true); !seen {
		s.sweepGenerations(ctx, partition, c.Epoch, generation)
	}
	return nil
}

func (s *Store) writeGeneration(ctx context.Context, partition int, generation string, c Checkpoint) (before string, err error) {
	window := s.partitionKey("window", partition) + "/" + generation
	// A process that was killed may have left keys under this very name.
	if err := s.redis.Unlink(ctx, window).Err(); err != nil {
		return "", err
	}
	h := head{
		Offset: c.Offset, Epoch: c.Epoch, StateVersion: c.StateVersion, Incarnation: c.Incarnation,
		TopicGeneration: c.TopicGeneration, Header: c.Header, Meters: len(c.Meters), Sum: xxhash.Sum64(c.Header),
	}
	var fields []any
	size := 0
	for i, m := range c.Meters {
		h.Sum += sumOf(m.Key, m.Blob)
		fields = append(fields, m.Key, m.Blob)
		size += len(m.Key) + len(m.Blob)
		if size < batchBytes && i < len(c.Meters)-1 {
			continue
		}
		if err := s.redis.HSet(ctx, window, fields...).Err(); err != nil {
			return "", err
		}
		fields, size = fields[:0], 0
	}
	text, err := json.Marshal(h)
	if err != nil {
		return "", err
	}
	pointer := s.partitionKey("checkpoint", partition)
	if err := s.redis.Set(ctx, pointer+"/"+generation, text, 0).Err(); err != nil {
		return "", err
	}
	before, err = flip.Run(ctx, s.redis, []string{pointer}, c.Epoch, generation).Text()
	if errors.Is(err, redis.Nil) {
		return "", ErrFenced
	}
	return before, err
}

// sumOf is a meter's part of the check sum; parts are added, because Redis
// keeps no order.
func sumOf(key string, blob []byte) uint64 {
	return xxhash.Sum64String(key)*31 + xxhash.Sum64(blob)
}

// LoadCheckpoint reads the partition's checkpoint. ErrNoCheckpoint means that
// there is none of use; other errors say that Redis could not be asked.
func (s *Store) LoadCheckpoint(ctx context.Context, partition int) (Checkpoint, error) {
	pointer := s.partitionKey("checkpoint", partition)
	generation, err := s.redis.HGet(ctx, pointer, "generation").Result()
	if err != nil {
		return Checkpoint{}, loadError(partition, err)
	}
	text, err := s.redis.Get(ctx, pointer+"/"+generation).Result()
	if err != nil {
		return Checkpoint{}, loadError(partition, err)
	}
	var h head
	if json.Unmarshal([]byte(text), &h) != nil {
		return Checkpoint{}, fmt.Errorf("%w: partition %d has a damaged head", ErrNoCheckpoint, partition)
	}
	meters, err := s.loadMeters(ctx, s.partitionKey("window", partition)+"/"+generation, h.Meters)
	if err != nil {
		return Checkpoint{}, loadError(partition, err)
	}
	sum := xxhash.Sum64(h.Header)
	for _, m := range meters {
		sum += sumOf(m.Key, m.Blob)
	}
	if len(meters) != h.Meters || sum != h.Sum {
		return Checkpoint{}, fmt.Errorf("%w: partition %d has one with %d of %d meters, or a wrong check sum",
			ErrNoCheckpoint, partition, len(meters), h.Meters)
	}
	return Checkpoint{
		Offset: h.Offset, Epoch: h.Epoch, StateVersion: h.StateVersion, Incarnation: h.Incarnation,
		TopicGeneration: h.TopicGeneration, Header: h.Header, Meters: meters,
	}, nil
}

func loadError(partition int, err error) error {
	if errors.Is(err, redis.Nil) || redis.HasErrorPrefix(err, "WRONGTYPE") {
		return fmt.Errorf("%w of partition %d", ErrNoCheckpoint, partition)
	}
	return fmt.Errorf("load checkpoint of partition %d: %w", partition, err)
}

// loadMeters reads a hash in pages: one answer of all its bytes would hold up
// Redis. A page may repeat what an earlier one had.
func (s *Store) loadMeters(ctx context.Context, key string, count int) ([]MeterBlob, error) {
	const page = 200
	seen := make(map[string]bool, count)
	out := make([]MeterBlob, 0, count)
	for cursor := uint64(0); ; {
		fields, next, err := s.redis.HScan(ctx, key, cursor, "", page).Result()
		if err != nil {
			return nil, err
		}
		for i := 0; i+1 < len(fields); i += 2 {
			if seen[fields[i]] {
				continue
			}
			seen[fields[i]] = true
			out = append(out, MeterBlob{Key: fields[i], Blob: []byte(fields[i+1])})
		}
		if cursor = next; cursor == 0 {
			return out, nil
		}
	}
}

// forget deletes a generation as well as it can; what stays is swept later.
func (s *Store) forget(ctx context.Context, partition int, generation string) {
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	s.redis.Unlink(ctx,
		s.partitionKey("checkpoint", partition)+"/"+generation,
		s.partitionKey("window", partition)+"/"+generation)
}

// sweepGenerations deletes, as well as it can, what processes that were killed
// have left. A later owner may be writing: its generations stay.
func (s *Store) sweepGenerations(ctx context.Context, partition int, epoch int64, current string) {
	for _, kind := range []string{"checkpoint", "window"} {
		prefix := s.partitionKey(kind, partition) + "/"
		_ = s.sweep(ctx, prefix, func(key string) bool {
			generation := strings.TrimPrefix(key, prefix)
			number, _, _ := strings.Cut(generation, "-")
			n, err := strconv.ParseInt(number, 10, 64)
			return err == nil && n <= epoch && generation != current
		})
	}
}
