package dataset

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/meter"
)

// SignalKind is what a series of hourly values that is not of a meter measures.
type SignalKind string

// The signals.
const (
	Price       SignalKind = "price"            // currency per kWh
	Carbon      SignalKind = "carbon intensity" // kg CO2 per kWh
	Temperature SignalKind = "temperature"      // °C
)

// Signal is a file of prices, carbon intensities or temperatures. Values of shorter
// intervals have become the mean of their hour.
type Signal struct {
	Hours     []SignalHour // ascending, each hour once
	SHA256    string       // of the file, hex
	Detection []Evidence   // how the file was read, and why
	Warnings  []string
}

// SignalHour is the value of one hour, in the unit of the signal's kind.
type SignalHour struct {
	Hour  meter.Hour
	Value float64
}

// SignalOptions say what is known of a file of a signal.
type SignalOptions struct {
	Kind        SignalKind
	TimeColumn  string // "" is found out, and so is UsualTimeColumn where the file has no such column
	ValueColumn string // "" is found out, and so is UsualValueColumn where the file has no such column
	Zone        string // of times without an offset; "" is UTC
	Currency    string // of prices, ISO 4217; "" is not known
	ScratchDir  string // for what does not fit in memory; "" is the system's
	// Named takes a column only whose name says what it holds, for files of several
	// signals: without one the error is ErrNoSignal.
	Named bool
	// Setting is how a person sets a field, timeColumn or valueColumn; nil names the field.
	Setting func(field string) string
}

// setting names a field for a message.
func (o *SignalOptions) setting(field string) string {
	if o.Setting == nil {
		return field
	}
	return o.Setting(map[string]string{"timeColumn": "time.columns", "valueColumn": "values[0].column"}[field])
}

// ErrNoSignal is a file that has no column of a signal.
var ErrNoSignal = errors.New("no column of numbers")

// The columns of a specification that names none.
const (
	UsualTimeColumn  = "timestamp"
	UsualValueColumn = "value"
)

// OpenSignal reads a file of a signal. It is read as a file of readings is: as the mean
// power of a meter, whose energy in an hour is the mean of the hour.
func OpenSignal(ctx context.Context, path string, o SignalOptions) (*Signal, error) {
	raw, err := openRaw(path, nil)
	if err != nil {
		return nil, err
	}
	inputs, closeAll, err := raw.inputs(path, o.ScratchDir)
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	s, err := readSignal(ctx, path, inputs, o)
	if err == nil {
		s.SHA256, err = raw.sum()
	}
	if err = errors.Join(err, closeAll(), raw.Close()); err != nil {
		return nil, err
	}
	return s, nil
}

func readSignal(ctx context.Context, path string, inputs []Input, o SignalOptions) (*Signal, error) {
	in, column, err := findSignal(path, inputs, o)
	if err != nil {
		return nil, err
	}
	opts, err := column.options(o).withDefaults()
	if err != nil {
		return nil, err
	}
	source, err := openInputs(ctx, path, []Input{in}, opts)
	if err != nil {
		return nil, signalError(err)
	}
	hours, err := signalHours(source, column.name)
	if err = errors.Join(err, source.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	info := source.Info()
	s := &Signal{Hours: hours, Detection: column.evidence(o, info.Detection), Warnings: info.Warnings}
	unit, err := column.unit(o, hours)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i := range s.Hours {
		s.Hours[i].Value = unit.convert(s.Hours[i].Value)
	}
	s.Detection = append(s.Detection, unit.evidence())
	if info.Incomplete > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%d hours of which a part is missing are left out", info.Incomplete))
	}
	return s, nil
}

// options read the column as the mean power of a meter.
func (c *signalColumn) options(o SignalOptions) Options {
	doc := &layout.Document{
		Values: []layout.Value{{Column: c.name}}, Meter: &layout.Meter{Name: string(o.Kind)}, Unit: layout.KW, Reading: layout.Interval,
		Numbers: &layout.Numbers{Missing: slices.Concat(defaultMissing, []string{"-99.9", "-999", "-999.0", "-999.9", "-9999", "-9999.0"})},
	}
	if c.time != "" {
		doc.Time = &layout.Time{Columns: []string{c.time}}
	}
	if o.Kind != Temperature {
		doc.Numbers.Missing = defaultMissing
	}
	setting := func(field string) string {
		switch field {
		case "time.columns":
			return o.setting("timeColumn")
		case "values[0].column", "values":
			return o.setting("valueColumn")
		}
		return field + " by the file itself: "
	}
	return Options{Layout: doc, Setting: setting, Zone: o.Zone, Whole: true, InvalidRows: Reject, ScratchDir: o.ScratchDir, signal: true}
}

// signalError is the error of a row that cannot be read, with what to do about it.
func signalError(err error) error {
	var bad *BadRowError
	if !errors.As(err, &bad) {
		return err
	}
	return fmt.Errorf("%s: line %d, column %s: %s: %q; fix the line, or leave the value empty where it is not known", bad.File, bad.Line, bad.Column, bad.Reason, short(bad.Raw, 80))
}

// signalHours are the hours of a source. Values were stored as float32: the shortest
// number that has the same one is what the file says.
func signalHours(s Source, column string) ([]SignalHour, error) {
	info := s.Info()
	hours := make([]SignalHour, 0, info.Rows)
	for block, err := range s.Rows(info.Start) {
		if err != nil {
			return nil, err
		}
		for _, r := range block {
			v, err := strconv.ParseFloat(strconv.FormatFloat(float64(r.KWh), 'g', -1, 32), 64)
			if err != nil {
				return nil, err
			}
			h := SignalHour{Hour: r.Hour, Value: v}
			if n := len(hours); n > 0 && hours[n-1].Hour == h.Hour {
				if hours[n-1] != h {
					return nil, fmt.Errorf("column %s: %s comes twice, with %g and %g; give each hour once", column, h.Hour, hours[n-1].Value, h.Value)
				}
				continue
			}
			hours = append(hours, h)
		}
	}
	return hours, nil
}

// findSignal finds the text of a file, and the column in it, that holds a signal.
func findSignal(path string, inputs []Input, o SignalOptions) (in Input, column *signalColumn, err error) {
	var first error
	for _, in := range inputs {
		column, err := columnOfSignal(in, o)
		if err == nil {
			return in, column, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, nil, fmt.Errorf("%s: %w", path, first)
}

func columnOfSignal(in Input, o SignalOptions) (*signalColumn, error) {
	text, encoding, err := openText(in, "", headBytes)
	if err != nil {
		return nil, err
	}
	defer text.Close()
	head, err := text.peek()
	if err != nil {
		return nil, err
	}
	if err := foreign(head); err != nil {
		return nil, err
	}
	d := &detective{head: head, ended: text.ended, opts: Options{Setting: func(field string) string { return field }}, set: &layout.Document{}, doc: &layout.Document{Encoding: encoding}}
	if err := d.table(); err != nil {
		return nil, err
	}
	return d.signalColumn(o)
}

// medianSize is the median of the sizes of values.
func medianSize(hours []SignalHour) float64 {
	sizes := make([]float64, len(hours))
	for i, h := range hours {
		sizes[i] = math.Abs(h.Value)
	}
	return medianOf(sizes)
}
