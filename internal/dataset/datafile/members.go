package datafile

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/delimited"
	"github.com/energytwin/energytwin/internal/dataset/detect"
	"github.com/energytwin/energytwin/internal/dataset/greenbutton"
	"github.com/energytwin/energytwin/internal/dataset/hourly"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/nem12"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/unpack"
)

// member is a text of a file that holds readings: all of the file, a file of an archive
// or a sheet of a workbook.
type member struct {
	input unpack.Input
	text  *unpack.Text // nil until it is read
	found *detect.Finding
	plan  *delimited.Plan // nil of texts that are not delimited
}

// errSameTimes is joined to errors that would not be there if the texts of a file, none of which
// names a meter, were of a meter each.
var errSameTimes = errors.New("several texts of the file have the same times")

// findMembers finds out how each text of a file is read. Texts that hold no readings are
// left out, with a warning; the others must be of one kind.
func findMembers(path string, inputs []unpack.Input, head int, byName bool, o Options) (members []member, warnings []string, err error) {
	if len(inputs) == 1 {
		m, err := findMember(inputs[0], head, byName, o)
		if err != nil {
			return nil, nil, err
		}
		return []member{*m}, nil, nil
	}
	failed := make([]error, len(inputs))
	found := make([]*member, len(inputs))
	for i, in := range inputs {
		if found[i], failed[i] = findMember(in, head, byName, o); found[i] != nil {
			failed[i] = found[i].close() // there may be thousands
		}
	}
	first := firstFound(found)
	if first == nil {
		return nil, nil, fmt.Errorf("dataset %s: none of its %d files or sheets holds readings; the first: %w", path, len(inputs), failed[0])
	}
	for i, in := range inputs {
		var doubt *dataset.DoubtError
		if errors.As(failed[i], &doubt) { // what one text leaves open another may show
			like := o
			like.Layout = first.found.Doc
			found[i], err = findMember(in, head, byName, like)
			switch {
			case err == nil:
				err = found[i].close()
			case doubt.Field == "time.columns": // it holds no readings at all
				err = nil
			}
			if err != nil {
				return nil, nil, failed[i]
			}
		}
		if found[i] == nil {
			warnings = append(warnings, fmt.Sprintf("%s is left out: %v", in.Name(), withoutName(failed[i], in.Name())))
			continue
		}
		members = append(members, *found[i])
	}
	return members, shortened(warnings), oneKind(path, members)
}

func firstFound(found []*member) *member {
	for _, m := range found {
		if m != nil {
			return m
		}
	}
	return nil
}

// withoutName is an error about a text, for a message that names it already.
func withoutName(err error, name string) string {
	return strings.TrimPrefix(err.Error(), "dataset "+name+": ")
}

// shortened keeps the first warnings of many.
func shortened(warnings []string) []string {
	const most = 5
	if n := len(warnings); n > most {
		return append(warnings[:most:most], fmt.Sprintf("%d more files or sheets are left out", n-most))
	}
	return warnings
}

// oneKind is an error for texts that cannot be one dataset.
func oneKind(path string, members []member) error {
	for i := range members[1:] {
		if a, b := members[0].kind(), members[i+1].kind(); a != b {
			return fmt.Errorf("dataset %s: its files or sheets are of several kinds: %s has %s, %s has %s; keep those of one kind in it, or save the one with the readings as CSV",
				path, members[0].input.Name(), a, members[i+1].input.Name(), b)
		}
	}
	return nil
}

// kind is what texts of one dataset have in common.
func (m *member) kind() string {
	doc := m.found.Doc
	if doc.Format != layout.Delimited {
		return string(doc.Format)
	}
	return "the columns " + strings.Join(detect.NamedColumns(doc), ", ")
}

func findMember(in unpack.Input, head int, byName bool, o Options) (*member, error) {
	text, encoding, err := unpack.OpenText(in, o.Layout.Encoding, head)
	if err != nil {
		return nil, err
	}
	m := &member{input: in, text: text}
	first, err := text.Peek()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read dataset %s: %w", in.Name(), err), m.close())
	}
	m.found, err = detect.Layout(first, text.Ended, encoding, detect.Options{Layout: o.Layout, Setting: o.Setting, Zone: o.Zone})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("dataset %s: %w", in.Name(), err), m.close())
	}
	if byName && m.namesNoMeter() {
		name := baseName(in.Name())
		m.found.Doc.Meter = &layout.Meter{Name: name}
		m.found.Evidence = append(m.found.Evidence, dataset.Evidence{
			What: "meter.name", Guess: name, Sure: dataset.Likely, Because: "its files or sheets name no meter and have the same times, so each is of a meter of its own",
			Change: "set " + o.Setting("meter.column"),
		})
	}
	if err := m.compile(o); err != nil {
		return nil, errors.Join(fmt.Errorf("dataset %s: %w", in.Name(), err), m.close())
	}
	return m, nil
}

// namesNoMeter is true of texts in rows that name no meter.
func (m *member) namesNoMeter() bool {
	doc := m.found.Doc
	return doc.Format == layout.Delimited && doc.Meter != nil && doc.Meter.Column == "" && doc.MeterColumns == nil
}

// compile prepares the reading of rows.
func (m *member) compile(o Options) (err error) {
	if m.found.Doc.Format != layout.Delimited {
		return nil
	}
	m.plan, err = delimited.Compile(m.found.Doc, m.found.Header.Names, m.found.OpenNumbers, m.found.Ranges)
	var field *layout.FieldError
	if errors.As(err, &field) {
		return fmt.Errorf("%s: %s", o.Setting(field.Field), field.Problem)
	}
	return err
}

// baseName is the name of a file of an archive, or of a sheet, as one of a meter.
func baseName(name string) string {
	if _, sheet, ok := strings.Cut(name, ", sheet "); ok {
		return sheet
	}
	if i := strings.LastIndex(name, ": "); i >= 0 {
		name = name[i+2:]
	}
	base := path.Base(name)
	for _, packed := range []string{".gz", ".zst", ".bz2"} {
		base = strings.TrimSuffix(base, packed)
	}
	return strings.TrimSuffix(base, path.Ext(base))
}

// read reads all of a text.
func (m *member) read(in *hourly.Intake, several bool, o Options) error {
	zone, err := m.found.Doc.Time.Location()
	if err != nil {
		return err
	}
	if m.text == nil {
		if m.text, _, err = unpack.OpenText(m.input, m.found.Doc.Encoding, unpack.HeadBytes); err != nil {
			return err
		}
	}
	name := ""
	if several {
		name = m.input.Name()
	}
	in.Begin(name, zone)
	return errors.Join(m.readAll(in, o), m.close())
}

// close ends the reading of a text.
func (m *member) close() error {
	if m.text == nil {
		return nil
	}
	err := m.text.Close()
	m.text = nil
	return err
}

func closeMembers(members []member) {
	for i := range members {
		_ = members[i].close() // only read: nothing can be lost
	}
}

// readAll reads the readings of the text.
func (m *member) readAll(in *hourly.Intake, o Options) error {
	switch m.found.Doc.Format {
	case layout.NEM12:
		return nem12.Read(m.text, in)
	case layout.GreenButton:
		set := o.Layout.Time != nil && o.Layout.Time.Zone != ""
		return greenbutton.Read(m.input, m.text, greenbutton.Options{Zone: o.Zone, Set: set, Setting: o.Setting("time.zone")}, in)
	}
	rows, err := tabular.OpenRows(m.text, tabular.Separator(m.found.Doc.Separator), m.found.Header)
	if err != nil {
		return err
	}
	return delimited.Read(rows, m.plan, in)
}
