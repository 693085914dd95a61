package twin

import (
	"testing"

	"github.com/energytwin/energytwin/internal/meter"
)

// BenchmarkQuarters measures what a message costs where hours come in
// quarters. B/meter is the state that a meter takes after eight weeks, three
// quarters into an hour.
func BenchmarkQuarters(b *testing.B) {
	const meters = 1_000
	p := newBenchPartition(b, meters)
	value := inParts(meter.Reading{Meter: "meter-00000", Group: "feeder-000", Hour: p.rules.From, KWh: 1.2345}, quarter)[1]
	h, q, i := p.rules.From, uint8(0), 0
	p.measure(b, (8*meter.HoursPerWeek*quarters+quarters-1)*meters, func() {
		p.acceptSubHour(&message{
			Record: Record{Offset: p.next, Key: []byte("feeder-000"), Value: value}, meter: p.states[i],
			hour: h, minute: q * quarter, minutes: quarter, kwh: .05 + float32((int(h)*7+i*13)%24)/48,
		}, &p.fx)
		p.next++
		if i++; i < meters {
			return
		}
		if i, q = 0, q+1; q == quarters {
			q, h = 0, h+1
		}
	})
}
