package datafile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEndsOfCounters: the first and last hour of a logger without a grid are completed
// from what the logger's own spacing leaves open, and shown as estimated; a logger that
// keeps a grid has a state at the hour, and its hours are not.
func TestEndsOfCounters(t *testing.T) {
	const kW = 0.6
	midnight := jan(1)
	states := func(from, to, every time.Duration) string {
		var b strings.Builder
		b.WriteString("meter,time,register_kwh\n")
		for at := from; at <= to; at += every {
			fmt.Fprintf(&b, "m,%s,%.6f\n", midnight.Add(at).Format(time.RFC3339), 100+kW*at.Hours())
		}
		return b.String()
	}
	clock := func(h, m, s int) time.Duration {
		return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	}
	for _, tc := range []struct {
		name            string
		text            string
		rows, estimated int
	}{
		{"minutes off at both ends", states(clock(0, 4, 0), clock(23, 58, 0), clock(0, 11, 0)), 24, 2},
		{"seconds off", states(clock(0, 5, 31), clock(23, 59, 0), clock(0, 9, 41)), 24, 2},
		{"off at the end alone", states(clock(0, 0, 0), clock(23, 55, 0), clock(0, 7, 0)), 24, 1},
		{"on the grid of quarters", states(clock(0, 0, 0), clock(23, 45, 0), clock(0, 15, 0)), 23, 0},
		{"on the grid, some seconds late", states(clock(0, 0, 3), clock(23, 55, 3), clock(0, 5, 0)), 23, 0},
		{"begins and ends amid an hour", states(clock(0, 25, 0), clock(23, 40, 0), clock(0, 11, 0)), 22, 0},
		{"seldom", states(clock(0, 25, 0), clock(23, 40, 0), clock(0, 47, 0)), 22, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := openFile(t, file(t, tc.text), Options{})
			sum := 0.0
			rows := allRows(t, s, 0)
			for _, r := range rows {
				sum += float64(r.KWh)
			}
			require.Len(t, rows, tc.rows)
			require.InDelta(t, kW*float64(tc.rows), sum, 0.02, "rounding times to minutes moves little energy")
			info := s.Info()
			require.EqualValues(t, tc.estimated, info.Estimated)
			shown := strings.Join(info.Findings(), "\n")
			require.Equal(t, tc.estimated > 0, strings.Contains(shown, "completed"), shown)
		})
	}
}
