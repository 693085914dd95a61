package processor

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/history"
)

// TestLiveEventsWaitForRedis: an entry stays in the outbox until Redis has its
// event, but not for ever.
func TestLiveEventsWaitForRedis(t *testing.T) {
	s := startServices(t)
	ctx := t.Context()
	reg := prometheus.NewRegistry()
	p, err := New(s.twin, s.stores, reg, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	password, err := config.ReadSecret("password", s.twin.Redis.PassFile)
	require.NoError(t, err)
	server := redis.NewClient(&redis.Options{Addr: s.twin.Redis.Address, Password: password})
	t.Cleanup(func() { _ = server.Close() })
	db, err := pgx.Connect(ctx, s.url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close(context.Background()) })

	live := s.twin.KeyPrefix() + "live/0"
	reject := func() { require.NoError(t, server.Set(ctx, live, "no stream", 0).Err()) }
	accept := func() { require.NoError(t, server.Del(ctx, live).Err()) }
	announce := func(offset int) {
		_, err := db.Exec(ctx, `INSERT INTO outbox (partition, batch_offset, number, kind, ts, from_offset, to_offset)
			VALUES (0, $1, 0, 3, '2019-01-01T00:00Z', 0, 0)`, offset)
		require.NoError(t, err)
	}
	waiting := func() int64 {
		n, err := s.stores.DB.OutboxSize(ctx)
		require.NoError(t, err)
		return n
	}
	counter := func(name string) float64 {
		families, err := reg.Gather()
		require.NoError(t, err)
		for _, f := range families {
			if f.GetName() == name {
				return f.GetMetric()[0].GetCounter().GetValue()
			}
		}
		t.Fatal("no metric " + name)
		return 0
	}
	tries := func() float64 { return counter("energytwin_processor_relay_errors_total") }
	dropped := func() float64 { return counter("energytwin_processor_live_events_dropped_total") }

	r := &relayer{Processor: p, patience: time.Minute}
	reject()
	announce(1)
	stopped, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		_, err := r.relaySome(stopped)
		done <- err
	}()
	require.Eventually(t, func() bool { return tries() >= 1 }, time.Minute, time.Millisecond)
	stop()
	require.ErrorIs(t, <-done, context.Canceled)
	require.EqualValues(t, 1, waiting(), "the next process announces it")

	_, err = db.Exec(ctx, `UPDATE outbox SET claimed_until = NULL`)
	require.NoError(t, err)
	before := tries()
	go func() {
		_, err := r.relaySome(ctx)
		done <- err
	}()
	require.Eventually(t, func() bool { return tries() > before }, time.Minute, time.Millisecond)
	accept()
	require.NoError(t, <-done)
	require.Zero(t, waiting())
	require.EqualValues(t, 1, server.XLen(ctx, live).Val())
	require.Zero(t, dropped())

	r.patience = 0
	reject()
	announce(2)
	n, err := r.relaySome(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Zero(t, waiting(), "the topics go on")
	require.EqualValues(t, 1, dropped())

	accept()
	r.awayUntil = time.Now().Add(time.Minute)
	announce(3)
	_, err = r.relaySome(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 2, dropped(), "without a try")
	r.awayUntil = time.Now()
	announce(4)
	_, err = r.relaySome(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, server.XLen(ctx, live).Val())
	require.True(t, r.awayUntil.IsZero(), "Redis is back")
	require.Equal(t, "1", s.liveEvents()[0].Field(history.FieldGap), "readers learn that events were dropped")
	announce(5)
	announce(6)
	_, err = r.relaySome(ctx)
	require.NoError(t, err)
	events := s.liveEvents()
	require.Len(t, events, 2, "of several states the newest alone")
	require.EqualValues(t, 6, events[1].ID.Offset)
	require.Empty(t, events[1].Field(history.FieldGap))
}
