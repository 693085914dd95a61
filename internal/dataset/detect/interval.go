package detect

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
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
		d.note("time.interval", t.Interval, dataset.Stated, d.from(d.set.Time != nil && d.set.Time.Interval != ""))
		if total < 3 || times*10 < total*9 || d.doc.Reading == layout.Counter {
			return nil
		}
		if minutes, err := t.IntervalMinutes(); err == nil && step%60 == 0 && wholePart(time.Duration(step)*time.Second) && int(step/60) != minutes {
			if d.shipped != "" {
				return errOtherInterval
			}
			return d.doubt("time.interval", true, []string{shortDuration(step)},
				"times of a meter are mostly %s apart (%d of %d), and the layout states %s", shortDuration(step), times, total, t.Interval)
		}
		return nil
	}
	if total == 0 {
		if d.allDates() {
			return errDaily
		}
		if d.doc.Reading != layout.Counter {
			t.Interval = "1h"
			d.note("time.interval", t.Interval, dataset.Guess, fmt.Sprintf("no meter has two times among the %d rows of the sample, and an hour is the usual one", d.steps.read))
		}
		return nil
	}
	if minutes := d.nearestInterval(step); minutes > 0 {
		t.Interval = shortDuration(int64(minutes * 60))
		d.note("time.interval", t.Interval, dataset.Likely, fmt.Sprintf("%d of %d times of the sample are that far from the meter's one before", times, total))
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
	return len(d.time().Columns) == 1 && d.sample.Columns[d.index(d.time().Columns[0])].Mostly(notation.KindDate)
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
			t.Marks = cmp.Or(t.Marks, layout.Start)
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

// wholePart is true of an interval of whole minutes that divides an hour.
func wholePart(d time.Duration) bool {
	return d >= time.Minute && d <= time.Hour && d%time.Minute == 0 && time.Hour%d == 0
}
