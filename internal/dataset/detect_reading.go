package dataset

import (
	"fmt"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

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
	f := d.numbers()
	reader := d.stampReader()
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
