package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
)

// A question about an earlier time gets what was known then: before corrections, and
// without readings that were still missing.
func TestMeterAsKnown(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 0, twin.MeterKey{Name: "a"}, twin.MeterKey{Name: "b"})
		no := p.meters[0].MeterNo
		first := p.batch(10)
		p.fill(first, day, 5)
		p.commit(t, s, first)

		b := p.batch(10)
		b.Watermark = day + 30
		b.New.Append(no, day+6, 6, twin.Late)
		b.Late = []twin.LateReading{{MeterNo: no, Hour: day + 6, Offset: 11, Watermark: day + 12}}
		b.Revisions = []twin.Revision{
			{MeterNo: no, Hour: day + 2, OldKWh: load(0, day+2), Offset: 12, Watermark: day + 14},
			{MeterNo: no, Hour: day + 2, OldKWh: 20, Offset: 13, Watermark: day + 14},
			{MeterNo: no, Hour: day + 2, OldKWh: 21, Offset: 14, Watermark: day + 20},
			{MeterNo: no, Hour: day + 6, OldKWh: 6, Offset: 15, Watermark: day + 20},
		}
		b.Corrected.Append(no, day+2, 22, twin.Corrected)
		b.Corrected.Append(no, day+6, 60, twin.Corrected)
		b.Older = []twin.UnseenReading{
			{MeterNo: no, Hour: day + 3, KWh: 30, Quality: twin.Late, Offset: 16, Watermark: day + 25},
			{MeterNo: no, Hour: day + 7, KWh: 70, Quality: twin.Late, Offset: 17, Watermark: day + 25},
		}
		p.commit(t, s, b)

		type hours map[int]float32
		for at, want := range map[meter.Hour]hours{
			day + 11: {1: load(0, day+1), 2: load(0, day+2), 3: load(0, day+3)},
			day + 12: {1: load(0, day+1), 2: load(0, day+2), 3: load(0, day+3), 6: 6},
			day + 14: {1: load(0, day+1), 2: 21, 3: load(0, day+3), 6: 6},
			day + 19: {1: load(0, day+1), 2: 21, 3: load(0, day+3), 6: 6},
			day + 20: {1: load(0, day+1), 2: 22, 3: load(0, day+3), 6: 60},
			day + 24: {1: load(0, day+1), 2: 22, 3: load(0, day+3), 6: 60},
			day + 25: {1: load(0, day+1), 2: 22, 3: 30, 6: 60, 7: 70},
		} {
			points, err := s.MeterSeries(t.Context(), no, reader.SeriesQuery{From: day + 1, To: day + 8, Aggregate: reader.Sum, AsKnown: &at})
			require.NoError(t, err)
			got := hours{}
			for i, pt := range points {
				require.Equal(t, (day + 1 + meter.Hour(i)).Time(), pt.Start.UTC())
				if pt.Value != nil && i+1 != 4 {
					got[i+1] = float32(*pt.Value)
				}
			}
			require.Equal(t, want, got, "at %s", at)
		}
		now, err := s.MeterSeries(t.Context(), no, reader.SeriesQuery{From: day + 1, To: day + 8, Aggregate: reader.Sum})
		require.NoError(t, err)
		later := day + 30
		newest, err := s.MeterSeries(t.Context(), no, reader.SeriesQuery{From: day + 1, To: day + 8, Aggregate: reader.Sum, AsKnown: &later})
		require.NoError(t, err)
		require.Equal(t, now, newest)

		// The same batch against rows that are there: nothing new is known.
		kept := s.count(t, `SELECT count(*) FROM reading_revisions`)
		again := p.batch(10)
		again.Watermark = day + 31
		again.New.Append(no, day+6, 60, twin.Late)
		again.New.Append(no, day+8, 8, twin.Late)
		again.Late = []twin.LateReading{{MeterNo: no, Hour: day + 6, Offset: 21, Watermark: day + 30}, {MeterNo: no, Hour: day + 8, Offset: 22, Watermark: day + 30}}
		p.commit(t, s, again)
		require.Equal(t, kept+1, s.count(t, `SELECT count(*) FROM reading_revisions`))
		require.Equal(t, 1, s.count(t, `SELECT count(*) FROM reading_revisions WHERE old_kwh IS NULL AND stream_offset = 22 AND ts = $1`, (day+8).Time()))
	})
}
