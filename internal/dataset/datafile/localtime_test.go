package datafile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
)

func TestClocksGoForward(t *testing.T) {
	s := openFile(t, file(t, "id,time,kwh\na,2019-03-31 00:00,1\na,2019-03-31 01:00,2\na,2019-03-31 02:00,3\na,2019-03-31 03:00,4\n"), Options{Zone: "Europe/London"})
	require.Equal(t, []string{"a 0331T00 1", "a 0331T01 3", "a 0331T02 4"}, listed(t, s))
	require.Equal(t, []dataset.BadRow{{Line: 3, Column: "time", Reason: "the local time does not exist: clocks were set forward over it", Raw: "a,2019-03-31 01:00,2"}}, s.Info().BadRows)
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
		s := openFile(t, file(t, text), Options{Layout: &layout.Document{Time: &layout.Time{Zone: "Europe/London"}}})
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
			s := openFile(t, file(t, "id,time,kwh\n"+strings.Join(rows, "\n")+"\n"),
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
	spring := openFile(t, file(t, "\"\";\"MT_001\"\n"+day("2012-03-25", func(h int) string {
		if h == 1 {
			return "0"
		}
		return "2,5"
	})), Options{})
	require.EqualValues(t, 23, spring.Info().Rows)
	require.EqualValues(t, 4, spring.Info().Missing)
	require.Zero(t, spring.Info().Quarantined)

	autumn := openFile(t, file(t, "\"\";\"MT_001\"\n"+day("2012-10-28", func(h int) string {
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
	s := openFile(t, file(t, "id,time,kwh\na,2019-01-01 05:00,2\na,2019-01-01 06:00,4\na,2019-01-01 07:00,8\n"), Options{Zone: "Asia/Kolkata"})
	require.Equal(t, []string{"a 0101T00 3", "a 0101T01 6"}, listed(t, s))
	require.EqualValues(t, 2, s.Info().Incomplete)

	gap := openFile(t, file(t, "id,time,kwh\na,2019-01-01 05:00,2\na,2019-01-01 09:00,4\na,2019-01-01 10:00,4\n"), Options{Zone: "Asia/Kolkata"})
	require.Equal(t, []string{"a 0101T04 4"}, listed(t, gap), "halves of hours before a gap do not meet those after it")
	require.EqualValues(t, 4, gap.Info().Incomplete)

	halves := openFile(t, file(t, "id,time,kwh\na,2019-01-01 05:30,1\na,2019-01-01 06:00,2\n"), Options{Zone: "Asia/Kolkata"})
	require.Equal(t, []string{"a 0101T00 3"}, listed(t, halves))
}
