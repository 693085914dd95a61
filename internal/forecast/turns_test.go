package forecast

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// TestTurnsTogetherAreTurnsOneByOne: states and forecasts of many meters, some with gaps and some
// that are new, are the same whether their turns are made together or apart.
func TestTurnsTogetherAreTurnsOneByOne(t *testing.T) {
	m := engine(t, "Europe/London")
	const meters, from, days = 19, midnight - 60*24, 75
	var together, apart []*player
	for i := range meters {
		load := household(uint32(i))
		with := func(h meter.Hour) float32 {
			if i%5 == 2 && hash(h*3+meter.Hour(i)) < .02 || i%7 == 3 && h < midnight-20*24 {
				return nan()
			}
			return load(h)
		}
		together, apart = append(together, play(m, with)), append(apart, play(m, with))
	}
	for h := from; h < from+days*24; h++ {
		hours := map[meter.Hour]int{23: 30, 5: 24, 17: 30, 12: 48}[h%24]
		turns := make([]Turn, meters)
		for i, p := range together {
			if v := p.load(h); v == v {
				p.w.Put(h, v)
				apart[i].w.Put(h, v)
			}
			turns[i] = Turn{State: p.state, Window: p.w, Out: quantilesOf(hours)}
		}
		m.AdvanceAndForecast(turns, h)
		for i, p := range apart {
			want := quantilesOf(hours)
			p.state.Advance(p.w, h)
			if hours > 0 {
				p.state.Forecast(p.w, h+1, want)
			}
			require.Equal(t, fmt.Sprint(want), fmt.Sprint(turns[i].Out), "meter %d, hour %d", i, h)
			if h%24 == 0 {
				require.Equal(t, p.state.AppendBinary(nil), together[i].state.AppendBinary(nil), "meter %d, hour %d", i, h)
			}
		}
	}
}

func quantilesOf(hours int) Quantiles {
	return Quantiles{P10: make([]float32, hours), P50: make([]float32, hours), P90: make([]float32, hours)}
}
