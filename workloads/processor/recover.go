package processor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
)

// takeOver makes this worker the partition's owner and brings its state to the
// offset that the database has: from memory, from a checkpoint, from the
// stream's start, or, if none of these reaches, from the database's rows.
func (w *worker) takeOver(ctx context.Context) error {
	stored, err := w.db.TakePartition(ctx, w.number, w.owner)
	if err != nil {
		return fmt.Errorf("take partition %d: %w", w.number, err)
	}
	kept := w.p != nil && w.epoch == stored.Epoch-1 && w.p.next == stored.NextOffset
	w.epoch, w.incarnation, w.target = stored.Epoch, stored.Incarnation, stored.NextOffset
	if kept {
		w.log.Info("partition is ours again, nothing changed meanwhile", "offset", stored.NextOffset)
		return w.useProvenance(ctx)
	}
	w.p = nil
	stored, err = w.checkTopic(ctx, stored)
	if err != nil {
		return err
	}
	w.target, w.generation = stored.NextOffset, stored.TopicGeneration
	if err := w.loadSpecs(ctx, stored.NextOffset); err != nil {
		return err
	}
	if w.p, err = w.restore(ctx, stored); err != nil {
		return err
	}
	if err := w.replayTo(ctx, stored.NextOffset); err != nil {
		return err
	}
	return w.useProvenance(ctx)
}

// checkTopic compares the topic with what the database has taken from it. A
// topic that was made anew is consumed from its start; records that the log
// has lost are reported, never skipped in silence.
func (w *worker) checkTopic(ctx context.Context, stored timescale.PartitionState) (timescale.PartitionState, error) {
	logs, err := w.client.Offsets(ctx, w.twin.Topic("readings"))
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
		w.lose(stored.NextOffset, first-1)
		return w.moveTo(ctx, stored, first)
	}
	return stored, nil
}

// newTopic starts a partition over whose topic is not the one that was read.
func (w *worker) newTopic(ctx context.Context, stored timescale.PartitionState, why string) (timescale.PartitionState, error) {
	w.log.Warn("the topic is a new one: it is read from its start", "why", why)
	return w.moveTo(ctx, stored, w.logStart)
}

// moveTo sets the partition's next offset without reading what lies between.
// The state is rebuilt from the database afterwards.
func (w *worker) moveTo(ctx context.Context, stored timescale.PartitionState, offset int64) (timescale.PartitionState, error) {
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
	rules *rules
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
		r, err := w.rulesOf(rev)
		if err != nil {
			return fmt.Errorf("spec of partition %d at offset %d: %w", w.number, rev.FromOffset, err)
		}
		w.specs = append(w.specs, specRules{from: rev.FromOffset, rules: r})
	}
	if n := len(w.specs); n > 0 && w.specs[n-1].rules.specHash == w.rules.specHash {
		return nil
	}
	doc, err := json.Marshal(w.twin)
	if err != nil {
		return err
	}
	if err := w.db.RecordSpec(ctx, w.number, w.epoch, next, w.rules.specHash, doc); err != nil {
		return fmt.Errorf("record the spec of partition %d: %w", w.number, err)
	}
	w.specs = append(w.specs, specRules{from: next, rules: w.rules})
	return nil
}

// rulesOf makes the rules of a revision. One with the hash of the running spec
// has the rules that run: its document may be of a version that left the
// temperatures out.
func (w *worker) rulesOf(rev timescale.SpecRevision) (*rules, error) {
	if rev.Hash == w.rules.specHash {
		return w.rules, nil
	}
	var twin config.Twin
	if err := json.Unmarshal(rev.Document, &twin); err != nil {
		return nil, err
	}
	if p := &twin.Processor; p.TemperatureSeries != nil && len(p.Temperatures) == 0 {
		w.log.Warn("an earlier spec was stored without its temperatures: a replay forecasts its part of the stream without weather",
			"from", rev.FromOffset, "spec", rev.Hash)
	}
	return newRules(&twin)
}

// rulesAt is the rules under which the message at offset is taken.
func (w *worker) rulesAt(offset int64) *rules {
	out := w.specs[0].rules
	for _, s := range w.specs {
		if s.from <= offset {
			out = s.rules
		}
	}
	return out
}

// restore gives the partition's state at some offset at or before the one the
// database has.
func (w *worker) restore(ctx context.Context, stored timescale.PartitionState) (*partition, error) {
	if p := w.fromCheckpoint(ctx, stored); p != nil {
		w.log.Info("state restored from a checkpoint", "offset", p.next, "next", stored.NextOffset)
		return p, nil
	}
	// A stream that began again has its start in the log, but not what was known
	// before.
	if w.logStart == 0 && stored.TopicGeneration == 0 {
		if stored.NextOffset > 0 {
			w.log.Info("no checkpoint: the stream is replayed from its start", "next", stored.NextOffset)
		}
		return newPartition(w.number, w.rulesAt(0)), nil
	}
	w.log.Warn("the stream does not reach back to what was known: windows are rebuilt from the database", "next", stored.NextOffset)
	return w.fromDatabase(ctx, stored)
}

// fromCheckpoint is the state that Redis holds, nil if it holds none of use.
// Nothing in Redis can stop the twin: whatever is odd counts as absent.
func (w *worker) fromCheckpoint(ctx context.Context, stored timescale.PartitionState) *partition {
	ckpt, err := w.hist.LoadCheckpoint(ctx, w.number)
	switch {
	case errors.Is(err, history.ErrNoCheckpoint):
		return nil
	case err != nil:
		w.log.Warn("checkpoint not readable", "error", err)
		return nil
	case ckpt.StateVersion != stateVersion, ckpt.Incarnation != stored.Incarnation, ckpt.TopicGeneration != stored.TopicGeneration,
		ckpt.Offset > stored.NextOffset, ckpt.Offset < w.logStart:
		w.log.Info("checkpoint does not fit", "offset", ckpt.Offset, "next", stored.NextOffset, "version", ckpt.StateVersion, "topic_generation", ckpt.TopicGeneration)
		return nil
	}
	p := newPartition(w.number, w.rulesAt(max(ckpt.Offset-1, 0)))
	p.next = ckpt.Offset
	for _, m := range ckpt.Meters {
		if err := p.restoreMeter(m.Key, m.Blob); err != nil {
			w.log.Warn("checkpoint not usable", "error", err)
			return nil
		}
	}
	if err := p.restoreHeader(ckpt.Header); err != nil {
		w.log.Warn("checkpoint not usable", "error", err)
		return nil
	}
	return p
}

// fromDatabase rebuilds the windows from the readings, and the models from the
// windows. What a model learned earlier is lost, which is why decisions made
// from here on name this origin.
func (w *worker) fromDatabase(ctx context.Context, stored timescale.PartitionState) (*partition, error) {
	p := newPartition(w.number, w.rulesAt(stored.NextOffset))
	p.origin, p.next, p.lastHash, p.watermark = originRebuilt, stored.NextOffset, stored.LastHash, stored.Watermark
	refs, err := w.db.PartitionMeters(ctx, w.number)
	if err != nil {
		return nil, fmt.Errorf("meters of partition %d: %w", w.number, err)
	}
	byNumber := make(map[int32]*meterState, len(refs))
	for _, ref := range refs {
		byNumber[ref.MeterNo] = p.add(ref)
	}
	if err := w.restoreParts(ctx, p, byNumber); err != nil {
		return nil, err
	}
	if p.watermark == meter.NoHour {
		return p, nil
	}
	p.nextIssue = p.rules.nextIssue(p.watermark)
	from := p.watermark - meter.Hour(p.rules.ring)
	err = w.db.History(ctx, w.number, from, p.watermark+maxJump, func(no int32, h meter.Hour, kwh float32, q timescale.Quality) error {
		if m := byNumber[no]; m != nil {
			m.window.PutJudged(h, kwh, q.IsSuspect())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("readings of partition %d: %w", w.number, err)
	}
	for _, m := range byNumber {
		if m.window.Newest() != meter.NoHour || m.parts != nil {
			m.join()
		}
		m.window.Renew()
		p.relearn(m)
	}
	plans, err := w.db.LastPlans(ctx, w.number, p.watermark+1)
	if err != nil {
		return nil, fmt.Errorf("plans of partition %d: %w", w.number, err)
	}
	for _, plan := range plans {
		if m := byNumber[plan.MeterNo]; m != nil {
			m.plan, m.planFrom = plan.Plan, plan.ValidFrom
		}
	}
	return p, nil
}

// restoreParts takes up the hours that wait for the rest of their parts.
func (w *worker) restoreParts(ctx context.Context, p *partition, byNumber map[int32]*meterState) error {
	parts, err := w.db.Parts(ctx, w.number)
	if err != nil {
		return err
	}
	for _, part := range parts {
		msg := message{Record: stream.Record{Offset: part.Offset, Key: part.Key, Value: part.Value}}
		m := byNumber[part.MeterNo]
		if err := meter.DecodeMessage(part.Value, &msg.reading); err != nil || m == nil {
			w.log.Error("a part of an hour cannot be taken up and stays in the table reading_parts", "offset", part.Offset, "meter_no", part.MeterNo, "error", err)
			continue
		}
		p.restorePart(m, &msg)
	}
	return nil
}

// replayTo runs the messages up to next through the state and drops the rows
// they lead to: those exist.
func (w *worker) replayTo(ctx context.Context, next int64) error {
	start := w.p.next
	for w.p.next < next {
		set, err := w.reader.Fetch(ctx, w.p.next)
		if err != nil {
			return fmt.Errorf("replay partition %d at offset %d: %w", w.number, w.p.next, err)
		}
		w.batch.begin()
		if err := w.applyAll(ctx, set, next); err != nil {
			return err
		}
		w.batch.finishParts()
		w.progress()
	}
	w.batch.begin()
	if next > start {
		w.log.Info("replayed", "from", start, "to", next)
	}
	return nil
}
