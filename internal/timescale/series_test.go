package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/timescale/reader"
)

func TestSeries(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()
		b := tw.meters[1].MeterNo

		hours, err := s.MeterSeries(ctx, b, reader.SeriesQuery{From: gapFrom - 1, To: gapTo + 1, Aggregate: reader.Sum})
		require.NoError(t, err)
		require.Len(t, hours, 6)
		require.InDelta(t, load(1, gapFrom-1), *hours[0].Value, 1e-6)
		require.Equal(t, gapFrom.Time(), hours[1].Start.UTC())
		for _, p := range hours[1:5] {
			require.Nil(t, p.Value, "a gap is null, never 0")
			require.Zero(t, p.Known)
		}

		fours, err := s.MeterSeries(ctx, b, reader.SeriesQuery{From: day + 28, To: day + 40, Hours: 4, Aggregate: reader.Sum})
		require.NoError(t, err)
		require.Len(t, fours, 3)
		require.Equal(t, []int{2, 2, 4}, []int{fours[0].Known, fours[1].Known, fours[2].Known})
		require.InDelta(t, load(1, day+28)+load(1, day+29), *fours[0].Value, 1e-6)

		// Zagreb is an hour ahead: its 2nd of January begins at 23:00Z on the 1st.
		days, err := s.MeterSeries(ctx, tw.meters[0].MeterNo, reader.SeriesQuery{From: day, To: day + 48, Unit: reader.Days, Zone: "Europe/Zagreb", Aggregate: reader.Maximum})
		require.NoError(t, err)
		require.Len(t, days, 3)
		require.Equal(t, []int{23, 24, 1}, []int{days[0].Known, days[1].Known, days[2].Known})
		require.InDelta(t, load(0, day+22), *days[0].Value, 1e-6)
		require.Equal(t, (day + 23).Time(), days[1].Start.UTC())

		group, err := s.GroupSeries(ctx, tw.meters[0].GroupNo, reader.SeriesQuery{From: day, To: day + 24, Unit: reader.Days, Aggregate: reader.Average})
		require.NoError(t, err)
		require.InDelta(t, load(0, day)+load(1, day)+0.23, *group[0].Value, 1e-5)

		twin, err := s.TwinSeries(ctx, reader.SeriesQuery{From: day, To: day + 96, Unit: reader.Weeks, Aggregate: reader.Minimum})
		require.NoError(t, err)
		require.InDelta(t, load(0, gapFrom)+load(2, gapFrom), *twin[0].Value, 1e-6, "without b")
		require.Equal(t, 96, twin[0].Known)

		require.Equal(t, 4*3, s.count(t, `SELECT count(*) FROM readings_daily`))
		require.Equal(t, 20, s.count(t, `SELECT hours FROM readings_daily WHERE meter_no = $1 AND day = $2`, b, (day+24).Time()))
		require.Equal(t, 4*2, s.count(t, `SELECT count(*) FROM group_load_daily`))
	})
}

func TestSeriesRefusesWhatItCannotAnswer(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		for name, c := range map[string]struct {
			q    reader.SeriesQuery
			want error
		}{
			"too many points": {reader.SeriesQuery{From: day, To: day + 101, Aggregate: reader.Sum, MaxPoints: 100}, reader.ErrTooManyPoints},
			"empty range":     {reader.SeriesQuery{From: day, To: day, Aggregate: reader.Sum}, reader.ErrBadQuery},
			"aggregate":       {reader.SeriesQuery{From: day, To: day + 1, Aggregate: "median(1);"}, reader.ErrBadQuery},
			"unit":            {reader.SeriesQuery{From: day, To: day + 1, Aggregate: reader.Sum, Unit: "year"}, reader.ErrBadQuery},
			"zone":            {reader.SeriesQuery{From: day, To: day + 1, Aggregate: reader.Sum, Unit: reader.Days, Zone: "Mars/Olympus"}, reader.ErrBadQuery},
			"negative step":   {reader.SeriesQuery{From: day, To: day + 1, Aggregate: reader.Sum, Hours: -1}, reader.ErrBadQuery},
		} {
			_, err := s.TwinSeries(t.Context(), c.q)
			require.ErrorIs(t, err, c.want, name)
		}
	})
}
