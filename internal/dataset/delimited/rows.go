// Package delimited reads readings from rows of delimited text, as a layout document
// describes them: rows of a reading each, of a reading of each meter, or of a day.
package delimited

import (
	"errors"
	"fmt"
	"io"

	"github.com/energytwin/energytwin/internal/dataset/hourly"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
)

var (
	errFewColumns  = errors.New("a column is missing: the row has fewer than the header")
	errManyColumns = errors.New("the row has more columns than the header")
	errOffGrid     = errors.New("the timestamp is not on the grid of the dataset's interval")
	errChannel     = errors.New("the channel is none of channels.import, channels.export and channels.ignore of the layout")
	errFactor      = errors.New("the factor is not a number")
	errNotMidnight = errors.New("the row of a day is not dated by the day alone")
)

// rowReader reads the rows of delimited text.
type rowReader struct {
	*Plan
	in      *hourly.Intake
	stamps  notation.StampReader
	several bool
	day     dayReader
}

func newRowReader(p *Plan, in *hourly.Intake) *rowReader {
	r := &rowReader{Plan: p, in: in, stamps: p.stamp, several: p.several()}
	in.Several = r.several
	return r
}

// Read reads delimited text below its header.
func Read(rows *tabular.Reader, p *Plan, in *hourly.Intake) error {
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
		if n%1024 == 0 && in.Cancelled() != nil {
			return in.Cancelled()
		}
		rec, err := rows.Next()
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
		if errors.Is(err, hourly.ErrStop) {
			return err
		}
		if err := in.Reject(rec.Line, column, err, rec.Raw); err != nil {
			return err
		}
	}
}

// errLeftOut is a row that is no reading, and was counted.
var errLeftOut = errors.New("left out")

// check rejects rows that do not have the header's columns, and leaves out those
// that are no readings of electricity.
func (r *rowReader) check(rec *tabular.Record) (column string, err error) {
	if rec.Err != nil {
		return "", rec.Err
	}
	if len(rec.Fields) == r.count && len(r.footer) == 0 && len(r.rows) == 0 {
		return "", nil
	}
	if len(r.footer) > 0 && layout.MatchAny(r.footer, string(rec.Fields[0])) {
		r.in.Info.Skipped++
		return "", errLeftOut
	}
	if len(rec.Fields) < r.count {
		return r.names[len(rec.Fields)], errFewColumns
	}
	if len(rec.Fields) > r.count {
		for _, f := range rec.Fields[r.count:] {
			if len(notation.Trim(f)) > 0 {
				return fmt.Sprint(r.count + 1), errManyColumns
			}
		}
	}
	for _, filter := range r.rows {
		if mark, _ := filter.of(rec.Fields); mark == markLeftOut {
			r.in.Info.Skipped++
			return "", errLeftOut
		}
	}
	return "", nil
}

// plainRow takes a row of a meter, a time and a value, which nearly all rows of long
// files are. It does what row does, without asking for what the plan does not have.
func (r *rowReader) plainRow(rec *tabular.Record) (column string, err error) {
	v := &r.values[0]
	cell := rec.Fields[v.column]
	if r.null.In(cell) {
		r.in.Info.Missing++
		return "", nil
	}
	stamp, err := r.stamps.Read(rec.Fields[r.time])
	if err != nil {
		return r.names[r.time], err
	}
	kWh, err := r.number.Read(cell)
	if err != nil {
		return v.name, err
	}
	kWh *= v.scale
	if err := hourly.CheckEnergy(kWh, r.counter); err != nil {
		return v.name, err
	}
	m, err := r.in.Meter(meterName(rec.Fields[r.meter]), nil)
	if err != nil {
		return r.names[r.meter], err
	}
	s, err := r.in.Only(m, r.counter)
	if err != nil {
		return r.names[r.meter], err
	}
	at, err := r.place(stamp, s)
	if err != nil {
		return r.names[r.time], err
	}
	if r.counter {
		err = r.in.AcceptCounter(s, at, kWh)
	} else {
		err = r.in.Accept(s, at, r.interval, kWh)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", hourly.ErrStop, err)
	}
	return "", nil
}

// row takes a row with readings of one time, or returns which column is bad and why.
func (r *rowReader) row(rec *tabular.Record) (column string, err error) {
	missing, err := r.missing(rec)
	if err != nil || (missing && !r.several) {
		return "", err
	}
	channel, component, sign, column, err := r.channel(rec)
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
		s, err := r.series(rec, v, max(channel, v.channel), max(component, v.channel))
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
func (r *rowReader) missing(rec *tabular.Record) (bool, error) {
	if r.quality != nil {
		switch mark, _ := r.quality.of(rec.Fields); mark {
		case markMissing:
			r.in.Info.Missing++
			return true, nil
		case markEstimated:
			r.in.Info.Estimated++
		}
	}
	if len(r.values) > 1 { // each is judged by itself
		return false, nil
	}
	if r.null.In(rec.Fields[r.values[0].column]) {
		r.in.Info.Missing++
		return true, nil
	}
	return false, nil
}

// channel is the channel of a row: its number, its component of the meter, and the sign
// of its energy.
func (r *rowReader) channel(rec *tabular.Record) (number, component int, sign float64, column string, err error) {
	if r.channels == nil {
		return 0, 0, 1, "", nil
	}
	mark, number := r.channels.of(rec.Fields)
	sign = 1
	switch mark {
	case markLeftOut:
		r.in.Info.Skipped++
		return 0, 0, 0, "", errLeftOut
	case markUnknown:
		return 0, 0, 0, r.names[r.channels.column], errChannel
	case markExport:
		component, sign = 1, -1
	}
	if r.counter {
		component = number
	}
	return number, component, sign, "", nil
}

// rowScale is the factor that a row's own unit and factor make, beside that of the
// columns.
func (r *rowReader) rowScale(rec *tabular.Record) (scale float64, column string, err error) {
	scale = 1
	if r.factor >= 0 {
		if scale, err = r.number.Read(rec.Fields[r.factor]); err != nil {
			return 0, r.names[r.factor], errFactor
		}
	}
	if r.unit != nil {
		unit, active := r.unit.of(rec.Fields)
		if !active {
			r.in.Info.Skipped++
			return 0, "", errLeftOut
		}
		scale *= r.scale(unit)
	}
	return scale, "", nil
}

// series is where a value belongs.
func (r *rowReader) series(rec *tabular.Record, v *valueColumn, channel, component int) (int32, error) {
	name := v.meter
	if name == nil {
		name = r.name
		if r.meter >= 0 {
			name = meterName(rec.Fields[r.meter])
		}
	} else {
		channel, component = 0, 0
	}
	var group []byte
	if r.group >= 0 {
		group = notation.Trim(rec.Fields[r.group])
	}
	m, err := r.in.Meter(name, group)
	if err != nil {
		return 0, err
	}
	return r.in.Channel(m, channel, component, r.counter)
}

func (r *rowReader) meterColumn(v *valueColumn) string {
	if v.meter == nil && r.meter >= 0 {
		return r.names[r.meter]
	}
	return v.name
}

// value takes one value of a row.
func (r *rowReader) value(rec *tabular.Record, v *valueColumn, s int32, stamp notation.Stamp, scale float64, missing bool) (column string, err error) {
	cell := rec.Fields[v.column]
	nothing := !missing && len(r.values) > 1 && r.null.In(cell)
	switch {
	case nothing && v.optional && r.counter:
		return "", nil
	case nothing && !v.optional:
		r.in.Info.Missing++
		missing = true
	}
	kWh := 0.0
	if !missing && !nothing {
		if kWh, err = r.number.Read(cell); err != nil {
			return v.name, err
		}
		kWh *= v.scale * scale
		if err := hourly.CheckEnergy(kWh, r.counter); err != nil {
			return v.name, err
		}
	}
	at, err := r.place(stamp, s)
	if err != nil {
		return r.names[r.time], err
	}
	if err := r.put(s, at, kWh, missing); err != nil {
		return "", fmt.Errorf("%w: %w", hourly.ErrStop, err)
	}
	return "", nil
}

// put hands a value on; one that is missing is reported where a meter has other
// series that would pass for all of it.
func (r *rowReader) put(s int32, at int64, kWh float64, missing bool) error {
	switch {
	case missing && r.several && !r.counter:
		return r.in.Void(s, at, r.interval)
	case missing:
		return nil
	case r.counter:
		return r.in.AcceptCounter(s, at, kWh)
	}
	return r.in.Accept(s, at, r.interval, kWh)
}

// meterName is a cell with a meter's name, without what spreadsheets put before
// long numbers to keep their digits: '123 and ="123".
func meterName(cell []byte) []byte {
	cell = notation.Trim(cell)
	if n := len(cell); n > 3 && cell[0] == '=' && cell[1] == '"' && cell[n-1] == '"' {
		return cell[2 : n-1]
	}
	if n := len(cell); n > 1 && cell[0] == '\'' && cell[n-1] != '\'' {
		return cell[1:]
	}
	return cell
}
