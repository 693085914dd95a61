package dataset

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/layout"
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
		d.note("time.columns", strings.Join(t.Columns, " and "), Stated, d.from(d.set.Time != nil && len(d.set.Time.Columns) > 0))
	} else {
		if err := d.chooseTime(); err != nil {
			return err
		}
		d.note("time.columns", strings.Join(t.Columns, " and "), Likely, "of its name and its cells")
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

// from says where something that is not found out comes from.
func (d *detective) from(set bool) string {
	if set || d.shipped == "" {
		return "it was set"
	}
	return "the layout " + d.shipped + " says so"
}

func (d *detective) noColumn(field, name string) error {
	return fmt.Errorf("%s: the file has no column %q, only %s", d.opts.Setting(field), name, listColumns(d.header.names))
}

// timeScore ranks a column by its name: the start of an interval first, then a time
// as such, then its end; the time of a revision is none.
func timeScore(name string) int {
	score := 0
	switch {
	case anyOf(laterWords, name):
		return -10
	case rank(startWords, name) >= 0:
		score = 6
	case rank(endWords, name) >= 0:
		score = 1
	case rank(timeWords, name) >= 0:
		score = 5
	}
	return score
}

func anyOf(words []string, name string) bool { return rank(words, name) >= 0 }

// chooseTime looks for a column with date and time of day; else for a date and a
// time of day, or the number of an hour, beside it.
func (d *detective) chooseTime() error {
	t := d.time()
	if i, score := d.best(d.isInstant); i >= 0 && score > -10 {
		t.Columns = []string{d.columnName(i)}
		return nil
	}
	date, _ := d.best(func(c *columnSample) bool { return c.mostly(kindDate) || d.isCompactDay(c) })
	if date < 0 {
		if i, _ := d.best(d.isInstant); i >= 0 {
			t.Columns = []string{d.columnName(i)}
			return nil
		}
		return d.noTime()
	}
	t.Columns = []string{d.columnName(date)}
	clock, _ := d.best(func(c *columnSample) bool { return c.mostly(kindClock) })
	if clock < 0 {
		clock, _ = d.best(isHourNumber)
	}
	if clock >= 0 {
		t.Columns = append(t.Columns, d.columnName(clock))
		return nil
	}
	if i, _ := d.best(d.isInstant); i >= 0 && d.dayColumns() == nil {
		t.Columns = []string{d.columnName(i)}
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
	for i := range d.sample.columns {
		if c := &d.sample.columns[i]; timeScore(c.name) > 0 && len(c.distinct) > 0 {
			example = fmt.Sprintf("; %s has cells such as %q", c.name, shownCells(c)[0])
			break
		}
	}
	return d.doubt("time.columns", false, nil, "no column holds times such as 2019-03-31T01:30:00Z, 31.03.2019 01:30 or seconds since 1970: the columns are %s%s", listColumns(d.header.names), example)
}

// best is the column that fits and whose name is the likeliest for a time.
func (d *detective) best(fits func(*columnSample) bool) (index, score int) {
	index = -1
	for i := range d.sample.columns {
		c := &d.sample.columns[i]
		if !fits(c) || (d.doc.Meter != nil && i == d.index(d.doc.Meter.Column)) {
			continue
		}
		s := timeScore(c.name)
		if c.isEpoch() {
			s++ // it needs no time zone
		}
		if index < 0 || s > score {
			index, score = i, s
		}
	}
	return index, score
}

// isInstant is true of a column with date and time of day. Digits alone are one only
// where the name says so.
func (d *detective) isInstant(c *columnSample) bool {
	if c.mostly(kindStamp) {
		return true
	}
	named := anyOf(timeWords, c.name) || anyOf(startWords, c.name) || anyOf(endWords, c.name) || d.header.absent
	return named && (c.isEpoch() || d.isCompact(c) || c.isSerial())
}

// isEpoch is true of seconds or milliseconds since 1970, between 1990 and 2100.
func (c *columnSample) isEpoch() bool {
	const from, to = 631_152_000, 4_133_980_800
	switch {
	case c.allOfLength(9, 10):
		return c.least >= from && c.most <= to && !c.compact()
	case c.allOfLength(13):
		return c.least >= from*1000 && c.most <= to*1000
	}
	return false
}

// compact is true of digits that are all a date, and perhaps a time of day.
func (c *columnSample) compact() bool {
	for cell := range c.distinct {
		if _, err := readCompact([]byte(cell)); err != nil {
			return false
		}
	}
	return len(c.distinct) > 0
}

func (d *detective) isCompact(c *columnSample) bool {
	return c.allOfLength(10, 12, 14) && c.compact()
}

func (d *detective) isCompactDay(c *columnSample) bool {
	return c.allOfLength(8) && anyOf(timeWords, c.name) && c.compact()
}

// isHourNumber is true of a column with the number of an hour.
func isHourNumber(c *columnSample) bool {
	_, _, ok := c.hourNumbers()
	return ok && rank(hourWords, c.name) >= 0 && len(c.distinct) >= 12
}

// hourNumbers are the least and the greatest number of an hour; ok is false if some
// cell is none.
func (c *columnSample) hourNumbers() (least, most int, ok bool) {
	least = 25
	for cell := range c.distinct {
		n, ok := readHourNumber(cell)
		if !ok {
			return 0, 0, false
		}
		least, most = min(least, n), max(most, n)
	}
	return least, most, len(c.distinct) > 0
}

// stampReader reads the times of the sample.
func (d *detective) stampReader() stampReader {
	return stampReader{form: d.doc.Time.Form, order: d.doc.Time.Order, slot: 30, ranges: d.ranges}
}

// mostOffsets is how many offsets of one sign the times of a file may have.
const mostOffsets = 4

// endsInTimes is true if what looks like an offset behind a time of day, as in
// 00:00-00:15, is the end of the interval: it differs too often.
func (d *detective) endsInTimes() bool {
	if d.doc.Time.Form != layout.Text {
		return false
	}
	at := d.index(d.doc.Time.Columns[0])
	ends := map[string]bool{}
	for cell := range d.sample.columns[at].distinct {
		if i := strings.LastIndexByte(cell, '-'); i > 0 && clockRange([]byte(cell[i:])) {
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
	for _, row := range d.sample.rows {
		cell := []byte(row[columns[len(columns)-1]])
		if p, ok := splitDate(cell); ok && len(columns) == 1 {
			cell = cell[p.length:]
		}
		if _, _, rest, err := readClock(bytes.TrimLeft(cell, " T,-")); err == nil {
			_, ok := cutEnd(rest)
			return ok || len(columns) > 1 && clockRange(rest)
		}
	}
	return false
}

// findForm settles how times are written.
func (d *detective) findForm() {
	t := d.time()
	c := &d.sample.columns[d.index(t.Columns[0])]
	switch {
	case c.isEpoch():
		t.Form = layout.Unix
		d.note("time.form", t.Form, Likely, "the cells are seconds or milliseconds since 1970 between 1990 and 2100")
	case d.isCompact(c) || d.isCompactDay(c):
		t.Form = layout.Compact
		d.note("time.form", t.Form, Likely, "the digits of all cells are a date and a time of day")
	default:
		t.Form = layout.Text
		if c.isSerial() {
			d.note("time.form", t.Form, Likely, "the cells are days since 30 December 1899, as spreadsheets store times")
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
	for _, row := range d.sample.rows {
		p, ok := splitDate([]byte(row[at]))
		if !ok || p.digits[0] == 4 || p.month >= 0 {
			continue
		}
		yearFirst, twoDigits = false, twoDigits && p.twoDigits()
		candidates = slices.DeleteFunc(candidates, func(o layout.DateOrder) bool {
			_, _, err := parseDate([]byte(row[at]), o)
			return err != nil
		})
	}
	switch {
	case yearFirst:
		t.Order = layout.YMD
		return nil
	case twoDigits && d.yearOfTwoDigitsFirst():
		t.Order = layout.YMD
		d.note("time.order", t.Order, Proved, "in the other orders the times of a meter do not follow each other")
		return nil
	case len(candidates) == 1:
		t.Order = candidates[0]
		d.note("time.order", t.Order, Proved, "the other order makes days that do not exist")
		return nil
	case len(candidates) == 0:
		t.Order = layout.DMY
		d.note("time.order", t.Order, Guess, "both orders make days that do not exist")
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
		if len(d.sample.rows) > 0 {
			example = d.sample.rows[0][at]
		}
		return d.doubt("time.order", true, []string{string(layout.DMY), string(layout.MDY)},
			"the dates, such as %s, are day and month or month and day, and nothing in the file shows which", short(example, 24))
	}
	d.note("time.order", t.Order, Proved, "in the other order the times of a meter do not follow each other")
	return nil
}

// findHours settles how hours are numbered where a column has their number.
func (d *detective) findHours() error {
	t := d.time()
	if t.Hours != "" || len(t.Columns) < 2 {
		return nil
	}
	c := &d.sample.columns[d.index(t.Columns[1])]
	least, most, ok := c.hourNumbers()
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
			"the column %s has the numbers %d to %d of hours, which does not show whether the first hour is 0 or 1", c.name, least, most)
	}
	d.note("time.hours", t.Hours, Likely, fmt.Sprintf("the column %s has the numbers %d to %d", c.name, least, most))
	return nil
}
