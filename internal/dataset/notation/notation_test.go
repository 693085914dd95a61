package notation

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func FuzzStamp(f *testing.F) {
	f.Add("2019-03-31T01:30:00Z")
	f.Add("2012-10-12 00:30:00.0000000")
	f.Add("2019/03/31 01:30 +05:30")
	f.Fuzz(func(t *testing.T, text string) {
		var fresh, used StampReader
		_, _ = used.Read([]byte("2019-03-31 00:00"))
		a, errA := fresh.Read([]byte(text))
		b, errB := used.Read([]byte(text))
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
		got, err := (&Number{Decimal: '.'}).Read([]byte(" " + text + "\t"))
		require.NoError(t, err)
		require.Equal(t, want, got, text)
		got, err = (&Number{Decimal: ','}).Read([]byte(strings.Replace(text, ".", ",", 1)))
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	})
	for text, want := range map[string]error{
		"": errEmptyNumber, " ": errEmptyNumber, "x": errNumber, "1.2.3": errNumber, "1_000": errNumber, "0x1p4": errNumber, "--1": errNumber, ".": errNumber, "-": errNumber, "1 2": errNumber,
		"NaN": errInfinite, "-inf": errInfinite, "Infinity": errInfinite, "1e999": errInfinite, "1,5": errNumber,
	} {
		_, err := (&Number{Decimal: '.'}).Read([]byte(text))
		require.Equal(t, want, err, "%q", text)
	}
}

func TestStamps(t *testing.T) {
	for text, want := range map[string]string{
		"2019-03-31T01:30:00Z":        "2019-03-31T01:30Z zoned",
		"2019-03-31T01:30:00.000Z":    "2019-03-31T01:30Z zoned",
		"2019-03-31 01:30:00+02:00":   "2019-03-30T23:30Z zoned",
		"2019-03-31 01:30 -0530":      "2019-03-31T07:00Z zoned",
		"2019-03-31 01:30+02":         "2019-03-30T23:30Z zoned",
		"2019/03/31 01:30":            "2019-03-31T01:30Z",
		" 2019.03.31  01:30 ":         "2019-03-31T01:30Z",
		"2012-10-12 00:30:00.0000000": "2012-10-12T00:30Z",
		"2019-02-28 24:00":            "2019-03-01T00:00Z",
		"1546300800":                  "2019-01-01T00:00Z zoned",
		"1546300800000":               "2019-01-01T00:00Z zoned",

		"2019-02-29 00:00": errNoDay.Error(), "2019-13-01 00:00": errNoDay.Error(), "2019-01-01 25:00": ErrBadTime.Error(), "2019-01-01 10:60": ErrBadTime.Error(),
		"2019-01-01": "2019-01-01T00:00Z dated", "01/02/2019 00:00": ErrBadTime.Error(), "2019-01-01 00:00:01": "2019-01-01T00:00Z +1s", "2019-01-01 00:00:00.5": "2019-01-01T00:00Z",
		"2019-01-01T00:00:00X": ErrBadTime.Error(), "2019-01-01T00:00:00+99": ErrBadTime.Error(), "2019-01-01X00:00": ErrBadTime.Error(), "": errNoTime.Error(),
		"1546300801": "2019-01-01T00:00Z zoned +1s", "2101-01-01 00:00": errYear.Error(), "2019-01-01 24:30": ErrBadTime.Error(), "2019-01-01T00:00:0": ErrBadTime.Error(),
	} {
		var r StampReader
		s, err := r.Read([]byte(text))
		got := time.Unix(s.Wall*60, 0).UTC().Format("2006-01-02T15:04Z")
		if s.Zoned {
			got += " zoned"
		}
		if s.Dated {
			got += " dated"
		}
		if s.Second != 0 {
			got += fmt.Sprintf(" +%ds", s.Second)
		}
		if err != nil {
			got = err.Error()
		}
		require.Equal(t, want, got, "%q", text)
	}
}

func TestReadSerial(t *testing.T) {
	for text, want := range map[string]string{
		"45000": "2023-03-15 00:00:00", "45000.0416667": "2023-03-15 01:00:00", "45000.125": "2023-03-15 03:00:00", "45000.5": "2023-03-15 12:00:00", "45000.041666666664": "2023-03-15 01:00:00", "45000,50000": "2023-03-15 12:00:00",
		"45000.25000": "2023-03-15 06:00:00", "45000.01042": "2023-03-15 00:15:00", "45000.000347222": "2023-03-15 00:00:30",
		"4500": "", "450000": "", "45000.": "", "45000.04x": "", "12345.5": "", "99999.12345": "", "45000-0416": "", "45000.04": "",
	} {
		s, ok := ReadSerial([]byte(text))
		require.Equal(t, want != "", ok, text)
		if ok {
			require.Equal(t, want, time.Unix(s.Wall*60+s.Second, 0).UTC().Format(time.DateTime), text)
			require.False(t, s.Zoned)
		}
	}
}
