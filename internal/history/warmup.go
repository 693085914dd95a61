package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/redis/go-redis/v9"

	"github.com/energytwin/energytwin/internal/meter"
)

// ErrNoWarmUp means that Redis holds no complete warm-up: it was not written
// yet, is being written, or was lost. The generator writes it again.
var ErrNoWarmUp = errors.New("redis holds no complete warm-up")

// WarmUpMarker identifies which warm-up Redis holds. It is written last.
type WarmUpMarker struct {
	Dataset string     `json:"dataset"` // id of the dataset
	From    meter.Hour `json:"from"`
	To      meter.Hour `json:"to"` // exclusive
	Meters  int        `json:"meters"`
}

// MeterSeries is the warm-up of one meter.
type MeterSeries struct {
	Meter string
	meter.Series
}

func (s *Store) warmUpMarkerKey() string           { return s.prefix + "warmup" }
func (s *Store) warmUpKey(meterName string) string { return s.warmUpPrefix() + meterName }
func (s *Store) warmUpPrefix() string              { return s.prefix + "warmup/" }

// WriteWarmUp replaces the warm-up by another one. While it runs, and after
// it failed, Redis holds no warm-up. marker.Meters is counted here.
func (s *Store) WriteWarmUp(ctx context.Context, marker WarmUpMarker, meters iter.Seq[MeterSeries]) error {
	if err := s.redis.Unlink(ctx, s.warmUpMarkerKey()).Err(); err != nil {
		return fmt.Errorf("write warm-up: %w", err)
	}
	if err := s.sweep(ctx, s.warmUpPrefix(), func(string) bool { return true }); err != nil {
		return fmt.Errorf("write warm-up: delete the old one: %w", err)
	}
	pipeline, size := s.redis.Pipeline(), 0
	marker.Meters = 0
	for m := range meters {
		value := appendSeries(nil, &m.Series)
		pipeline.Set(ctx, s.warmUpKey(m.Meter), value, 0)
		marker.Meters++
		if size += len(value) + len(m.Meter); size >= batchBytes {
			if _, err := pipeline.Exec(ctx); err != nil {
				return fmt.Errorf("write warm-up: %w", err)
			}
			size = 0
		}
	}
	if _, err := pipeline.Exec(ctx); err != nil {
		return fmt.Errorf("write warm-up: %w", err)
	}
	text, err := json.Marshal(marker)
	if err != nil {
		return err
	}
	if err := s.redis.Set(ctx, s.warmUpMarkerKey(), text, 0).Err(); err != nil {
		return fmt.Errorf("write warm-up: %w", err)
	}
	return nil
}

// WarmUpMarker is the marker of the warm-up that Redis holds, or ErrNoWarmUp.
func (s *Store) WarmUpMarker(ctx context.Context) (WarmUpMarker, error) {
	text, err := s.redis.Get(ctx, s.warmUpMarkerKey()).Result()
	if errors.Is(err, redis.Nil) {
		return WarmUpMarker{}, ErrNoWarmUp
	}
	if err != nil {
		return WarmUpMarker{}, fmt.Errorf("read warm-up marker: %w", err)
	}
	var m WarmUpMarker
	if json.Unmarshal([]byte(text), &m) != nil {
		return WarmUpMarker{}, ErrNoWarmUp
	}
	return m, nil
}

// WarmUpComplete reports whether Redis holds a warm-up.
func (s *Store) WarmUpComplete(ctx context.Context) (bool, error) {
	_, err := s.WarmUpMarker(ctx)
	if errors.Is(err, ErrNoWarmUp) {
		return false, nil
	}
	return err == nil, err
}

// WarmUp is the warm-up of one meter; ok is false if it has none. See WarmUps.
func (s *Store) WarmUp(ctx context.Context, meterName string) (series meter.Series, ok bool, err error) {
	found, err := s.WarmUps(ctx, []string{meterName})
	series, ok = found[meterName]
	return series, ok, err
}

// WarmUps are the warm-ups of some meters; those that have none are left out.
// Without a complete warm-up in Redis it answers ErrNoWarmUp, so that a lost
// warm-up is never taken for a meter without one.
func (s *Store) WarmUps(ctx context.Context, meterNames []string) (map[string]meter.Series, error) {
	out := make(map[string]meter.Series, len(meterNames))
	const page = 200 // a page is one command, so the marker and its series belong together
	for len(meterNames) > 0 {
		names := meterNames[:min(page, len(meterNames))]
		meterNames = meterNames[len(names):]
		if err := s.readWarmUps(ctx, names, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Store) readWarmUps(ctx context.Context, names []string, out map[string]meter.Series) error {
	keys := make([]string, 0, len(names)+1)
	keys = append(keys, s.warmUpMarkerKey())
	for _, name := range names {
		keys = append(keys, s.warmUpKey(name))
	}
	values, err := s.redis.MGet(ctx, keys...).Result()
	if err != nil {
		return fmt.Errorf("read warm-up: %w", err)
	}
	if values[0] == nil {
		return ErrNoWarmUp
	}
	for i, name := range names {
		value, ok := values[i+1].(string)
		if !ok {
			continue
		}
		series, err := parseSeries(value)
		if err != nil {
			return fmt.Errorf("read warm-up of meter %q: %w; delete the key %s to have it written again",
				name, err, s.warmUpMarkerKey())
		}
		out[name] = series
	}
	return nil
}
