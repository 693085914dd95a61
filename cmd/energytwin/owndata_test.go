package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ownDataPage is followed word for word, as somebody does who has a file.
const ownDataPage = "../../docs/how-to/own-data.md"

// ownFiles are files of five kinds: those of the project, with made-up numbers, and
// of the same kinds beside it.
var ownFiles = []struct {
	sample, field           string
	sampleHours, fieldHours int64  // of all meters, complete ones, as the makers of the files counted them
	layout                  string // that the sample is recognised as
}{
	{"octopus.csv", "11-octopus.csv", 25, 49, "octopus"},
	{"fluvius.csv", "06-fluvius-15min.csv", 24, 72, "fluvius"},
	{"low-carbon-london-blocks.csv", "18b-kaggle-hhblock-day-wide.csv", 48, 72, "low-carbon-london-blocks"},
	{"smart-meter-texas.csv", "09-smart-meter-texas.csv", 25, 47, "smart-meter-texas"},
	{"p1-counters.csv", "33-counters.csv", 24, 0, "p1-counters"},
}

func TestOwnDataPageIsFollowedWordForWord(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a twin for each file")
	}
	commands := commandsOf(t, ownDataPage)
	require.GreaterOrEqual(t, len(commands), 4)
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "energytwin"), ".")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, file := range ownFiles {
		// Of each kind one file goes through a twin, the longer one if it is here; both go
		// through all other commands.
		field := filepath.Join(fieldCases, file.field)
		_, err := os.Stat(field)
		hasField := err == nil && file.fieldHours > 0
		t.Run(file.sample, func(t *testing.T) {
			follow(t, bin, commands, filepath.Join("../../internal/dataset/datafile/testdata/layouts", file.sample), file.sampleHours, file.layout, !hasField)
		})
		t.Run(file.field, func(t *testing.T) {
			if !hasField {
				t.Skip("no such file in " + fieldCases + ", or its hours are not given")
			}
			follow(t, bin, commands, field, file.fieldHours, "", true)
		})
	}
}

// commandsOf are the commands in the bash blocks of a page.
func commandsOf(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	var out []string
	for _, block := range regexp.MustCompile("(?s)```bash\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		out = append(out, strings.TrimSpace(block[1]))
	}
	return out
}

// follow runs the page's commands in a folder of its own that holds the file and the
// samples; that which runs a twin only withTwin.
func follow(t *testing.T, bin string, commands []string, file string, hours int64, layout string, withTwin bool) {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "my-readings.csv"), text, 0o600))
	require.NoError(t, os.CopyFS(filepath.Join(dir, "config", "samples"), os.DirFS("../../config/samples")))
	var printed string
	for _, command := range commands {
		if strings.HasPrefix(command, "energytwin local") && !withTwin {
			continue
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", command)
		cmd.Dir = dir
		if strings.HasPrefix(command, "energytwin local") {
			cmd.Args[len(cmd.Args)-1] += " --listen 127.0.0.1:0" // several tests run at once
		}
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s\n%s", command, out)
		printed += string(out)
	}
	require.Contains(t, printed, "TAKEN FOR")
	if layout != "" {
		require.Regexp(t, `(?m)^layout +`+layout+` `, printed)
	}
	hourly, err := os.ReadFile(filepath.Join(dir, "hourly.csv"))
	require.NoError(t, err)
	require.EqualValues(t, hours+1, strings.Count(string(hourly), "\n"), "and a header")
	if !withTwin {
		return
	}
	require.Contains(t, printed, "dataset: ", "what is found out is shown when the twin starts")
	if layout != "" {
		require.Contains(t, printed, "dataset: read as layout "+layout)
	}
	var summary struct {
		Readings struct{ Stored, Quarantined int64 }
	}
	text, err = os.ReadFile(filepath.Join(dir, "summary.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &summary))
	require.Equal(t, hours, summary.Readings.Stored)
	require.Zero(t, summary.Readings.Quarantined)
}
