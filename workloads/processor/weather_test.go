package processor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/test/twinrows"
)

// weather gives the twin a series of temperatures: mild and cold weeks, and a
// course of the day.
func (s *services) weather() {
	s.t.Helper()
	var text strings.Builder
	text.WriteString("time,celsius\n")
	start := meter.HourOf(s.twin.Dataset.Start)
	for h := start; h < start+60*meter.HoursPerDay; h++ {
		fmt.Fprintf(&text, "%s,%d\n", h, int(h/100)%17+int(h)%24/4)
	}
	path := filepath.Join(s.t.TempDir(), "weather.csv")
	require.NoError(s.t, os.WriteFile(path, []byte(text.String()), 0o600))
	s.twin.Processor.TemperatureSeries = &config.Series{Path: path, Source: "weather.csv", TimeColumn: "time", ValueColumn: "celsius"}
}

// ofVersionWithoutTemperatures makes the stored specs those of a version that
// left the temperatures out of them.
func (s *services) ofVersionWithoutTemperatures() {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	require.NoError(s.t, err)
	defer func() { _ = conn.Close(s.t.Context()) }()
	tag, err := conn.Exec(s.t.Context(), `UPDATE spec_revisions SET spec = spec #- '{processor,temperatures}' WHERE spec #> '{processor,temperatures}' IS NOT NULL`)
	require.NoError(s.t, err)
	require.Positive(s.t, tag.RowsAffected())
}

func TestRecoveryKeepsTheWeather(t *testing.T) {
	const days = 24
	run := func(t *testing.T, meanwhile func(*services)) []twinrows.Table {
		s := startServices(t)
		s.weather()
		s.produce(0, 10)
		s.process()
		meanwhile(s)
		s.produce(10, days-10)
		s.process()
		return s.rows()
	}
	s := startServices(t)
	s.weather()
	s.produce(0, days)
	s.process()
	want := s.rows()
	require.NotEqual(t, undisturbed(t, days)[1], want[1], "the weather shows in no forecast")

	for name, meanwhile := range map[string]func(*services){
		"from a checkpoint":       func(*services) {},
		"from the stream's start": func(s *services) { s.forgetRedis() },
		"with a spec of its lack": func(s *services) { s.ofVersionWithoutTemperatures() },
		"with both":               func(s *services) { s.ofVersionWithoutTemperatures(); s.forgetRedis() },
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, want, run(t, meanwhile)) })
	}

	t.Run("of an earlier spec", func(t *testing.T) {
		change := func(s *services) { s.twin.Processor.Policy.Flexibility.ShiftableShare = .3 }
		require.Equal(t, run(t, change), run(t, func(s *services) { change(s); s.forgetRedis() }))
	})
}

// TestWeatherHoldsFromWhereItWasRead: states that have learned without it go on
// with it at once, not after the next restart.
func TestWeatherHoldsFromWhereItWasRead(t *testing.T) {
	run := func(t *testing.T, meanwhile func(*services)) []twinrows.Table {
		s := startServices(t)
		s.produce(0, 10)
		s.process()
		s.weather()
		s.produce(10, 7)
		s.process()
		meanwhile(s)
		s.produce(17, 7)
		s.process()
		return s.rows()
	}
	want := run(t, func(*services) {})
	require.Equal(t, want, run(t, func(s *services) { s.forgetRedis() }), "a replay applies each spec to the messages that it held for")
}
