// Package dataset defines what a dataset of meter readings is: a Source of hourly readings
// in the order of time, what is known of it (Info, with the evidence for how a file was
// read), and what is measured over it (Report, Shape).
//
// Package datafile beside it reads a Source from a file, and package synth computes one.
package dataset

import (
	"iter"

	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/meter"
)

// Row is the energy of one meter in one hour.
type Row struct {
	Meter int32      // index into Info.Meters
	Hour  meter.Hour // start of the interval, UTC
	KWh   float32    // energy in the hour; negative is export
}

// Source is a dataset ready to be published, hour by hour.
type Source interface {
	// Info describes what the dataset holds. It does not change.
	Info() Info
	// Rows yields one block for each hour that has rows, ascending, from that
	// hour on. Rows of a block are sorted by meter; rows that a file repeats
	// for one meter and hour keep the file's order. The slice is reused for
	// the next block. Every call yields the same rows. An error ends the stream.
	Rows(from meter.Hour) iter.Seq2[[]Row, error]
	// Close frees the source's scratch files.
	Close() error
}

// Info describes a dataset. All hours are UTC.
type Info struct {
	Meters []MeterInfo `json:"meters"` // in the order in which the file names them first

	Start meter.Hour `json:"-"` // of the window
	End   meter.Hour `json:"-"` // of the window, exclusive: the local midnight after the last row, or the end of the span

	Rows        int64 `json:"rows"`        // hourly rows that Rows yields
	Read        int64 `json:"read"`        // values found in the file, in its own intervals
	Quarantined int64 `json:"quarantined"` // bad rows
	Duplicates  int64 `json:"duplicates"`  // rows that repeat the meter and interval of another one
	Trimmed     int64 `json:"trimmed"`     // values outside the window
	Missing     int64 `json:"missing"`     // values that the file marks as missing (Null, an empty cell, quality N)
	Estimated   int64 `json:"estimated"`   // values that the file marks as estimated, and hours of counters completed at their ends; they are used
	Skipped     int64 `json:"skipped"`     // values that are no electrical energy, such as kVArh and gas, and rows of a footer
	Incomplete  int64 `json:"incomplete"`  // hours left out because readings are missing
	Overlaps    int64 `json:"overlaps"`    // hours left out because intervals in them overlap
	Resets      int64 `json:"resets"`      // steps of a counter that go back, are beyond its history, or last over an hour: no energy is known

	SHA256 string `json:"sha256"` // of the raw file, hex; of the options if synthetic
	// Layout is how the file was read: what was set and what was found out; nil of
	// made-up households.
	Layout    *layout.Document `json:"layout,omitempty"`
	Detection []Evidence       `json:"detection,omitempty"` // what was set, and what was guessed, and why
	Warnings  []string         `json:"warnings,omitempty"`  // what seems wrong, and how to change it
	Reasons   []ReasonCount    `json:"reasons,omitempty"`   // of the quarantined rows, the first MaxReasons kinds
	BadRows   []BadRow         `json:"badRows,omitempty"`   // the first MaxListedBadRows
}

// ReasonCount counts the quarantined rows of one reason.
type ReasonCount struct {
	Reason string `json:"reason"`
	Rows   int64  `json:"rows"`
}

// MaxReasons bounds Info.Reasons; rows of further reasons count under the last one.
const MaxReasons = 32

// MaxListedBadRows bounds Info.BadRows; the quarantine writer gets all of them.
const MaxListedBadRows = 100

// MeterInfo describes one meter of a dataset.
type MeterInfo struct {
	Name  string
	Group string     // "" if none
	First meter.Hour // of its first row in the window; NoHour if it has none
	Last  meter.Hour // of its last row in the window; NoHour if it has none
	Rows  int64      // in the window, repeated rows included
}

// Hours is the length of the window.
func (i *Info) Hours() int { return int(i.End - i.Start) }
