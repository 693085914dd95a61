package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
)

// Each meter counts from its first reading on, gone or not, and a suspect reading is none.
func TestHoursOfGroupsByDay(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 0,
			twin.MeterKey{Name: "whole", Group: "north"}, twin.MeterKey{Name: "gaps", Group: "north"}, twin.MeterKey{Name: "gone", Group: "north"},
			twin.MeterKey{Name: "later", Group: "south"}, twin.MeterKey{Name: "alone"}, twin.MeterKey{Name: "never", Group: "west"})
		const hours = 23 + 24 + 25 // of three days, the first and the last of which change the clocks
		begins := []meter.Hour{0, 0, 0, 30, 0}
		reports := func(i int, h meter.Hour) bool {
			switch i {
			case 1:
				return h%10 != 3 // 3, 13 · 23, 33, 43 · 53, 63
			case 2:
				return h < 40
			}
			return h >= begins[i]
		}
		var b = p.batch(1)
		for h := range meter.Hour(hours) {
			meters := map[int32]int32{}
			for i, m := range p.meters[:5] {
				if !reports(i, h) {
					continue
				}
				quality := twin.Measured
				if i == 0 && h == 50 {
					quality = quality.Suspect()
				} else {
					meters[m.GroupNo]++
				}
				b.New.Append(m.MeterNo, day+h, 1, quality)
			}
			for no, n := range meters {
				b.GroupTotals = append(b.GroupTotals, twin.GroupTotal{GroupNo: no, Hour: day + h, KWh: float64(n), Meters: n})
			}
		}
		b.Watermark = day + hours - 1
		p.commit(t, s, b)

		bounds := []meter.Hour{day - 24, day, day + 23, day + 23 + 24, day + hours}
		groups, err := s.GroupDays(t.Context(), nil, bounds)
		require.NoError(t, err)
		require.Equal(t, []reader.GroupDays{
			{Name: "", Meters: 1, Due: []int64{0, 23, 24, 25}, Reported: []int64{0, 23, 24, 25}},
			{Name: "north", Meters: 3, Due: []int64{0, 69, 72, 75}, Reported: []int64{0, 69 - 2, 72 - 3 - 7, 75 - 2 - 25 - 1}},
			{Name: "south", Meters: 1, Due: []int64{0, 0, 17, 25}, Reported: []int64{0, 0, 17, 25}},
		}, groups)
		one, err := s.GroupDays(t.Context(), &p.meters[0].GroupNo, bounds)
		require.NoError(t, err)
		require.Equal(t, groups[1:2], one)

		nested := s.Nested(reader.Nesting{Whole: []string{"north"}, Part: []string{"south"}})
		both, err := nested.GroupDays(t.Context(), &p.meters[0].GroupNo, bounds)
		require.NoError(t, err)
		require.Equal(t, groups[1:], both)

		_, err = s.Pool.Exec(t.Context(), `UPDATE meter_state SET first_ts = '-infinity' WHERE first_ts IS NOT NULL`) // as of a twin that is older than the column
		require.NoError(t, err)
		old, err := s.GroupDays(t.Context(), nil, bounds)
		require.NoError(t, err)
		require.Equal(t, []int64{0, 23, 24, 25}, old[2].Due)
		require.Equal(t, groups[:2], old[:2])
	})
}
