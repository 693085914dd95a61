package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/datafile"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/unpack"
	"github.com/energytwin/energytwin/internal/meter"
)

// fileBuffer is the memory in which the readings of a file are sorted, bytes. What exceeds
// it is sorted on disk.
const fileBuffer = 8 << 20

// File takes in the readings of a text in any layout, as whole hours. doc is how it is read;
// nil is the layout of the twin's dataset, and what that leaves open is detected. An hour
// that lacks sub-hour readings is left out, and a finding counts such hours. The error is a
// *dataset.DoubtError for a text that can be read in several ways, ErrTooManyRows, or why
// the text as a whole cannot be read.
func (in *Intake) File(ctx context.Context, text []byte, doc *layout.Document) error {
	if doc == nil {
		doc = in.rules.twin.Dataset.Layout
	}
	bad := &badRows{seen: map[place]bool{}}
	source, err := datafile.OpenInputs(ctx, "the body", []unpack.Input{body(text)}, datafile.Options{
		Layout: doc, Zone: in.rules.twin.Timezone, Whole: true, BadRows: bad, BufferBytes: fileBuffer,
	})
	if err != nil {
		return fileError(err)
	}
	for _, row := range bad.rows {
		in.reject(Rejection{
			Row: row.Line, Column: row.Column, Code: CodeUnreadableRow, Detail: row.Reason + "; fix the row and send it again",
		}, []byte(row.Raw))
	}
	err = in.hours(source)
	return errors.Join(err, source.Close())
}

// FileError is why a text cannot be read as a whole.
type FileError struct{ error }

func (e *FileError) Unwrap() error { return e.error }

// fileError marks an error of a text, unless it is none: the disk may be full, or the caller
// may have given up.
func fileError(err error) error {
	var disk *fs.PathError
	if errors.As(err, &disk) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &FileError{err}
}

func (in *Intake) hours(source dataset.Source) error {
	info := source.Info()
	if info.Rows+int64(in.Rejected) > MaxRows {
		return ErrTooManyRows
	}
	in.findings(&info)
	meters := make([]meter.Reading, len(info.Meters))
	for i, m := range info.Meters {
		meters[i] = meter.Reading{Meter: m.Name, Group: in.rules.twin.Dataset.GroupOf(m.Name, m.Group)}
	}
	for rows, err := range source.Rows(info.Start) {
		if err != nil {
			return err
		}
		for _, row := range rows {
			r := meters[row.Meter]
			r.Hour, r.KWh = row.Hour, row.KWh
			in.hour(r)
		}
	}
	return in.some()
}

// hour takes in a reading of a file. It is not known which of its rows a reading of the
// future comes from.
func (in *Intake) hour(r meter.Reading) {
	value := meter.AppendMessage(nil, r)
	if start := r.Hour.Time(); start.After(in.latest) {
		in.reject(in.inTheFuture(0, start), value)
		return
	}
	in.accept(r.Hour.Unix(), in.rules.key([]byte(r.Meter), []byte(r.Group)), value)
}

// findings are what the sender should know about how the text was read.
func (in *Intake) findings(info *dataset.Info) {
	in.Findings = info.Findings()
	for _, c := range []struct {
		count int64
		what  string
	}{
		{info.Incomplete, "hours are left out, as sub-hour readings of them are missing; send those as JSON, or all of the hour at once"},
		{info.Overlaps, "hours are left out, as intervals in them overlap"},
		{info.Missing, "values are marked as missing"},
		{info.Skipped, "values are no electrical energy"},
		{info.Resets, "steps of a counter are of unknown energy"},
	} {
		if c.count > 0 {
			in.Findings = append(in.Findings, fmt.Sprintf("%d %s", c.count, c.what))
		}
	}
}

// badRows collects the rows of a file that cannot be used. datafile reads a text again where
// its first bytes leave a doubt: a row then comes twice.
type badRows struct {
	rows []dataset.BadRow
	seen map[place]bool
}

type place struct {
	line   int64
	column string
}

// WriteBadRow keeps one row.
func (b *badRows) WriteBadRow(row dataset.BadRow) error {
	at := place{row.Line, row.Column}
	if b.seen[at] {
		return nil
	}
	if len(b.rows) == MaxRows {
		return ErrTooManyRows
	}
	b.seen[at] = true
	b.rows = append(b.rows, row)
	return nil
}

// body is the text of a request, as datafile reads one.
type body []byte

func (body) Name() string { return "the body" }

func (b body) Text() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
