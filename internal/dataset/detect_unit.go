package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// findInterval settles the interval, and how far times may be from their place.
func (d *detective) findInterval() error {
	t := d.time()
	d.steps = d.measureSteps()
	if d.doc.DayColumns != nil {
		return d.dayInterval()
	}
	step, times, total := d.steps.usual()
	if t.Interval != "" {
		d.note("time.interval", t.Interval, Stated, d.from(d.set.Time != nil && d.set.Time.Interval != ""))
		if total < 3 || times*10 < total*9 || d.doc.Reading == layout.Counter {
			return nil
		}
		if minutes, err := t.IntervalMinutes(); err == nil && step%60 == 0 && wholePart(time.Duration(step)*time.Second) && int(step/60) != minutes {
			if d.shipped != "" {
				return errOtherInterval
			}
			return d.doubt("time.interval", true, []string{shortDuration(step)},
				"times of a meter are mostly %s apart (%d of %d), and the layout says %s", shortDuration(step), times, total, t.Interval)
		}
		return nil
	}
	if total == 0 {
		if d.allDates() {
			return errDaily
		}
		if d.doc.Reading != layout.Counter {
			t.Interval = "1h"
			d.note("time.interval", t.Interval, Guess, fmt.Sprintf("no meter has two times among the %d rows looked at, and an hour is the usual one", d.steps.read))
		}
		return nil
	}
	if minutes := d.nearestInterval(step); minutes > 0 {
		t.Interval = shortDuration(int64(minutes * 60))
		d.note("time.interval", t.Interval, Likely, fmt.Sprintf("%d of %d times looked at are that far from the meter's one before", times, total))
		return nil
	}
	if step >= 20*3600 {
		return errDaily
	}
	t.Interval = "" // of a counter it does not matter: findReading asks where it does
	return nil
}

// errDaily is a file of values of whole days.
var errDaily = fmt.Errorf("the file holds values of a day or longer (a meter's rows are mostly 24h apart, or have a date and no time of day): readings of intervals that divide an hour are read, 1h at most; ask where the file comes from for hourly or quarter-hourly values")

func (d *detective) allDates() bool {
	return len(d.time().Columns) == 1 && d.sample.columns[d.index(d.time().Columns[0])].mostly(kindDate)
}

// dayInterval is a day divided by its columns.
func (d *detective) dayInterval() error {
	t := d.time()
	count := len(d.valueIndexes())
	for _, n := range []int{24, 48, 96, 25, 50, 100} {
		if count == n {
			hours := 24
			if n%25 == 0 {
				hours = 25
			}
			t.Interval = shortDuration(int64(hours * 3600 / n))
			t.Marks = orDefault(t.Marks, layout.Start)
			if t.RepeatedHour == "" && hours == 24 {
				t.RepeatedHour = layout.Sum
			}
			return nil
		}
	}
	return d.doubt("dayColumns.from", false, nil, "a day has %d columns from %s to %s, which is neither 24, 48 nor 96, nor an hour more", count, d.doc.DayColumns.From, d.doc.DayColumns.To)
}

// nearestInterval is the interval of so many seconds, give or take what a logger is
// late, in minutes; 0 if there is none.
func (d *detective) nearestInterval(step int64) int {
	if step%60 != 0 {
		step = d.steps.median()
	}
	for _, minutes := range []int64{1, 2, 3, 5, 6, 10, 15, 20, 30, 60} {
		off := step - minutes*60
		if off < 0 {
			off = -off
		}
		if off*10 <= minutes*60 && (off == 0 || step%60 != 0) {
			return int(minutes)
		}
	}
	return 0
}

func shortDuration(seconds int64) string {
	switch {
	case seconds%3600 == 0:
		return strconv.FormatInt(seconds/3600, 10) + "h"
	case seconds%60 == 0:
		return strconv.FormatInt(seconds/60, 10) + "m"
	}
	return strconv.FormatInt(seconds, 10) + "s"
}

// findUnit settles the unit: of whole words in the names of the columns. Names of
// power do not say whether it is watts or kilowatts.
func (d *detective) findUnit() error {
	switch {
	case d.doc.Unit != "":
		d.note("unit", d.doc.Unit, Stated, d.from(d.set.Unit != ""))
		return nil
	case d.doc.UnitColumn != "", d.eachHasUnit():
		return nil
	case d.doc.FactorColumn != "":
		d.doc.Unit = layout.KWh
		d.note("unit", d.doc.Unit, Likely, "values times the column "+d.doc.FactorColumn+" are kWh")
		return nil
	}
	var names []string
	for _, v := range d.doc.Values {
		if i := d.index(v.Column); i >= 0 {
			names = append(names, d.header.names[i])
		}
	}
	var units []layout.Unit
	for _, name := range names {
		if u, active := unitOfWords(name); active && !slices.Contains(units, u) {
			units = append(units, u)
		}
	}
	switch {
	case len(units) == 1:
		d.doc.Unit = units[0]
		d.note("unit", d.doc.Unit, Likely, "the value column is called "+names[0])
		return nil
	case len(units) > 1:
		for i := range d.doc.Values {
			if u, active := unitOfWords(d.header.names[d.index(d.doc.Values[i].Column)]); active {
				d.doc.Values[i].Unit = u
			}
		}
		d.doc.Unit = units[0]
		d.note("unit", "as the columns say", Likely, "the value columns name different units")
		return nil
	}
	for _, name := range names {
		if anyWord(powerWords, name) {
			return d.doubt("unit", false, d.powerUnits(), "the column %s is power by its name, and does not say in which unit (its mean is %s)", name, d.meanText())
		}
	}
	d.doc.Unit = layout.KWh
	d.note("unit", d.doc.Unit, Guess, "nothing names a unit, and kWh is the usual one"+d.meanNote())
	return nil
}

// eachHasUnit is true of a document whose columns all have their own unit.
func (d *detective) eachHasUnit() bool {
	for _, v := range d.doc.Values {
		if v.Unit == "" {
			return false
		}
	}
	return len(d.doc.Values) > 0
}

// powerUnits are the units of power, the likelier first.
func (d *detective) powerUnits() []string {
	if d.mean() >= 50 {
		return []string{string(layout.W), string(layout.KW)}
	}
	return []string{string(layout.KW), string(layout.W)}
}

// mean is the mean of the sample's values without their sign.
func (d *detective) mean() float64 {
	f := numberFormat{decimal: d.doc.Numbers.Decimal[0]}
	if t := d.doc.Numbers.Thousands; len(t) == 1 {
		f.thousands = t[0]
	}
	var m mean
	for _, i := range d.valueIndexes() {
		for _, row := range d.sample.rows {
			if v, err := f.read([]byte(row[i])); err == nil {
				m.add(max(v, -v))
			}
		}
	}
	if m.n == 0 {
		return 0
	}
	return m.value()
}

func (d *detective) meanText() string { return strconv.FormatFloat(d.mean(), 'g', 4, 64) }

func (d *detective) meanNote() string { return "; the mean of the values is " + d.meanText() }

// findReading settles whether values are of intervals or states of a counter.
func (d *detective) findReading() error {
	switch {
	case d.doc.Reading != "":
		d.note("reading", d.doc.Reading, Stated, d.from(d.set.Reading != ""))
	case d.doc.DayColumns != nil || d.power():
		d.doc.Reading = layout.Interval
	case d.namedCounter():
		d.doc.Reading = layout.Counter
		d.note("reading", d.doc.Reading, Likely, "the name of the value column is one of a counter")
	case d.grows():
		d.doc.Reading = layout.Counter
		d.note("reading", d.doc.Reading, Likely, fmt.Sprintf("the values only grow (their mean is %s), so they are states of a counter, whose differences are energy", d.meanText()))
	default:
		d.doc.Reading = layout.Interval
	}
	if d.doc.Reading == layout.Interval && d.doc.Time.Interval == "" {
		step := d.steps.median()
		if step < 60 {
			return d.doubt("time.interval", false, nil, "times of a meter are mostly %s apart: values of intervals below 1m are not read; export the readings by minutes or more, or the state of the counter", shortDuration(step))
		}
		return d.doubt("time.interval", false, nil, "times of a meter are mostly %s apart, and no interval that divides an hour, such as 15m or 1h", shortDuration(step))
	}
	return nil
}

func (d *detective) power() bool {
	return d.doc.Unit.Power()
}

func (d *detective) namedCounter() bool {
	for _, v := range d.doc.Values {
		if i := d.index(v.Column); i >= 0 && anyWord(counterWords, d.header.names[i]) {
			return true
		}
	}
	return false
}

// grows is true of values that nearly always grow from one row of a series to the
// next, and hardly ever fall, as no energy of intervals does for long.
func (d *detective) grows() bool {
	f := numberFormat{decimal: d.doc.Numbers.Decimal[0]}
	if t := d.doc.Numbers.Thousands; len(t) == 1 {
		f.thousands = t[0]
	}
	reader := stampReader{form: d.doc.Time.Form, order: d.doc.Time.Order}
	times := d.timeIndexes()
	rises, falls, same := 0, 0, 0
	for _, i := range d.valueIndexes() {
		type state struct {
			at    int64
			value float64
		}
		last := map[string]state{}
		for n, row := range d.sample.rows {
			if n%chunkRows == 0 {
				clear(last)
			}
			at, ok := d.rowSeconds(&reader, row, times)
			v, err := f.read([]byte(row[i]))
			if !ok || err != nil {
				continue
			}
			key := d.seriesKey(row)
			if before, seen := last[key]; seen && before.at != at {
				up := v - before.value
				if at < before.at {
					up = -up
				}
				switch {
				case up > 0:
					rises++
				case up < 0:
					falls++
				default:
					same++
				}
			}
			last[key] = state{at, v}
		}
	}
	return rises >= 12 && falls*15 <= rises && rises*4 >= same
}

// findPlace settles what is left of a time: the end that it marks, its zone, and the
// tolerance for loggers.
func (d *detective) findPlace() error {
	t := d.time()
	if t.Marks == "" {
		d.findMarksOfTime()
	}
	if t.Zone == "" {
		t.Zone = d.opts.Zone
		if d.anyLocal() {
			d.note("time.zone", t.Zone, Guess, "times carry no offset, and no other zone was set, so it is the twin's")
		}
	} else if d.anyLocal() {
		d.note("time.zone", t.Zone, Stated, d.from(d.set.Time != nil && d.set.Time.Zone != ""))
	}
	if t.RepeatedHour == "" {
		t.RepeatedHour = layout.Order
	}
	if t.Tolerance == "" {
		return d.findTolerance()
	}
	return nil
}

// anyLocal is true if some time of the sample has no offset.
func (d *detective) anyLocal() bool {
	columns := d.timeIndexes()
	if d.doc.Time.Form == layout.Unix || columns[0] < 0 {
		return false
	}
	reader := stampReader{form: d.doc.Time.Form, order: d.doc.Time.Order, slot: 30}
	for _, row := range d.sample.rows {
		if s, err := reader.read([]byte(row[columns[0]])); err == nil {
			return !s.zoned
		}
	}
	return true
}

func (d *detective) findMarksOfTime() {
	t := d.time()
	name := d.header.names[d.index(t.Columns[0])]
	minutes, err := t.IntervalMinutes()
	switch {
	case d.doc.Reading == layout.Counter:
		t.Marks = layout.Start
	case t.Hours != "":
		t.Marks = layout.Start
	case anyOf(endWords, name) && !anyOf(startWords, name):
		t.Marks = layout.End
		d.note("time.marks", t.Marks, Likely, "the column "+name+" is the end of an interval by its name")
	case anyOf(startWords, name):
		t.Marks = layout.Start
		d.note("time.marks", t.Marks, Likely, "the column "+name+" is the start of an interval by its name")
	case d.steps.lastOfDay && d.steps.midnights == 0, err == nil && minutes > 0 && d.steps.endsAtMidnight(int64(minutes)):
		t.Marks = layout.End
		d.note("time.marks", t.Marks, Likely, "the first day begins one interval after midnight and ends at midnight")
	default:
		t.Marks = layout.Start
		d.note("time.marks", t.Marks, Guess, "a file does not show which end of the interval a time marks, and the start is the usual one")
	}
}

// endsAtMidnight is true of a first day that is there from one interval after
// midnight on, as the ends of intervals are.
func (s *steps) endsAtMidnight(minutes int64) bool {
	const day = minutesPerDay * 60
	first := slices.Min(append([]int64{1 << 62}, s.walls...))
	if floorMod(first, day) != minutes*60 {
		return false
	}
	seen := map[int64]bool{}
	for _, at := range s.walls {
		if at < first+day-minutes*60 {
			seen[at] = true
		}
	}
	return int64(len(seen))*minutes*10 >= (minutesPerDay-minutes)*9
}

// findTolerance allows for loggers whose times are some seconds off.
func (d *detective) findTolerance() error {
	t := d.time()
	if d.doc.Reading == layout.Counter {
		if d.steps.offMinute > 0 {
			t.Tolerance = "30s"
			d.note("time.tolerance", t.Tolerance, Likely, "some times are not on a whole minute; a counter's are rounded to it")
		}
		return nil
	}
	minutes, err := t.IntervalMinutes()
	if err != nil || minutes == 0 || len(d.steps.walls) == 0 {
		return err
	}
	off := d.steps.farthest(int64(minutes))
	if off == 0 || d.steps.offMinute == 0 {
		return nil
	}
	for _, seconds := range []int64{5, 15, 30, 60, 120, 300} {
		if off <= seconds && seconds*10 <= int64(minutes)*60 {
			t.Tolerance = shortDuration(seconds)
			d.note("time.tolerance", t.Tolerance, Likely, fmt.Sprintf("times are up to %d s from the grid of %s", off, t.Interval))
			return nil
		}
	}
	if d.steps.offMost(int64(minutes)) {
		return d.doubt("time.tolerance", false, nil, "times are up to %d s from the grid of %s: values of an interval need times on it, states of a counter may be at any second", off, t.Interval)
	}
	return nil
}

// offMost is true if most times are off a grid of so many minutes.
func (s *steps) offMost(minutes int64) bool {
	off := 0
	for _, at := range s.walls {
		if floorMod(at, minutes*60) != 0 {
			off++
		}
	}
	return off*2 > len(s.walls)
}
