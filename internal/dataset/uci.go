package dataset

import (
	"errors"
	"fmt"
	"io"
)

// readUCI reads the layout of ElectricityLoadDiagrams: one line a
// quarter-hour, one column a meter, the first cell the local time at which
// the quarter-hour ends, values in kW.
//
// Every day of that file has 96 labels. Where clocks go forward the hour that
// does not exist is filled with zeros: they are missing values. Where clocks
// go back the labels of the repeated hour hold the energy of both hours, so
// half of it goes to each.
func readUCI(text io.Reader, in *intake) error {
	r := newCSVReader(newLineReader(text), in.layout.comma)
	header, err := r.next()
	if err != nil {
		return fmt.Errorf("the file has no header: %w", err)
	}
	if header.err != nil || len(header.fields) < 2 {
		return fmt.Errorf("the header has no meters: want an empty cell and one name a meter, cut by %q", in.layout.comma)
	}
	w := wideReader{in: in, meters: make([]int32, 0, len(header.fields)-1)}
	for i, f := range header.fields[1:] {
		m, err := in.meter(trimSpace(f), nil)
		if err != nil {
			return fmt.Errorf("the header's column %d: %w", i+2, err)
		}
		w.meters = append(w.meters, m)
		w.names = append(w.names, string(trimSpace(f)))
	}
	for {
		if in.cancelled() != nil {
			return in.cancelled()
		}
		rec, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.row(rec); err != nil {
			return err
		}
	}
}

type wideReader struct {
	in     *intake
	meters []int32
	names  []string
}

func (w *wideReader) row(rec *record) error {
	in := w.in
	if rec.err != nil {
		return in.reject(rec.line, "", rec.err, rec.raw)
	}
	if len(rec.fields) < len(w.meters)+1 {
		return in.reject(rec.line, w.names[len(rec.fields)-1], errFewColumns, rec.raw)
	}
	if len(rec.fields) > len(w.meters)+1 {
		return in.reject(rec.line, fmt.Sprint(len(w.meters)+2), errManyColumns, rec.raw)
	}
	stamp, err := in.stamps.read(rec.fields[0])
	if err != nil {
		return in.reject(rec.line, "1", err, rec.raw)
	}
	minutes := in.layout.interval
	if stamp.wall%int64(min(minutes, 15)) != 0 {
		return in.reject(rec.line, "1", errOffGrid, rec.raw)
	}
	wall := stamp.wall
	if in.layout.stamp == StampEnd {
		wall -= int64(minutes)
	}
	starts := []int64{wall}
	if !stamp.zoned {
		first, second, count := in.clock.instants(wall)
		starts = append(append(starts[:0], first), second)[:count]
	}
	for i, f := range rec.fields[1:] {
		if err := w.cell(rec, i, f, starts); err != nil {
			return err
		}
	}
	return nil
}

// cell takes one value, shared by the instants that its label stands for.
func (w *wideReader) cell(rec *record, i int, text []byte, starts []int64) error {
	in := w.in
	if len(trimSpace(text)) == 0 {
		in.info.Missing++
		return nil
	}
	value, err := parseNumber(text, in.layout.decimal)
	if err != nil {
		return in.reject(rec.line, w.names[i], err, rec.raw)
	}
	if len(starts) == 0 {
		if value != 0 {
			return in.reject(rec.line, w.names[i], errNoSuchTime, rec.raw)
		}
		in.info.Missing++
		return nil
	}
	kWh, err := in.kWh(in.layout.unit, value, in.layout.interval)
	if err != nil {
		return in.reject(rec.line, w.names[i], err, rec.raw)
	}
	for _, start := range starts {
		if in.layout.unit == Register {
			err = in.acceptRegister(w.meters[i], start, kWh)
		} else {
			err = in.accept(w.meters[i], start, in.layout.interval, kWh/float64(len(starts)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
