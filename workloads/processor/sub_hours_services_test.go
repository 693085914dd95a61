package processor

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/workloads/prepare"
)

const (
	quarters       = 4 // of an hour
	quartersPerDay = quarters * meter.HoursPerDay
)

// quarterOf is the message about a quarter of a reading's hour. The four quarters are
// the whole divided by powers of two: their sum is exact.
func quarterOf(r meter.Reading, q int) []byte {
	r.KWh *= [quarters]float32{.5, .125, .125, .25}[q]
	text := meter.AppendMessage(nil, r)
	text = bytes.Replace(text, []byte(":00:00Z"), fmt.Appendf(nil, ":%02d:00Z", 15*q), 1)
	return bytes.Replace(text, []byte("PT1H"), []byte("PT15M"), 1)
}

// produceQuarters appends the readings that produce does, in quarters of hours.
// The quarters are counted from the start of the dataset.
func (s *services) produceQuarters(from, to int) {
	s.t.Helper()
	producer, err := s.stores.Stream.Producer(s.t.Context(), s.twin.Topic("readings"))
	require.NoError(s.t, err)
	start := meter.HourOf(s.twin.Dataset.Start)
	for i := from; i < to; i++ {
		h := start + meter.Hour(i/quarters)
		for k, r := range []meter.Reading{{Meter: "a"}, {Meter: "b"}, {Meter: "c", Group: "feeder"}, {Meter: "d", Group: "feeder"}} {
			r.Hour, r.KWh = h, testLoad(i/quarters, k)
			producer.Append([]byte(meter.KeyOf(r.Meter, r.Group)), quarterOf(r, i%quarters))
		}
	}
	require.NoError(s.t, producer.Flush(s.t.Context()))
}

func TestSubHourReadingsSurviveEveryRecovery(t *testing.T) {
	const days = 16
	const cut = 6*quartersPerDay + 2 // in the middle of an hour
	const all = 4 * days * meter.HoursPerDay
	want := undisturbed(t, days)
	for name, tt := range map[string]struct {
		meanwhile func(*services)
		tables    int // that must be the same
	}{
		"from a checkpoint":       {func(s *services) { s.checkpoints() }, len(want)},
		"from the stream's start": {func(s *services) { s.forgetRedis() }, len(want)},
		// What the models knew is lost; the readings are not.
		"from the database, with a new topic": {func(s *services) {
			require.NoError(s.t, s.stores.Stream.DeleteTopic(s.t.Context(), s.twin.Topic("readings")))
			require.NoError(s.t, prepare.Run(s.t.Context(), s.twin, slog.New(slog.DiscardHandler)))
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServices(t)
			s.produceQuarters(0, cut)
			s.process()
			require.Equal(t, 2*4, s.waiting(), "two quarters of each meter")
			tt.meanwhile(s)
			s.produceQuarters(cut, days*quartersPerDay)
			s.processUntil(func() bool { return s.summary().Totals.Stored >= all })
			require.Equal(t, want[:tt.tables], s.rows()[:tt.tables])
			require.Zero(t, s.waiting())
			require.Zero(t, s.summary().Totals.Quarantined)
			require.EqualValues(t, all, s.summary().Totals.Stored)
			require.EqualValues(t, quarters*all, s.summary().Totals.In)
		})
	}
}

// waiting is how many sub-hour readings the database keeps.
func (s *services) waiting() (n int) {
	s.t.Helper()
	for partition := range testPartitions {
		readings, err := s.stores.DB.SubHours(s.t.Context(), partition)
		require.NoError(s.t, err)
		n += len(readings)
	}
	return n
}
