package dsm

import (
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// localWindow is a window of local time on certain days, such as the stay of a car.
type localWindow struct {
	start, end int    // seconds of the local day; an end that is not after the start is on the next day
	days       string // All | Weekdays | Weekends: on which it starts
}

// slotSpan is the whole hours of a window as slots of a plan, to exclusive. Slots before
// the plan are below 0.
type slotSpan struct{ from, to int }

// maxWindows is the most windows that can reach into a plan: of the day before, its
// own two local days and the day after.
const maxWindows = 4

// reaching lists the windows that have a slot of the plan of n slots from first on,
// in order of time.
func (w localWindow) reaching(loc *time.Location, first meter.Hour, n int) (out [maxWindows]slotSpan, count int) {
	y, m, d := first.Time().In(loc).Date()
	nights := 0
	if w.end <= w.start {
		nights = 1
	}
	for i := -1; i < maxWindows-1; i++ {
		day := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC) // a date: loc may skip its midnight
		if !applies(w.days, day.Weekday()) {
			continue
		}
		s := slotSpan{
			from: int(meter.ClockHour(y, m, d+i, 0, w.start/60, loc) - first),
			to:   int(meter.HourOf(wallClock(y, m, d+i+nights, w.end, loc)) - first),
		}
		if max(s.from, 0) < min(s.to, n) {
			out[count] = s
			count++
		}
	}
	return out, count
}

func wallClock(y int, m time.Month, d, second int, loc *time.Location) time.Time {
	return time.Date(y, m, d, second/secondsPerHour, second/60%60, 0, 0, loc)
}
