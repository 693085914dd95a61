package datafile

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// load is a made-up day: the energy of hour h in kWh, to three decimals.
func load(h int) float64 {
	return math.Round(1000*(0.3+0.2*math.Sin(float64(h)/24*2*math.Pi)+0.01*float64(h*7%10))) / 1000
}

// sun is what panels feed in.
func sun(h int) float64 {
	return math.Round(1000*max(0, 1.2*math.Sin(float64(h%24-6)/12*math.Pi))) / 1000
}

func total(hours int, of func(int) float64) float64 {
	sum := 0.0
	for h := range hours {
		sum += of(h)
	}
	return sum
}

// table writes a header and a row for each of some hours from 1 January 2024 on.
func tableOf(header string, hours int, row func(at time.Time, h int) string) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for h := range hours {
		b.WriteString(row(time.Date(2024, 1, 1, h, 0, 0, 0, time.UTC), h))
	}
	return b.String()
}

func local(at time.Time) string { return at.Format("2006-01-02 15:04") }

func decimalComma(v float64) string {
	return strings.Replace(fmt.Sprintf("%.3f", v), ".", ",", 1)
}

// kindCase is a kind of file that was once read wrong without a word.
type kindCase struct {
	name  string
	text  string
	o     Options
	rows  int
	kWh   float64
	err   string
	shows []string // fields that the findings name as guessed, likely or proved
}

func (c *kindCase) run(t *testing.T) {
	t.Helper()
	path := file(t, c.text)
	if c.err != "" {
		_, err := Open(t.Context(), path, c.o)
		require.ErrorContains(t, err, c.err)
		require.Less(t, len(err.Error()), 900, "an error is read by a person")
		return
	}
	s := openFile(t, path, c.o)
	rows := allRows(t, s, 0)
	sum := 0.0
	for _, r := range rows {
		sum += float64(r.KWh)
	}
	require.Equal(t, c.rows, len(rows))
	require.InDelta(t, c.kWh, sum, 1e-3)
	require.Equal(t, rows, allRows(t, openFile(t, path, printed(t, s, c.o)), 0), "the layout that inspect prints reads the same")
	info := s.Info()
	for _, field := range c.shows {
		found := false
		for _, e := range info.Guesses() {
			found = found || e.What == field
		}
		require.True(t, found, "the findings have nothing on %s: %v", field, info.Detection)
	}
}

// printed are options with the layout that a source was read by, as it is printed.
func printed(t *testing.T, s dataset.Source, o Options) Options {
	t.Helper()
	text, err := s.Info().Layout.YAML()
	require.NoError(t, err)
	o.Layout, err = layout.Parse([]byte(text))
	require.NoError(t, err, text)
	return o
}

func runKinds(t *testing.T, cases []kindCase) {
	for _, c := range cases {
		t.Run(c.name, c.run)
	}
}

func TestKindsOfChannels(t *testing.T) {
	both := func(header, in, out string, side bool) string {
		rows := func(name string, of func(int) float64) func(time.Time, int) string {
			return func(at time.Time, h int) string { return fmt.Sprintf("m;%s;%.3f;%s\n", local(at), of(h), name) }
		}
		if side {
			return tableOf(header, 48, func(at time.Time, h int) string { return rows(in, load)(at, h) + rows(out, sun)(at, h) })
		}
		return tableOf(header, 48, rows(in, load)) + strings.SplitAfterN(tableOf("", 48, rows(out, sun)), "\n", 2)[1]
	}
	net := total(48, load) - total(48, sun)
	runKinds(t, []kindCase{
		{name: "side by side", text: both("meter;time;kwh;direction", "Bezug", "Einspeisung", true), rows: 48, kWh: net, shows: []string{"channels"}},
		{name: "one after the other", text: both("meter;time;kwh;register", "Consumption", "Surplus Generation", false), rows: 48, kWh: net, shows: []string{"channels"}},
		{name: "codes without a meaning", text: both("meter;time;kwh;code", "A11", "B07", true), err: "set layout.channels.column to code (A11, B07)"},
		{
			name: "the same with what the codes mean", text: both("meter;time;kwh;code", "A11", "B07", true), rows: 48, kWh: net,
			o: layoutOf(layout.Document{Channels: &layout.Channels{Column: "code", Import: []string{"A*"}, Export: []string{"B*"}}}),
		},
		{
			name: "no column distinguishes them", err: "no corrections of each other",
			text: tableOf("meter;time;kwh", 48, func(at time.Time, h int) string {
				return fmt.Sprintf("m;%s;%.3f\nm;%s;%.3f\n", local(at), load(h), local(at), sun(h))
			}),
		},
		{
			name: "a later revision is no channel", rows: 96, kWh: total(48, load) + total(48, func(h int) float64 { return load(h) + 0.01 }),
			text: tableOf("meter;time;kwh", 48, func(at time.Time, h int) string { return fmt.Sprintf("m;%s;%.3f\n", local(at), load(h)) }) +
				strings.SplitAfterN(tableOf("", 48, func(at time.Time, h int) string { return fmt.Sprintf("m;%s;%.3f\n", local(at), load(h)+0.01) }), "\n", 2)[1],
		},
		{
			name: "columns with directions", rows: 48, kWh: net, shows: []string{"values"},
			text: tableOf("time;Grid import kWh;Grid export kWh", 48, func(at time.Time, h int) string { return fmt.Sprintf("%s;%.3f;%.3f\n", local(at), load(h), sun(h)) }),
		},
		{
			name: "gas beside", rows: 48, kWh: total(48, load),
			text: tableOf("ean,time,usage,type", 48, func(at time.Time, h int) string {
				return fmt.Sprintf("1,%s,%.3f,Electricity\n2,%s,0.9,Gas\n", local(at), load(h), local(at))
			}),
		},
		{
			name: "another unit beside", rows: 48, kWh: total(48, load),
			text: tableOf("ean,time,usage,unit", 48, func(at time.Time, h int) string {
				return fmt.Sprintf("1,%s,%.3f,kWh\n2,%s,0.9,m3\n", local(at), load(h), local(at))
			}),
		},
	})
}

func TestKindsOfUnits(t *testing.T) {
	of := func(column string, factor float64) string {
		return tableOf("meter,time,"+column, 48, func(at time.Time, h int) string {
			return fmt.Sprintf("m,%s,%s\n", local(at), strings.TrimRight(fmt.Sprintf("%.6f", factor*load(h)), "0"))
		})
	}
	day := total(48, load)
	runKinds(t, []kindCase{
		{name: "kWh", text: of("energy_kWh", 1), rows: 48, kWh: day, shows: []string{"unit"}},
		{name: "W", text: of("mean power [W]", 1000), rows: 48, kWh: day},
		{name: "Wh in camel case", text: of("usageWh", 1000), rows: 48, kWh: day},
		{name: "wh of whole is no unit", text: of("whole_home_kW", 1), rows: 48, kWh: day},
		{name: "MWh", text: of("MWh", 0.001), rows: 48, kWh: day},
		{name: "power without a unit", text: of("active_power", 1000), err: "set layout.unit to W or kW"},
		{name: "load without a unit", text: of("load", 1), err: "set layout.unit to kW or W"},
		{name: "nothing set", text: of("usage", 1), rows: 48, kWh: day, shows: []string{"unit"}},
		{
			name: "a column for the unit", rows: 48, kWh: day,
			text: tableOf("meter,time,value,unit", 48, func(at time.Time, h int) string { return fmt.Sprintf("m,%s,%.0f,Wh\n", local(at), 1000*load(h)) }),
		},
		{
			name: "a column for the factor", rows: 48, kWh: day,
			text: tableOf("meter,time,value,factor", 48, func(at time.Time, h int) string { return fmt.Sprintf("m,%s,%.1f,0.001\n", local(at), 1000*load(h)) }),
		},
	})
	large := openFile(t, file(t, of("usage", 1000)), Options{}).Info()
	require.Len(t, large.Warnings, 1)
	require.Contains(t, large.Warnings[0], "set layout.unit to Wh")
	small := openFile(t, file(t, of("energy_wh", 0.001)), Options{}).Info()
	require.Len(t, small.Warnings, 1)
	require.Contains(t, small.Warnings[0], "set layout.unit to kWh")
}

func TestKindsOfNumbers(t *testing.T) {
	hall := func(h int) float64 { return math.Round(100*900*load(h%24)*3) / 100 }
	of := func(separator string, write func(v float64) string, value func(int) float64) string {
		return tableOf(strings.ReplaceAll("meter;time;wh", ";", separator), 72, func(at time.Time, h int) string {
			return strings.Join([]string{"m", local(at), write(value(h))}, separator) + "\n"
		})
	}
	grouped := func(decimals int, decimal, thousands string) func(float64) string {
		return func(v float64) string {
			text := fmt.Sprintf("%.*f", decimals, v)
			whole, fraction, _ := strings.Cut(text, ".")
			if len(whole) > 3 {
				whole = whole[:len(whole)-3] + thousands + whole[len(whole)-3:]
			}
			if decimals > 0 {
				whole += decimal + fraction
			}
			return whole
		}
	}
	quoted := func(f func(float64) string) func(float64) string {
		return func(v float64) string { return `"` + f(v) + `"` }
	}
	whole := func(h int) float64 { return math.Round(hall(h)) }
	sum, wholeSum := total(72, hall)/1000, total(72, whole)/1000
	runKinds(t, []kindCase{
		{name: "1.234,56", text: of(";", grouped(2, ",", "."), hall), rows: 72, kWh: sum},
		{name: "1,234.56 in quotes", text: of(",", quoted(grouped(2, ".", ",")), hall), rows: 72, kWh: sum},
		{name: "1 234,56", text: of(";", grouped(2, ",", " "), hall), rows: 72, kWh: sum},
		{name: "1 234,56 with a narrow space", text: of(";", grouped(2, ",", "\u202f"), hall), rows: 72, kWh: sum},
		{name: "1'234.56", text: of(";", grouped(2, ".", "'"), hall), rows: 72, kWh: sum},
		{name: "1.234 beside 987", text: of(";", grouped(0, "", "."), whole), rows: 72, kWh: wholeSum, shows: []string{"numbers.thousands"}},
		{name: "1,234 beside 987 in quotes", text: of(",", quoted(grouped(0, "", ",")), whole), rows: 72, kWh: wholeSum, shows: []string{"numbers.thousands"}},
		{name: "one of both", text: "m;time;wh\na;2024-01-01 00:00;1.234\na;2024-01-01 01:00;987\na;2024-01-01 02:00;345\n", err: "can be read in two ways"},
		{
			name: "one of both, set", text: "m;time;wh\na;2024-01-01 00:00;1.234\na;2024-01-01 01:00;987\na;2024-01-01 02:00;345\n", rows: 3, kWh: 2.566,
			o: layoutOf(layout.Document{Numbers: &layout.Numbers{Thousands: "."}}),
		},
	})
}

func TestKindsOfTexts(t *testing.T) {
	text := tableOf("Zähler;time;kwh", 48, func(at time.Time, h int) string { return fmt.Sprintf("m;%s;%s\n", local(at), decimalComma(load(h))) })
	utf16Of := func(s string) string {
		var b strings.Builder
		for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
			b.Write([]byte{byte(u), byte(u >> 8)})
		}
		return b.String()
	}
	sum := total(48, load)
	marked := tableOf("meter;time;kwh;quality", 48, func(at time.Time, h int) string {
		mark := "OK"
		if h == 7 {
			mark = "MISSING"
		}
		return fmt.Sprintf("m;%s;%s;%s\n", local(at), decimalComma(load(h)), mark)
	})
	runKinds(t, []kindCase{
		{name: "UTF-16", text: utf16Of(text), rows: 48, kWh: sum, shows: []string{"encoding"}},
		{name: "Windows-1252", text: strings.ReplaceAll(text, "ä", "\xe4"), rows: 48, kWh: sum, shows: []string{"encoding"}},
		{name: "sep=", text: "sep=;\n" + text, rows: 48, kWh: sum},
		{name: "preamble and footer", text: "Kunde;Erika\n\nZeitraum;Januar\n\n" + text + "Summe;;" + decimalComma(sum) + "\n", rows: 48, kWh: sum},
		{name: "quality marks", text: marked, rows: 47, kWh: sum - load(7), shows: []string{"quality"}},
		{name: "one row a day", text: func() string {
			b := "meter;day"
			for h := range 24 {
				b += fmt.Sprintf(";%02d:00", h)
			}
			for d := range 2 {
				b += fmt.Sprintf("\nm;2024-01-0%d", d+1)
				for h := range 24 {
					b += ";" + decimalComma(load(24*d+h))
				}
			}
			return b + "\n"
		}(), rows: 48, kWh: sum, shows: []string{"dayColumns"}},
		{name: "web page", text: "<!DOCTYPE html><html><body>secret</body></html>", err: "web page"},
		{name: "JSON", text: `[{"a":1}]`, err: "is JSON"},
		{name: "NEM13", text: "100,NEM13,202401101030,MDA1,RET1\n", err: "only NEM12"},
		{name: "prose", text: "Dear customer\nyour readings are\nnot in here\n", err: "no column holds times"},
	})
}
