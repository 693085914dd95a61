package generator

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
)

// event is a message of the topic: a reading or a watermark.
type event struct {
	reading meter.Hour // NoHour for a watermark
	mark    meter.Hour // NoHour for a reading
}

// events are the messages of each partition, in order.
func (b *bench) events() [][]event {
	b.t.Helper()
	ctx := testContext(b.t)
	logs, err := b.deps.Stream.Offsets(ctx, b.twin.Topic("readings"))
	require.NoError(b.t, err)
	out := make([][]event, len(logs))
	for p, log := range logs {
		r := b.deps.Stream.PartitionReader(b.twin.Topic("readings"), p, stream.ReaderOptions{})
		for next := log.Start; next < log.End; {
			batch, err := r.Fetch(ctx, next)
			require.NoError(b.t, err)
			for rec := (stream.Record{}); batch.Next(&rec); {
				e := event{meter.NoHour, meter.NoHour}
				var m meter.Message
				if meter.DecodeMessage(rec.Value, &m) == nil {
					e.reading = m.Hour
				} else {
					var mark bool
					e.mark, mark, err = meter.DecodeWatermark(rec.Value)
					require.True(b.t, mark && err == nil, "%s", rec.Value)
				}
				out[p] = append(out[p], e)
			}
			require.NoError(b.t, batch.Err())
			next = batch.NextOffset()
		}
	}
	return out
}

// requireEnded checks that the hours of every partition with readings have ended at
// end, once, and that no reading follows a watermark of its hour.
func (b *bench) requireEnded(end meter.Hour) {
	b.t.Helper()
	for p, events := range b.events() {
		ended, mark := 0, meter.NoHour
		for _, e := range events {
			if e.mark == end {
				ended++
			}
			mark = max(mark, e.mark)
			if e.reading != meter.NoHour {
				require.GreaterOrEqual(b.t, e.reading, mark, "partition %d", p)
			}
		}
		if len(events) == 0 {
			continue
		}
		require.Equal(b.t, 1, ended, "partition %d", p)
		require.Equal(b.t, end, events[len(events)-1].mark, "partition %d", p)
	}
}

// A replay ends the last hour of every partition with meters, also of those whose
// meters ended before, and whose event time has gone on with that of the others.
func TestReplayEndsItsLastHour(t *testing.T) {
	const hours = 400
	b := newBench(t, ModeReplay, hours, crowded(t, hours))
	b.twin.Generator.Speed = 3600
	b.live(300 * time.Second)
	marked := false
	for p, events := range b.events() {
		for _, e := range events {
			require.Less(t, e.mark, start+302, "partition %d ends no hour before it has passed", p)
			marked = marked || e.mark > start+290
		}
	}
	require.True(t, marked, "the partition whose meter has ended goes on")
	b.live(toItsEnd)
	b.requireEnded(start + hours)

	before := b.events()
	b.live(toItsEnd)
	require.Equal(t, before, b.events(), "a life after the end repeats nothing")
}

// However often it is stopped, a replay ends each partition.
func TestReplayThatIsStoppedEndsItsLastHour(t *testing.T) {
	const hours = 60
	for life := time.Second; life < hours*time.Second; life += 7 * time.Second {
		b := newBench(t, ModeReplay, hours, crowded(t, hours))
		b.twin.Generator.Speed = 3600
		for b.live(life) >= life {
		}
		b.requireEnded(start + hours)
	}
}

// What a partition lacks of the last watermark is published when the generator starts
// again, as in a topic that an earlier version has filled.
func TestEndIsPublishedWhereItIsLacking(t *testing.T) {
	const hours = 50
	b := newBench(t, ModeReplay, hours, crowded(t, hours))
	b.twin.Generator.Mode = ModeLoop // which ends no hour
	b.twin.Generator.Speed = 3600
	b.live((hours - 1) * time.Second)
	for _, events := range b.events() {
		require.False(t, slices.ContainsFunc(events, func(e event) bool { return e.mark != meter.NoHour }))
	}
	b.twin.Generator.Mode = ModeReplay
	b.live(toItsEnd)
	b.requireEnded(start + hours)
}
