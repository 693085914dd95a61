package generator

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
)

const (
	patience   = time.Minute
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
			Path: path, Format: "Long", Columns: config.Columns{Meter: "meter_id", Time: "timestamp", Value: "kwh", Group: "feeder"},
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

// topic is what the topic holds, by partition.
func (b *bench) topic() [][]meter.Reading {
	b.t.Helper()
	ctx := testContext(b.t)
	logs, err := b.deps.Stream.Offsets(ctx, b.twin.Topic("readings"))
	require.NoError(b.t, err)
	out := make([][]meter.Reading, len(logs))
	for p, log := range logs {
		r := b.deps.Stream.PartitionReader(b.twin.Topic("readings"), p, stream.ReaderOptions{})
		for next := log.Start; next < log.End; {
			batch, err := r.Fetch(ctx, next)
			require.NoError(b.t, err)
			for rec := (stream.Record{}); batch.Next(&rec); {
				var m meter.Message
				require.NoError(b.t, meter.DecodeMessage(rec.Value, &m))
				require.Equal(b.t, string(rec.Key), string(m.Key()))
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
	out := make([][]meter.Reading, partitions)
	for rows, err := range b.source.Rows(info.Start) {
		require.NoError(b.t, err)
		for _, row := range rows {
			m := info.Meters[row.Meter]
			r := meter.Reading{Meter: m.Name, Group: m.Group, Hour: row.Hour, KWh: row.KWh}
			if keep(m, row.Hour) {
				p := stream.Partition([]byte(r.Key()), partitions)
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

func TestReplayPublishesTheDataset(t *testing.T) {
	b := newBench(t, ModeReplay, 400, homes(20, 400))
	var last Progress
	b.deps.Progress = func(p Progress) { last = p }
	b.deps.Registerer = prometheus.NewRegistry()
	b.run(testContext(t))
	require.Equal(t, b.wanted(everything), b.topic())
	require.Equal(t, PhaseDone, last.Phase)
	require.Equal(t, b.source.Info().Rows, last.Published)
	require.Equal(t, last.Total, last.Published)
	require.Equal(t, start+399, last.Hour)

	b.deps.Registerer = nil
	b.run(testContext(t))
	require.Equal(t, b.wanted(everything), withoutRepeats(b.topic()), "a second run repeats the last hour only")
	require.Less(t, last.Published, int64(40))
}

func TestKilledAnywhereItLosesNothing(t *testing.T) {
	b := newBench(t, ModeReplay, 1200, homes(40, 1200))
	want := b.wanted(everything)
	b.deps.batchBytes, b.deps.clock = 20_000, &tickingClock{}
	for kills := 0; ; kills++ {
		ctx, cancel := context.WithCancel(testContext(t))
		var ended Progress
		var requests atomic.Int64
		// A while after the start a connection breaks, later the process is
		// killed, with requests under way.
		breakAt := int64(5 + 3*(kills%4))
		b.kafka.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
			b.kafka.KeepControl()
			switch requests.Add(1) {
			case breakAt:
				return nil, errors.New("the connection breaks"), true
			case 5 * breakAt:
				cancel()
			}
			return nil, nil, false
		})
		b.deps.Progress = func(p Progress) { ended = p }
		require.NoError(t, Run(ctx, b.twin, b.deps))
		cancel()
		got := withoutRepeats(b.topic())
		for p := range got {
			require.LessOrEqual(t, len(got[p]), len(want[p]))
			require.Equal(t, want[p][:len(got[p])], got[p], "partition %d after %d kills", p, kills)
		}
		if ended.Phase == PhaseDone {
			require.Equal(t, want, got)
			require.Greater(t, kills, 10, "the test must have killed it")
			return
		}
	}
}

func TestOthersInTheTopicDoNotMislead(t *testing.T) {
	b := newBench(t, ModeReplay, 300, homes(10, 300))
	ctx, cancel := context.WithCancel(testContext(t))
	b.twin.Generator.Speed = 3600 * 100
	b.deps.clock = &fakeClock{now: start.Time(), until: start.Time().Add(time.Second), stop: cancel}
	b.run(ctx)
	half := b.topic()
	require.NotEqual(t, b.wanted(everything), half)

	foreign, err := b.deps.Stream.Producer(testContext(t), b.twin.Topic("readings"))
	require.NoError(t, err)
	future := meter.Reading{Meter: "home 3", Group: "feeder 3", Hour: start + 299, KWh: 9999}
	foreign.Append([]byte(future.Key()), meter.AppendMessage(nil, future))
	foreign.Append([]byte("feeder 1"), []byte("no JSON at all"))
	require.NoError(t, foreign.Flush(testContext(t)))

	b.twin.Generator.Speed, b.deps.clock = 0, nil
	b.run(testContext(t))
	got := make([][]meter.Reading, partitions)
	for p, readings := range withoutRepeats(readable(b)) {
		for _, r := range readings {
			if r != future {
				got[p] = append(got[p], r)
			}
		}
	}
	require.Equal(t, b.wanted(everything), got)
}

func TestWarmUpIsWrittenNotPublished(t *testing.T) {
	const warm = 48
	b := newBench(t, ModeReplay, 400, homes(10, 400))
	b.twin.Generator.WarmUp = config.Duration(warm * time.Hour)
	ctx, cancel := context.WithCancel(testContext(t))
	var processors sync.WaitGroup
	processors.Go(func() { b.takeAll(ctx) })
	var last Progress
	b.deps.Progress = func(p Progress) { last = p }
	b.run(testContext(t))
	cancel()
	processors.Wait()

	inRedis := func(m dataset.MeterInfo, h meter.Hour) bool {
		return h < start+warm && m.Name != "gone in the warm-up"
	}
	require.Equal(t, b.wanted(func(m dataset.MeterInfo, h meter.Hour) bool { return !inRedis(m, h) }), b.topic())
	require.Equal(t, last.Total, last.Published)

	marker, err := b.deps.Redis.WarmUpMarker(testContext(t))
	require.NoError(t, err)
	require.Equal(t, []meter.Hour{start, start + warm}, []meter.Hour{marker.From, marker.To})
	got := make([][]meter.Reading, partitions)
	info := b.source.Info()
	for h := start; h < start+warm; h++ { // in the order of the dataset
		for _, m := range info.Meters {
			s, ok, err := b.deps.Redis.WarmUp(testContext(t), m.Name)
			require.NoError(t, err)
			if i := int(h - s.From); ok && i >= 0 && i < len(s.KWh) && !math.IsNaN(float64(s.KWh[i])) {
				r := meter.Reading{Meter: m.Name, Group: m.Group, Hour: h, KWh: s.KWh[i]}
				p := stream.Partition([]byte(r.Key()), partitions)
				got[p] = append(got[p], r)
			}
		}
	}
	require.Equal(t, b.wanted(inRedis), got)
}

func TestWarmUpIsWrittenAgainWhenLost(t *testing.T) {
	b := newBench(t, ModeReplay, 400, homes(5, 400))
	b.twin.Generator.WarmUp = config.Duration(48 * time.Hour)
	b.twin.Generator.Speed = 1 // it will not end
	ctx, cancel := context.WithCancel(testContext(t))
	clk := &fakeClock{now: start.Time(), step: make(chan struct{})}
	b.deps.clock = clk
	var generating sync.WaitGroup
	generating.Go(func() { b.run(ctx) })
	there := func() bool {
		complete, err := b.deps.Redis.WarmUpComplete(ctx)
		return err == nil && complete
	}
	require.Eventually(t, there, patience, time.Millisecond)
	b.redis.FlushAll()
	require.False(t, there())
	close(clk.step) // time goes on
	require.Eventually(t, there, patience, time.Millisecond)
	cancel()
	generating.Wait()
}

func TestWarmUpOfAnotherDatasetIsReplaced(t *testing.T) {
	b := newBench(t, ModeReplay, 100, homes(3, 100))
	b.twin.Generator.WarmUp = config.Duration(24 * time.Hour)
	g, err := newGenerator(b.twin, b.deps)
	require.NoError(t, err)
	for _, want := range []bool{true, false} {
		written, err := g.warm.ensure(testContext(t), b.deps.Redis)
		require.NoError(t, err)
		require.Equal(t, want, written)
	}
	g.warm.dataset = "another"
	written, err := g.warm.ensure(testContext(t), b.deps.Redis)
	require.NoError(t, err)
	require.True(t, written)
}

func TestBackPressure(t *testing.T) {
	b := newBench(t, ModeReplay, 3000, homes(40, 3000))
	b.twin.Generator.MaxLag = 6000
	paused := make(chan struct{})
	var once sync.Once
	b.deps.Progress = func(p Progress) {
		if p.Phase == PhasePaused {
			once.Do(func() { close(paused) })
		}
	}
	b.deps.clock = &tickingClock{}
	ctx, cancel := context.WithCancel(testContext(t))
	var done sync.WaitGroup
	done.Go(func() { b.run(ctx) })
	<-paused
	logs, err := b.deps.Stream.Offsets(ctx, b.twin.Topic("readings"))
	require.NoError(t, err)
	most := int64(0)
	for _, log := range logs {
		most = max(most, log.End)
	}
	require.Greater(t, most, b.twin.Generator.MaxLag, "it paused for a reason")
	require.Less(t, int(most), len(b.wanted(everything)[fullest(logs)]), "before the end")

	consuming, stop := context.WithCancel(ctx)
	var processors sync.WaitGroup
	processors.Go(func() { b.takeAll(consuming) })
	done.Wait()
	stop()
	processors.Wait()
	cancel()
	require.Equal(t, b.wanted(everything), withoutRepeats(b.topic()))
}

func fullest(logs []stream.Offsets) int {
	at := 0
	for p, log := range logs {
		if log.End > logs[at].End {
			at = p
		}
	}
	return at
}

func TestModes(t *testing.T) {
	t.Run("off", func(t *testing.T) {
		b := newBench(t, ModeReplay, 24, homes(1, 24))
		b.twin.Generator.Mode = ModeOff
		ctx, cancel := context.WithCancel(testContext(t))
		cancel()
		b.run(ctx)
		require.Equal(t, make([][]meter.Reading, partitions), b.topic())
	})
	t.Run("unknown", func(t *testing.T) {
		b := newBench(t, "Backwards", 24, homes(1, 24))
		require.ErrorContains(t, Run(testContext(t), b.twin, b.deps), `generator mode "Backwards"`)
	})
	t.Run("wrong partitions", func(t *testing.T) {
		b := newBench(t, ModeReplay, 24, homes(1, 24))
		b.twin.Kafka.Partitions = 7
		require.ErrorContains(t, Run(testContext(t), b.twin, b.deps), "has 5 partitions, the configuration says 7")
	})
	t.Run("paced", func(t *testing.T) {
		b := newBench(t, ModeReplay, 200, homes(3, 200))
		b.twin.Generator.Speed = 3600 // an hour a second
		clk := &fakeClock{now: start.Time()}
		b.deps.clock = clk
		b.run(testContext(t))
		require.Equal(t, b.wanted(everything), b.topic())
		require.Equal(t, 199*time.Second, clk.Now().Sub(start.Time()))
	})
	t.Run("no time passes in the warm-up", func(t *testing.T) {
		const hours, warm = 200, 72
		b := newBench(t, ModeReplay, hours, homes(3, hours))
		b.twin.Generator.WarmUp = config.Duration(warm * time.Hour)
		b.twin.Generator.Speed = 3600
		clk := &fakeClock{now: start.Time()}
		b.deps.clock = clk
		p, err := newGenerator(b.twin, b.deps)
		require.NoError(t, err)
		require.NoError(t, p.ensureWarmUp(testContext(t)))
		require.NoError(t, p.publish(testContext(t)))
		require.Equal(t, (hours-warm-1)*time.Second, clk.Now().Sub(start.Time()))
	})
	t.Run("loop", func(t *testing.T) {
		const hours = 10 * meter.HoursPerDay // its second week is filled up
		b := newBench(t, ModeLoop, hours, homes(3, hours))
		b.twin.Generator.Speed = 3600
		const weeks = 5
		ctx, cancel := context.WithCancel(testContext(t))
		b.deps.clock = &fakeClock{now: start.Time(), until: start.Time().Add(weeks * 168 * time.Second), stop: cancel}
		b.run(ctx)
		requireWeeks(t, b, start, hours)
	})
	t.Run("live", func(t *testing.T) {
		const hours = 15 * meter.HoursPerDay
		b := newBench(t, ModeLive, hours, homes(3, hours))
		b.twin.Generator.WarmUp = config.Duration(7 * 24 * time.Hour)
		now := time.Date(2026, 11, 24, 12, 20, 0, 0, time.UTC)
		ctx, cancel := context.WithCancel(testContext(t))
		clk := &fakeClock{now: now, until: now.Add(50 * 24 * time.Hour), stop: cancel}
		b.deps.clock = clk
		b.run(ctx)
		first := meter.HourOf(now) - 1
		requireWeeks(t, b, first, hours)
		marker, err := b.deps.Redis.WarmUpMarker(testContext(t))
		require.NoError(t, err)
		require.Equal(t, []meter.Hour{first - 168, first}, []meter.Hour{marker.From, marker.To})

		// The next process goes on, with the same warm-up.
		ctx, cancel = context.WithCancel(testContext(t))
		b.deps.clock = &fakeClock{now: clk.Now(), until: clk.Now().Add(20 * 24 * time.Hour), stop: cancel}
		b.redis.FlushAll()
		b.run(ctx)
		requireWeeks(t, b, first, hours)
		again, err := b.deps.Redis.WarmUpMarker(testContext(t))
		require.NoError(t, err)
		require.Equal(t, marker, again)
	})
}

// requireWeeks checks that the topic holds the dataset, shifted by whole
// weeks, from an hour on, without a gap and in order.
func requireWeeks(t *testing.T, b *bench, first meter.Hour, hours int) {
	t.Helper()
	dataset := map[string]map[meter.Hour]float32{}
	for _, rows := range b.wanted(everything) {
		for _, r := range rows {
			if dataset[r.Meter] == nil {
				dataset[r.Meter] = map[meter.Hour]float32{}
			}
			dataset[r.Meter][r.Hour] = r.KWh
		}
	}
	length := meter.Hour(hours)
	period := (length + 167) / 168 * 168
	got := map[string]map[meter.Hour]float32{}
	last := first
	for p, rows := range withoutRepeats(b.topic()) {
		for i, r := range rows {
			if i > 0 {
				require.GreaterOrEqual(t, r.Hour, rows[i-1].Hour, "partition %d", p)
			}
			if got[r.Meter] == nil {
				got[r.Meter] = map[meter.Hour]float32{}
			}
			got[r.Meter][r.Hour] = r.KWh
			last = max(last, r.Hour)
		}
	}
	require.Greater(t, last, first+2*period, "more than two passes")
	n := 0
	for name, values := range dataset {
		for h := first; h < last; h++ {
			from := start + (h-start)%period
			if from >= start+length {
				from -= 168
			}
			want, there := values[from]
			have, published := got[name][h]
			require.Equal(t, there, published, "%s at %s", name, h)
			require.Equal(t, want, have)
			n++
		}
	}
	require.Greater(t, n, 1000)
}

func TestAYearIsFiftyTwoWeeks(t *testing.T) {
	b := newBench(t, ModeReplay, 365*24, []home{{name: "m", last: 365*24 - 1}})
	line := repeated(b.source)
	require.EqualValues(t, 52*168, line.period)
	require.EqualValues(t, 52*168, line.end-line.start)
	next := start + 7*line.period - 3
	n := 0
	for blk, err := range line.blocks(next) {
		require.NoError(t, err)
		require.GreaterOrEqual(t, blk.hour, next)
		require.LessOrEqual(t, blk.hour, next+1) // the dataset has a gap now and then
		next = blk.hour + 1
		if n++; n > 2*52*168 {
			break
		}
	}
}

func TestAnEmptyLoopIsAnError(t *testing.T) {
	line := timeline{source: noDataset{}, start: 0, end: 200, period: 336}
	for _, err := range line.blocks(5) {
		require.ErrorIs(t, err, errEmpty)
	}
}

// readable is the topic's readings, leaving out what is none.
func readable(b *bench) [][]meter.Reading {
	ctx := testContext(b.t)
	logs, err := b.deps.Stream.Offsets(ctx, b.twin.Topic("readings"))
	require.NoError(b.t, err)
	out := make([][]meter.Reading, len(logs))
	for p, log := range logs {
		r := b.deps.Stream.PartitionReader(b.twin.Topic("readings"), p, stream.ReaderOptions{})
		for next := log.Start; next < log.End; {
			batch, err := r.Fetch(ctx, next)
			require.NoError(b.t, err)
			for rec := (stream.Record{}); batch.Next(&rec); {
				var m meter.Message
				if meter.DecodeMessage(rec.Value, &m) == nil {
					out[p] = append(out[p], meter.Reading{Meter: string(m.Meter), Group: string(m.Group), Hour: m.Hour, KWh: m.KWh})
				}
			}
			next = batch.NextOffset()
		}
	}
	return out
}
