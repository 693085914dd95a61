package processor

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/test/twinrows"
)

// correct appends what comes late once a number of days of the dataset have been produced:
// a correction of the hour a day before, and the first reading of a meter, of that hour
// too.
func (s *services) correct(days int) meter.Hour {
	s.t.Helper()
	producer, err := s.stores.Stream.Producer(s.t.Context(), s.twin.Topic("readings"))
	require.NoError(s.t, err)
	h := meter.HourOf(s.twin.Dataset.Start) + meter.Hour(days-1)*meter.HoursPerDay
	for _, name := range []string{"c", "joins"} {
		r := meter.Reading{Meter: name, Group: "feeder", Hour: h, KWh: float32(days) / 4}
		producer.Append([]byte(meter.KeyOf(r.Meter, r.Group)), meter.AppendMessage(nil, r))
	}
	require.NoError(s.t, producer.Flush(s.t.Context()))
	return h
}

// What was known at an earlier time stays what it was, whatever comes late and whoever is
// killed.
func TestLateReadingsAreKnownFromWhenTheyCame(t *testing.T) {
	var want []twinrows.Table
	for _, tt := range []struct {
		name      string
		meanwhile func(*services)
	}{
		{"undisturbed", nil},
		{"from a checkpoint", func(s *services) { s.process(); s.checkpoints() }},
		{"from the stream's start", func(s *services) { s.process(); s.forgetRedis() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startServices(t)
			s.produce(0, 6)
			first := s.correct(6)
			if tt.meanwhile != nil {
				tt.meanwhile(s)
			}
			s.produce(6, 2)
			second := s.correct(8)
			s.process()

			if want == nil {
				want = s.rows()
			}
			require.Equal(t, want, s.rows())
			require.EqualValues(t, 2, s.summary().Totals.Corrections)
			require.EqualValues(t, 4, s.summary().Totals.Late, "corrections that come late are both")

			c, err := s.reader.MeterByName(t.Context(), "c", 24)
			require.NoError(t, err)
			joins, err := s.reader.MeterByName(t.Context(), "joins", 24)
			require.NoError(t, err)
			came := first + meter.HoursPerDay - 1 // the watermark then
			require.InDelta(t, 1.5, *s.known(c.MeterNo, first, came), 1e-6)
			require.NotEqual(t, 1.5, *s.known(c.MeterNo, first, came-1))
			require.InDelta(t, 1.5, *s.known(joins.MeterNo, first, came), 1e-6)
			require.Nil(t, s.known(joins.MeterNo, first, came-1))
			came = second + meter.HoursPerDay - 1
			require.InDelta(t, 2, *s.known(joins.MeterNo, second, came), 1e-6)
			require.Nil(t, s.known(joins.MeterNo, second, came-1))
		})
	}
}

// known is the energy of an hour as it was known at another.
func (s *services) known(no int32, h, at meter.Hour) *float64 {
	s.t.Helper()
	points, err := s.reader.MeterSeries(s.t.Context(), no, reader.SeriesQuery{From: h, To: h + 1, Aggregate: reader.Sum, AsKnown: &at})
	require.NoError(s.t, err)
	return points[0].Value
}
