package layout

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Validate checks a document by itself. All problems are returned, each as a
// FieldError.
func (d *Document) Validate() error {
	var errs []error
	check := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	if d.Version != 0 && d.Version != Version {
		check(fieldError("version", "%d is unknown; write %d", d.Version, Version))
	}
	check(oneOf("format", d.Format, Delimited, NEM12, GreenButton))
	check(oneOf("encoding", d.Encoding, UTF8, UTF16, Windows1252))
	check(oneOf("separator", d.Separator, ",", ";", "|", "tab", "space"))
	check(oneOf("unit", d.Unit, KWh, Wh, MWh, KW, W, MW))
	check(oneOf("reading", d.Reading, Interval, Counter))
	check(d.checkHeader())
	check(d.checkNumbers())
	check(d.checkTime())
	check(d.checkMeter())
	check(d.checkValues())
	check(d.checkPatterns())
	check(d.checkFormat())
	return errors.Join(errs...)
}

func (d *Document) checkHeader() error {
	h := d.Header
	if h == nil {
		return nil
	}
	if h.Skip < 0 || h.Skip > 1000 {
		return fieldError("header.skip", "%d; write 0 to 1000", h.Skip)
	}
	if h.Absent && len(h.Contains) > 0 {
		return fieldError("header.contains", "a file without a header contains no header cells; remove contains or absent")
	}
	return nil
}

func (d *Document) checkNumbers() error {
	n := d.Numbers
	if n == nil {
		return nil
	}
	if err := errors.Join(oneOf("numbers.decimal", n.Decimal, ".", ","), oneOf("numbers.thousands", n.Thousands, ".", ",", "'", "space", "none")); err != nil {
		return err
	}
	if n.Decimal != "" && n.Decimal == n.Thousands {
		return fieldError("numbers.thousands", "%q is the decimal sign too; write two different signs", n.Thousands)
	}
	return nil
}

func (d *Document) checkTime() error {
	t := d.Time
	if t == nil {
		return nil
	}
	err := errors.Join(
		oneOf("time.form", t.Form, Text, Unix, Compact, DayCode),
		oneOf("time.order", t.Order, YMD, DMY, MDY),
		oneOf("time.hours", t.Hours, Hours0To23, Hours1To24, Hours1To25),
		oneOf("time.marks", t.Marks, Start, End),
		oneOf("time.repeatedHour", t.RepeatedHour, Order, Sum),
	)
	if len(t.Columns) > 2 {
		err = errors.Join(err, fieldError("time.columns", "%d columns; write one, or two: date and time of day", len(t.Columns)))
	}
	if t.Form == DayCode && t.DayOne == "" {
		err = errors.Join(err, fieldError("time.dayOne", "is empty; the form DayCode needs the day with number 1, such as 2009-01-01"))
	}
	if t.DayOne != "" {
		if _, parseErr := time.Parse(time.DateOnly, t.DayOne); parseErr != nil {
			err = errors.Join(err, fieldError("time.dayOne", "%q is no day; write year-month-day, such as 2009-01-01", t.DayOne))
		}
	}
	if _, e := t.IntervalMinutes(); e != nil {
		err = errors.Join(err, e)
	}
	if _, e := t.ToleranceSeconds(); e != nil {
		err = errors.Join(err, e)
	}
	if _, e := t.Location(); e != nil {
		err = errors.Join(err, e)
	}
	return err
}

// IntervalMinutes is the interval of the values, 0 if it is not set.
func (t *Time) IntervalMinutes() (int, error) {
	if t == nil || t.Interval == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(t.Interval)
	if err != nil || d < time.Minute || d > time.Hour || d%time.Minute != 0 || time.Hour%d != 0 {
		return 0, fieldError("time.interval", "%q: write whole minutes that divide an hour, such as 15m, 30m or 1h", t.Interval)
	}
	return int(d / time.Minute), nil
}

// ToleranceSeconds is how far a time may be off, 0 if it is not set.
func (t *Time) ToleranceSeconds() (int, error) {
	if t == nil || t.Tolerance == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(t.Tolerance)
	if err != nil || d < 0 || d > 30*time.Minute || d%time.Second != 0 {
		return 0, fieldError("time.tolerance", "%q: write whole seconds up to 30m, such as 30s", t.Tolerance)
	}
	return int(d / time.Second), nil
}

// Location is the zone of times without an offset, nil if it is not set.
func (t *Time) Location() (*time.Location, error) {
	if t == nil || t.Zone == "" {
		return nil, nil
	}
	if loc, ok := fixedZone(t.Zone); ok {
		return loc, nil
	}
	loc, err := time.LoadLocation(t.Zone)
	if err != nil || t.Zone == "Local" {
		return nil, fieldError("time.zone", "%q is no known time zone; write an IANA name such as Europe/London, or an offset such as UTC+10", t.Zone)
	}
	return loc, nil
}

// fixedZone reads UTC+10, UTC-3:30.
func fixedZone(name string) (*time.Location, bool) {
	offset, ok := strings.CutPrefix(name, "UTC")
	if !ok || len(offset) < 2 || (offset[0] != '+' && offset[0] != '-') {
		return nil, false
	}
	hours, minutes, _ := strings.Cut(offset[1:], ":")
	h, err := strconv.ParseUint(hours, 10, 8)
	if err != nil || h > 14 {
		return nil, false
	}
	var m uint64
	if minutes != "" {
		if m, err = strconv.ParseUint(minutes, 10, 8); err != nil || m > 59 {
			return nil, false
		}
	}
	seconds := int(h*3600 + m*60)
	if offset[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone(name, seconds), true
}

func (d *Document) checkMeter() error {
	if d.Meter != nil && d.Meter.Column != "" && d.Meter.Name != "" {
		return fieldError("meter.name", "meter.column is set too; a column names the meter of each row, a name is that of the whole file: remove one")
	}
	return nil
}

func (d *Document) checkValues() error {
	var set []string
	if len(d.Values) > 0 {
		set = append(set, "values")
	}
	if d.MeterColumns != nil {
		set = append(set, "meterColumns")
	}
	if d.DayColumns != nil {
		set = append(set, "dayColumns")
	}
	if len(set) > 1 {
		return fieldError(set[1], "%s is set too; write one of values, meterColumns and dayColumns", set[0])
	}
	if len(d.Values) > 32 {
		return fieldError("values", "%d columns; at most 32 are read: a file with a column for each meter has meterColumns", len(d.Values))
	}
	var errs []error
	for i, v := range d.Values {
		field := fmt.Sprintf("values[%d]", i)
		if v.Column == "" {
			errs = append(errs, fieldError(field+".column", "is empty; write the name of a column"))
		}
		errs = append(errs, oneOf(field+".direction", v.Direction, Import, Export), oneOf(field+".unit", v.Unit, KWh, Wh, MWh, KW, W, MW))
	}
	return errors.Join(errs...)
}

func (d *Document) checkPatterns() error {
	var errs []error
	if c := d.Channels; c != nil {
		if c.Column == "" {
			errs = append(errs, fieldError("channels.column", "is empty; write the name of a column"))
		}
		if len(c.Import)+len(c.Export) == 0 {
			errs = append(errs, fieldError("channels.import", "neither import nor export has a pattern; write which channels are energy from the grid and which to it"))
		}
	}
	if q := d.Quality; q != nil && q.Column == "" {
		errs = append(errs, fieldError("quality.column", "is empty; write the name of a column"))
	}
	for i, r := range d.Rows {
		field := fmt.Sprintf("rows[%d]", i)
		if r.Column == "" {
			errs = append(errs, fieldError(field+".column", "is empty; write the name of a column"))
		}
		if len(r.Keep)+len(r.LeaveOut) == 0 {
			errs = append(errs, fieldError(field, "write keep or leaveOut, with patterns of the column's cells"))
		}
	}
	return errors.Join(errs...)
}

// checkFormat guards against a description of columns for a file that has none.
func (d *Document) checkFormat() error {
	if d.Format == "" || d.Format == Delimited {
		return nil
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"separator", d.Separator != ""}, {"header", d.Header != nil}, {"numbers", d.Numbers != nil}, {"values", len(d.Values) > 0},
		{"meterColumns", d.MeterColumns != nil}, {"dayColumns", d.DayColumns != nil}, {"channels", d.Channels != nil},
		{"quality", d.Quality != nil}, {"rows", len(d.Rows) > 0}, {"meter", d.Meter != nil},
	} {
		if f.set {
			return fieldError(f.name, "describes delimited text, and format is %s, which describes itself in the file; remove %s", d.Format, f.name)
		}
	}
	return nil
}
