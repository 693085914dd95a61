package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

func TestClocksGoForward(t *testing.T) {
	s := open(t, file(t, "id,time,kwh\na,2019-03-31 00:00,1\na,2019-03-31 01:00,2\na,2019-03-31 02:00,3\na,2019-03-31 03:00,4\n"), Options{Zone: "Europe/London"})
	require.Equal(t, []string{"a 0331T00 1", "a 0331T01 3", "a 0331T02 4"}, listed(t, s))
	require.Equal(t, []BadRow{{Line: 3, Column: "time", Reason: errNoSuchTime.Error(), Raw: "a,2019-03-31 01:00,2"}}, s.Info().BadRows)
}

func TestClocksGoBack(t *testing.T) {
	for _, tc := range []struct {
		name string
		rows []string
		want []string
	}{
		{"hours", []string{"a 00:00 1", "a 01:00 2", "a 01:00 3", "a 02:00 4"}, []string{"a 1026T23 1", "a 1027T00 2", "a 1027T01 3", "a 1027T02 4"}},
		{"newest first", []string{"a 02:00 4", "a 01:00 3", "a 01:00 2", "a 00:00 1"}, []string{"a 1026T23 1", "a 1027T00 2", "a 1027T01 3", "a 1027T02 4"}},
		{"half hours", []string{"a 00:00 1", "a 00:30 1", "a 01:00 2", "a 01:30 2", "a 01:00 3", "a 01:30 3", "a 02:00 4", "a 02:30 4"},
			[]string{"a 1026T23 2", "a 1027T00 4", "a 1027T01 6", "a 1027T02 8"}},
		{"meters in turn", []string{"a 00:00 1", "b 00:00 1", "a 01:00 2", "b 01:00 2", "a 01:00 3", "b 01:00 3"},
			[]string{"a 1026T23 1", "b 1026T23 1", "a 1027T00 2", "b 1027T00 2", "a 1027T01 3", "b 1027T01 3"}},
	} {
		text := "id,time,kwh\n"
		for _, r := range tc.rows {
			f := strings.Fields(r)
			text += fmt.Sprintf("%s,2019-10-27 %s,%s\n", f[0], f[1], f[2])
		}
		s := open(t, file(t, text), Options{Layout: &layout.Document{Time: &layout.Time{Zone: "Europe/London"}}})
		require.Equal(t, tc.want, listed(t, s), tc.name)
		require.Zero(t, s.Info().Quarantined+s.Info().Duplicates, tc.name)
	}
}

// Rows are stamped with the end of their interval, as clocks show it: the hour before
// clocks go forward ends at 02:00, though no clock has shown its start an hour before.
func TestEndsWhereClocksGoForward(t *testing.T) {
	for name, tc := range map[string]struct {
		step time.Duration
		rows int64
	}{"hours": {time.Hour, 47}, "half hours": {30 * time.Minute, 47}, "quarters": {15 * time.Minute, 47}} {
		loc, err := time.LoadLocation("Europe/London")
		require.NoError(t, err)
		var rows []string
		for at, i := time.Date(2019, 3, 31, 0, 0, 0, 0, time.UTC), 0; i < int(47*time.Hour/tc.step); i++ {
			at = at.Add(tc.step)
			rows = append(rows, fmt.Sprintf("a,%s,%d", at.In(loc).Format("2006-01-02 15:04"), i%7+1))
		}
		want := ""
		for range 2 {
			s := open(t, file(t, "id,time,kwh\n"+strings.Join(rows, "\n")+"\n"),
				Options{Zone: "Europe/London", Layout: &layout.Document{Time: &layout.Time{Marks: layout.End}}})
			require.Zero(t, s.Info().Quarantined, "%s: %v", name, s.Info().BadRows)
			require.Equal(t, tc.rows, s.Info().Rows, name)
			got := strings.Join(listed(t, s), "\n")
			if want == "" {
				want = got
			}
			require.Equal(t, want, got, "%s, newest first", name)
			slices.Reverse(rows)
		}
	}
}

// UCI has 96 labels on every day: zeros where an hour does not exist, and both
// hours' energy in the labels of the repeated one.
func TestUCIAcrossClockChanges(t *testing.T) {
	day := func(date string, kW func(hour int) string) string {
		var b strings.Builder
		midnight, err := time.Parse("2006-01-02", date)
		require.NoError(t, err)
		for q := 1; q <= 96; q++ {
			fmt.Fprintf(&b, "%s;%s\n", midnight.Add(time.Duration(q)*15*time.Minute).Format("2006-01-02 15:04:05"), kW((q-1)/4))
		}
		return b.String()
	}
	spring := open(t, file(t, "\"\";\"MT_001\"\n"+day("2012-03-25", func(h int) string {
		if h == 1 {
			return "0"
		}
		return "2,5"
	})), Options{})
	require.EqualValues(t, 23, spring.Info().Rows)
	require.EqualValues(t, 4, spring.Info().Missing)
	require.Zero(t, spring.Info().Quarantined)

	autumn := open(t, file(t, "\"\";\"MT_001\"\n"+day("2012-10-28", func(h int) string {
		if h == 1 {
			return "5"
		}
		return "2,5"
	})), Options{})
	rows := allRows(t, autumn, 0)
	require.Len(t, rows, 25)
	for _, r := range rows {
		require.EqualValues(t, 2.5, r.KWh)
	}
}

// Hours of a zone that is half an hour off begin at half past in UTC: each is
// shared by two UTC hours, and only hours covered in full remain.
func TestHalfHourZone(t *testing.T) {
	s := open(t, file(t, "id,time,kwh\na,2019-01-01 05:00,2\na,2019-01-01 06:00,4\na,2019-01-01 07:00,8\n"), Options{Zone: "Asia/Kolkata"})
	require.Equal(t, []string{"a 0101T00 3", "a 0101T01 6"}, listed(t, s))
	require.EqualValues(t, 2, s.Info().Incomplete)

	gap := open(t, file(t, "id,time,kwh\na,2019-01-01 05:00,2\na,2019-01-01 09:00,4\na,2019-01-01 10:00,4\n"), Options{Zone: "Asia/Kolkata"})
	require.Equal(t, []string{"a 0101T04 4"}, listed(t, gap), "halves of hours before a gap do not meet those after it")
	require.EqualValues(t, 4, gap.Info().Incomplete)

	halves := open(t, file(t, "id,time,kwh\na,2019-01-01 05:30,1\na,2019-01-01 06:00,2\n"), Options{Zone: "Asia/Kolkata"})
	require.Equal(t, []string{"a 0101T00 3"}, listed(t, halves))
}

// Any run of half hours over a clock change, written as local time, comes back
// as the same instants, forwards and backwards.
func TestLocalTimesComeBack(t *testing.T) {
	changes := map[string][]string{
		"Europe/London":       {"2019-03-31T01:00:00Z", "2019-10-27T01:00:00Z"},
		"America/New_York":    {"2019-03-10T07:00:00Z", "2019-11-03T06:00:00Z"},
		"Australia/Lord_Howe": {"2019-04-06T15:00:00Z", "2019-10-05T15:30:00Z"},
		"Australia/Adelaide":  {"2019-04-06T16:30:00Z", "2019-10-05T16:30:00Z"},
		"Africa/Casablanca":   {"2019-05-05T02:00:00Z", "2019-06-09T02:00:00Z"},
		"Asia/Kolkata":        {"2019-05-05T02:00:00Z"},
	}
	var zones []string
	for z := range changes {
		zones = append(zones, z)
	}
	slices.Sort(zones)
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		change, err := time.Parse(time.RFC3339, rapid.SampledFrom(changes[zone]).Draw(t, "change"))
		require.NoError(t, err)
		first := change.Unix()/60 - int64(rapid.IntRange(3, 40).Draw(t, "before"))*30
		var want []int64
		for n := range rapid.IntRange(90, 120).Draw(t, "count") {
			want = append(want, first+int64(n)*30)
		}
		if rapid.Bool().Draw(t, "backwards") {
			slices.Reverse(want)
		}
		clock, o := localClock{loc: loc}, order{}
		for _, minute := range want {
			local := time.Unix(minute*60, 0).In(loc)
			wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), 0, 0, time.UTC).Unix() / 60
			got, err := clock.resolve(wall, &o)
			require.NoError(t, err)
			require.Equal(t, minute, got)
			o.note(got)
		}
	})
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

		"2019-02-29 00:00": errNoDay.Error(), "2019-13-01 00:00": errNoDay.Error(), "2019-01-01 25:00": errBadTime.Error(), "2019-01-01 10:60": errBadTime.Error(),
		"2019-01-01": "2019-01-01T00:00Z dated", "01/02/2019 00:00": errBadTime.Error(), "2019-01-01 00:00:01": "2019-01-01T00:00Z +1s", "2019-01-01 00:00:00.5": "2019-01-01T00:00Z",
		"2019-01-01T00:00:00X": errBadTime.Error(), "2019-01-01T00:00:00+99": errBadTime.Error(), "2019-01-01X00:00": errBadTime.Error(), "": errNoTime.Error(),
		"1546300801": "2019-01-01T00:00Z zoned +1s", "2101-01-01 00:00": errYear.Error(), "2019-01-01 24:30": errBadTime.Error(), "2019-01-01T00:00:0": errBadTime.Error(),
	} {
		var r stampReader
		s, err := r.read([]byte(text))
		got := time.Unix(s.wall*60, 0).UTC().Format("2006-01-02T15:04Z")
		if s.zoned {
			got += " zoned"
		}
		if s.dated {
			got += " dated"
		}
		if s.second != 0 {
			got += fmt.Sprintf(" +%ds", s.second)
		}
		if err != nil {
			got = err.Error()
		}
		require.Equal(t, want, got, "%q", text)
	}
}
