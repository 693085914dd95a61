package processor

import "github.com/energytwin/energytwin/internal/meter"

// monthPeak is the meter's highest hour of the local calendar month before t, as
// far as its window reaches back; 0 if there was none, or if no demand charge asks
// for it.
func (r *rules) monthPeak(m *meterState, t meter.Hour) float64 {
	if !r.demandCharge {
		return 0
	}
	y, month, _ := r.cal.Local(t).Date()
	from := meter.DayStart(y, month, 1, r.cal.Location())
	peak := 0.0
	for h := max(from, m.window.Oldest()); h < t; h++ {
		if v := float64(m.window.At(h)); v > peak {
			peak = v
		}
	}
	return peak
}
