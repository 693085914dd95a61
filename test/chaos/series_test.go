package chaos

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	core "github.com/energytwin/energytwin/internal/twin"
)

// TestSeriesDuringKills sends prices and temperatures to a twin whose processor is killed before it
// has taken them, and again while it processes what comes after. The rows are those of a twin
// that was left alone.
func TestSeriesDuringKills(t *testing.T) {
	s, binary := startStores(t), build(t)
	run := func(name string, kills bool) map[string]content {
		twin := s.apply("sent", s.newDatabase("sent_"+name), "dataset: {synthetic: {meters: 12, groups: 3}}\nkafka: {topics: {partitions: 3}}\ngenerator: {mode: \"Off\"}",
			`processor: {dsm: {tariff: {currency: GBP, price: "0.3"}}}`)
		processor := twin.start(binary, "processor")
		disturb := func() {
			if kills {
				processor.killAndStartAgain()
			}
		}
		twin.publish(0, 12)
		awaitHours(t, twin.database, 12*meter.HoursPerDay)
		db, err := reader.Open(t.Context(), twin.database, timescale.Options{})
		require.NoError(t, err)
		defer db.Close()
		twin.send(db, core.SeriesTemperature, func(hour int) float64 { return float64(hour/50%13) + float64(hour%24)/6 })
		disturb()
		newest := twin.send(db, core.SeriesPrice, func(hour int) float64 { return .1 + float64((hour+9)%24)/30 })
		require.Eventually(t, func() bool {
			partitions, err := db.SeriesUsedBy(t.Context(), newest)
			return err == nil && partitions == 3
		}, 5*time.Minute, 50*time.Millisecond)
		twin.publish(12, 12)
		awaitHours(t, twin.database, 14*meter.HoursPerDay)
		disturb()
		awaitHours(t, twin.database, 24*meter.HoursPerDay)
		processor.stop()
		require.Positive(t, count(t, twin.database, fmt.Sprintf("SELECT count(*) FROM decisions JOIN provenance USING (provenance_no) WHERE series_revision = %d", newest)),
			"plans rest on what was sent")
		got := contentsOf(t, twin.database, "infinity")
		s.forget(twin)
		return got
	}
	want := run("calm", false)
	require.EqualValues(t, 12*24*meter.HoursPerDay, want["readings"].rows)
	require.Equal(t, want, run("killed", true))
}

// publish sends some days of readings of 12 meters, as their owner does.
func (twin *runningTwin) publish(from, days int) {
	twin.t.Helper()
	cfg, err := config.Load(twin.config)
	require.NoError(twin.t, err)
	client, err := stream.Connect(cfg.Kafka)
	require.NoError(twin.t, err)
	defer client.Close()
	producer, err := client.Producer(twin.t.Context(), cfg.Topic("readings"))
	require.NoError(twin.t, err)
	start := meter.HourOf(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC))
	for i := from * meter.HoursPerDay; i < (from+days)*meter.HoursPerDay; i++ {
		for k := range 12 {
			r := meter.Reading{Meter: fmt.Sprintf("home-%02d", k), Group: fmt.Sprintf("feeder-%d", k%3), Hour: start + meter.Hour(i), KWh: .1 + float32(i*(k+3)%24)/10}
			producer.Append([]byte(meter.KeyOf(r.Meter, r.Group)), meter.AppendMessage(nil, r))
		}
	}
	require.NoError(twin.t, producer.Flush(twin.t.Context()))
}

// send stores a series of 40 days as the API does, and returns its revision.
func (twin *runningTwin) send(db *reader.DB, name core.SeriesName, value func(hour int) float64) int64 {
	twin.t.Helper()
	n := reader.NewSeries{Series: name, Caller: "test"}
	if name == core.SeriesPrice {
		n.Currency = "GBP"
	}
	start := meter.HourOf(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC))
	for i := range 40 * meter.HoursPerDay {
		v := value(i)
		n.Hours, n.Values = append(n.Hours, start+meter.Hour(i)), append(n.Values, &v)
	}
	stored, _, err := db.PutSeries(twin.t.Context(), &n)
	require.NoError(twin.t, err)
	require.Positive(twin.t, stored.Revision)
	return stored.Revision
}
