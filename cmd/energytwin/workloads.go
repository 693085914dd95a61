package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime/debug"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/statusport"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/tracing"
	"github.com/energytwin/energytwin/workloads/api"
	"github.com/energytwin/energytwin/workloads/generator"
	"github.com/energytwin/energytwin/workloads/prepare"
	"github.com/energytwin/energytwin/workloads/processor"
)

// workloadCommand is a subcommand that runs one workload from the
// configuration document.
func workloadCommand(use, short string, run func(context.Context, *config.Twin) error) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			twin, err := config.Load(path)
			if err != nil {
				return err
			}
			return run(cmd.Context(), twin)
		},
	}
	cmd.Flags().StringVar(&path, "config", "/etc/energytwin/twin.yaml", "the twin's configuration document")
	return cmd
}

func newPrepareCommand() *cobra.Command {
	var message string
	cmd := workloadCommand("prepare", "Make topics and schema of a twin, then end", func(ctx context.Context, twin *config.Twin) error {
		err := prepare.Run(ctx, twin, slog.Default())
		if err == nil {
			err = prepare.Continues(ctx, twin)
		}
		return errors.Join(err, prepare.Report(message, err))
	})
	cmd.Flags().StringVar(&message, "termination-log", "/dev/termination-log", "file that takes why the preparation failed, if it exists")
	return cmd
}

func newGeneratorCommand() *cobra.Command {
	var untilDone bool
	cmd := workloadCommand("generator", "Publish a dataset to Kafka", func(ctx context.Context, twin *config.Twin) error {
		source, err := generator.OpenDataset(ctx, twin, generator.Reading{})
		if err != nil {
			return err
		}
		defer source.Close()
		logFindings(source.Info())
		s, err := connect(ctx, twin, withoutDatabase, nil)
		if err != nil {
			return err
		}
		defer s.close()
		var progress atomic.Pointer[generator.Progress]
		status := func() any { return progress.Load() }
		reg := statusport.NewRegistry()
		tracer, err := startTracing(ctx, twin, "generator", reg)
		if err != nil {
			return err
		}
		defer tracer.Close(ctx)
		return s.withStatus(ctx, twin, reg, status, func(ctx context.Context) error {
			err := generator.Run(ctx, twin, generator.Deps{
				Source: source, Stream: s.stream, Redis: s.redis, Registerer: reg, Tracer: tracer, Log: slog.Default(),
				Progress: func(now generator.Progress) { progress.Store(&now) },
			})
			if err == nil && !untilDone {
				// A process that ends would be started again by what keeps it running.
				<-ctx.Done()
			}
			return err
		})
	})
	cmd.Flags().BoolVar(&untilDone, "until-done", false, "end when a replay is through, instead of staying to be asked about it")
	return cmd
}

// logFindings logs what of a file is a guess, and what seems wrong.
func logFindings(info dataset.Info) {
	for _, e := range info.Guesses() {
		slog.Info("dataset", "what", e.What, "guess", e.Guess, "sure", e.Sure, "because", e.Because, "change", e.Change)
	}
	for _, w := range info.Warnings {
		slog.Warn("dataset: " + w)
	}
}

// processorGC is the garbage collector's target for a processor, as GOGC. Nearly
// all of its heap is windows, which live as long as the process and hold no
// pointers: collecting more often costs little and saves memory for each meter.
const processorGC = 30

func newProcessorCommand() *cobra.Command {
	return workloadCommand("processor", "Forecast, decide and store what Kafka brings", func(ctx context.Context, twin *config.Twin) error {
		if os.Getenv("GOGC") == "" {
			debug.SetGCPercent(processorGC)
		}
		reg := statusport.NewRegistry()
		tracer, err := startTracing(ctx, twin, "processor", reg)
		if err != nil {
			return err
		}
		defer tracer.Close(ctx)
		s, err := connect(ctx, twin, withDatabase, tracer)
		if err != nil {
			return err
		}
		defer s.close()
		p, err := processor.New(twin, processor.Stores{DB: s.db, Redis: s.redis, Stream: s.stream, Tracer: tracer}, reg, slog.Default())
		if err != nil {
			return err
		}
		return s.withStatus(ctx, twin, reg, func() any { return p.Status() }, p.Run)
	})
}

func newAPICommand() *cobra.Command {
	cmd := workloadCommand("api", "Serve the REST API and the UI", func(ctx context.Context, twin *config.Twin) error {
		url, err := twin.Database.ConnString()
		if err != nil {
			return err
		}
		deps := api.Deps{Version: version, Registry: statusport.NewRegistry()}
		if deps.Tracer, err = startTracing(ctx, twin, "api", deps.Registry); err != nil {
			return err
		}
		defer deps.Tracer.Close(ctx)
		deps.DB, err = reader.Open(ctx, url, timescale.Options{AppName: "energytwin-api", SlowQueries: api.SlowQueries(twin, nil), Tracer: deps.Tracer})
		if err != nil {
			return err
		}
		defer deps.DB.Close()
		if twin.TakesReadings() {
			if deps.Stream, err = stream.Connect(twin.Kafka); err != nil {
				return err
			}
			defer deps.Stream.Close()
		}
		if at, ok := twin.Redis.ForLive(); ok {
			live, err := history.ConnectLive(at, twin.KeyPrefix(), twin.Kafka.Partitions)
			if err != nil {
				return err
			}
			defer live.Close()
			deps.Live = live
			if twin.API.Webhooks.Enabled {
				hooked, err := history.ConnectLive(at, twin.KeyPrefix(), twin.Kafka.Partitions)
				if err != nil {
					return err
				}
				defer hooked.Close()
				deps.Hooked = hooked
			}
		}
		return api.Run(ctx, *twin, deps)
	})
	cmd.AddCommand(newAPIKeysCommand())
	return cmd
}

// startTracing is the tracer of a workload; nil where the twin has no collector.
func startTracing(ctx context.Context, twin *config.Twin, workload string, reg prometheus.Registerer) (*tracing.Tracer, error) {
	return tracing.Start(ctx, twin, tracing.Options{Workload: workload, Version: version, Registerer: reg})
}

// connections are a workload's connections to the stores.
type connections struct {
	db     *writer.DB
	redis  *history.Store
	stream *stream.Client
}

type needs bool

const (
	withDatabase    needs = true
	withoutDatabase needs = false
)

func connect(ctx context.Context, twin *config.Twin, n needs, tracer *tracing.Tracer) (c connections, err error) {
	if n == withDatabase {
		url, err := twin.Database.ConnString()
		if err != nil {
			return c, err
		}
		// Each partition may be committing, and the relay and maintenance run beside.
		opts := timescale.Options{AppName: "energytwin-processor", MaxConns: int32(twin.Kafka.Partitions) + 4, Tracer: tracer}
		if c.db, err = writer.Open(ctx, url, opts); err != nil {
			return c, err
		}
	}
	if c.redis, err = history.Connect(twin.Redis, twin.KeyPrefix()); err != nil {
		c.close()
		return c, err
	}
	c.redis.Trace(tracer)
	if c.stream, err = stream.Connect(twin.Kafka); err != nil {
		c.close()
	}
	return c, err
}

// withStatus runs a workload beside its status port, until the workload ends.
func (c connections) withStatus(ctx context.Context, twin *config.Twin, reg *prometheus.Registry, status func() any,
	run func(context.Context) error,
) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error {
		return statusport.Serve(ctx, twin.API.StatusListen, statusport.Options{Gatherer: reg, Ready: c.checks(), Status: status})
	})
	tasks.Go(func() error {
		defer stop()
		return run(ctx)
	})
	return tasks.Wait()
}

// checks are what a workload needs to do its work.
func (c connections) checks() []statusport.Check {
	checks := []statusport.Check{{Name: "kafka", Run: c.stream.Ping}, {Name: "redis", Run: c.redis.Ping}}
	if c.db != nil {
		checks = append(checks, statusport.Check{Name: "database", Run: c.db.Ping})
	}
	return checks
}

func (c connections) close() {
	if c.db != nil {
		c.db.Close()
	}
	if c.redis != nil {
		_ = c.redis.Close()
	}
	if c.stream != nil {
		c.stream.Close()
	}
}
