package dsm

import (
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// session is a stay of a car, as far as a plan has to charge it.
type session struct {
	from, to int     // slots of the plan, to exclusive
	energy   float64 // kWh to be charged in the plan
}

// sessions lists the stays that reach into the plan from issued on, in order of
// time. A plan charges a car that leaves within it in full, less what the plan
// before had to charge because the hours after it would not do; of a car that
// stays longer it charges only that rest.
func (e *EV) sessions(loc *time.Location, issued meter.Hour, n int, out *[maxSessions]session) int {
	arrival, departure := clock(e.Arrival), clock(e.Departure)
	y, m, d := issued.Time().In(loc).Date()
	count := 0
	for i := -1; i < maxSessions-1; i++ {
		day := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC) // a date: loc may skip its midnight
		if !applies(e.Days, day.Weekday()) {
			continue
		}
		nights := 0
		if departure <= arrival {
			nights = 1
		}
		from := int(meter.ClockHour(y, m, d+i, 0, arrival/60, loc) - issued)
		to := int(meter.HourOf(wallClock(y, m, d+i+nights, departure, loc)) - issued)
		s := session{from: max(from, 0), to: min(to, n), energy: e.EnergyKWh}
		if s.from >= s.to {
			continue
		}
		if to > n {
			s.energy = max(e.EnergyKWh-e.PowerKW*float64(to-n), 0)
		} else if from < 0 {
			s.energy = min(e.EnergyKWh, e.PowerKW*float64(to))
		}
		if s.energy > 0 {
			out[count] = s
			count++
		}
	}
	return count
}

// maxSessions is the most stays that can reach into a plan: of the day before,
// its own two local days and the day after.
const maxSessions = 4

func wallClock(y int, m time.Month, d, second int, loc *time.Location) time.Time {
	return time.Date(y, m, d, second/secondsPerHour, second/60%60, 0, 0, loc)
}
