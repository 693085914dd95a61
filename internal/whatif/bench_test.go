package whatif

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/twin"
)

// BenchmarkYear replays a year of 1,000 homes under two tariffs. MB is the memory
// that the process has got from the system by then.
func BenchmarkYear(b *testing.B) {
	const meters, days = 1000, 365
	r := homes(b, meters, 40, days)
	o := options(b, 12)
	o.Alternative = rules(b, func(s *twin.Settings) { s.Policy.Tariff = dsm.Tariff{Currency: "GBP", Default: .5} })
	for b.Loop() {
		_, err := Run(b.Context(), r, o)
		require.NoError(b, err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/1e6, "MB")
	b.ReportMetric(float64(b.N*meters*days*24)/b.Elapsed().Seconds(), "readings/s")
}
