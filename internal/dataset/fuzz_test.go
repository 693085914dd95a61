package dataset

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// Where encoding/csv reads a text to its end, and no field is longer than the
// look-ahead, the fast reader reads the same records.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a,\"b\"\"c\",d\r\n\n\"x\ny\",2\n", "\"", "a\"b,c\n", "\"a\",\"b\nc\"\nd,e", ",,\n,\n", "\"a\"b\nc\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := newCSVReader(newLineReader(bytes.NewReader(text)), ',')
		var got [][]string
		bad := 0
		for {
			rec, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			if rec.err != nil {
				bad++
				continue
			}
			got = append(got, stringsOf(rec.fields))
		}
		require.LessOrEqual(t, r.lines.line, int64(bytes.Count(text, []byte("\n"))+1))

		std := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		tooFar := strings.Count(string(text), "\n") >= maxRecordLines || len(text) > maxRecordBytes
		loneReturn := bytes.Contains(text, []byte("\r")) // encoding/csv drops one at the very end only
		if err == nil && !tooFar && !loneReturn {
			require.Zero(t, bad)
			require.Equal(t, want, got)
		}
	})
}

func stringsOf(fields [][]byte) []string {
	out := make([]string, 0, len(fields))
	for _, f := range fields {
		out = append(out, string(f))
	}
	return out
}

// Whatever a file holds, and whatever layout it is read by, reading it ends with an error or with rows that are
// in order and finite, and every value is accounted for.
func FuzzLayouts(f *testing.F) {
	for _, s := range []string{
		"meter_id,timestamp,kwh\na,2019-01-01T00:00:00Z,1\nb,2019-10-27 01:30,x\n",
		"LCLid,stdorToU,DateTime,KWH/hh (per half hour) \nM,Std,2012-10-12 00:30:00.0000000, 0.2 \nM,Std,2012-10-12 01:00:00.0000000,Null\n",
		"\"\";\"MT_001\"\n\"2012-03-25 01:15:00\";0\n2012-10-28 01:15:00;1,5\n",
		"100,NEM12,1,a,b\n200,N,E1,1,E1,N1,0,kWh,60,\n300,20190101," + strings.Repeat("1,", 24) + "V,,,\n400,1,24,A,,\n900\n",
		"id,time,register_kwh\na,2019-01-01 00:00,5\na,2019-01-01 00:30,6\na,2019-01-01 01:00,4\n",
		espiFeedText,
	} {
		for which := range 3 {
			f.Add([]byte(s), uint8(which))
		}
	}
	names := layout.Names()
	for i, name := range names {
		for _, sample := range layoutSamples {
			if sample.name == name {
				text, err := os.ReadFile(filepath.Join("testdata", "layouts", sample.file))
				require.NoError(f, err)
				f.Add(text[:min(len(text), 2000)], uint8(i+2))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, which uint8) {
		o := Options{Zone: "Europe/London", ScratchDir: t.TempDir(), BufferBytes: 256}
		switch n := int(which) % (len(names) + 2); n {
		case 0:
		case 1:
			o.Layout = &layout.Document{Reading: layout.Counter}
		default:
			o.Layout = &layout.Document{From: names[n-2]}
		}
		s, err := Open(t.Context(), file(t, string(text)), o)
		if err != nil {
			return
		}
		info, rows := s.Info(), int64(0)
		for block, err := range s.Rows(0) {
			require.NoError(t, err)
			rows += int64(len(block))
			for i, r := range block {
				require.GreaterOrEqual(t, r.Hour, info.Start)
				require.Less(t, r.Hour, info.End)
				require.False(t, math.IsNaN(float64(r.KWh)) || math.IsInf(float64(r.KWh), 0))
				require.True(t, i == 0 || block[i-1].Meter <= r.Meter)
			}
		}
		require.Equal(t, info.Rows, rows)
		require.LessOrEqual(t, info.Hours(), 8784)
		require.NoError(t, s.Close())
	})
}

func FuzzStamp(f *testing.F) {
	f.Add("2019-03-31T01:30:00Z")
	f.Add("2012-10-12 00:30:00.0000000")
	f.Add("2019/03/31 01:30 +05:30")
	f.Fuzz(func(t *testing.T, text string) {
		var fresh, used stampReader
		_, _ = used.read([]byte("2019-03-31 00:00"))
		a, errA := fresh.read([]byte(text))
		b, errB := used.read([]byte(text))
		require.Equal(t, errA, errB)
		require.Equal(t, a, b, "what was read before does not matter")
	})
}

func TestNumbersAreThoseOfStrconv(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(-1e9, 1e9).Draw(t, "v")
		text := strconv.FormatFloat(v, byte(rapid.SampledFrom([]rune("fge")).Draw(t, "format")), rapid.IntRange(-1, 18).Draw(t, "digits"), 64)
		want, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		got, err := (&numberFormat{decimal: '.'}).read([]byte(" " + text + "\t"))
		require.NoError(t, err)
		require.Equal(t, want, got, text)
		got, err = (&numberFormat{decimal: ','}).read([]byte(strings.Replace(text, ".", ",", 1)))
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	})
	for text, want := range map[string]error{
		"": errEmptyNumber, " ": errEmptyNumber, "x": errNumber, "1.2.3": errNumber, "1_000": errNumber, "0x1p4": errNumber, "--1": errNumber, ".": errNumber, "-": errNumber, "1 2": errNumber,
		"NaN": errInfinite, "-inf": errInfinite, "Infinity": errInfinite, "1e999": errInfinite, "1,5": errNumber,
	} {
		_, err := (&numberFormat{decimal: '.'}).read([]byte(text))
		require.Equal(t, want, err, "%q", text)
	}
}
