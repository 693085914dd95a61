package detect

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/vocabulary"
)

// time is the document's section on time, made if it has none.
func (d *detective) time() *layout.Time {
	if d.doc.Time == nil {
		d.doc.Time = &layout.Time{}
	}
	return d.doc.Time
}

// findTime finds the column, or the two columns, with the time, and its form.
func (d *detective) findTime() error {
	t := d.time()
	if len(t.Columns) > 0 {
		d.note("time.columns", strings.Join(t.Columns, " and "), dataset.Stated, d.from(d.set.Time != nil && len(d.set.Time.Columns) > 0))
	} else {
		if err := d.chooseTime(); err != nil {
			return err
		}
		d.note("time.columns", strings.Join(t.Columns, " and "), dataset.Likely, "of its name and its cells")
	}
	for i, c := range t.Columns {
		if d.index(c) < 0 {
			return d.noColumn(fmt.Sprintf("time.columns[%d]", i), c)
		}
	}
	if t.Form == "" {
		d.findForm()
	}
	d.ranges = d.endsInTimes()
	return nil
}

// from is where something that was not detected comes from.
func (d *detective) from(set bool) string {
	if set || d.shipped == "" {
		return "it was set"
	}
	return "the layout " + d.shipped + " states it"
}

func (d *detective) noColumn(field, name string) error {
	return fmt.Errorf("%s: the file has no column %q, only %s", d.opts.Setting(field), name, tabular.List(d.header.Names))
}

// chooseTime searches for a column with date and time of day; else for a date and a
// time of day, or the number of an hour, beside it.
func (d *detective) chooseTime() error {
	t := d.time()
	if i, score := d.best(d.isInstant); i >= 0 && score > -10 {
		t.Columns = []string{d.header.ColumnName(i)}
		return nil
	}
	date, _ := d.best(func(c *tabular.Column) bool { return c.Mostly(notation.KindDate) || d.isCompactDay(c) })
	if date < 0 {
		if i, _ := d.best(d.isInstant); i >= 0 {
			t.Columns = []string{d.header.ColumnName(i)}
			return nil
		}
		return d.noTime()
	}
	t.Columns = []string{d.header.ColumnName(date)}
	clock, _ := d.best(func(c *tabular.Column) bool { return c.Mostly(notation.KindClock) })
	if clock < 0 {
		clock, _ = d.best(isHourNumber)
	}
	if clock >= 0 {
		t.Columns = append(t.Columns, d.header.ColumnName(clock))
		return nil
	}
	if i, _ := d.best(d.isInstant); i >= 0 && d.dayColumns() == nil {
		t.Columns = []string{d.header.ColumnName(i)}
		return nil
	}
	if d.doc.DayColumns == nil && d.dayColumns() == nil {
		return errDaily
	}
	return nil
}

// noTime is the error for a file without a column of times. A column with a time's
// name is shown with one of its cells.
func (d *detective) noTime() error {
	example := ""
	for i := range d.sample.Columns {
		if c := &d.sample.Columns[i]; vocabulary.TimeScore(c.Name) > 0 && len(c.Distinct) > 0 {
			example = fmt.Sprintf("; %s has cells such as %q", c.Name, shownCells(c)[0])
			break
		}
	}
	return d.doubt("time.columns", false, nil, "no column holds times such as 2019-03-31T01:30:00Z, 31.03.2019 01:30 or seconds since 1970: the columns are %s%s", tabular.List(d.header.Names), example)
}

// best is the column that fits and whose name is the likeliest for a time.
func (d *detective) best(fits func(*tabular.Column) bool) (index, score int) {
	index = -1
	for i := range d.sample.Columns {
		c := &d.sample.Columns[i]
		if !fits(c) || (d.doc.Meter != nil && i == d.index(d.doc.Meter.Column)) {
			continue
		}
		s := vocabulary.TimeScore(c.Name)
		if c.IsEpoch() {
			s++ // it needs no time zone
		}
		if index < 0 || s > score {
			index, score = i, s
		}
	}
	return index, score
}

// isInstant is true of a column with date and time of day. Digits alone are one only
// where the name states it.
func (d *detective) isInstant(c *tabular.Column) bool {
	if c.Mostly(notation.KindStamp) {
		return true
	}
	named := vocabulary.AnyOf(vocabulary.Time, c.Name) || vocabulary.AnyOf(vocabulary.Start, c.Name) || vocabulary.AnyOf(vocabulary.End, c.Name) || d.header.Absent
	return named && (c.IsEpoch() || d.isCompact(c) || c.IsSerial())
}

func (d *detective) isCompact(c *tabular.Column) bool {
	return c.AllOfLength(10, 12, 14) && c.Compact()
}

func (d *detective) isCompactDay(c *tabular.Column) bool {
	return c.AllOfLength(8) && vocabulary.AnyOf(vocabulary.Time, c.Name) && c.Compact()
}

// isHourNumber is true of a column with the number of an hour.
func isHourNumber(c *tabular.Column) bool {
	_, _, ok := c.HourNumbers()
	return ok && vocabulary.Rank(vocabulary.Hour, c.Name) >= 0 && len(c.Distinct) >= 12
}

// stampReader reads the times of the sample.
func (d *detective) stampReader() notation.StampReader {
	return notation.StampReader{Form: d.doc.Time.Form, Order: d.doc.Time.Order, Slot: 30, Ranges: d.ranges}
}

// mostOffsets is how many offsets of one sign the times of a file may have.
const mostOffsets = 4

// endsInTimes is true if what could be an offset behind a time of day, as in
// 00:00-00:15, is the end of the interval: it differs too often.
func (d *detective) endsInTimes() bool {
	if d.doc.Time.Form != layout.Text {
		return false
	}
	at := d.index(d.doc.Time.Columns[0])
	ends := map[string]bool{}
	for cell := range d.sample.Columns[at].Distinct {
		if i := strings.LastIndexByte(cell, '-'); i > 0 && notation.ClockRange([]byte(cell[i:])) {
			ends[cell[i:]] = true
		}
	}
	return len(ends) > mostOffsets
}

// holdsRanges is true if the cells of the last column of the time have the end of the
// interval behind its start.
func (d *detective) holdsRanges() bool {
	if d.ranges {
		return true
	}
	columns := d.timeIndexes()
	for _, row := range d.sample.Rows {
		cell := []byte(row[columns[len(columns)-1]])
		if p, ok := notation.SplitDate(cell); ok && len(columns) == 1 {
			cell = cell[p.Length:]
		}
		if _, _, rest, err := notation.ReadClock(bytes.TrimLeft(cell, " T,-")); err == nil {
			_, ok := notation.CutEnd(rest)
			return ok || len(columns) > 1 && notation.ClockRange(rest)
		}
	}
	return false
}

// findForm settles how times are written.
func (d *detective) findForm() {
	t := d.time()
	c := &d.sample.Columns[d.index(t.Columns[0])]
	switch {
	case c.IsEpoch():
		t.Form = layout.Unix
		d.note("time.form", t.Form, dataset.Likely, "the cells are seconds or milliseconds since 1970 between 1990 and 2100")
	case d.isCompact(c) || d.isCompactDay(c):
		t.Form = layout.Compact
		d.note("time.form", t.Form, dataset.Likely, "the digits of all cells are a date and a time of day")
	default:
		t.Form = layout.Text
		if c.IsSerial() {
			d.note("time.form", t.Form, dataset.Likely, "the cells are days since 30 December 1899, as spreadsheets store times")
		}
	}
}

// findOrder proves the order of day and month: by numbers above 12, else by which
// order makes times follow each other in even steps.
func (d *detective) findOrder() error {
	t := d.time()
	if t.Order != "" || t.Form != layout.Text {
		return nil
	}
	at := d.index(t.Columns[0])
	candidates := []layout.DateOrder{layout.DMY, layout.MDY}
	yearFirst, twoDigits := true, true
	for _, row := range d.sample.Rows {
		p, ok := notation.SplitDate([]byte(row[at]))
		if !ok || p.Digits[0] == 4 || p.Month >= 0 {
			continue
		}
		yearFirst, twoDigits = false, twoDigits && p.TwoDigits()
		candidates = slices.DeleteFunc(candidates, func(o layout.DateOrder) bool {
			_, _, err := notation.ParseDate([]byte(row[at]), o)
			return err != nil
		})
	}
	switch {
	case yearFirst:
		t.Order = layout.YMD
		return nil
	case twoDigits && d.yearOfTwoDigitsFirst():
		t.Order = layout.YMD
		d.note("time.order", t.Order, dataset.Proved, "in the other orders the times of a meter do not follow each other")
		return nil
	case len(candidates) == 1:
		t.Order = candidates[0]
		d.note("time.order", t.Order, dataset.Proved, "the other order makes days that do not exist")
		return nil
	case len(candidates) == 0:
		t.Order = layout.DMY
		d.note("time.order", t.Order, dataset.Guess, "both orders make days that do not exist")
		return nil
	}
	return d.orderBySteps(at)
}

// evenSteps is how many steps between times are the usual one, less those over a day, with
// the parts of dates in an order.
func (d *detective) evenSteps(o layout.DateOrder) int {
	t := d.time()
	defer func() { t.Order = "" }()
	t.Order = o
	s := d.measureSteps()
	_, even, _ := s.usual()
	return even - s.jumps()
}

// yearOfTwoDigitsFirst is true of dates such as 24-01-31 if only with the year in front
// the times follow each other.
func (d *detective) yearOfTwoDigitsFirst() bool {
	return d.evenSteps(layout.YMD) > max(d.evenSteps(layout.DMY), d.evenSteps(layout.MDY))
}

func (d *detective) orderBySteps(at int) error {
	t := d.time()
	even := map[layout.DateOrder]int{}
	for _, o := range []layout.DateOrder{layout.DMY, layout.MDY} {
		even[o] = d.evenSteps(o)
	}
	switch {
	case even[layout.DMY] > even[layout.MDY]:
		t.Order = layout.DMY
	case even[layout.MDY] > even[layout.DMY]:
		t.Order = layout.MDY
	default:
		example := ""
		if len(d.sample.Rows) > 0 {
			example = d.sample.Rows[0][at]
		}
		return d.doubt("time.order", true, []string{string(layout.DMY), string(layout.MDY)},
			"the dates, such as %s, are day and month or month and day, and nothing in the file shows which", notation.Short(example, 24))
	}
	d.note("time.order", t.Order, dataset.Proved, "in the other order the times of a meter do not follow each other")
	return nil
}

// findHours settles how hours are numbered where a column has their number.
func (d *detective) findHours() error {
	t := d.time()
	if t.Hours != "" || len(t.Columns) < 2 {
		return nil
	}
	c := &d.sample.Columns[d.index(t.Columns[1])]
	least, most, ok := c.HourNumbers()
	if !ok {
		return nil
	}
	switch {
	case most == 25:
		t.Hours = layout.Hours1To25
	case least == 0 && most <= 23:
		t.Hours = layout.Hours0To23
	case least >= 1 && most == 24:
		t.Hours = layout.Hours1To24
	default:
		return d.doubt("time.hours", true, []string{string(layout.Hours0To23), string(layout.Hours1To24), string(layout.Hours1To25)},
			"the column %s has the numbers %d to %d of hours, which does not show whether the first hour is 0 or 1", c.Name, least, most)
	}
	d.note("time.hours", t.Hours, dataset.Likely, fmt.Sprintf("the column %s has the numbers %d to %d", c.Name, least, most))
	return nil
}
