package writer

import (
	"testing"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// BenchmarkCopyReader encodes rows without sending them.
func BenchmarkCopyReader(b *testing.B) {
	var r twin.Readings
	for i := range 10_000 {
		r.Append(int32(i%1000), meter.Hour(i/1000), float32(i), twin.Measured)
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
