// Package chaos disturbs running twins and checks that they end with the very
// rows of an undisturbed run.
package chaos

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/test/settings"
	"github.com/energytwin/energytwin/test/twinrows"
)

const (
	sample = "../../config/samples/quickstart.yaml"
	homes  = 20 // of the file that is replayed, over a year
)

// yearOfHomes is a file of readings of a year, which `dataset synth` writes.
// ENERGYTWIN_CHAOS_READINGS names another one, with the same columns.
func yearOfHomes(t *testing.T, binary string) string {
	t.Helper()
	if path := os.Getenv("ENERGYTWIN_CHAOS_READINGS"); path != "" {
		path, err := filepath.Abs(path)
		require.NoError(t, err)
		return path
	}
	path := filepath.Join(t.TempDir(), "homes.csv.gz")
	out, err := exec.CommandContext(t.Context(), binary, "dataset", "synth", "--meters", strconv.Itoa(homes), "--groups", "2",
		"--year", "2019", "--timezone", "Europe/London", "--out", path).CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

// TestKilledLocalTwinEndsWithTheSameRows kills a local twin with SIGKILL at
// random moments of its replay and starts it again each time.
//
// ENERGYTWIN_CHAOS_KILLS and ENERGYTWIN_CHAOS_SECONDS set how often and over
// which time; ENERGYTWIN_CHAOS_SEED repeats a run.
func TestKilledLocalTwinEndsWithTheSameRows(t *testing.T) {
	kills, seconds := settings.Int(t, "ENERGYTWIN_CHAOS_KILLS", 3), settings.Int(t, "ENERGYTWIN_CHAOS_SECONDS", 20)
	random := settings.Random(t, "ENERGYTWIN_CHAOS_SEED")
	binary := build(t)
	readings := yearOfHomes(t, binary)

	calm := folder(t)
	runLocal(t, binary, readings, calm, "max", nil)
	want := storedRows(t, calm)
	requireRows(t, want)

	disturbed := folder(t)
	// The replay's published part is a year less four weeks of warm-up.
	speed := strconv.Itoa(8088 * 3600 / seconds)
	lives := make([]time.Duration, kills)
	for i := range lives {
		// Starting takes a part of each life, so that lives are somewhat longer than
		// an even share of the replay.
		share := time.Duration(seconds) * time.Second / time.Duration(kills)
		lives[i] = time.Duration(float64(share) * (0.3 + 1.2*random.Float64()))
	}
	for i, life := range lives {
		t.Logf("life %d of %d ends after %s", i+1, kills, life.Round(time.Millisecond))
		runLocal(t, binary, readings, disturbed, speed, &life)
	}
	runLocal(t, binary, readings, disturbed, speed, nil)
	require.Equal(t, want, storedRows(t, disturbed))
}

// runLocal runs a local twin to the end of its replay, or kills it after life.
func runLocal(t *testing.T, binary, readings, dir, speed string, life *time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	summary := filepath.Join(dir, "summary.json")
	cmd := exec.CommandContext(ctx, binary, "local", "-f", sample, "--readings", readings, "--group-column", "group",
		"--data-dir", filepath.Join(dir, "twin"),
		"--speed", speed, "--until-done", "--summary", summary, "--listen", "127.0.0.1:0")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	if life != nil {
		killer := time.AfterFunc(*life, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
		defer killer.Stop()
	}
	err := cmd.Wait()
	if life != nil && err != nil && cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return
	}
	require.NoError(t, err, out.String())
	require.FileExists(t, summary, "the replay is through")
}

// storedRows reads what a local twin left in its data folder.
func storedRows(t *testing.T, dir string) []twinrows.Table {
	t.Helper()
	server, err := embedded.Postgres(t.Context(), embedded.PostgresOptions{Dir: filepath.Join(dir, "twin", "postgres")})
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Stop(context.WithoutCancel(t.Context()))) }()
	return readRows(t, server.URL)
}

// readRows reads the rows of a database. Where ENERGYTWIN_CHAOS_OUT names a
// folder, they are written there too, so that differences can be looked at.
func readRows(t *testing.T, url string) []twinrows.Table {
	t.Helper()
	out := os.Getenv("ENERGYTWIN_CHAOS_OUT")
	var files func(string) (io.WriteCloser, error)
	if out != "" {
		dir, err := os.MkdirTemp(out, "rows-")
		require.NoError(t, err)
		t.Log("rows written to", dir)
		files = func(table string) (io.WriteCloser, error) { return os.Create(filepath.Join(dir, table+".csv")) }
	}
	tables, err := twinrows.Read(t.Context(), url, files)
	require.NoError(t, err)
	return tables
}

// requireRows checks that an undisturbed run has what the dataset holds.
func requireRows(t *testing.T, tables []twinrows.Table) {
	t.Helper()
	for _, table := range tables {
		t.Logf("%-12s %8d rows  %s", table.Name, table.Rows, table.SHA256[:16])
		if table.Name != "reading_revisions" { // nothing is corrected
			require.Positive(t, table.Rows, table.Name)
		}
	}
	if os.Getenv("ENERGYTWIN_CHAOS_READINGS") == "" {
		require.EqualValues(t, homes*8760, tables[0].Rows)
	}
}

// folder is a temporary one that other users may pass: PostgreSQL runs as one
// of them where the tests run as root.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "energytwin-chaos-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// build makes the program as users have it.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "energytwin")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/energytwin").CombinedOutput()
	require.NoError(t, err, string(out))
	return binary
}
