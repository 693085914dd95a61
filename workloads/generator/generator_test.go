package generator

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
)

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

// All readings of a tree of groups have its root as their key, and name their own group.
func TestKeyOfATreeIsItsRoot(t *testing.T) {
	b := newBench(t, ModeReplay, 48, homes(20, 48))
	var groups []dsm.Group
	for _, m := range b.source.Info().Meters {
		if m.Group != "" && !slices.ContainsFunc(groups, func(g dsm.Group) bool { return g.Name == m.Group }) {
			groups = append(groups, dsm.Group{Name: m.Group, Parent: "substation"})
		}
	}
	require.Greater(t, len(groups), 1)
	groups = append(groups, dsm.Group{Name: "substation"})
	b.twin.Processor.Policy.Groups = groups
	b.run(testContext(t))
	require.Equal(t, b.wanted(everything), b.topic())
	held := 0
	for _, readings := range b.topic() {
		if slices.ContainsFunc(readings, func(r meter.Reading) bool { return r.Group != "" }) {
			held++
		}
	}
	require.Equal(t, 1, held, "one partition holds the tree")
}

// TestReportOnTheFileIsInRedis: of rows that are rejected and what is found out, and
// again when Redis has lost it.
func TestReportOnTheFileIsInRedis(t *testing.T) {
	b := newBench(t, ModeReplay, 400, homes(3, 400))
	file, err := os.OpenFile(b.twin.Dataset.Path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString("home 0,2019-01-05T00:00:00Z,much,feeder 0\nhome 1,yesterday,1,feeder 1\nhome 1,2019-01-05T00:00:00Z,more,feeder 1\n")
	require.NoError(t, errors.Join(err, file.Close()))
	b.source, err = OpenDataset(testContext(t), b.twin, Reading{})
	require.NoError(t, err)
	defer b.source.Close()
	b.deps.Source = b.source
	var reported Progress
	b.deps.Progress = func(p Progress) { reported = p }
	b.run(testContext(t))

	text, err := b.deps.Redis.DatasetReport(testContext(t))
	require.NoError(t, err)
	report, err := config.ParseDatasetReport(text)
	require.NoError(t, err)
	require.EqualValues(t, 3, report.RejectedRows)
	require.Equal(t, config.RowsFigures{Reason: "the value is not a number", Rows: 2}, report.Reasons[0])
	require.Len(t, report.Reasons, 2)
	require.Equal(t, "home 1,yesterday,1,feeder 1", report.Rows[1].Text)
	require.Contains(t, strings.Join(report.Findings, "\n"), "to change it, set spec.dataset.layout.")
	require.Equal(t, (b.source.Info().Start + 400).Time(), report.EndsAt, "after the last of 400 hours, of a window that goes on to midnight")
	require.Equal(t, &report.DatasetFigures, reported.Dataset, "the same is in the progress, for the operator")

	b.redis.FlushAll()
	require.NoError(t, (&generator{redis: b.deps.Redis, report: report}).ensureInRedis(testContext(t)))
	again, err := b.deps.Redis.DatasetReport(testContext(t))
	require.NoError(t, err)
	require.Equal(t, text, again)
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
			require.Greater(t, kills, 5, "the test must have killed it")
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
	foreign.Append([]byte(meter.KeyOf(future.Meter, future.Group)), meter.AppendMessage(nil, future))
	foreign.Append([]byte("feeder 1"), []byte("no JSON at all"))
	require.NoError(t, foreign.Flush(testContext(t)))

	b.twin.Generator.Speed, b.deps.clock = 0, nil
	b.run(testContext(t))
	got := make([][]meter.Reading, partitions)
	for p, readings := range withoutRepeats(b.read(func([]byte) {})) {
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

	b.requireWarmUpAndStream(warm)
	require.Equal(t, last.Total, last.Published)
}

// requireWarmUpAndStream checks that each reading is there once: those of the first
// hours in the warm-up, all others in the topic.
func (b *bench) requireWarmUpAndStream(warm meter.Hour) {
	t := b.t
	t.Helper()
	inRedis := func(m dataset.MeterInfo, h meter.Hour) bool {
		return h < start+warm && m.Name != "gone in the warm-up"
	}
	require.Equal(t, b.wanted(func(m dataset.MeterInfo, h meter.Hour) bool { return !inRedis(m, h) }), b.topic())

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
				p := stream.Partition([]byte(meter.KeyOf(r.Meter, r.Group)), partitions)
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
