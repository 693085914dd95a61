package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"runtime/pprof"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/workloads/generator"
	"github.com/energytwin/energytwin/workloads/processor"
)

// newGenerateCommand runs the real generator on the first days of the twin's
// dataset.
func newGenerateCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "generate", Short: "Publish the first days of a twin's dataset", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			twin, err := config.Load(path)
			if err != nil {
				return err
			}
			source, err := generator.OpenDataset(ctx, twin, generator.Reading{})
			if err != nil {
				return err
			}
			defer source.Close()
			client, err := stream.Connect(twin.Kafka)
			if err != nil {
				return err
			}
			defer client.Close()
			redis, err := history.Connect(twin.Redis, twin.KeyPrefix())
			if err != nil {
				return err
			}
			defer redis.Close()
			hours := meter.Hour(twin.Dataset.Span.Hours())
			return generator.Run(ctx, twin, generator.Deps{
				Source: firstHours{Source: source, end: source.Info().Start + hours}, Stream: client, Redis: redis, Log: slog.Default(),
				Progress: func(p generator.Progress) { fmt.Fprintln(cmd.OutOrStdout(), p.Published) },
			})
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "the twin's configuration document")
	return cmd
}

// firstHours is a dataset up to an hour.
type firstHours struct {
	dataset.Source
	end meter.Hour // exclusive
}

func (f firstHours) Info() dataset.Info {
	info := f.Source.Info()
	info.End, info.Rows = f.end, 0
	info.Meters = slices.Clone(info.Meters)
	for i := range info.Meters {
		m := &info.Meters[i]
		m.Last, m.Rows = f.end-1, int64(f.end-info.Start)
		info.Rows += m.Rows
	}
	return info
}

func (f firstHours) Rows(from meter.Hour) iter.Seq2[[]dataset.Row, error] {
	return func(yield func([]dataset.Row, error) bool) {
		for rows, err := range f.Source.Rows(from) {
			if err == nil && rows[0].Hour >= f.end || !yield(rows, err) {
				return
			}
		}
	}
}

// newProcessCommand runs the real processor under the CPU profiler, until it is
// asked to end.
func newProcessCommand() *cobra.Command {
	var path, profile string
	cmd := &cobra.Command{
		Use: "process", Short: "Run a twin's processor under the CPU profiler", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			twin, err := config.Load(path)
			if err != nil {
				return err
			}
			file, err := os.Create(profile)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, file.Close()) }()
			if err := pprof.StartCPUProfile(file); err != nil {
				return err
			}
			defer pprof.StopCPUProfile()
			return processUntilDone(cmd.Context(), twin)
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "the twin's configuration document")
	cmd.Flags().StringVar(&profile, "cpuprofile", "", "file for the profile")
	return cmd
}

func processUntilDone(ctx context.Context, twin *config.Twin) error {
	url, err := twin.Database.ConnString()
	if err != nil {
		return err
	}
	var s processor.Stores
	if s.DB, err = writer.Open(ctx, url, timescale.Options{MaxConns: int32(twin.Kafka.Partitions) + 4}); err != nil {
		return err
	}
	defer s.DB.Close()
	if s.Redis, err = history.Connect(twin.Redis, twin.KeyPrefix()); err != nil {
		return err
	}
	defer s.Redis.Close()
	if s.Stream, err = stream.Connect(twin.Kafka); err != nil {
		return err
	}
	defer s.Stream.Close()
	p, err := processor.New(twin, s, prometheus.NewRegistry(), slog.Default())
	if err != nil {
		return err
	}
	return p.Run(ctx)
}
