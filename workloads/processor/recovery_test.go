package processor

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/test/twinrows"
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
			s.recreateTopic()
			s.produce(15, 10)
			meanwhile(s)
			const all = 4 * 25 * meter.HoursPerDay
			s.processUntil(func() bool { return s.summary().Totals.Stored >= all && s.caughtUp() && s.relayed() })

			require.EqualValues(t, all, s.rows()[0].Rows, "five days came twice and are stored once")
			require.EqualValues(t, 4*5*meter.HoursPerDay, s.summary().Totals.Duplicates)
			require.Equal(t, string(twin.FromRows), s.lastOrigin())
			s.requireLiveOfTheTopic()
		})
	}
}

// TestNewTopicIsRecoveredAgain after it has passed the offset of a checkpoint
// that was made of the topic before it.
func TestNewTopicIsRecoveredAgain(t *testing.T) {
	const days = 50
	want := undisturbed(t, days)
	for name, disturb := range map[string]func(s *services, kept map[int]history.Checkpoint){
		"killed before its first checkpoint": func(s *services, kept map[int]history.Checkpoint) {
			for partition, c := range kept {
				c.Epoch += 1000 // the newest owner's
				require.NoError(s.t, s.stores.Redis.SaveCheckpoint(s.t.Context(), partition, c))
			}
		},
		"Redis emptied": func(s *services, _ map[int]history.Checkpoint) { s.forgetRedis() },
	} {
		t.Run(name, func(t *testing.T) {
			s := startServices(t)
			s.produce(0, 20)
			s.process()
			kept := s.checkpoints()
			s.recreateTopic()
			s.produce(15, 30)
			s.processUntil(func() bool { return s.caughtUp() && s.relayed() })
			s.requireLiveOfTheTopic()
			disturb(s, kept)
			s.produce(45, days-45)
			s.process()

			for i, table := range s.rows() {
				if table.Name == "readings" || table.Name == "group_load" {
					require.Equal(t, want[i], table)
				}
			}
			require.Equal(t, string(twin.FromRows), s.lastOrigin(), "what was known before the new topic counts")
		})
	}
}

// TestNewTopicIsRecoveredFromItsOwnCheckpoint, which is as good as one of a
// first topic.
func TestNewTopicIsRecoveredFromItsOwnCheckpoint(t *testing.T) {
	run := func(t *testing.T, meanwhile func(*services)) []twinrows.Table {
		s := startServices(t)
		s.produce(0, 10)
		s.process()
		s.recreateTopic()
		s.produce(10, 14)
		s.process()
		for _, c := range s.checkpoints() {
			require.Equal(t, 1, c.TopicGeneration)
		}
		meanwhile(s)
		s.produce(24, 6)
		s.process()
		return s.rows()
	}
	require.Equal(t, run(t, func(*services) {}), run(t, func(s *services) {
		kept := s.checkpoints()
		s.produce(24, 3)
		s.process()
		for partition, c := range kept {
			c.Epoch += 1000
			require.NoError(t, s.stores.Redis.SaveCheckpoint(t.Context(), partition, c))
		}
	}))
}

// recreateTopic replaces the topic of readings by one of its name.
func (s *services) recreateTopic() {
	s.t.Helper()
	require.NoError(s.t, s.stores.Stream.DeleteTopic(s.t.Context(), s.twin.Topic("readings")))
	require.NoError(s.t, prepare.Run(s.t.Context(), s.twin, slog.New(slog.DiscardHandler)))
}

// lastOrigin is what the newest decision's state was made from.
func (s *services) lastOrigin() string {
	s.t.Helper()
	last, err := s.reader.ListDecisions(s.t.Context(), reader.DecisionList{From: 0, To: 1 << 30, Limit: 1})
	require.NoError(s.t, err)
	_, provenance, err := s.reader.DecisionByID(s.t.Context(), last[0].ID)
	require.NoError(s.t, err)
	return provenance.Origin
}

// requireLiveOfTheTopic checks that the live streams end with the topic that is
// there now, not with one before.
func (s *services) requireLiveOfTheTopic() {
	s.t.Helper()
	logs, err := s.stores.Stream.Offsets(s.t.Context(), s.twin.Topic("readings"))
	require.NoError(s.t, err)
	after := map[int]history.LiveID{}
	for _, e := range s.liveEvents() {
		after[e.Partition] = e.ID
	}
	for partition, log := range logs {
		if log.End == 0 {
			continue // no meter's key falls into this partition
		}
		const secondTopic = 1 << 48
		require.EqualValues(s.t, secondTopic+log.End, after[partition].Offset, "partition %d", partition)
	}
}

func TestTwoProcessorsShareThePartitions(t *testing.T) {
	const days = 24
	want := undisturbed(t, days)
	s := startServices(t)
	s.produce(0, 10)
	s.processByTwo(func() { s.produce(10, days-10) })
	require.Equal(t, want, s.rows())
}

func TestOtherOwnersBatchIsRefused(t *testing.T) {
	s := startServices(t)
	s.produce(0, 3)
	s.process()
	stored, err := s.stores.DB.TakePartition(t.Context(), 0, "another process")
	require.NoError(t, err)
	stale := &writer.Batch{Epoch: stored.Epoch - 1, Effects: twin.Effects{PrevOffset: stored.NextOffset, NextOffset: stored.NextOffset + 1}}
	require.ErrorIs(t, s.stores.DB.Commit(t.Context(), stale), writer.ErrFenced)
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

// relayed reports whether the outbox is empty.
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
