package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

func TestLayoutsAreListedAndPrinted(t *testing.T) {
	list, err := runDataset(t, "layouts")
	require.NoError(t, err)
	asJSON, err := runDataset(t, "layouts", "-o", "json")
	require.NoError(t, err)
	var all []struct{ Name, Title string }
	require.NoError(t, json.Unmarshal([]byte(asJSON), &all))
	require.GreaterOrEqual(t, len(all), 30)
	for _, l := range all {
		require.Contains(t, list, l.Name)
		text, err := runDataset(t, "layouts", l.Name)
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "mine.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		doc, err := (&layoutFlags{layout: path}).document(nil)
		require.NoError(t, err, "%s is no document for --layout", l.Name)
		require.Equal(t, l.Title, doc.Title)
	}
	_, err = runDataset(t, "layouts", "octopuss")
	require.ErrorContains(t, err, "octopuss")
	_, err = runDataset(t, "layouts", "-o", "xml")
	require.ErrorContains(t, err, "json")
}

// A file of which next to nothing is as usual: each flag is needed, or overrides what
// would be found out.
func TestEachLayoutFlagIsTaken(t *testing.T) {
	var b strings.Builder
	b.WriteString("kunde|netz|wann|zahl|spur\n")
	for half := 1; half <= 48; half++ {
		at := time.Date(2024, 2, 1, 0, 30*half, 20, 0, time.UTC).Format("01/02/2006 15:04:05")
		fmt.Fprintf(&b, "a|nord|%s|1'200,5|X1\na|nord|%s|200,5|Y1\n", at, at)
	}
	path := filepath.Join(t.TempDir(), "odd.txt")
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	flags := map[string]string{
		"meter-column": "kunde", "group-column": "netz", "time-column": "wann", "value-column": "zahl", "channel-column": "spur",
		"unit": "W", "reading": "Interval", "stamp": "End", "interval": "30m", "tolerance": "30s", "date-order": "MDY",
		"source-timezone": "UTC", "separator": "|", "encoding": "UTF-8", "decimal": ",", "thousands": "'",
	}
	args := []string{"inspect", path, "--json", "--import", "X*", "--export", "Y*"}
	for _, f := range (&layoutFlags{}).fields() {
		require.Contains(t, flags, f.name, "the test does not set --%s", f.name)
		args = append(args, "--"+f.name, flags[f.name])
	}
	out, err := runDataset(t, args...)
	require.NoError(t, err)
	var report struct {
		Rows   int64
		Meters []struct {
			Name, Group string
			Mean        float64
		}
		Layout layout.Document
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.EqualValues(t, 24, report.Rows)
	require.Equal(t, "a", report.Meters[0].Name)
	require.Equal(t, "nord", report.Meters[0].Group)
	require.InDelta(t, 1.0, report.Meters[0].Mean, 1e-6)
	require.Equal(t, []string{"X*"}, report.Layout.Channels.Import)
	require.Equal(t, layout.End, report.Layout.Time.Marks)
	require.Equal(t, "30s", report.Layout.Time.Tolerance)

	_, err = runDataset(t, "inspect", path, "--import", "X*")
	require.ErrorContains(t, err, "--channel-column")
	for flag, bad := range map[string]string{"unit": "horse", "date-order": "DYM", "interval": "7m", "separator": "x", "source-timezone": "Mars/One", "layout": "nosuch"} {
		_, err := runDataset(t, "inspect", path, "--"+flag, bad)
		require.ErrorContains(t, err, "--"+flag)
	}
}
