// Package datafile reads files of meter readings, in the layouts in which they are
// published, and returns them as a dataset.Source: hourly readings in the order of time.
//
// A file goes through the packages beside this one. unpack opens it and yields its texts;
// detect finds out how they are read, as far as no layout document states it; delimited,
// nem12 or greenbutton reads the readings; hourly sorts them and sums them up to hours.
//
// Memory does not grow with a file's length: readings are sorted on disk once they exceed
// a buffer, whatever order the file has them in. It does grow with the number of meters.
package datafile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/detect"
	"github.com/energytwin/energytwin/internal/dataset/hourly"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/unpack"
	"github.com/energytwin/energytwin/internal/meter"
)

// Open reads a file once from end to end and makes it ready to be published.
// It fails if the file cannot be read as what it is set to be, or seems to be, if no
// row can be used, or, in mode Reject, at the first bad row.
func Open(ctx context.Context, path string, o Options) (dataset.Source, error) {
	raw, err := unpack.Open(path, o.Progress)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	o, err = o.withDefaults()
	if err != nil {
		return nil, err
	}
	inputs, closeAll, err := raw.Inputs(path, o.ScratchDir)
	if err != nil {
		return nil, err
	}
	s, err := openInputs(ctx, path, inputs, o)
	if err = errors.Join(err, closeAll()); err != nil {
		return nil, err
	}
	if s.info.SHA256, err = raw.Sum(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenInputs is Open for texts of a file that is open already. path is what errors call
// the file; SHA256 of the source's Info is not set.
func OpenInputs(ctx context.Context, path string, inputs []unpack.Input, o Options) (dataset.Source, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return openInputs(ctx, path, inputs, o)
}

// openInputs reads the texts of a file.
func openInputs(ctx context.Context, path string, inputs []unpack.Input, o Options) (*fileSource, error) {
	head, byName := unpack.HeadBytes, false
	for {
		s, err := newFileSource(o)
		if err != nil {
			return nil, err
		}
		if err = s.load(ctx, path, inputs, head, byName, o); err == nil {
			return s, nil
		}
		err = errors.Join(err, s.Close())
		var doubt *dataset.DoubtError
		switch {
		case errors.Is(err, errSameTimes) && !byName:
			byName = true
		case errors.As(err, &doubt) && doubt.More && head < unpack.LongHeadBytes:
			head = unpack.LongHeadBytes
		default:
			return nil, err
		}
	}
}

// fileSource is a file, sorted into hours.
type fileSource struct {
	dir    string
	info   dataset.Info
	blocks blocks
	energy []meterEnergy // by meter
	// changed are the values that come again for their interval, with another value.
	changed int64
}

// meterEnergy is what a warning about the unit needs.
type meterEnergy struct {
	sum  float64 // kWh
	most float32 // kWh of an hour, without sign
}

func newFileSource(o Options) (*fileSource, error) {
	dir, err := os.MkdirTemp(o.ScratchDir, "energytwin-dataset-")
	if err != nil {
		return nil, fmt.Errorf("create a scratch folder for the dataset: %w", err)
	}
	return &fileSource{dir: dir, blocks: blocks{dir: dir, limit: o.BufferBytes / 4}}, nil
}

func (s *fileSource) Info() dataset.Info { return s.info }

func (s *fileSource) Rows(from meter.Hour) iter.Seq2[[]dataset.Row, error] {
	return s.blocks.rows(from)
}

func (s *fileSource) Close() error {
	return errors.Join(s.blocks.close(), os.RemoveAll(s.dir))
}

// load reads the texts of a file that hold readings. byName names the meters of texts
// that name none by the texts.
func (s *fileSource) load(ctx context.Context, path string, inputs []unpack.Input, head int, byName bool, o Options) error {
	members, warnings, err := findMembers(path, inputs, head, byName, o)
	if err != nil {
		return err
	}
	defer closeMembers(members)
	found := members[0].found
	s.info = dataset.Info{Layout: found.Doc, Detection: found.Evidence, Warnings: warnings}
	in := hourly.NewIntake(ctx, path, hourly.Options{
		Start: o.Start, Span: o.Span, Zone: o.Zone, InvalidRows: o.InvalidRows, BadRows: o.BadRows, ScratchDir: s.dir, BufferBytes: o.BufferBytes,
	}, &s.info)
	for i := range members {
		if err := members[i].read(in, len(inputs) > 1, o); err != nil {
			return readError(members[i].input.Name(), err)
		}
	}
	err = s.sortIntoHours(in, &members[0], o)
	if len(members) > 1 && !byName && members[0].namesNoMeter() && s.changed > s.info.Read/10 {
		return errors.Join(errSameTimes, err)
	}
	if err != nil {
		return err
	}
	s.warn(found, o)
	return nil
}

func readError(name string, err error) error {
	var bad *dataset.BadRowError
	if errors.As(err, &bad) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("read dataset %s: %w", name, err)
}

func (s *fileSource) sortIntoHours(in *hourly.Intake, m *member, o Options) error {
	found := m.found
	start, end, some, err := in.Window()
	if err != nil {
		return err
	}
	if !some {
		return nothingRead(in, o)
	}
	s.info.Meters = in.MeterInfos()
	s.energy = make([]meterEnergy, len(s.info.Meters))
	if in.Spilled() {
		s.blocks.limit = 0 // it will not fit: do not try
	}
	repeated, err := in.Hours(start, end, s.keep)
	if err != nil {
		return err
	}
	if err := s.blocks.seal(); err != nil {
		return err
	}
	s.changed = repeated.Changed
	if repeated.Unlike {
		return twoChannels(in, m, repeated, o)
	}
	if n := s.changed; n > 0 && found.Doc.Format == layout.GreenButton {
		in.Warn("%d intervals come twice, with different values, and the later one counts; if the feed's seconds count local time, not UTC, the hour at which clocks are set back does so: set %s to the zone",
			n, o.Setting("time.zone"))
	}
	if !repeated.ClockBack.IsZero() && guessed(found.Evidence, "time.zone") {
		return otherZone(in, repeated.ClockBack, o)
	}
	if s.info.Rows == 0 {
		return s.nothingUsable(in, start, end, o)
	}
	s.info.Start, s.info.End = start, end
	if !o.Start.IsZero() {
		return nil
	}
	midnight, err := hourly.NextMidnight(s.blocks.index[len(s.blocks.index)-1].hour, o.Zone)
	s.info.End = min(end, midnight)
	return err
}

// twoChannels is the error for a file of which most times come twice, with values
// that are no corrections of each other.
func twoChannels(in *hourly.Intake, m *member, r *hourly.Repetitions, o Options) error {
	if m.found.Doc.Format != layout.Delimited {
		return fmt.Errorf("dataset %s: %d of %d intervals of a meter come twice with values that are no corrections of each other: the file has two meters under one name; read the file of each on its own",
			in.File, r.Changed, r.Intervals)
	}
	apart := "no column distinguishes them: keep one channel in the file"
	if len(m.found.Apart) > 0 {
		apart = "these columns may distinguish them: " + strings.Join(m.found.Apart, ", ")
	}
	if doc := m.found.Doc; doc.Meter == nil || doc.Meter.Column == "" {
		apart += "; if they are of several meters, set " + o.Setting("meter.column")
	}
	return fmt.Errorf("dataset %s: %w", in.File, &dataset.DoubtError{
		Field: "channels.column", Setting: o.Setting("channels.column"), More: true,
		Problem: fmt.Sprintf("%d of %d intervals of a meter come twice with values that are no corrections of each other, as energy from the grid and to it does; %s", r.Changed, r.Intervals, apart),
	})
}

func guessed(evidence []dataset.Evidence, what string) bool {
	return slices.ContainsFunc(evidence, func(e dataset.Evidence) bool { return e.What == what && e.Sure == dataset.Guess })
}

// otherZone is the error for a file whose clock goes back where that of the zone that
// was guessed does not.
func otherZone(in *hourly.Intake, at time.Time, o Options) error {
	return fmt.Errorf("dataset %s: %w", in.File, &dataset.DoubtError{
		Field: "time.zone", Setting: o.Setting("time.zone"), More: true,
		Problem: fmt.Sprintf("the times of %s and after come twice, as in the night in which clocks go back, and those of the zone %s do not go back then",
			at.Format("2006-01-02 15:04"), o.Zone),
		Candidates: []string{"the zone of the file, such as Europe/Berlin"},
	})
}

func (s *fileSource) keep(hour meter.Hour, rows []dataset.Row) error {
	s.info.Rows += int64(len(rows))
	for _, r := range rows {
		m := &s.info.Meters[r.Meter]
		if m.Rows == 0 {
			m.First = hour
		}
		m.Last = hour
		m.Rows++
		e := &s.energy[r.Meter]
		e.sum += float64(r.KWh)
		e.most = max(e.most, r.KWh, -r.KWh)
	}
	return s.blocks.add(hour, rows)
}

// namedAs is how an error calls what a file was read as.
func namedAs(info *dataset.Info) string {
	if info.Layout.Format != layout.Delimited {
		return string(info.Layout.Format)
	}
	for _, e := range info.Detection {
		if e.What == "layout" {
			return "the layout " + e.Guess
		}
	}
	return "delimited text"
}

func nothingRead(in *hourly.Intake, o Options) error {
	as := namedAs(in.Info)
	if len(in.Info.BadRows) > 0 {
		b := in.Info.BadRows[0]
		if in.Info.Layout.Format != layout.Delimited {
			return fmt.Errorf("dataset %s, read as %s: none of its values can be used (%d bad ones); the first is line %d, %s: %s: %q",
				in.File, as, in.Info.Quarantined, b.Line, b.Column, b.Reason, notation.Short(b.Raw, 80))
		}
		return fmt.Errorf("dataset %s, read as %s: none of its rows can be used (%d bad ones); the first is line %d, column %q: %s: %q; "+
			"see with `energytwin dataset inspect` what the columns are taken for, and set %s, %s or %s", in.File, as, in.Info.Quarantined, b.Line, b.Column, b.Reason, notation.Short(b.Raw, 80),
			o.Setting("time.columns"), o.Setting("values[0].column"), o.Setting("from"))
	}
	return fmt.Errorf("dataset %s, read as %s: it holds no readings (%d missing, %d not of electrical energy)",
		in.File, as, in.Info.Missing, in.Info.Skipped)
}

func (s *fileSource) nothingUsable(in *hourly.Intake, start, end meter.Hour, o Options) error {
	if s.info.Read == 0 {
		return nothingRead(in, o)
	}
	return fmt.Errorf("dataset %s: none of its %d values makes an hourly reading in the window from %s to %s: %d lie outside it, %d hours are incomplete, %d overlap, %d steps of a counter are unknown; "+
		"see whether the start and the length of the window, %s and %s fit the file", in.File, s.info.Read, start, end, s.info.Trimmed, s.info.Incomplete, s.info.Overlaps, s.info.Resets,
		o.Setting("time.interval"), o.Setting("unit"))
}

// Means of a meter, in kWh an hour, that are those of no home.
const (
	largeMean = 100
	smallMost = 0.001
)

// warn reports what of a file seems wrong, though it can be read.
func (s *fileSource) warn(found *detect.Finding, o Options) {
	var large, small, used int
	var mean float64
	for i := range s.info.Meters {
		m, e := &s.info.Meters[i], s.energy[i]
		if m.Rows == 0 || e.most == 0 {
			continue
		}
		used++
		own := e.sum / float64(m.Rows)
		mean += own
		if own > largeMean || own < -largeMean {
			large++
		}
		if e.most < smallMost {
			small++
		}
	}
	if used == 0 {
		return
	}
	mean /= float64(used)
	if found.Doc.Format == layout.Delimited && !o.NoMeter {
		s.warnUnit(found.Doc, used, large, small, mean, o)
	}
	if n := s.info.Quarantined; n*10 > n+s.info.Read {
		s.info.Warnings = append(s.info.Warnings, fmt.Sprintf("%d of %d rows cannot be read: the first is line %d, column %q: %s",
			n, n+s.info.Read, s.info.BadRows[0].Line, s.info.BadRows[0].Column, s.info.BadRows[0].Reason))
	}
	if s.info.Duplicates > s.info.Read/10 {
		s.info.Warnings = append(s.info.Warnings, fmt.Sprintf("%d rows repeat the meter and interval of another one; the later one counts, as a correction", s.info.Duplicates))
	}
}

func (s *fileSource) warnUnit(doc *layout.Document, used, large, small int, mean float64, o Options) {
	unit := cmp.Or(doc.Unit, layout.KWh)
	likely := map[layout.Unit]layout.Unit{layout.KWh: layout.Wh, layout.KW: layout.W, layout.MWh: layout.KWh, layout.MW: layout.KW}
	switch {
	case large*2 > used:
		text := fmt.Sprintf("the mean is %.4g kWh an hour, which is a large building's: if the meters are homes, the values are no %s", mean, unit)
		if l := likely[unit]; l != "" {
			text += fmt.Sprintf(": set %s to %s, or %s to Counter if they are states of a counter", o.Setting("unit"), l, o.Setting("reading"))
		}
		s.info.Warnings = append(s.info.Warnings, text)
	case small*2 > used:
		larger := map[layout.Unit]layout.Unit{layout.Wh: layout.KWh, layout.W: layout.KW, layout.KWh: layout.MWh, layout.KW: layout.MW}
		text := fmt.Sprintf("no hour has 1 Wh: the values are no %s", unit)
		if l := larger[unit]; l != "" {
			text += fmt.Sprintf("; set %s to %s", o.Setting("unit"), l)
		}
		s.info.Warnings = append(s.info.Warnings, text)
	}
}
