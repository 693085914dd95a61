package main

import (
	"bytes"
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
)

// writeReadings makes a file of two meters over 130 days and one of prices.
func writeReadings(t *testing.T) (readings, prices string) {
	t.Helper()
	var r, p strings.Builder
	r.WriteString("meter_id,timestamp,kwh\n")
	p.WriteString("timestamp,price_gbp_per_kwh,carbon\n")
	start := time.Date(2018, 12, 1, 0, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 130 * 24 {
		at := start.Add(time.Duration(i) * time.Hour)
		hour, weekend := float64(at.Hour()), 1.0
		if at.Weekday() == time.Sunday {
			weekend = 2
		}
		noise := random.Float64() / 2
		fmt.Fprintf(&r, "a,%s,%.3f\n", at.Format(time.RFC3339), weekend+math.Exp(-(hour-19)*(hour-19)/8)+noise)
		fmt.Fprintf(&r, "b,%s,%.3f\n", at.Format(time.RFC3339), weekend+hour/24+noise)
		fmt.Fprintf(&p, "%s,%.3f,\n", at.Format(time.RFC3339), 0.1+0.02*hour)
	}
	dir := t.TempDir()
	readings, prices = filepath.Join(dir, "readings.csv"), filepath.Join(dir, "prices.csv")
	require.NoError(t, os.WriteFile(readings, []byte(r.String()), 0o644))
	require.NoError(t, os.WriteFile(prices, []byte(p.String()), 0o644))
	return readings, prices
}

func runBacktest(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, _, err := runBacktestApart(t, args...)
	return out, err
}

// runBacktestApart returns what is printed, and what is reported beside it.
func runBacktestApart(t *testing.T, args ...string) (out, errOut string, err error) {
	t.Helper()
	cmd := newBacktestCommand()
	var b, e bytes.Buffer
	cmd.SetOut(&b)
	cmd.SetErr(&e)
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return b.String(), e.String(), err
}

func TestBacktest(t *testing.T) {
	readings, prices := writeReadings(t)
	page := filepath.Join(t.TempDir(), "report.html")
	out, err := runBacktest(t, "--readings", readings, "--signals", prices, "--timezone", "Europe/London", "--json", "--report", page)
	require.NoError(t, err)
	var doc struct {
		Meters, Days int
		Models       []struct {
			Name   string
			RelMAE float64
		}
		Captured struct {
			PriceShift, PeakShave struct{ Share float64 }
			Battery               *struct {
				Share, Naive, RegretRemoved float64
				Days                        int
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &doc))
	require.Equal(t, 2, doc.Meters)
	require.Equal(t, 60, doc.Days, "the last 60 days, though the readings cross a year")
	require.Equal(t, "combined", doc.Models[0].Name)
	require.Less(t, doc.Models[0].RelMAE, 1.0)
	require.Positive(t, doc.Captured.PriceShift.Share)
	require.Positive(t, doc.Captured.PeakShave.Share)
	battery := doc.Captured.Battery
	require.NotNil(t, battery)
	require.Positive(t, battery.Share)
	require.LessOrEqual(t, battery.Share, 1+1e-9)
	require.InDelta(t, (battery.Share-battery.Naive)/(1-battery.Naive), battery.RegretRemoved, 1e-9)
	require.Equal(t, 2*60, battery.Days)
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(html), "<!doctype html>")
	require.Contains(t, string(html), "<td>battery</td>")

	out, err = runBacktest(t, "--readings", readings, "--meters", "b", "--from", "2019-03-01", "--to", "2019-03-11")
	require.NoError(t, err)
	require.Contains(t, out, "1 meters, 10 days")
	require.Contains(t, out, "combined")
	require.Contains(t, out, "8.76 hours of the mean draw", "the tariff of a twin's defaults holds without --signals")
}

// TestBacktestTakesThePolicysBatteries: only meters that the twin gives one count.
func TestBacktestTakesThePolicysBatteries(t *testing.T) {
	readings, _ := writeReadings(t)
	policy := filepath.Join(t.TempDir(), "twin.yaml")
	require.NoError(t, os.WriteFile(policy, []byte(`apiVersion: twin.energytwin.dev/v1
kind: DigitalTwin
metadata: {name: twin}
spec:
  timezone: Europe/London
  dataset: {synthetic: {meters: 2}}
  processor:
    dsm:
      tariff: {currency: GBP, price: "0.2", exportPrice: "0.04", periods: [{name: evening, start: "17:00", end: "21:00", price: "0.4"}]}
      assets: [{name: battery, meters: [a], battery: {capacityKWh: "8", powerKW: "4", reserve: "0.1", wearCost: "0.01"}}]
`), 0o644))
	out, err := runBacktest(t, "--readings", readings, "-f", policy, "--json")
	require.NoError(t, err)
	var doc struct {
		Captured struct {
			Battery map[string]any
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &doc))
	battery := doc.Captured.Battery
	require.Equal(t, 60.0, battery["days"])
	require.Nil(t, battery["usual"])
	require.Equal(t, 0.04, battery["exportPrice"])
	require.Positive(t, battery["perfect"])

	out, err = runBacktest(t, "--readings", readings, "-f", policy, "--meters", "b")
	require.NoError(t, err)
	require.Contains(t, out, "no meter has a battery")
}

// TestBacktestWithTemperatures of made-up homes: they are forecast better, and the
// policy's tariff holds.
func TestBacktestWithTemperatures(t *testing.T) {
	dir := t.TempDir()
	readings, temperatures := filepath.Join(dir, "homes.csv"), filepath.Join(dir, "temperatures.csv")
	_, err := runDataset(t, "synth", "--meters", "20", "--year", "2019", "--seed", "3", "--out", readings, "--temperatures", temperatures)
	require.NoError(t, err)
	relMAE := func(args ...string) float64 {
		out, err := runBacktest(t, append([]string{"--readings", readings, "--json"}, args...)...)
		require.NoError(t, err)
		var doc struct {
			Models   []struct{ RelMAE float64 }
			Captured struct {
				PriceShift struct{ Perfect float64 }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(out), &doc))
		require.Positive(t, doc.Captured.PriceShift.Perfect)
		return doc.Models[0].RelMAE
	}
	require.Less(t, relMAE("--signals", temperatures), relMAE())
}

func TestBacktestTellsWhatIsWrong(t *testing.T) {
	readings, prices := writeReadings(t)
	twoPrices := filepath.Join(t.TempDir(), "prices.csv")
	require.NoError(t, os.WriteFile(twoPrices, []byte("time,North EUR/kWh,South EUR/kWh\n2019-01-01 00:00,0.1,0.2\n2019-01-01 01:00,0.2,0.3\n"), 0o644))
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no such meter": {[]string{"--meters", "c"}, "no such meter"},
		"only from":     {[]string{"--from", "2019-01-01"}, "belong together"},
		"backwards":     {[]string{"--from", "2019-02-01", "--to", "2019-01-01"}, "is not after"},
		"no day":        {[]string{"--from", "1.2.2019", "--to", "2019-01-01"}, "write a day like"},
		"no price":      {[]string{"--signals", readings}, "no column is one of prices or temperatures by its name"},
		"no zone":       {[]string{"--timezone", "Europe/Lundon"}, "use an IANA name"},
		"two prices":    {[]string{"--signals", twoPrices}, "several columns may hold the price: set --price-column to one of them: "},
		"too short":     {[]string{"--signals", prices, "--from", "2017-01-01", "--to", "2017-02-01"}, "too short"},
	} {
		_, err := runBacktest(t, append([]string{"--readings", readings}, c.args...)...)
		require.ErrorContains(t, err, c.want, name)
	}
}
