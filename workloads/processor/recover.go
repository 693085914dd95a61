package processor

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// takeOver makes this worker the partition's owner and brings its state to the
// offset that the database has: from memory, from a checkpoint, from the
// stream's start, or, if none of these reaches, from the database's rows.
func (w *worker) takeOver(ctx context.Context) error {
	stored, err := w.db.TakePartition(ctx, w.number, w.owner)
	if err != nil {
		return fmt.Errorf("take partition %d: %w", w.number, err)
	}
	kept := w.p != nil && w.epoch == stored.Epoch-1 && w.p.Next() == stored.NextOffset
	w.epoch, w.incarnation, w.target = stored.Epoch, stored.Incarnation, stored.NextOffset
	if err := w.loadSeries(ctx); err != nil {
		return err
	}
	if kept {
		w.log.Info("partition is ours again, nothing changed meanwhile", "offset", stored.NextOffset)
		return w.useProvenance(ctx)
	}
	w.p = nil
	w.unannounced.forget(w.number)
	stored, err = w.checkTopic(ctx, stored)
	if err != nil {
		return err
	}
	w.target, w.generation = stored.NextOffset, stored.TopicGeneration
	if err := w.loadSpecs(ctx, stored.NextOffset); err != nil {
		return err
	}
	if err := w.loadSeries(ctx); err != nil { // a topic that is new has moved them
		return err
	}
	if w.p, err = w.restore(ctx, stored); err != nil {
		return err
	}
	if err := w.numberGroups(ctx); err != nil {
		return err
	}
	if err := w.replayTo(ctx, stored.NextOffset); err != nil {
		return err
	}
	return w.useProvenance(ctx)
}

// checkTopic compares the topic with what the database has taken from it. A
// topic that was recreated is consumed from its start; records that the log
// has lost are reported, never skipped in silence.
func (w *worker) checkTopic(ctx context.Context, stored writer.PartitionState) (writer.PartitionState, error) {
	logs, err := w.client.Offsets(ctx, w.cfg.Topic("readings"))
	if err != nil {
		return stored, fmt.Errorf("offsets of the topic: %w", err)
	}
	if w.number >= len(logs) {
		return stored, fmt.Errorf("the topic has %d partitions, number %d is gone", len(logs), w.number)
	}
	first, end := logs[w.number].Start, logs[w.number].End
	w.logStart = first
	switch {
	case stored.NextOffset > end:
		return w.newTopic(ctx, stored, fmt.Sprintf("the log ends at %d, offset %d was taken", end, stored.NextOffset))
	case stored.NextOffset > first && stored.LastHash != 0:
		hash, err := w.hashAt(ctx, stored.NextOffset-1)
		if err != nil {
			return stored, err
		}
		if hash != stored.LastHash {
			return w.newTopic(ctx, stored, fmt.Sprintf("the record at offset %d is not the one that was taken", stored.NextOffset-1))
		}
	case stored.NextOffset < first:
		w.recordDataLoss(stored.NextOffset, first-1)
		return w.moveTo(ctx, stored, first)
	}
	return stored, nil
}

// newTopic starts a partition over whose topic is not the one that was read.
func (w *worker) newTopic(ctx context.Context, stored writer.PartitionState, why string) (writer.PartitionState, error) {
	w.log.Warn("the topic is a new one: it is read from its start", "why", why)
	return w.moveTo(ctx, stored, w.logStart)
}

// moveTo sets the partition's next offset without reading what lies between.
// The state is rebuilt from the database afterwards.
func (w *worker) moveTo(ctx context.Context, stored writer.PartitionState, offset int64) (writer.PartitionState, error) {
	if err := w.db.MovePartition(ctx, w.number, stored.Epoch, offset); err != nil {
		return stored, fmt.Errorf("move partition %d to offset %d: %w", w.number, offset, err)
	}
	stored.NextOffset, stored.LastHash = offset, 0
	stored.TopicGeneration++
	return stored, nil
}

// hashAt is the hash of one record.
func (w *worker) hashAt(ctx context.Context, offset int64) (uint64, error) {
	set, err := w.reader.Fetch(ctx, offset)
	if err != nil {
		return 0, fmt.Errorf("read offset %d of partition %d: %w", offset, w.number, err)
	}
	for rec := (stream.Record{}); set.Next(&rec); {
		if rec.Offset == offset {
			return recordHash(rec.Key, rec.Value), nil
		}
	}
	return 0, set.Err()
}

// specRules is rules with the offset from which they hold.
type specRules struct {
	from  int64
	rules *twin.Rules
}

// loadSpecs reads which spec held from which offset on. A spec that is not
// the newest of them holds from the partition's next offset on, and that is
// written down before any row rests on it.
func (w *worker) loadSpecs(ctx context.Context, next int64) error {
	revisions, err := w.db.Specs(ctx, w.number)
	if err != nil {
		return fmt.Errorf("specs of partition %d: %w", w.number, err)
	}
	w.specs = w.specs[:0]
	for _, rev := range revisions {
		r, err := w.rulesOfRevision(rev)
		if err != nil {
			return fmt.Errorf("spec of partition %d at offset %d: %w", w.number, rev.FromOffset, err)
		}
		w.specs = append(w.specs, specRules{from: rev.FromOffset, rules: r})
	}
	if n := len(w.specs); n > 0 && w.specs[n-1].rules.SpecHash == w.rules.SpecHash {
		return nil
	}
	doc, err := w.cfg.Stored()
	if err != nil {
		return err
	}
	if err := w.db.RecordSpec(ctx, w.number, w.epoch, next, w.rules.SpecHash, doc); err != nil {
		return fmt.Errorf("record the spec of partition %d: %w", w.number, err)
	}
	w.specs = append(w.specs, specRules{from: next, rules: w.rules})
	return nil
}

// numberGroups gives the groups that have others below them, under any of the specs,
// their numbers: no meter need be in them.
func (w *worker) numberGroups(ctx context.Context) error {
	parents := map[string]bool{}
	for _, s := range w.specs {
		maps.Copy(parents, s.rules.Policy.Tree().Parents())
	}
	if len(parents) == 0 {
		return nil
	}
	numbers, err := w.db.EnsureGroups(ctx, slices.Sorted(maps.Keys(parents)))
	if err != nil {
		return err
	}
	w.p.NumberGroups(numbers)
	return nil
}

// rulesOfRevision are the rules of a revision. One with the hash of the running spec
// has the rules that run: its document may be of a version that left the
// temperatures out.
func (w *worker) rulesOfRevision(rev writer.SpecRevision) (*twin.Rules, error) {
	if rev.Hash == w.rules.SpecHash {
		return w.rules, nil
	}
	cfg, err := config.ParseStored(rev.Document)
	if err != nil {
		return nil, err
	}
	if p := &cfg.Processor; p.TemperatureSeries != nil && len(p.Temperatures) == 0 {
		w.log.Warn("an earlier spec was stored without its temperatures: a replay forecasts its part of the stream without weather",
			"from", rev.FromOffset, "spec", rev.Hash)
	}
	return rulesOf(cfg)
}

// restore gives the partition's state at some offset at or before the one the
// database has.
func (w *worker) restore(ctx context.Context, stored writer.PartitionState) (*twin.Partition, error) {
	if p, err := w.fromCheckpoint(ctx, stored); p != nil || err != nil {
		if err != nil {
			return nil, err
		}
		w.log.Info("state restored from a checkpoint", "offset", p.Next(), "next", stored.NextOffset)
		return p, nil
	}
	// A stream that began again has its start in the log, but not what was known
	// before.
	if w.logStart == 0 && stored.TopicGeneration == 0 {
		if stored.NextOffset > 0 {
			w.log.Info("no checkpoint: the stream is replayed from its start", "next", stored.NextOffset)
		}
		r, err := w.rulesAt(ctx, 0)
		if err != nil {
			return nil, err
		}
		return twin.New(w.number, r), nil
	}
	w.log.Warn("the stream does not reach back to what was known: windows are rebuilt from the database", "next", stored.NextOffset)
	return w.fromDatabase(ctx, stored)
}

// fromCheckpoint is the state that Redis holds, nil if it holds none of use.
// Nothing in Redis can stop the twin: whatever is odd counts as absent. An error is one of
// the database.
func (w *worker) fromCheckpoint(ctx context.Context, stored writer.PartitionState) (*twin.Partition, error) {
	ckpt, err := w.hist.LoadCheckpoint(ctx, w.number)
	switch {
	case errors.Is(err, history.ErrNoCheckpoint):
		return nil, nil
	case err != nil:
		w.log.Warn("checkpoint not readable", "error", err)
		return nil, nil
	case ckpt.StateVersion != twin.StateVersion, ckpt.Incarnation != stored.Incarnation, ckpt.TopicGeneration != stored.TopicGeneration,
		ckpt.Offset > stored.NextOffset, ckpt.Offset < w.logStart:
		w.log.Info("checkpoint does not fit", "offset", ckpt.Offset, "next", stored.NextOffset, "version", ckpt.StateVersion, "topic_generation", ckpt.TopicGeneration)
		return nil, nil
	}
	r, err := w.rulesAt(ctx, max(ckpt.Offset-1, 0))
	if err != nil {
		return nil, err
	}
	p, err := twin.Restore(w.number, r, ckpt.Offset, ckpt.Header, meterStates(ckpt))
	if err != nil {
		w.log.Warn("checkpoint not usable", "error", err)
		return nil, nil
	}
	return p, nil
}

// meterStates are the states of a checkpoint's meters, by name.
func meterStates(ckpt history.Checkpoint) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, m := range ckpt.Meters {
			if !yield(m.Key, m.Blob) {
				return
			}
		}
	}
}

// fromDatabase rebuilds the windows from the readings, and the models from the
// windows. What a model learned earlier is lost, which is why decisions made
// from here on name this origin.
func (w *worker) fromDatabase(ctx context.Context, stored writer.PartitionState) (*twin.Partition, error) {
	r, err := w.rulesAt(ctx, stored.NextOffset)
	if err != nil {
		return nil, err
	}
	p := twin.Rebuild(w.number, r, stored.NextOffset, stored.Watermark)
	refs, err := w.db.PartitionMeters(ctx, w.number)
	if err != nil {
		return nil, fmt.Errorf("meters of partition %d: %w", w.number, err)
	}
	byNumber := make(map[int32]*twin.Meter, len(refs))
	for _, ref := range refs {
		byNumber[ref.MeterNo] = p.Register(ref)
	}
	if err := w.restoreSubHours(ctx, p, byNumber); err != nil {
		return nil, err
	}
	if p.Watermark() == meter.NoHour {
		return p, nil
	}
	from, to := p.HistorySpan()
	err = w.db.History(ctx, w.number, from, to, func(no int32, h meter.Hour, kwh float32, q twin.Quality) error {
		if m := byNumber[no]; m != nil {
			m.PutReading(h, kwh, q.IsSuspect())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("readings of partition %d: %w", w.number, err)
	}
	p.Retrain()
	made, err := w.db.LastDecisions(ctx, w.number, p.Watermark()+1)
	if err != nil {
		return nil, fmt.Errorf("plans of partition %d: %w", w.number, err)
	}
	shadow := p.Rules().Policy.Mode == dsm.ModeShadow
	for i := range made {
		if made[i].Shadow == shadow { // plans of another mode are in force no more
			p.PutDecision(&made[i].Decision)
		}
	}
	return p, nil
}

// restoreSubHours puts back the sub-hour readings of hours that wait for the rest.
func (w *worker) restoreSubHours(ctx context.Context, p *twin.Partition, byNumber map[int32]*twin.Meter) error {
	readings, err := w.db.SubHours(ctx, w.number)
	if err != nil {
		return err
	}
	for _, r := range readings {
		m := byNumber[r.MeterNo]
		if m == nil {
			w.log.Error("a sub-hour reading of an unknown meter stays in the table sub_hour_readings", "offset", r.Offset, "meter_no", r.MeterNo)
			continue
		}
		if err := p.PutSubHour(m, twin.Record{Offset: r.Offset, Key: r.Key, Value: r.Value}); err != nil {
			w.log.Error("a sub-hour reading cannot be read and stays in the table sub_hour_readings", "offset", r.Offset, "meter_no", r.MeterNo, "error", err)
		}
	}
	return nil
}

// replayTo runs the messages up to next through the state and drops the rows
// they lead to: those exist.
func (w *worker) replayTo(ctx context.Context, next int64) error {
	start := w.p.Next()
	for w.p.Next() < next {
		set, err := w.reader.Fetch(ctx, w.p.Next())
		if err != nil {
			return fmt.Errorf("replay partition %d at offset %d: %w", w.number, w.p.Next(), err)
		}
		if err := w.applyAll(ctx, set, next); err != nil {
			return err
		}
		w.progress()
	}
	if next > start {
		w.log.Info("replayed", "from", start, "to", next)
	}
	return nil
}
