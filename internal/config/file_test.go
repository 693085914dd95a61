package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
)

func golden(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("testdata", "quickstart.yaml"))
	require.NoError(t, err)
	return string(doc)
}

func TestSaveThenLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "twin.yaml")
	want, err := Parse([]byte(golden(t)))
	require.NoError(t, err)
	require.NoError(t, want.Save(path))
	got, err := Load(path)
	require.NoError(t, err)
	require.Equal(t, want, got)
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1, "Save left something behind")
}

func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]struct{ old, new, says string }{
		"unknown field":             {"timezone: Europe/London", "timezone: Europe/London\ntimezoen: UTC", "timezoen"},
		"field twice":               {"timezone: Europe/London", "timezone: Europe/London\ntimezone: UTC", "timezone"},
		"bad zone":                  {"timezone: Europe/London", "timezone: Mars/North", "timezone: \"Mars/North\" is no known time zone"},
		"bad duration":              {"span: 8760h0m0s", "span: 365d", "duration"},
		"number as duration":        {"span: 8760h0m0s", "span: 365", "write it as text"},
		"long span":                 {"span: 8760h0m0s", "span: 9000h", "dataset.span"},
		"bad mode":                  {"mode: Replay", "mode: Backwards", "generator.mode: \"Backwards\" is unknown"},
		"negative speed":            {"speed: 3600", "speed: -1", "generator.speed: -1"},
		"long warm-up":              {"warmUp: 672h0m0s", "warmUp: 8760h", "generator.warmUp"},
		"short history":             {"historyWindow: 1344h0m0s", "historyWindow: 24h", "processor.historyWindow"},
		"bad issue time":            {`issueAt: "18:00"`, `issueAt: "25:00"`, "processor.issueAt"},
		"bad quantiles":             {"- 0.9", "- 0.4", "processor.quantiles"},
		"bad policy":                {"shiftableShare: 0.15", "shiftableShare: 15", "flexibility.shiftableShare"},
		"no brokers":                {"- quickstart-kafka:9092", "", "kafka.brokers: is empty"},
		"no partitions":             {"partitions: 12", "partitions: 0", "kafka.partitions"},
		"bad mechanism":             {"mechanism: SCRAM-SHA-512", "mechanism: MD5", "kafka.mechanism"},
		"two datasets":              {"dataset:\n", "dataset:\n  path: /data/x.csv\n", "dataset: has both synthetic and path"},
		"broker beside a generator": {"timezone: Europe/London", "timezone: Europe/London\ningest: {mqtt: {url: 'mqtt://a:1883', topics: [a], clientID: b}}", "ingest.mqtt: needs generator.mode: Off"},
		"bad broker":                {"timezone: Europe/London", "timezone: Europe/London\ningest: {mqtt: {url: 'a:1883', userFile: /u, mapping: {unit: MWh}}}", "ingest.mqtt.url: \"a:1883\"; write mqtts://host:8883"},
		"no topics":                 {"timezone: Europe/London", "timezone: Europe/London\ningest: {mqtt: {url: 'mqtt://a:1883', topics: []}}", "ingest.mqtt.topics: is empty"},
		"no meters":                 {"meters: 200", "meters: 0", "dataset.synthetic.meters"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := golden(t)
			require.Contains(t, doc, c.old)
			path := filepath.Join(t.TempDir(), "twin.yaml")
			require.NoError(t, os.WriteFile(path, []byte(strings.Replace(doc, c.old, c.new, 1)), 0o600))
			_, err := Load(path)
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, path)
		})
	}
	_, err := Load(filepath.Join(t.TempDir(), "missing.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestGroupOf(t *testing.T) {
	d := &Dataset{Groups: []MeterGroup{
		{Name: "west", Meters: []string{"b06*", "b07?"}},
		{Name: "rest", Meters: []string{"*"}},
	}}
	for meter, want := range map[string]string{
		"b06": "west", "b063": "west", "b06/x": "west", "b070": "west", "b07": "rest", "b0700": "rest", "x": "rest", "": "rest",
	} {
		require.Equal(t, want, d.GroupOf(meter, ""), meter)
	}
	require.Equal(t, "own", d.GroupOf("b06", "own"))
	require.Empty(t, (&Dataset{}).GroupOf("b06", ""))
}

func TestTemperaturesAreChecked(t *testing.T) {
	const midnight = 1546300800
	good := []dsm.Point{{Unix: midnight, Value: -3.5}, {Unix: midnight + 3600, Value: 62}}
	temperatures, err := TemperaturesOf(good)
	require.NoError(t, err)
	require.NotNil(t, temperatures)
	none, err := TemperaturesOf(nil)
	require.NoError(t, err)
	require.Nil(t, none)
	_, err = TemperaturesOf([]dsm.Point{good[0], {Unix: midnight + 3600, Value: -999}})
	require.ErrorContains(t, err, "temperature -999 at 2019-01-01T01:00:00Z: write °C from -95 to 62")
	_, err = TemperaturesOf([]dsm.Point{good[0], good[0]})
	require.ErrorContains(t, err, "2019-01-01T00:00:00Z comes twice")
}
