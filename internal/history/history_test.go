package history

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

const patience = 3 * time.Minute

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eachRedis runs a test against the in-process Redis, and against a real one
// where there is one.
func eachRedis(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Run("in process", func(t *testing.T) {
		s := &Store{redis: redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()}), prefix: "ns/twin/"}
		t.Cleanup(func() { _ = s.Close() })
		test(t, s)
	})
	t.Run("redis-server", func(t *testing.T) { test(t, realRedis(t)) })
}

// realRedis starts a redis-server of its own on a socket.
func realRedis(t testing.TB) *Store {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not on PATH: not tested against the real Redis")
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "redis.sock")
	cmd := exec.Command(program, "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "")
	require.NoError(t, cmd.Start())
	s := &Store{redis: redis.NewClient(&redis.Options{Network: "unix", Addr: socket}), prefix: "ns/twin/"}
	t.Cleanup(func() {
		_ = s.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	ctx := testContext(t)
	require.Eventually(t, func() bool { return s.Ping(ctx) == nil }, patience, 10*time.Millisecond)
	return s
}

func keysOf(t *testing.T, s *Store) []string {
	t.Helper()
	keys, err := s.redis.Keys(testContext(t), "*").Result()
	require.NoError(t, err)
	slices.Sort(keys)
	return keys
}

func TestWarmUp(t *testing.T) {
	eachRedis(t, func(t *testing.T, s *Store) {
		ctx := testContext(t)
		_, err := s.WarmUps(ctx, []string{"a"})
		require.ErrorIs(t, err, ErrNoWarmUp)
		complete, err := s.WarmUpComplete(ctx)
		require.NoError(t, err)
		require.False(t, complete)

		many := map[string]meter.Series{}
		for i := range 1000 {
			series := meter.Series{From: meter.Hour(-i), KWh: make([]float32, 672)}
			for h := range series.KWh {
				series.KWh[h] = float32(i) + float32(h)/1000
			}
			many[fmt.Sprintf("meter %d", i)] = series
		}
		write := func(dataset string, in map[string]meter.Series) {
			t.Helper()
			require.NoError(t, s.WriteWarmUp(ctx, WarmUpMarker{Dataset: dataset, From: -5, To: 9}, func(yield func(MeterSeries) bool) {
				for name, series := range in {
					if !yield(MeterSeries{Meter: name, Series: series}) {
						return
					}
				}
			}))
		}
		write("one", many)
		marker, err := s.WarmUpMarker(ctx)
		require.NoError(t, err)
		require.Equal(t, WarmUpMarker{Dataset: "one", From: -5, To: 9, Meters: 1000}, marker)
		got, err := s.WarmUps(ctx, append(slices.Collect(maps.Keys(many)), "unknown"))
		require.NoError(t, err)
		require.Equal(t, many, got)

		write("two", map[string]meter.Series{"meter 1": {From: 3, KWh: []float32{1, float32(math.NaN()), 2}}})
		_, ok, err := s.WarmUp(ctx, "meter 2")
		require.NoError(t, err)
		require.False(t, ok, "the old warm-up is gone")
		series, ok, err := s.WarmUp(ctx, "meter 1")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, "{1970-01-01T03:00:00Z [1 NaN 2]}", fmt.Sprint(series))

		require.NoError(t, s.redis.FlushAll(ctx).Err())
		_, _, err = s.WarmUp(ctx, "meter 1")
		require.ErrorIs(t, err, ErrNoWarmUp)
	})
}

func TestSeriesAppend(t *testing.T) {
	var s meter.Series
	for _, x := range []struct {
		h   meter.Hour
		kwh float32
	}{{5, 1}, {6, 2}, {9, 3}, {9, 4}, {2, 7}} {
		s.Append(x.h, x.kwh)
	}
	require.Equal(t, "{1970-01-01T05:00:00Z [1 2 NaN NaN 4]}", fmt.Sprint(s))
	_, err := parseSeries("12345")
	require.Error(t, err)
}

func checkpointOf(epoch, offset int64, meters int) Checkpoint {
	c := Checkpoint{
		Offset: offset, Epoch: epoch, StateVersion: 3, Incarnation: uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
		TopicGeneration: int(offset % 3), Header: fmt.Appendf(nil, "header %d", offset),
	}
	for i := range meters {
		blob := make([]byte, 4000)
		for j := range blob {
			blob[j] = byte(i + j + int(offset))
		}
		c.Meters = append(c.Meters, MeterBlob{Key: fmt.Sprintf("meter %d", i), Blob: blob})
	}
	return c
}

func requireCheckpoint(t *testing.T, s *Store, partition int, want Checkpoint) {
	t.Helper()
	got, err := s.LoadCheckpoint(testContext(t), partition)
	require.NoError(t, err)
	require.ElementsMatch(t, want.Meters, got.Meters)
	got.Meters = want.Meters
	require.Equal(t, want, got)
}

func TestCheckpoint(t *testing.T) {
	eachRedis(t, func(t *testing.T, s *Store) {
		ctx := testContext(t)
		_, err := s.LoadCheckpoint(ctx, 1)
		require.ErrorIs(t, err, ErrNoCheckpoint)
		for offset := range int64(3) {
			c := checkpointOf(7, offset, 800+int(offset))
			require.NoError(t, s.SaveCheckpoint(ctx, 1, c))
			requireCheckpoint(t, s, 1, c)
		}
		require.NoError(t, s.SaveCheckpoint(ctx, 11, checkpointOf(1, 5, 0)))
		requireCheckpoint(t, s, 11, checkpointOf(1, 5, 0))
		requireCheckpoint(t, s, 1, checkpointOf(7, 2, 802))
		require.Equal(t, []string{
			"ns/twin/checkpoint/1", "ns/twin/checkpoint/1/7-3",
			"ns/twin/checkpoint/11", "ns/twin/checkpoint/11/1-4",
			"ns/twin/window/1/7-3",
		}, keysOf(t, s), "older generations are deleted")
	})
}

func TestCheckpointOfAnEarlierOwnerIsFenced(t *testing.T) {
	eachRedis(t, func(t *testing.T, s *Store) {
		ctx := testContext(t)
		require.NoError(t, s.SaveCheckpoint(ctx, 0, checkpointOf(10, 100, 20)))
		require.ErrorIs(t, s.SaveCheckpoint(ctx, 0, checkpointOf(9, 90, 20)), ErrFenced)
		requireCheckpoint(t, s, 0, checkpointOf(10, 100, 20))
		require.NoError(t, s.SaveCheckpoint(ctx, 0, checkpointOf(11, 80, 20)))
		requireCheckpoint(t, s, 0, checkpointOf(11, 80, 20))
		require.Len(t, keysOf(t, s), 3)
	})
}

func TestLeftOversOfAKilledProcessAreDeleted(t *testing.T) {
	eachRedis(t, func(t *testing.T, s *Store) {
		ctx := testContext(t)
		require.NoError(t, s.redis.HSet(ctx, "ns/twin/window/0/4-9", "meter", "half").Err())
		require.NoError(t, s.redis.HSet(ctx, "ns/twin/window/0/6-1", "meter", "of a later owner, being written").Err())
		require.NoError(t, s.redis.HSet(ctx, "ns/twin/window/0/5-1", "meter", "under the name that comes next").Err())
		require.NoError(t, s.SaveCheckpoint(ctx, 0, checkpointOf(5, 100, 2)))
		requireCheckpoint(t, s, 0, checkpointOf(5, 100, 2))
		require.Equal(t, []string{
			"ns/twin/checkpoint/0", "ns/twin/checkpoint/0/5-1", "ns/twin/window/0/5-1", "ns/twin/window/0/6-1",
		}, keysOf(t, s))
	})
}

func TestOddCheckpointsCountAsAbsent(t *testing.T) {
	const window, headKey, pointer = "ns/twin/window/0/1-1", "ns/twin/checkpoint/0/1-1", "ns/twin/checkpoint/0"
	for name, spoil := range map[string]func(ctx context.Context, r *redis.Client) error{
		"a meter is missing":  func(ctx context.Context, r *redis.Client) error { return r.HDel(ctx, window, "meter 3").Err() },
		"a meter is another":  func(ctx context.Context, r *redis.Client) error { return r.HSet(ctx, window, "meter 3", "x").Err() },
		"a meter too many":    func(ctx context.Context, r *redis.Client) error { return r.HSet(ctx, window, "meter x", "x").Err() },
		"all meters are gone": func(ctx context.Context, r *redis.Client) error { return r.Del(ctx, window).Err() },
		"the head is gone":    func(ctx context.Context, r *redis.Client) error { return r.Del(ctx, headKey).Err() },
		"the head is no JSON": func(ctx context.Context, r *redis.Client) error { return r.Set(ctx, headKey, "x", 0).Err() },
		"the pointer is text": func(ctx context.Context, r *redis.Client) error {
			r.Del(ctx, pointer)
			return r.Set(ctx, pointer, "x", 0).Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachRedis(t, func(t *testing.T, s *Store) {
				ctx := testContext(t)
				require.NoError(t, s.SaveCheckpoint(ctx, 0, checkpointOf(1, 100, 5)))
				require.NoError(t, spoil(ctx, s.redis))
				_, err := s.LoadCheckpoint(ctx, 0)
				require.ErrorIs(t, err, ErrNoCheckpoint)
			})
		})
	}
}

func TestNoRedisIsNotNoCheckpoint(t *testing.T) {
	server := miniredis.RunT(t)
	s := &Store{redis: redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1}), prefix: "p/"}
	server.Close()
	_, err := s.LoadCheckpoint(testContext(t), 0)
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrNoCheckpoint)
}

func TestLive(t *testing.T) {
	eachRedis(t, func(t *testing.T, s *Store) {
		ctx := testContext(t)
		event := func(offset, n int64) Event {
			return Event{Offset: offset, N: n, Fields: map[string]any{"at": fmt.Sprintf("%d-%d", offset, n)}}
		}
		require.NoError(t, s.Publish(ctx, 0))
		require.NoError(t, s.Publish(ctx, 0, event(0, 0), event(1, 0)))
		r := &LiveReader{redis: s.redis, prefix: s.prefix, partitions: 2}
		kept, all, err := r.Kept(ctx, 0, 10)
		require.NoError(t, err)
		require.True(t, all)
		require.Len(t, kept, 1, "an event before any batch is none")
		late := []LiveID{kept[0].ID, {}}
		none, lost, err := r.After(ctx, late, time.Millisecond)
		require.NoError(t, err)
		require.Empty(t, none)
		require.Empty(t, lost)

		require.NoError(t, s.Publish(ctx, 0, event(1, 0), event(2, 0), event(2, 1)), "a repeat is harmless")
		require.NoError(t, s.Publish(ctx, 1, event(7, 1)))
		var got []string
		for len(got) < 3 {
			events, lost, err := r.After(ctx, late, time.Second)
			require.NoError(t, err)
			require.Empty(t, lost)
			for _, e := range events {
				require.Equal(t, e.ID.String(), e.Field("at"))
				got = append(got, fmt.Sprintf("%d: %s", e.Partition, e.ID))
				late[e.Partition] = e.ID
			}
		}
		require.ElementsMatch(t, []string{"0: 2-0", "0: 2-1", "1: 7-1"}, got)
		require.Equal(t, []LiveID{{2, 1}, {7, 1}}, late)
		kept, all, err = r.Kept(ctx, 0, 2)
		require.NoError(t, err)
		require.False(t, all, "there are earlier ones")
		require.Equal(t, []LiveID{{2, 0}, {2, 1}}, []LiveID{kept[0].ID, kept[1].ID})

		recreated := Event{TopicGeneration: 1, Offset: 1, N: 1, Fields: map[string]any{"at": "a new topic"}}
		require.NoError(t, s.Publish(ctx, 0, recreated, event(3, 0)), "what the topic before led to comes too late")
		events, _, err := r.After(ctx, late, time.Second)
		require.NoError(t, err)
		require.Equal(t, []LiveEvent{{Partition: 0, ID: LiveID{281474976710657, 1}, Fields: recreated.Fields}}, events)
	})
}

// A reader that comes too late for some events learns of it.
func TestLiveEventsThatWereTrimmed(t *testing.T) {
	eachRedis(t, func(t *testing.T, s *Store) {
		ctx := testContext(t)
		r := &LiveReader{redis: s.redis, prefix: s.prefix, partitions: 1}
		publish := func(from, n int64) {
			events := make([]Event, n)
			for i := range events {
				events[i] = Event{Offset: from + int64(i), Fields: map[string]any{FieldType: LiveState}}
			}
			require.NoError(t, s.Publish(ctx, 0, events...))
		}
		publish(1, livePage)
		for _, from := range []LiveID{{}, {Offset: 1}} {
			_, lost, err := r.After(ctx, []LiveID{from}, time.Second)
			require.NoError(t, err)
			require.Empty(t, lost, "all are kept")
		}
		publish(1+livePage, 2*liveLength)
		for _, from := range []LiveID{{}, {Offset: 1}} {
			_, lost, err := r.After(ctx, []LiveID{from}, time.Second)
			require.NoError(t, err)
			require.Equal(t, []int{0}, lost)
		}
		kept, all, err := r.Kept(ctx, 0, 2*liveLength)
		require.NoError(t, err)
		require.False(t, all)
		_, lost, err := r.After(ctx, []LiveID{kept[0].ID}, time.Second)
		require.NoError(t, err)
		require.Empty(t, lost)
		found, err := r.Has(ctx, 0, LiveID{Offset: 1})
		require.NoError(t, err)
		require.False(t, found)
	})
}

func TestLiveIDs(t *testing.T) {
	id, err := ParseLiveID("281474976710657-12")
	require.NoError(t, err)
	require.Equal(t, "281474976710657-12", id.String())
	for _, bad := range []string{"", "-", "1", "1-", "-1", "a-1", "1-b", "1-1-1", "18446744073709551616-0"} {
		_, err := ParseLiveID(bad)
		require.Error(t, err, bad)
	}
	require.Negative(t, LiveID{1, 9}.Compare(LiveID{2, 0}))
	require.Positive(t, LiveID{2, 1}.Compare(LiveID{2, 0}))
	require.Zero(t, id.Compare(LiveID{281474976710657, 12}))
}

func TestPrefixesAreNoPatterns(t *testing.T) {
	eachRedis(t, func(t *testing.T, s *Store) {
		s.prefix = "ns/*/"
		ctx := testContext(t)
		require.NoError(t, s.redis.Set(ctx, "ns/other/warmup/m", "x", 0).Err())
		require.NoError(t, s.WriteWarmUp(ctx, WarmUpMarker{}, func(func(MeterSeries) bool) {}))
		require.Contains(t, keysOf(t, s), "ns/other/warmup/m")
	})
}

func BenchmarkSaveCheckpoint(b *testing.B) {
	s, ctx := realRedis(b), context.Background()
	c := checkpointOf(1, 1, 1000)
	b.SetBytes(1000 * 4000)
	for b.Loop() {
		if err := s.SaveCheckpoint(ctx, 0, c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoadCheckpoint(b *testing.B) {
	s, ctx := realRedis(b), context.Background()
	require.NoError(b, s.SaveCheckpoint(ctx, 0, checkpointOf(1, 1, 1000)))
	b.SetBytes(1000 * 4000)
	for b.Loop() {
		if _, err := s.LoadCheckpoint(ctx, 0); err != nil {
			b.Fatal(err)
		}
	}
}
