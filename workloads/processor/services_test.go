package processor

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/test/twinrows"
	"github.com/energytwin/energytwin/workloads/prepare"
)

// services is a twin's stores, for real, on this machine.
type services struct {
	t      *testing.T
	twin   *config.Twin
	stores Stores
	reader *reader.DB
	url    string
}

func redisConfig(t *testing.T, server *embedded.RedisServer) config.Redis {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte(server.Password), 0o600))
	return config.Redis{Address: server.Address, PassFile: file}
}

const testPartitions = 2

// testTwin is a twin of a replay that starts on a Monday, with a tariff and a
// limit that make decisions worth having.
func testTwin() *config.Twin {
	return &config.Twin{
		Namespace: "test", Name: "twin", Timezone: "Europe/London", SpecHash: "one",
		Dataset:   config.Dataset{Start: time.Date(2024, 3, 4, 0, 0, 0, 0, time.UTC), Span: config.Duration(8760 * time.Hour)},
		Generator: config.Generator{Mode: "Replay"},
		Processor: config.Processor{
			HistoryWindow: config.Duration(1344 * time.Hour), IssueAt: "00:00",
			Reissue:   config.Reissue{Meters: config.Duration(6 * time.Hour), Groups: config.Duration(4 * time.Hour)},
			Quantiles: []float64{.1, .5, .9},
			Policy: dsm.Policy{
				Mode:      dsm.ModeAdvisory,
				Objective: dsm.Objective{Cost: 1, Peak: 1},
				Tariff: dsm.Tariff{Currency: "GBP", Default: .25, Periods: []dsm.Period{
					{Name: "night", Days: "All", Start: "00:30", End: "07:30", Price: .1},
					{Name: "evening", Days: "Weekdays", Start: "16:00", End: "19:00", Price: .4},
				}},
				Flexibility: dsm.Flexibility{ShiftableShare: .15, MaxShiftHours: 6, MaxIncrease: .2},
				Groups:      []dsm.Group{{Name: "feeder", CapacityKW: 3}},
				Freshness:   24,
				LeadHours:   6,
				NoticeHours: 1,
			},
		},
	}
}

func startServices(t *testing.T) *services {
	t.Helper()
	ctx := t.Context()
	pg, err := embedded.Postgres(ctx, embedded.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pg.Stop(context.Background())) })
	redis, err := embedded.Redis(ctx, embedded.RedisOptions{InProcess: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, redis.Stop(context.Background())) })
	kafka, err := embedded.Kafka(ctx, embedded.KafkaOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kafka.Stop(context.Background())) })

	twin := testTwin()
	twin.Kafka = config.Kafka{Brokers: []string{kafka.Address}, Partitions: testPartitions, Replicas: 1, RetentionBytes: -1}
	twin.Redis = redisConfig(t, redis)
	twin.Database = config.Database{URL: pg.URL}
	require.NoError(t, prepare.Run(ctx, twin, slog.New(slog.DiscardHandler)))

	s := &services{t: t, twin: twin, url: pg.URL}
	s.stores.DB, err = writer.Open(ctx, pg.URL, timescale.Options{})
	require.NoError(t, err)
	t.Cleanup(s.stores.DB.Close)
	s.reader, err = reader.Open(ctx, pg.URL, timescale.Options{})
	require.NoError(t, err)
	t.Cleanup(s.reader.Close)
	s.stores.Redis, err = history.Connect(twin.Redis, twin.KeyPrefix())
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.stores.Redis.Close() })
	s.stores.Stream, err = stream.Connect(twin.Kafka)
	require.NoError(t, err)
	t.Cleanup(s.stores.Stream.Close)
	return s
}

// testLoad is what meter k draws in an hour of the dataset. From 09:00 on days turn out
// otherwise than those before, so that plans are revised.
func testLoad(hour, k int) float32 {
	kwh := .1 + float32(hour*(k+3)%24)/10
	if hour%24 >= 9 {
		kwh *= 1 + float32(hour/24*(7+k)%5)/2
	}
	return kwh
}

// produce appends some days of readings of two ungrouped meters and a feeder.
func (s *services) produce(from, days int) {
	s.t.Helper()
	producer, err := s.stores.Stream.Producer(s.t.Context(), s.twin.Topic("readings"))
	require.NoError(s.t, err)
	start := meter.HourOf(s.twin.Dataset.Start)
	for i := range days * meter.HoursPerDay {
		h := start + meter.Hour(from*meter.HoursPerDay+i)
		for k, r := range []meter.Reading{{Meter: "a"}, {Meter: "b"}, {Meter: "c", Group: "feeder"}, {Meter: "d", Group: "feeder"}} {
			r.Hour, r.KWh = h, testLoad(int(h-start), k)
			producer.Append([]byte(meter.KeyOf(r.Meter, r.Group)), meter.AppendMessage(nil, r))
		}
	}
	require.NoError(s.t, producer.Flush(s.t.Context()))
}

// process runs a processor until every message is in the database.
func (s *services) process() {
	s.t.Helper()
	s.run(func(p *Processor) bool { return s.caughtUp() && s.noted(p) })
}

// processUntil runs a processor until the stores hold enough.
func (s *services) processUntil(enough func() bool) {
	s.t.Helper()
	s.run(func(*Processor) bool { return enough() })
}

func (s *services) run(enough func(*Processor) bool) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	p, err := New(s.twin, s.stores, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	require.NoError(s.t, err)
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	require.Eventually(s.t, func() bool { return enough(p) }, 5*time.Minute, 20*time.Millisecond)
	cancel()
	require.NoError(s.t, <-done)
}

// processByTwo runs two processors until every message is in the database, and ends one of
// them. The other goes on with what more produces.
func (s *services) processByTwo(more func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error, 2)
	firstCtx, stopFirst := context.WithCancel(ctx)
	for _, ctx := range []context.Context{firstCtx, ctx} {
		p, err := New(s.twin, s.stores, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
		require.NoError(s.t, err)
		go func() { done <- p.Run(ctx) }()
	}
	require.Eventually(s.t, s.caughtUp, 5*time.Minute, 20*time.Millisecond)
	stopFirst()
	require.NoError(s.t, <-done)
	more()
	require.Eventually(s.t, s.caughtUp, 5*time.Minute, 20*time.Millisecond)
	cancel()
	require.NoError(s.t, <-done)
}

// noted reports whether the processor knows that what is in the database is there. One that
// is stopped before the answer to a commit saves no checkpoint of it.
func (s *services) noted(p *Processor) bool {
	next := map[int]int64{}
	for _, status := range p.Status().Partitions {
		next[status.Partition] = status.NextOffset
	}
	progress, err := s.stores.DB.Progress(s.t.Context())
	require.NoError(s.t, err)
	for _, p := range progress {
		if next[p.Partition] < p.NextOffset {
			return false
		}
	}
	return true
}

func (s *services) caughtUp() bool {
	logs, err := s.stores.Stream.Offsets(s.t.Context(), s.twin.Topic("readings"))
	require.NoError(s.t, err)
	progress, err := s.stores.DB.Progress(s.t.Context())
	require.NoError(s.t, err)
	next := map[int]int64{}
	for _, p := range progress {
		next[p.Partition] = p.NextOffset
	}
	for i, log := range logs {
		if next[i] < log.End {
			return false
		}
	}
	return true
}

// allAnnounced reports whether every message is in the database, and then whether
// everything that it led to has been announced.
func (s *services) allAnnounced() bool {
	if !s.caughtUp() {
		return false
	}
	waiting, err := s.stores.DB.OutboxSize(s.t.Context())
	require.NoError(s.t, err)
	return waiting == 0
}

func (s *services) rows() []twinrows.Table {
	s.t.Helper()
	p, err := New(s.twin, s.stores, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	require.NoError(s.t, err)
	require.NoError(s.t, p.ForecastPast(s.t.Context())) // what no turn of a processor has made yet
	tables, err := twinrows.Read(s.t.Context(), s.url, nil)
	require.NoError(s.t, err)
	return tables
}

// undisturbed is the rows of a twin that processed the days in one go.
func undisturbed(t *testing.T, days int) []twinrows.Table {
	t.Helper()
	s := startServices(t)
	s.produce(0, days)
	s.process()
	rows := s.rows()
	require.EqualValues(t, 4*days*meter.HoursPerDay, rows[0].Rows)
	for _, table := range rows {
		if table.Name != "reading_revisions" { // nothing is corrected
			require.Positive(t, table.Rows, table.Name)
		}
	}
	require.NotZero(t, s.revisions(), "plans are revised")
	return rows
}

func TestRecoveryGivesTheSameRows(t *testing.T) {
	const days = 24
	want := undisturbed(t, days)

	t.Run("from a checkpoint", func(t *testing.T) {
		s := startServices(t)
		s.produce(0, 10)
		s.process()
		s.checkpoints() // a clean stop leaves some
		s.produce(10, days-10)
		s.process()
		require.Equal(t, want, s.rows())
	})
	t.Run("from the stream's start", func(t *testing.T) {
		s := startServices(t)
		s.produce(0, 10)
		s.process()
		s.forgetRedis()
		s.produce(10, days-10)
		s.process()
		require.Equal(t, want, s.rows())
	})
	t.Run("with an old checkpoint", func(t *testing.T) {
		s := startServices(t)
		s.produce(0, 10)
		s.process()
		s.produce(10, 5)
		kept := s.checkpoints()
		s.process()
		for partition, c := range kept {
			c.Epoch += 1000 // the newest owner's
			require.NoError(t, s.stores.Redis.SaveCheckpoint(t.Context(), partition, c))
		}
		s.produce(15, days-15)
		s.process()
		require.Equal(t, want, s.rows())
	})
}

func (s *services) checkpoints() map[int]history.Checkpoint {
	out := map[int]history.Checkpoint{}
	for i := range testPartitions {
		c, err := s.stores.Redis.LoadCheckpoint(s.t.Context(), i)
		if errors.Is(err, history.ErrNoCheckpoint) {
			continue // no meter's key falls into this partition
		}
		require.NoError(s.t, err)
		out[i] = c
	}
	require.NotEmpty(s.t, out)
	return out
}

// forgetRedis points the twin at a Redis that is empty.
func (s *services) forgetRedis() {
	redis, err := embedded.Redis(s.t.Context(), embedded.RedisOptions{InProcess: true})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, redis.Stop(context.Background())) })
	s.stores.Redis, err = history.Connect(redisConfig(s.t, redis), s.twin.KeyPrefix())
	require.NoError(s.t, err)
}

// liveEvents are those that the live streams hold, of each partition in ascending order.
func (s *services) liveEvents() (events []history.LiveEvent) {
	s.t.Helper()
	live, err := history.ConnectLive(s.twin.Redis, s.twin.KeyPrefix(), s.twin.Kafka.Partitions)
	require.NoError(s.t, err)
	defer live.Close()
	for p := range live.Partitions() {
		kept, _, err := live.Kept(s.t.Context(), p, 10_000)
		require.NoError(s.t, err)
		events = append(events, kept...)
	}
	return events
}
