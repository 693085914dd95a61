package generator

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
)

// synthetic replaces the bench's dataset by made-up households.
func (b *bench) synthetic(meters int) {
	b.twin.Dataset = config.Dataset{Synthetic: &config.Synthetic{Meters: meters, Groups: meters / 20, Seed: 1, Year: 2019}}
	source, err := OpenDataset(context.Background(), b.twin, Reading{})
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = source.Close() })
	b.source, b.deps.Source = source, source
}

func rate(b *testing.B, readings int64) {
	b.ReportMetric(float64(readings)/b.Elapsed().Seconds(), "readings/s")
	b.ReportAllocs()
}

// BenchmarkEncode fills batches without sending them.
func BenchmarkEncode(b *testing.B) {
	bench := newBench(b, ModeReplay, 100, homes(1000, 100))
	g, err := newGenerator(bench.twin, bench.deps)
	require.NoError(b, err)
	p := newPublisher(g, position{from: make([]meter.Hour, partitions), marks: make([]meter.Hour, partitions)}, nil, unpaced{})
	var blocks []block
	for blk, err := range g.line.blocks(start) {
		require.NoError(b, err)
		blocks = append(blocks, block{hour: blk.hour, rows: append([]dataset.Row(nil), blk.rows...)})
	}
	g.batch = 1 << 30
	readings := int64(0)
	for b.Loop() {
		for _, blk := range blocks {
			require.NoError(b, p.add(context.Background(), blk))
			readings += int64(len(blk.rows))
		}
		for i := range p.lanes {
			p.lanes[i].filling.Reset()
		}
	}
	rate(b, readings)
}

// BenchmarkReplay publishes a dataset from a file to the in-process broker.
func BenchmarkReplay(b *testing.B) {
	bench := newBench(b, ModeReplay, 500, homes(1000, 500))
	ctx := context.Background()
	topic := stream.Topic{Name: bench.twin.Topic("readings"), Partitions: partitions, Replicas: 1}
	readings := int64(0)
	for b.Loop() {
		b.StopTimer()
		require.NoError(b, bench.deps.Stream.DeleteTopic(ctx, topic.Name))
		require.NoError(b, bench.deps.Stream.EnsureTopic(ctx, topic))
		b.StartTimer()
		require.NoError(b, Run(ctx, bench.twin, bench.deps))
		readings += bench.source.Info().Rows
	}
	rate(b, readings)
}

// BenchmarkWarmUp collects four weeks of history from made-up households.
func BenchmarkWarmUp(b *testing.B) {
	bench := newBench(b, ModeReplay, 100, homes(1, 100))
	bench.synthetic(1000)
	bench.twin.Generator.WarmUp = config.Duration(28 * 24 * time.Hour)
	for b.Loop() {
		g, err := newGenerator(bench.twin, bench.deps)
		require.NoError(b, err)
		_, err = g.warm.ensure(context.Background(), bench.deps.Redis)
		require.NoError(b, err)
		bench.redis.FlushAll()
	}
	rate(b, int64(b.N)*1000*28*24)
}
