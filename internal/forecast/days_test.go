package forecast

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

func daysOf(t testing.TB, zone, at string) *days {
	t.Helper()
	cal, err := meter.NewCalendar(zone)
	require.NoError(t, err)
	local, err := time.ParseInLocation("2006-01-02 15:04", at, cal.Location())
	require.NoError(t, err)
	issueAt := meter.IssueTime{Hour: local.Hour(), Minute: local.Minute()}
	return newDays(cal, issueAt, holidaysOf(zone), nil, meter.CeilHour(local))
}

func TestDaysKnowWhenClocksChange(t *testing.T) {
	d := daysOf(t, "Europe/London", "2019-03-31 00:00")
	require.Equal(t, 23, d.at(0).hours)
	require.True(t, d.even, "the past has 24 hours a day")

	d = daysOf(t, "Europe/London", "2019-04-02 00:00")
	require.Equal(t, []int{24, 24, 23, 24}, []int{d.at(0).hours, d.at(1).hours, d.at(2).hours, d.at(3).hours})
	require.False(t, d.even)

	d = daysOf(t, "Europe/London", "2019-10-27 00:00")
	require.Equal(t, 25, d.at(0).hours)
}

// Where clocks skip the issue's midnight, that day is an hour shorter, and the days
// around it begin at midnight all the same.
func TestDaysAroundASkippedMidnight(t *testing.T) {
	cal, err := meter.NewCalendar("America/Sao_Paulo")
	require.NoError(t, err)
	midnight := meter.IssueTime{}
	issue := cal.NextIssue(meter.CeilHour(time.Date(2018, 11, 3, 12, 0, 0, 0, time.UTC)), midnight)
	require.Equal(t, "2018-11-04T01:00:00-02:00", cal.Local(issue).Format(time.RFC3339))
	d := newDays(cal, midnight, holidaysOf("America/Sao_Paulo"), nil, issue)
	require.Equal(t, []int{23, 24, 24}, []int{d.at(0).hours, d.at(1).hours, d.at(2).hours})
	require.Equal(t, time.Sunday, d.typeOf(0, 0).weekday)
	require.Equal(t, 1, d.column(cal, 0, 0), "01:00 has its own column")
	require.Equal(t, 23, d.column(cal, 0, 22))

	next := cal.NextIssue(issue, midnight)
	require.Equal(t, "2018-11-05T00:00:00-02:00", cal.Local(next).Format(time.RFC3339))
	d = newDays(cal, midnight, holidaysOf("America/Sao_Paulo"), nil, next)
	require.Equal(t, []int{24, 23, 24}, []int{d.at(0).hours, d.at(1).hours, d.at(2).hours})
	require.Equal(t, 1, d.column(cal, 1, 0))
}

// TestColumnsFollowTheClock: on a day on which clocks change, an hour has the
// column of the same hour by the clock on other days.
func TestColumnsFollowTheClock(t *testing.T) {
	cal, err := meter.NewCalendar("Europe/London")
	require.NoError(t, err)
	columns := func(at string) (out []int) {
		d := daysOf(t, "Europe/London", at)
		for i := range d.at(0).hours {
			out = append(out, d.column(cal, 0, i))
		}
		return out
	}
	require.Equal(t, []int{0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23}, columns("2019-03-31 00:00"))
	require.Equal(t, []int{0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23}, columns("2019-10-27 00:00"))
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23}, columns("2019-10-26 16:00"))
}

// TestGridReadsByTheClock: a load that hangs on the local hour alone is the
// same in every row, across both changes of the clocks.
func TestGridReadsByTheClock(t *testing.T) {
	cal, err := meter.NewCalendar("Europe/London")
	require.NoError(t, err)
	for _, at := range []string{"2019-04-20 00:00", "2019-11-10 00:00", "2019-07-01 00:00"} {
		d := daysOf(t, "Europe/London", at)
		w := window.New(HoursNeeded)
		for h := d.at(pastDays).start; h < d.issue; h++ {
			w.Put(h, float32(cal.Local(h).Hour())+1)
		}
		var g grid
		require.True(t, g.read(w, cal, d), at)
		for j := 1; j <= pastDays; j++ {
			for k, v := range g.row(j) {
				require.Equal(t, float32(k+1), v, "%s, day %d, column %d", at, j, k)
			}
		}
	}
}

func TestHolidaysCountAsSundays(t *testing.T) {
	d := daysOf(t, "Europe/London", "2019-04-23 00:00") // the Tuesday after Easter
	require.Equal(t, working, d.typeOf(0, 0).kind)
	require.True(t, d.typeOf(1, 0).holiday, "Easter Monday")
	require.True(t, d.typeOf(4, 0).holiday, "Good Friday")
	require.Equal(t, time.Sunday, d.typeOf(1, 0).weekday)
	require.Equal(t, []int{7, 14, 21, 28}, d.comparedWith(dayAhead).like[0])
	require.Equal(t, []int{5, 6, 7, 8, 11}, d.comparedWith(dayAhead).sameType[0], "working days, the holidays passed over")

	d = daysOf(t, "Europe/London", "2019-04-22 00:00") // Easter Monday itself
	require.Equal(t, []int{1, 3, 8, 15}, d.comparedWith(dayAhead).like[0], "Sundays and Good Friday")

	d = daysOf(t, "Europe/London", "2019-12-27 00:00")
	require.True(t, d.typeOf(0, 0).bridge)
	require.False(t, daysOf(t, "UTC", "2019-04-22 00:00").typeOf(0, 0).holiday, "a zone without a country has no holidays")
}

// TestPartsOfADayHaveTypesOfTheirOwn: from a Friday's noon on, the hours before midnight
// are compared with Fridays and those after it with Saturdays.
func TestPartsOfADayHaveTypesOfTheirOwn(t *testing.T) {
	d := daysOf(t, "Europe/London", "2019-04-26 12:00")
	require.Equal(t, 12, d.split)
	require.Equal(t, []int{0, 0, 1, 1}, []int{d.partOf(0), d.partOf(11), d.partOf(12), d.partOf(23)})
	require.Equal(t, []time.Weekday{time.Friday, time.Saturday}, []time.Weekday{d.typeOf(0, 0).weekday, d.typeOf(0, 1).weekday})
	ahead, second := d.comparedWith(dayAhead), d.comparedWith(secondDay)
	require.Equal(t, []int{14, 21, 28, 35}, ahead.like[0], "Good Friday counts as a Sunday")
	require.Equal(t, []int{7, 14, 21, 28}, ahead.like[1])
	require.Equal(t, []int{1, 2, 3, 8, 9}, ahead.sameType[0], "the holidays passed over")
	require.Equal(t, []int{6, 13, 20, 27}, second.like[0], "Saturdays")
	require.Equal(t, []int{5, 6, 8, 13}, second.like[1], "Sundays, Easter Monday and Good Friday")
}

func TestNationalHolidays(t *testing.T) {
	for zone, date := range map[string]string{
		"Europe/Berlin": "2024-10-03", "Europe/Paris": "2024-07-14", "America/New_York": "2024-07-04",
		"Australia/Melbourne": "2024-01-26", "Europe/London": "2022-06-03", "Asia/Tokyo": "2024-02-12",
	} {
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		at, err := time.ParseInLocation(time.DateOnly, date, loc)
		require.NoError(t, err)
		require.True(t, holidaysOf(zone).on(at.Add(12*time.Hour)), "%s %s", zone, date)
		require.False(t, holidaysOf(zone).on(at.AddDate(0, 0, 40)), "%s, 40 days later", zone)
	}
}
