package generator

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
)

// crowded are homes of one feeder, so that most partitions have no meters, and
// some that are alone in a partition: one whose readings end early, one whose
// readings begin late.
func crowded(t *testing.T, hours int) []home {
	t.Helper()
	taken := map[int]bool{stream.Partition([]byte("feeder"), partitions): true}
	alone := func(first, last int) home {
		for i := 0; ; i++ {
			name := fmt.Sprintf("alone %d", i)
			if p := stream.Partition([]byte(name), partitions); !taken[p] {
				taken[p] = true
				return home{name: name, first: first, last: last}
			}
		}
	}
	out := []home{alone(0, hours/10), alone(hours*9/10, hours-1)}
	for i := range 5 {
		out = append(out, home{name: fmt.Sprintf("home %d", i), group: "feeder", last: hours - 1})
	}
	require.Less(t, len(taken), partitions)
	return out
}

// live runs a generator for a while of its clock, or to its end, and returns how
// long it lived.
func (b *bench) live(life time.Duration) time.Duration {
	b.t.Helper()
	ctx, cancel := context.WithCancel(testContext(b.t))
	defer cancel()
	clk := &fakeClock{now: start.Time(), until: start.Time().Add(life), stop: cancel}
	b.deps.clock = clk
	g, err := newGenerator(b.twin, b.deps)
	require.NoError(b.t, err)
	if g.warm.some() {
		require.NoError(b.t, g.ensureWarmUp(ctx))
	}
	if err := g.publish(ctx); err != nil {
		require.ErrorIs(b.t, err, context.Canceled)
	}
	return clk.Now().Sub(start.Time())
}

const toItsEnd = 1000 * time.Hour

// afterWarmUp keeps what a replay publishes after a warm-up of some hours.
func afterWarmUp(warm meter.Hour) func(dataset.MeterInfo, meter.Hour) bool {
	return func(m dataset.MeterInfo, h meter.Hour) bool { return h >= start+warm || m.Last < start+warm }
}

// lastHour is the greatest hour in the topic, start if there is none.
func (b *bench) lastHour() meter.Hour {
	b.t.Helper()
	last := start
	for _, rows := range b.topic() {
		for _, r := range rows {
			last = max(last, r.Hour)
		}
	}
	return last
}

// However often a replay of finite speed is stopped, it takes the time of its
// hours once: what was replayed takes no time again.
func TestRestartedReplayLosesNoTime(t *testing.T) {
	const hours = 600
	for name, c := range map[string]struct {
		warmUp meter.Hour
		lives  []time.Duration
	}{
		"at three moments":              {0, []time.Duration{50 * time.Second, 200 * time.Second, 300 * time.Second}},
		"at three moments, warm-up":     {100, []time.Duration{20 * time.Second, 200 * time.Second, 200 * time.Second}},
		"at once, again and again":      {100, []time.Duration{-1, -1, 100 * time.Second, -1, -1}},
		"after the last of a partition": {0, []time.Duration{61 * time.Second, 10 * time.Second}},
		"before the first of another":   {0, []time.Duration{535 * time.Second}},
		"near the end":                  {100, []time.Duration{498 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, ModeReplay, hours, crowded(t, hours))
			b.twin.Generator.Speed = 3600 // an hour a second
			b.twin.Generator.WarmUp = config.Duration(time.Duration(c.warmUp) * time.Hour)
			var took time.Duration
			for _, life := range append(c.lives, toItsEnd) {
				before := b.lastHour()
				took += b.live(life)
				require.Greater(t, b.lastHour(), before, "a life of %s replayed nothing new", life)
			}
			// A life begins with the next hour at once, and ends between two.
			require.LessOrEqual(t, took, time.Duration(hours-int(c.warmUp)+len(c.lives))*time.Second)
			require.Equal(t, b.wanted(afterWarmUp(c.warmUp)), b.topic())
		})
	}
}

// A changed speed holds from where the replay is.
func TestSpeedChangesInMidReplay(t *testing.T) {
	const hours = 500
	b := newBench(t, ModeReplay, hours, crowded(t, hours))
	b.twin.Generator.Speed = 3600
	require.InDelta(t, 100, b.live(100*time.Second).Seconds(), 1.5)
	b.twin.Generator.Speed = 36_000
	require.InDelta(t, 10, b.live(10*time.Second).Seconds(), 1.5)
	b.twin.Generator.Speed = 720
	require.InDelta(t, 500, b.live(500*time.Second).Seconds(), 6)
	b.twin.Generator.Speed = 0
	require.Zero(t, b.live(toItsEnd))
	require.Equal(t, b.wanted(everything), b.topic())
}

// A loop goes on where it was in its tenth pass, at once.
func TestRestartedLoopLosesNoTime(t *testing.T) {
	const hours, week = 168, 168 * time.Second
	b := newBench(t, ModeLoop, hours, crowded(t, hours))
	b.twin.Generator.Speed = 3600
	for life := range 10 {
		before := b.lastHour()
		b.live(week)
		require.GreaterOrEqual(t, b.lastHour()-before, meter.Hour(hours-2), "life %d", life)
	}
}

// A topic that is deleted and made again is filled from the start, because the
// processors may not have read all of the one before. What was published once
// takes no time.
func TestRecreatedTopicIsFilledAgain(t *testing.T) {
	const hours = 400
	recreate := func(b *bench) {
		ctx, topic := testContext(b.t), b.twin.Topic("readings")
		require.NoError(b.t, b.deps.Stream.DeleteTopic(ctx, topic))
		require.NoError(b.t, b.deps.Stream.EnsureTopic(ctx, stream.Topic{Name: topic, Partitions: partitions, Replicas: 1}))
	}
	t.Run("between two lives", func(t *testing.T) {
		b := newBench(t, ModeReplay, hours, crowded(t, hours))
		b.twin.Generator.Speed = 3600
		took := b.live(200 * time.Second)
		recreate(b)
		took += b.live(time.Second)
		require.GreaterOrEqual(t, b.lastHour(), start+200)
		took += b.live(toItsEnd)
		require.LessOrEqual(t, took, (hours+2)*time.Second)
		require.Equal(t, b.wanted(everything), b.topic())
	})
	t.Run("in the middle of one", func(t *testing.T) {
		b := newBench(t, ModeReplay, hours, crowded(t, hours))
		b.twin.Generator.Speed = 3600
		ctx, cancel := context.WithCancel(testContext(t))
		defer cancel()
		b.deps.clock = &fakeClock{now: start.Time(), until: start.Time().Add(200 * time.Second), stop: func() { recreate(b) }, goOn: true}
		b.run(ctx)
		require.Less(t, b.deps.clock.Now().Sub(start.Time()), (hours+5)*time.Second)
		got := withoutRepeats(b.topic())
		for p, want := range b.wanted(everything) {
			require.ElementsMatch(t, want, got[p], "partition %d", p)
		}
	})
	t.Run("of live readings", func(t *testing.T) {
		const hours = 15 * meter.HoursPerDay
		b := newBench(t, ModeLive, hours, homes(3, hours))
		b.twin.Generator.WarmUp = config.Duration(7 * 24 * time.Hour)
		now := time.Date(2026, 11, 24, 12, 20, 0, 0, time.UTC)
		first := meter.HourOf(now) - 1
		for _, days := range []time.Duration{20, 40} {
			ctx, cancel := context.WithCancel(testContext(t))
			clk := &fakeClock{now: now, until: now.Add(days * 24 * time.Hour), stop: cancel}
			b.deps.clock = clk
			if days == 40 {
				recreate(b)
			}
			b.run(ctx)
			now = clk.Now()
		}
		requireWeeks(t, b, first, hours)
	})
	t.Run("of live readings without a warm-up", func(t *testing.T) { testLiveWithoutWarmUp(t, recreate) })
	t.Run("and Redis forgot, too", func(t *testing.T) {
		b := newBench(t, ModeReplay, hours, crowded(t, hours))
		b.twin.Generator.Speed = 3600
		b.live(200 * time.Second)
		recreate(b)
		b.redis.FlushAll()
		b.live(toItsEnd)
		require.Equal(t, b.wanted(everything), b.topic())
	})
}

// Without a warm-up nothing but the published hour in Redis shows where live readings
// were when their topic is recreated: the next ones follow it, and those that are due
// are published at once. Where Redis forgot it too, they begin with the hour that is due
// now.
func testLiveWithoutWarmUp(t *testing.T, recreate func(*bench)) {
	const hours = 15 * meter.HoursPerDay
	now := time.Date(2026, 11, 24, 12, 20, 0, 0, time.UTC)
	live := func(b *bench, from, until time.Time) {
		ctx, cancel := context.WithCancel(testContext(t))
		defer cancel()
		b.deps.clock = &fakeClock{now: from, until: until, stop: cancel}
		b.run(ctx)
	}
	bounds := func(b *bench) (first, last meter.Hour) {
		first, last = endOfTime, meter.NoHour
		for _, rows := range b.topic() {
			for _, r := range rows {
				first, last = min(first, r.Hour), max(last, r.Hour)
			}
		}
		return first, last
	}
	stopped := now.Add(20 * 24 * time.Hour)
	for name, c := range map[string]struct {
		away   time.Duration // between two lives
		redis  func(*bench)
		resume meter.Hour // first hour of the second topic
	}{
		"at once":        {0, func(*bench) {}, meter.HourOf(stopped) - 1}, // again: it may not have been read
		"a day later":    {24 * time.Hour, func(*bench) {}, meter.HourOf(stopped)},
		"Redis is empty": {24 * time.Hour, func(b *bench) { b.redis.FlushAll() }, meter.HourOf(stopped.Add(24*time.Hour)) - 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, ModeLive, hours, homes(3, hours))
			live(b, now, stopped)
			_, last := bounds(b)
			require.Equal(t, meter.HourOf(stopped)-1, last)
			recreate(b)
			c.redis(b)
			back := stopped.Add(c.away)
			again := back.Add(50 * 24 * time.Hour)
			live(b, back, again)
			first, last := bounds(b)
			require.Equal(t, c.resume, first)
			require.Equal(t, meter.HourOf(again)-1, last)
			requireWeeks(t, b, first, hours)

			// The next life goes on with the next hour.
			live(b, again, again.Add(10*24*time.Hour))
			requireWeeks(t, b, first, hours)
		})
	}
	t.Run("in the middle of a life", func(t *testing.T) {
		b := newBench(t, ModeLive, hours, homes(3, hours))
		ctx, cancel := context.WithCancel(testContext(t))
		defer cancel()
		end := meter.HourOf(stopped.Add(40 * 24 * time.Hour))
		b.deps.Progress = func(p Progress) {
			if p.Hour >= end {
				cancel()
			}
		}
		b.deps.clock = &fakeClock{now: now, until: stopped, stop: func() { recreate(b) }, goOn: true}
		b.run(ctx)
		first, last := bounds(b)
		require.Equal(t, meter.HourOf(now)-1, first, "the new topic has what the one before had")
		require.GreaterOrEqual(t, last, end)
		// The write that found the new topic is in it before the hours that it lacked.
		there := map[meter.Hour]bool{}
		for _, rows := range b.topic() {
			for _, r := range rows {
				there[r.Hour] = true
			}
		}
		require.Len(t, there, int(last-first)+1, "hours are missing")
	})
}

// A pause before the first hour moves no time.
func TestPausedBeforeTheFirstHour(t *testing.T) {
	clk := &fakeClock{now: start.Time()}
	p := &simulated{clock: clk, speed: 3600, front: start + 10}
	require.True(t, p.due(start+10).IsZero())
	p.paused(time.Minute)
	require.Equal(t, clk.Now(), p.due(start+11))
	require.Equal(t, clk.Now().Add(time.Second), p.due(start+12))
}
