package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/internal/whatif"
	"github.com/energytwin/energytwin/workloads/generator"
)

// whatifInput is what a what-if replays, and the configuration that it came under.
type whatifInput struct {
	base        *config.Twin
	readings    whatif.Readings
	revisions   [][]whatif.Revision // of the base, by partition; nil if it is one
	sent        *twin.SeriesLog     // the series that revisions name; nil for none
	partitionOf func(key string) int
	notes       []string // for people
	close       func()
}

// open opens the readings of the file's dataset, of --readings or of --database.
func (f *whatifFlags) open(ctx context.Context, base *config.Twin) (*whatifInput, error) {
	if f.database != "" {
		return openStored(ctx, f.database)
	}
	if base.Generator.Mode == "Off" {
		return nil, errors.New("the twin reads a stream from outside: name its readings with --readings, or its database with --database")
	}
	doc, err := f.layout.document(base.Dataset.Layout)
	if err != nil {
		return nil, err
	}
	base.Dataset.Layout = doc
	source, err := generator.OpenDataset(ctx, base, generator.Reading{Setting: f.layout.setting})
	if err != nil {
		return nil, err
	}
	info := source.Info()
	base.Dataset.Start = info.Start.Time()
	base.Dataset.Span = config.Duration(info.End.Time().Sub(info.Start.Time()))
	in := &whatifInput{
		base: base, readings: readingsOf(source, base), notes: info.Findings(),
		partitionOf: func(key string) int { return stream.Partition([]byte(key), base.Kafka.Partitions) },
		close:       func() { _ = source.Close() }, // it was only read
	}
	return in, nil
}

// readingsOf are the rows of a source in the order in which the generator publishes
// them.
func readingsOf(source dataset.Source, cfg *config.Twin) whatif.Readings {
	info := source.Info()
	r := whatif.Readings{Start: info.Start, End: info.End}
	end := info.Start // of the hours with readings
	for _, m := range info.Meters {
		r.Meters = append(r.Meters, whatif.Meter{Name: m.Name, Group: cfg.Dataset.GroupOf(m.Name, m.Group), Last: m.Last})
		end = max(end, min(m.Last+1, info.End))
	}
	if cfg.Generator.Mode == "Replay" { // the generator's watermarks end the last hours
		r.Ended = func(int) meter.Hour { return end }
	}
	r.Blocks = func(yield func(whatif.Block, error) bool) {
		var rows []whatif.Row
		for block, err := range source.Rows(info.Start) {
			if err != nil {
				yield(whatif.Block{}, err)
				return
			}
			rows = rows[:0]
			for _, row := range block {
				rows = append(rows, whatif.Row{Meter: row.Meter, KWh: row.KWh})
			}
			if !yield(whatif.Block{Hour: block[0].Hour, Rows: rows}, nil) {
				return
			}
		}
	}
	return r
}

// openStored opens what a twin has stored. The base is each specification of it for
// as long as it held; the newest is that of the window and of the report.
func openStored(ctx context.Context, url string) (in *whatifInput, err error) {
	db, err := reader.Open(ctx, url, timescale.Options{AppName: "energytwin-whatif"})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	specs, err := reader.StoredSpecs(ctx, url)
	if err != nil {
		return nil, err
	}
	if len(specs) == 0 {
		return nil, errors.New("--database: no twin has stored readings there")
	}
	in = &whatifInput{close: db.Close}
	if in.base, err = config.ParseStored(specs[0]); err != nil {
		return nil, err
	}
	uses, err := in.readSent(ctx, db)
	if err != nil {
		return nil, err
	}
	if len(specs) > 1 || len(uses) > 0 {
		if err := in.readRevisions(ctx, db, uses); err != nil {
			return nil, err
		}
	}
	return in, in.readStored(ctx, db)
}

// readSent reads the series that were sent to the twin, and where each partition took them.
func (in *whatifInput) readSent(ctx context.Context, db *reader.DB) ([]reader.SeriesUse, error) {
	revisions, err := db.SeriesRevisions(ctx, 0)
	if err != nil || len(revisions) == 0 {
		return nil, err
	}
	in.sent = &twin.SeriesLog{}
	in.sent.Add(revisions)
	return db.SeriesUses(ctx)
}

// sentTo is the series that an alternative gets. It has the weather of the base, and what
// was sent of prices and of carbon intensities as far as its own are those of the base.
func (in *whatifInput) sentTo(other *config.Twin) *twin.SeriesLog {
	if in.sent == nil {
		return nil
	}
	names := []twin.SeriesName{twin.SeriesTemperature}
	own, base := other.Processor.Policy.Tariff, in.base.Processor.Policy.Tariff
	if reflect.DeepEqual(own.Carbon, base.Carbon) {
		names = append(names, twin.SeriesCarbon)
	}
	own.Carbon, base.Carbon = nil, nil
	if reflect.DeepEqual(own, base) {
		names = append(names, twin.SeriesPrice)
	} else {
		in.notes = append(in.notes, "note: the alternative has a tariff of its own; prices that were sent to the twin count for the base alone")
	}
	return in.sent.Only(names...)
}

// place is where in the stream of a partition something begins to hold.
type place struct {
	offset int64
	whatif.Revision
}

// readRevisions reads which specification, and which series, held where in the stream of
// each partition.
func (in *whatifInput) readRevisions(ctx context.Context, db *reader.DB, uses []reader.SeriesUse) error {
	specs, err := db.ReplaySpecs(ctx)
	if err != nil {
		return err
	}
	places := make([][]place, in.base.Kafka.Partitions)
	rules := map[string]*twin.Rules{} // by hash
	for _, s := range specs {
		r := rules[s.Hash]
		if r == nil {
			cfg, err := config.ParseStored(s.Document)
			if err != nil {
				return err
			}
			if r, err = rulesOfConfig(cfg); err != nil {
				return err
			}
			rules[s.Hash] = r
			if own := in.base.Processor.Policy.Tariff.Currency; r.Policy.Tariff.Currency != own {
				in.notes = append(in.notes, fmt.Sprintf("note: the tariff was in %s for a time; costs and savings are those of the time in %s", r.Policy.Tariff.Currency, own))
			}
		}
		if s.Partition >= len(places) {
			return fmt.Errorf("--database: spec_revisions has a partition %d, and the twin has %d", s.Partition, len(places))
		}
		places[s.Partition] = append(places[s.Partition], place{s.FromOffset, whatif.Revision{Rules: r, After: s.After, Watermark: meter.NoHour}})
	}
	for _, u := range uses {
		if u.Partition >= len(places) {
			return fmt.Errorf("--database: series_uses has a partition %d, and the twin has %d", u.Partition, len(places))
		}
		places[u.Partition] = append(places[u.Partition], place{u.FromOffset, whatif.Revision{Series: u.Revision, Watermark: u.Watermark}})
	}
	in.revisions = make([][]whatif.Revision, len(places))
	for p, of := range places {
		in.revisions[p] = inOrder(of)
	}
	return nil
}

// inOrder are the revisions of a partition by their offsets. Each names both what it changes
// and what goes on.
func inOrder(places []place) (out []whatif.Revision) {
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(a.offset, b.offset) })
	var last whatif.Revision
	for _, p := range places {
		next := p.Revision
		if next.Rules == nil {
			next.Rules = last.Rules
		}
		next.Series = max(next.Series, last.Series)
		last = next
		if next.Rules != nil { // a partition that has read nothing has no specification
			out = append(out, next)
		}
	}
	return out
}

// endedHours is the watermark that each partition has come to.
func endedHours(ctx context.Context, db *reader.DB) (func(partition int) meter.Hour, error) {
	progress, err := db.Progress(ctx)
	if err != nil {
		return nil, err
	}
	watermarks := map[int]meter.Hour{}
	for _, p := range progress {
		watermarks[p.Partition] = p.Watermark
	}
	return func(partition int) meter.Hour {
		if w, known := watermarks[partition]; known {
			return w
		}
		return meter.NoHour
	}, nil
}

func (in *whatifInput) readStored(ctx context.Context, db *reader.DB) error {
	meters, from, to, err := db.ReplayMeters(ctx)
	if err != nil {
		return err
	}
	if start := in.base.Dataset.Start; !start.IsZero() {
		first, end := meter.HoursWithin(start, time.Duration(in.base.Dataset.Span))
		from, to = min(from, first), max(to, min(end, to))
	}
	ended, err := endedHours(ctx, db)
	if err != nil {
		return err
	}
	place, byKey, tree := map[int32]int32{}, map[string]int{}, in.base.Processor.Policy.Tree()
	r := whatif.Readings{Start: from, End: to, Ended: ended}
	for i, m := range meters {
		place[m.MeterNo] = int32(i)
		byKey[meter.KeyOf(m.Name, tree.Root(m.Group))] = m.Partition
		r.Meters = append(r.Meters, whatif.Meter{Name: m.Name, Group: m.Group, Last: m.Last})
	}
	in.partitionOf = func(key string) int { return byKey[key] }
	r.Blocks = func(yield func(whatif.Block, error) bool) {
		b := whatif.Block{Hour: meter.NoHour}
		stopped := false
		err := db.Replay(ctx, from, to, func(no int32, h meter.Hour, kwh float32) bool {
			if h != b.Hour && len(b.Rows) > 0 {
				if stopped = !yield(b, nil); stopped {
					return false
				}
				b.Rows = b.Rows[:0]
			}
			b.Hour = h
			b.Rows = append(b.Rows, whatif.Row{Meter: place[no], KWh: kwh})
			return true
		})
		if stopped {
			return
		}
		if err == nil && len(b.Rows) > 0 {
			yield(b, nil)
			return
		}
		if err != nil {
			yield(whatif.Block{}, err)
		}
	}
	in.readings = r
	return nil
}
