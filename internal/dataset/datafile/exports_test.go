package datafile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// energyTable is a file of a time and the energy of 48 hours.
func energyTable(header, layout string) string {
	return tableOf(header, 48, func(at time.Time, h int) string { return fmt.Sprintf("%s;%.3f\n", at.Format(layout), load(h)) })
}

func TestKindsOfStamps(t *testing.T) {
	kWh := total(48, load)
	cell := func(header string, cell func(at time.Time) string) string {
		return tableOf(header+";kWh", 48, func(at time.Time, h int) string { return fmt.Sprintf("%s;%.3f\n", cell(at), load(h)) })
	}
	span := func(at time.Time, layout, between string) string {
		return at.Format(layout) + between + at.Add(time.Hour).Format(layout)
	}
	var cases []kindCase
	for name, text := range map[string]string{
		"a weekday before the date": energyTable("When;kWh", "Mon 02 Jan 2006 15:04"),
		"a weekday and a comma":     energyTable("When;kWh", "Monday, 2 January 2006 15:04"),
		"a Hungarian date":          energyTable("Időpont;Érték (kWh)", "2006.01.02. 15:04:05"),
		"digits and a space":        energyTable("ts;kWh", "20060102 1504"),
		"digits, T and Z":           energyTable("ts;kWh", "20060102T150405Z"),
		"an interval with to":       cell("Time period", func(at time.Time) string { return span(at, "2006-01-02 15:04:05", " to ") }),
		"an interval with a hyphen": cell("Time (CET/CEST)", func(at time.Time) string { return span(at, "02.01.2006 15:04", " - ") }),
		"an interval of ISO 8601":   cell("interval", func(at time.Time) string { return span(at, "2006-01-02T15:04:05Z", "/") }),
		"a time and the end of its hour": cell("Zeit", func(at time.Time) string {
			return at.Format("02.01.2006 15:04") + "-" + at.Add(time.Hour).Format("15:04")
		}),
		"a date beside such times of day": cell("Datum;Uhrzeit", func(at time.Time) string { return at.Format("02.01.2006;") + span(at, "15:04", "-") }),
		"the same with spaces":            cell("Datum;Uhrzeit", func(at time.Time) string { return at.Format("02.01.2006;") + span(at, "15:04", " - ") }),
		"Uhr behind the time of day":      cell("Datum;Uhrzeit", func(at time.Time) string { return at.Format("02.01.2006;15:04") + " Uhr" }),
		"13h30":                           cell("Date;Heure", func(at time.Time) string { return at.Format("02/01/2006;15h04") }),
		"H1 to H24":                       cell("Date;Hour", func(at time.Time) string { return fmt.Sprintf("%s;H%d", at.Format("2006-01-02"), at.Hour()+1) }),
		"hours of a clock of twelve":      cell("Date;Hour", func(at time.Time) string { return at.Format("2006-01-02;3 PM") }),
		"a. m. and p. m.": cell("Fecha", func(at time.Time) string {
			return strings.NewReplacer("AM", "a. m.", "PM", "p. m.").Replace(at.Format("02/01/2006 3:04 PM"))
		}),
		"French months":    cell("Date", func(at time.Time) string { return at.Format("02") + " janv. " + at.Format("2006 15:04") }),
		"German months":    cell("Datum", func(at time.Time) string { return at.Format("2") + ". Januar " + at.Format("2006 15:04") }),
		"Spanish dates":    cell("Fecha", func(at time.Time) string { return at.Format("2") + " de enero de " + at.Format("2006 15:04") }),
		"carriage returns": strings.ReplaceAll(energyTable("time;kWh", "2006-01-02 15:04"), "\n", "\r"),
		"an offset is no end of an hour": cell("time", func(at time.Time) string {
			return at.Add(-time.Hour).Format("2006-01-02 15:04") + "-01:00"
		}),
	} {
		cases = append(cases, kindCase{name: name, text: text, rows: 48, kWh: kWh})
	}
	cases = append(cases, kindCase{
		name: "2A and 2B of the autumn", o: inZone("Europe/Berlin"), rows: 25, kWh: total(25, load),
		text: func() string {
			hours := strings.Fields("00 01 2A 2B 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23")
			var b strings.Builder
			b.WriteString("Datum;Stunde;kWh\n")
			for h, name := range hours {
				fmt.Fprintf(&b, "27.10.2024;%s;%s\n", name, decimalComma(load(h)))
			}
			return b.String()
		}(),
	})
	runKinds(t, cases)
}

func TestKindsOfUnitsInCells(t *testing.T) {
	kWh, net := total(48, load), total(48, load)-total(48, sun)
	row := func(format string, of ...func(at time.Time, h int) any) func(time.Time, int) string {
		return func(at time.Time, h int) string {
			args := []any{local(at)}
			for _, f := range of {
				args = append(args, f(at, h))
			}
			return fmt.Sprintf(format, args...)
		}
	}
	use := func(_ time.Time, h int) any { return load(h) }
	pv := func(_ time.Time, h int) any { return sun(h) }
	runKinds(t, []kindCase{
		{
			name: "the channels name kW", rows: 48, kWh: net / 2, shows: []string{"unitColumn", "channels"},
			text: tableOf("mprn,value,Read Type,end", 48, func(at time.Time, h int) string {
				var b strings.Builder
				for _, minute := range []int{30, 60} { // half of each hour at twice its mean, half of it off
					on := float64(minute/30 - 1)
					end := at.Add(time.Duration(minute) * time.Minute).Format("02-01-2006 15:04")
					fmt.Fprintf(&b, "1,%.3f,Active Import Interval (kW),%s\n1,%.3f,Active Export Interval (kW),%s\n", on*load(h), end, on*sun(h), end)
				}
				return b.String()
			}),
		},
		{name: "behind each value", text: tableOf("time,usage", 48, row("%s,%.3f kWh\n", use)), rows: 48, kWh: kWh, shows: []string{"unit"}},
		{name: "Wh behind each value", text: tableOf("time,usage", 48, func(at time.Time, h int) string { return fmt.Sprintf("%s,%.0f Wh\n", local(at), 1000*load(h)) }), rows: 48, kWh: kWh},
		{name: "two units behind values", err: "different units follow the values", text: tableOf("time,usage", 48, func(at time.Time, h int) string {
			return fmt.Sprintf("%s,%s\n", local(at), []string{"300 Wh", "0.3 kWh"}[h%2])
		})},
		{name: "metrics in rows", rows: 48, kWh: net, shows: []string{"channels"}, text: tableOf("time,metric,value", 48, func(at time.Time, h int) string {
			return fmt.Sprintf("%[1]s,energy_import_kwh,%.3[2]f\n%[1]s,energy_export_kwh,%.3[3]f\n%[1]s,voltage_v,230.1\n", local(at), load(h), sun(h))
		})},
		{name: "in a line below the header", rows: 48, kWh: net, text: tableOf("time;Bezug;Einspeisung\n;kWh;kWh", 48, row("%s;%.3f;%.3f\n", use, pv))},
		{name: "kW in that line", rows: 48, kWh: kWh, text: tableOf("time;Leistung\nyyyy-MM-dd HH:mm;kW", 48, row("%s;%.3f\n", use))},
		{name: "kW in the names of meters", rows: 48 * 2, kWh: (kWh + total(48, sun)) / 4, shows: []string{"meterColumns", "unit"},
			text: tableOf("time,House 1 (kW),House 2 (kW)", 48, func(at time.Time, h int) string {
				return fmt.Sprintf("%s,%.3f,%.3f\n", local(at), load(h), sun(h)) + quarters(at, ",0,0\n")
			})},
		{name: "energy beside power", rows: 48, kWh: kWh, text: tableOf("time,Demand (kW),Energy (kWh)", 48, row("%s,9.9,%.3f\n", use))},
		{name: "different units of meters", err: "the columns name different units", text: tableOf("time,House 1 (kW),House 2 (W)", 48, row("%s,%.3f,%.3f\n", use, pv))},
	})
}

// quarters are the rows of the other three quarters of an hour.
func quarters(at time.Time, cells string) string {
	var b strings.Builder
	for minute := 15; minute < 60; minute += 15 {
		b.WriteString(local(at.Add(time.Duration(minute)*time.Minute)) + cells)
	}
	return b.String()
}

func TestKindsOfFlows(t *testing.T) {
	net := total(48, load) - total(48, sun)
	two := func(header string) string {
		return tableOf(header, 48, func(at time.Time, h int) string { return fmt.Sprintf("m;%s;%.3f;%.3f\n", local(at), load(h), sun(h)) })
	}
	balance := tableOf("time;Consumption (kWh);Production (kWh);Grid import (kWh);Grid export (kWh)", 48, func(at time.Time, h int) string {
		in := load(h) - sun(h)
		return fmt.Sprintf("%s;%.3f;%.3f;%.3f;%.3f\n", local(at), load(h), sun(h), max(in, 0), max(-in, 0))
	})
	runKinds(t, []kindCase{
		{name: "a usual name and an unusual one", text: two("meter;time;Consumption;Generation"), rows: 48, kWh: net, shows: []string{"values"}},
		{name: "no name for the grid", text: two("meter;time;kWh;kWh returned"), rows: 48, kWh: net, shows: []string{"values"}},
		{name: "OBIS codes", text: two("meter;time;1-0:1.29.0;1-0:2.29.0"), rows: 48, kWh: net, shows: []string{"values"}},
		{name: "Polish", text: two("meter;time;pobór kWh;oddanie kWh"), rows: 48, kWh: net, shows: []string{"values"}},
		{name: "both of the house and of the grid", text: balance, err: "one may be part of another"},
		{
			name: "the same with the ones of the grid", text: balance, rows: 48, kWh: net,
			o: layoutOf(layout.Document{Values: []layout.Value{{Column: "Grid import (kWh)"}, {Column: "Grid export (kWh)", Direction: layout.Export}}}),
		},
		{
			name: "OBIS codes in rows, with a total and tariffs", rows: 48, kWh: net, shows: []string{"channels"},
			text: tableOf("meter;time;obis;value", 49, func(at time.Time, h int) string {
				in, out := total(h, load), total(h, sun)
				return fmt.Sprintf("m;%[1]s;1-0:1.8.0;%.3[2]f\nm;%[1]s;1-0:1.8.1;%.3[2]f\nm;%[1]s;1-0:2.8.0;%.3[3]f\nm;%[1]s;1-0:3.8.0;7\n", local(at), in, out)
			}),
		},
		{
			name: "nothing for no energy to the grid", rows: 48, kWh: net,
			text: tableOf("time;import kWh;export kWh", 48, func(at time.Time, h int) string {
				out := ""
				if sun(h) > 0 {
					out = fmt.Sprintf("%.3f", sun(h))
				}
				return fmt.Sprintf("%s;%.3f;%s\n", local(at), load(h), out)
			}),
		},
		{
			name: "panels are no energy to the grid beside a meter of no direction", rows: 96, kWh: total(48, load) + total(48, sun), shows: []string{"meterColumns"},
			text: tableOf("time;Mains kWh;Solar kWh", 48, func(at time.Time, h int) string { return fmt.Sprintf("%s;%.3f;%.3f\n", local(at), load(h), sun(h)) }),
		},
	})
}

func TestKindsOfSigns(t *testing.T) {
	signed := func(h int) float64 { return load(h) - sun(h) }
	var cases []kindCase
	for name, negative := range map[string]string{"a typesetter's minus": "\u2212%.3f", "brackets": "(%.3f)", "a minus behind": "%.3f-"} {
		cases = append(cases, kindCase{name: name, rows: 48, kWh: total(48, signed), text: tableOf("time;net kWh", 48, func(at time.Time, h int) string {
			if v := signed(h); v < 0 {
				return fmt.Sprintf("%s;"+negative+"\n", local(at), -v)
			}
			return fmt.Sprintf("%s;%.3f\n", local(at), signed(h))
		})})
	}
	runKinds(t, cases)
}

func TestKindsOfGaps(t *testing.T) {
	full := func(h int) bool { return h%8 != 5 }
	kWh := total(48, func(h int) float64 {
		if full(h) {
			return load(h)
		}
		return 0
	})
	marked := func(header, good, bad, value string) string {
		return tableOf(header, 48, func(at time.Time, h int) string {
			if full(h) {
				return fmt.Sprintf("%s;%.3f;%s\n", local(at), load(h), good)
			}
			return fmt.Sprintf("%s;%s;%s\n", local(at), value, bad)
		})
	}
	gap := func(value string) string {
		return tableOf("time;kWh", 48, func(at time.Time, h int) string {
			if full(h) {
				return fmt.Sprintf("%s;%.3f\n", local(at), load(h))
			}
			return local(at) + ";" + value + "\n"
		})
	}
	runKinds(t, []kindCase{
		{name: "a letter whose values are all 0", text: marked("time;kWh;Quality Flag", "A", "N", "0"), rows: 42, kWh: kWh, shows: []string{"quality"}},
		{name: "values that are not valid", text: marked("time;kWh;valid", "true", "false", "0.123"), rows: 42, kWh: kWh, shows: []string{"quality"}},
		{name: "the same as digits", text: marked("time;kWh;is_valid", "1", "0", "0.123"), rows: 42, kWh: kWh},
		{name: "a mark of other values is none of gaps", text: marked("time;kWh;Quality Flag", "A", "S", "0.5"), rows: 48, kWh: kWh + 6*0.5},
		{name: "nines below zero", text: gap("-9999"), rows: 42, kWh: kWh, shows: []string{"numbers.missing"}},
		{name: "nines above all", text: gap("999999"), rows: 42, kWh: kWh, shows: []string{"numbers.missing"}},
		{name: "nines with decimals", text: gap("9999.99"), rows: 42, kWh: kWh, shows: []string{"numbers.missing"}},
	})
}

func TestKindsOfOtherEnergy(t *testing.T) {
	kWh := total(48, load)
	runKinds(t, []kindCase{
		{
			name: "columns of gas and water", rows: 48, kWh: kWh, shows: []string{"values"},
			text: tableOf("time,electricity,gas,water", 48, func(at time.Time, h int) string { return fmt.Sprintf("%s,%.3f,5.1,80\n", local(at), load(h)) }),
		},
		{
			name: "with units", rows: 48, kWh: kWh,
			text: tableOf("time,electricity_kwh,gas_kwh", 48, func(at time.Time, h int) string { return fmt.Sprintf("%s,%.3f,5.1\n", local(at), load(h)) }),
		},
		{
			name: "a house of that name", rows: 96, kWh: 2 * kWh, shows: []string{"meterColumns"},
			text: tableOf("time,Gasthof Post,Waterloo Road", 48, func(at time.Time, h int) string { return fmt.Sprintf("%s,%[2]f,%[2]f\n", local(at), load(h)) }),
		},
		{
			name: "NMI suffixes", rows: 48, kWh: kWh - total(48, sun), shows: []string{"channels"},
			text: tableOf("NMI,Suffix,Interval Start,kWh", 48, func(at time.Time, h int) string {
				return fmt.Sprintf("6001,E1,%[1]s,%.3[2]f\n6001,B1,%[1]s,%.3[3]f\n6001,Q1,%[1]s,0.2\n", local(at), load(h), sun(h))
			}),
		},
		{
			name: "A+ and A-", rows: 48, kWh: kWh - total(48, sun), shows: []string{"channels"},
			text: tableOf("Zählpunkt;Kanal;Zeit;kWh", 48, func(at time.Time, h int) string {
				return fmt.Sprintf("AT1;A+;%[1]s;%.3[2]f\nAT1;A-;%[1]s;%.3[3]f\n", local(at), load(h), sun(h))
			}),
		},
	})
}

func TestClocksThatGoBackShowTheZone(t *testing.T) {
	var b strings.Builder
	b.WriteString("time;kWh\n")
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for q := range 25 * 4 {
		at := time.Date(2024, 10, 26, 22, 15*q, 0, 0, time.UTC).In(berlin)
		fmt.Fprintf(&b, "%s;%.3f\n", at.Format("02.01.2006 15:04"), load(q))
	}
	runKinds(t, []kindCase{
		{name: "the twin's zone has no such night", text: b.String(), err: "such as Europe/Berlin"},
		{name: "the twin's zone has it", text: b.String(), o: inZone("Europe/Berlin"), rows: 25, kWh: total(100, load)},
	})
}

func TestOneEarlyValueMovesNoWindow(t *testing.T) {
	text := tableOf("time;kWh\n1999-12-31 23:00;0.3", 48, func(at time.Time, h int) string { return fmt.Sprintf("%s;%.3f\n", local(at), load(h)) })
	runKinds(t, []kindCase{{name: "of few", text: text, rows: 48, kWh: total(48, load), shows: []string{"window"}}})
}

func TestKindsOfTotals(t *testing.T) {
	kWh := total(48, load) + total(48, sun)
	four := func(header, whole string) string {
		return tableOf(header, 48, func(at time.Time, h int) string {
			return fmt.Sprintf("%s,%.3f,%.3f,"+whole+"\n", local(at), load(h), sun(h), load(h)+sun(h))
		})
	}
	counted := func(header string) string {
		return tableOf(header, 48, func(at time.Time, h int) string {
			return fmt.Sprintf("%s,%.3f,%.3f\n", local(at), 1000+total(h+1, load), load(h))
		})
	}
	runKinds(t, []kindCase{
		{name: "the total of meters", text: four("time,House 1,House 2,Total", "%.3f"), rows: 96, kWh: kWh, shows: []string{"meterColumns", "values"}},
		{name: "with units", text: four("time,House 1 kWh,House 2 kWh,Total kWh", "%.3f"), rows: 96, kWh: kWh, shows: []string{"meterColumns", "values"}},
		{name: "the total of phases", text: four("time,L1 kWh,L2 kWh,Total kWh", "%.3f"), rows: 48, kWh: kWh, shows: []string{"values"}},
		{name: "a total of which parts are measured", text: tableOf("time,Total kWh,Oven kWh,Fridge kWh", 48, func(at time.Time, h int) string {
			return fmt.Sprintf("%s,%.3f,0.01,%.3f\n", local(at), load(h), load(h)/3)
		}), rows: 48, kWh: total(48, load), shows: []string{"values"}},
		{name: "a counter beside its intervals", text: counted("time,Total kWh,Interval kWh"), rows: 48, kWh: total(48, load), shows: []string{"values"}},
	})
}

func TestKindsOfLinesAboveTheHeader(t *testing.T) {
	wh := func(above string) string {
		return tableOf(above+"Time;Value", 48, func(at time.Time, h int) string { return fmt.Sprintf("%s;%.0f\n", local(at), 1000*load(h)) })
	}
	runKinds(t, []kindCase{
		{name: "as many columns as the rows", text: wh("Meter number:;123456\nUnit:;Wh\n\n"), rows: 48, kWh: total(48, load), shows: []string{"unit"}},
		{name: "a comment", text: wh("# unit: Wh\n"), rows: 48, kWh: total(48, load), shows: []string{"unit"}},
	})
}

func TestKindsOfInclusiveEnds(t *testing.T) {
	for name, last := range map[string]time.Duration{"the last second": time.Hour - time.Second, "the last minute": time.Hour - time.Minute} {
		text := tableOf("time;kWh", 48, func(at time.Time, h int) string {
			return fmt.Sprintf("%s;%.3f\n", at.Add(last).Format("2006-01-02 15:04:05"), load(h))
		})
		s := openFile(t, file(t, text), Options{})
		require.Equal(t, layout.End, s.Info().Layout.Time.Marks, name)
		require.Equal(t, "2024-01-01T00:00:00Z", s.Info().Meters[0].First.String(), name)
		require.EqualValues(t, 48, s.Info().Rows, name)
	}
}
