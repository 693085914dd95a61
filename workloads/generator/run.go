// Package generator publishes a dataset to Kafka as if its meters were being
// read: once, again and again, or in step with the clock. It can be killed at
// any moment; it then goes on where the topic ends.
package generator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/tracing"
)

// The modes of a generator.
const (
	ModeReplay = "Replay" // the dataset once, at its own dates
	ModeLoop   = "Loop"   // again and again, dates going on
	ModeLive   = "Live"   // every hour when the clock has passed it, with the dataset shifted to today
	ModeOff    = "Off"    // readings come from elsewhere
)

// Deps are what a generator works with. The caller owns and closes them.
type Deps struct {
	Source     dataset.Source
	Stream     *stream.Client
	Redis      *history.Store
	Registerer prometheus.Registerer // nil registers no metrics
	Tracer     *tracing.Tracer       // of what is sent together; nil: it is not traced
	Log        *slog.Logger
	Progress   func(Progress) // called about twice a second, and at the end; may be nil

	clock      clock // the wall clock if nil
	batchBytes int   // size at which a batch is sent; 0 is stream.BatchBytes
}

// generator is the state that outlives an attempt at publishing.
type generator struct {
	twin     *config.Twin
	stream   *stream.Client
	redis    *history.Store
	topic    string
	log      *slog.Logger
	tracer   *tracing.Tracer
	clock    clock
	progress *meterOfProgress
	batch    int // bytes

	line    timeline
	first   meter.Hour // to be published
	warm    warmUp
	routes  []route               // by meter
	shares  []share               // by partition
	report  *config.DatasetReport // nil for made-up households
	indexOf map[string]int32

	recreated bool       // the topic is another one than before: what it holds is no measure
	front     meter.Hour // greatest hour known to be published, NoHour if none is
	saved     time.Time  // when it was last written to Redis
}

// route is what it takes to publish a meter's reading.
type route struct {
	meter, group string
	key          []byte
	partition    int
}

// fatal marks an error that trying again does not fix.
type fatal struct{ error }

func (f fatal) Unwrap() error { return f.error }

// retryAfter is the pause before publishing begins again after an error.
const retryAfter = time.Second

// Run publishes the twin's dataset as its configuration asks. Stores that
// fail are waited for. It returns nil when ctx ends, and in mode Replay when
// everything is published; with a warm-up it stays until the processors have
// taken everything too, because until then it may have to write it again.
func Run(ctx context.Context, twin *config.Twin, deps Deps) error {
	if twin.Generator.Mode == ModeOff {
		<-ctx.Done()
		return nil
	}
	g, err := newGenerator(twin, deps)
	if err != nil {
		return err
	}
	err = g.run(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func newGenerator(twin *config.Twin, deps Deps) (*generator, error) {
	info := deps.Source.Info()
	g := &generator{
		twin: twin, stream: deps.Stream, redis: deps.Redis, topic: twin.Topic("readings"),
		log: deps.Log, tracer: deps.Tracer, clock: deps.clock, report: reportOf(&info), front: meter.NoHour, batch: cmp.Or(deps.batchBytes, stream.BatchBytes), indexOf: make(map[string]int32, len(info.Meters)),
	}
	if g.clock == nil {
		g.clock = wallClock{}
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	switch twin.Generator.Mode {
	case ModeReplay:
		g.line = once(deps.Source)
	case ModeLoop, ModeLive:
		g.line = repeated(deps.Source)
	default:
		return nil, fmt.Errorf("generator mode %q: use %s, %s, %s or %s", twin.Generator.Mode, ModeReplay, ModeLoop, ModeLive, ModeOff)
	}
	tree := twin.Processor.Policy.Tree()
	for i, m := range info.Meters {
		r := route{meter: m.Name, group: twin.Dataset.GroupOf(m.Name, m.Group)}
		r.key = []byte(meter.KeyOf(r.meter, tree.Root(r.group)))
		r.partition = stream.Partition(r.key, twin.Kafka.Partitions)
		g.routes = append(g.routes, r)
		g.indexOf[m.Name] = int32(i)
	}
	id, err := datasetID(twin, info.SHA256)
	if err != nil {
		return nil, err
	}
	g.warm = warmUp{timeline: g.line, meters: make([]bool, len(info.Meters)), dataset: id}
	if twin.Generator.Mode != ModeLive {
		g.placeAtStart(info)
	}
	g.progress = newProgress(g.outlook(info), deps.Progress, g.clock, deps.Registerer)
	return g, nil
}

// placeAtStart puts the warm-up at the start of the dataset.
func (g *generator) placeAtStart(info dataset.Info) {
	g.first = info.Start
	g.warm.from, g.warm.to = info.Start, info.Start+meter.Hour(g.twin.Generator.WarmUp.Hours())
	for i, m := range info.Meters {
		g.warm.meters[i] = m.Rows > 0 && m.Last >= g.warm.to
	}
}

// placeBeforeNow puts the warm-up before the first hour that is, or was,
// published live: the last one that is over.
func (g *generator) placeBeforeNow(ctx context.Context) error {
	first, err := g.earliest(ctx)
	if err != nil {
		return err
	}
	if first == meter.NoHour {
		// Of a topic that was recreated the processors may not have read all: it is
		// filled from the first live hour, which the warm-up that was written ends at.
		if first, err = g.warmedUpTo(ctx); err != nil {
			return err
		}
	}
	if first == meter.NoHour {
		if first = meter.HourOf(g.clock.Now()) - 1; g.publishedBefore(ctx) != meter.NoHour {
			first = min(first, g.front+1) // the topic was recreated: the hours since are lacking
		}
	}
	g.first = first
	g.warm.from, g.warm.to = first-meter.Hour(g.twin.Generator.WarmUp.Hours()), first
	for i := range g.warm.meters {
		g.warm.meters[i] = true
	}
	return nil
}

// warmedUpTo is the end of the warm-up of this dataset in Redis, NoHour if there is
// none.
func (g *generator) warmedUpTo(ctx context.Context) (meter.Hour, error) {
	marker, err := g.redis.WarmUpMarker(ctx)
	if errors.Is(err, history.ErrNoWarmUp) || err == nil && marker.Dataset != g.warm.dataset {
		return meter.NoHour, nil
	}
	return marker.To, err
}

// outlook is the progress before anything is done.
func (g *generator) outlook(info dataset.Info) Progress {
	p := Progress{Mode: g.twin.Generator.Mode, Phase: PhaseStarting, Hour: meter.NoHour, Total: g.total(info)}
	if g.report != nil {
		p.Dataset = &g.report.DatasetFigures
	}
	if p.Mode == ModeReplay {
		p.Start, p.End = info.Start.Time(), info.End.Time()
	}
	return p
}

// total is the number of readings that a replay publishes, 0 in other modes.
// Only rows in the warm-up are not known without reading them.
func (g *generator) total(info dataset.Info) int64 {
	if g.twin.Generator.Mode != ModeReplay {
		return 0
	}
	total := info.Rows
	for b, err := range g.line.blocks(g.warm.from) {
		if err != nil || b.hour >= g.warm.to {
			break
		}
		for _, row := range b.rows {
			if g.warm.meters[row.Meter] {
				total--
			}
		}
	}
	return total
}

func (g *generator) run(ctx context.Context) error {
	if g.twin.Generator.Mode == ModeLive {
		if err := g.retry(ctx, g.placeBeforeNow); err != nil {
			return err
		}
	}
	// No message may be taken before its meter's warm-up is there.
	if err := g.retry(ctx, g.ensureInRedis); err != nil {
		return err
	}
	ctx, done := context.WithCancel(ctx)
	defer done()
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return g.guardRedis(ctx) })
	tasks.Go(func() error {
		defer done()
		if err := g.retry(ctx, g.publish); err != nil || !g.warm.some() {
			return err
		}
		return g.retry(ctx, g.waitForProcessors)
	})
	return tasks.Wait()
}

// retry calls f until it succeeds, ctx ends, or the error is fatal.
func (g *generator) retry(ctx context.Context, f func(context.Context) error) error {
	for {
		err := f(ctx)
		var hopeless fatal
		switch {
		case err == nil:
			return nil
		case errors.As(err, &hopeless):
			return hopeless.error
		case ctx.Err() != nil:
			return ctx.Err()
		}
		g.log.Warn("publishing is interrupted and begins again", "error", err)
		g.progress.retries.Inc()
		if err := g.clock.Sleep(ctx, retryAfter); err != nil {
			return err
		}
	}
}

// publish finds where the topic ends and goes on from there.
func (g *generator) publish(ctx context.Context) error {
	g.shareOut()
	pos, err := g.resume(ctx)
	if err != nil {
		return err
	}
	g.front = pos.front
	begin := pos.begin()
	if begin == endOfTime && g.line.period > 0 {
		return fatal{errEmpty}
	}
	pr := &pressure{
		client: g.stream, topic: g.topic, group: g.twin.ConsumerGroup(),
		maxLag: g.twin.Generator.MaxLag, clock: g.clock, show: g.progress,
	}
	if err := pr.begin(ctx); err != nil {
		return err
	}
	if begin < endOfTime {
		g.log.Info("publishing", "mode", g.twin.Generator.Mode, "from", begin.String(), "published_before", pos.front.String())
		g.progress.phase(PhasePublishing)
	}
	if err := newPublisher(g, pos, pr, g.newPace(pos.front)).run(ctx, begin); err != nil {
		g.recreated = g.recreated || errors.Is(err, errRecreated)
		return err
	}
	g.log.Info("everything is published", "readings", g.progress.current().Published)
	g.progress.phase(PhaseDone)
	return nil
}

// newPace paces the hours after front. Those up to it were due before.
func (g *generator) newPace(front meter.Hour) pace {
	switch {
	case g.twin.Generator.Mode == ModeLive:
		return wallPaced{}
	case g.twin.Generator.Speed > 0:
		return &simulated{clock: g.clock, speed: g.twin.Generator.Speed, front: front}
	default:
		return unpaced{}
	}
}

// waitForProcessors returns when they have taken all messages.
func (g *generator) waitForProcessors(ctx context.Context) error {
	pr := &pressure{client: g.stream, topic: g.topic, group: g.twin.ConsumerGroup(), clock: g.clock, show: g.progress}
	if err := pr.begin(ctx); err != nil {
		return err
	}
	defer g.progress.phase(PhaseDone)
	_, err := pr.waitFor(ctx, 0)
	return err
}

// ensureInRedis writes what processors take from Redis, unless it is there.
func (g *generator) ensureInRedis(ctx context.Context) error {
	if g.warm.some() {
		if err := g.ensureWarmUp(ctx); err != nil {
			return err
		}
	}
	return g.ensureReport(ctx)
}

func (g *generator) ensureWarmUp(ctx context.Context) error {
	written, err := g.warm.ensure(ctx, g.redis)
	if err != nil {
		return err
	}
	if written {
		g.progress.warmUpSet.Inc()
		g.log.Info("warm-up written", "from", g.warm.from.String(), "to", g.warm.to.String())
	}
	return nil
}

// guardRedis writes what processors take from Redis again whenever it is missing.
func (g *generator) guardRedis(ctx context.Context) error {
	for {
		if err := g.clock.Sleep(ctx, redisCheck); err != nil {
			return nil
		}
		if err := g.ensureInRedis(ctx); err != nil && ctx.Err() == nil {
			g.log.Warn("warm-up and report not checked", "error", err)
		}
	}
}
