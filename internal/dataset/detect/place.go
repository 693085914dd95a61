package detect

import (
	"fmt"
	"slices"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/vocabulary"
	"github.com/energytwin/energytwin/internal/dataset/wallclock"
)

// findPlace settles what is left of a time: the end that it marks, its zone, and the
// tolerance for loggers.
func (d *detective) findPlace() error {
	t := d.time()
	if t.Marks == "" && t.Tolerance == "" {
		d.findInclusiveEnds()
	}
	if t.Marks == "" {
		d.findMarksOfTime()
	}
	if t.Zone == "" {
		t.Zone = d.opts.Zone
		if d.anyLocal() {
			d.note("time.zone", t.Zone, dataset.Guess, "times carry no offset, and no other zone was set, so it is the twin's")
		}
	} else if d.anyLocal() {
		d.note("time.zone", t.Zone, dataset.Stated, d.from(d.set.Time != nil && d.set.Time.Zone != ""))
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
	reader := d.stampReader()
	for _, row := range d.sample.Rows {
		if s, err := reader.Read([]byte(row[columns[0]])); err == nil {
			return !s.Zoned
		}
	}
	return true
}

// findInclusiveEnds finds times such as 00:14:59 and 00:59, which are the last second or
// minute of an interval.
func (d *detective) findInclusiveEnds() {
	t := d.time()
	minutes, err := t.IntervalMinutes()
	if err != nil || minutes < 2 || d.doc.Reading == layout.Counter || t.Hours != "" || len(d.steps.walls) == 0 {
		return
	}
	for _, seconds := range []int64{1, 60} {
		if !slices.ContainsFunc(d.steps.walls, func(at int64) bool { return wallclock.FloorMod(at+seconds, int64(minutes)*60) != 0 }) {
			t.Marks, t.Tolerance = layout.End, shortDuration(seconds)
			d.note("time.marks", t.Marks, dataset.Proved, fmt.Sprintf("all times are %s before the grid of %s, as the last moment of an interval is", t.Tolerance, t.Interval))
			return
		}
	}
}

func (d *detective) findMarksOfTime() {
	t := d.time()
	name := d.header.Names[d.index(t.Columns[0])]
	minutes, err := t.IntervalMinutes()
	switch {
	case d.doc.Reading == layout.Counter:
		t.Marks = layout.Start
	case t.Hours != "":
		t.Marks = layout.Start
	case d.holdsRanges():
		t.Marks = layout.Start
		d.note("time.marks", t.Marks, dataset.Proved, "the cells of "+name+" have the start and the end of an interval")
	case vocabulary.AnyOf(vocabulary.End, name) && !vocabulary.AnyOf(vocabulary.Start, name):
		t.Marks = layout.End
		d.note("time.marks", t.Marks, dataset.Likely, "the column "+name+" is the end of an interval by its name")
	case vocabulary.AnyOf(vocabulary.Start, name):
		t.Marks = layout.Start
		d.note("time.marks", t.Marks, dataset.Likely, "the column "+name+" is the start of an interval by its name")
	case d.steps.lastOfDay && d.steps.midnights == 0, err == nil && minutes > 0 && d.steps.endsAtMidnight(int64(minutes)):
		t.Marks = layout.End
		d.note("time.marks", t.Marks, dataset.Likely, "the first day begins one interval after midnight and ends at midnight")
	default:
		t.Marks = layout.Start
		d.note("time.marks", t.Marks, dataset.Guess, "a file does not show which end of the interval a time marks, and the start is the usual one")
	}
}

// endsAtMidnight is true of a first day that is there from one interval after
// midnight on, as the ends of intervals are.
func (s *steps) endsAtMidnight(minutes int64) bool {
	const day = wallclock.MinutesPerDay * 60
	first := slices.Min(append([]int64{1 << 62}, s.walls...))
	if wallclock.FloorMod(first, day) != minutes*60 {
		return false
	}
	seen := map[int64]bool{}
	for _, at := range s.walls {
		if at < first+day-minutes*60 {
			seen[at] = true
		}
	}
	return int64(len(seen))*minutes*10 >= (wallclock.MinutesPerDay-minutes)*9
}

// findTolerance allows for loggers whose times are some seconds off.
func (d *detective) findTolerance() error {
	t := d.time()
	if d.doc.Reading == layout.Counter {
		if d.steps.offMinute > 0 {
			t.Tolerance = "30s"
			d.note("time.tolerance", t.Tolerance, dataset.Likely, "some times are not on a whole minute; a counter's are rounded to it")
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
			d.note("time.tolerance", t.Tolerance, dataset.Likely, fmt.Sprintf("times are up to %d s from the grid of %s", off, t.Interval))
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
		if wallclock.FloorMod(at, minutes*60) != 0 {
			off++
		}
	}
	return off*2 > len(s.walls)
}
