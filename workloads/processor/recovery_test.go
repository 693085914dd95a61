package processor

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/workloads/prepare"
)

func TestNewTopicIsReadFromItsStart(t *testing.T) {
	for name, meanwhile := range map[string]func(*services){
		"noticed by a running processor": func(*services) {},
		"killed as it was noticed": func(s *services) {
			for partition := range testPartitions {
				stored, err := s.stores.DB.TakePartition(s.t.Context(), partition, "killed")
				require.NoError(s.t, err)
				require.NoError(s.t, s.stores.DB.MovePartition(s.t.Context(), partition, stored.Epoch, 0))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServices(t)
			s.produce(0, 20)
			s.process()
			require.NoError(t, s.stores.Stream.DeleteTopic(t.Context(), s.twin.Topic("readings")))
			require.NoError(t, prepare.Run(t.Context(), s.twin, slog.New(slog.DiscardHandler)))
			s.produce(15, 10)
			meanwhile(s)
			const all = 4 * 25 * meter.HoursPerDay
			s.processUntil(func() bool { return s.summary().Totals.Stored >= all })

			require.EqualValues(t, all, s.rows()[0].Rows, "five days came twice and are stored once")
			require.EqualValues(t, 4*5*meter.HoursPerDay, s.summary().Totals.Duplicates)
			last, err := s.stores.DB.Decisions(t.Context(), timescale.DecisionFilter{Limit: 1})
			require.NoError(t, err)
			_, provenance, err := s.stores.DB.DecisionByID(t.Context(), last[0].ID)
			require.NoError(t, err)
			require.Equal(t, originRebuilt, provenance.Origin)
		})
	}
}

func TestTwoProcessorsShareThePartitions(t *testing.T) {
	const days = 24
	want := undisturbed(t, days)
	s := startServices(t)
	s.produce(0, 10)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	firstCtx, stopFirst := context.WithCancel(ctx)
	for _, ctx := range []context.Context{firstCtx, ctx} {
		p, err := New(s.twin, s.stores, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		go func() { done <- p.Run(ctx) }()
	}
	require.Eventually(t, s.caughtUp, 5*time.Minute, 20*time.Millisecond)
	stopFirst()
	require.NoError(t, <-done)
	s.produce(10, days-10)
	require.Eventually(t, s.caughtUp, 5*time.Minute, 20*time.Millisecond)
	cancel()
	require.NoError(t, <-done)
	require.Equal(t, want, s.rows())
}

func TestOtherOwnersBatchIsRefused(t *testing.T) {
	s := startServices(t)
	s.produce(0, 3)
	s.process()
	stored, err := s.stores.DB.TakePartition(t.Context(), 0, "another process")
	require.NoError(t, err)
	stale := &timescale.Batch{Partition: 0, Epoch: stored.Epoch - 1, PrevOffset: stored.NextOffset, NextOffset: stored.NextOffset + 1}
	require.ErrorIs(t, s.stores.DB.Commit(t.Context(), stale), timescale.ErrFenced)
}

func TestChangedSpecHoldsFromWhereItWasRead(t *testing.T) {
	run := func(t *testing.T, forget bool) string {
		s := startServices(t)
		s.produce(0, 10)
		s.process()
		s.twin.SpecHash = "two"
		s.twin.Processor.Policy.Flexibility.ShiftableShare = .3
		if forget {
			s.forgetRedis()
		}
		s.produce(10, 10)
		s.process()
		for _, table := range s.rows() {
			if table.Name == "decisions" {
				return table.SHA256
			}
		}
		return ""
	}
	require.Equal(t, run(t, false), run(t, true), "a replay applies each spec to the messages that it held for")
}

func TestDecisionsAndDeadLettersAreRelayed(t *testing.T) {
	s := startServices(t)
	s.produce(0, 10)
	producer, err := s.stores.Stream.Producer(t.Context(), s.twin.Topic("readings"))
	require.NoError(t, err)
	bad := []byte(`{"meter":"a","ts":"yesterday","kwh":1}`)
	producer.Append([]byte("a"), bad)
	require.NoError(t, producer.Flush(t.Context()))

	ctx, cancel := context.WithCancel(t.Context())
	p, err := New(s.twin, s.stores, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	require.Eventually(t, func() bool { return s.caughtUp() && s.relayed() }, 5*time.Minute, 50*time.Millisecond)
	cancel()
	require.NoError(t, <-done)

	require.Len(t, s.read("decisions"), int(s.summary().Totals.Decisions))
	letters := s.read("readings.dlq")
	require.Len(t, letters, 1)
	require.Equal(t, bad, letters[0].Value)
}

func (s *services) summary() timescale.Summary {
	s.t.Helper()
	summary, err := s.stores.DB.Summary(s.t.Context())
	require.NoError(s.t, err)
	return summary
}

// relayed tells whether the outbox is empty.
func (s *services) relayed() bool {
	items, err := s.stores.DB.OutboxSize(s.t.Context())
	require.NoError(s.t, err)
	return items == 0
}

// read is all records of a topic.
func (s *services) read(kind string) []stream.Record {
	s.t.Helper()
	logs, err := s.stores.Stream.Offsets(s.t.Context(), s.twin.Topic(kind))
	require.NoError(s.t, err)
	var out []stream.Record
	for partition, log := range logs {
		reader := s.stores.Stream.PartitionReader(s.twin.Topic(kind), partition, stream.ReaderOptions{})
		for next := log.Start; next < log.End; {
			batch, err := reader.Fetch(s.t.Context(), next)
			require.NoError(s.t, err)
			for rec := (stream.Record{}); batch.Next(&rec); {
				rec.Value = append([]byte(nil), rec.Value...)
				out = append(out, rec)
			}
			require.NoError(s.t, batch.Err())
			next = batch.NextOffset()
		}
	}
	return out
}
