package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/energytwin/energytwin/internal/meter"
)

// ErrNotPublished means that Redis does not know of any published hour.
var ErrNotPublished = errors.New("redis knows of no published hour")

// Published is how far a dataset has been published. It outlives the topic, so
// that a recreated one is filled again without replaying its time. Like all in
// Redis it may be lost.
type Published struct {
	Dataset string     `json:"dataset"` // id of the dataset
	Hour    meter.Hour `json:"hour"`    // greatest one that was published
}

func (s *Store) publishedKey() string { return s.prefix + "published" }

// SetPublished replaces what Published returns.
func (s *Store) SetPublished(ctx context.Context, p Published) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := s.redis.Set(ctx, s.publishedKey(), text, 0).Err(); err != nil {
		return fmt.Errorf("write the published hour: %w", err)
	}
	return nil
}

// Published is how far a dataset was published, or ErrNotPublished.
func (s *Store) Published(ctx context.Context) (Published, error) {
	text, err := s.redis.Get(ctx, s.publishedKey()).Result()
	if errors.Is(err, redis.Nil) {
		return Published{}, ErrNotPublished
	}
	if err != nil {
		return Published{}, fmt.Errorf("read the published hour: %w", err)
	}
	var p Published
	if json.Unmarshal([]byte(text), &p) != nil {
		return Published{}, ErrNotPublished
	}
	return p, nil
}
