// Package detect finds out how a text of readings is read, from its first megabytes: its
// format, columns, times, numbers, unit and kind of reading. What it finds comes with the
// evidence for it, and what the text does not show is an error that asks for it.
package detect

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/unpack"
)

// Finding is what detection makes of a file.
type Finding struct {
	Doc      *layout.Document // complete
	Header   tabular.Header   // empty of files that are not delimited
	Evidence []dataset.Evidence
	// openNumbers is true if no value showed whether its sign is one of decimals or
	// thousands.
	OpenNumbers bool
	Ranges      bool     // times have the end of the interval behind them, without a space
	Apart       []string // columns that may distinguish several values of one time
}

// Options are what is known beforehand. All are set.
type Options struct {
	Layout  *layout.Document          // complete; what it leaves open is found out
	Setting func(field string) string // what the reader of a message writes to set a field
	Zone    string                    // IANA zone of local times where the layout names none
}

// detective gathers evidence on one file.
type detective struct {
	guessed  map[byte]guessedHeader // by separator; see headerBy
	head     []byte
	ended    bool // the head is all of the file
	known    bool // shipped layouts are searched for
	opts     Options
	doc      *layout.Document // filled in as things are found out
	set      *layout.Document // what was set from outside
	shipped  string           // name of the shipped layout that was recognised
	header   tabular.Header
	sample   *tabular.Sample
	steps    steps
	ranges   bool // times have the end of the interval behind them, without a space
	evidence []dataset.Evidence
}

// Layout finds out from the head of a file, and from what is set, how to read it.
func Layout(head []byte, ended bool, encoding layout.Encoding, o Options) (*Finding, error) {
	if err := unpack.Foreign(head); err != nil {
		return nil, err
	}
	found, err := layoutWith(head, ended, encoding, o, true)
	if errors.Is(err, errOtherInterval) { // a file that only resembles one of a shipped layout
		return layoutWith(head, ended, encoding, o, false)
	}
	return found, err
}

// errOtherInterval is a file whose times do not have the interval of the shipped
// layout that it was recognised as.
var errOtherInterval = errors.New("the times do not have the interval of the layout")

func layoutWith(head []byte, ended bool, encoding layout.Encoding, o Options, shipped bool) (*Finding, error) {
	d := &detective{known: shipped, head: bytes.TrimPrefix(head, unpack.ByteOrderMark), ended: ended, opts: o, set: o.Layout, doc: o.Layout.DeepCopy()}
	d.doc.Version = layout.Version
	d.doc.Encoding = encoding
	if encoding != layout.UTF8 && encoding != "" || d.set.Encoding != "" {
		d.note("encoding", encoding, d.sureIfSet(d.set.Encoding != "", dataset.Likely), "of the first bytes of the file")
	}
	if err := d.format(); err != nil {
		return nil, err
	}
	if d.doc.Format != layout.Delimited {
		return &Finding{Doc: d.doc, Evidence: d.evidence}, d.otherFormat()
	}
	return d.delimited()
}

func (d *detective) sureIfSet(set bool, otherwise dataset.Sureness) dataset.Sureness {
	if set {
		return dataset.Stated
	}
	return otherwise
}

// format searches for the marks of formats that describe themselves.
func (d *detective) format() error {
	if d.doc.Format != "" {
		d.note("format", d.doc.Format, dataset.Stated, "it was set")
		return nil
	}
	text := bytes.TrimSpace(d.head)
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	switch {
	case text[0] == '<':
		if !bytes.Contains(d.head, []byte("IntervalBlock")) && !bytes.Contains(d.head, []byte("espi")) && !bytes.Contains(d.head, []byte("ReadingType")) && d.ended {
			return unpack.ErrXML
		}
		d.doc.Format = layout.GreenButton
		d.note("format", d.doc.Format, dataset.Proved, "the file is XML, and Green Button is the only XML that is read")
	case bytes.HasPrefix(first, []byte("100,NEM12")):
		d.doc.Format = layout.NEM12
		d.note("format", d.doc.Format, dataset.Proved, "the first line is a NEM12 header record (100,NEM12)")
	case bytes.HasPrefix(first, []byte("200,")) && bytes.HasPrefix(rest, []byte("300,")):
		d.doc.Format = layout.NEM12
		d.note("format", d.doc.Format, dataset.Proved, "the file begins with a 200 and a 300 record of NEM12; its 100 record is missing")
	default:
		d.doc.Format = layout.Delimited
	}
	return nil
}

// marketTime is the zone of the Australian market, which sets no clock forward.
const marketTime = "UTC+10"

// otherFormat settles what files of other formats leave open.
func (d *detective) otherFormat() error {
	if d.doc.Time == nil {
		d.doc.Time = &layout.Time{}
	}
	t := d.doc.Time
	if d.doc.Format == layout.NEM12 {
		if t.Zone == "" {
			t.Zone = marketTime
			d.note("time.zone", t.Zone, dataset.Proved, "market time is UTC+10 all year")
		}
		d.note("unit", "as the file states", dataset.Stated, "each 200 record has its own unit and interval")
		return nil
	}
	t.Zone = cmp.Or(t.Zone, "UTC")
	d.note("unit", "as the file states", dataset.Stated, "each ReadingType and IntervalReading has its own unit and length")
	return nil
}

// delimited finds out about text in rows and columns.
func (d *detective) delimited() (*Finding, error) {
	if err := d.recognise(); err != nil {
		return nil, err
	}
	if err := d.table(); err != nil {
		return nil, err
	}
	for _, find := range []func() error{d.findTime, d.findMeter, d.findMarks, d.findValues, d.findNumbers, d.findAppliedFactor, d.findGaps, d.findOrder, d.findHours, d.findChannels, d.findInterval, d.findUnit, d.findReading, d.findPlace} {
		if err := find(); err != nil {
			return nil, err
		}
	}
	return &Finding{Doc: d.doc, Header: d.header, OpenNumbers: d.numbersOpen(), Ranges: d.ranges, Evidence: d.evidence, Apart: d.spareColumns()}, nil
}

// table finds the separator, the header and a sample of the rows.
func (d *detective) table() error {
	t, err := tabular.Find(d.head, d.ended, d.doc, d.opts.Setting)
	if err != nil {
		return err
	}
	if d.doc.Separator == "" {
		d.doc.Separator = t.Separator
		d.note("separator", fmt.Sprintf("%q", t.Separator), dataset.Likely, t.Because)
	}
	h := t.Header
	d.header, d.sample = h, t.Sample
	if h.Absent {
		d.note("header.absent", "true", d.sureIfSet(d.set.Header != nil, dataset.Likely), "the first row holds a reading; columns are called #1, #2 and on")
		d.doc.Header = &layout.Header{Absent: true, Skip: int32(h.Skip)}
	} else if h.Skip > 0 && (d.doc.Header == nil || len(d.doc.Header.Contains) == 0) {
		if d.doc.Header == nil {
			d.note("header.skip", h.Skip, dataset.Likely, "the line after that many is the first with as many columns as the rows have")
		}
		d.doc.Header = &layout.Header{Skip: int32(h.Skip)}
	}
	return nil
}

// index is the place of a column of the document; -1 if it has none.
func (d *detective) index(column string) int {
	if column == "" {
		return -1
	}
	if i, ok := layout.FindColumn(d.header.Names, column); ok {
		return i
	}
	return -1
}

// used are the columns that have a meaning already.
func (d *detective) used() map[int]bool {
	used := map[int]bool{}
	add := func(column string) {
		if i := d.index(column); i >= 0 {
			used[i] = true
		}
	}
	doc := d.doc
	for _, c := range NamedColumns(doc) {
		add(c)
	}
	for _, v := range doc.Values {
		add(v.Column)
	}
	return used
}

// spareColumns are the columns without a meaning that have few different cells.
func (d *detective) spareColumns() []string {
	used := d.used()
	var names []string
	for i := range d.sample.Columns {
		c := &d.sample.Columns[i]
		if !used[i] && c.Few() && len(c.Distinct) > 1 {
			names = append(names, fmt.Sprintf("%s (%s)", c.Name, strings.Join(shownCells(c), ", ")))
		}
	}
	return names
}

// shownCells are the most frequent cells of a column, for a message.
func shownCells(c *tabular.Column) []string {
	cells := make([]string, 0, len(c.Distinct))
	for cell := range c.Distinct {
		cells = append(cells, cell)
	}
	slices.SortFunc(cells, func(a, b string) int {
		if n := c.Distinct[b] - c.Distinct[a]; n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	for i := range cells {
		cells[i] = notation.Short(cells[i], 30)
	}
	return cells[:min(len(cells), 6)]
}
