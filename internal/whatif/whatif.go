// Package whatif replays a window of the past through the twin's core under other
// rules beside its own, and compares what both would have meant: cost, peak, hours
// above limits, plans and their savings.
package whatif

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// Meter is a meter of the replay.
type Meter struct {
	Name, Group string
	Last        meter.Hour // with a reading: a meter without one after the warm-up has no warm-up
}

// Row is the reading of a meter, given by its place in Readings.Meters.
type Row struct {
	Meter int32
	KWh   float32
}

// Readings are the readings of a window in the order in which the twin gets them.
type Readings struct {
	Meters     []Meter
	Start, End meter.Hour // of the window, End exclusive
	// Blocks yields the rows of each hour that has some, ascending. The slice is used
	// again for the next one. An error ends the stream.
	Blocks iter.Seq2[Block, error]

	// Ended is the hour before which all hours of a partition are over behind the last
	// reading, as no other follows; nil, or NoHour, where only a later reading ends one.
	Ended func(partition int) meter.Hour
}

// Block is the rows of an hour.
type Block struct {
	Hour meter.Hour
	Rows []Row
}

// Options say what is compared.
type Options struct {
	Base        *twin.Rules
	Alternative *twin.Rules // nil compares nothing: the report has the base alone

	// Revisions are the rules that the base had over time, by partition; nil for Base
	// throughout. The newest revision is Base: the report is in its currency, and costs
	// under a revision of another currency are left out.
	Revisions [][]Revision

	// Sent is the series that the revisions name, and AlternativeSent those of them that
	// the alternative takes at the same places; nil for none.
	Sent, AlternativeSent *twin.SeriesLog

	// Partitions is how many the twin has, and PartitionOf the one of a message key:
	// meters of one partition share event time.
	Partitions  int
	PartitionOf func(key string) int

	// From and To bound what is counted, To exclusive; NoHour for the window. Hours
	// before From are replayed, as forecasts rest on them.
	From, To meter.Hour

	// Progress receives how many hours of the window are done; it may be nil.
	Progress func(done, all int)
	// Decided is shown the decisions of a scenario as they are issued, those of one
	// partition in order; it may be nil. It keeps nothing of them, and is called from
	// several goroutines.
	Decided func(s Scenario, d []twin.Decision)
}

// Revision is rules and where in the stream of a partition they begin to hold: when both
// After and Watermark are reached. The first holds from the start.
type Revision struct {
	Rules     *twin.Rules // of the specification
	Series    int64       // revision of the series that were sent; 0 for none
	After     int64       // readings of the partition, warm-up included
	Watermark meter.Hour  // of the partition
}

// Scenario is one of the two that are compared.
type Scenario int

// The scenarios.
const (
	Base Scenario = iota
	Alternative
)

// ErrNoReadings means that the window holds no reading.
var ErrNoReadings = errors.New("no readings in the window")

// chunk is how many hours are read at a time: it bounds the memory that rows take.
const chunk = meter.HoursPerDay

// Run replays the readings and reports. Its memory is bounded by the meters, their
// groups and the length of the window, not by the number of readings. The figures do
// not depend on how many processors there are.
func Run(ctx context.Context, r Readings, o Options) (*Report, error) {
	if err := sameTrees(&r, &o); err != nil {
		return nil, err
	}
	e, err := newEngine(&r, &o)
	if err != nil {
		return nil, err
	}
	defer func() { _ = e.wait() }() // a failed run leaves no goroutine behind
	from := r.Start                 // of the chunk
	for b, err := range r.Blocks {
		if err != nil {
			return nil, err
		}
		if b.Hour >= e.o.To {
			break
		}
		if b.Hour >= from+chunk {
			if err := e.start(ctx, from, b.Hour); err != nil {
				return nil, err
			}
			from = b.Hour
		}
		e.add(b)
	}
	if err := e.start(ctx, from, e.o.To); err != nil {
		return nil, err
	}
	if err := e.wait(); err != nil {
		return nil, err
	}
	if !e.any {
		return nil, ErrNoReadings
	}
	return e.report(), nil
}

// engine runs both scenarios of all partitions.
type engine struct {
	readings *Readings
	o        *Options
	place    []int         // of each meter: its partition
	rows     [][]placedRow // of the chunk that is read, by partition
	runs     []*run        // by partition
	any      bool

	replayed [][]placedRow // of the chunk that is replayed meanwhile
	to       meter.Hour    // its end
	ended    chan error    // nil while none is
}

// placedRow is a row and its hour.
type placedRow struct {
	hour meter.Hour
	Row
}

func newEngine(r *Readings, o *Options) (*engine, error) {
	e := &engine{readings: r, o: o, place: make([]int, len(r.Meters)), rows: make([][]placedRow, o.Partitions), replayed: make([][]placedRow, o.Partitions)}
	if o.From == meter.NoHour {
		o.From = r.Start
	}
	if o.To == meter.NoHour {
		o.To = r.End
	}
	o.From, o.To = max(o.From, r.Start), min(o.To, r.End)
	tree := o.Base.Policy.Tree()
	for i, m := range r.Meters {
		e.place[i] = o.PartitionOf(meter.KeyOf(m.Name, tree.Root(m.Group)))
	}
	for p := range o.Partitions {
		if err := e.addRuns(p); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// addRuns adds the runs of a partition: one for both scenarios if they differ in the
// policy alone, else one for each.
func (e *engine) addRuns(partition int) error {
	revisions := []Revision{{Rules: e.o.Base, Watermark: meter.NoHour}}
	if of := e.o.Revisions; len(of) > 0 && len(of[partition]) > 0 {
		revisions = of[partition]
	}
	base, err := newRun(e, Base, partition, revisions)
	if err != nil {
		return err
	}
	e.runs = append(e.runs, base)
	other := e.o.Alternative
	switch {
	case other == nil:
		return nil
	case shareForecasts(revisions, other):
		return base.decideBeside(Alternative, other)
	}
	alternative, err := newRun(e, Alternative, partition, seriesOf(revisions, other))
	if err != nil {
		return err
	}
	e.runs = append(e.runs, alternative)
	return nil
}

// seriesOf are the revisions under which rules get the series that others get.
func seriesOf(revisions []Revision, r *twin.Rules) []Revision {
	out := []Revision{{Rules: r, Watermark: meter.NoHour}}
	for _, rev := range revisions {
		if rev.Series != out[len(out)-1].Series {
			out = append(out, Revision{Rules: r, Series: rev.Series, Watermark: rev.Watermark})
		}
	}
	return out
}

// shareForecasts reports whether rules share the forecasts of all revisions.
func shareForecasts(revisions []Revision, r *twin.Rules) bool {
	return !slices.ContainsFunc(revisions, func(rev Revision) bool { return !rev.Rules.SharesForecasts(r) })
}

// add takes the rows of an hour into the chunk.
func (e *engine) add(b Block) {
	for _, row := range b.Rows {
		p := e.place[row.Meter]
		e.rows[p] = append(e.rows[p], placedRow{b.Hour, row})
		e.any = true
	}
}

// start replays the chunk that was read, which ends before hour to, once the one
// before is through. The next one can be read meanwhile.
func (e *engine) start(ctx context.Context, from, to meter.Hour) error {
	if err := e.wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	e.rows, e.replayed = e.replayed, e.rows
	for p := range e.rows {
		e.rows[p] = e.rows[p][:0]
	}
	e.to, e.ended = to, make(chan error, 1)
	go func() { e.ended <- e.replay(from, to) }()
	return nil
}

// wait waits for the chunk that is replayed, if one is.
func (e *engine) wait() error {
	if e.ended == nil {
		return nil
	}
	err := <-e.ended
	e.ended = nil
	if err == nil && e.o.Progress != nil {
		e.o.Progress(int(e.to-e.readings.Start), int(e.o.To-e.readings.Start))
	}
	return err
}

// replay runs a chunk through all runs, on all processors.
func (e *engine) replay(from, to meter.Hour) error {
	var wg sync.WaitGroup
	var next atomic.Int64
	failed := make([]error, len(e.runs))
	for range min(len(e.runs), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(e.runs); i = int(next.Add(1)) - 1 {
				failed[i] = e.runs[i].replay(from, to, e.replayed[e.runs[i].number])
			}
		})
	}
	wg.Wait()
	return errors.Join(failed...)
}
