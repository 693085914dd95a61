package chaos

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/writer"
)

// fileHours are those of the file of readings, and of the file that it grows from.
const (
	fileHours  = 768
	grownHours = 500
)

// TestChangesOfAFileInMidStream makes the changes that concern a file of readings:
// one that has grown goes on where it ended, and what would read it in another way or
// regroup its meters is rejected by the preparation. Files are fetched as in a pod.
func TestChangesOfAFileInMidStream(t *testing.T) {
	if os.Getenv("ENERGYTWIN_CHAOS_CHANGES") != "all" {
		t.Skip("made with ENERGYTWIN_CHAOS_CHANGES=all, as by make chaos")
	}
	table, err := os.ReadFile("../../docs/reference/spec-changes.md")
	require.NoError(t, err)
	s := startStores(t)
	binary := build(t)
	served := readingsFile(fileHours)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(served) }))
	defer server.Close()
	location := server.URL + "/readings.csv"
	// fetch gets what is served as the init container of a generator does.
	fetch := func(t *testing.T, s *stores) (spec string) {
		sum := sha256.Sum256(served)
		s.mounted = filepath.Join(s.dir, hex.EncodeToString(sum[:4])+".csv")
		out, err := exec.CommandContext(t.Context(), binary, "dataset", "fetch", location, "--sha256", hex.EncodeToString(sum[:]), "--out", s.mounted).CombinedOutput()
		require.NoError(t, err, string(out))
		return fmt.Sprintf("dataset: {url: {location: %q, sha256: %x}}\ngenerator: {warmup: {history: 192h}, speed: max}\nkafka: {topics: {partitions: 3}}", location, sum)
	}
	calm := s.apply("calm", s.newDatabase("calm"), fetch(t, s))
	run := func(twin *runningTwin) map[string]content {
		generator, processor := twin.start(binary, "generator", "--until-done"), twin.start(binary, "processor")
		generator.requireEnd()
		processor.stop()
		require.Zero(twin.t, count(twin.t, twin.database, "SELECT count(*) FROM quarantine"), "rejected")
		return contentsOf(twin.t, twin.database, "infinity")
	}
	want := run(calm)
	require.EqualValues(t, 12*fileHours, want["readings"].rows)
	require.Positive(t, want["decisions"].rows)
	s.forget(calm)

	t.Run("dataset.url.sha256", func(t *testing.T) {
		require.Contains(t, string(table), "| `dataset.url.sha256` | applied |")
		s := s.in(t)
		whole := served
		served = readingsFile(grownHours)
		twin := s.apply("grows", s.newDatabase("grows"), fetch(t, s))
		before := run(twin)
		require.EqualValues(t, 12*grownHours, before["readings"].rows)
		served = whole
		twin = s.apply("grows", twin.database, fetch(t, s))
		require.Equal(t, want, run(twin))
		s.forget(twin)
	})
	for field, c := range map[string]struct{ change, spec, says string }{
		"dataset.groups":       {"rejected once run", `dataset: {groups: [{name: north, meters: [home-01]}]}`, "spec.dataset.groups"},
		"dataset.layout":       {"stalled", `dataset: {layout: {separator: ",", reading: Interval}}`, "spec.dataset.layout"},
		"dataset.url.location": {"stalled", `dataset: {url: {location: "` + location + `?other", sha256: "` + strings.Repeat("0a", 32) + `"}}`, "spec.dataset is"},
	} {
		t.Run(field, func(t *testing.T) {
			require.Contains(t, string(table), "| `"+field+"` | "+c.change+" |")
			s := s.in(t)
			spec := fetch(t, s) + "\n"
			twin := s.apply("stays", s.newDatabase(strings.ReplaceAll(field, ".", "_")), spec, "generator: {speed: 400000}")
			generator, processor := twin.start(binary, "generator"), twin.start(binary, "processor")
			awaitHours(t, twin.database, 300)
			generator.stop()
			processor.stop()
			changed := s.apply("stays", twin.database, spec, c.spec)
			out, err := exec.CommandContext(t.Context(), binary, "prepare", "--config", changed.config).CombinedOutput()
			require.Error(t, err)
			require.Contains(t, string(out), c.says)
			twin = s.apply("stays", twin.database, spec)
			require.Equal(t, want, run(twin))
			s.forget(twin)
		})
	}
}

// readingsFile is a file of 12 meters in 3 feeders over the first hours of 2025.
func readingsFile(hours int) []byte {
	var b strings.Builder
	b.WriteString("meter,time,kwh,feeder\n")
	for h := range hours {
		at := time.Date(2025, 1, 1, h, 0, 0, 0, time.UTC).Format(time.RFC3339)
		for m := range 12 {
			fmt.Fprintf(&b, "home-%02d,%s,%.3f,feeder-%d\n", m, at, 0.4+0.3*math.Sin(float64(h+m)/24*2*math.Pi)+0.01*float64((h*7+m)%13), m%3)
		}
	}
	return []byte(b.String())
}

// writeSeries writes the files of temperatures and carbon intensities that a spec
// may name, hour by hour.
func (s *stores) writeSeries() {
	s.t.Helper()
	var weather, grid strings.Builder
	weather.WriteString("time,temperature °C\n")
	grid.WriteString("time,carbon intensity gCO2/kWh\n")
	for h := range 1000 {
		at := time.Date(2024, 12, 30, h, 0, 0, 0, time.UTC).Format(time.RFC3339)
		fmt.Fprintf(&weather, "%s,%.1f\n", at, 6+5*math.Sin(float64(h)/24*2*math.Pi))
		fmt.Fprintf(&grid, "%s,%d\n", at, 150+h%24*10)
	}
	s.weather, s.grid = filepath.Join(s.dir, "t.csv"), filepath.Join(s.dir, "c.csv")
	require.NoError(s.t, os.WriteFile(s.weather, []byte(weather.String()), 0o644))
	require.NoError(s.t, os.WriteFile(s.grid, []byte(grid.String()), 0o644))
}

// otherProcessors starts the processors that the spec asks for beside the first.
func (twin *runningTwin) otherProcessors(binary string) []*process {
	twin.t.Helper()
	var out []*process
	for range twin.replicas - 1 {
		out = append(out, twin.start(binary, "processor"))
	}
	return out
}

// requireOldRowsDeleted runs maintenance with what the spec says and checks that rows
// older than that are gone, and no other.
func requireOldRowsDeleted(t *testing.T, twin *runningTwin, want map[string]content) {
	t.Helper()
	require.Equal(t, want, contentsOf(t, twin.database, "infinity"))
	cfg, err := config.Load(twin.config)
	require.NoError(t, err)
	db, err := writer.Open(t.Context(), twin.database, timescale.Options{})
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Maintain(t.Context(), writer.MaintainOptions{
		RetainRaw: time.Duration(cfg.Database.RetainRaw), RetainDecisions: time.Duration(cfg.Database.RetainDecisions),
	})
	require.NoError(t, err)
	for table, column := range map[string]string{"readings": "ts", "forecasts": "issued_at", "decisions": "issued_at"} {
		keep := time.Duration(cfg.Database.RetainRaw)
		if table != "readings" {
			keep = time.Duration(cfg.Database.RetainDecisions)
		}
		left := count(t, twin.database, "SELECT count(*) FROM "+table)
		old := count(t, twin.database, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s < (SELECT min(watermark) FROM stream_offsets) - interval '%d hours'", table, column, int(keep.Hours())))
		if keep == 0 {
			require.Equal(t, want[table].rows, left, table)
			continue
		}
		require.Zero(t, old, table)
		require.Positive(t, left, table)
		require.Less(t, left, want[table].rows, table)
	}
}
