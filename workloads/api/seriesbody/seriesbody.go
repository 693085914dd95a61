// Package seriesbody reads the values of a series, prices, carbon intensities or
// temperatures, from the body of a request.
package seriesbody

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/energytwin/energytwin/internal/dataset/signal"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// Limits on a body.
const (
	MaxBytes = 4 << 20 // unpacked
	MaxRows  = 40_000
	// MaxListed bounds the rows at fault that an answer lists.
	MaxListed = 20
)

// Options are how a body is read.
type Options struct {
	Series   twin.SeriesName
	Unit     string // of the values of JSON: one of Units; "" is that of the series
	Zone     string // of times of a text that have no offset
	Currency string // of the twin's tariff

	// From and To bound the hours, To exclusive.
	From, To meter.Hour
}

// Row is a value as JSON carries it.
type Row struct {
	At    *time.Time `json:"at"`
	Value *float64   `json:"value"`

	given bool // that value is there, if as null
}

// UnmarshalJSON is strict, and keeps a value that is null apart from one that is missing.
func (r *Row) UnmarshalJSON(text []byte) error {
	type plain Row
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode((*plain)(r)); err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	_, r.given = fields["value"]
	return nil
}

// Fault is a row, or a field of it, that cannot be used.
type Fault struct {
	Field  string // such as [3].at, or line 4
	Detail string // what is wrong, and how to fix it
}

// FaultsError is all that is wrong with the rows of a body, as far as it is listed.
type FaultsError struct {
	Faults []Fault
	Rows   int // that are at fault
}

func (e *FaultsError) Error() string {
	first := e.Faults[0].Field + ": " + e.Faults[0].Detail
	if e.Rows > 1 {
		return fmt.Sprintf("%s; %d more rows are at fault, and nothing is stored", first, e.Rows-1)
	}
	return first + "; nothing is stored"
}

// Errors of a body as a whole.
var (
	ErrNotJSON     = errors.New("the body is no JSON")
	ErrNoRows      = errors.New("the body has no values")
	ErrTooManyRows = fmt.Errorf("the body has more than %d values; send them in several requests", MaxRows)
)

// Values are the values of a series by the hour, in its own unit.
type Values struct {
	Hours    []meter.Hour // ascending, each once
	Values   []*float64   // of each; nil withdraws what was sent before
	Findings []string     // how a text was read, as far as that was guessed
}

// bounds are the values that a series may have, and what is wrong beyond.
type bounds struct {
	least, most float64
	unit, fix   string
}

func (o *Options) bounds() bounds {
	switch o.Series {
	case twin.SeriesCarbon:
		return bounds{0, 5, "kg/kWh", "write kg CO2 per kWh, or name the unit, such as g/kWh"}
	case twin.SeriesTemperature:
		return bounds{-95, 62, "°C", "write °C, or name the unit, such as °F"}
	default:
		return bounds{-100_000, 100_000, o.Currency + "/kWh", "write the price of a kWh, or name the unit, such as " + o.Currency + "/MWh"}
	}
}

// Units are the units that values of a series may have.
func Units(series twin.SeriesName, currency string) []string {
	switch series {
	case twin.SeriesCarbon:
		return []string{"kg/kWh", "g/kWh"}
	case twin.SeriesTemperature:
		return []string{"°C", "°F", "K"}
	default:
		return []string{currency + "/kWh", currency + "/MWh"}
	}
}

// converted is a value in the unit of the series.
func converted(v float64, unit string) float64 {
	switch {
	case unit == "g/kWh", strings.HasSuffix(unit, "/MWh"):
		return v / 1000
	case unit == "°F":
		return (v - 32) * 5 / 9
	case unit == "K":
		return v - 273.15
	}
	return v
}

// JSON reads an array of rows.
func JSON(text []byte, o Options) (*Values, error) {
	if !json.Valid(text) {
		var all json.RawMessage
		return nil, fmt.Errorf("%w: %w", ErrNotJSON, cmpError(json.Unmarshal(text, &all)))
	}
	var rows []json.RawMessage
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, fmt.Errorf("%w array of {\"at\", \"value\"}; send one, or a row a line as application/x-ndjson", ErrNotJSON)
	}
	return read(rows, func(i int) string { return fmt.Sprintf("[%d]", i) }, o)
}

// cmpError is an error, or one that names none.
func cmpError(err error) error {
	if err == nil {
		return errors.New("it ends before its last value does")
	}
	return err
}

// Lines reads one row a line; empty lines are passed over.
func Lines(text []byte, o Options) (*Values, error) {
	var rows []json.RawMessage
	var numbers []int
	for number := 1; len(text) > 0; number++ {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte{'\n'})
		if line = bytes.TrimSpace(line); len(line) > 0 {
			rows, numbers = append(rows, line), append(numbers, number)
		}
	}
	return read(rows, func(i int) string { return fmt.Sprintf("line %d", numbers[i]) }, o)
}

// Text reads a text in any layout that files of series may have.
func Text(ctx context.Context, text []byte, o Options) (*Values, error) {
	kind := map[twin.SeriesName]signal.Kind{
		twin.SeriesPrice: signal.Price, twin.SeriesCarbon: signal.Carbon, twin.SeriesTemperature: signal.Temperature,
	}[o.Series]
	s, err := signal.Text(ctx, "the body", text, signal.Options{Kind: kind, Zone: o.Zone, Currency: o.Currency})
	if err != nil {
		return nil, err
	}
	if len(s.Hours) > MaxRows {
		return nil, ErrTooManyRows
	}
	out := &Values{Findings: s.Warnings}
	for _, e := range s.Detection {
		if e.What == "unit" || e.What == "value" {
			out.Findings = append(out.Findings, fmt.Sprintf("the %s is taken for %s: %s", e.What, e.Guess, e.Because))
		}
	}
	c := collector{o: o}
	for i := range s.Hours {
		c.hour(s.Hours[i].Hour.String(), s.Hours[i].Hour, &s.Hours[i].Value)
	}
	return c.values(out)
}

// read reads rows; name names the one of a number.
func read(rows []json.RawMessage, name func(int) string, o Options) (*Values, error) {
	if len(rows) > MaxRows {
		return nil, ErrTooManyRows
	}
	c := collector{o: o}
	for i, text := range rows {
		c.row(name(i), text)
	}
	return c.join()
}

// part is the value of an interval of an hour.
type part struct {
	minute int
	value  *float64
	name   string
}

// collector collects the values of a body and what is wrong with it.
type collector struct {
	o      Options
	parts  map[meter.Hour][]part
	out    map[meter.Hour]*float64
	faults []Fault
	wrong  int
}

func (c *collector) fault(field, format string, args ...any) {
	c.wrong++
	if len(c.faults) < MaxListed {
		c.faults = append(c.faults, Fault{field, fmt.Sprintf(format, args...)})
	}
}

// row takes a row of JSON in.
func (c *collector) row(name string, text json.RawMessage) {
	var r Row
	if err := json.Unmarshal(text, &r); err != nil {
		c.fault(name, "is no row: %v; write {\"at\": \"2026-01-01T00:00:00Z\", \"value\": 0.21}", err)
		return
	}
	switch {
	case r.At == nil:
		c.fault(name+".at", "is missing; write the start of the hour, such as 2026-01-01T00:00:00Z")
	case !r.given:
		c.fault(name+".value", "is missing; write null to withdraw what was sent before")
	case r.At.Second() != 0 || r.At.Nanosecond() != 0 || r.At.UTC().Minute()%15 != 0:
		c.fault(name+".at", "%s is not the start of an hour, or of a half or a quarter of one", r.At.Format(time.RFC3339Nano))
	case r.At.Year() < 1900 || r.At.Year() > 2200:
		c.fault(name+".at", "lies outside the years 1900 to 2200")
	default:
		if c.parts == nil {
			c.parts = map[meter.Hour][]part{}
		}
		h := meter.HourOf(*r.At)
		c.parts[h] = append(c.parts[h], part{r.At.UTC().Minute(), r.Value, name})
	}
}

// join makes hours of what was taken in: the mean of an hour that is in parts.
func (c *collector) join() (*Values, error) {
	hours := make([]meter.Hour, 0, len(c.parts))
	for h := range c.parts {
		hours = append(hours, h)
	}
	slices.Sort(hours)
	for _, h := range hours {
		c.joinHour(h, c.parts[h])
	}
	return c.values(&Values{})
}

func (c *collector) joinHour(h meter.Hour, parts []part) {
	slices.SortStableFunc(parts, func(a, b part) int { return a.minute - b.minute })
	step := 60 / len(parts)
	sum, withdrawn := 0.0, 0
	for i, p := range parts {
		if i > 0 && parts[i-1].minute == p.minute {
			c.fault(p.name+".at", "comes twice; give each time once")
			return
		}
		if len(parts) == 3 || p.minute != i*step {
			c.fault(p.name+".at", "the hour from %s is in parts and not whole; send all halves or quarters of it, or one value for the hour", h)
			return
		}
		if p.value == nil {
			withdrawn++
			continue
		}
		sum += converted(*p.value, c.o.Unit)
	}
	switch withdrawn {
	case len(parts):
		c.hour(parts[0].name, h, nil)
	case 0:
		mean := sum / float64(len(parts))
		c.hour(parts[0].name, h, &mean)
	default:
		c.fault(parts[0].name+".value", "the hour from %s has parts with null and parts without; withdraw all of it or none", h)
	}
}

// hour takes in the value of an hour, in the unit of the series.
func (c *collector) hour(name string, h meter.Hour, v *float64) {
	b := c.o.bounds()
	switch {
	case h < c.o.From || h >= c.o.To:
		c.fault(name+".at", "%s lies outside the hours that are taken, from %s to %s", h, c.o.From, c.o.To)
		return
	case v != nil && (math.IsNaN(*v) || *v < b.least || *v > b.most):
		c.fault(name+".value", "%g %s lies outside %g to %g; %s", *v, b.unit, b.least, b.most, b.fix)
		return
	}
	if c.out == nil {
		c.out = map[meter.Hour]*float64{}
	}
	c.out[h] = v
}

func (c *collector) values(out *Values) (*Values, error) {
	if c.wrong > 0 {
		return nil, &FaultsError{Faults: c.faults, Rows: c.wrong}
	}
	if len(c.out) == 0 {
		return nil, ErrNoRows
	}
	for h := range c.out {
		out.Hours = append(out.Hours, h)
	}
	slices.Sort(out.Hours)
	for _, h := range out.Hours {
		out.Values = append(out.Values, c.out[h])
	}
	return out, nil
}
