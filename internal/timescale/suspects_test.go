package timescale

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

func TestSuspectReadingsCountNowhere(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		p := take(t, s, 0, MeterKey{"a", "north"}, MeterKey{"b", "north"})
		b := p.batch(100)
		p.fill(b, day, 24)
		a := p.meters[0]
		b.New.Append(a.MeterNo, day+24, 12_345, Measured.Suspect())
		b.New.Append(a.MeterNo, day+25, 2, WarmUp.Suspect())
		b.Watermark = day + 25
		b.MeterState = []MeterState{{MeterNo: a.MeterNo, LastHour: day + 23, LastKWh: 0.23, Readings: 26}}
		b.Recounts = []GroupHour{{a.GroupNo, day + 24}, {a.GroupNo, day + 3}}
		b.Counts.Suspect = 2
		p.commit(t, s, b)

		points, err := s.MeterSeries(t.Context(), a.MeterNo, SeriesQuery{From: day + 23, To: day + 26, Aggregate: Maximum})
		require.NoError(t, err)
		require.NotNil(t, points[0].Value)
		require.Nil(t, points[1].Value, "an hour with a suspect reading is a gap")
		require.Nil(t, points[2].Value)
		require.Equal(t, 0, s.count(t, `SELECT count(*) FROM readings_daily WHERE peak_kw > 100`))
		require.Equal(t, 1, s.count(t, `SELECT count(*) FROM readings_daily WHERE meter_no = $1`, a.MeterNo))
		require.Equal(t, 0, s.count(t, `SELECT count(*) FROM group_load WHERE ts = $1`, (day+24).Time()))

		found, err := s.Suspects(t.Context(), a.MeterNo, day, day+48, 10)
		require.NoError(t, err)
		require.Equal(t, []SuspectReading{{day + 24, 12_345}, {day + 25, 2}}, found)
		meters, err := s.SuspectMeters(t.Context(), day, day+48, 10)
		require.NoError(t, err)
		require.Equal(t, []SuspectMeter{{Name: "a", Readings: 2, Newest: day + 25, KWh: 2}}, meters)
		m, err := s.MeterByName(t.Context(), "a", 0)
		require.NoError(t, err)
		require.Equal(t, StatusSuspect, m.Status)
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
		p := take(t, s, 0, MeterKey{"a", ""})
		no := p.meters[0].MeterNo
		b := p.batch(10)
		b.New.Append(no, day, 9, WarmUp.Suspect())
		b.New.Append(no, day+1, 9, Late)
		b.New.Append(no, day+2, 9, Measured)
		b.Verdicts = []Verdict{{no, day + 1, true}, {no, day + 2, true}, {no, day + 2, false}}
		b.Watermark = day + 2
		p.commit(t, s, b)
		quality := func(h meter.Hour) Quality {
			return Quality(s.count(t, `SELECT quality FROM readings WHERE ts = $1 AND meter_no = $2`, h.Time(), no))
		}
		require.Equal(t, Late.Suspect(), quality(day+1))
		require.Equal(t, Measured, quality(day+2), "the last verdict counts")

		b = p.batch(10)
		b.Verdicts = []Verdict{{no, day, false}}
		b.MeterState = []MeterState{{MeterNo: no, LastHour: meter.NoHour, LastKWh: nan(), Readings: 1}}
		p.commit(t, s, b)
		require.Equal(t, WarmUp, quality(day))
		m, err := s.MeterByName(t.Context(), "a", 0)
		require.NoError(t, err)
		require.Equal(t, meter.NoHour, m.LastHour, "none is known that is not suspect")
	})
}
