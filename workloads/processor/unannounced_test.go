package processor

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// decidedBatch ends at an offset and has n decisions of one hour, announced between
// two other entries.
func decidedBatch(partition int, next int64, n int) *writer.Batch {
	b := &writer.Batch{Effects: twin.Effects{Partition: partition, NextOffset: next, Decisions: make([]twin.Decision, n)}}
	for i := range b.Decisions {
		b.Decisions[i] = twin.Decision{MeterNo: int32(n - i), Decision: dsm.Decision{IssuedAt: meter.Hour(next)}}
	}
	b.Outbox = []writer.OutboxEntry{
		{Kind: writer.OutboxQuarantine}, {Kind: writer.OutboxDecisions, Hour: meter.Hour(next)}, {Kind: writer.OutboxState},
	}
	return b
}

func itemOf(partition int, next int64) *writer.OutboxItem {
	return &writer.OutboxItem{Partition: partition, BatchOffset: next, Number: 1}
}

func TestDecisionsAreKeptUntilTheyAreAnnounced(t *testing.T) {
	var u unannounced
	kept := func(partition int, next int64) int {
		decisions, here := u.of(itemOf(partition, next))
		require.Equal(t, here, decisions != nil)
		return len(decisions)
	}
	u.keep(decidedBatch(0, 100, 3))
	u.keep(decidedBatch(1, 100, 4))
	u.keep(decidedBatch(0, 200, 5))
	require.Equal(t, []int{3, 4, 5}, []int{kept(0, 100), kept(1, 100), kept(0, 200)})
	require.Len(t, u.held, 3, "nothing is kept of the entries of another kind")

	u.announced([]writer.OutboxItem{*itemOf(0, 100), *itemOf(7, 100)})
	require.Equal(t, []int{0, 4, 5}, []int{kept(0, 100), kept(1, 100), kept(0, 200)})

	u.forget(0)
	require.Equal(t, []int{4, 0}, []int{kept(1, 100), kept(0, 200)})
	require.Equal(t, 4, u.count)
	require.Len(t, u.order, 1)
}

func TestTheOldestDecisionsAreDroppedFirst(t *testing.T) {
	var u unannounced
	const n = mostUnannounced/4 + 1
	for i := range int64(6) {
		u.keep(decidedBatch(0, i, n))
	}
	for i := range int64(6) {
		_, here := u.of(itemOf(0, i))
		require.Equal(t, i >= 3, here, i)
	}
	require.Equal(t, 3*n, u.count)
	require.LessOrEqual(t, u.count, mostUnannounced)
}

// The messages that a processor makes of decisions in memory are those that any
// other makes of the rows.
func TestMessagesAreThoseOfTheRows(t *testing.T) {
	s := startServices(t)
	ctx := t.Context()
	const days = 12
	s.produce(0, days)
	s.processUntil(s.allAnnounced)

	rows := map[string]bool{}
	first := meter.HourOf(s.twin.Dataset.Start)
	for h := first; h < first+(days+1)*meter.HoursPerDay; h++ {
		for p := range testPartitions {
			decisions, err := s.stores.DB.DecisionsIssued(ctx, p, h)
			require.NoError(t, err)
			for i := range decisions {
				rows[string(decisions[i].AppendMessage(nil))] = true
			}
		}
	}
	require.Greater(t, len(rows), 4*(days-1))

	messages := map[string]bool{}
	topic := s.twin.Topic("decisions")
	logs, err := s.stores.Stream.Offsets(ctx, topic)
	require.NoError(t, err)
	for p, log := range logs {
		r := s.stores.Stream.PartitionReader(topic, p, stream.ReaderOptions{})
		for next := log.Start; next < log.End; {
			batch, err := r.Fetch(ctx, next)
			require.NoError(t, err)
			for rec := (stream.Record{}); batch.Next(&rec); {
				messages[string(rec.Value)] = true
			}
			require.NoError(t, batch.Err())
			next = batch.NextOffset()
		}
	}
	require.Equal(t, rows, messages)
}
