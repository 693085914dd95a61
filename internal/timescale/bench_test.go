package timescale_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

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
	b      writer.Batch
	meters []twin.MeterRef
	hour   meter.Hour
	size   int
	raw    []byte
}

func newCommitBench(b *testing.B, s store, meters, size int) *commitBench {
	b.Helper()
	bench := newCommitBenchOf(b, s, 0, meters, size)
	keys := make([]twin.MeterKey, meters)
	for p := 1; p < 12; p++ { // the meters of other partitions share the tables
		for i := range keys {
			keys[i].Name = fmt.Sprintf("other-%d-%05d", p, i)
		}
		_, err := s.EnsureMeters(b.Context(), p, keys)
		require.NoError(b, err)
	}
	return bench
}

// newCommitBenchOf makes the batches of a partition whose meters are the only ones.
func newCommitBenchOf(b *testing.B, s store, partition, meters, size int) *commitBench {
	b.Helper()
	state, err := s.TakePartition(b.Context(), partition, "bench")
	require.NoError(b, err)
	keys := make([]twin.MeterKey, meters)
	for i := range keys {
		keys[i].Name = fmt.Sprintf("meter-%05d", i)
	}
	refs, err := s.EnsureMeters(b.Context(), partition, keys)
	require.NoError(b, err)
	batch := writer.Batch{Effects: twin.Effects{Partition: partition, NextOffset: state.NextOffset}, Epoch: state.Epoch}
	return &commitBench{b: batch, meters: refs, hour: day, size: size}
}

// next fills the batch with the next hours of all meters.
func (c *commitBench) next() *writer.Batch {
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

// encoded are readings in the format of binary COPY, all at once.
func (c *commitBench) encoded(r *twin.Readings) []byte {
	c.raw = append(c.raw[:0], "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	for i := range r.MeterNo {
		c.raw = pgvalue.AppendCount(c.raw, 4)
		c.raw = pgvalue.AppendHour(c.raw, r.Hour[i])
		c.raw = pgvalue.AppendInt4(c.raw, r.MeterNo[i])
		c.raw = pgvalue.AppendFloat4(c.raw, r.KWh[i])
		c.raw = pgvalue.AppendInt2(c.raw, int16(r.Quality[i]))
	}
	return append(c.raw, 0xff, 0xff)
}

// rawCopy writes the readings alone.
func (c *commitBench) rawCopy(b *testing.B, s store, batch *writer.Batch) {
	b.Helper()
	conn, err := s.Pool.Acquire(b.Context())
	require.NoError(b, err)
	defer conn.Release()
	_, err = conn.Conn().PgConn().CopyFrom(b.Context(), bytes.NewReader(c.encoded(&batch.New)), `COPY readings (ts, meter_no, kwh, quality) FROM STDIN BINARY`)
	require.NoError(b, err)
}
