package local

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/admission"
)

const (
	buildings = "../../../shared/data/buildings20_2019.csv.gz"
	rows      = 174_606 // of that file
)

func sample(t *testing.T, name string) *v1.DigitalTwin {
	t.Helper()
	path := filepath.Join("../../config/samples", name)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	checker, err := admission.New()
	require.NoError(t, err)
	twin, err := checker.Read(path, content)
	require.NoError(t, err)
	return twin
}

// options are those of a replay as fast as possible.
func options(t *testing.T, twin *v1.DigitalTwin) (Options, *bytes.Buffer) {
	t.Helper()
	// Not t.TempDir: PostgreSQL may run as another user, who must be able to pass.
	dir, err := os.MkdirTemp("", "energytwin-local-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	var out bytes.Buffer
	asFastAsPossible := 0.0
	return Options{
		Twin: twin, Version: "test", DataDir: filepath.Join(dir, "data"), Speed: &asFastAsPossible, Listen: "127.0.0.1:0",
		UntilDone: true, Summary: filepath.Join(dir, "summary.json"), Out: &out, Log: slog.New(slog.DiscardHandler),
	}, &out
}

func readSummary(t *testing.T, o Options) (s summary) {
	t.Helper()
	b, err := os.ReadFile(o.Summary)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &s))
	return s
}

func TestReplayStoresEveryReading(t *testing.T) {
	twin := sample(t, "quickstart.yaml")
	twin.Spec.Dataset.Synthetic.Meters = new(int32(10))
	o, out := options(t, twin)
	require.NoError(t, Run(t.Context(), o), out.String())
	s := readSummary(t, o)
	require.EqualValues(t, 10*8760, s.Readings.Stored)
	require.Equal(t, 10, s.Meters)
	require.Positive(t, s.Forecasts)
	require.Positive(t, s.Decisions)
	require.Zero(t, s.Readings.Quarantined+s.Readings.Duplicates+s.Readings.Corrections+s.Readings.Late)

	require.NoError(t, Run(t.Context(), o), "starting again")
	again := readSummary(t, o)
	require.Equal(t, s.Readings.Stored, again.Readings.Stored)
	require.Equal(t, s.Decisions, again.Decisions)
}

func TestBadRowsAreNamedAndTheRestIsStored(t *testing.T) {
	content := readBuildings(t)
	lines := strings.Split(content, "\n")
	lines[1000] = lines[1000][:strings.LastIndexByte(lines[1000], ',')] + ",much"
	lines[50_000] = strings.Replace(lines[50_000], "2019-", "2019-99-", 1)
	lines[120_000] = lines[120_000][:strings.LastIndexByte(lines[120_000], ',')]
	o, out := options(t, sample(t, "buildings.yaml"))
	o.Readings = filepath.Join(t.TempDir(), "spoilt.csv")
	require.NoError(t, os.WriteFile(o.Readings, []byte(strings.Join(lines, "\n")), 0o600))
	require.NoError(t, Run(t.Context(), o), out.String())
	s := readSummary(t, o)
	require.EqualValues(t, rows-3, s.Readings.Stored)
	require.EqualValues(t, 3, s.Readings.Quarantined)
	for _, line := range []string{"line 1001, column kwh", "line 50001, column timestamp", "line 120001, column kwh"} {
		require.Contains(t, out.String(), line)
	}
}

func readBuildings(t *testing.T) string {
	t.Helper()
	file, err := os.Open(buildings)
	if err != nil {
		t.Skip("the readings of 20 buildings are not there: ../shared/data/buildings20_2019.csv.gz")
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	require.NoError(t, err)
	b, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	return string(b)
}

func TestServesWhileItRuns(t *testing.T) {
	twin := sample(t, "quickstart.yaml")
	twin.Spec.Dataset.Synthetic.Meters = new(int32(10))
	o, out := options(t, twin)
	address := "127.0.0.1:" + freePort(t)
	o.UntilDone, o.Summary, o.Listen = false, "", address
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, o) }()
	require.Eventually(t, func() bool {
		if len(done) > 0 {
			return true
		}
		response, err := http.Get("http://" + address + "/health") //nolint:noctx // polled until it answers
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, 5*time.Minute, 100*time.Millisecond)
	require.Empty(t, done, "it ended early: %s", out)
	cancel()
	require.NoError(t, <-done)
}

// TestRejectedRowsAndGuessesAreShown by the twin, like rejected messages.
func TestRejectedRowsAndGuessesAreShown(t *testing.T) {
	twin := sample(t, "buildings.yaml")
	o, out := options(t, twin)
	var text strings.Builder
	text.WriteString("Messpunkt;Datum;Verbrauch\n")
	for at, i := time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC), 0; i < 24*60; i++ {
		value := fmt.Sprintf("%d,%d", 1+i%5, i%9)
		if i%500 == 77 {
			value = "defekt"
		}
		fmt.Fprintf(&text, "Haus;%s;%s\n", at.Add(time.Duration(i)*time.Hour).Format("02.01.2006 15:04"), value)
	}
	o.Readings = filepath.Join(t.TempDir(), "own.csv")
	require.NoError(t, os.WriteFile(o.Readings, []byte(text.String()), 0o600))
	o.Setting = func(field string) string { return "--" + field }
	address := "127.0.0.1:" + freePort(t)
	o.UntilDone, o.Listen = false, address
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, o) }()

	var answer struct {
		Data struct {
			Dataset *struct {
				RejectedRows int64
				ByReason     []struct {
					Reason string
					Count  int64
				}
				Findings []string
			}
		}
	}
	require.Eventually(t, func() bool {
		key, err := os.ReadFile(filepath.Join(o.DataDir, "secrets", "api-key"))
		if err != nil {
			return len(done) > 0
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/api/v1/data-quality", nil)
		require.NoError(t, err)
		request.Header.Set("X-API-Key", strings.TrimSpace(string(key)))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return len(done) > 0
		}
		defer response.Body.Close()
		return json.NewDecoder(response.Body).Decode(&answer) == nil && answer.Data.Dataset != nil || len(done) > 0
	}, 5*time.Minute, 100*time.Millisecond)
	cancel()
	require.NoError(t, <-done, out.String())
	file := answer.Data.Dataset
	require.NotNil(t, file, "it ended early: %s", out)
	require.EqualValues(t, 3, file.RejectedRows)
	require.Equal(t, "the value is not a number", file.ByReason[0].Reason)
	findings := strings.Join(file.Findings, "\n")
	require.Contains(t, findings, "unit: kWh")
	for _, text := range file.Findings {
		require.Contains(t, out.String(), "dataset: "+text, "the same was printed at the start")
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := listen(t.Context(), "127.0.0.1:0", func(string) {})
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()[len("127.0.0.1:"):]
}

func TestNumbersAreReadable(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		require.Equal(t, want, grouped(n))
	}
}

func TestSeriesAndFilesBelongTogether(t *testing.T) {
	o, out := options(t, sample(t, "quickstart.yaml"))
	o.Temperatures = "weather.csv"
	require.ErrorContains(t, Run(t.Context(), o), "--temperatures weather.csv: the twin reads no such file; write spec.processor.forecast.temperature")
	o.Temperatures = ""
	o.Twin.Spec.Processor.Forecast.Temperature = &v1.SeriesSource{ConfigMap: &v1.ConfigMapSource{Name: "weather", Key: "t.csv"}}
	require.ErrorContains(t, Run(t.Context(), o), "spec.processor.forecast.temperature reads a file of a cluster; name one with --temperatures")
	require.Empty(t, out.String(), "nothing was started")
}

// A file that nobody can read is reported at once: no store is started for it.
func TestUnreadableFileStartsNoStore(t *testing.T) {
	o, out := options(t, sample(t, "buildings.yaml"))
	o.DataDir = t.TempDir()
	o.Readings = filepath.Join(t.TempDir(), "page.csv")
	require.NoError(t, os.WriteFile(o.Readings, []byte("<!DOCTYPE html><html><body>Log in</body></html>\n"), 0o600))
	require.ErrorContains(t, Run(t.Context(), o), "web page")
	for _, store := range []string{"PostgreSQL", "Redis", "Kafka"} {
		require.NotContains(t, out.String(), store)
	}
	for _, folder := range []string{"postgres", "redis", "kafka"} {
		require.NoDirExists(t, filepath.Join(o.DataDir, folder))
	}
}
