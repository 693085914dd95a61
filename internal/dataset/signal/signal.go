// Package signal reads files of prices, carbon intensities and temperatures: hourly values
// that are not of a meter.
package signal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/datafile"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/unpack"
	"github.com/energytwin/energytwin/internal/meter"
)

// Kind is what a series of hourly values that is not of a meter measures.
type Kind string

// The signals.
const (
	Price       Kind = "price"            // currency per kWh
	Carbon      Kind = "carbon intensity" // kg CO2 per kWh
	Temperature Kind = "temperature"      // °C
)

// Signal is a file of prices, carbon intensities or temperatures. Values of shorter
// intervals have become the mean of their hour.
type Signal struct {
	Hours     []Hour             // ascending, each hour once
	SHA256    string             // of the file, hex
	Detection []dataset.Evidence // how the file was read, and why
	Warnings  []string
}

// Hour is the value of one hour, in the unit of the signal's kind.
type Hour struct {
	Hour  meter.Hour
	Value float64
}

// Options are what is known of a file of a signal.
type Options struct {
	Kind        Kind
	TimeColumn  string // "" is found out, and so is UsualTimeColumn where the file has no such column
	ValueColumn string // "" is found out, and so is UsualValueColumn where the file has no such column
	Zone        string // of times without an offset; "" is UTC
	Currency    string // of prices, ISO 4217; "" is not known
	ScratchDir  string // for what does not fit in memory; "" is the system's
	// Named takes a column only whose name states what it holds, for files of several
	// signals: without one the error is ErrNoSignal.
	Named bool
	// Setting is how a person sets a field, timeColumn or valueColumn; nil names the field.
	Setting func(field string) string
}

// setting names a field for a message.
func (o *Options) setting(field string) string {
	if o.Setting == nil {
		return field
	}
	return o.Setting(map[string]string{"timeColumn": "time.columns", "valueColumn": "values[0].column"}[field])
}

// ErrNoColumn is a file that has no column of a signal.
var ErrNoColumn = errors.New("no column of numbers")

// The columns of a specification that names none.
const (
	UsualTimeColumn  = "timestamp"
	UsualValueColumn = "value"
)

// Open reads a file of a signal. It is read as a file of readings is: as the mean
// power of a meter, whose energy in an hour is the mean of the hour.
func Open(ctx context.Context, path string, o Options) (*Signal, error) {
	raw, err := unpack.Open(path, nil)
	if err != nil {
		return nil, err
	}
	inputs, closeAll, err := raw.Inputs(path, o.ScratchDir)
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	s, err := read(ctx, path, inputs, o)
	if err == nil {
		s.SHA256, err = raw.Sum()
	}
	if err = errors.Join(err, closeAll(), raw.Close()); err != nil {
		return nil, err
	}
	return s, nil
}

// Text reads a text of a signal that is in memory, as Open reads a file. name is what it is
// called in errors.
func Text(ctx context.Context, name string, text []byte, o Options) (*Signal, error) {
	return read(ctx, name, []unpack.Input{inMemory{name, text}}, o)
}

// inMemory is a text as unpack hands them out.
type inMemory struct {
	name string
	text []byte
}

func (m inMemory) Name() string { return m.name }

func (m inMemory) Text() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(m.text)), nil }

func read(ctx context.Context, path string, inputs []unpack.Input, o Options) (*Signal, error) {
	in, column, err := find(path, inputs, o)
	if err != nil {
		return nil, err
	}
	source, err := datafile.OpenInputs(ctx, path, []unpack.Input{in}, column.options(o))
	if err != nil {
		return nil, rowError(err)
	}
	hours, err := hoursOf(source, column.name)
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
		s.Warnings = append(s.Warnings, fmt.Sprintf("%d hours with missing readings are left out", info.Incomplete))
	}
	return s, nil
}

// options read the column as the mean power of a meter.
func (c *column) options(o Options) datafile.Options {
	doc := &layout.Document{
		Values: []layout.Value{{Column: c.name}}, Meter: &layout.Meter{Name: string(o.Kind)}, Unit: layout.KW, Reading: layout.Interval,
		Numbers: &layout.Numbers{Missing: slices.Concat(notation.DefaultMissing, []string{"-99.9", "-999", "-999.0", "-999.9", "-9999", "-9999.0"})},
	}
	if c.time != "" {
		doc.Time = &layout.Time{Columns: []string{c.time}}
	}
	if o.Kind != Temperature {
		doc.Numbers.Missing = notation.DefaultMissing
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
	return datafile.Options{Layout: doc, Setting: setting, Zone: o.Zone, Whole: true, InvalidRows: dataset.Reject, ScratchDir: o.ScratchDir, NoMeter: true}
}

// rowError is the error of a row that cannot be read, with what to do about it.
func rowError(err error) error {
	var bad *dataset.BadRowError
	if !errors.As(err, &bad) {
		return err
	}
	return fmt.Errorf("%s: line %d, column %s: %s: %q; fix the line, or leave the value empty where it is not known", bad.File, bad.Line, bad.Column, bad.Reason, notation.Short(bad.Raw, 80))
}

// hoursOf are the hours of a source. Values were stored as float32: the shortest
// number that has the same one is what the file states.
func hoursOf(s dataset.Source, column string) ([]Hour, error) {
	info := s.Info()
	hours := make([]Hour, 0, info.Rows)
	for block, err := range s.Rows(info.Start) {
		if err != nil {
			return nil, err
		}
		for _, r := range block {
			v, err := strconv.ParseFloat(strconv.FormatFloat(float64(r.KWh), 'g', -1, 32), 64)
			if err != nil {
				return nil, err
			}
			h := Hour{Hour: r.Hour, Value: v}
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

// find finds the text of a file, and the column in it, that holds a signal.
func find(path string, inputs []unpack.Input, o Options) (in unpack.Input, column *column, err error) {
	var first error
	for _, in := range inputs {
		column, err := columnIn(in, o)
		if err == nil {
			return in, column, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, nil, fmt.Errorf("%s: %w", path, first)
}

func columnIn(in unpack.Input, o Options) (*column, error) {
	text, encoding, err := unpack.OpenText(in, "", unpack.HeadBytes)
	if err != nil {
		return nil, err
	}
	defer text.Close()
	head, err := text.Peek()
	if err != nil {
		return nil, err
	}
	if err := unpack.Foreign(head); err != nil {
		return nil, err
	}
	t, err := tabular.Find(head, text.Ended, &layout.Document{Encoding: encoding}, func(field string) string { return field })
	if err != nil {
		return nil, err
	}
	return findColumn(head, t, o)
}

// medianSize is the median of the sizes of values.
func medianSize(hours []Hour) float64 {
	sizes := make([]float64, len(hours))
	for i, h := range hours {
		sizes[i] = math.Abs(h.Value)
	}
	if len(sizes) == 0 {
		return 0
	}
	slices.Sort(sizes)
	return sizes[len(sizes)/2]
}
