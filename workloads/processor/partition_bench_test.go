package processor

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
)

// BenchmarkPartition measures what a reading costs in memory alone: window,
// model, and, amortised, a forecast and a decision a day. B/meter is the state
// that a meter takes after eight weeks.
func BenchmarkPartition(b *testing.B) {
	for _, meters := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("meters=%d", meters), func(b *testing.B) {
			benchmarkPartition(b, meters)
		})
	}
}

const batchReadings = 10_000

func benchmarkPartition(b *testing.B, meters int) {
	twin := testTwin()
	before := heap()
	r := testRules(b, twin)
	r.to = meter.NoHour
	p := newPartition(0, r)
	states := make([]*meterState, meters)
	for i := range states {
		states[i] = p.add(timescale.MeterRef{
			MeterKey: timescale.MeterKey{Name: fmt.Sprintf("meter-%05d", i), Group: fmt.Sprintf("feeder-%03d", i/25)},
			MeterNo:  int32(i + 1), GroupNo: int32(i/25 + 1),
		})
	}
	var batch batch
	h, i := r.from, 0
	next := func() {
		m := states[i]
		load := .2 + float32((int(h)*7+i*13)%24)/12
		p.take(held{meter: m, hour: h, kwh: load}, p.next, &batch)
		p.next++
		if i++; i == meters {
			i, h = 0, h+1
		}
	}
	run := func(n int) {
		for done := 0; done < n; done += batchReadings {
			prev := p.next
			batch.begin()
			for range min(batchReadings, n-done) {
				next()
			}
			batch.finish(p, prev)
		}
	}
	run(8 * meter.HoursPerWeek * meters)
	bytes := float64(heap()-before) / float64(meters)
	require.Equal(b, meters, len(p.meters))
	b.ResetTimer()
	run(b.N)
	b.ReportMetric(bytes, "B/meter")
}

// heap is the memory in use once all garbage is gone.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
