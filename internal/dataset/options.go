package dataset

import (
	"fmt"
	"strings"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// Format is the layout of a file.
type Format string

// The layouts that are read.
const (
	Auto        Format = "Auto"        // found out from the file's head
	Long        Format = "Long"        // CSV, one reading a line
	UCI         Format = "UCI"         // ElectricityLoadDiagrams: one line a quarter-hour, one column a meter
	LCL         Format = "LCL"         // Low Carbon London
	NEM12       Format = "NEM12"       // Australian market's interval data
	GreenButton Format = "GreenButton" // ESPI XML
	Made        Format = "Synthetic"   // not a file
)

// Unit is what the numbers of a file mean.
type Unit string

// The units that are read. All become kWh.
const (
	KWh      Unit = "kWh"
	Wh       Unit = "Wh"
	KW       Unit = "kW"       // mean power in the interval
	Register Unit = "Register" // kWh on a counter that only grows
)

// Stamp is the end of the interval that a timestamp marks.
type Stamp string

// The two kinds of stamp.
const (
	StampStart Stamp = "Start"
	StampEnd   Stamp = "End"
)

// InvalidRows says what becomes of a bad row.
type InvalidRows string

// The two treatments of bad rows.
const (
	Quarantine InvalidRows = "Quarantine" // written to the quarantine, counted, left out
	Reject     InvalidRows = "Reject"     // the first one is an error
)

// Columns are the header names of the Long layout, compared without regard to
// case. An empty Meter, Time or Value is looked for under its usual names; an
// empty Group means that there is none.
type Columns struct{ Meter, Time, Value, Group string }

// MaxSpan is the longest window: a leap year.
const MaxSpan = 8784 * time.Hour

// wholeSpan is longer than any file.
const wholeSpan = 100 * MaxSpan

// DefaultBuffer is the memory that sorting may take, in bytes.
const DefaultBuffer = 64 << 20

// Options say how to read a file. The zero value finds everything out.
type Options struct {
	Format   Format        // "" is Auto
	Columns  Columns       // of the Long layout
	Unit     Unit          // "" leaves it to the layout and the header
	Stamp    Stamp         // "" leaves it to the layout: Start, but End for UCI
	Interval time.Duration // of the source: a divisor of one hour; 0 is found out

	Zone       string // IANA zone whose midnights bound the window; "" is UTC
	SourceZone string // IANA zone of local times in the file; "" is the layout's own, for Long that of Zone

	Start       time.Time     // of the window; zero is the local midnight before the first reading
	Span        time.Duration // of the window; 0 is MaxSpan
	Whole       bool          // all hours from Start on, however many years; Span is not looked at
	InvalidRows InvalidRows   // "" is Quarantine
	BadRows     BadRowWriter  // gets every quarantined row; nil counts them only

	BufferBytes int                     // of memory for sorting; 0 is DefaultBuffer
	ScratchDir  string                  // for what does not fit; "" is the system's folder for temporary files
	Progress    func(read, total int64) // bytes of the raw file, called as it is read; may be nil
}

func (o Options) withDefaults() (Options, error) {
	o.Format = orDefault(o.Format, Auto)
	o.InvalidRows = orDefault(o.InvalidRows, Quarantine)
	o.Zone = orDefault(o.Zone, "UTC")
	o.BufferBytes = orDefault(o.BufferBytes, DefaultBuffer)
	o.Span = orDefault(o.Span, MaxSpan)
	if err := o.check(); err != nil {
		return o, err
	}
	if o.Whole {
		o.Span = wholeSpan
	}
	return o, nil
}

func (o Options) check() error {
	if err := oneOf("format", o.Format, Auto, Long, UCI, LCL, NEM12, GreenButton); err != nil {
		return err
	}
	if err := oneOf("unit", o.Unit, "", KWh, Wh, KW, Register); err != nil {
		return err
	}
	if err := oneOf("stamp", o.Stamp, "", StampStart, StampEnd); err != nil {
		return err
	}
	if err := oneOf("invalidRows", o.InvalidRows, Quarantine, Reject); err != nil {
		return err
	}
	if o.Span < time.Hour || o.Span > MaxSpan {
		return fmt.Errorf("dataset span %s: use 1h to %s, at most a year", o.Span, MaxSpan)
	}
	if o.Interval != 0 && !wholePart(o.Interval) {
		return fmt.Errorf("dataset interval %s: use whole minutes that divide an hour, such as 15m, 30m or 1h", o.Interval)
	}
	for _, zone := range []string{o.Zone, o.SourceZone} {
		if _, err := meter.NewCalendar(zone); err != nil {
			return err
		}
	}
	return nil
}

func wholePart(d time.Duration) bool {
	return d >= time.Minute && d <= time.Hour && d%time.Minute == 0 && time.Hour%d == 0
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

func oneOf[T ~string](what string, v T, allowed ...T) error {
	var names []string
	for _, a := range allowed {
		if v == a {
			return nil
		}
		if a != "" {
			names = append(names, string(a))
		}
	}
	return fmt.Errorf("dataset %s %q: use one of %s", what, v, strings.Join(names, ", "))
}
