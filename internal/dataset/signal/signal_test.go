package signal

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// euros is a made-up day-ahead price, in EUR/MWh to two decimals.
func euros(h int) float64 {
	return math.Round(100*(80+60*math.Sin(float64(h)/24*2*math.Pi)+float64(h*7%10))) / 100
}

func degrees(h int) float64 {
	return math.Round(10*(8+6*math.Sin(float64(h-9)/24*2*math.Pi))) / 10
}

func signalFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.csv")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// signalText writes rows of a step, from 1 January 2024 in a zone on.
func signalText(zone string, header string, step time.Duration, row func(at time.Time, h int) string) string {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	var b strings.Builder
	b.WriteString(header)
	for at := time.Date(2024, 1, 1, 0, 0, 0, 0, loc); at.Before(time.Date(2024, 1, 4, 0, 0, 0, 0, loc)); at = at.Add(step) {
		b.WriteString(row(at, int(at.Sub(time.Date(2024, 1, 1, 0, 0, 0, 0, loc))/time.Hour)) + "\n")
	}
	return b.String()
}

func TestSignalsAsPeopleHaveThem(t *testing.T) {
	comma := func(v float64) string { return strings.Replace(fmt.Sprintf("%.2f", v), ".", ",", 1) }
	for _, tc := range []struct {
		name, text string
		o          Options
		value      func(h int) float64
		first      string
		unit       string
		err        string
	}{
		{
			name: "ENTSO-E", o: Options{Kind: Price, Zone: "Europe/Berlin", Currency: "EUR"}, unit: "currency per MWh", first: "2023-12-31T23:00Z",
			text: signalText("Europe/Berlin", "\"MTU (CET/CEST)\",\"Day-ahead Price [EUR/MWh]\",\"Currency\",\"BZN|DE-LU\"\n", time.Hour, func(at time.Time, h int) string {
				return fmt.Sprintf("\"%s - %s\",\"%.2f\",\"EUR\",\"\"", at.Format("02.01.2006 15:04"), at.Add(time.Hour).Format("02.01.2006 15:04"), euros(h))
			}),
			value: func(h int) float64 { return euros(h) / 1000 },
		},
		{
			name: "ENTSO-E by quarters", o: Options{Kind: Price, Zone: "Europe/Berlin", Currency: "EUR"}, unit: "currency per MWh", first: "2023-12-31T23:00Z",
			text: signalText("Europe/Berlin", "MTU (CET/CEST),Area,Sequence,Day-ahead Price (EUR/MWh)\n", 15*time.Minute, func(at time.Time, h int) string {
				return fmt.Sprintf("%s - %s,BZN|DE-LU,Without Sequence,%.2f", at.Format("02/01/2006 15:04:05"), at.Add(15*time.Minute).Format("02/01/2006 15:04:05"), euros(h)+float64(at.Minute())/5-4.5)
			}),
			value: func(h int) float64 { return euros(h) / 1000 },
		},
		{
			name: "SMARD", o: Options{Kind: Price, Zone: "Europe/Berlin", Currency: "EUR"}, unit: "currency per MWh", first: "2023-12-31T23:00Z",
			text: signalText("Europe/Berlin", "\ufeffDatum von;Datum bis;Deutschland/Luxemburg [€/MWh] Originalauflösungen\n", time.Hour, func(at time.Time, h int) string {
				return fmt.Sprintf("%s;%s;%s", at.Format("02.01.2006 15:04"), at.Add(time.Hour).Format("02.01.2006 15:04"), comma(euros(h)))
			}),
			value: func(h int) float64 { return euros(h) / 1000 },
		},
		{
			name: "SMARD with zones beside", o: Options{Kind: Price, Zone: "Europe/Berlin"}, err: "several columns may hold the price",
			text: signalText("Europe/Berlin", "Datum von;Datum bis;Deutschland/Luxemburg [€/MWh];Dänemark 1 [€/MWh]\n", time.Hour, func(at time.Time, h int) string {
				return fmt.Sprintf("%s;%s;%s;%s", at.Format("02.01.2006 15:04"), at.Add(time.Hour).Format("02.01.2006 15:04"), comma(euros(h)), comma(2*euros(h)))
			}),
		},
		{
			name: "Nord Pool", o: Options{Kind: Price, Zone: "Europe/Stockholm", Currency: "SEK"}, unit: "currency per MWh", first: "2023-12-31T23:00Z",
			text: signalText("Europe/Stockholm", "Delivery Start (CET);Delivery End (CET);SE3 Price (SEK/MWh)\n", time.Hour, func(at time.Time, h int) string {
				return fmt.Sprintf("%s;%s;%s", at.Format("2006-01-02 15:04:05"), at.Add(time.Hour).Format("2006-01-02 15:04:05"), comma(10*euros(h)))
			}),
			value: func(h int) float64 { return euros(h) / 100 },
		},
		{
			name: "Octopus Agile", o: Options{Kind: Price, Zone: "Europe/London", Currency: "GBP"}, unit: "cents or pence per kWh", first: "2024-01-01T00:00Z",
			text: signalText("UTC", "value_exc_vat,value_inc_vat,valid_from,valid_to\n", 30*time.Minute, func(at time.Time, h int) string {
				v := euros(h)/10 + float64(at.Minute()-15)/100
				return fmt.Sprintf("%.4f,%.4f,%s,%s", v/1.05, v, at.Format(time.RFC3339), at.Add(30*time.Minute).Format(time.RFC3339))
			}),
			value: func(h int) float64 { return euros(h) / 1000 },
		},
		{
			name: "ct/kWh", o: Options{Kind: Price, Currency: "EUR"}, unit: "cents or pence per kWh", first: "2024-01-01T00:00Z",
			text: signalText("UTC", "Zeit;Arbeitspreis ct/kWh\n", time.Hour, func(at time.Time, h int) string {
				return fmt.Sprintf("%s;%s", at.Format("02.01.2006 15:04"), comma(euros(h)))
			}),
			value: func(h int) float64 { return euros(h) / 100 },
		},
		{
			name: "a price of which nothing states the unit", o: Options{Kind: Price, Currency: "EUR"}, err: "no unit is named",
			text: signalText("UTC", "time;price\n", time.Hour, func(at time.Time, h int) string {
				return fmt.Sprintf("%s;%.2f", at.Format("2006-01-02 15:04"), euros(h))
			}),
		},
		{
			name: "Electricity Maps", o: Options{Kind: Carbon, ValueColumn: "Carbon intensity gCO₂eq/kWh (Life cycle)"}, unit: "g CO2 per kWh", first: "2024-01-01T00:00Z",
			text: signalText("UTC", "Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),Carbon intensity gCO₂eq/kWh (Life cycle),Carbon-free energy percentage (CFE%),Data source,Data estimated\n", time.Hour, func(at time.Time, h int) string {
				return fmt.Sprintf("%s,Germany,Germany,DE,%.2f,%.2f,54.1,entsoe.eu,false", at.Format("2006-01-02 15:04:05"), euros(h), euros(h)+100)
			}),
			value: func(h int) float64 { return (euros(h) + 100) / 1000 },
		},
		{
			name: "NESO", o: Options{Kind: Carbon, Zone: "Europe/London"}, unit: "g CO2 per kWh", first: "2024-01-01T00:00Z",
			text: signalText("UTC", "Datetime (UTC),Actual Carbon Intensity (gCO2/kWh),Forecast Carbon Intensity (gCO2/kWh),Index\n", 30*time.Minute, func(at time.Time, h int) string {
				return fmt.Sprintf("%s,%.2f,%.0f,moderate", at.Format("2006-01-02T15:04Z"), euros(h), euros(h)+7)
			}),
			value: func(h int) float64 { return euros(h) / 1000 },
		},
		{
			name: "kg/MWh", o: Options{Kind: Carbon}, unit: "kg CO2 per MWh", first: "2024-01-01T00:00Z",
			text:  signalText("UTC", "time,co2 kg/MWh\n", time.Hour, func(at time.Time, h int) string { return fmt.Sprintf("%s,%.2f", at.Format(time.RFC3339), euros(h)) }),
			value: func(h int) float64 { return euros(h) / 1000 },
		},
		{
			name: "DWD", o: Options{Kind: Temperature}, unit: "°C", first: "2024-01-01T00:00Z",
			text: signalText("UTC", "STATIONS_ID;MESS_DATUM;QN_9;TT_TU;RF_TU;eor\n", time.Hour, func(at time.Time, h int) string {
				if h == 71 {
					return fmt.Sprintf("        433;%s;    3;  -999;  -999;eor", at.Format("2006010215"))
				}
				return fmt.Sprintf("        433;%s;    3;%6.1f;%6.1f;eor", at.Format("2006010215"), degrees(h), 70+float64(h%9))
			}),
			value: degrees,
		},
		{
			name: "Open-Meteo", o: Options{Kind: Temperature}, unit: "°C", first: "2024-01-01T00:00Z",
			text: signalText("UTC", "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n52.52,13.419998,38.0,0,GMT,GMT\n\ntime,temperature_2m (°C)\n", time.Hour, func(at time.Time, h int) string {
				return fmt.Sprintf("%s,%.1f", at.Format("2006-01-02T15:04"), degrees(h))
			}),
			value: degrees,
		},
		{
			name: "Fahrenheit", o: Options{Kind: Temperature}, unit: "°F", first: "2024-01-01T00:00Z",
			text: signalText("UTC", "time,temperature_2m (°F)\n", time.Hour, func(at time.Time, h int) string {
				return fmt.Sprintf("%s,%.2f", at.Format("2006-01-02 15:04"), degrees(h)*1.8+32)
			}),
			value: degrees,
		},
		{
			name: "kelvins that nothing names", o: Options{Kind: Temperature}, unit: "K", first: "2024-01-01T00:00Z",
			text: signalText("UTC", "time,air_temperature\n", time.Hour, func(at time.Time, h int) string {
				return fmt.Sprintf("%s,%.2f", at.Format("2006-01-02 15:04"), degrees(h)+273.15)
			}),
			value: degrees,
		},
		{
			name: "Met Office", o: Options{Kind: Temperature, Zone: "Europe/London"}, unit: "°C", first: "2024-01-01T00:00Z",
			text: signalText("Europe/London", "ob_time,src_id,air_temperature,dewpoint,wind_speed\n", time.Hour, func(at time.Time, h int) string {
				return fmt.Sprintf("%s,708,%.1f,%.1f,%d", at.Format("2006-01-02 15:04:05"), degrees(h), degrees(h)-2, h%12)
			}),
			value: degrees,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := Open(t.Context(), signalFile(t, tc.text), tc.o)
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.first, s.Hours[0].Hour.Time().Format("2006-01-02T15:04Z"))
			hours := 72
			if tc.name == "DWD" {
				hours = 71 // one is marked as missing
			}
			require.Len(t, s.Hours, hours)
			for h, got := range s.Hours {
				require.Equal(t, s.Hours[0].Hour+meter.Hour(h), got.Hour)
				require.InDelta(t, tc.value(h), got.Value, 2e-5, h)
			}
			last := s.Detection[len(s.Detection)-1]
			require.Equal(t, []string{"unit", tc.unit}, []string{last.What, last.Guess})
			require.Len(t, s.SHA256, 64)
		})
	}
}

// TestColumnsBesideEachOther: in a file of several signals each is found by its words, and a
// unit that others are given in too does not make a price.
func TestColumnsBesideEachOther(t *testing.T) {
	for _, tc := range []struct {
		header string
		kind   Kind
		named  bool
		want   string // header name of the column; "" is an error that contains err
		err    string
	}{
		{header: "timestamp,price_gbp_per_kwh,carbon_kg_per_kwh", kind: Price, named: true, want: "price_gbp_per_kwh"},
		{header: "timestamp,price_gbp_per_kwh,carbon_kg_per_kwh", kind: Price, want: "price_gbp_per_kwh"},
		{header: "timestamp,price_gbp_per_kwh,carbon_kg_per_kwh", kind: Carbon, want: "carbon_kg_per_kwh"},
		{header: "timestamp,price_gbp_per_kwh,carbon_kg_per_kwh", kind: Temperature, named: true, err: "no column of numbers that may be the temperature"},
		{header: "timestamp,EUR/MWh,co2 g/kWh,temperature", kind: Price, named: true, want: "EUR/MWh"},
		{header: "timestamp,carbon_kg_per_kwh,temp_c", kind: Price, err: "no column of numbers that may be the price"},
		{header: "timestamp,carbon_kg_per_kwh,reading", kind: Price, want: "reading"},
		{header: "timestamp,co2 price EUR/t,day-ahead price EUR/MWh", kind: Price, want: "day-ahead price EUR/MWh"},
		{header: "timestamp,EUR/MWh,EUR/MWh forecast", kind: Price, want: "EUR/MWh"},
		{header: "timestamp,DE €/MWh,DK €/MWh", kind: Price, named: true, err: "several columns may hold the price: set --it to one of them"},
		{header: "timestamp,price a,price b", kind: Price, err: "several columns may hold the price: set --it to one of them"},
	} {
		var text strings.Builder
		fmt.Fprintln(&text, tc.header)
		for h := range 72 {
			fmt.Fprint(&text, time.Date(2024, 1, 1, h, 0, 0, 0, time.UTC).Format(time.RFC3339))
			for i := range strings.Count(tc.header, ",") {
				fmt.Fprintf(&text, ",%.3f", 0.1+float64(i)+float64(h%24)/1000)
			}
			fmt.Fprintln(&text)
		}
		o := Options{Kind: tc.kind, Named: tc.named, Currency: "EUR", Setting: func(string) string { return "--it" }}
		if strings.Contains(tc.header, "gbp") {
			o.Currency = "GBP"
		}
		s, err := Open(t.Context(), signalFile(t, text.String()), o)
		if tc.err != "" {
			require.ErrorContains(t, err, tc.err, tc.header)
			continue
		}
		require.NoError(t, err, tc.header)
		require.Equal(t, tc.want, s.Detection[0].Guess, tc.header)
	}
}

// Numbers come out as the file has them.
func TestSignalKeepsItsNumbers(t *testing.T) {
	s, err := Open(t.Context(), signalFile(t, "timestamp,value\n2024-01-01T00:00:00Z,0.1\n2024-01-01T01:00:00Z,-0.02\n2024-01-01T02:00:00Z,\n2024-01-01T03:00:00Z,0.24689\n"), Options{Kind: Price, TimeColumn: "timestamp", ValueColumn: "value"})
	require.NoError(t, err)
	from := meter.HourOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	require.Equal(t, []Hour{{from, 0.1}, {from + 1, -0.02}, {from + 3, 0.24689}}, s.Hours)
}

func TestSignalErrors(t *testing.T) {
	for _, o := range []Options{{Kind: Price, ValueColumn: "price"}, {Kind: Price, TimeColumn: "hour"}} {
		_, err := Open(t.Context(), signalFile(t, "timestamp,cost\n2024-01-01T00:00:00Z,1\n"), o)
		require.ErrorContains(t, err, "no column \""+o.ValueColumn+o.TimeColumn+"\" among")
	}
	for name, tc := range map[string]struct{ text, err string }{
		"a word":        {"timestamp,value\n2024-01-01T00:00:00Z,1\n2024-01-01T01:00:00Z,high\n2024-01-01T02:00:00Z,1\n", "line 3, column value: the value is not a number"},
		"twice":         {"timestamp,value\n2024-01-01T00:00:00Z,1\n2024-01-01T01:00:00+01:00,2\n", "comes twice, with 1 and 2"},
		"no numbers":    {"timestamp,cost\n2024-01-01T00:00:00Z,high\n", "no column of numbers that may be the price among"},
		"a web page":    {"<!DOCTYPE html><html></html>", "web page"},
		"empty":         {"", "the file is empty"},
		"values of day": {"timestamp,value\n2024-01-01,1\n2024-01-02,1\n2024-01-03,1\n2024-01-04,1\n", "values of a day"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), signalFile(t, tc.text), Options{Kind: Price, TimeColumn: "timestamp", ValueColumn: "value"})
			require.ErrorContains(t, err, tc.err)
			require.ErrorContains(t, err, "data")
		})
	}
}
