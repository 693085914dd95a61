package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBacktestOfGroups(t *testing.T) {
	readings, _ := writeReadings(t)
	groups, page := filepath.Join(t.TempDir(), "groups.csv"), filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(groups, []byte("meter_id,group\nb,north\na,north\n"), 0o600))
	var doc struct {
		Reissue, Horizon int
		IssueAt          string
		Bands            struct{ Pinball, Coverage80 float64 }
		Groups           struct {
			List []struct {
				Group      string
				Meters     int
				Own, Added struct{ Pinball, Width float64 }
			}
			Total *struct{ Meters int }
		}
	}
	out, err := runBacktest(t, "--readings", readings, "--groups", groups, "--issue", "06:00", "--reissue", "6h", "--json", "--report", page)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(out), &doc))
	require.Equal(t, 6, doc.Reissue)
	require.Equal(t, 24, doc.Horizon)
	require.Equal(t, "06:00", doc.IssueAt)
	require.Positive(t, doc.Bands.Pinball)
	require.Len(t, doc.Groups.List, 1)
	require.Equal(t, "north", doc.Groups.List[0].Group)
	require.Equal(t, 2, doc.Groups.List[0].Meters)
	require.Positive(t, doc.Groups.List[0].Own.Width)
	require.Positive(t, doc.Groups.List[0].Added.Width)
	require.Equal(t, 2, doc.Groups.Total.Meters)
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(html), "issued at 06:00 local time each day and every 6 hours")
	require.Contains(t, string(html), "<circle class=\"d1\"")

	out, err = runBacktest(t, "--readings", readings, "--groups", "2", "--limit-quantile", "0.9", "--report", page)
	require.NoError(t, err)
	require.Contains(t, out, "group-hours  stated  exceeded")
	html, err = os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(html), "Limits: days held by plans")
	require.NotContains(t, string(html), "ZgotmplZ")

	out, err = runBacktest(t, "--readings", readings, "--groups", "1")
	require.NoError(t, err)
	require.Contains(t, out, "group-0002")
	require.Contains(t, out, "groups, meters added up")
}

func TestBacktestReportsBadSchedulesAndGroups(t *testing.T) {
	readings, _ := writeReadings(t)
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "groups.csv")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"issue":             {[]string{"--issue", "24:00"}, "--issue: issue time \"24:00\": write it as HH:MM"},
		"short horizon":     {[]string{"--horizon", "12h"}, "--horizon 12h0m0s: write whole hours from 24h to 48h"},
		"half an hour":      {[]string{"--reissue", "90m"}, "--reissue 1h30m0s: write whole hours from 1h to 24h"},
		"limit above all":   {[]string{"--groups", "1", "--limit-quantile", "1"}, "--limit-quantile 1: write a share of hours from 0 to below 1"},
		"no groups":         {[]string{"--limit-quantile", "0.9"}, "--limit-quantile: name the groups with --groups"},
		"no meters":         {[]string{"--groups", "0"}, "--groups 0: write 1 or more meters"},
		"no file":           {[]string{"--groups", "nowhere.csv"}, "or a number of meters"},
		"no header":         {[]string{"--groups", file("a,north\n")}, "line 1: the columns are"},
		"unknown meter":     {[]string{"--groups", file("meter_id,group\na,north\nc,north\n")}, `line 3: no meter "c" was read`},
		"meter twice":       {[]string{"--groups", file("meter_id,group\na,north\na,south\n")}, `line 3: meter "a" is in group "north" already`},
		"no group":          {[]string{"--groups", file("meter_id,group\na,\n")}, `line 2: meter "a" has no group`},
		"one column":        {[]string{"--groups", file("meter_id,group\na\n")}, "line 2"},
		"empty":             {[]string{"--groups", file("")}, "write the header meter_id,group"},
		"header and no row": {[]string{"--groups", file("meter_id,group\n")}, "it names no meter"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := runBacktest(t, append([]string{"--readings", readings}, c.args...)...)
			require.ErrorContains(t, err, c.want)
		})
	}
}
