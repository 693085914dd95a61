package processor

import (
	"testing"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
)

// BenchmarkQuarters measures what a message costs where hours come in
// quarters. B/meter is the state that a meter takes after eight weeks, three
// quarters into an hour.
func BenchmarkQuarters(b *testing.B) {
	const meters = 1_000
	p := newBenchPartition(b, meters)
	value := inParts(meter.Reading{Meter: "meter-00000", Group: "feeder-000", Hour: p.rules.from, KWh: 1.2345}, quarter)[1]
	h, q, i := p.rules.from, uint8(0), 0
	p.measure(b, (8*meter.HoursPerWeek*quarters+quarters-1)*meters, func() {
		msg := message{Record: stream.Record{Offset: p.next, Key: []byte("feeder-000"), Value: value}, meter: p.states[i]}
		msg.reading = meter.Message{Hour: h, Minute: q * quarter, Minutes: quarter, KWh: .05 + float32((int(h)*7+i*13)%24)/48}
		p.takePart(&msg, &p.batch)
		p.next++
		if i++; i < meters {
			return
		}
		if i, q = 0, q+1; q == quarters {
			q, h = 0, h+1
		}
	})
}
