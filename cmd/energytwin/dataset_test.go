package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// runDataset runs a subcommand of dataset and returns what it printed.
func runDataset(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := newDatasetCommand()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	var out, errOut bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestSynthConvertInspect(t *testing.T) {
	dir := t.TempDir()
	made, converted := filepath.Join(dir, "homes.csv.zst"), filepath.Join(dir, "long.csv")
	_, err := runDataset(t, "synth", "--meters", "3", "--groups", "2", "--year", "2020", "--seed", "5", "--out", made)
	require.NoError(t, err)
	_, err = runDataset(t, "convert", made, "--group-column", "group", "--out", converted)
	require.NoError(t, err)
	direct, err := runDataset(t, "synth", "--meters", "3", "--groups", "2", "--year", "2020", "--seed", "5")
	require.NoError(t, err)
	text, err := os.ReadFile(converted)
	require.NoError(t, err)
	require.Equal(t, direct, string(text), "the same seed gives the same bytes, whatever they went through")
	require.Equal(t, 3*8784+1, strings.Count(direct, "\n"))

	out, err := runDataset(t, "inspect", made, "--group-column", "group", "--json")
	require.NoError(t, err)
	var report struct {
		Rows   int64
		SHA256 string
		Meters []struct{ Name, Group string }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.EqualValues(t, 3*8784, report.Rows)
	require.Len(t, report.SHA256, 64)
	require.Equal(t, "feeder-0002", report.Meters[1].Group)
}

func TestInspectTable(t *testing.T) {
	dir := t.TempDir()
	path, bad := filepath.Join(dir, "data.csv"), filepath.Join(dir, "bad.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("meter_id,timestamp,kwh\na,2019-01-01T00:00:00Z,1\na,2019-01-01T01:00:00Z,x\na,2019-01-01T02:00:00Z,0\n"), 0o600))
	out, err := runDataset(t, "inspect", path, "--quarantine", bad)
	require.NoError(t, err)
	for _, want := range []string{"TAKEN FOR", "quarantined", "the value is not a number", "2019-01-01T00:00Z"} {
		require.Contains(t, out, want)
	}
	text, err := os.ReadFile(bad)
	require.NoError(t, err)
	require.JSONEq(t, `{"line":3,"column":"kwh","reason":"the value is not a number","raw":"a,2019-01-01T01:00:00Z,x"}`, string(text))

	_, err = runDataset(t, "inspect", path, "--invalid-rows", "Reject")
	require.ErrorContains(t, err, "line 3, column kwh")
	_, err = runDataset(t, "inspect", path, "--start", "yesterday")
	require.ErrorContains(t, err, "2019-01-01T00:00:00Z")
}

func TestShapeTable(t *testing.T) {
	out, err := runDataset(t, "shape", "--synthetic", "3")
	require.NoError(t, err)
	require.Contains(t, out, "autocorrelation 168 h")
}

// What is no plain file is written to, never replaced.
func TestOutputKeepsLinks(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target.csv"), filepath.Join(dir, "link.csv")
	require.NoError(t, os.WriteFile(target, []byte("before"), 0o600))
	require.NoError(t, os.Symlink(target, link))
	_, err := runDataset(t, "synth", "--meters", "1", "--out", link)
	require.NoError(t, err)
	st, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, st.Mode()&os.ModeSymlink)
	text, err := os.ReadFile(target)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "meter_id,"))

	_, err = runDataset(t, "synth", "--meters", "1", "--out", filepath.Join(dir, "none", "x.csv"))
	require.Error(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 2)
}
