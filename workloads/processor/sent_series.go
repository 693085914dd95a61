package processor

import (
	"context"
	"fmt"
	"time"

	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// lookForSeriesEvery is how often series are looked for that were sent to the API.
const lookForSeriesEvery = time.Second

// sentSeries are the series that were sent to the API, as far as this process has read
// them. It is safe for concurrent use.
type sentSeries struct {
	db  *writer.DB
	log *twin.SeriesLog
}

// refresh reads what was sent since.
func (s *sentSeries) refresh(ctx context.Context) error {
	revisions, err := s.db.SeriesRevisions(ctx, s.log.Newest())
	if err != nil {
		return err
	}
	s.log.Add(revisions)
	return nil
}

// rules are those of a specification with what was sent up to a revision.
func (s *sentSeries) rules(ctx context.Context, of *twin.Rules, revision int64) (*twin.Rules, error) {
	if revision > s.log.Newest() {
		if err := s.refresh(ctx); err != nil {
			return nil, err
		}
	}
	return s.log.Rules(of, revision)
}

// keepSeries looks for series that are sent, until ctx ends. Workers take them up between
// two batches.
func (p *Processor) keepSeries(ctx context.Context) error {
	tick := time.NewTicker(lookForSeriesEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := p.series.refresh(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("series that were sent are not known yet, they are read at the next turn", "error", err)
		}
	}
}

// segment is a stretch of the partition's stream that is processed under the same rules.
type segment struct {
	from, to int64 // offsets, to exclusive
	rules    *twin.Rules
}

// rulesAt is the rules under which the message at offset is taken: those of the
// specification that holds there, with the series that do. Asked again for the same
// stretch, it returns the same.
func (w *worker) rulesAt(ctx context.Context, offset int64) (*twin.Rules, error) {
	if s := &w.segment; s.rules != nil && offset >= s.from && offset < s.to {
		return s.rules, nil
	}
	const end = 1<<63 - 1
	spec, revision, s := w.specs[0].rules, int64(0), segment{to: end}
	hold := func(from int64) bool {
		if from > offset {
			s.to = min(s.to, from)
			return false
		}
		s.from = max(s.from, from)
		return true
	}
	for _, of := range w.specs {
		if hold(of.from) {
			spec = of.rules
		}
	}
	for _, use := range w.uses {
		if hold(use.FromOffset) {
			revision = max(revision, use.Revision)
		}
	}
	var err error
	if s.rules, err = w.series.rules(ctx, spec, revision); err != nil {
		return nil, fmt.Errorf("rules of partition %d at offset %d: %w", w.number, offset, err)
	}
	w.segment = s
	return s.rules, nil
}

// loadSeries reads which revision of the series holds from which offset on.
func (w *worker) loadSeries(ctx context.Context) (err error) {
	w.segment = segment{}
	if err := w.series.refresh(ctx); err != nil {
		return err
	}
	w.uses, err = w.db.SeriesUses(ctx, w.number)
	return err
}

// takeSeries makes the series that were sent since hold from the next offset on. That is
// written down before any row rests on it, so that a replay does the same.
func (w *worker) takeSeries(ctx context.Context) error {
	used := int64(0)
	if n := len(w.uses); n > 0 {
		used = w.uses[n-1].Revision
	}
	if w.series.log.Newest() <= used {
		return nil
	}
	revisions, next := w.series.log.After(used), w.p.Next()
	err := w.retry(ctx, "series", func(ctx context.Context) error {
		return w.db.RecordSeriesUse(ctx, w.number, w.epoch, next, revisions)
	})
	if err != nil {
		return err
	}
	for _, r := range revisions {
		w.uses = append(w.uses, writer.SeriesUse{FromOffset: next, Revision: r})
	}
	w.segment = segment{}
	w.log.Info("series that were sent hold from here on", "offset", next, "revision", revisions[len(revisions)-1])
	return w.retry(ctx, "provenance", w.useProvenance)
}
