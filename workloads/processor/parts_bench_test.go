package processor

import (
	"fmt"
	"testing"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
)

// BenchmarkQuarters measures what a message costs where hours come in
// quarters. B/meter is the state that a meter takes after eight weeks, three
// quarters into an hour.
func BenchmarkQuarters(b *testing.B) {
	const meters = 1_000
	before := heap()
	r := testRules(b, testTwin())
	r.to = meter.NoHour
	p := newPartition(0, r)
	states := make([]*meterState, meters)
	for i := range states {
		states[i] = p.add(timescale.MeterRef{
			MeterKey: timescale.MeterKey{Name: fmt.Sprintf("meter-%05d", i), Group: fmt.Sprintf("feeder-%03d", i/25)},
			MeterNo:  int32(i + 1), GroupNo: int32(i/25 + 1),
		})
	}
	value := inParts(meter.Reading{Meter: "meter-00000", Group: "feeder-000", Hour: r.from, KWh: 1.2345}, quarter)[1]
	var batch batch
	h, q, i := r.from, uint8(0), 0
	next := func() {
		msg := message{Record: stream.Record{Offset: p.next, Key: []byte("feeder-000"), Value: value}, meter: states[i]}
		msg.reading = meter.Message{Hour: h, Minute: q * quarter, Minutes: quarter, KWh: .05 + float32((int(h)*7+i*13)%24)/48}
		p.takePart(&msg, &batch)
		p.next++
		if i++; i < meters {
			return
		}
		if i, q = 0, q+1; q == quarters {
			q, h = 0, h+1
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
	run((8*meter.HoursPerWeek*quarters + quarters - 1) * meters)
	bytes := float64(heap()-before) / meters
	b.ReportAllocs()
	b.ResetTimer()
	run(b.N)
	b.ReportMetric(bytes, "B/meter")
}
