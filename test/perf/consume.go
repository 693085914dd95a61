package main

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/stream"
)

const (
	// fetchBytes is the size of a fetch, that of the processor.
	fetchBytes = 2 << 20
	// countEvery is how often a process prints how many readings it has done.
	countEvery = 250 * time.Millisecond
)

// partitionRun reads one partition from its start to what its end was when the
// process began.
type partitionRun struct {
	reader *stream.PartitionReader
	log    stream.Offsets
	done   *atomic.Int64 // readings of all partitions
}

// fetchAll calls use with each batch; it returns how many readings it took.
func (r *partitionRun) fetchAll(ctx context.Context, use func(*stream.Batch) (int, error)) error {
	for next := r.log.Start; next < r.log.End; {
		batch, err := r.reader.Fetch(ctx, next)
		if err != nil {
			return err
		}
		n, err := use(batch)
		if err != nil {
			return err
		}
		r.done.Add(int64(n))
		next = batch.NextOffset()
	}
	return nil
}

// eachPartition runs f on all partitions of a topic at the same time, and
// prints how many readings are done.
func eachPartition(ctx context.Context, out io.Writer, brokers []string, topic string, f func(context.Context, *partitionRun) error) error {
	client, err := stream.Connect(config.Kafka{Brokers: brokers})
	if err != nil {
		return err
	}
	defer client.Close()
	logs, err := client.Offsets(ctx, topic)
	if err != nil {
		return err
	}
	var done atomic.Int64
	counted, stopCounting := context.WithCancel(ctx)
	defer stopCounting()
	go printCount(counted, out, &done)
	tasks, ctx := errgroup.WithContext(ctx)
	for p, log := range logs {
		tasks.Go(func() error {
			reader := client.PartitionReader(topic, p, stream.ReaderOptions{MaxBytes: fetchBytes})
			if err := f(ctx, &partitionRun{reader: reader, log: log, done: &done}); err != nil {
				return fmt.Errorf("partition %d: %w", p, err)
			}
			return nil
		})
	}
	if err := tasks.Wait(); err != nil {
		return err
	}
	stopCounting()
	fmt.Fprintln(out, done.Load())
	return nil
}

func printCount(ctx context.Context, out io.Writer, done *atomic.Int64) {
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			fmt.Fprintln(out, done.Load())
		}
	}
}

func newConsumeCommand() *cobra.Command {
	var brokers []string
	var topic string
	cmd := &cobra.Command{
		Use: "consume", Short: "Fetch a filled topic and drop it", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return eachPartition(cmd.Context(), cmd.OutOrStdout(), brokers, topic, func(ctx context.Context, r *partitionRun) error {
				return r.fetchAll(ctx, countRecords)
			})
		},
	}
	cmd.Flags().StringSliceVar(&brokers, "broker", nil, "Kafka broker")
	cmd.Flags().StringVar(&topic, "topic", "", "topic to read")
	return cmd
}

func countRecords(batch *stream.Batch) (int, error) {
	n := 0
	for rec := (stream.Record{}); batch.Next(&rec); {
		n++
	}
	return n, batch.Err()
}
