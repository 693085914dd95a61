package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

const (
	// headBytes is how much of a file is looked at first to find out what it is.
	headBytes = 1 << 20
	// longHeadBytes is how much is looked at where that leaves a doubt.
	longHeadBytes = 64 << 20

	sampleRows     = 3000
	longSampleRows = 40_000
	sampleCells    = 60_000 // bounds the rows of a sample of many columns
	leastSample    = 200
)

// finding is what detection makes of a file.
type finding struct {
	doc      *layout.Document // complete
	plan     *plan            // nil of files that are not delimited
	header   header
	evidence []Evidence
	apart    []string // columns that may tell several values of one time apart
}

// detective gathers evidence on one file.
type detective struct {
	guessed  map[byte]guessedHeader // by separator; see headerBy
	head     []byte
	ended    bool // the head is all of the file
	known    bool // shipped layouts are looked for
	opts     Options
	doc      *layout.Document // filled in as things are found out
	set      *layout.Document // what was set from outside
	shipped  string           // name of the shipped layout that was recognised
	header   header
	sample   *sample
	steps    steps
	ranges   bool // times have the end of the interval behind them, without a space
	evidence []Evidence
}

// detect finds out from the head of a file, and from what is set, how to read it.
func detect(head []byte, ended bool, encoding layout.Encoding, o Options) (*finding, error) {
	if err := foreign(head); err != nil {
		return nil, err
	}
	found, err := detectWith(head, ended, encoding, o, true)
	if errors.Is(err, errOtherInterval) { // a file that only looks like one of a shipped layout
		return detectWith(head, ended, encoding, o, false)
	}
	return found, err
}

// errOtherInterval is a file whose times do not have the interval of the shipped
// layout that it was recognised as.
var errOtherInterval = errors.New("the times do not have the interval of the layout")

func detectWith(head []byte, ended bool, encoding layout.Encoding, o Options, shipped bool) (*finding, error) {
	d := &detective{known: shipped, head: bytes.TrimPrefix(head, byteOrderMark), ended: ended, opts: o, set: o.Layout, doc: o.Layout.DeepCopy()}
	d.doc.Version = layout.Version
	d.doc.Encoding = encoding
	if encoding != layout.UTF8 && encoding != "" || d.set.Encoding != "" {
		d.note("encoding", encoding, d.sureIfSet(d.set.Encoding != "", Likely), "of the first bytes of the file")
	}
	if err := d.format(); err != nil {
		return nil, err
	}
	if d.doc.Format != layout.Delimited {
		return &finding{doc: d.doc, evidence: d.evidence}, d.otherFormat()
	}
	return d.delimited()
}

func (d *detective) sureIfSet(set bool, otherwise Sureness) Sureness {
	if set {
		return Stated
	}
	return otherwise
}

// format looks for the marks of formats that say in the file how they are read.
func (d *detective) format() error {
	if d.doc.Format != "" {
		d.note("format", d.doc.Format, Stated, "it was set")
		return nil
	}
	text := bytes.TrimSpace(d.head)
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	switch {
	case text[0] == '<':
		if !bytes.Contains(d.head, []byte("IntervalBlock")) && !bytes.Contains(d.head, []byte("espi")) && !bytes.Contains(d.head, []byte("ReadingType")) && d.ended {
			return errXML
		}
		d.doc.Format = layout.GreenButton
		d.note("format", d.doc.Format, Proved, "the file is XML, and Green Button is the only XML that is read")
	case bytes.HasPrefix(first, []byte("100,NEM12")):
		d.doc.Format = layout.NEM12
		d.note("format", d.doc.Format, Proved, "the first line is a NEM12 header record (100,NEM12)")
	case bytes.HasPrefix(first, []byte("200,")) && bytes.HasPrefix(rest, []byte("300,")):
		d.doc.Format = layout.NEM12
		d.note("format", d.doc.Format, Proved, "the file begins with a 200 and a 300 record of NEM12; its 100 record is missing")
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
			d.note("time.zone", t.Zone, Proved, "market time is UTC+10 all year")
		}
		d.note("unit", "as the file says", Stated, "each 200 record has its own unit and interval")
		return nil
	}
	t.Zone = orDefault(t.Zone, "UTC")
	d.note("unit", "as the file says", Stated, "each ReadingType and IntervalReading has its own unit and length")
	return nil
}

// delimited finds out about text in rows and columns.
func (d *detective) delimited() (*finding, error) {
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
	p, err := compile(d.doc, d.header.names)
	if err != nil {
		return nil, d.settingError(err)
	}
	p.number.open = d.numbersOpen()
	p.stamp.ranges = d.ranges
	return &finding{doc: d.doc, plan: p, header: d.header, evidence: d.evidence, apart: d.spareColumns()}, nil
}

// settingError names the setting of a field in place of the field.
func (d *detective) settingError(err error) error {
	var f *layout.FieldError
	if errors.As(err, &f) {
		return fmt.Errorf("%s: %s", d.opts.Setting(f.Field), f.Problem)
	}
	return err
}

// table finds the separator, the header and a sample of the rows.
func (d *detective) table() error {
	if d.doc.Separator == "" {
		s, because := guessSeparator(d.head)
		d.doc.Separator = s
		d.note("separator", fmt.Sprintf("%q", s), Likely, because)
	}
	comma := separatorByte(d.doc.Separator)
	h, err := findHeader(d.head, comma, d.doc.Header)
	if err != nil {
		return err
	}
	d.header = h
	if h.absent {
		d.note("header.absent", "true", d.sureIfSet(d.set.Header != nil, Likely), "the first row holds a reading; columns are called #1, #2 and on")
		d.doc.Header = &layout.Header{Absent: true, Skip: int32(h.skip)}
	} else if h.skip > 0 && (d.doc.Header == nil || len(d.doc.Header.Contains) == 0) {
		if d.doc.Header == nil {
			d.note("header.skip", h.skip, Likely, "the line after that many is the first with as many columns as the rows have")
		}
		d.doc.Header = &layout.Header{Skip: int32(h.skip)}
	}
	most := sampleRows
	if len(d.head) > headBytes {
		most = longSampleRows
	}
	most = max(leastSample, min(most, sampleCells*most/sampleRows/max(1, len(h.names))))
	if d.sample, err = takeSample(d.head, comma, h, most, d.ended); err != nil {
		return err
	}
	if len(d.sample.rows) == 0 {
		return errNoRows
	}
	if len(h.names) < 2 {
		return fmt.Errorf("the text is no table: its lines are not cut into columns by a comma, a semicolon, a tab or spaces; set %s, or export the readings as CSV with a column for the time and one for the value",
			d.opts.Setting("separator"))
	}
	return nil
}

var errNoRows = errors.New("the file holds no readings: below its header is no row with as many columns")

// index is the place of a column of the document; -1 if it has none.
func (d *detective) index(column string) int {
	if column == "" {
		return -1
	}
	if i, ok := layout.FindColumn(d.header.names, column); ok {
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
	for _, c := range namedColumns(doc) {
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
	for i := range d.sample.columns {
		c := &d.sample.columns[i]
		if !used[i] && c.few() && len(c.distinct) > 1 {
			names = append(names, fmt.Sprintf("%s (%s)", c.name, strings.Join(shownCells(c), ", ")))
		}
	}
	return names
}

// shownCells are the most frequent cells of a column, for a message.
func shownCells(c *columnSample) []string {
	cells := make([]string, 0, len(c.distinct))
	for cell := range c.distinct {
		cells = append(cells, cell)
	}
	slices.SortFunc(cells, func(a, b string) int {
		if n := c.distinct[b] - c.distinct[a]; n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	for i := range cells {
		cells[i] = short(cells[i], 30)
	}
	return cells[:min(len(cells), 6)]
}
