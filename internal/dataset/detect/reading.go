package detect

import (
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/vocabulary"
)

// findReading settles whether values are of intervals or states of a counter.
func (d *detective) findReading() error {
	switch {
	case d.doc.Reading != "":
		d.note("reading", d.doc.Reading, dataset.Stated, d.from(d.set.Reading != ""))
	case d.doc.DayColumns != nil || d.power():
		d.doc.Reading = layout.Interval
	case d.namedCounter():
		d.doc.Reading = layout.Counter
		d.note("reading", d.doc.Reading, dataset.Likely, "the name of the value column is one of a counter")
	default:
		d.readingByGrowth()
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
		if i := d.index(v.Column); i >= 0 && vocabulary.AnyWord(vocabulary.Counter, d.header.Names[i]) {
			return true
		}
	}
	return false
}
