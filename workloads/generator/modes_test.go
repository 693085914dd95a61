package generator

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
)

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
		require.ErrorContains(t, Run(testContext(t), b.twin, b.deps), "has 5 partitions, the configuration has 7")
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

// When the readings that publishing waits for are due is in the status and in a
// metric, and both end with the wait.
func TestDueIsShown(t *testing.T) {
	clk := &fakeClock{now: start.Time()}
	var reported Progress
	registry := prometheus.NewRegistry()
	p := newProgress(Progress{}, func(now Progress) { reported = now }, clk, registry)
	gauge := func() float64 {
		families, err := registry.Gather()
		require.NoError(t, err)
		for _, f := range families {
			if f.GetName() == "energytwin_generator_due_seconds" {
				return f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		t.Fatal("no metric")
		return 0
	}
	due := clk.now.Add(36 * time.Hour)
	p.due(due)
	require.Equal(t, due, reported.Due)
	require.InDelta(t, float64(due.Unix()), gauge(), 0.001)
	p.due(time.Time{})
	require.Zero(t, gauge())
	require.True(t, p.current().Due.IsZero())
}
