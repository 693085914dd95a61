package generator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
)

// redisCheck is how often the warm-up and the report on the dataset are observed in
// Redis.
const redisCheck = 10 * time.Second

// warmUp is the history that meters have when the stream starts. It goes to
// Redis and is not published. A meter that has no reading after it would
// never show up in the stream to ask for its warm-up: such a meter is
// published like the rest.
type warmUp struct {
	timeline timeline
	from, to meter.Hour // to is exclusive; from == to is no warm-up
	meters   []bool     // which meters have one, by index
	dataset  string     // id
}

// datasetID names a dataset as the twin reads it: the file and the reading of
// it.
func datasetID(twin *config.Twin, fileSum string) (string, error) {
	how, err := json.Marshal(twin.Dataset)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append([]byte(fileSum+"\n"+twin.Timezone+"\n"), how...))
	return hex.EncodeToString(sum[:16]), nil
}

func (w *warmUp) some() bool { return w.from < w.to }

// holds reports whether the reading of a meter in an hour is in Redis, not in
// the stream.
func (w *warmUp) holds(index int32, h meter.Hour) bool { return h < w.to && w.meters[index] }

func (w *warmUp) marker() history.WarmUpMarker {
	return history.WarmUpMarker{Dataset: w.dataset, From: w.from, To: w.to}
}

// ensure writes the warm-up unless Redis has it.
func (w *warmUp) ensure(ctx context.Context, redis *history.Store) (written bool, err error) {
	there, err := redis.WarmUpMarker(ctx)
	if err != nil && !errors.Is(err, history.ErrNoWarmUp) {
		return false, err
	}
	there.Meters = 0
	if err == nil && there == w.marker() {
		return false, nil
	}
	series, err := w.series()
	if err != nil {
		return false, fmt.Errorf("read the warm-up: %w", err)
	}
	return true, redis.WriteWarmUp(ctx, w.marker(), series)
}

// series collects the warm-up of all meters.
func (w *warmUp) series() (iter.Seq[history.MeterSeries], error) {
	info := w.timeline.source.Info()
	all := make([]meter.Series, len(info.Meters))
	for b, err := range w.timeline.blocks(w.from) {
		if err != nil {
			return nil, err
		}
		if b.hour >= w.to {
			break
		}
		for _, row := range b.rows {
			if w.meters[row.Meter] {
				all[row.Meter].Append(b.hour, row.KWh)
			}
		}
	}
	return func(yield func(history.MeterSeries) bool) {
		for i, s := range all {
			if len(s.KWh) > 0 && !yield(history.MeterSeries{Meter: info.Meters[i].Name, Series: s}) {
				return
			}
		}
	}, nil
}
