package hourly

import (
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/wallclock"
	"github.com/energytwin/energytwin/internal/meter"
)

// hourly turns sorted readings of any interval into hourly rows, one hour
// after the other. A reading that lies over the end of an hour is divided in
// proportion to time. An hour counts only if all of its minutes are covered
// once.
type hourly struct {
	start, end meter.Hour // the window
	series     []series
	info       *dataset.Info
	emit       func(meter.Hour, []dataset.Row) error

	hour    meter.Hour    // being filled
	rows    []dataset.Row // of hour: readings that are whole hours
	now     []hourSum     // by series: the sums of hour
	then    []hourSum     // by series: the sums of hour+1
	nowSet  []int32       // series that have a sum
	thenSet []int32

	nets       *nets     // nil if each meter has one series
	counters   *counters // nil if no series is of a counter
	estimated  int64     // hours at the ends of counters that were completed
	repeats    repeats
	nights     nights
	pending    entry // waits for a repetition that replaces it
	hasPending bool
}

// hourSum gathers the energy of one series in one hour.
type hourSum struct {
	kWh     float64
	covered uint64 // bit n is minute n; bits 62 and 63 mark what voids the hour
}

const (
	wholeHour   = 1<<60 - 1
	unknown     = 1 << 62 // a value is missing
	overlapping = 1 << 63 // minutes are covered twice
)

func newHourly(in *Intake, c *counters, start, end meter.Hour, emit func(meter.Hour, []dataset.Row) error) *hourly {
	h := &hourly{
		start: start, end: end, series: in.series, info: in.Info, emit: emit, hour: meter.NoHour,
		now: make([]hourSum, len(in.series)), then: make([]hourSum, len(in.series)), counters: c,
		nights: nights{zone: in.clock.Zone},
	}
	if in.Several {
		h.nets = newNets(in)
	}
	return h
}

// add takes the next reading. Of readings that repeat within an hour the
// last one counts; rows that repeat a whole hour all go out, for the reader
// of the stream to see a correction as such.
func (h *hourly) add(e entry) error {
	if h.hasPending && e.order() == h.pending.order() {
		if !h.series[e.meter()].counter {
			h.repeats.add(h.pending.value, e.value)
			if h.pending.value != e.value {
				h.nights.add(e.minute(), e.length())
			}
		}
		if !h.direct(e) && !h.direct(h.pending) {
			h.info.Duplicates++
			h.pending = e
			return nil
		}
	} else {
		h.repeats.intervals++
	}
	if err := h.release(); err != nil {
		return err
	}
	h.pending, h.hasPending = e, true
	return nil
}

// finish puts out what is left.
func (h *hourly) finish() error {
	if err := h.release(); err != nil {
		return err
	}
	if err := h.flush(); err != nil {
		return err
	}
	h.now, h.then, h.nowSet, h.thenSet = h.then, h.now, h.thenSet, h.nowSet
	h.hour++
	return h.flush()
}

// direct is true of a reading of a whole hour of a meter with one series.
func (h *hourly) direct(e entry) bool {
	return e.length() == 60 && e.minute()%60 == 0 && h.nets == nil && !h.series[e.meter()].counter
}

func (h *hourly) release() error {
	if !h.hasPending {
		return nil
	}
	e := h.pending
	h.hasPending = false
	if err := h.moveTo(meter.Hour(wallclock.FloorDiv(e.minute(), 60))); err != nil {
		return err
	}
	s := &h.series[e.meter()]
	if s.counter {
		if before, kWh, ok := h.counters.step(e); ok {
			h.divide(e.meter(), before, int(e.minute()+counterLength-before), kWh)
			h.completeEnds(e, before, kWh)
		} else {
			h.info.Resets = h.counters.resets
		}
		return nil
	}
	if h.hour >= h.end || e.minute()+int64(e.length()) <= h.start.Unix()/60 {
		h.info.Trimmed++
		return nil
	}
	if h.direct(e) {
		if n := len(h.rows); n > 0 && h.rows[n-1].Meter == s.meter {
			h.info.Duplicates++
		}
		h.rows = append(h.rows, dataset.Row{Meter: s.meter, Hour: h.hour, KWh: float32(e.value)})
		return nil
	}
	h.divide(e.meter(), e.minute(), e.length(), e.value)
	return nil
}

// divide shares a reading of at most an hour between the hours it lies in.
func (h *hourly) divide(s int32, start int64, minutes int, kWh float64) {
	for start < (h.hour.Unix()/60)+120 && minutes > 0 {
		hour := meter.Hour(wallclock.FloorDiv(start, 60))
		offset := int(wallclock.FloorMod(start, 60))
		n := min(minutes, 60-offset)
		share := kWh * float64(n) / float64(minutes)
		if hour == h.hour {
			h.nowSet = h.now[s].put(h.nowSet, s, offset, n, share)
		} else {
			h.thenSet = h.then[s].put(h.thenSet, s, offset, n, share)
		}
		start, minutes, kWh = start+int64(n), minutes-n, kWh-share
	}
}

func (p *hourSum) put(set []int32, s int32, offset, minutes int, kWh float64) []int32 {
	if p.covered == 0 {
		set = append(set, s)
	}
	if math.IsNaN(kWh) {
		p.covered |= unknown
		return set
	}
	mask := uint64(1<<minutes-1) << offset
	if p.covered&mask != 0 {
		p.covered |= overlapping
	}
	p.covered |= mask
	p.kWh += kWh
	return set
}

// moveTo puts out the hours before hour.
func (h *hourly) moveTo(hour meter.Hour) error {
	if h.hour == meter.NoHour {
		h.hour = hour
	}
	for moved := 0; h.hour < hour; moved++ {
		if moved == 2 { // nothing is kept beyond the next hour
			h.hour = hour
			return nil
		}
		if err := h.flush(); err != nil {
			return err
		}
		h.now, h.then, h.nowSet, h.thenSet = h.then, h.now, h.thenSet, h.nowSet
		h.hour++
	}
	return nil
}

// flush puts out the rows of the hour.
func (h *hourly) flush() error {
	whole := len(h.rows)
	outside := h.hour < h.start || h.hour >= h.end
	for _, s := range h.nowSet {
		p := h.now[s]
		h.now[s] = hourSum{}
		switch {
		case outside:
		case h.nets != nil:
			h.nets.add(s, p)
		default:
			h.row(h.series[s].meter, p)
		}
	}
	h.nowSet = h.nowSet[:0]
	if h.nets != nil {
		h.nets.each(h.hour, h.row)
	}
	if len(h.rows) == 0 {
		return nil
	}
	if len(h.rows) > whole {
		sortByMeter(h.rows)
	}
	err := h.emit(h.hour, h.rows)
	h.rows = h.rows[:0]
	return err
}

// row takes the sum of an hour's readings if they are all there.
func (h *hourly) row(m int32, p hourSum) {
	switch {
	case p.covered&overlapping != 0:
		h.info.Overlaps++
	case p.covered&unknown != 0, bits.OnesCount64(p.covered) != 60:
		h.info.Incomplete++
	default:
		h.rows = append(h.rows, dataset.Row{Meter: m, Hour: h.hour, KWh: float32(p.kWh)})
	}
}

// nights counts the minutes that come twice with other values by whether they lie in
// a night in which clocks may go back.
type nights struct {
	zone             *time.Location // that times are read in
	first            int64          // UTC minute of the first such one
	minutes, outside int64
}

// add takes an interval that comes twice.
func (n *nights) add(minute int64, length int) {
	at := time.Unix(minute*60, 0).In(n.zone)
	// Clocks go back on the first Sunday of April or November, or the last of October.
	sunday := at.Weekday() == time.Sunday && at.Hour() < 4 &&
		(at.Day() <= 7 && (at.Month() == time.April || at.Month() == time.November) || at.Month() == time.October && at.Day() > 24)
	if !sunday {
		n.outside++
		return
	}
	if n.minutes == 0 {
		n.first = minute
	}
	n.minutes += int64(length)
}

// goBack is true if all that comes twice does so in such nights, for an hour or more.
func (n *nights) goBack() bool { return n.outside == 0 && n.minutes >= 60 }

// repeats measures the readings that come more than once for their interval. A
// later one is a correction, unless most intervals come twice with values that have
// nothing to do with each other: then they are of several channels.
type repeats struct {
	intervals int64
	changed   int64
	values    dataset.Correlation
}

func (r *repeats) add(before, now float64) {
	if before != now && !math.IsNaN(before) && !math.IsNaN(now) {
		r.changed++
		r.values.Add(before, now)
	}
}

const (
	leastRepeats   = 24   // changed values that are evidence
	repeatedShare  = 0.25 // of all intervals
	likeCorrection = 0.9  // correlation of a value and its correction
)

// unlike is true if the repeated values are no corrections.
func (r *repeats) unlike() bool {
	if r.changed < leastRepeats || float64(r.changed) < repeatedShare*float64(r.intervals) {
		return false
	}
	c := r.values.Value()
	return math.IsNaN(c) || c < likeCorrection
}

func sortByMeter(rows []dataset.Row) {
	slices.SortStableFunc(rows, func(a, b dataset.Row) int { return int(a.Meter) - int(b.Meter) })
}
