package processor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// worker owns one partition while this process is assigned it. It lives on
// between assignments, so that a partition that comes back needs no recovery.
type worker struct {
	number  int
	owner   string
	cfg     *config.Twin
	rules   *twin.Rules // of the running spec
	db      *writer.DB
	hist    *history.Store
	client  *stream.Client
	reader  *stream.PartitionReader
	metrics *metrics
	log     *slog.Logger
	spans   batchSpans

	epoch       int64
	generation  int // of the topic that p is of
	logStart    int64
	specs       []specRules        // by offset
	uses        []writer.SeriesUse // of the series that were sent, by offset
	segment     segment            // of the offset that was asked for last
	series      *sentSeries
	p           *twin.Partition // nil while the state is unknown
	batch       writer.Batch
	recent      *recent
	unannounced *unannounced
	saver       *saver
	saved       saved
	target      int64 // replays end here: rows before it are in the database

	incarnation uuid.UUID // of the database

	running      atomic.Bool
	status       atomic.Pointer[PartitionStatus]
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
		case errors.Is(err, writer.ErrFenced):
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
		if err := w.takeSeries(ctx); err != nil {
			return err
		}
		hint(w.number, w.p.Next())
		if err := w.processBatch(ctx); err != nil {
			return err
		}
		w.saver.offer(ctx, w)
	}
}

// processBatch takes one stretch of the stream all the way to the database.
func (w *worker) processBatch(ctx context.Context) error {
	var set *stream.Batch
	w.spans.begin()
	err := w.retry(ctx, "fetch", func(ctx context.Context) (err error) {
		set, err = w.reader.Fetch(ctx, w.p.Next())
		return err
	})
	if err != nil {
		return err
	}
	w.spans.done()
	w.progress()
	if err := w.applyAll(ctx, set, set.HighWatermark); err != nil {
		w.p = nil // half a batch is in the state
		return err
	}
	if w.batch.NextOffset == w.batch.PrevOffset {
		w.publishStatus(set.HighWatermark)
		return nil
	}
	w.batch.Epoch = w.epoch
	w.batch.Announce()
	if err := w.commit(ctx); err != nil {
		w.p = nil
		return err
	}
	w.unannounced.keep(&w.batch)
	w.metrics.count(&w.batch.Effects)
	w.recent.note(time.Now(), &w.batch.Effects)
	w.publishStatus(set.HighWatermark)
	w.progress()
	return nil
}

// applyAll applies the records below offset end, in order, and leaves what follows
// from them in the batch.
func (w *worker) applyAll(ctx context.Context, set *stream.Batch, end int64) error {
	first := w.p.Next()
	w.p.Begin(&w.batch.Effects)
	last, traced := stream.Record{Offset: first - 1}, w.spans.tracer.On()
	for rec := (stream.Record{}); set.Next(&rec); {
		if rec.Offset < first || rec.Offset >= end {
			continue
		}
		r, err := w.rulesAt(ctx, rec.Offset)
		if err != nil {
			return err
		}
		if r != w.p.Rules() {
			if err := w.applyRead(ctx); err != nil {
				return err
			}
			w.p.SwitchTo(r)
		}
		if traced {
			w.spans.read(&rec)
		}
		w.p.Read(twin.Record{Offset: rec.Offset, Millis: rec.Millis, Key: rec.Key, Value: rec.Value})
		last = rec
	}
	if err := set.Err(); err != nil {
		return fmt.Errorf("read partition %d from offset %d: %w", w.number, first, err)
	}
	if err := w.applyRead(ctx); err != nil {
		return err
	}
	w.batch.LastHash = 0
	if last.Offset >= first {
		w.batch.LastHash = recordHash(last.Key, last.Value)
	}
	if next := min(set.NextOffset(), end); next > w.p.Next() {
		w.p.SkipTo(next) // what lies between are offsets without a record
		w.batch.LastHash = 0
	}
	w.p.Finish(&w.batch.Effects)
	return nil
}

// applyRead applies the records that have been read. It asks the stores about new
// meters once, before.
func (w *worker) applyRead(ctx context.Context) error {
	history := map[string]meter.Series{}
	if unknown := w.p.Unknown(); len(unknown) > 0 {
		if err := w.registerMeters(ctx, unknown, history); err != nil {
			return err
		}
	}
	w.p.Apply(history, &w.batch.Effects)
	return nil
}

// registerMeters makes new meters known: their numbers from the database, and into
// history their hours from before the stream.
func (w *worker) registerMeters(ctx context.Context, keys []twin.MeterKey, history map[string]meter.Series) error {
	keys = w.rejectMisplaced(keys)
	ctx, span := w.spans.tracer.Start(ctx, "register meters")
	defer span.End()
	if span.Recorded() {
		span.Set(attribute.Int("energytwin.meters", len(keys)))
	}
	return w.retry(ctx, "new meters", func(ctx context.Context) error {
		refs, err := w.db.EnsureMeters(ctx, w.number, keys)
		if err != nil {
			return err
		}
		if w.p.Rules().WarmUp {
			if err := w.warmUp(ctx, refs, history); err != nil {
				return err
			}
		}
		for _, ref := range refs {
			w.p.Register(ref)
		}
		return nil
	})
}

// rejectMisplaced returns the keys without those of meters in a tree of groups whose
// readings came under another key than its root: the tree has to be in one partition.
// Their readings are rejected.
func (w *worker) rejectMisplaced(keys []twin.MeterKey) []twin.MeterKey {
	tree := w.p.Rules().Policy.Tree()
	if !tree.Nests() {
		return keys
	}
	parents := tree.Parents()
	return slices.DeleteFunc(slices.Clone(keys), func(k twin.MeterKey) bool {
		root := tree.Root(k.Group)
		if root == k.Group && !parents[root] {
			return false
		}
		at := stream.Partition([]byte(root), w.cfg.Kafka.Partitions)
		if at != w.number {
			w.p.Register(twin.MeterRef{MeterKey: k, Partition: at})
		}
		return at != w.number
	})
}

// commit writes the batch. Trying again is safe where the answer was lost: the
// database knows a batch that it has taken.
func (w *worker) commit(ctx context.Context) error {
	ctx, span := w.spans.applied(ctx, &w.batch.Effects)
	defer span.End()
	return w.retry(ctx, "commit", func(ctx context.Context) error {
		ctx, span := w.spans.tracer.Within(ctx, "commit")
		defer span.End()
		return w.db.Commit(ctx, &w.batch)
	})
}

// useProvenance makes the database know how the rows of this partition come
// about from here on.
func (w *worker) useProvenance(ctx context.Context) error {
	r, err := w.rulesAt(ctx, w.p.Next())
	if err != nil {
		return err
	}
	no, err := w.db.EnsureProvenance(ctx, decisions.Provenance{
		Model: w.rules.Model().Name(), ModelVersion: fmt.Sprint(w.rules.Model().Version()), Image: w.cfg.Image,
		SpecHash: w.cfg.SpecHash, Tariff: w.rules.Policy.Tariff.Currency, Origin: string(w.p.Origin()), Mode: string(w.rules.Policy.Mode),
		Series: r.Series,
	})
	if err != nil {
		return fmt.Errorf("provenance: %w", err)
	}
	w.batch.Provenance, w.batch.Shadow = no, w.rules.Policy.Mode == dsm.ModeShadow
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
		if err == nil || errors.Is(err, writer.ErrFenced) || outOfLog(err) || ctx.Err() != nil {
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

// progress shows the watchdog that this worker is alive.
func (w *worker) progress() { w.lastProgress.Store(time.Now().Unix()) }

func (w *worker) label() string { return fmt.Sprint(w.number) }

// recordHash identifies a record, which distinguishes a topic from another of its name.
func recordHash(key, value []byte) uint64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write(key)
	_, _ = d.Write(value)
	return d.Sum64()
}
