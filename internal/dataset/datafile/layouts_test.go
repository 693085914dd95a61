package datafile

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/meter"
)

// file writes text to a file.
func file(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// listed is the rows of a source, as "meter hour kWh", or "meter/group …".
func listed(t testing.TB, s dataset.Source) []string {
	t.Helper()
	var out []string
	for _, r := range allRows(t, s, 0) {
		m := s.Info().Meters[r.Meter]
		name := m.Name
		if m.Group != "" {
			name += "@" + m.Group
		}
		out = append(out, fmt.Sprintf("%s %s %v", name, r.Hour.Time().Format("0102T15"), r.KWh))
	}
	return out
}

// halves repeats a half-hourly value for a day of NEM12.
func halves(n int, value string) string { return strings.Repeat(value+",", n) }

const espiFeedText = `<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi">
 <entry><link rel="self" href="/RetailCustomer/9/UsagePoint/77"/><content><espi:UsagePoint/></content></entry>
 <entry><link rel="self" href="/RetailCustomer/9/UsagePoint/77/MeterReading/1"/><link rel="up" href="/RetailCustomer/9/UsagePoint/77/MeterReading"/>
  <link rel="related" href="/ReadingType/10"/><content><espi:MeterReading/></content></entry>
 <entry><link rel="self" href="/RetailCustomer/9/UsagePoint/77/MeterReading/2"/>
  <link rel="related" href="/ReadingType/20"/><content><espi:MeterReading/></content></entry>
 <entry><link rel="self" href="/RetailCustomer/9/UsagePoint/77/MeterReading/1/IntervalBlock/5"/>
  <link rel="up" href="/RetailCustomer/9/UsagePoint/77/MeterReading/1/IntervalBlock"/>
  <content><espi:IntervalBlock>
   <espi:interval><espi:duration>86400</espi:duration><espi:start>1546300800</espi:start></espi:interval>
   <espi:IntervalReading><espi:timePeriod><espi:duration>1800</espi:duration><espi:start>1546300800</espi:start></espi:timePeriod><espi:value>25</espi:value></espi:IntervalReading>
   <espi:IntervalReading><espi:timePeriod><espi:duration>1800</espi:duration><espi:start>1546302600</espi:start></espi:timePeriod><espi:value>35</espi:value></espi:IntervalReading>
   <espi:IntervalReading><espi:timePeriod><espi:duration>3600</espi:duration><espi:start>1546304400</espi:start></espi:timePeriod><espi:value>x</espi:value></espi:IntervalReading>
  </espi:IntervalBlock></content></entry>
 <entry><link rel="self" href="/RetailCustomer/9/UsagePoint/77/MeterReading/2/IntervalBlock/6"/>
  <link rel="up" href="/RetailCustomer/9/UsagePoint/77/MeterReading/2/IntervalBlock"/>
  <content><espi:IntervalBlock>
   <espi:IntervalReading><espi:timePeriod><espi:start>1546300800</espi:start></espi:timePeriod><espi:value>400</espi:value></espi:IntervalReading>
  </espi:IntervalBlock></content></entry>
 <entry><link rel="self" href="/ReadingType/10"/><content><espi:ReadingType>
  <espi:accumulationBehaviour>4</espi:accumulationBehaviour><espi:flowDirection>1</espi:flowDirection>
  <espi:powerOfTenMultiplier>1</espi:powerOfTenMultiplier><espi:uom>72</espi:uom></espi:ReadingType></content></entry>
 <entry><link rel="self" href="/ReadingType/20"/><content><espi:ReadingType>
  <espi:accumulationBehaviour>4</espi:accumulationBehaviour><espi:flowDirection>19</espi:flowDirection><espi:intervalLength>3600</espi:intervalLength>
  <espi:powerOfTenMultiplier>0</espi:powerOfTenMultiplier><espi:uom>72</espi:uom></espi:ReadingType></content></entry>
</feed>`

func TestLayouts(t *testing.T) {
	for _, tc := range []struct {
		name   string
		text   string
		o      Options
		format layout.Format
		want   []string
		check  func(*testing.T, dataset.Info)
	}{
		{
			name: "long", format: layout.Delimited,
			text: "meter_id,timestamp,kwh\nb,2019-01-01T01:00:00Z,2\na,2019-01-01T00:00:00Z,0.5\nb,2019-01-01T00:00:00+00:00,-1e-1\n",
			want: []string{"b 0101T00 -0.1", "a 0101T00 0.5", "b 0101T01 2"},
		},
		{
			name: "long, other names, group, semicolons, decimal commas, byte-order mark, CRLF", format: layout.Delimited,
			text: "\xef\xbb\xbfZeit;Zähler;Ort;Verbrauch\r\n2019-01-01 00:00;\"Haus; 1\";N;0,25\r\n2019-01-01 01:00;\"Haus; 1\";N;1,5\r\n\r\n",
			o:    Options{Layout: &layout.Document{Meter: &layout.Meter{Column: "zähler", GroupColumn: "ort"}, Time: &layout.Time{Columns: []string{"zeit"}}, Values: []layout.Value{{Column: "verbrauch"}}}},
			want: []string{"Haus; 1@N 0101T00 0.25", "Haus; 1@N 0101T01 1.5"},
		},
		{
			name: "long, quotes over lines", format: layout.Delimited,
			text: "id,time,kwh,note\na,2019-01-01 00:00,1,\"two\nlines \"\"quoted\"\"\"\na,2019-01-01 01:00,2,x\n",
			want: []string{"a 0101T00 1", "a 0101T01 2"},
		},
		{
			name: "long, a stray quote loses one line only", format: layout.Delimited,
			text: "id,time,kwh\na,2019-01-01 00:00,\"1\na,2019-01-01 01:00,2\na,2019-01-01 02:00,3\n",
			want: []string{"a 0101T01 2", "a 0101T02 3"},
			check: func(t *testing.T, i dataset.Info) {
				require.EqualValues(t, 1, i.Quarantined)
				require.EqualValues(t, 2, i.BadRows[0].Line)
				require.Equal(t, `a,2019-01-01 00:00,"1`, i.BadRows[0].Raw)
			},
		},
		{
			name: "long, Wh by its name", format: layout.Delimited,
			text: "id,time,energy_wh\na,2019-01-01 00:00,1500\n", o: Options{Layout: &layout.Document{Values: []layout.Value{{Column: "energy_wh"}}}},
			want: []string{"a 0101T00 1.5"},
		},
		{
			name: "long, mean kW per quarter-hour, a missing part is a gap", format: layout.Delimited,
			text: "id,time,kw\na,2019-01-01 00:00,4\na,2019-01-01 00:15,8\na,2019-01-01 00:30,4\na,2019-01-01 00:45,0\na,2019-01-01 01:00,1\na,2019-01-01 01:30,1\na,2019-01-01 01:45,1\n",
			want: []string{"a 0101T00 4"},
			check: func(t *testing.T, i dataset.Info) {
				require.EqualValues(t, 1, i.Incomplete)
				require.Equal(t, layout.KW, i.Layout.Unit)
			},
		},
		{
			name: "long, of repeated parts the last counts, overlapping ones void the hour", format: layout.Delimited,
			text: "id,time,kwh\na,2019-01-01 00:00,1\na,2019-01-01 00:30,1\na,2019-01-01 00:30,2\na,2019-01-01 01:00,1\na,2019-01-01 01:15,1\na,2019-01-01 01:30,1\n",
			o:    Options{Layout: &layout.Document{Time: &layout.Time{Interval: "30m"}}},
			want: []string{"a 0101T00 3"},
			check: func(t *testing.T, i dataset.Info) {
				require.EqualValues(t, 1, i.Duplicates)
				require.EqualValues(t, 1, i.Overlaps)
			},
		},
		{
			name: "long, repeated hours keep the file's order", format: layout.Delimited,
			text: "id,time,kwh\nb,2019-01-01 00:00,9\na,2019-01-01 00:00,3\nb,2019-01-01 00:00,1\na,2019-01-01 00:00,3\nb,2019-01-01 00:00,5\n",
			want: []string{"b 0101T00 9", "b 0101T00 1", "b 0101T00 5", "a 0101T00 3", "a 0101T00 3"},
			check: func(t *testing.T, i dataset.Info) {
				require.EqualValues(t, 3, i.Duplicates)
				require.EqualValues(t, 3, i.Meters[0].Rows)
			},
		},
		{
			name: "long, end stamps", format: layout.Delimited,
			text: "id,time,kwh\na,2019-01-01 01:00,1\na,2019-01-01 24:00,7\n", o: Options{Layout: &layout.Document{Time: &layout.Time{Marks: layout.End, Interval: "1h"}}},
			want: []string{"a 0101T00 1", "a 0101T23 7"},
		},
		{
			name: "long, a register: differences, a gap, a reset", format: layout.Delimited,
			text: "id,time,register_kwh\na,2019-01-01 00:00,123456789.5\na,2019-01-01 00:30,123456790\na,2019-01-01 01:00,123456791.5\na,2019-01-01 02:00,123456795.5\n" +
				"a,2019-01-01 04:00,123456800\na,2019-01-01 05:00,123456801\na,2019-01-01 06:00,0.5\na,2019-01-01 07:00,0.75\n",
			want: []string{"a 0101T00 2", "a 0101T01 4", "a 0101T04 1", "a 0101T06 0.25"},
			check: func(t *testing.T, i dataset.Info) {
				require.EqualValues(t, 2, i.Resets)
				require.Equal(t, layout.Counter, i.Layout.Reading)
			},
		},
		{
			name: "long, bad rows", format: layout.Delimited,
			text: "id,time,kwh,feeder\na,2019-01-01 00:00,1,f\na,2019-01-01 01:00,NaN,f\na,2019-01-01 02:00,Inf,f\na,2019-01-01 03:00,1000001,f\na,2019-01-01 04:00,,f\n" +
				"a,2019-02-30 05:00,1,f\na,1889-01-01 06:00,1,f\na,,1,f\na,2019-01-01 07:00:30,1,f\na,2019-01-01 07:07,1,f\n,2019-01-01 08:00,1,f\n\x01,2019-01-01 08:00,1,f\n" +
				"a,2019-01-01 09:00,1,g\na,2019-01-01 10:00\na,2019-01-01 11:00,1,f,extra\na,2019-01-01 12:00,0x10,f\na,2019-01-01 13:00,2,f\n",
			o:    Options{Layout: &layout.Document{Meter: &layout.Meter{GroupColumn: "feeder"}}},
			want: []string{"a@f 0101T00 1", "a@f 0101T13 2"},
			check: func(t *testing.T, i dataset.Info) {
				var got []string
				for _, b := range i.BadRows {
					got = append(got, fmt.Sprintf("%d %s %s", b.Line, b.Column, b.Reason))
				}
				require.Equal(t, []string{
					"4 kwh " + "the value is not a finite number", "5 kwh " + "the value is beyond " + strconv.Itoa(meter.MaxAbsKWh) + " kWh in an hour",
					"7 time " + "the timestamp names a day that does not exist", "8 time " + "the timestamp is not between 1990 and 2100", "9 time " + "the timestamp is empty", "10 time " + "the timestamp is not on a whole minute", "11 time " + "the timestamp is not on the grid of the dataset's interval",
					"12 id " + "the meter has no name", "13 id " + "the name has characters that cannot be printed", "14 id " + "the meter was in another group before", "15 kwh " + "a column is missing: the row has fewer than the header",
					"16 5 " + "the row has more columns than the header", "17 kwh " + "the value is not a number",
				}, got)
				require.EqualValues(t, 2, i.Missing, "NaN and an empty cell")
				require.Contains(t, i.Reasons, dataset.ReasonCount{Reason: "the timestamp is not on the grid of the dataset's interval", Rows: 1})
			},
		},
		{
			name: "Low Carbon London", format: layout.Delimited,
			text: "LCLid,stdorToU,DateTime,KWH/hh (per half hour) \nMAC000002,Std,2012-10-12 00:30:00.0000000, 0.2 \nMAC000002,Std,2012-10-12 00:00:00.0000000, 0.1 \n" +
				"MAC000002,Std,2012-10-12 01:00:00.0000000,Null\nMAC000002,Std,2012-12-19 12:37:27.0000000,Null\n",
			want:  []string{"MAC000002 1012T00 0.3"},
			check: func(t *testing.T, i dataset.Info) { require.EqualValues(t, 2, i.Missing) },
		},
		{
			name: "UCI", format: layout.Delimited,
			text: "\"\";\"MT_001\";\"MT_002\"\n\"2012-01-01 00:15:00\";1,5;4\n\"2012-01-01 00:30:00\";2,5;4\n\"2012-01-01 00:45:00\";4;4\n\"2012-01-01 01:00:00\";0;oops\n",
			want: []string{"MT_001 0101T00 2"},
			check: func(t *testing.T, i dataset.Info) {
				require.Equal(t, "MT_002", i.BadRows[0].Column)
				require.EqualValues(t, 5, i.BadRows[0].Line)
				require.EqualValues(t, 1, i.Incomplete)
			},
		},
		{
			name: "NEM12: import, export, quality, reactive energy, Wh", format: layout.NEM12,
			text: "100,NEM12,200506081149,UNITEDDP,NEMMCO\n" +
				"200,NEM1201009,E1B1Q1,1,E1,N1,01009,kWh,30,20050610\n300,20050301," + halves(48, "0.5") + "A,,,20050310121004,20050310182204\n" +
				"300,20050302," + halves(48, "1") + "V,,,20050310121004,\n400,1,46,N,,\n400,47,48,E52,,\n500,O,S01009,20050310121004,\n" +
				"200,NEM1201009,E1B1Q1,2,B1,N1,01009,Wh,30,20050610\n300,20050302," + halves(46, "10") + "100,bad,A,,,20050310121004,\n" +
				"200,NEM1201009,E1B1Q1,3,Q1,N1,01009,kVArh,30,20050610\n300,20050301," + halves(48, "7") + "A,,,20050310121004,\n900\n",
			o: Options{Start: time.Date(2005, 3, 1, 12, 0, 0, 0, time.UTC), Span: 48 * time.Hour},
			want: []string{
				"NEM1201009/E1 0301T12 1", "NEM1201009/E1 0301T13 1",
				"NEM1201009/B1 0301T14 -0.02", "NEM1201009/B1 0301T15 -0.02", "NEM1201009/B1 0301T16 -0.02", "NEM1201009/B1 0301T17 -0.02", "NEM1201009/B1 0301T18 -0.02",
				"NEM1201009/B1 0301T19 -0.02", "NEM1201009/B1 0301T20 -0.02", "NEM1201009/B1 0301T21 -0.02", "NEM1201009/B1 0301T22 -0.02", "NEM1201009/B1 0301T23 -0.02",
				"NEM1201009/B1 0302T00 -0.02", "NEM1201009/B1 0302T01 -0.02", "NEM1201009/B1 0302T02 -0.02", "NEM1201009/B1 0302T03 -0.02", "NEM1201009/B1 0302T04 -0.02",
				"NEM1201009/B1 0302T05 -0.02", "NEM1201009/B1 0302T06 -0.02", "NEM1201009/B1 0302T07 -0.02", "NEM1201009/B1 0302T08 -0.02", "NEM1201009/B1 0302T09 -0.02",
				"NEM1201009/B1 0302T10 -0.02", "NEM1201009/B1 0302T11 -0.02", "NEM1201009/B1 0302T12 -0.02", "NEM1201009/E1 0302T13 2",
			},
			check: func(t *testing.T, i dataset.Info) {
				require.EqualValues(t, 46, i.Missing)
				require.EqualValues(t, 48, i.Skipped)
				require.EqualValues(t, 1, i.Quarantined)
				require.Equal(t, "50", i.BadRows[0].Column)
				require.EqualValues(t, 44, i.Trimmed)
			},
		},
		{
			name: "Green Button: types after the values, import and export", format: layout.GreenButton, text: espiFeedText,
			want: []string{"77/1 0101T00 0.6", "77/2 0101T00 -0.4"},
			check: func(t *testing.T, i dataset.Info) {
				require.EqualValues(t, 1, i.Quarantined)
				require.Equal(t, "value", i.BadRows[0].Column)
				require.EqualValues(t, 14, i.BadRows[0].Line)
			},
		},
		{
			name: "Green Button: no feed around it, watts", format: layout.GreenButton,
			text: `<ServiceResource><ReadingType><powerOfTenMultiplier>0</powerOfTenMultiplier><uom>38</uom><intervalLength>1800</intervalLength></ReadingType>
<IntervalBlock><IntervalReading><timePeriod><start>1546300800</start></timePeriod><value>500</value></IntervalReading>
<IntervalReading><timePeriod><duration>1800</duration><start>1546302600</start></timePeriod><value>1500</value></IntervalReading>
<IntervalReading><timePeriod><duration>7200</duration><start>1546304400</start></timePeriod><value>1500</value></IntervalReading>
<IntervalReading><timePeriod><duration>1800</duration><start>noon</start></timePeriod><value>1500</value></IntervalReading></IntervalBlock></ServiceResource>`,
			want: []string{"meter 0101T00 1"},
			check: func(t *testing.T, i dataset.Info) {
				require.Equal(t, []string{"duration", "start"}, []string{i.BadRows[0].Column, i.BadRows[1].Column})
			},
		},
		{
			name: "Green Button: a counter of exported energy", format: layout.GreenButton,
			text: `<feed><ReadingType><accumulationBehaviour>3</accumulationBehaviour><flowDirection>19</flowDirection><powerOfTenMultiplier>3</powerOfTenMultiplier><uom>72</uom></ReadingType>
<IntervalBlock><IntervalReading><timePeriod><start>1546300800</start></timePeriod><value>500</value></IntervalReading>
<IntervalReading><timePeriod><start>1546304400</start></timePeriod><value>502</value></IntervalReading>
<IntervalReading><timePeriod><start>1546308000</start></timePeriod><value>1</value></IntervalReading></IntervalBlock></feed>`,
			want:  []string{"meter 0101T00 -2"},
			check: func(t *testing.T, i dataset.Info) { require.EqualValues(t, 1, i.Resets) },
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := openFile(t, file(t, tc.text), tc.o)
			info := s.Info()
			require.Equal(t, tc.format, info.Layout.Format)
			require.Equal(t, tc.want, listed(t, s))
			require.EqualValues(t, len(tc.want), info.Rows)
			require.NotEmpty(t, info.Detection)
			for _, e := range info.Detection {
				require.NotEmpty(t, e.Because)
				require.NotEmpty(t, e.Change)
			}
			if tc.check != nil {
				tc.check(t, info)
			}
			// The same with a buffer of two readings, so that all goes through the disk.
			tc.o.BufferBytes = 1
			require.Equal(t, listed(t, s), listed(t, openFile(t, file(t, tc.text), tc.o)))
		})
	}
}

func TestCompressedFiles(t *testing.T) {
	text := "meter_id,timestamp,kwh\na,2019-01-01T00:00:00Z,0.5\n"
	for _, ending := range []string{".csv", ".gz", ".zst"} {
		var b strings.Builder
		w, err := dataset.Compress("x"+ending, &b)
		require.NoError(t, err)
		_, err = w.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.Equal(t, []string{"a 0101T00 0.5"}, listed(t, openFile(t, file(t, b.String()), Options{})), ending)
	}
}

func TestOpenErrors(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"empty", "", "is empty"},
		{"binary", "\x00\x01\x02\x00", "no text"},
		{"no such column", "a,b,c\n1,2,3\n", "set layout.time.columns"},
		{"no usable row", "id,time,kwh\na,then,1\n", `"then"`},
		{"no row", "id,time,kwh\n", "holds no readings"},
		{"daily", "id,time,kwh\na,2019-01-01 00:00,1\na,2019-01-02 00:00,1\n", "divide an hour"},
		{"zip", "PK\x03\x04", "the archive is damaged or cut off: fetch it again"},
		{"cut gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "unexpected EOF"},
		{"XML of another kind", "<root><a/></root>", "only XML"},
		{"gas", "<feed><ReadingType><uom>169</uom></ReadingType><IntervalBlock><IntervalReading><value>1</value></IntervalReading></IntervalBlock></feed>", "1 not of electrical energy"},
		{"web page", "<html></html>", "web page"},
		{"broken XML", "<feed><IntervalBlock><entry>", "no valid XML"},
	} {
		_, err := Open(t.Context(), file(t, tc.text), Options{ScratchDir: t.TempDir()})
		require.ErrorContains(t, err, tc.want, tc.name)
	}
	_, err := Open(t.Context(), t.TempDir(), Options{})
	require.ErrorContains(t, err, "folder")
	bad := func(d layout.Document) Options { return Options{Layout: &d} }
	for _, o := range []Options{
		bad(layout.Document{Format: "XLS"}), bad(layout.Document{Unit: "MJ"}), bad(layout.Document{Time: &layout.Time{Marks: "Middle"}}),
		bad(layout.Document{Time: &layout.Time{Interval: "7m"}}), {InvalidRows: "Maybe"}, {Span: 9000 * time.Hour}, {Zone: "Nowhere"},
	} {
		_, err := Open(t.Context(), file(t, "id,time,kwh\na,2019-01-01 00:00,1\n"), o)
		require.Error(t, err, "%+v", o)
	}
}

func TestOpenLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), file(t, "id,time,kwh\na,2019-01-01 00:00,1\na,2019-01-01 02:00,1\na,2019-01-01 01:00,1\n"), Options{ScratchDir: dir, BufferBytes: 1})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, err = Open(t.Context(), file(t, "id,time,kwh\n"), Options{ScratchDir: dir})
	require.Error(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestOpenStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Open(ctx, file(t, "id,time,kwh\na,2019-01-01 00:00,1\n"), Options{ScratchDir: t.TempDir()})
	require.ErrorIs(t, err, context.Canceled)
}

func TestProgressReachesTheEnd(t *testing.T) {
	path := realData(t, "buildings20_2019.csv.gz")
	var read, total int64
	openFile(t, path, Options{Progress: func(r, n int64) {
		require.GreaterOrEqual(t, r, read)
		read, total = r, n
	}})
	require.Positive(t, total)
	require.Equal(t, total, read)
}

func TestWindow(t *testing.T) {
	text := "id,time,kwh\na,2019-01-01T03:00:00Z,1\na,2019-01-01T04:00:00Z,2\na,2019-12-31T23:00:00Z,3\na,2020-06-01T00:00:00Z,4\n"
	for _, tc := range []struct {
		name       string
		o          Options
		start, end string
		rows       int64
	}{
		{"found out", Options{}, "2019-01-01T00:00:00Z", "2020-01-01T00:00:00Z", 3},
		{"local midnight before", Options{Zone: "America/New_York"}, "2018-12-31T05:00:00Z", "2020-01-01T05:00:00Z", 3},
		{"half-hour zone", Options{Zone: "Asia/Kolkata"}, "2018-12-31T19:00:00Z", "2020-01-01T19:00:00Z", 3},
		{"short span", Options{Span: 4 * time.Hour}, "2019-01-01T00:00:00Z", "2019-01-01T04:00:00Z", 1},
		{"set start", Options{Start: time.Date(2019, 1, 1, 4, 0, 0, 0, time.UTC), Span: 24 * time.Hour}, "2019-01-01T04:00:00Z", "2019-01-02T04:00:00Z", 1},
	} {
		tc.o.Layout = &layout.Document{Time: &layout.Time{Interval: "1h"}}
		info := openFile(t, file(t, text), tc.o).Info()
		require.Equal(t, tc.start, info.Start.String(), tc.name)
		require.Equal(t, tc.end, info.End.String(), tc.name)
		require.Equal(t, tc.rows, info.Rows, tc.name)
		require.Equal(t, 4-tc.rows, info.Trimmed, tc.name)
		require.LessOrEqual(t, info.Hours(), 8784)
	}
	_, err := Open(t.Context(), file(t, text), Options{Start: time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC), ScratchDir: t.TempDir()})
	require.ErrorContains(t, err, "outside")
}

func TestMeterInfo(t *testing.T) {
	s := openFile(t, file(t, "id,time,kwh,g\nb,2019-01-01T03:00:00Z,1,x\na,2019-01-01T04:00:00Z,2,\nb,2019-01-01T05:00:00Z,1,x\nc,2022-01-01T05:00:00Z,1,x\n"),
		Options{Layout: &layout.Document{Meter: &layout.Meter{GroupColumn: "g"}, Time: &layout.Time{Interval: "1h"}}})
	h := s.Info().Start
	require.Equal(t, []dataset.MeterInfo{
		{Name: "b", Group: "x", First: h + 3, Last: h + 5, Rows: 2},
		{Name: "a", First: h + 4, Last: h + 4, Rows: 1},
		{Name: "c", Group: "x", First: meter.NoHour, Last: meter.NoHour},
	}, s.Info().Meters)
}

// One wrong date must not move the window to where nothing else is.
func TestWindowIgnoresStrayDates(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,time,kwh\na,2001-01-01T00:00:00Z,1\n")
	for h := range 200 {
		fmt.Fprintf(&b, "a,%s,1\n", time.Date(2019, 6, 1, h, 0, 0, 0, time.UTC).Format(time.RFC3339))
	}
	info := openFile(t, file(t, b.String()), Options{}).Info()
	require.Equal(t, "2019-06-01T00:00:00Z", info.Start.String())
	require.EqualValues(t, 200, info.Rows)
	require.EqualValues(t, 1, info.Trimmed)
	last := info.Detection[len(info.Detection)-1]
	require.Equal(t, "window", last.What)
	require.Contains(t, last.Because, "wrong dates")
}
