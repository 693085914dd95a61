package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

var (
	errFewColumns  = errors.New("a column is missing: the row has fewer than the header")
	errManyColumns = errors.New("the row has more columns than the header")
	errOffGrid     = errors.New("the timestamp is not on the grid of the dataset's interval")
)

// columnSet is where the columns of a long file are.
type columnSet struct {
	meter, time, value int
	group              int // -1 if there is none
	count              int
	names              []string
}

// readLong reads CSV with one reading a line.
func readLong(text io.Reader, in *intake) error {
	r := newCSVReader(newLineReader(text), in.layout.comma)
	header, err := r.next()
	if err != nil {
		return fmt.Errorf("the file has no header: %w", err)
	}
	cols, err := findColumns(header.fields, in.layout.columns)
	if err != nil {
		return err
	}
	return readLongRows(r, cols, in, nil)
}

// findColumns finds named columns in a header.
func findColumns(header [][]byte, c Columns) (columnSet, error) {
	set := columnSet{count: len(header), group: -1}
	for _, h := range header {
		set.names = append(set.names, strings.TrimSpace(string(h)))
	}
	find := func(name string) (int, error) {
		for i, h := range set.names {
			if strings.EqualFold(h, name) {
				return i, nil
			}
		}
		return 0, fmt.Errorf("the header has no column %q, only %s; set columns to its names", name, strings.Join(set.names, ", "))
	}
	var err error
	if set.meter, err = find(c.Meter); err != nil {
		return set, err
	}
	if set.time, err = find(c.Time); err != nil {
		return set, err
	}
	if set.value, err = find(c.Value); err != nil {
		return set, err
	}
	if c.Group != "" {
		if set.group, err = find(c.Group); err != nil {
			return set, err
		}
	}
	return set, nil
}

// readLongRows reads the rows below a header. A value equal to null is
// missing; nil if the layout has no such mark.
func readLongRows(r *csvReader, cols columnSet, in *intake, null []byte) error {
	for n := 0; ; n++ {
		if n%1024 == 0 && in.cancelled() != nil {
			return in.cancelled()
		}
		rec, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if null != nil && len(rec.fields) == cols.count && bytes.Equal(trimSpace(rec.fields[cols.value]), null) {
			in.info.Missing++
			continue
		}
		if column, err := longRow(rec, cols, in); err != nil {
			if errors.Is(err, errStop) {
				return err
			}
			if err := in.reject(rec.line, column, err, rec.raw); err != nil {
				return err
			}
		}
	}
}

// errStop wraps errors that are no fault of the row.
var errStop = errors.New("cannot go on")

// longRow takes one row, or says which column is bad and why.
func longRow(rec *record, cols columnSet, in *intake) (column string, err error) {
	if rec.err != nil {
		return "", rec.err
	}
	if len(rec.fields) < cols.count {
		return cols.names[len(rec.fields)], errFewColumns
	}
	if len(rec.fields) > cols.count {
		return fmt.Sprint(cols.count + 1), errManyColumns
	}
	l := &in.layout
	stamp, err := in.stamps.read(rec.fields[cols.time])
	if err != nil {
		return cols.names[cols.time], err
	}
	if stamp.wall%int64(min(l.interval, 15)) != 0 && l.unit != Register {
		return cols.names[cols.time], errOffGrid
	}
	value, err := parseNumber(rec.fields[cols.value], l.decimal)
	if err != nil {
		return cols.names[cols.value], err
	}
	kWh, err := in.kWh(l.unit, value, l.interval)
	if err != nil {
		return cols.names[cols.value], err
	}
	var group []byte
	if cols.group >= 0 {
		group = trimSpace(rec.fields[cols.group])
	}
	m, err := in.meter(trimSpace(rec.fields[cols.meter]), group)
	if err != nil {
		return cols.names[cols.meter], err
	}
	at, err := in.minute(stamp, m)
	if err != nil {
		return cols.names[cols.time], err
	}
	if err := in.acceptStamped(m, at, kWh); err != nil {
		return "", fmt.Errorf("%w: %w", errStop, err)
	}
	return "", nil
}

// acceptStamped takes a reading in the layout's interval and unit, stamped at
// the end of the interval that the layout says.
func (t *intake) acceptStamped(m int32, at int64, kWh float64) error {
	l := &t.layout
	if l.unit == Register {
		return t.acceptRegister(m, at, kWh)
	}
	if l.stamp == StampEnd {
		at -= int64(l.interval)
	}
	return t.accept(m, at, l.interval, kWh)
}
