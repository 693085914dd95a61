// Package local runs a whole twin in one process, on stores that it starts
// itself or that the user names. The workloads are those that run in a
// cluster, and speak to the stores over their real protocols.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/statusport"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/tracing"
	"github.com/energytwin/energytwin/workloads/api"
	"github.com/energytwin/energytwin/workloads/bridge"
	"github.com/energytwin/energytwin/workloads/generator"
	"github.com/energytwin/energytwin/workloads/prepare"
	"github.com/energytwin/energytwin/workloads/processor"
)

// Options say which twin to run, and on what.
type Options struct {
	Twin    *v1.DigitalTwin // admitted, with its defaults
	Version string

	DataDir  string // keeps the stores' data; "" is a temporary folder
	Readings string // a file in place of the spec's dataset, with a window of its own; "" keeps that
	// Layout of Readings, in place of the spec's; what it leaves open, the file shows.
	Layout  *layout.Document
	Setting func(field string) string // how a person sets a field of the layout; nil names spec.dataset.layout

	// Files in place of the series that the spec takes from a cluster; "" where it
	// takes none.
	Prices, Carbon, Temperatures string

	// Files in place of the Secrets that spec.api.auth.oidc names; "" where it names none.
	OIDCSecret, OIDCCA string

	// Files in place of the Secrets that spec.monitoring.tracing names; "" where it names
	// none.
	TracingHeaders, TracingCA string

	// MQTTSecrets is a folder with files in place of the keys of the Secrets that
	// spec.ingest.mqtt names; "" where it names none.
	MQTTSecrets string

	Speed  *float64 // simulated seconds per second in place of the spec's; 0 is as fast as possible
	Listen string   // address of the API and the UI

	Kafka    string // broker to use instead of an embedded one
	Redis    string // address, likewise
	Database string // postgres:// URL, likewise

	PrintConnections bool
	UntilDone        bool   // end when the replay is through
	Summary          string // file for the summary of a replay that is through

	Out io.Writer // for people
	Log *slog.Logger
}

// Run runs the twin until ctx ends or, with UntilDone, until its replay is
// through. A twin on the same data folder continues where it stopped.
func Run(ctx context.Context, o Options) (err error) {
	if err := errors.Join(o.checkSeries(), o.checkOIDC(), o.checkTracing(), o.checkMQTT()); err != nil {
		return err
	}
	dir, err := openFolder(o.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.close()) }()
	say := func(text string) { fmt.Fprintln(o.Out, "  "+text) }
	fmt.Fprintf(o.Out, "EnergyTwin %s: twin %q\n", o.Version, o.Twin.Name)

	t, err := read(ctx, o, dir, say)
	if err != nil {
		return err
	}
	defer t.closeSource()
	if err := t.trace(ctx); err != nil {
		return err
	}
	defer t.endTraces(ctx)
	if t.stores, err = startStores(ctx, o, dir, say); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stores.stop(context.WithoutCancel(ctx))) }()
	defer t.disconnect()
	if err := t.connect(ctx, dir, say); err != nil {
		return err
	}
	if err := t.run(ctx); err != nil {
		return err
	}
	fmt.Fprintln(o.Out, "  Stopping the stores.")
	return nil
}

// twin is a local twin with its connections.
type twin struct {
	o        Options
	cfg      *config.Twin
	source   dataset.Source // nil if readings come from outside
	db       *writer.DB
	reader   *reader.DB // of the API
	redis    *history.Store
	stream   *stream.Client
	listener net.Listener
	apiKey   string
	stores   *stores
	before   int64 // readings stored by earlier runs

	registry *prometheus.Registry
	tracers  tracers // all nil where the twin has no collector
}

// tracers are those of the workloads.
type tracers struct{ generator, processor, api *tracing.Tracer }

// trace makes the tracers.
func (t *twin) trace(ctx context.Context) (err error) {
	t.registry = statusport.NewRegistry()
	for workload, to := range map[string]**tracing.Tracer{"generator": &t.tracers.generator, "processor": &t.tracers.processor, "api": &t.tracers.api} {
		if *to, err = tracing.Start(ctx, t.cfg, tracing.Options{Workload: workload, Version: t.o.Version, Registerer: t.registry, Log: t.o.Log}); err != nil {
			return err
		}
	}
	return nil
}

// endTraces sends what has not been sent.
func (t *twin) endTraces(ctx context.Context) {
	for _, of := range []*tracing.Tracer{t.tracers.generator, t.tracers.processor, t.tracers.api} {
		of.Close(ctx)
	}
}

// read configures the twin and reads its dataset. A file that cannot be read is
// reported before any store is started.
func read(ctx context.Context, o Options, dir folder, say func(string)) (*twin, error) {
	keys, err := dir.secrets()
	if err != nil {
		return nil, err
	}
	t := &twin{o: o, apiKey: keys.apiKey}
	if t.cfg, err = configure(o, keys); err != nil {
		return nil, err
	}
	t.source, err = openDataset(ctx, o, t.cfg, dir, say)
	return t, err
}

// connect prepares the stores and connects to them.
func (t *twin) connect(ctx context.Context, dir folder, say func(string)) (err error) {
	if t.listener, err = listen(ctx, t.o.Listen, say); err != nil {
		return err
	}
	if err = locate(t.cfg, t.stores, dir, t.listener.Addr().String()); err != nil {
		return err
	}
	if err = prepare.Run(ctx, t.cfg, t.o.Log); err != nil {
		return err
	}
	if t.db, err = writer.Open(ctx, t.stores.database, timescale.Options{MaxConns: poolSize(t.cfg), Tracer: t.tracers.processor}); err != nil {
		return err
	}
	if t.reader, err = reader.Open(ctx, t.stores.database, timescale.Options{AppName: "energytwin-api", SlowQueries: api.SlowQueries(t.cfg, t.o.Log.With("workload", "api")), Tracer: t.tracers.api}); err != nil {
		return err
	}
	if t.redis, err = history.Connect(t.cfg.Redis, t.cfg.KeyPrefix()); err != nil {
		return err
	}
	t.redis.Trace(t.tracers.processor)
	t.stream, err = stream.Connect(t.cfg.Kafka)
	return err
}

// poolSize gives each partition a connection, and the relay and maintenance some.
func poolSize(cfg *config.Twin) int32 { return int32(cfg.Kafka.Partitions) + 4 }

func (t *twin) closeSource() {
	if t.source != nil {
		_ = t.source.Close()
	}
}

func (t *twin) disconnect() {
	if t.reader != nil {
		t.reader.Close()
	}
	if t.db != nil {
		t.db.Close()
	}
	if t.redis != nil {
		_ = t.redis.Close()
	}
	if t.stream != nil {
		t.stream.Close()
	}
	if t.listener != nil {
		_ = t.listener.Close()
	}
}

// run runs the workloads until the end.
func (t *twin) run(ctx context.Context) error {
	reg := t.registry
	proc, err := processor.New(t.cfg, processor.Stores{DB: t.db, Redis: t.redis, Stream: t.stream, Tracer: t.tracers.processor}, reg, t.o.Log.With("workload", "processor"))
	if err != nil {
		return err
	}
	takeMessages, err := t.bridge(reg)
	if err != nil {
		return err
	}
	totals, err := t.db.Summary(ctx)
	if err != nil {
		return err
	}
	t.before = totals.Totals.Stored
	t.announce()
	started := time.Now()
	// The replay's end ends all workloads, without being an error.
	ctx, done := context.WithCancelCause(ctx)
	defer done(nil)
	tasks, taskCtx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return proc.Run(taskCtx) })
	tasks.Go(func() error { return takeMessages(taskCtx) })
	tasks.Go(func() error { return t.serve(taskCtx, reg) })
	tasks.Go(func() error { return t.showProgress(taskCtx) })
	tasks.Go(func() error {
		if err := t.generate(taskCtx, reg); err != nil || !t.o.UntilDone {
			return err
		}
		if err := t.waitForProcessor(taskCtx); err != nil {
			return err
		}
		if err := proc.SettlePast(taskCtx); err != nil {
			return err
		}
		if err := proc.ForecastPast(taskCtx); err != nil {
			return err
		}
		done(errReplayed)
		return nil
	})
	err = tasks.Wait()
	if errors.Is(context.Cause(ctx), errReplayed) {
		return t.summarise(context.WithoutCancel(ctx), time.Since(started))
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// errReplayed is why everything ends once a replay is through.
var errReplayed = errors.New("the replay is through")

func (t *twin) generate(ctx context.Context, reg prometheus.Registerer) error {
	if t.source == nil {
		<-ctx.Done()
		return nil
	}
	return generator.Run(ctx, t.cfg, generator.Deps{
		Source: t.source, Stream: t.stream, Redis: t.redis, Registerer: reg, Tracer: t.tracers.generator, Log: t.o.Log.With("workload", "generator"),
	})
}

// bridge makes what takes messages of MQTT; nothing where the spec names no broker.
func (t *twin) bridge(reg prometheus.Registerer) (run func(context.Context) error, err error) {
	if t.cfg.Ingest.MQTT == nil {
		return func(context.Context) error { return nil }, nil
	}
	b, err := bridge.New(t.cfg, t.stream, reg, t.o.Log.With("workload", "bridge"))
	if err != nil {
		return nil, err
	}
	return b.Run, nil
}

func (t *twin) serve(ctx context.Context, reg *prometheus.Registry) error {
	live, err := history.ConnectLive(t.cfg.Redis, t.cfg.KeyPrefix(), t.cfg.Kafka.Partitions)
	if err != nil {
		return err
	}
	defer live.Close()
	hooked, err := history.ConnectLive(t.cfg.Redis, t.cfg.KeyPrefix(), t.cfg.Kafka.Partitions) // connects when it is first asked
	if err != nil {
		return err
	}
	defer hooked.Close()
	return api.Run(ctx, *t.cfg, api.Deps{
		Live: live, Hooked: hooked, DB: t.reader, Stream: t.stream, Version: t.o.Version, Log: t.o.Log.With("workload", "api"), Registry: reg, Listener: t.listener, Tracer: t.tracers.api,
	})
}

// caughtUpEvery is how often the end of a replay is looked for.
const caughtUpEvery = 200 * time.Millisecond

// waitForProcessor returns when every published reading is in the database.
func (t *twin) waitForProcessor(ctx context.Context) error {
	tick := time.NewTicker(caughtUpEvery)
	defer tick.Stop()
	for {
		logs, err := t.stream.Offsets(ctx, t.cfg.Topic("readings"))
		if err == nil {
			var progress []timescale.PartitionProgress
			if progress, err = t.db.Progress(ctx); err == nil && caughtUp(logs, progress) {
				return nil
			}
		}
		if err != nil && ctx.Err() == nil {
			t.o.Log.Warn("it is not known yet whether the replay is over", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func caughtUp(logs []stream.Offsets, progress []timescale.PartitionProgress) bool {
	next := make(map[int]int64, len(progress))
	for _, p := range progress {
		next[p.Partition] = p.NextOffset
	}
	for partition, log := range logs {
		if next[partition] < log.End {
			return false
		}
	}
	return true
}

// showProgress keeps the line that reports how far the twin has come.
func (t *twin) showProgress(ctx context.Context) error {
	zone, err := time.LoadLocation(t.cfg.Timezone)
	if err != nil {
		return err
	}
	var total int64
	if t.source != nil && t.cfg.Generator.Mode == "Replay" {
		info := t.source.Info()
		total = info.Rows
	}
	line := newLine(t.o.Out, zone, total)
	defer line.end()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		totals, err := t.db.Summary(ctx)
		if err == nil {
			line.show(totals, time.Now())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
