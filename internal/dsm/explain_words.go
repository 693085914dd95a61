package dsm

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/energytwin/energytwin/internal/meter"
)

func known(v float32) bool { return !math.IsNaN(float64(v)) }

// significant writes a number with three significant digits and no exponent.
func significant(v float32) string {
	f := float64(v)
	if math.IsNaN(f) {
		return "an unknown number of"
	}
	if f == 0 {
		return "0"
	}
	decimals := 2 - int(math.Floor(math.Log10(math.Abs(f))))
	decimals = min(max(decimals, 0), 6)
	s := strconv.FormatFloat(f, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

func kilowatts(v float32) string     { return significant(v) + " kW" }
func kilowattHours(v float32) string { return significant(v) + " kWh" }

func meters(n float32) string {
	if n == 1 {
		return "one meter"
	}
	return significant(n) + " meters"
}

func percent(share float32) string {
	p := float64(share) * 100
	if p > 0 && p < 1 {
		return "under 1 %"
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + " %"
}

func (x *explainer) amount(v float32) string {
	return money(float64(v), x.currency, leastDecimals)
}

// price is a price per kWh, or a difference of prices.
func (x *explainer) price(v float32) string { return x.unitPrice(v) + " per kWh" }

func (x *explainer) unitPrice(v float32) string {
	return money(float64(v), x.currency, priceDecimals)
}

func (x *explainer) date(h meter.Hour) string { return x.cal.Local(h).Format("Monday 2 January 2006") }

// clock is a time of the plan's day; on a day on which clocks change it names
// the zone.
func (x *explainer) clock(h meter.Hour) string { return x.cal.Local(h).Format(x.clockLayout()) }

func (x *explainer) clockLayout() string {
	if _, steady := x.ahead(); steady {
		return plainClock
	}
	return "15:04 MST"
}

// ahead is how many seconds local clocks are ahead of UTC in the plan's day. It is not
// steady on a day on which clocks change.
func (x *explainer) ahead() (seconds int, steady bool) {
	_, first := x.cal.Local(x.ValidFrom).Zone()
	_, last := x.cal.Local(x.ValidTo).Zone()
	return first, first == last
}

const (
	plainClock    = "15:04"
	mostNamed     = 4    // windows in one phrase
	visibleOfMost = 0.02 // a change below this share of the greatest one is not named
)

// timeWindow is a run of slots in which the plan has one sign.
type timeWindow struct{ from, to meter.Hour }

// noTime stands for the times of a plan that has none.
const noTime = "no time"

// times names the times in which a plan takes load away (sign −1) or adds load (+1),
// such as "16:00–19:00".
func (x *explainer) times(plan []float32, sign float32) string {
	runs := x.runs(plan, sign)
	if len(runs) == 0 {
		return noTime
	}
	names := make([]string, 0, mostNamed+1)
	for _, w := range runs[:min(len(runs), mostNamed)] {
		names = append(names, x.windowName(w))
	}
	switch more := len(runs) - len(names); {
	case more == 1:
		names = append(names, "one more time")
	case more > 1:
		names = append(names, fmt.Sprintf("%d more times", more))
	}
	return listed(names)
}

// listed joins the names of times: a, b and c. A plan that is too small for any number has
// none.
func listed(names []string) string {
	switch len(names) {
	case 0:
		return noTime
	case 1:
		return names[0]
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// energy is what a plan changes in a window, kWh.
func (x *explainer) energy(plan []float32, w timeWindow) (sum float32) {
	for h := w.from; h < w.to; h++ {
		sum += max(plan[h-x.ValidFrom], -plan[h-x.ValidFrom])
	}
	return sum
}

func (x *explainer) runs(plan []float32, sign float32) []timeWindow {
	most := float32(0)
	for _, c := range plan {
		most = max(most, sign*c)
	}
	var runs []timeWindow
	for t, c := range plan {
		if sign*c <= visibleOfMost*most {
			continue
		}
		h := x.ValidFrom + meter.Hour(t)
		if n := len(runs); n > 0 && runs[n-1].to == h {
			runs[n-1].to = h + 1
			continue
		}
		runs = append(runs, timeWindow{h, h + 1})
	}
	return runs
}

// windowName is "16:00–19:00" in local time; after midnight the words show it.
func (x *explainer) windowName(w timeWindow) string {
	if ahead, steady := x.ahead(); steady {
		return steadyWindowName(localTime(x.ValidFrom, ahead), localTime(w.from, ahead), localTime(w.to, ahead))
	}
	layout := x.clockLayout()
	name := x.cal.Local(w.from).Format(layout) + "–" + x.cal.Local(w.to).Format(layout)
	if x.cal.Local(w.from).YearDay() != x.cal.Local(x.ValidFrom).YearDay() {
		name += " the next day"
	}
	return name
}

// timeOfDay is a day, counted from any one on, and the minute of it.
type timeOfDay struct{ day, minute int }

// localTime is what clocks show that are so many seconds ahead of UTC. It is what a list
// of decisions asks for most: [time.Time.Format] takes ten times as long.
func localTime(h meter.Hour, ahead int) timeOfDay {
	const secondsPerDay = meter.HoursPerDay * 60 * 60
	local := int(h.Unix()) + ahead
	second := (local%secondsPerDay + secondsPerDay) % secondsPerDay // also of hours before 1970
	return timeOfDay{day: (local - second) / secondsPerDay, minute: second / 60}
}

// steadyWindowName names a window of a plan that begins on the day of first, while clocks
// do not change.
func steadyWindowName(first, from, to timeOfDay) string {
	if to.minute == 0 && to.day > from.day {
		to.minute = meter.HoursPerDay * 60
	}
	name := make([]byte, 0, len("16:00–19:00 the next day"))
	name = append(appendClock(name, from.minute), "–"...)
	name = appendClock(name, to.minute)
	if from.day != first.day {
		name = append(name, " the next day"...)
	}
	return string(name)
}

// appendClock appends a minute of a day as a clock shows it, the last one as 24:00.
func appendClock(dst []byte, minute int) []byte {
	hour, minute := minute/60, minute%60
	return append(dst, '0'+byte(hour/10), '0'+byte(hour%10), ':', '0'+byte(minute/10), '0'+byte(minute%10))
}
