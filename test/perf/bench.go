package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// stage is a part of the way from the dataset to the database: our side first,
// then what it is compared with, the limit of its store.
type stage struct {
	name  string
	sides []side
}

// side is one of the things that a stage compares.
type side struct {
	name  string
	least func(*options) time.Duration // how long it is measured
	pass  func(ctx context.Context, b *bench, f *fixture, watch func(done int64)) (pass, error)
}

// pass is the result of one pass of a side. Passes are added up until they have
// taken long enough.
type pass struct {
	readings int64
	took     time.Duration
	bytes    int64         // sent to the store, where that shows more than readings
	cpu      time.Duration // that our side of it took, where it is a process of its own

	// Of the processor alone.
	memory memory
	relay  time.Duration // from the last commit until everything was announced
	counts counts
}

// errNotHere means that a side has no meaning for a size.
var errNotHere = errors.New("not measured for this size")

// stages in the order of the table.
func stages() []stage {
	whole, part := (*options).leastWhole, (*options).leastPart
	return []stage{
		{"generator", []side{{"generator", part, generatePass}, {"produce alone", part, producePass}}},
		{"decode", []side{{"decode", part, decodePass}, {"copy of the bytes", part, copyPass}}},
		{"window", []side{{"window update", part, windowPass}, {"store in memory", part, ringPass}}},
		{"redis", []side{{"checkpoints", part, checkpointPass}, {"pipelined HSET alone", part, pipelinePass}}},
		{"postgres", []side{{"commit", part, commitPass}, {"COPY alone", part, copyInPass}}},
		{endToEnd, []side{{"processor", whole, processorPass}, {"plain loader", whole, loaderPass}, {"consume alone", part, consumePass}}},
	}
}

const endToEnd = "end-to-end"

func stageNames() []string {
	var names []string
	for _, s := range stages() {
		names = append(names, s.name)
	}
	return names
}

// bench is one run of this program.
type bench struct {
	o        *options
	dir      string
	programs programs
	stores   *stores
	show     *display
	profiles int // written
}

func run(ctx context.Context, o *options, out io.Writer, errOut *os.File) (err error) {
	began, atStart := time.Now(), thisMachine()
	b := &bench{o: o, show: newDisplay(errOut)}
	remove, err := b.makeDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	b.show.say("building")
	if b.programs, err = build(ctx, b.dir); err != nil {
		return err
	}
	if b.stores, err = startStores(ctx, b.dir, b.show.say); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.stores.stop(context.WithoutCancel(ctx))) }()
	r := &report{options: b.o, Began: began.UTC(), Machine: atStart}
	if r.Stores, err = b.stores.versions(ctx); err != nil {
		return err
	}
	if err := b.measureAll(ctx, r, began); err != nil {
		return err
	}
	r.Seconds = time.Since(began).Seconds()
	return r.finish(out)
}

// makeDir makes the folder for the stores' data, and returns what deletes it.
func (b *bench) makeDir() (func() error, error) {
	if b.o.dir != "" {
		var err error
		if b.dir, err = filepath.Abs(b.o.dir); err != nil {
			return nil, err
		}
		return func() error { return nil }, os.MkdirAll(b.dir, 0o711)
	}
	dir, err := os.MkdirTemp("", "energytwin-perf-")
	if err != nil {
		return nil, err
	}
	b.dir = dir
	// PostgreSQL may run as another user and must be able to pass.
	return func() error { return os.RemoveAll(dir) }, os.Chmod(dir, 0o711)
}

// measureAll repeats all measurements, sizes and sides taking turns, so that
// whatever changes on the machine meets them alike.
func (b *bench) measureAll(ctx context.Context, r *report, began time.Time) error {
	var fixtures []*fixture
	for _, s := range b.o.sizes() {
		f, err := b.newFixture(ctx, s)
		if err != nil {
			return fmt.Errorf("fill the topic for %s: %w", s, err)
		}
		fixtures = append(fixtures, f)
	}
	for i := range b.o.repetitions {
		started := time.Now()
		for _, f := range fixtures {
			if err := b.repeat(ctx, r, f, i); err != nil {
				return err
			}
		}
		r.Repetitions = i + 1
		if took := time.Since(started); i+1 < b.o.repetitions && time.Since(began)+took > b.o.within {
			r.note("%d of %d repetitions: another one would not end within %s", i+1, b.o.repetitions, b.o.within)
			break
		}
	}
	return nil
}

// repeat measures every stage once. The last stage comes first: it leaves the
// checkpoints that another one writes.
func (b *bench) repeat(ctx context.Context, r *report, f *fixture, repetition int) error {
	for _, st := range slices.Backward(stages()) {
		if !b.o.wants(st.name) {
			continue
		}
		for _, sd := range st.sides {
			total, err := b.measure(ctx, f, sd, repetition)
			if errors.Is(err, errNotHere) {
				continue
			}
			if err != nil {
				return fmt.Errorf("%s, %s, repetition %d: %w", f.size, sd.name, repetition+1, err)
			}
			r.add(f.size, st.name, sd.name, total)
		}
	}
	return nil
}

// measure does passes until they have taken long enough.
func (b *bench) measure(ctx context.Context, f *fixture, sd side, repetition int) (pass, error) {
	var total pass
	label := fmt.Sprintf("%d/%d  %s  %s", repetition+1, b.o.repetitions, f.size, sd.name)
	for {
		line := b.show.begin(label, f.size.readings())
		p, err := sd.pass(ctx, b, f, line.set)
		if err != nil {
			line.drop()
			return total, err
		}
		if total.add(p); total.took >= sd.least(b.o) {
			line.end(total)
			return total, nil
		}
	}
}

func (p *pass) add(other pass) {
	p.readings += other.readings
	p.took += other.took
	p.bytes += other.bytes
	p.cpu += other.cpu
	p.memory, p.counts, p.relay = other.memory, other.counts, other.relay
}

func (p *pass) rate() float64 { return float64(p.readings) / p.took.Seconds() }

// forAtLeast calls round until some time has passed, and adds up the readings
// that it returns.
func forAtLeast(ctx context.Context, least time.Duration, watch func(int64), round func() (int64, error)) (pass, error) {
	var p pass
	for began := time.Now(); p.took < least; p.took = time.Since(began) {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		n, err := round()
		if err != nil {
			return p, err
		}
		p.readings += n
		watch(p.readings)
	}
	return p, nil
}
