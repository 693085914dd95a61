package timescale

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// BenchmarkCopyReader encodes rows without sending them.
func BenchmarkCopyReader(b *testing.B) {
	var r twin.Readings
	for i := range 10_000 {
		r.Append(int32(i%1000), day+meter.Hour(i/1000), float32(i), twin.Measured)
	}
	buf := make([]byte, 65536)
	b.ReportAllocs()
	for b.Loop() {
		stream := copyReader{rows: (*readingRows)(&r)}
		for {
			if _, err := stream.Read(buf); err != nil {
				break
			}
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkCommit writes batches of readings with a row of meter_state per
// meter, for one partition of twelve, beside COPY of the same readings alone.
func BenchmarkCommit(b *testing.B) {
	for _, srv := range servers {
		if srv.one != nil {
			continue
		}
		for _, size := range []int{1_000, 10_000, 50_000} {
			b.Run(fmt.Sprintf("%s/rows=%d", srv.kind, size), func(b *testing.B) {
				s := srv.open(b)
				bench := newCommitBench(b, s, 833, size)
				for b.Loop() {
					require.NoError(b, s.Commit(b.Context(), bench.next()))
				}
				b.ReportMetric(float64(b.N)*float64(size)/b.Elapsed().Seconds(), "rows/s")
			})
			b.Run(fmt.Sprintf("%s/rows=%d/raw", srv.kind, size), func(b *testing.B) {
				s := srv.open(b)
				bench := newCommitBench(b, s, 833, size)
				for b.Loop() {
					bench.rawCopy(b, s, bench.next())
				}
				b.ReportMetric(float64(b.N)*float64(size)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

// commitBench makes one batch after another of one partition.
type commitBench struct {
	b      Batch
	meters []twin.MeterRef
	hour   meter.Hour
	size   int
}

func newCommitBench(b *testing.B, s store, meters, size int) *commitBench {
	b.Helper()
	state, err := s.TakePartition(b.Context(), 0, "bench")
	require.NoError(b, err)
	keys := make([]twin.MeterKey, meters)
	for i := range keys {
		keys[i].Name = fmt.Sprintf("meter-%05d", i)
	}
	refs, err := s.EnsureMeters(b.Context(), 0, keys)
	require.NoError(b, err)
	for p := 1; p < 12; p++ { // the meters of other partitions share the tables
		for i := range keys {
			keys[i].Name = fmt.Sprintf("other-%d-%05d", p, i)
		}
		_, err := s.EnsureMeters(b.Context(), p, keys)
		require.NoError(b, err)
	}
	return &commitBench{b: Batch{Epoch: state.Epoch}, meters: refs, hour: day, size: size}
}

// next fills the batch with the next hours of all meters.
func (c *commitBench) next() *Batch {
	b := &c.b
	b.New.Reset()
	b.Newest = b.Newest[:0]
	b.GroupTotals = b.GroupTotals[:0]
	hours := max(c.size/len(c.meters), 1)
	for k := range meter.Hour(hours) {
		for i, m := range c.meters {
			b.New.Append(m.MeterNo, c.hour+k, load(i, c.hour+k), twin.Measured)
		}
		b.GroupTotals = append(b.GroupTotals, twin.GroupTotal{GroupNo: 0, Hour: c.hour + k, KWh: float64(k), Meters: int32(len(c.meters)), FedIn: 0})
	}
	c.hour += meter.Hour(hours)
	for _, m := range c.meters {
		b.Newest = append(b.Newest, twin.NewestReading{MeterNo: m.MeterNo, Hour: c.hour - 1, KWh: 1, Stored: int64(hours)})
	}
	b.PrevOffset, b.NextOffset, b.Watermark = b.NextOffset, b.NextOffset+int64(c.size), c.hour-1
	return b
}

// rawCopy writes the readings alone.
func (c *commitBench) rawCopy(b *testing.B, s store, batch *Batch) {
	b.Helper()
	conn, err := s.pool.Acquire(b.Context())
	require.NoError(b, err)
	defer conn.Release()
	_, err = conn.Conn().PgConn().CopyFrom(b.Context(), &copyReader{rows: (*readingRows)(&batch.New)}, copyReadings)
	require.NoError(b, err)
}
