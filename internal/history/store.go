// Package history is the twin's side of Redis: the readings from before the
// stream, checkpoints of the processor's state, and the live stream that the
// API follows. All of it can be made again from elsewhere.
//
// The keys, all of which start with the twin's prefix:
//
//	warmup                        marker: what was written, once all of it is there
//	warmup/<meter>                the hours of one meter from before the stream
//	published                     greatest hour that the generator has published
//	checkpoint/<partition>        pointer to the checkpoint that holds, with its owner's epoch
//	checkpoint/<partition>/<gen>  head of a checkpoint
//	window/<partition>/<gen>      hash: the state of each meter
//	live/<partition>              stream of what was stored lately
package history

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/energytwin/energytwin/internal/config"
)

// Store is a twin's part of a Redis server. It is safe for concurrent use.
type Store struct {
	redis       *redis.Client
	prefix      string
	generations atomic.Int64 // checkpoints begun by this process
	swept       sync.Map     // partitions whose left-over checkpoints were deleted
}

// Connect prepares the store of a twin whose keys start with prefix. It reads
// the files that cfg names but opens no connection yet.
func Connect(cfg config.Redis, prefix string) (*Store, error) {
	client, err := connect(cfg, redis.Options{ClientName: "energytwin"})
	if err != nil {
		return nil, err
	}
	return &Store{redis: client, prefix: prefix}, nil
}

func connect(cfg config.Redis, options redis.Options) (*redis.Client, error) {
	if cfg.Address == "" {
		return nil, errors.New("redis: no address given; set redis.address to host:port")
	}
	options.Addr = cfg.Address
	var err error
	if cfg.UserFile != "" {
		if options.Username, err = config.ReadSecret("redis.userFile", cfg.UserFile); err != nil {
			return nil, err
		}
	}
	if cfg.PassFile != "" {
		if options.Password, err = config.ReadSecret("redis.passFile", cfg.PassFile); err != nil {
			return nil, err
		}
	}
	if options.TLSConfig, err = cfg.TLS.Client("redis.tls"); err != nil {
		return nil, err
	}
	return redis.NewClient(&options), nil
}

// Close closes the connections.
func (s *Store) Close() error { return s.redis.Close() }

// Ping answers nil if Redis answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.redis.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("redis %s: %w", s.redis.Options().Addr, err)
	}
	return nil
}

// partitionKey is the key of something that each partition has one of.
func (s *Store) partitionKey(kind string, partition int) string {
	return partitionKey(s.prefix, kind, partition)
}

func partitionKey(prefix, kind string, partition int) string {
	return prefix + kind + "/" + strconv.Itoa(partition)
}

// batchBytes is about how much one pipeline sends: large enough that round
// trips cost little, small enough that Redis serves others in between.
const batchBytes = 1 << 20

// sweep deletes the keys under a prefix that drop picks. Redis does the
// freeing beside its other work.
func (s *Store) sweep(ctx context.Context, prefix string, drop func(key string) bool) error {
	const page = 1000
	keys := s.redis.Scan(ctx, 0, escapePattern(prefix)+"*", page).Iterator()
	var doomed []string
	for keys.Next(ctx) {
		if key := keys.Val(); drop(key) {
			doomed = append(doomed, key)
		}
		if len(doomed) >= page {
			if err := s.redis.Unlink(ctx, doomed...).Err(); err != nil {
				return err
			}
			doomed = doomed[:0]
		}
	}
	if err := keys.Err(); err != nil {
		return err
	}
	if len(doomed) > 0 {
		return s.redis.Unlink(ctx, doomed...).Err()
	}
	return nil
}

// escapePattern makes a text match only itself in a Redis pattern.
func escapePattern(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(s)
}
