package delimited

import (
	"fmt"

	"github.com/energytwin/energytwin/internal/dataset/hourly"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/wallclock"
)

// dayReader is what the readers of wide rows and of days keep between rows.
type dayReader struct {
	series []int32
	starts []int64
}

// wideRow takes a row with a reading of each meter.
//
// The labels of files with RepeatedHour Sum are the same on every day. Where clocks
// go forward, such a file fills the hour that does not exist with zeros: they are
// missing values. Where clocks go back, the labels of the repeated hour hold the
// energy of both hours, so half of it goes to each.
func (r *rowReader) wideRow(rec *tabular.Record) (column string, err error) {
	if r.day.series == nil {
		if err := r.nameMeters(); err != nil {
			return "", err
		}
	}
	stamp, column, err := r.stamp(rec)
	if err != nil {
		return column, err
	}
	starts, err := r.rowStarts(stamp)
	if err != nil {
		return column, err
	}
	return r.cells(rec, starts)
}

// nameMeters names the meters of all columns, also of those without a value.
func (r *rowReader) nameMeters() error {
	for _, v := range r.values {
		m, err := r.in.Meter(v.meter, nil)
		if err != nil {
			return fmt.Errorf("%w: the column %q: %w", hourly.ErrStop, notation.Short(v.name, 40), err)
		}
		s, err := r.in.Only(m, r.counter)
		if err != nil {
			return fmt.Errorf("%w: %w", hourly.ErrStop, err)
		}
		r.day.series = append(r.day.series, s)
	}
	return nil
}

// rowStarts are the instants at which the intervals of a wide row begin.
func (r *rowReader) rowStarts(stamp notation.Stamp) ([]int64, error) {
	if stamp.Zoned || r.doc.Time.RepeatedHour != layout.Sum {
		at, err := r.place(stamp, r.day.series[0])
		r.day.starts = append(r.day.starts[:0], at)
		return r.day.starts, err
	}
	wall, err := r.round(stamp)
	if err != nil {
		return nil, err
	}
	if r.end && !r.counter {
		wall -= int64(r.interval)
	}
	r.day.starts = r.in.Instants(wall, r.day.starts)
	return r.day.starts, nil
}

// cells takes the values of a wide row. A bad one costs its meter a reading, and the
// others nothing.
func (r *rowReader) cells(rec *tabular.Record, starts []int64) (column string, err error) {
	for i := range r.values {
		v := &r.values[i]
		if err := r.cell(rec, v, r.day.series[i], starts, v.scale); err != nil {
			return "", err
		}
	}
	return "", nil
}

// cell takes one value, shared by the instants that its label stands for. An error
// is none of the value's.
func (r *rowReader) cell(rec *tabular.Record, v *valueColumn, s int32, starts []int64, scale float64) error {
	in := r.in
	text := rec.Fields[v.column]
	if r.null.In(text) {
		in.Info.Missing++
		for _, start := range starts {
			if err := r.put(s, start, 0, true); err != nil {
				return fmt.Errorf("%w: %w", hourly.ErrStop, err)
			}
		}
		return nil
	}
	kWh, err := r.number.Read(text)
	if err == nil {
		kWh *= scale
		err = hourly.CheckEnergy(kWh, r.counter)
	}
	if err == nil && len(starts) == 0 && kWh != 0 {
		err = wallclock.ErrNoSuchTime
	}
	if err != nil {
		if err := in.Reject(rec.Line, v.name, err, rec.Raw); err != nil {
			return fmt.Errorf("%w: %w", hourly.ErrStop, err)
		}
		return nil
	}
	if len(starts) == 0 {
		in.Info.Missing++
		return nil
	}
	if !r.counter {
		kWh /= float64(len(starts))
	}
	for _, start := range starts {
		if err := r.put(s, start, kWh, false); err != nil {
			return fmt.Errorf("%w: %w", hourly.ErrStop, err)
		}
	}
	return nil
}

// dayRow takes a row with a column for each interval of the day.
func (r *rowReader) dayRow(rec *tabular.Record) (column string, err error) {
	in := r.in
	if r.quality != nil {
		switch mark, _ := r.quality.of(rec.Fields); mark {
		case markMissing:
			in.Info.Missing += int64(len(r.values))
			return "", nil
		case markEstimated:
			in.Info.Estimated += int64(len(r.values))
		}
	}
	number, component, sign, column, err := r.channel(rec)
	if err != nil {
		return column, err
	}
	stamp, column, err := r.stamp(rec)
	if err != nil {
		return column, err
	}
	if wallclock.FloorMod(stamp.Wall, wallclock.MinutesPerDay) != 0 || stamp.Second != 0 {
		return column, errNotMidnight
	}
	scale, column, err := r.rowScale(rec)
	if err != nil {
		return column, err
	}
	s, err := r.series(rec, &r.values[0], number, component)
	if err != nil {
		return r.meterColumn(&r.values[0]), err
	}
	midnight, next, whole := in.Day(stamp.Wall)
	counted := len(r.values)*r.interval > wallclock.MinutesPerDay && whole && !stamp.Zoned
	for i := range r.values {
		minute := int64(i * r.interval)
		switch {
		case stamp.Zoned:
			r.day.starts = append(r.day.starts[:0], stamp.Wall+minute)
		case counted: // a column for each interval that any day has
			if r.day.starts = r.day.starts[:0]; midnight+minute < next {
				r.day.starts = append(r.day.starts, midnight+minute)
			}
		default:
			r.day.starts = r.in.Instants(stamp.Wall+minute, r.day.starts)
		}
		v := &r.values[i]
		if err := r.cell(rec, v, s, r.day.starts, sign*scale*v.scale); err != nil {
			return "", err
		}
	}
	return "", nil
}
