package series

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
)

func configuration(t *testing.T) []byte {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "config", "testdata", "quickstart.yaml"))
	require.NoError(t, err)
	return doc
}

// readInto reads the files of a twin.
func readInto(t *testing.T, twin *config.Twin) {
	t.Helper()
	_, err := Read(t.Context(), twin)
	require.NoError(t, err)
}

const prices = "timestamp,price,carbon\n2019-01-01T01:00:00Z,-0.02,0.2\n2019-01-01T00:00:00+00:00,0.1,\n2019-01-01T02:00:00Z,,0.1\n"

func seriesTwin(t *testing.T, content []byte) *config.Twin {
	t.Helper()
	twin, err := config.Parse(configuration(t))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "prices.csv")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	twin.Processor.PriceSeries = &config.Series{Path: path, Source: "configMap p/prices.csv", TimeColumn: "timestamp", ValueColumn: "Price"}
	return twin
}

func TestRead(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write([]byte(prices))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	const midnight = 1546300800
	for name, content := range map[string][]byte{"plain": []byte(prices), "gzip": zipped.Bytes(), "byte order mark": []byte("\ufeff" + prices)} {
		t.Run(name, func(t *testing.T) {
			twin := seriesTwin(t, content)
			twin.Processor.CarbonSeries = &config.Series{Path: twin.Processor.PriceSeries.Path, Source: "x", TimeColumn: "timestamp", ValueColumn: "carbon"}
			twin.Processor.TemperatureSeries = twin.Processor.CarbonSeries
			rates := *twin
			_, err := ReadRates(t.Context(), &rates)
			require.NoError(t, err)
			require.NotEmpty(t, rates.Processor.Policy.Tariff.Carbon)
			require.Empty(t, rates.Processor.Temperatures)
			readInto(t, twin)
			require.Equal(t, twin.Processor.Policy.Tariff.Carbon, twin.Processor.Temperatures)
			require.Equal(t, []dsm.Point{{Unix: midnight, Value: 0.1}, {Unix: midnight + 3600, Value: -0.02}}, twin.Processor.Policy.Tariff.Series)
			require.Equal(t, []dsm.Point{{Unix: midnight + 3600, Value: 0.2}, {Unix: midnight + 7200, Value: 0.1}}, twin.Processor.Policy.Tariff.Carbon)
		})
	}
}

func TestReadTakesContentIntoTheHash(t *testing.T) {
	hash := func(content string) string {
		twin := seriesTwin(t, []byte(content))
		before := twin.SpecHash
		readInto(t, twin)
		require.NotEqual(t, before, twin.SpecHash)
		once := twin.SpecHash
		readInto(t, twin)
		require.Equal(t, once, twin.SpecHash, "reading again changed the hash")
		return once
	}
	require.Equal(t, hash(prices), hash(prices))
	require.NotEqual(t, hash(prices), hash(strings.Replace(prices, "0.02", "0.03", 1)))

	plain, err := config.Parse(configuration(t))
	require.NoError(t, err)
	before := plain.SpecHash
	readInto(t, plain)
	require.Equal(t, before, plain.SpecHash)
}

// TestTemperaturesAreWrittenButNotHashed: their checksum stands for them, as that of
// prices does, and a configuration that has not read them does not grow.
func TestTemperaturesAreWrittenButNotHashed(t *testing.T) {
	twin, err := config.Parse(configuration(t))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "weather.csv")
	require.NoError(t, os.WriteFile(path, []byte("timestamp,celsius\n2019-01-01T00:00:00Z,-3.5\n"), 0o600))
	twin.Processor.TemperatureSeries = &config.Series{Path: path, Source: "configMap p/weather.csv", TimeColumn: "timestamp", ValueColumn: "celsius"}
	doc, err := twin.Marshal()
	require.NoError(t, err)
	require.NotContains(t, string(doc), "temperatures:")
	readInto(t, twin)
	once := twin.SpecHash
	readInto(t, twin)
	require.Equal(t, once, twin.SpecHash, "reading again changed the hash")
	doc, err = twin.Marshal()
	require.NoError(t, err)
	again, err := config.Parse(doc)
	require.NoError(t, err)
	require.Equal(t, []dsm.Point{{Unix: 1546300800, Value: -3.5}}, again.Processor.Temperatures)
}

func TestReadRejects(t *testing.T) {
	for name, c := range map[string]struct{ content, message string }{
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
			_, err := Read(t.Context(), seriesTwin(t, []byte(c.content)))
			require.ErrorContains(t, err, c.message)
		})
	}
}

// The file of prices beside the project is read as a dynamic tariff.
func TestReadRealPrices(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "data", "signals_gb_2018_2023.csv.gz")
	if _, err := os.Stat(path); err != nil {
		t.Skip("needs ../shared/data/signals_gb_2018_2023.csv.gz beside the project")
	}
	twin := seriesTwin(t, nil)
	twin.Processor.PriceSeries.Path = path
	twin.Processor.PriceSeries.ValueColumn = "price_gbp_per_kwh"
	readInto(t, twin)
	require.Greater(t, len(twin.Processor.Policy.Tariff.Series), 40_000)
}
