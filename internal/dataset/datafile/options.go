package datafile

import (
	"cmp"
	"fmt"
	"time"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/meter"
)

// MaxSpan is the longest window: a leap year.
const MaxSpan = 8784 * time.Hour

// wholeSpan is longer than any file.
const wholeSpan = 100 * MaxSpan

// DefaultBuffer is the memory that sorting may take, in bytes.
const DefaultBuffer = 64 << 20

// Options define how a file is read. With the zero value, all of it is detected.
type Options struct {
	// Layout defines how the text becomes readings. What it leaves open is detected;
	// nil leaves everything open.
	Layout *layout.Document
	// Setting is what the reader of a message writes to set a field of the layout,
	// such as --unit for unit; nil names the field itself.
	Setting func(field string) string

	Zone string // IANA zone whose midnights bound the window, and of local times where the layout names none; "" is UTC

	Start       time.Time            // of the window; zero is the local midnight before the first reading
	Span        time.Duration        // of the window; 0 is MaxSpan
	Whole       bool                 // all hours from Start on, however many years; Span is ignored
	InvalidRows dataset.InvalidRows  // "" is Quarantine
	BadRows     dataset.BadRowWriter // gets every quarantined row; nil counts them only

	NoMeter bool // the values are of no meter: nothing is concluded from their sum

	BufferBytes int                     // of memory for sorting; 0 is DefaultBuffer
	ScratchDir  string                  // for what does not fit; "" is the system's folder for temporary files
	Progress    func(read, total int64) // bytes of the raw file, called as it is read; may be nil
}

func (o Options) withDefaults() (Options, error) {
	o.InvalidRows = cmp.Or(o.InvalidRows, dataset.Quarantine)
	o.Zone = cmp.Or(o.Zone, "UTC")
	o.BufferBytes = cmp.Or(o.BufferBytes, DefaultBuffer)
	o.Span = cmp.Or(o.Span, MaxSpan)
	if o.Setting == nil {
		o.Setting = func(field string) string { return "layout." + field }
	}
	if o.Layout == nil {
		o.Layout = &layout.Document{}
	}
	if err := o.check(); err != nil {
		return o, err
	}
	complete, err := o.Layout.Complete()
	if err != nil {
		return o, fmt.Errorf("layout: %w", err)
	}
	o.Layout = complete
	if o.Whole {
		o.Span = wholeSpan
	}
	return o, nil
}

func (o Options) check() error {
	if o.InvalidRows != dataset.Quarantine && o.InvalidRows != dataset.Reject {
		return fmt.Errorf("dataset invalidRows %q: use one of %s, %s", o.InvalidRows, dataset.Quarantine, dataset.Reject)
	}
	if o.Span < time.Hour || o.Span > MaxSpan {
		return fmt.Errorf("dataset span %s: use 1h to %s, at most a year", o.Span, MaxSpan)
	}
	_, err := meter.NewCalendar(o.Zone)
	return err
}
