package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"
)

// fieldCases are files in the shapes that people's files have, beside the
// repository; they are not part of it.
const fieldCases = "../../../shared/field"

// outcome is what a backtest comes to, without the time that it took.
func outcome(t *testing.T, args ...string) map[string]any {
	t.Helper()
	out, err := runBacktest(t, append(args, "--json")...)
	require.NoError(t, err)
	var doc map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &doc))
	delete(doc, "seconds")
	for _, list := range []string{"worst", "slowest"} {
		for _, m := range doc[list].([]any) {
			delete(m.(map[string]any), "seconds")
		}
	}
	delete(doc, "slowest") // in the order of time
	return doc
}

// shuffled runs a backtest of files in several orders, whose outcome must be one.
func shuffled(t *testing.T, files []string, args ...string) map[string]any {
	t.Helper()
	readings := func() []string {
		out := append([]string{}, args...)
		for _, f := range files {
			out = append(out, "--readings", f)
		}
		return out
	}
	want := outcome(t, readings()...)
	random := rand.New(rand.NewPCG(3, 1))
	for range 4 {
		random.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		require.Equal(t, want, outcome(t, readings()...), files)
	}
	return want
}

func TestBacktestTakesMonthlyFilesInAnyOrder(t *testing.T) {
	files, err := filepath.Glob(fieldCases + "/44-month-*.csv")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("no files in " + fieldCases)
	}
	report := shuffled(t, files)
	require.Equal(t, 1.0, report["meters"])
	require.Equal(t, 60.0, report["days"])
	require.Empty(t, report["leftOut"])

	args := []string{"--from", "2024-01-10", "--to", "2024-07-01"}
	for _, f := range files {
		args = append(args, "--readings", f)
	}
	require.Equal(t, 173.0, outcome(t, args...)["days"], "each file counts: 182 days, less those before a week is known")
}

// A file of one month is written as five kinds of exports have it.
var kinds = map[string]struct {
	name string
	text func(from, to time.Time, kWh func(time.Time) float64) []byte
}{
	"long": {"long.csv", func(from, to time.Time, kWh func(time.Time) float64) []byte {
		return lines("meter_id,timestamp,kwh", from, to, time.Hour, func(at time.Time) string {
			return fmt.Sprintf("home,%s,%.3f", at.Format(time.RFC3339), kWh(at))
		})
	}},
	"quarters in Wh": {"wh.csv", func(from, to time.Time, kWh func(time.Time) float64) []byte {
		return lines("meter;time;energy (Wh)", from, to, 15*time.Minute, func(at time.Time) string {
			return fmt.Sprintf("home;%s;%.0f", at.Format("2006-01-02 15:04:05Z07:00"), 250*kWh(at.Truncate(time.Hour)))
		})
	}},
	"decimal commas": {"comma.csv", func(from, to time.Time, kWh func(time.Time) float64) []byte {
		return lines("Meter;Timestamp;kWh", from, to, time.Hour, func(at time.Time) string {
			return fmt.Sprintf("home;%s;%s", at.Format("02.01.2006 15:04Z07:00"), strings.ReplaceAll(fmt.Sprintf("%.3f", kWh(at)), ".", ","))
		})
	}},
	"wide": {"wide.csv", func(from, to time.Time, kWh func(time.Time) float64) []byte {
		return lines("timestamp,home,office", from, to, time.Hour, func(at time.Time) string {
			return fmt.Sprintf("%s,%.3f,%.3f", at.Format(time.RFC3339), kWh(at), 2*kWh(at.Add(6*time.Hour)))
		})
	}},
	"UTF-16 with tabs": {"utf16.tsv", func(from, to time.Time, kWh func(time.Time) float64) []byte {
		text := lines("meter\ttimestamp\tkWh", from, to, time.Hour, func(at time.Time) string {
			return fmt.Sprintf("home\t%s\t%.3f", at.Format(time.RFC3339), kWh(at))
		})
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(text)
		if err != nil {
			panic(err) // text that this function makes can be encoded
		}
		return out
	}},
}

func lines(header string, from, to time.Time, step time.Duration, line func(time.Time) string) []byte {
	var b strings.Builder
	b.WriteString(header + "\n")
	for at := from; at.Before(to); at = at.Add(step) {
		b.WriteString(line(at) + "\n")
	}
	return []byte(b.String())
}

// homeLoad is a load with days and weeks, and some noise; a multiple of 4 Wh.
func homeLoad(at time.Time) float64 {
	h := float64(at.Hour())
	random := rand.New(rand.NewPCG(uint64(at.Unix()), 1))
	kWh := 0.3 + math.Exp(-(h-19)*(h-19)/8) + random.Float64()/3
	if at.Weekday() == time.Sunday {
		kWh += 0.4
	}
	return math.Round(kWh*250) / 250
}

func month(year, m int) time.Time { return time.Date(year, time.Month(m), 1, 0, 0, 0, 0, time.UTC) }

func writeText(t *testing.T, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

func TestBacktestTakesFilesOfDifferentKindsInAnyOrder(t *testing.T) {
	dir := t.TempDir()
	whole := writeText(t, dir, "whole.csv", kinds["long"].text(month(2023, 1), month(2023, 6), homeLoad))
	var parts []string
	for i, kind := range []string{"UTF-16 with tabs", "quarters in Wh", "wide", "long", "decimal commas"} {
		k := kinds[kind]
		parts = append(parts, writeText(t, dir, k.name, k.text(month(2023, i+1), month(2023, i+2), homeLoad)))
	}
	want := outcome(t, "--readings", whole)
	require.Equal(t, 60.0, want["days"])
	got := shuffled(t, parts, "--meters", "home")
	require.Equal(t, want, got, "five kinds of files hold the same as one")

	got = shuffled(t, parts, "--from", "2023-05-01", "--to", "2023-06-01")
	require.Equal(t, []any{map[string]any{
		"meter": "office", "reason": "TooShort",
		"detail": "readings from 2023-03-01T00:00:00Z to 2023-04-01T00:00:00Z hold no day to forecast with a reading a week before it",
	}}, got["leftOut"], "what is left out is named")
}

// TestBacktestReadsFilesAsThePolicySays: its columns, unit, stamp and zone hold, flags
// come before them, and what is found out is shown.
func TestBacktestReadsFilesAsThePolicySays(t *testing.T) {
	dir := t.TempDir()
	zone, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	text := lines("Zähler,Zeit,Messung,Ablesung", month(2023, 1), month(2023, 6), time.Hour, func(at time.Time) string {
		return fmt.Sprintf("home,%s,%.0f,7", at.Add(time.Hour).In(zone).Format("2006-01-02 15:04"), 1000*homeLoad(at))
	})
	readings := writeText(t, dir, "readings.csv", text)
	policy := func(unit, extra string) string {
		return writeText(t, dir, unit+".yaml", fmt.Appendf(nil, `apiVersion: twin.energytwin.dev/v1
kind: DigitalTwin
metadata: {name: twin}
spec:
  timezone: Europe/London
  dataset:
    configMap: {name: readings, key: readings.csv}
    layout:
      meter: {column: Zähler}
      values: [{column: Messung}]
      unit: %s
      time: {columns: [Zeit], marks: End, interval: 1h}
%s`, unit, extra))
	}
	plain := writeText(t, dir, "plain.csv", kinds["long"].text(month(2023, 1), month(2023, 6), homeLoad))
	want := outcome(t, "--readings", plain, "--timezone", "Europe/London", "--from", "2023-03-01", "--to", "2023-03-20")
	span := []string{"--readings", readings, "--from", "2023-03-01", "--to", "2023-03-20"}

	got := outcome(t, append(span, "-f", policy("W", ""))...)
	require.Equal(t, want["models"], got["models"])
	got = outcome(t, append(span, "-f", policy("kW", ""), "--unit", "W")...)
	require.Equal(t, want["models"], got["models"], "a flag comes before the policy")
	got = outcome(t, append(span, "--timezone", "Europe/London", "--meter-column", "Zähler", "--value-column", "Messung", "--unit", "W", "--stamp", "End")...)
	require.Equal(t, want["models"], got["models"], "flags alone will do")

	_, said, err := runBacktestApart(t, append(span, "--timezone", "Europe/London", "--unit", "W", "--value-column", "Messung")...)
	require.NoError(t, err)
	require.Contains(t, said, "guessed time.zone: Europe/London")
	require.Contains(t, said, "set --source-timezone")
	require.NotContains(t, said, "warning")

	_, _, err = runBacktestApart(t, append(span, "-f", policy("W", "    invalidRows: Reject\n"), "--value-column", "Zeit")...)
	require.ErrorContains(t, err, "line 2")
}

// TestBacktestNamesWhatItLeavesOut: in tables, with an error, and rejected rows.
func TestBacktestNamesWhatItLeavesOut(t *testing.T) {
	dir := t.TempDir()
	text := kinds["long"].text(month(2023, 1), month(2023, 6), homeLoad)
	short := lines("meter_id,timestamp,kwh", month(2023, 2), month(2023, 2).Add(50*time.Hour), time.Hour, func(at time.Time) string {
		return "shed," + at.Format(time.RFC3339) + ",1"
	})
	long, other := writeText(t, dir, "long.csv", append(text, "home,2023-06-01T00:00:00Z,much\n"...)), writeText(t, dir, "short.csv", short)
	out, said, err := runBacktestApart(t, "--readings", long, "--readings", other)
	require.NoError(t, err)
	require.Contains(t, out, "1 meters, 60 days")
	require.Contains(t, out, "1 too short")
	require.Regexp(t, `(?m)^shed +TooShort +readings from 2023-02-01T00:00:00Z to 2023-02-03T02:00:00Z hold no day`, out)
	require.Contains(t, said, long+": warning: 1 rows rejected: the value is not a number")

	_, said, err = runBacktestApart(t, "--readings", other)
	require.ErrorContains(t, err, "no meter has enough readings")
	require.Contains(t, said, "shed")
	require.Contains(t, said, "TooShort")
}
