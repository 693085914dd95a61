package processor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
)

// worker owns one partition while this process is assigned it. It lives on
// between assignments, so that a partition that comes back needs no recovery.
type worker struct {
	number  int
	owner   string
	twin    *config.Twin
	rules   *rules
	db      *timescale.DB
	hist    *history.Store
	client  *stream.Client
	reader  *stream.PartitionReader
	metrics *metrics
	log     *slog.Logger

	epoch      int64
	generation int // of the topic that p is of
	logStart   int64
	specs      []specRules // by offset
	p          *partition  // nil while the state is unknown
	batch      batch
	records    []stream.Record
	recent     *recent
	saver      *saver
	saved      saved
	target     int64 // replays end here: rows before it are in the database

	incarnation uuid.UUID // of the database

	running      atomic.Bool
	standing     atomic.Pointer[PartitionStatus]
	lost         atomic.Pointer[[]LostRange]
	lastProgress atomic.Int64 // Unix seconds
}

// run takes the partition and follows its stream until ctx ends or another
// process takes it over. Failures of the stores are retried here: leaving
// would only make the group rebalance.
func (w *worker) run(ctx context.Context, hint func(partition int, offset int64)) error {
	w.progress()
	w.running.Store(true)
	defer w.running.Store(false)
	for ctx.Err() == nil {
		err := w.follow(ctx, hint)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, timescale.ErrFenced):
			w.log.Warn("another process has taken the partition over")
			// The group has given the partition away, or that process has woken from
			// a long sleep and will find its place lost. Whichever it is shows within
			// a session's time.
			w.wait(ctx, fencedWait)
		case outOfLog(err):
			w.log.Warn("the log has changed under the reader", "error", err)
		default:
			return err
		}
		w.p = nil
	}
	return nil
}

// outOfLog reports whether an offset was asked for that the log does not have:
// taking the partition over again finds out why.
func outOfLog(err error) bool {
	var out *stream.OutOfRangeError
	return errors.As(err, &out)
}

// fencedWait is longer than the time after which the group drops a member that
// it does not hear from.
const fencedWait = 12 * time.Second

// follow takes the partition over and reads its stream until something ends
// that.
func (w *worker) follow(ctx context.Context, hint func(partition int, offset int64)) error {
	if err := w.retry(ctx, "take over", w.takeOver); err != nil {
		return err
	}
	for {
		hint(w.number, w.p.next)
		if err := w.turn(ctx); err != nil {
			return err
		}
		w.saver.offer(ctx, w)
	}
}

// turn takes one stretch of the stream all the way to the database.
func (w *worker) turn(ctx context.Context) error {
	var set *stream.Batch
	err := w.retry(ctx, "fetch", func(ctx context.Context) (err error) {
		set, err = w.reader.Fetch(ctx, w.p.next)
		return err
	})
	if err != nil {
		return err
	}
	w.progress()
	prev := w.p.next
	w.batch.begin()
	if err := w.applyAll(ctx, set, set.HighWatermark); err != nil {
		w.p = nil // half a batch is in the state
		return err
	}
	if w.p.next == prev {
		w.stand(set.HighWatermark)
		return nil
	}
	w.batch.rows.Epoch = w.epoch
	w.batch.finish(w.p, prev)
	if err := w.commit(ctx); err != nil {
		w.p = nil
		return err
	}
	w.metrics.count(&w.batch.rows)
	w.recent.note(time.Now(), &w.batch.rows)
	w.stand(set.HighWatermark)
	w.progress()
	return nil
}

// applyAll applies the records below offset end, in order. The first record
// of a meter that is not known makes it look ahead for all such meters, so
// that a batch asks the stores about new meters once.
func (w *worker) applyAll(ctx context.Context, set *stream.Batch, end int64) error {
	w.records = w.records[:0]
	for rec := (stream.Record{}); set.Next(&rec); {
		if rec.Offset >= w.p.next && rec.Offset < end {
			w.records = append(w.records, rec)
		}
	}
	if err := set.Err(); err != nil {
		return fmt.Errorf("read partition %d from offset %d: %w", w.number, w.p.next, err)
	}
	warm := map[string]history.Series{}
	var msg message
	for i := range w.records {
		rec := &w.records[i]
		if r := w.rulesAt(rec.Offset); r != w.p.rules {
			w.p.switchTo(r)
		}
		msg.Record = *rec
		msg.err = meter.DecodeMessage(rec.Value, &msg.reading)
		if msg.err == nil {
			msg.meter = w.p.find(msg.reading.Meter)
			if msg.meter == nil && w.p.rules.refuse(&msg.reading, rec.Time()) == "" {
				if err := w.meet(ctx, w.unknown(i), warm); err != nil {
					return err
				}
				msg.meter = w.p.find(msg.reading.Meter)
			}
		}
		w.p.apply(&msg, &w.batch, warm)
	}
	if n := len(w.records); n > 0 {
		w.p.lastHash = recordHash(w.records[n-1].Key, w.records[n-1].Value)
	}
	if next := min(set.NextOffset(), end); next > w.p.next {
		w.p.next, w.p.lastHash = next, 0 // what lies between are offsets without a record
	}
	return nil
}

// unknown is the meters that are not known among the records from the i-th on.
func (w *worker) unknown(i int) []timescale.MeterKey {
	var keys []timescale.MeterKey
	var m meter.Message
	seen := map[string]bool{}
	for ; i < len(w.records); i++ {
		rec := &w.records[i]
		if meter.DecodeMessage(rec.Value, &m) != nil || w.p.meters[string(m.Meter)] != nil || seen[string(m.Meter)] {
			continue
		}
		if w.p.rules.refuse(&m, rec.Time()) != "" {
			continue
		}
		name := string(m.Meter)
		seen[name] = true
		keys = append(keys, timescale.MeterKey{Name: name, Group: string(m.Group)})
	}
	return keys
}

// meet makes new meters known: their numbers from the database, and into warm
// their history from before the stream.
func (w *worker) meet(ctx context.Context, keys []timescale.MeterKey, warm map[string]history.Series) error {
	return w.retry(ctx, "new meters", func(ctx context.Context) error {
		refs, err := w.db.EnsureMeters(ctx, w.number, keys)
		if err != nil {
			return err
		}
		if w.p.rules.warmUp {
			if err := w.warmUp(ctx, refs, warm); err != nil {
				return err
			}
		}
		for _, ref := range refs {
			w.p.add(ref)
		}
		return nil
	})
}

// commit writes the batch. Trying again is safe where the answer was lost: the
// database knows a batch that it has taken.
func (w *worker) commit(ctx context.Context) error {
	return w.retry(ctx, "commit", func(ctx context.Context) error {
		return w.db.Commit(ctx, &w.batch.rows)
	})
}

// useProvenance makes the database know how the rows of this partition come
// about from here on.
func (w *worker) useProvenance(ctx context.Context) error {
	no, err := w.db.EnsureProvenance(ctx, timescale.Provenance{
		Model: w.rules.model.Name(), ModelVersion: fmt.Sprint(w.rules.model.Version()), Image: w.twin.Image,
		SpecHash: w.twin.SpecHash, Tariff: w.rules.currency, Origin: w.p.origin,
	})
	if err != nil {
		return fmt.Errorf("provenance: %w", err)
	}
	w.batch.provenance = no
	return nil
}

// Bounds of the wait between two tries.
const (
	retryFirst = 100 * time.Millisecond
	retryMost  = 2 * time.Second
)

// retry calls do until it succeeds, the partition is lost, or ctx ends.
func (w *worker) retry(ctx context.Context, what string, do func(context.Context) error) error {
	for wait := retryFirst; ; wait = min(2*wait, retryMost) {
		err := do(ctx)
		if err == nil || errors.Is(err, timescale.ErrFenced) || outOfLog(err) || ctx.Err() != nil {
			return err
		}
		w.metrics.retries.WithLabelValues(what).Inc()
		w.log.Warn("will try again", "what", what, "error", err, "in", wait)
		w.wait(ctx, wait)
	}
}

// wait sleeps, without the watchdog taking that for being stuck.
func (w *worker) wait(ctx context.Context, d time.Duration) {
	w.progress()
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
	w.progress()
}

// progress tells the watchdog that this worker is alive.
func (w *worker) progress() { w.lastProgress.Store(time.Now().Unix()) }

func (w *worker) label() string { return fmt.Sprint(w.number) }

// recordHash identifies a record, to tell a topic from another of its name.
func recordHash(key, value []byte) uint64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write(key)
	_, _ = d.Write(value)
	return d.Sum64()
}
