package processor

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/test/twinrows"
)

// send stores values of a series of some days, as the API does.
func (s *services) send(name twin.SeriesName, from, days int, value func(hour int) float64) {
	s.t.Helper()
	n := reader.NewSeries{Series: name, Caller: "test"}
	if name == twin.SeriesPrice {
		n.Currency = "GBP"
	}
	start := meter.HourOf(s.twin.Dataset.Start)
	for i := range days * meter.HoursPerDay {
		v := value(from*meter.HoursPerDay + i)
		n.Hours, n.Values = append(n.Hours, start+meter.Hour(from*meter.HoursPerDay+i)), append(n.Values, &v)
	}
	stored, _, err := s.reader.PutSeries(s.t.Context(), &n)
	require.NoError(s.t, err)
	require.Positive(s.t, stored.Revision)
}

// steep is a price that is low in some hours of the afternoon.
func steep(hour int) float64 { return .1 + float64((hour+9)%24)/30 }

func chilly(hour int) float64 { return float64(hour/50%13) + float64(hour%24)/6 }

func TestSeriesHoldFromWhereTheyWereTaken(t *testing.T) {
	run := func(t *testing.T, meanwhile func(*services)) []twinrows.Table {
		s := startServices(t)
		s.produce(0, 10)
		s.process()
		s.send(twin.SeriesPrice, 9, 30, steep)
		s.send(twin.SeriesTemperature, 0, 40, chilly)
		s.produce(10, 5)
		s.process()
		s.send(twin.SeriesPrice, 14, 5, func(hour int) float64 { return steep(hour + 12) })
		meanwhile(s)
		s.produce(15, 4)
		s.process()
		meanwhile(s)
		s.produce(19, 5)
		s.process()
		revisions, err := s.reader.SeriesUsedBy(t.Context(), 3)
		require.NoError(t, err)
		require.Equal(t, testPartitions, revisions)
		start := meter.HourOf(s.twin.Dataset.Start)
		for day, want := range map[int]int64{9: 0, 14: 2, 23: 3} {
			known, err := s.reader.SeriesKnownAt(t.Context(), start+meter.Hour(day*meter.HoursPerDay), testPartitions)
			require.NoError(t, err)
			require.Equal(t, want, known, "day %d", day)
		}
		return s.rows()
	}
	want := run(t, func(*services) {})
	plain := undisturbed(t, 24)
	for i, table := range want {
		if table.Name == "decisions" || table.Name == "forecasts" {
			require.NotEqual(t, plain[i], table, "the series show in %s", table.Name)
		}
	}
	for name, meanwhile := range map[string]func(*services){
		"without checkpoints": func(s *services) { s.forgetRedis() },
		"killed as it was taken": func(s *services) {
			for partition := range testPartitions {
				stored, err := s.stores.DB.TakePartition(t.Context(), partition, "killed")
				require.NoError(t, err)
				require.NoError(t, s.stores.DB.RecordSeriesUse(t.Context(), partition, stored.Epoch, stored.NextOffset, []int64{3}))
			}
			s.forgetRedis()
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, want, run(t, meanwhile)) })
	}
}
