package config

import (
	"bytes"
	"compress/gzip"
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
		"unknown field":      {"timezone: Europe/London", "timezone: Europe/London\ntimezoen: UTC", "timezoen"},
		"field twice":        {"timezone: Europe/London", "timezone: Europe/London\ntimezone: UTC", "timezone"},
		"bad zone":           {"timezone: Europe/London", "timezone: Mars/North", "timezone: \"Mars/North\" is no known time zone"},
		"bad duration":       {"span: 8760h0m0s", "span: 365d", "duration"},
		"number as duration": {"span: 8760h0m0s", "span: 365", "write it as text"},
		"long span":          {"span: 8760h0m0s", "span: 9000h", "dataset.span"},
		"bad mode":           {"mode: Replay", "mode: Backwards", "generator.mode: \"Backwards\" is unknown"},
		"negative speed":     {"speed: 3600", "speed: -1", "generator.speed: -1"},
		"long warm-up":       {"warmUp: 672h0m0s", "warmUp: 8760h", "generator.warmUp"},
		"short history":      {"historyWindow: 1344h0m0s", "historyWindow: 24h", "processor.historyWindow"},
		"bad issue time":     {`issueAt: "00:00"`, `issueAt: "25:00"`, "processor.issueAt"},
		"bad quantiles":      {"- 0.9", "- 0.4", "processor.quantiles"},
		"bad policy":         {"shiftableShare: 0.15", "shiftableShare: 15", "flexibility.shiftableShare"},
		"no brokers":         {"- quickstart-kafka:9092", "", "kafka.brokers: is empty"},
		"no partitions":      {"partitions: 12", "partitions: 0", "kafka.partitions"},
		"bad mechanism":      {"mechanism: SCRAM-SHA-512", "mechanism: MD5", "kafka.mechanism"},
		"two datasets":       {"dataset:\n", "dataset:\n  path: /data/x.csv\n", "dataset: has both synthetic and path"},
		"no meters":          {"meters: 200", "meters: 0", "dataset.synthetic.meters"},
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

const prices = "timestamp,price,carbon\n2019-01-01T01:00:00Z,-0.02,0.2\n2019-01-01T00:00:00+00:00,0.1,\n2019-01-01T02:00:00Z,,0.1\n"

func seriesTwin(t *testing.T, content []byte) *Twin {
	t.Helper()
	twin, err := Parse([]byte(golden(t)))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "prices.csv")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	twin.Processor.PriceSeries = &Series{Path: path, Source: "configMap p/prices.csv", TimeColumn: "timestamp", ValueColumn: "Price"}
	return twin
}

func TestReadSeries(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write([]byte(prices))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	const midnight = 1546300800
	for name, content := range map[string][]byte{"plain": []byte(prices), "gzip": zipped.Bytes(), "byte order mark": []byte("\ufeff" + prices)} {
		t.Run(name, func(t *testing.T) {
			twin := seriesTwin(t, content)
			twin.Processor.CarbonSeries = &Series{Path: twin.Processor.PriceSeries.Path, Source: "x", TimeColumn: "timestamp", ValueColumn: "carbon"}
			twin.Processor.TemperatureSeries = twin.Processor.CarbonSeries
			rates := *twin
			require.NoError(t, rates.ReadRates())
			require.NotEmpty(t, rates.Processor.Policy.Tariff.Carbon)
			require.Empty(t, rates.Processor.Temperatures)
			require.NoError(t, twin.ReadSeries())
			require.Equal(t, twin.Processor.Policy.Tariff.Carbon, twin.Processor.Temperatures)
			require.Equal(t, []dsm.Point{{Unix: midnight, Value: 0.1}, {Unix: midnight + 3600, Value: -0.02}}, twin.Processor.Policy.Tariff.Series)
			require.Equal(t, []dsm.Point{{Unix: midnight + 3600, Value: 0.2}, {Unix: midnight + 7200, Value: 0.1}}, twin.Processor.Policy.Tariff.Carbon)
		})
	}
}

func TestReadSeriesTakesContentIntoTheHash(t *testing.T) {
	hash := func(content string) string {
		twin := seriesTwin(t, []byte(content))
		before := twin.SpecHash
		require.NoError(t, twin.ReadSeries())
		require.NotEqual(t, before, twin.SpecHash)
		once := twin.SpecHash
		require.NoError(t, twin.ReadSeries())
		require.Equal(t, once, twin.SpecHash, "reading again changed the hash")
		return once
	}
	require.Equal(t, hash(prices), hash(prices))
	require.NotEqual(t, hash(prices), hash(strings.Replace(prices, "0.02", "0.03", 1)))

	plain, err := Parse([]byte(golden(t)))
	require.NoError(t, err)
	before := plain.SpecHash
	require.NoError(t, plain.ReadSeries())
	require.Equal(t, before, plain.SpecHash)
}

// TestTemperaturesAreWrittenButNotHashed: their checksum stands for them, as that of
// prices does, and a configuration that has not read them does not grow.
func TestTemperaturesAreWrittenButNotHashed(t *testing.T) {
	twin, err := Parse([]byte(golden(t)))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "weather.csv")
	require.NoError(t, os.WriteFile(path, []byte("timestamp,celsius\n2019-01-01T00:00:00Z,-3.5\n"), 0o600))
	twin.Processor.TemperatureSeries = &Series{Path: path, Source: "configMap p/weather.csv", TimeColumn: "timestamp", ValueColumn: "celsius"}
	doc, err := twin.Marshal()
	require.NoError(t, err)
	require.NotContains(t, string(doc), "temperatures:")
	require.NoError(t, twin.ReadSeries())
	once := twin.SpecHash
	require.NoError(t, twin.ReadSeries())
	require.Equal(t, once, twin.SpecHash, "reading again changed the hash")
	doc, err = twin.Marshal()
	require.NoError(t, err)
	again, err := Parse(doc)
	require.NoError(t, err)
	require.Equal(t, []dsm.Point{{Unix: 1546300800, Value: -3.5}}, again.Processor.Temperatures)
}

func TestReadSeriesRefuses(t *testing.T) {
	for name, c := range map[string]struct{ content, says string }{
		"empty":       {"", "the file is empty"},
		"no column":   {"timestamp,cost\n2019-01-01T00:00:00Z,1\n", `no column "Price" among`},
		"no value":    {"timestamp,price\n2019-01-01T00:00:00Z,\n", "holds no readings"},
		"text":        {"timestamp,price\n2019-01-01T00:00:00Z,1\n2019-01-01T01:00:00Z,high\n", "line 3, column price: the value is not a number"},
		"short row":   {"timestamp,price\n2019-01-01T00:00:00Z,1\n2019-01-01T01:00:00Z,1\n2019-01-01T02:00:00Z,1\n2019-01-01T03:00:00Z\n", "line 5"},
		"hour twice":  {"timestamp,price\n2019-01-01T00:00:00Z,1\n2019-01-01T01:00:00+01:00,2\n", "comes twice"},
		"far year":    {"timestamp,price\n2019-01-01T00:00:00Z,1\n9999-01-01T00:00:00Z,1\n", "line 3, column timestamp"},
		"broken gzip": {"\x1f\x8bxx", "series"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, seriesTwin(t, []byte(c.content)).ReadSeries(), c.says)
		})
	}
}

// The file of prices beside the project is read as a dynamic tariff.
func TestReadSeriesOfRealPrices(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "data", "signals_gb_2018_2023.csv.gz")
	if _, err := os.Stat(path); err != nil {
		t.Skip("needs ../shared/data/signals_gb_2018_2023.csv.gz beside the project")
	}
	twin := seriesTwin(t, nil)
	twin.Processor.PriceSeries.Path = path
	twin.Processor.PriceSeries.ValueColumn = "price_gbp_per_kwh"
	require.NoError(t, twin.ReadSeries())
	require.Greater(t, len(twin.Processor.Policy.Tariff.Series), 40_000)
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
