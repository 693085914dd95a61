package datafile

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// serial writes a time as spreadsheets store it, with so many decimals; midnight has none.
func serial(decimals int) func(at time.Time) string {
	return func(at time.Time) string {
		days := at.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours() / 24
		return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(days, 'f', decimals, 64), "0"), ".")
	}
}

func TestKindsOfTimes(t *testing.T) {
	of := func(header string, write func(at time.Time) string) string {
		return tableOf(header, 72, func(at time.Time, h int) string { return fmt.Sprintf("m;%s;%s\n", write(at), decimalComma(load(h))) })
	}
	sum := total(72, load)
	us := func(format string) func(time.Time) string {
		return func(at time.Time) string { return at.Format(format) }
	}
	runKinds(t, []kindCase{
		{name: "day first, shown by the rows' order", text: of("meter;time;kwh", us("02/01/2006 15:04")), rows: 72, kWh: sum},
		{name: "month first, with PM", text: of("meter;time;kwh", us("1/2/2006 3:04 PM")), rows: 72, kWh: sum},
		{name: "month as a word", text: of("meter;time;kwh", us("02-Jan-2006 15:04")), rows: 72, kWh: sum},
		{name: "year of two digits", text: of("meter;time;kwh", us("02.01.06 15:04")), rows: 72, kWh: sum},
		{name: "year of two digits in front", text: of("meter;time;kwh", us("06-01-02 15:04")), rows: 72, kWh: sum},
		{name: "two columns", text: of("meter;date;time;kwh", us("02.01.2006;15:04:05")), rows: 72, kWh: sum},
		{name: "hours 0 to 23", text: of("meter;date;hour;kwh", us("02.01.2006;15")), rows: 72, kWh: sum},
		{name: "hours 1 to 24", text: of("meter;date;hour;kwh", func(at time.Time) string { return fmt.Sprintf("%s;%d", at.Format("02.01.2006"), at.Hour()+1) }), rows: 72, kWh: sum},
		{name: "digits to the hour", text: of("meter;time;kwh", us("2006010215")), rows: 72, kWh: sum},
		{name: "digits to the second", text: of("meter;time;kwh", us("20060102150405")), rows: 72, kWh: sum},
		{name: "seconds since 1970", text: of("meter;unix;kwh", func(at time.Time) string { return fmt.Sprint(at.Unix()) }), rows: 72, kWh: sum},
		{name: "a spreadsheet's days", text: of("meter;time;kwh", serial(10)), rows: 72, kWh: sum, shows: []string{"time.form"}},
		{name: "a spreadsheet's days, cut to four decimals, with a comma", text: of("meter;time;kwh", func(at time.Time) string {
			return strings.Replace(serial(4)(at), ".", ",", 1)
		}), rows: 72, kWh: sum, shows: []string{"time.form"}},
		{name: "a logger 4 s late", text: of("meter;time;kwh", func(at time.Time) string { return at.Add(4 * time.Second).Format(time.RFC3339) }), rows: 72, kWh: sum, shows: []string{"time.tolerance"}},
		{name: "start and end", text: of("meter;from;to;kwh", func(at time.Time) string { return local(at) + ";" + local(at.Add(time.Hour)) }), rows: 72, kWh: sum},
		{name: "the row's number", text: tableOf("id;time;kwh", 72, func(at time.Time, h int) string {
			return fmt.Sprintf("%d;%s;%s\n", h+1, local(at), decimalComma(load(h)))
		}), rows: 72, kWh: sum, shows: []string{"meter.column"}},
		{name: "a day of one order or the other", text: "meter;time;kwh\nm;03/04/2024 00:00;1,5\nm;03/04/2024 01:00;2,5\n", err: "set layout.time.order to DMY or MDY"},
		{name: "days", text: tableOf("meter;day;kwh", 9, func(at time.Time, h int) string { return fmt.Sprintf("m;2024-01-%02d;8,5\n", h+1) }), err: "values of a day"},
		{name: "sub-minute power", text: tableOf("meter,time,w", 60, func(_ time.Time, h int) string { return fmt.Sprintf("m,%d,400.5\n", 1704067200+10*h) }), err: "intervals below 1m are not read"},
	})
	t.Run("a spreadsheet's days with a comma, beside values with one", (&kindCase{
		text: tableOf("time;kwh", 72, func(at time.Time, h int) string {
			return fmt.Sprintf("%s;%s\n", strings.Replace(fmt.Sprintf("%.5f", at.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours()/24), ".", ",", 1), decimalComma(load(h)))
		}), rows: 72, kWh: sum,
	}).run)
	t.Run("a factor that is in the values already", (&kindCase{
		text: tableOf("meter,time,reading,multiplier,kwh", 72, func(at time.Time, h int) string {
			return fmt.Sprintf("m,%s,%.5f,40,%.3f\n", local(at), load(h)/40, load(h))
		}), rows: 72, kWh: sum,
	}).run)
	ends := openFile(t, file(t, tableOf("meter;time;kwh", 48, func(at time.Time, h int) string { return fmt.Sprintf("m;%s;%.3f\n", local(at.Add(time.Hour)), load(h)) })), Options{})
	require.Equal(t, layout.End, ends.Info().Layout.Time.Marks)
	require.Equal(t, "2024-01-01T00:00:00Z", allRows(t, ends, 0)[0].Hour.String())
}

// The quarters of the hour that clocks show twice, in the order of the clock.
func TestAutumnHourInPairs(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	start := time.Date(2024, 10, 27, 0, 0, 0, 0, zone)
	type quarter struct {
		wall string
		n    int
	}
	var quarters []quarter
	for n := range 100 {
		quarters = append(quarters, quarter{start.Add(time.Duration(n) * 15 * time.Minute).Format("2006-01-02 15:04"), n})
	}
	for _, order := range []string{"pairs", "in order", "newest first"} {
		rows := append([]quarter(nil), quarters...)
		switch order {
		case "pairs": // 02:00 02:00 02:15 02:15: a stable sort by the clock
			for i := range 4 {
				rows[8+2*i], rows[9+2*i] = quarters[8+i], quarters[12+i]
			}
		case "newest first":
			for i, q := range quarters {
				rows[len(rows)-1-i] = q
			}
		}
		text := "meter,time,kwh\n"
		for _, q := range rows {
			text += fmt.Sprintf("m,%s,%d.5\n", q.wall, q.n*7%13)
		}
		got := allRows(t, openFile(t, file(t, text), Options{Zone: "Europe/Vienna"}), 0)
		require.Len(t, got, 25, order)
		for h, r := range got {
			want := 2.0
			for n := 4 * h; n < 4*h+4; n++ {
				want += float64(n * 7 % 13)
			}
			require.EqualValues(t, want, r.KWh, "%s, hour %d", order, h)
		}
	}
}

func TestStrayRowsMoveNoWindow(t *testing.T) {
	for _, stray := range []string{"2023-03-01 10:00", "2024-12-01 10:00"} {
		text := tableOf("meter,time,kwh", 960, func(at time.Time, h int) string { return fmt.Sprintf("m,%s,%.3f\n", local(at), load(h)) }) + "m," + stray + ",0.4\n"
		s := openFile(t, file(t, text), Options{})
		info := s.Info()
		require.EqualValues(t, 960, info.Rows)
		require.EqualValues(t, 1, info.Trimmed)
		require.Equal(t, "2024-02-10T00:00:00Z", info.End.String())
	}
}
