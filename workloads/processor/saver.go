package processor

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// saveEvery is the least time between two checkpoints of a partition.
const saveEvery = 10 * time.Second

// saver writes checkpoints to Redis beside the stream. It copies one
// partition's state at a time, so that checkpoints cost the memory of one
// partition, not of all.
type saver struct {
	busy  sync.Mutex
	arena []byte
}

// saved is when a partition's last checkpoint was made.
type saved struct {
	at  time.Time
	day meter.Hour // the simulated day, in days since 1970
}

// offer writes a checkpoint of the worker's partition, if a simulated day and
// ten seconds have passed since its last one and no other is being written.
func (s *saver) offer(ctx context.Context, w *worker) {
	day := w.p.Watermark() / meter.HoursPerDay
	if w.p.Watermark() == meter.NoHour || day == w.saved.day || time.Since(w.saved.at) < saveEvery {
		return
	}
	if !s.busy.TryLock() {
		return
	}
	w.saved = saved{at: time.Now(), day: day}
	ckpt := s.snapshot(w)
	go func() {
		defer s.busy.Unlock()
		s.save(ctx, w, ckpt)
	}()
}

// final writes a checkpoint before the process ends, whatever the last one's
// age.
func (s *saver) final(ctx context.Context, w *worker) {
	s.busy.Lock()
	defer s.busy.Unlock()
	if w.p != nil && w.p.Watermark() != meter.NoHour {
		s.save(ctx, w, s.snapshot(w))
	}
}

func (s *saver) save(ctx context.Context, w *worker, ckpt history.Checkpoint) {
	ctx, span := w.spans.tracer.Start(ctx, "save checkpoint")
	defer span.End()
	if span.Recorded() {
		span.Set(attribute.Int("messaging.destination.partition.id", w.number), attribute.Int("energytwin.meters", len(ckpt.Meters)))
	}
	start := time.Now()
	if err := w.hist.SaveCheckpoint(ctx, w.number, ckpt); err != nil {
		w.metrics.checkpointErrors.Inc()
		span.Fail("redis")
		w.log.Warn("checkpoint not saved", "offset", ckpt.Offset, "error", err)
		return
	}
	w.metrics.checkpointSeconds.Observe(time.Since(start).Seconds())
}

// snapshot copies the partition's state as of its last commit. The copy is
// valid until the next one.
func (s *saver) snapshot(w *worker) history.Checkpoint {
	ckpt := history.Checkpoint{
		Offset: w.p.Next(), Epoch: w.epoch, StateVersion: twin.StateVersion, Incarnation: w.incarnation,
		TopicGeneration: w.generation,
		Header:          w.p.AppendHeader(nil),
		Meters:          make([]history.MeterBlob, 0, w.p.Len()),
	}
	ends := make([]int, 0, w.p.Len())
	s.arena = s.arena[:0]
	for m := range w.p.Meters() {
		s.arena = m.AppendBinary(s.arena)
		ends = append(ends, len(s.arena))
		ckpt.Meters = append(ckpt.Meters, history.MeterBlob{Key: m.Name})
	}
	from := 0
	for i, end := range ends {
		ckpt.Meters[i].Blob = s.arena[from:end]
		from = end
	}
	return ckpt
}
