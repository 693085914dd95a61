// Package dataset turns files of meter readings, in the layouts in which they
// are published, into one stream of hourly readings in the order of time. It
// also makes households up where there is no file.
//
// Memory does not grow with a file's length: readings are sorted on disk once
// they exceed a buffer, whatever order the file has them in. It does grow with
// the number of meters.
package dataset

import (
	"iter"

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
	// Info says what the dataset holds. It does not change.
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
	Missing     int64 `json:"missing"`     // values that the layout marks as missing (Null, an empty cell, quality N)
	Skipped     int64 `json:"skipped"`     // values that are no active energy, such as kVArh
	Incomplete  int64 `json:"incomplete"`  // hours left out because a part of them is missing
	Overlaps    int64 `json:"overlaps"`    // hours left out because intervals in them overlap
	Resets      int64 `json:"resets"`      // steps of a cumulative register that go back, or last over an hour: no energy is known

	SHA256 string `json:"sha256"` // of the raw file, hex; of the options if synthetic
	Format Format `json:"format"`
	Unit   Unit   `json:"unit"`
	Stamp  Stamp  `json:"stamp"`

	Detection []Evidence `json:"detection,omitempty"` // what was guessed, and why
	BadRows   []BadRow   `json:"badRows,omitempty"`   // the first MaxListedBadRows
}

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
