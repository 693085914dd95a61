package processor

import (
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// The forecast of the whole twin is made from what its partitions knew at the issue: late readings
// change those of later issues, and a partition that begins late is taken in from then on.
func TestTwinForecastsRestOnWhatWasKnown(t *testing.T) {
	run := func(t *testing.T, each bool) (string, int) {
		s := startSubstation(t)
		s.produceTree(0, 8)
		if each {
			s.process()
			s.rows()
		}
		producer, err := s.stores.Stream.Producer(t.Context(), s.twin.Topic("readings"))
		require.NoError(t, err)
		start := meter.HourOf(s.twin.Dataset.Start)
		for i := range 24 { // corrections of a day of one partition
			r := meter.Reading{Meter: "c", Group: "feeder-1", Hour: start + meter.Hour(24*5+i), KWh: 9}
			producer.Append([]byte("substation"), meter.AppendMessage(nil, r))
		}
		require.NoError(t, producer.Flush(t.Context()))
		s.produceTree(8, 6)
		s.process()
		var sums string
		s.rows()
		require.NoError(t, s.stores.DB.Pool.QueryRow(t.Context(), `SELECT md5(string_agg(t::text, ',' ORDER BY issued_at)) FROM twin_forecasts t`).Scan(&sums))
		return sums, s.count(`SELECT count(*) FROM twin_forecasts`)
	}
	want, issues := run(t, false)
	got, _ := run(t, true)
	require.Equal(t, want, got)
	require.Greater(t, issues, 14*5, "every four hours")
}

// One partition after the other gives the forecasts of both at once: those that lack a partition
// are made again.
func TestTwinForecastsTakeInLatePartitions(t *testing.T) {
	const days = 10
	forecasts := func(s *services) (sums string) {
		s.process()
		s.rows()
		require.NoError(t, s.stores.DB.Pool.QueryRow(t.Context(), `SELECT md5(string_agg(t::text, ',' ORDER BY issued_at)) FROM twin_forecasts t`).Scan(&sums))
		return sums
	}
	at := startSubstation(t)
	at.produceTree(0, days)
	want := forecasts(at)
	require.Positive(t, at.count(`SELECT count(*) FROM twin_forecasts WHERE partitions = 2`))

	late := startSubstation(t)
	late.produceTreeTo(0, days, func(p int) bool { return p == 0 })
	require.NotEqual(t, want, forecasts(late))
	require.Zero(t, late.count(`SELECT count(*) FROM twin_forecasts WHERE partitions = 2`))
	late.produceTreeTo(0, days, func(p int) bool { return p == 1 })
	require.Equal(t, want, forecasts(late))
}

// A partition that begins while issues are gone through, and gets ahead while they are, leaves no
// hour of its own out of those that follow.
func TestTwinForecastsMissNoLoadOfAPartitionThatBegins(t *testing.T) {
	ctx := t.Context()
	s := startSubstation(t)
	s.produceTree(0, 10)
	s.process()
	s.rows()
	pool := s.stores.DB.Pool
	stored := func() (sums string) {
		require.NoError(t, pool.QueryRow(ctx, `SELECT md5(string_agg(t::text, ',' ORDER BY issued_at)) FROM twin_forecasts t`).Scan(&sums))
		return sums
	}
	want := stored()

	const late = `partition = (SELECT max(partition) FROM partition_loads)`
	_, err := pool.Exec(ctx, `CREATE TABLE held AS SELECT * FROM partition_loads WHERE `+late)
	require.NoError(t, err)
	_, err = pool.Exec(ctx, `DELETE FROM partition_loads WHERE `+late)
	require.NoError(t, err)
	_, err = pool.Exec(ctx, `TRUNCATE twin_forecasts`)
	require.NoError(t, err)

	p, err := New(s.twin, s.stores, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	f := p.twinForecaster()
	due, err := s.stores.DB.TwinForecastsDue(ctx)
	require.NoError(t, err)
	for i, issue := range due {
		if i == 10 || i == 20 { // it commits some issues, and later the rest
			_, err := pool.Exec(ctx, `INSERT INTO partition_loads SELECT * FROM held WHERE issued_at <= $1 ON CONFLICT DO NOTHING`, due[(len(due)-1)*i/20].Time())
			require.NoError(t, err)
		}
		require.NoError(t, f.forecast(ctx, issue))
	}
	require.NoError(t, f.catchUp(ctx))
	require.Equal(t, want, stored())
}
