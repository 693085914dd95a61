package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
)

// Late readings and corrections of a meter are found, and no other meter's.
func TestMeterQuality(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 0, twin.MeterKey{Name: "a"}, twin.MeterKey{Name: "b"})
		no, other := p.meters[0].MeterNo, p.meters[1].MeterNo
		first := p.batch(10)
		p.fill(first, day, 5)
		p.commit(t, s, first)
		b := p.batch(10)
		b.Watermark = day + 30
		b.New.Append(no, day+6, 6, twin.Late)
		b.Late = []twin.LateReading{{MeterNo: no, Hour: day + 6, Offset: 11, Watermark: day + 12}}
		b.Revisions = []twin.Revision{
			{MeterNo: no, Hour: day + 2, OldKWh: 20, Offset: 13, Watermark: day + 14},
			{MeterNo: no, Hour: day + 2, OldKWh: 21, Offset: 14, Watermark: day + 20},
			{MeterNo: other, Hour: day + 3, OldKWh: 22, Offset: 15, Watermark: day + 20},
		}
		p.commit(t, s, b)

		hours, err := s.MeterQuality(t.Context(), no, day, day+8)
		require.NoError(t, err)
		measured, late := twin.Measured, twin.Late
		require.Len(t, hours, 8)
		for i, want := range []reader.HourQuality{
			{Quality: &measured}, {Quality: &measured}, {Quality: &measured, Corrections: 2}, {Quality: &measured}, {Quality: &measured}, {}, {Quality: &late}, {},
		} {
			want.Hour = day + meter.Hour(i)
			require.Equal(t, want, hours[i], "hour %d", i)
		}
		found, err := s.Corrections(t.Context(), no, day, day+8, 10)
		require.NoError(t, err)
		require.Len(t, found, 2)
		require.Equal(t, []float32{21, 20}, []float32{found[0].KWh, found[1].KWh}, "the newest first")
		one, err := s.Corrections(t.Context(), no, day, day+8, 1)
		require.NoError(t, err)
		require.Len(t, one, 1)
	})
}
