package twin

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/energytwin/energytwin/internal/meter"
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

func benchmarkPartition(b *testing.B, meters int) {
	p := newBenchPartition(b, meters)
	h, i := p.rules.From, 0
	p.measure(b, 8*meter.HoursPerWeek*meters, func() {
		load := .2 + float32((int(h)*7+i*13)%24)/12
		p.Accept(Reading{Meter: p.states[i], Hour: h, KWh: load}, p.next, &p.fx)
		p.next++
		if i++; i == meters {
			i, h = 0, h+1
		}
	})
}

// benchPartition is a partition of meters on feeders of 25, in memory alone.
type benchPartition struct {
	*Partition
	states []*Meter
	fx     Effects
	before uint64 // heap in use without it
}

func newBenchPartition(b *testing.B, meters int) *benchPartition {
	before := heap()
	s := testSettings()
	s.To = meter.NoHour
	r := testRules(b, s)
	p := &benchPartition{Partition: New(0, r), states: make([]*Meter, meters), before: before}
	for i := range p.states {
		p.states[i] = p.Register(MeterRef{
			MeterKey: MeterKey{Name: fmt.Sprintf("meter-%05d", i), Group: fmt.Sprintf("feeder-%03d", i/25)},
			MeterNo:  int32(i + 1), GroupNo: int32(i/25 + 1),
		})
	}
	return p
}

// measure takes messages, one by each call of next, in batches as they come from
// a broker: first as many as warm it up, then as many as are measured.
func (p *benchPartition) measure(b *testing.B, warmUp int, next func()) {
	p.run(warmUp, next)
	bytes := float64(heap()-p.before) / float64(len(p.states))
	b.ReportAllocs()
	b.ResetTimer()
	p.run(b.N, next)
	b.ReportMetric(bytes, "B/meter")
}

func (p *benchPartition) run(n int, next func()) {
	const batchReadings = 10_000
	for done := 0; done < n; done += batchReadings {
		p.Begin(&p.fx)
		for range min(batchReadings, n-done) {
			next()
		}
		p.Finish(&p.fx)
	}
}

// heap is the memory in use once all garbage is gone.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
