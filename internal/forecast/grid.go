package forecast

import (
	"math"
	"math/bits"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

const gridHours = pastDays * hoursADay

// scaleDays is how many days the level and the scale of a load are taken from.
const scaleDays = 28

// Least readings that a forecast rests on.
const (
	leastKnown  = 24  // hours in the window that have a reading
	silentHours = 336 // without any reading in as many hours there is no forecast
)

// grid is the past of one meter in local time: a row for each day, a column for
// each hour of it, so that an hour is compared with the same hour by the clock.
// Gaps are filled, so that every feature has a value, and marked, so that
// nothing is learned from them.
type grid struct {
	y     [gridHours]float32   // kWh, oldest day first
	known [pastDays + 1]uint32 // known[j] has bit k set if day j has a reading in column k
	whole bool                 // no gap at all
	days  int                  // from the oldest day with a reading to the newest day of all

	level float32 // mean of |y| of the last four weeks
	scale float32 // mean of |y − a week before| of the last four weeks; > 0
	least float32 // of all known values
}

const allColumns = 1<<hoursADay - 1

// row is day j, j = 1 being the newest.
func (g *grid) row(j int) *[hoursADay]float32 {
	return (*[hoursADay]float32)(g.y[(pastDays-j)*hoursADay:])
}

// read fills the grid from the hours before d.issue. It returns false if there
// is too little to forecast from.
func (g *grid) read(w *window.Window, cal *meter.Calendar, d *days) bool {
	if w.Newest() == meter.NoHour {
		return false
	}
	if d.even {
		w.Copy(g.y[:], d.at(pastDays).start)
	} else {
		g.readUneven(w, cal, d)
	}
	known := g.mark()
	if known < leastKnown || g.silent() {
		return false
	}
	if !g.whole {
		g.fill()
	}
	g.measure()
	return true
}

// readUneven reads where clocks changed. Of an hour that comes twice the second
// counts, so that the day's last hours follow on each other.
func (g *grid) readUneven(w *window.Window, cal *meter.Calendar, d *days) {
	for j := pastDays; j >= 1; j-- {
		row := g.row(j)
		if d.at(j).hours == hoursADay {
			w.Copy(row[:], d.at(j).start)
			continue
		}
		for k := range row {
			row[k] = nan()
		}
		for i := range d.at(j).hours {
			if v := w.At(d.at(j).start + meter.Hour(i)); v == v {
				row[d.column(cal, j, i)] = v
			}
		}
	}
}

// mark finds the gaps and returns the number of hours that are none.
func (g *grid) mark() int {
	if hasVectors {
		g.least = markRows(&g.y, &g.known)
	} else {
		g.markPlain()
	}
	g.days = 0
	total := 0
	for j := pastDays; j >= 1; j-- {
		known := g.known[j]
		total += bits.OnesCount32(known)
		if known != 0 && g.days == 0 {
			g.days = j
		}
	}
	g.whole = total == gridHours
	return total
}

// markPlain finds what is known of each day, and the least value.
func (g *grid) markPlain() {
	g.least = float32(math.Inf(1))
	for j := pastDays; j >= 1; j-- {
		known := uint32(allColumns)
		for k, v := range g.row(j) {
			if v != v {
				known &^= 1 << k
			} else if v < g.least {
				g.least = v
			}
		}
		g.known[j] = known
	}
}

func (g *grid) silent() bool {
	for j := 1; j <= silentHours/hoursADay; j++ {
		if g.known[j] != 0 {
			return false
		}
	}
	return true
}

// fill gives gaps the value of a week before, else of the day before, else of
// the hour before; before the first reading, from what follows.
func (g *grid) fill() {
	first := (pastDays - g.days) * hoursADay
	for j := g.days; j >= 1; j-- {
		for gaps := allColumns &^ g.known[j]; gaps != 0; gaps &= gaps - 1 {
			i := (pastDays-j)*hoursADay + bits.TrailingZeros32(gaps)
			for _, lag := range [...]int{meter.HoursPerWeek, hoursADay, 1} {
				if i-lag >= first && g.y[i-lag] == g.y[i-lag] {
					g.y[i] = g.y[i-lag]
					break
				}
			}
		}
	}
	for j := 1; j <= pastDays; j++ {
		for gaps := allColumns &^ g.known[j]; gaps != 0; {
			k := bits.Len32(gaps) - 1
			gaps &^= 1 << k
			i := (pastDays-j)*hoursADay + k
			if g.y[i] == g.y[i] {
				continue
			}
			for _, lead := range [...]int{meter.HoursPerWeek, hoursADay, 1} {
				if i+lead < gridHours && g.y[i+lead] == g.y[i+lead] {
					g.y[i] = g.y[i+lead]
					break
				}
			}
		}
	}
}

// measure finds level and scale. Where the past holds no two weeks to compare,
// the scale is a share of the level.
func (g *grid) measure() {
	var sums [2]float32 // of |y|, and of |y − a week before|
	n := 0
	for j := scaleDays; j >= 1; {
		if days := g.comparable(j); days > 0 {
			g.addLevelsAndChanges(j, days, &sums)
			n += days * hoursADay
			j -= days
			continue
		}
		row, before := g.row(j), g.row(j+7)
		both := g.known[j] & g.known[j+7]
		for k, v := range row {
			sums[0] += abs(v)
			if both&(1<<k) != 0 {
				sums[1] += abs(v - before[k])
				n++
			}
		}
		j--
	}
	level, change := sums[0], sums[1]
	const usualChange, leastChange = 0.25, 1e-3 // as shares of the level
	g.level = level / (scaleDays * hoursADay)
	g.scale = usualChange * g.level
	if n >= hoursADay {
		g.scale = max(change/float32(n), leastChange*g.level)
	}
	const tiny = 1e-9 // kWh; a load of zeros
	g.level, g.scale = max(g.level, tiny), max(g.scale, tiny)
}

// comparable is how many days from day j on are known as a whole, and were a week before.
func (g *grid) comparable(j int) int {
	days := 0
	for ; j > days && g.known[j-days]&g.known[j-days+7] == allColumns; days++ {
	}
	return days
}

// addLevelsAndChanges adds the levels and the changes of some days from day j on.
func (g *grid) addLevelsAndChanges(j, days int, sums *[2]float32) {
	if hasVectors {
		addLevelsAndChanges(g.row(j), days, sums)
		return
	}
	for i := range days {
		level, change := levelAndChange(g.row(j-i), g.row(j-i+7))
		sums[0] += level
		sums[1] += change
	}
}

// levelAndChange sums |y| and |y − before| of a day, in four sums each so that
// one addition need not wait for the other.
func levelAndChange(y, before *[hoursADay]float32) (level, change float32) {
	var l0, l1, l2, l3, c0, c1, c2, c3 float32
	for k := 0; k < hoursADay; k += 4 {
		l0, c0 = l0+abs(y[k]), c0+abs(y[k]-before[k])
		l1, c1 = l1+abs(y[k+1]), c1+abs(y[k+1]-before[k+1])
		l2, c2 = l2+abs(y[k+2]), c2+abs(y[k+2]-before[k+2])
		l3, c3 = l3+abs(y[k+3]), c3+abs(y[k+3]-before[k+3])
	}
	return (l0 + l1) + (l2 + l3), (c0 + c1) + (c2 + c3)
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }
func nan() float32          { return float32(math.NaN()) }
