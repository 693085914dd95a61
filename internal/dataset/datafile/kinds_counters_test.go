package datafile

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

func TestKindsOfCounters(t *testing.T) {
	of := func(change func(h int, state float64) string) string {
		state := 14000.0
		return tableOf("meter,time,register_kwh", 120, func(at time.Time, h int) string {
			text := change(h, state)
			state += load(h)
			if text == "" {
				return ""
			}
			return fmt.Sprintf("m,%s,%s\n", local(at), text)
		})
	}
	plain := func(state float64) string { return fmt.Sprintf("%.3f", state) }
	known := func(unknown ...int) (rows int, kWh float64) {
		rows, kWh = 119, total(119, load)
		for _, h := range unknown {
			rows--
			kWh -= load(h)
		}
		return rows, kWh
	}
	span := func(from, to int) (hours []int) {
		for h := from; h <= to; h++ {
			hours = append(hours, h)
		}
		return hours
	}
	for _, tc := range []struct {
		name    string
		state   func(h int, state float64) string
		unknown []int
	}{
		{"as it should be", func(_ int, s float64) string { return plain(s) }, nil},
		{"0 once", func(h int, s float64) string {
			if h == 50 {
				return "0"
			}
			return plain(s)
		}, []int{49, 50}},
		{"0 for a day", func(h int, s float64) string {
			if h >= 50 && h < 74 {
				return "0.000"
			}
			return plain(s)
		}, span(49, 73)},
		{"lower once", func(h int, s float64) string {
			if h == 50 {
				return plain(s - 2)
			}
			return plain(s)
		}, []int{49, 50}},
		{"far higher once", func(h int, s float64) string {
			if h == 50 {
				return plain(s + 90000)
			}
			return plain(s)
		}, []int{49, 50}},
		{"a new counter", func(h int, s float64) string {
			if h >= 50 {
				return plain(s - 14000)
			}
			return plain(s)
		}, []int{49}},
		{"another counter with more", func(h int, s float64) string {
			if h >= 50 {
				return plain(s + 70000)
			}
			return plain(s)
		}, []int{49}},
		{"a gap", func(h int, s float64) string {
			if h == 50 || h == 51 {
				return ""
			}
			return plain(s)
		}, []int{49, 50, 51}},
		{"unavailable", func(h int, s float64) string {
			if h == 50 {
				return "unavailable"
			}
			return plain(s)
		}, []int{49, 50}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rows, kWh := known(tc.unknown...)
			(&kindCase{text: of(tc.state), rows: rows, kWh: kWh}).run(t)
		})
	}
	t.Run("called kWh, but it only grows", (&kindCase{
		text: strings.Replace(of(func(_ int, s float64) string { return plain(s) }), "register_kwh", "import kWh", 1), rows: 119, kWh: total(119, load), shows: []string{"reading"},
	}).run)
	t.Run("rolls over", func(t *testing.T) {
		text := of(func(_ int, s float64) string { return plain(math.Mod(s-14000+99_990, 100_000)) })
		at := 0
		for state := 99_990.0; state+load(at) < 100_000; at++ {
			state += load(at)
		}
		rows, kWh := known(at)
		(&kindCase{text: text, rows: rows, kWh: kWh}).run(t)
	})
	t.Run("each day from 0", func(t *testing.T) {
		state := 0.0
		text := tableOf("meter,time,register_kwh", 72, func(at time.Time, h int) string {
			if h%24 == 0 {
				state = 0
			}
			line := fmt.Sprintf("m,%s,%s\n", local(at), plain(state))
			state += load(h)
			return line
		})
		(&kindCase{text: text, rows: 71 - 2, kWh: total(71, load) - load(23) - load(47)}).run(t)
	})
}

// A morning's readings rise too. Values that only grow are states of a counter if they do
// so all day, or in steps that are small beside them.
func TestKindsOfGrowth(t *testing.T) {
	rising := func(hours int, value func(h int) float64) string {
		return tableOf("meter;time;kwh", hours, func(at time.Time, h int) string { return fmt.Sprintf("m;%s;%.3f\n", local(at), value(h)) })
	}
	ramp := func(h int) float64 { return 0.2 + 0.05*float64(h) }
	high := func(h int) float64 { return 9000 + 0.4*float64(h) }
	quarters := "meter;time;kwh\n"
	for q := range 48 {
		quarters += fmt.Sprintf("m;%s;%.3f\n", local(jan(1).Add(time.Duration(q)*15*time.Minute)), 0.05+0.002*float64(q))
	}
	runKinds(t, []kindCase{
		{name: "a morning", text: rising(14, ramp), rows: 14, kWh: total(14, ramp), shows: []string{"reading"}},
		{name: "half a day by quarters", text: quarters, rows: 12, kWh: 48*0.05 + 0.002*47*48/2, shows: []string{"reading"}},
		{name: "twelve rows", text: rising(12, ramp), rows: 12, kWh: total(12, ramp)},
		{name: "two days", text: rising(49, ramp), rows: 48, kWh: ramp(48) - ramp(0), shows: []string{"reading"}},
		{name: "half a day of a counter", text: rising(14, high), rows: 13, kWh: 13 * 0.4, shows: []string{"reading"}},
		{name: "a morning that is set to be of a counter", text: rising(14, ramp), o: layoutOf(layout.Document{Reading: layout.Counter}), rows: 13, kWh: ramp(13) - ramp(0)},
	})
}
