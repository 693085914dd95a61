package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
)

func TestSuspectReadingsCountNowhere(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 0, twin.MeterKey{Name: "a", Group: "north"}, twin.MeterKey{Name: "b", Group: "north"})
		b := p.batch(100)
		p.fill(b, day, 24)
		a := p.meters[0]
		b.New.Append(a.MeterNo, day+24, 12_345, twin.Measured.Suspect())
		b.New.Append(a.MeterNo, day+25, 2, twin.WarmUp.Suspect())
		b.Watermark = day + 25
		b.Newest = []twin.NewestReading{{MeterNo: a.MeterNo, Hour: day + 23, KWh: 0.23, Stored: 26}}
		b.Recounts = []twin.GroupHour{{GroupNo: a.GroupNo, Hour: day + 24}, {GroupNo: a.GroupNo, Hour: day + 3}}
		b.Counts.Suspect = 2
		p.commit(t, s, b)

		points, err := s.MeterSeries(t.Context(), a.MeterNo, reader.SeriesQuery{From: day + 23, To: day + 26, Aggregate: reader.Maximum})
		require.NoError(t, err)
		require.NotNil(t, points[0].Value)
		require.Nil(t, points[1].Value, "an hour with a suspect reading is a gap")
		require.Nil(t, points[2].Value)
		require.Equal(t, 0, s.count(t, `SELECT count(*) FROM readings_daily WHERE peak_kw > 100`))
		require.Equal(t, 1, s.count(t, `SELECT count(*) FROM readings_daily WHERE meter_no = $1`, a.MeterNo))
		require.Equal(t, 0, s.count(t, `SELECT count(*) FROM group_load WHERE ts = $1`, (day+24).Time()))

		found, err := s.Suspects(t.Context(), a.MeterNo, day, day+48, 10)
		require.NoError(t, err)
		require.Equal(t, []reader.SuspectReading{{Hour: day + 24, KWh: 12_345}, {Hour: day + 25, KWh: 2}}, found)
		quality, err := s.Quality(t.Context(), reader.QualityQuery{Quarantine: reader.QuarantineFilter{Limit: 1}, SuspectFrom: day, SuspectTo: day + 48, MostSuspects: 10})
		require.NoError(t, err)
		require.Equal(t, []reader.SuspectMeter{{Name: "a", Readings: 2, Newest: day + 25, KWh: 2}}, quality.Suspects)
		m, err := s.MeterByName(t.Context(), "a", 0)
		require.NoError(t, err)
		require.Equal(t, reader.StatusSuspect, m.Status)
		require.Equal(t, 2, m.Suspect)
		require.Equal(t, day+23, m.LastHour)
		summary, err := s.Summary(t.Context())
		require.NoError(t, err)
		require.Equal(t, int64(2), summary.Totals.Suspect)

		warm, err := s.WarmUpRows(t.Context(), a.MeterNo)
		require.NoError(t, err)
		require.Equal(t, []meter.Hour{day + 25}, warm.Hour, "a replay judges it again")
	})
}

func TestVerdictsKeepHowAReadingCame(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 0, twin.MeterKey{Name: "a", Group: ""})
		no := p.meters[0].MeterNo
		b := p.batch(10)
		b.New.Append(no, day, 9, twin.WarmUp.Suspect())
		b.New.Append(no, day+1, 9, twin.Late)
		b.New.Append(no, day+2, 9, twin.Measured)
		b.Verdicts = []twin.Verdict{{MeterNo: no, Hour: day + 1, Suspect: true}, {MeterNo: no, Hour: day + 2, Suspect: true}, {MeterNo: no, Hour: day + 2, Suspect: false}}
		b.Watermark = day + 2
		p.commit(t, s, b)
		quality := func(h meter.Hour) twin.Quality {
			return twin.Quality(s.count(t, `SELECT quality FROM readings WHERE ts = $1 AND meter_no = $2`, h.Time(), no))
		}
		require.Equal(t, twin.Late.Suspect(), quality(day+1))
		require.Equal(t, twin.Measured, quality(day+2), "the last verdict counts")

		b = p.batch(10)
		b.Verdicts = []twin.Verdict{{MeterNo: no, Hour: day, Suspect: false}}
		b.Newest = []twin.NewestReading{{MeterNo: no, Hour: meter.NoHour, KWh: nan(), Stored: 1}}
		p.commit(t, s, b)
		require.Equal(t, twin.WarmUp, quality(day))
		m, err := s.MeterByName(t.Context(), "a", 0)
		require.NoError(t, err)
		require.Equal(t, meter.NoHour, m.LastHour, "none is known that is not suspect")
	})
}
