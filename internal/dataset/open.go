package dataset

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/energytwin/energytwin/internal/meter"
)

// headBytes is how much of a file is looked at to find out what it is.
const headBytes = 1 << 20

// Open reads a file once from end to end and makes it ready to be published.
// It fails if the file cannot be read as what it is said or seems to be, if no
// row can be used, or, in mode Reject, at the first bad row.
func Open(ctx context.Context, path string, o Options) (Source, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.ScratchDir, "energytwin-dataset-")
	if err != nil {
		return nil, fmt.Errorf("make a scratch folder for the dataset: %w", err)
	}
	s := &fileSource{dir: dir, blocks: blocks{dir: dir, limit: o.BufferBytes / 4}}
	if err := s.load(ctx, path, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// fileSource is a file, sorted into hours.
type fileSource struct {
	dir    string
	info   Info
	blocks blocks
}

func (s *fileSource) Info() Info { return s.info }

func (s *fileSource) Rows(from meter.Hour) iter.Seq2[[]Row, error] { return s.blocks.rows(from) }

func (s *fileSource) Close() error {
	return errors.Join(s.blocks.close(), os.RemoveAll(s.dir))
}

func (s *fileSource) load(ctx context.Context, path string, o Options) error {
	raw, err := openRaw(path, o.Progress)
	if err != nil {
		return err
	}
	defer raw.Close()

	text := bufio.NewReaderSize(raw.text, headBytes)
	head, err := text.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read dataset %s: %w", path, err)
	}
	l, evidence, err := detect(head, o)
	if err != nil {
		return fmt.Errorf("dataset %s: %w", path, err)
	}
	s.info = Info{Format: l.format, Unit: l.unit, Stamp: l.stamp, Detection: evidence}

	in := newIntake(ctx, path, l, o, newSorter(s.dir, o.BufferBytes), &s.info)
	if err := readLayout(path, text, in); err != nil {
		return s.readError(path, err)
	}
	if s.info.SHA256, err = raw.sum(); err != nil {
		return err
	}
	return s.sortIntoHours(ctx, in, o)
}

func (s *fileSource) readError(path string, err error) error {
	var bad *BadRowError
	if errors.As(err, &bad) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("read dataset %s: %w", path, err)
}

// readLayout reads all of a file. path is for the one layout that has to be
// read twice.
func readLayout(path string, text io.Reader, in *intake) error {
	switch in.layout.format {
	case UCI:
		return readUCI(text, in)
	case LCL:
		return readLCL(text, in)
	case NEM12:
		return readNEM12(text, in)
	case GreenButton:
		return readGreenButton(path, text, in)
	}
	return readLong(text, in)
}

func (s *fileSource) sortIntoHours(ctx context.Context, in *intake, o Options) error {
	start, end, err := window(in, o)
	if err != nil {
		return err
	}
	s.info.Meters = make([]MeterInfo, len(in.series))
	for i, m := range in.series {
		s.info.Meters[i] = MeterInfo{Name: m.name, Group: m.group, First: meter.NoHour, Last: meter.NoHour}
	}
	if in.sort.spilled > 0 {
		s.blocks.limit = 0 // it will not fit: do not try
	}
	h := newHourly(len(in.series), in.register, start, end, &s.info, s.keep)
	if err := in.sort.each(ctx, h.add); err != nil {
		return err
	}
	if err := h.finish(); err != nil {
		return err
	}
	if err := s.blocks.seal(); err != nil {
		return err
	}
	if s.info.Rows == 0 {
		return s.nothingUsable(in, start, end)
	}
	s.info.Start, s.info.End = start, end
	if !o.Start.IsZero() {
		return nil
	}
	midnight, err := nextMidnight(s.blocks.index[len(s.blocks.index)-1].hour, o.Zone)
	s.info.End = min(end, midnight)
	return err
}

func (s *fileSource) keep(hour meter.Hour, rows []Row) error {
	s.info.Rows += int64(len(rows))
	for _, r := range rows {
		m := &s.info.Meters[r.Meter]
		if m.Rows == 0 {
			m.First = hour
		}
		m.Last = hour
		m.Rows++
	}
	return s.blocks.add(hour, rows)
}

func nothingRead(in *intake) error {
	if len(in.info.BadRows) > 0 {
		b := in.info.BadRows[0]
		return fmt.Errorf("dataset %s, read as %s: none of its rows can be used (%d bad ones); the first is line %d, column %q: %s: %q; "+
			"see whether format, columns, unit and timezone fit the file", in.file, in.layout.format, in.info.Quarantined, b.Line, b.Column, b.Reason, b.Raw)
	}
	return fmt.Errorf("dataset %s, read as %s: it holds no readings (%d missing, %d not of active energy)",
		in.file, in.layout.format, in.info.Missing, in.info.Skipped)
}

func (s *fileSource) nothingUsable(in *intake, start, end meter.Hour) error {
	if s.info.Read == 0 {
		return nothingRead(in)
	}
	return fmt.Errorf("dataset %s: none of its %d values makes an hourly reading in the window from %s to %s: %d lie outside it, %d hours are incomplete, %d overlap; "+
		"see whether start, span, interval and unit fit the file", in.file, s.info.Read, start, end, s.info.Trimmed, s.info.Incomplete, s.info.Overlaps)
}
