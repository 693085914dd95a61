package processor

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
)

// endReplay publishes what ends the hours of some days, to partitions with readings.
func (s *services) endReplay(days int) {
	s.t.Helper()
	ctx, topic := s.t.Context(), s.twin.Topic("readings")
	logs, err := s.stores.Stream.Offsets(ctx, topic)
	require.NoError(s.t, err)
	end := meter.HourOf(s.twin.Dataset.Start) + meter.Hour(days*meter.HoursPerDay)
	for partition, log := range logs {
		if log.End > 0 {
			batch := &stream.RecordBatch{}
			batch.Append(nil, meter.AppendWatermark(nil, end))
			_, err := s.stores.Stream.Appender(topic, partition).Send(ctx, batch)
			require.NoError(s.t, err)
		}
	}
}

// settledRows are the outcomes that are stored, in order, and how many decisions whose
// hours have passed have none.
func (s *services) settledRows() (rows []string, open int) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	require.NoError(s.t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(s.t.Context())) }()
	found, err := conn.Query(s.t.Context(), `SELECT concat_ws(' ', decision_id, issued_at, revision, method, kwh_shifted, kw_reduction,
		saving, saving_demand, co2_kg, peak_without, peak_with) FROM realised ORDER BY issued_at, decision_id, revision`)
	require.NoError(s.t, err)
	rows, err = pgx.CollectRows(found, pgx.RowTo[string])
	require.NoError(s.t, err)
	require.NoError(s.t, conn.QueryRow(s.t.Context(), `SELECT count(*) FROM decisions d
		WHERE d.meter_no <> 0 AND d.action <> 0 AND d.valid_to <= (SELECT min(watermark) FROM stream_offsets)
			AND NOT EXISTS (SELECT FROM realised r WHERE r.issued_at = d.issued_at AND r.decision_id = d.id)`).Scan(&open))
	return rows, open
}

// revisions is how many decisions supersede another one.
func (s *services) revisions() (n int) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	require.NoError(s.t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(s.t.Context())) }()
	require.NoError(s.t, conn.QueryRow(s.t.Context(), `SELECT count(*) FROM decisions WHERE supersedes IS NOT NULL`).Scan(&n))
	return n
}

func (s *services) allSettled() bool {
	if !s.caughtUp() { // before the rows are read: others may follow
		return false
	}
	rows, open := s.settledRows()
	return open == 0 && len(rows) > 0
}

// At the end of a replay all plans are settled, those of its last day included, and the
// outcomes are the same whether one processor settles them at the end or two do while they
// process, and are stopped on the way.
func TestAllIsSettledAtTheEndOfAReplay(t *testing.T) {
	const days = 20
	start := func(t *testing.T) *services {
		s := startServices(t)
		s.twin.Processor.Policy.Tariff.DemandCharge = 3
		return s
	}
	one := start(t)
	one.produce(0, days)
	one.endReplay(days)
	one.process()
	p, err := New(one.twin, one.stores, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, p.SettlePast(t.Context()))
	want, open := one.settledRows()
	require.NotEmpty(t, want)
	require.Zero(t, open)
	require.NotZero(t, one.revisions(), "plans are revised")

	two := start(t)
	half := func(enough func() bool) {
		ctx, cancel := context.WithCancel(t.Context())
		var processes sync.WaitGroup
		for range 2 {
			p, err := New(two.twin, two.stores, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			processes.Go(func() {
				if err := p.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		require.Eventually(t, enough, 5*time.Minute, 20*time.Millisecond)
		cancel()
		processes.Wait()
	}
	two.produce(0, days/2)
	half(func() bool { rows, _ := two.settledRows(); return len(rows) > 0 })
	two.produce(days/2, days-days/2)
	two.endReplay(days)
	half(two.allSettled)
	got, open := two.settledRows()
	require.Zero(t, open)
	require.Equal(t, want, got)
}
