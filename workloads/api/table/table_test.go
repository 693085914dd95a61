package table

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
)

type reading struct {
	Meter    string     `json:"meter"`
	Group    *string    `json:"group"`
	At       time.Time  `json:"at"`
	KWh      *float64   `json:"kwh"`
	Peak     float32    `json:"peakKw"`
	PeakAt   *time.Time `json:"peakAt"`
	Hours    int        `json:"hours"`
	Partial  bool       `json:"partial"`
	Readings int64      `json:"readings"`
}

func rows() []reading {
	group, kwh, at := "north", 0.000012, time.Date(2019, 1, 2, 3, 0, 0, 0, time.UTC)
	return []reading{
		{Meter: "=cmd", Group: &group, At: at, KWh: &kwh, Peak: 0.42, PeakAt: &at, Hours: 1, Readings: 1 << 40},
		{Meter: "home, \"2\"", At: at.Add(time.Hour), Peak: 12_000_000, Partial: true},
	}
}

func file(t *testing.T, f Format, rows []reading) string {
	t.Helper()
	var out bytes.Buffer
	w, err := New(&out, f, reflect.TypeFor[reading]())
	require.NoError(t, err)
	for _, r := range rows {
		require.NoError(t, w.Write(r))
	}
	require.NoError(t, w.Close())
	return out.String()
}

// A gap is an empty field, and no text is a formula.
func TestCSV(t *testing.T) {
	require.Equal(t, `meter,group,at,kwh,peakKw,peakAt,hours,partial,readings
'=cmd,north,2019-01-02T03:00:00Z,0.000012,0.42,2019-01-02T03:00:00Z,1,false,1099511627776
"home, ""2""",,2019-01-02T04:00:00Z,,12000000,,0,true,0
`, file(t, CSV, rows()))
	require.Equal(t, "meter,group,at,kwh,peakKw,peakAt,hours,partial,readings\n", file(t, CSV, nil), "a file without rows has its columns")
}

func TestNDJSON(t *testing.T) {
	lines := strings.Split(file(t, NDJSON, rows()), "\n")
	require.Len(t, lines, 3)
	require.JSONEq(t, `{"meter": "=cmd", "group": "north", "at": "2019-01-02T03:00:00Z", "kwh": 0.000012, "peakKw": 0.42,
		"peakAt": "2019-01-02T03:00:00Z", "hours": 1, "partial": false, "readings": 1099511627776}`, lines[0])
	require.Empty(t, file(t, NDJSON, nil))
}

// Columns have the names and types that the reader of a data frame expects, and values
// that are not known are null.
func TestParquet(t *testing.T) {
	many := rows()
	for len(many) < 2*(valuesOfGroup/reflect.TypeFor[reading]().NumField())+100 {
		many = append(many, rows()...)
	}
	text := file(t, Parquet, many)
	read, err := parquet.OpenFile(strings.NewReader(text), int64(len(text)))
	require.NoError(t, err)
	require.EqualValues(t, len(many), read.NumRows())
	require.Len(t, read.RowGroups(), 3, "rows are written as they come")
	require.Equal(t, []string{"meter", "group", "at", "kwh", "peakKw", "peakAt", "hours", "partial", "readings"}, columns(read.Schema()))
	at, _ := read.Schema().Lookup("at")
	require.Equal(t, "TIMESTAMP(isAdjustedToUTC=true,unit=MILLIS)", at.Node.Type().String())

	back := parquet.NewReader(strings.NewReader(text), parquet.SchemaOf(reflect.New(parquetType(reflect.TypeFor[reading]())).Interface()))
	for i := range many {
		got := reflect.New(parquetType(reflect.TypeFor[reading]()))
		require.NoError(t, back.Read(got.Interface()))
		row, ok := got.Elem().Convert(reflect.TypeFor[reading]()).Interface().(reading)
		require.True(t, ok)
		row.At = row.At.UTC()
		if row.PeakAt != nil {
			*row.PeakAt = row.PeakAt.UTC()
		}
		require.Equal(t, many[i], row)
	}
	require.ErrorIs(t, back.Read(reflect.New(parquetType(reflect.TypeFor[reading]())).Interface()), io.EOF)
}

func columns(s *parquet.Schema) (names []string) {
	for _, f := range s.Fields() {
		names = append(names, f.Name())
	}
	return names
}

func TestTextsAreNoFormulas(t *testing.T) {
	for text, want := range map[string]string{"=1+1": "'=1+1", "@x": "'@x", "+1": "'+1", "-1": "'-1", "\t=1": "'\t=1", "home": "home", "": "", "é": "é"} {
		require.Equal(t, want, inert(text))
	}
}

func TestUnknownFormat(t *testing.T) {
	_, err := New(io.Discard, "xlsx", reflect.TypeFor[reading]())
	require.ErrorContains(t, err, "use csv, ndjson or parquet")
}
