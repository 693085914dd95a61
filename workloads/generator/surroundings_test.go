package generator

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
)

const (
	patience   = 3 * time.Minute
	partitions = 5
)

var start = meter.HourOf(time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC))

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// bench is a generator's surroundings: stores, a dataset and a configuration.
type bench struct {
	t      testing.TB
	twin   *config.Twin
	deps   Deps
	kafka  *kfake.Cluster
	redis  *miniredis.Miniredis
	source dataset.Source
}

// home is a meter of the test's dataset, with readings from hour first to
// hour last of it.
type home struct {
	name, group string
	first, last int
}

// homes are some that report all along, and some that do not.
func homes(n, hours int) []home {
	out := []home{
		{name: "late", first: hours / 2, last: hours - 1},
		{name: "gone in the warm-up", first: 0, last: 30},
		{name: "gone after it", first: 0, last: 60},
	}
	for i := range n {
		out = append(out, home{name: fmt.Sprintf("home %d", i), group: fmt.Sprintf("feeder %d", i%7), first: 0, last: hours - 1})
	}
	return out
}

func newBench(t testing.TB, mode string, hours int, homes []home) *bench {
	t.Helper()
	path := filepath.Join(t.TempDir(), "readings.csv")
	var csv strings.Builder
	csv.WriteString("meter_id,timestamp,kwh,feeder\n")
	for h := range hours {
		for i, m := range homes {
			if h >= m.first && h <= m.last && (h+i)%17 != 5 { // gaps, too
				fmt.Fprintf(&csv, "%s,%s,%.3f,%s\n", m.name, (start + meter.Hour(h)).Time().Format(time.RFC3339), float64(h*100+i)/1000, m.group)
			}
		}
	}
	require.NoError(t, os.WriteFile(path, []byte(csv.String()), 0o600))

	kafka, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(kafka.Close)
	redis := miniredis.RunT(t)
	b := &bench{t: t, kafka: kafka, redis: redis, twin: &config.Twin{
		Namespace: "ns", Name: "twin", Timezone: "UTC",
		Dataset: config.Dataset{
			Path: path, Layout: &layout.Document{
				Meter: &layout.Meter{Column: "meter_id", GroupColumn: "feeder"}, Time: &layout.Time{Columns: []string{"timestamp"}}, Values: []layout.Value{{Column: "kwh"}},
				Reading: layout.Interval, // the values only grow, and would count as states of a counter
			},
			Start: start.Time(), Span: config.Duration(time.Duration(hours) * time.Hour),
		},
		Generator: config.Generator{Mode: mode},
		Kafka:     config.Kafka{Brokers: kafka.ListenAddrs(), Partitions: partitions, Replicas: 1},
		Redis:     config.Redis{Address: redis.Addr()},
	}}
	client, err := stream.Connect(b.twin.Kafka)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	store, err := history.Connect(b.twin.Redis, b.twin.KeyPrefix())
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	require.NoError(t, client.EnsureTopic(testContext(t), stream.Topic{Name: b.twin.Topic("readings"), Partitions: partitions, Replicas: 1}))
	b.source, err = OpenDataset(testContext(t), b.twin, Reading{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.source.Close() })
	b.deps = Deps{Source: b.source, Stream: client, Redis: store}
	return b
}

func (b *bench) run(ctx context.Context) {
	b.t.Helper()
	require.NoError(b.t, Run(ctx, b.twin, b.deps))
}

// topic is the readings that the topic holds, by partition; all else must be watermarks.
func (b *bench) topic() [][]meter.Reading {
	b.t.Helper()
	return b.read(func(value []byte) { require.Fail(b.t, "not a reading", "%s", value) })
}

// read reads the topic, by partition. What is no reading goes to odd.
func (b *bench) read(odd func(value []byte)) [][]meter.Reading {
	b.t.Helper()
	ctx := testContext(b.t)
	logs, err := b.deps.Stream.Offsets(ctx, b.twin.Topic("readings"))
	require.NoError(b.t, err)
	out, tree := make([][]meter.Reading, len(logs)), b.twin.Processor.Policy.Tree()
	for p, log := range logs {
		r := b.deps.Stream.PartitionReader(b.twin.Topic("readings"), p, stream.ReaderOptions{})
		for next := log.Start; next < log.End; {
			batch, err := r.Fetch(ctx, next)
			require.NoError(b.t, err)
			for rec := (stream.Record{}); batch.Next(&rec); {
				var m meter.Message
				if meter.DecodeMessage(rec.Value, &m) != nil {
					if _, mark, _ := meter.DecodeWatermark(rec.Value); !mark {
						odd(rec.Value)
					}
					continue
				}
				require.Equal(b.t, string(rec.Key), meter.KeyOf(string(m.Meter), tree.Root(string(m.Group))))
				require.Equal(b.t, p, stream.Partition(rec.Key, partitions))
				out[p] = append(out[p], meter.Reading{Meter: string(m.Meter), Group: string(m.Group), Hour: m.Hour, KWh: m.KWh})
			}
			require.NoError(b.t, batch.Err())
			next = batch.NextOffset()
		}
	}
	return out
}

// withoutRepeats drops all but the first of equal readings.
func withoutRepeats(in [][]meter.Reading) [][]meter.Reading {
	out := make([][]meter.Reading, len(in))
	for p := range in {
		seen := map[meter.Reading]bool{}
		for _, r := range in[p] {
			if !seen[r] {
				seen[r] = true
				out[p] = append(out[p], r)
			}
		}
	}
	return out
}

// wanted is the dataset by partition, as far as keep keeps it.
func (b *bench) wanted(keep func(dataset.MeterInfo, meter.Hour) bool) [][]meter.Reading {
	b.t.Helper()
	info := b.source.Info()
	out, tree := make([][]meter.Reading, partitions), b.twin.Processor.Policy.Tree()
	for rows, err := range b.source.Rows(info.Start) {
		require.NoError(b.t, err)
		for _, row := range rows {
			m := info.Meters[row.Meter]
			r := meter.Reading{Meter: m.Name, Group: m.Group, Hour: row.Hour, KWh: row.KWh}
			if keep(m, row.Hour) {
				p := stream.Partition([]byte(meter.KeyOf(r.Meter, tree.Root(r.Group))), partitions)
				out[p] = append(out[p], r)
			}
		}
	}
	return out
}

func everything(dataset.MeterInfo, meter.Hour) bool { return true }

// takeAll plays processors that have taken all there is, until ctx ends.
func (b *bench) takeAll(ctx context.Context) {
	topic := b.twin.Topic("readings")
	group := b.deps.Stream.Group(b.twin.ConsumerGroup(), topic, b.slog())
	_ = group.Run(ctx, func(ctx context.Context, partition int) error {
		r := b.deps.Stream.PartitionReader(topic, partition, stream.ReaderOptions{})
		for next := int64(0); ctx.Err() == nil; {
			batch, err := r.Fetch(ctx, next)
			if err != nil {
				continue
			}
			for rec := (stream.Record{}); batch.Next(&rec); {
			}
			next = batch.NextOffset()
			group.CommitHint(partition, next)
		}
		return nil
	})
}
