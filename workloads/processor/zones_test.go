package processor

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/config/fromtwin"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/meter/zonetest"
	"github.com/energytwin/energytwin/workloads/generator"
)

// clusterConfig is the configuration document of a workload in a cluster: made
// from the spec, written, and read back.
func clusterConfig(t *testing.T, spec, file string) *config.Twin {
	t.Helper()
	twin := specified(t, spec)
	cfg, err := fromtwin.Config(twin, fromtwin.Endpoints{
		Image: "energytwin:test", Brokers: []string{"kafka:9092"}, RedisAddress: "redis:6379", DatabaseURL: "postgres://db/twin",
		DatasetPath: file, Listen: ":8080", StatusListen: ":8081", APIKeysFile: "/keys", JWTSecretFile: "/jwt",
	})
	require.NoError(t, err)
	doc, err := json.Marshal(cfg)
	require.NoError(t, err)
	out := &config.Twin{}
	require.NoError(t, json.Unmarshal(doc, out))
	return out
}

// requireAllAccepted checks that the processor accepts each hour that the
// generator has, and that there are as many as the window asks for.
func requireAllAccepted(t *testing.T, spec, file string, hours int) {
	t.Helper()
	source, err := generator.OpenDataset(t.Context(), clusterConfig(t, spec, file), generator.Reading{})
	require.NoError(t, err, spec)
	defer source.Close()
	bounds, err := clusterConfig(t, spec, file).Settings()
	require.NoError(t, err, spec)
	n := 0
	for rows, err := range source.Rows(source.Info().Start) {
		require.NoError(t, err)
		require.True(t, bounds.Accepts(rows[0].Hour), "%s\nhour %s, bounds %s to %s", spec, rows[0].Hour, bounds.From, bounds.To)
		n++
	}
	require.Equal(t, hours, n, spec)
	if bounds.From != meter.NoHour {
		require.Equal(t, source.Info().Start, bounds.From, spec)
	}
}

// In every zone the processor accepts all hours that the generator publishes,
// though each rounds the window's bounds for itself.
func TestEveryHourIsAcceptedInEveryZone(t *testing.T) {
	t.Parallel()
	for _, zone := range zonetest.Clocks(t, 2000, 2030) {
		year := 2000 + len(zone.String())*7%30 // each of some years
		hours := int(meter.DayStart(year+1, time.January, 1, zone) - meter.DayStart(year, time.January, 1, zone))
		spec := fmt.Sprintf("timezone: %s\ndataset: {synthetic: {meters: 1, groups: 1, year: %d}, window: {duration: 8784h}}", zone, year)
		requireAllAccepted(t, spec, "", hours)
		spec = fmt.Sprintf("timezone: %s\ndataset: {synthetic: {meters: 1, groups: 1, year: %d}, window: {start: \"%d-03-01\", duration: 840h}}", zone, year, year)
		requireAllAccepted(t, spec, "", 840)
	}
}

// Files in local time, around changes of half and quarter hours: all of their
// whole hours are accepted, with and without a start.
func TestEveryHourOfAFileIsAccepted(t *testing.T) {
	for _, c := range []struct {
		zone, from string
		days       int
	}{
		{"Asia/Kolkata", "2019-01-01", 35},
		{"Asia/Kathmandu", "2019-01-01", 35},
		{"Australia/Lord_Howe", "2019-03-20", 35}, // +11:00 to +10:30
		{"Australia/Lord_Howe", "2019-09-20", 35},
		{"Pacific/Chatham", "2019-09-20", 35},
		{"America/St_Johns", "2006-10-20", 35}, // at 00:01
		{"America/Sao_Paulo", "2018-10-20", 35},
		{"Asia/Pyongyang", "2018-04-20", 35}, // +08:30 to +09:00
		{"America/Caracas", "2016-04-20", 35},
	} {
		zone, err := time.LoadLocation(c.zone)
		require.NoError(t, err)
		date, err := time.Parse(time.DateOnly, c.from)
		require.NoError(t, err)
		from := meter.DayStart(date.Year(), date.Month(), date.Day(), zone)
		to := meter.DayStart(date.Year(), date.Month(), date.Day()+c.days, zone)
		var csv strings.Builder
		csv.WriteString("meter_id,timestamp,kwh\n")
		// A day more on both sides: the window cuts it off.
		for at := from.Time().Add(-24 * time.Hour); at.Before(to.Time().Add(24 * time.Hour)); at = at.Add(15 * time.Minute) {
			fmt.Fprintf(&csv, "m,%s,0.25\n", at.In(zone).Format(time.RFC3339))
		}
		path := filepath.Join(t.TempDir(), "readings.csv")
		require.NoError(t, os.WriteFile(path, []byte(csv.String()), 0o600))
		spec := fmt.Sprintf("timezone: %s\ndataset: {window: {start: %q, duration: %dh}}", c.zone, c.from, to-from)
		requireAllAccepted(t, spec, path, int(to-from))
		spec = fmt.Sprintf("timezone: %s\ndataset: {}", c.zone)
		requireAllAccepted(t, spec, path, int(to-from)+48)
	}
}

// A window that begins before the year that is made up ends where it says.
func TestWindowBeforeTheSyntheticYear(t *testing.T) {
	spec := "timezone: UTC\ndataset: {synthetic: {meters: 1, groups: 1, year: 2019}, window: {start: \"2018-12-01\", duration: 2160h}}"
	source, err := generator.OpenDataset(t.Context(), clusterConfig(t, spec, ""), generator.Reading{})
	require.NoError(t, err)
	defer source.Close()
	require.Equal(t, meter.HourOf(time.Date(2019, 3, 1, 0, 0, 0, 0, time.UTC)), source.Info().End)
}

// specified is a twin with a spec in YAML.
func specified(t *testing.T, spec string) *v1.DigitalTwin {
	t.Helper()
	twin := &v1.DigitalTwin{}
	twin.Name = "zones"
	require.NoError(t, yaml.UnmarshalStrict([]byte(spec), &twin.Spec), spec)
	return twin
}
