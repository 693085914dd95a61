package dataset

import (
	"errors"
	"fmt"
	"io"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

var (
	errFewColumns  = errors.New("a column is missing: the row has fewer than the header")
	errManyColumns = errors.New("the row has more columns than the header")
	errOffGrid     = errors.New("the timestamp is not on the grid of the dataset's interval")
	errHourNumber  = errors.New("the number of the hour is not one of its day")
	errChannel     = errors.New("the channel is none of channels.import, channels.export and channels.ignore of the layout")
	errFactor      = errors.New("the factor is not a number")
	errNotMidnight = errors.New("the row of a day is not dated by the day alone")
)

// errStop wraps errors that are no fault of the row.
var errStop = errors.New("cannot go on")

// rowReader reads the rows of delimited text.
type rowReader struct {
	*plan
	in      *intake
	stamps  stampReader
	several bool
	day     dayReader
}

func newRowReader(p *plan, in *intake) *rowReader {
	r := &rowReader{plan: p, in: in, stamps: p.stamp, several: p.several()}
	in.several = r.several
	return r
}

// readRows reads delimited text below its header.
func readRows(rows *csvReader, p *plan, in *intake) error {
	r := newRowReader(p, in)
	take := r.row
	switch {
	case p.plain():
		take = r.plainRow
	case p.doc.MeterColumns != nil:
		take = r.wideRow
	case p.doc.DayColumns != nil:
		take = r.dayRow
	}
	for n := 0; ; n++ {
		if n%1024 == 0 && in.cancelled() != nil {
			return in.cancelled()
		}
		rec, err := rows.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		column, err := r.check(rec)
		if err == nil {
			column, err = take(rec)
		}
		if err == nil || errors.Is(err, errLeftOut) {
			continue
		}
		if errors.Is(err, errStop) {
			return err
		}
		if err := in.reject(rec.line, column, err, rec.raw); err != nil {
			return err
		}
	}
}

// errLeftOut is a row that is no reading, and was counted.
var errLeftOut = errors.New("left out")

// check rejects rows that do not have the header's columns, and leaves out those
// that are no readings of electricity.
func (r *rowReader) check(rec *record) (column string, err error) {
	if rec.err != nil {
		return "", rec.err
	}
	if len(rec.fields) == r.count && len(r.footer) == 0 && len(r.rows) == 0 {
		return "", nil
	}
	if len(r.footer) > 0 && layout.MatchAny(r.footer, string(rec.fields[0])) {
		r.in.info.Skipped++
		return "", errLeftOut
	}
	if len(rec.fields) < r.count {
		return r.names[len(rec.fields)], errFewColumns
	}
	if len(rec.fields) > r.count {
		for _, f := range rec.fields[r.count:] {
			if len(trimSpace(f)) > 0 {
				return fmt.Sprint(r.count + 1), errManyColumns
			}
		}
	}
	for _, filter := range r.rows {
		if mark, _ := filter.of(rec.fields); mark == markLeftOut {
			r.in.info.Skipped++
			return "", errLeftOut
		}
	}
	return "", nil
}

// plainRow takes a row of a meter, a time and a value, which nearly all rows of long
// files are. It does what row does, without asking for what the plan does not have.
func (r *rowReader) plainRow(rec *record) (column string, err error) {
	v := &r.values[0]
	cell := rec.fields[v.column]
	if r.null.missing(cell) {
		r.in.info.Missing++
		return "", nil
	}
	stamp, err := r.stamps.read(rec.fields[r.time])
	if err != nil {
		return r.names[r.time], err
	}
	kWh, err := r.number.read(cell)
	if err != nil {
		return v.name, err
	}
	kWh *= v.scale
	if err := checkEnergy(kWh, r.counter); err != nil {
		return v.name, err
	}
	m, err := r.in.meter(meterName(rec.fields[r.meter]), nil)
	if err != nil {
		return r.names[r.meter], err
	}
	s, err := r.in.only(m, r.counter)
	if err != nil {
		return r.names[r.meter], err
	}
	at, err := r.place(stamp, s)
	if err != nil {
		return r.names[r.time], err
	}
	if r.counter {
		err = r.in.acceptCounter(s, at, kWh)
	} else {
		err = r.in.accept(s, at, r.interval, kWh)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", errStop, err)
	}
	return "", nil
}

// row takes a row with readings of one time, or says which column is bad and why.
func (r *rowReader) row(rec *record) (column string, err error) {
	missing, err := r.missing(rec)
	if err != nil || (missing && !r.several) {
		return "", err
	}
	channel, part, sign, column, err := r.channel(rec)
	if err != nil {
		return column, err
	}
	stamp, column, err := r.stamp(rec)
	if err != nil {
		if missing {
			return "", nil // neither a time nor a value: nothing is lost
		}
		return column, err
	}
	scale, column, err := r.rowScale(rec)
	if err != nil {
		return column, err
	}
	for i := range r.values {
		v := &r.values[i]
		s, err := r.series(rec, v, max(channel, v.channel), max(part, v.channel))
		if err != nil {
			return r.meterColumn(v), err
		}
		if column, err = r.value(rec, v, s, stamp, sign*scale, missing); err != nil {
			return column, err
		}
	}
	return "", nil
}

// missing is true, and counted, if the row holds no value.
func (r *rowReader) missing(rec *record) (bool, error) {
	if r.quality != nil {
		switch mark, _ := r.quality.of(rec.fields); mark {
		case markMissing:
			r.in.info.Missing++
			return true, nil
		case markEstimated:
			r.in.info.Estimated++
		}
	}
	if len(r.values) > 1 { // each is looked at by itself
		return false, nil
	}
	if r.null.missing(rec.fields[r.values[0].column]) {
		r.in.info.Missing++
		return true, nil
	}
	return false, nil
}

// channel is the channel of a row: its number, its part of the meter, and the sign
// of its energy.
func (r *rowReader) channel(rec *record) (number, part int, sign float64, column string, err error) {
	if r.channels == nil {
		return 0, 0, 1, "", nil
	}
	mark, number := r.channels.of(rec.fields)
	sign = 1
	switch mark {
	case markLeftOut:
		r.in.info.Skipped++
		return 0, 0, 0, "", errLeftOut
	case markUnknown:
		return 0, 0, 0, r.names[r.channels.column], errChannel
	case markExport:
		part, sign = 1, -1
	}
	if r.counter {
		part = number
	}
	return number, part, sign, "", nil
}

// rowScale is the factor that a row's own unit and factor make, beside that of the
// columns.
func (r *rowReader) rowScale(rec *record) (scale float64, column string, err error) {
	scale = 1
	if r.factor >= 0 {
		if scale, err = r.number.read(rec.fields[r.factor]); err != nil {
			return 0, r.names[r.factor], errFactor
		}
	}
	if r.unit != nil {
		unit, active := r.unit.of(rec.fields)
		if !active {
			r.in.info.Skipped++
			return 0, "", errLeftOut
		}
		scale *= r.scale(unit)
	}
	return scale, "", nil
}

// series is where a value belongs.
func (r *rowReader) series(rec *record, v *valueColumn, channel, part int) (int32, error) {
	name := v.meter
	if name == nil {
		name = r.name
		if r.meter >= 0 {
			name = meterName(rec.fields[r.meter])
		}
	} else {
		channel, part = 0, 0
	}
	var group []byte
	if r.group >= 0 {
		group = trimSpace(rec.fields[r.group])
	}
	m, err := r.in.meter(name, group)
	if err != nil {
		return 0, err
	}
	return r.in.channel(m, channel, part, r.counter)
}

func (r *rowReader) meterColumn(v *valueColumn) string {
	if v.meter == nil && r.meter >= 0 {
		return r.names[r.meter]
	}
	return v.name
}

// value takes one value of a row.
func (r *rowReader) value(rec *record, v *valueColumn, s int32, stamp stampText, scale float64, missing bool) (column string, err error) {
	cell := rec.fields[v.column]
	nothing := !missing && len(r.values) > 1 && r.null.missing(cell)
	switch {
	case nothing && v.optional && r.counter:
		return "", nil
	case nothing && !v.optional:
		r.in.info.Missing++
		missing = true
	}
	kWh := 0.0
	if !missing && !nothing {
		if kWh, err = r.number.read(cell); err != nil {
			return v.name, err
		}
		kWh *= v.scale * scale
		if err := checkEnergy(kWh, r.counter); err != nil {
			return v.name, err
		}
	}
	at, err := r.place(stamp, s)
	if err != nil {
		return r.names[r.time], err
	}
	if err := r.put(s, at, kWh, missing); err != nil {
		return "", fmt.Errorf("%w: %w", errStop, err)
	}
	return "", nil
}

// put hands a value on; of one that is missing it says so where a meter has other
// series that would pass for all of it.
func (r *rowReader) put(s int32, at int64, kWh float64, missing bool) error {
	switch {
	case missing && r.several && !r.counter:
		return r.in.void(s, at, r.interval)
	case missing:
		return nil
	case r.counter:
		return r.in.acceptCounter(s, at, kWh)
	}
	return r.in.accept(s, at, r.interval, kWh)
}

// meterName is a cell with a meter's name, without what spreadsheets put before
// long numbers to keep their digits: '123 and ="123".
func meterName(cell []byte) []byte {
	cell = trimSpace(cell)
	if n := len(cell); n > 3 && cell[0] == '=' && cell[1] == '"' && cell[n-1] == '"' {
		return cell[2 : n-1]
	}
	if n := len(cell); n > 1 && cell[0] == '\'' && cell[n-1] != '\'' {
		return cell[1:]
	}
	return cell
}
