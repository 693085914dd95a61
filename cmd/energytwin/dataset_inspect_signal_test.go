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
)

// signalText is two days of half hours of which an hour is missing.
func signalText(header string, value func(n int) string) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for n := range 96 {
		if n/2 == 30 {
			continue
		}
		at := time.Date(2024, 1, 1, 0, 30*n, 0, 0, time.UTC)
		fmt.Fprintf(&b, "%s;%s\n", at.Format("02.01.2006 15:04"), value(n))
	}
	return b.String()
}

func TestInspectSignal(t *testing.T) {
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "signal.csv")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	prices := write(signalText("Datum;Preis EUR/MWh", func(n int) string { return fmt.Sprintf("%d,5", n/2-5) }))

	out, err := runDataset(t, "inspect", prices, "--signal", "price", "--currency", "EUR", "--timezone", "Europe/Berlin")
	require.NoError(t, err)
	for _, line := range []string{
		`signal +price`, `window +2023-12-31T23:00Z to 2024-01-02T23:00Z`, `hours +47 `, `missing hours +1 `, `negative hours +5 `,
		`min +-0\.0055 +EUR per kWh`, `max +0\.0425 +EUR per kWh`, `separator .* change the file`, `valueColumn +Preis EUR/MWh`, `unit +currency per MWh`,
	} {
		require.Regexp(t, `(?m)^`+line, out)
	}

	out, err = runDataset(t, "inspect", write(signalText("time;CO2 g/kWh", func(int) string { return "250" })), "--signal", "carbon", "--json")
	require.NoError(t, err)
	var r signalReport
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.InDelta(t, 0.25, r.Mean, 1e-9, "kg CO2 per kWh")
	require.Equal(t, 47, r.Hours)

	for _, tc := range []struct {
		want string
		args []string
	}{
		{"write price, carbon or temperature", []string{prices, "--signal", "prices"}},
		{"--unit is about readings", []string{prices, "--signal", "price", "--unit", "kWh"}},
		{"--currency is about prices", []string{prices, "--currency", "EUR"}},
		{"set --value-column", []string{prices, "--signal", "price", "--value-column", "kosten"}},
		{"set --time-column", []string{prices, "--signal", "price", "--time-column", "stunde"}},
		{"set --value-column to one of them: price a, price b", []string{
			write("time;price a;price b\n2024-01-01 00:00;1;2\n2024-01-01 01:00;2;3\n2024-01-01 02:00;2;4\n"), "--signal", "price",
		}},
	} {
		_, err := runDataset(t, append([]string{"inspect"}, tc.args...)...)
		require.ErrorContains(t, err, tc.want)
	}
}
