package detect

import (
	"cmp"
	"slices"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
)

// recognise searches for a layout that ships with the program and whose columns the
// header has. The one that names most columns is taken.
func (d *detective) recognise() error {
	if !d.known || fullySet(d.set) || (d.set.Meter != nil && d.set.Meter.Column != "") {
		return nil
	}
	all, err := layout.All()
	if err != nil {
		return err
	}
	best, most := -1, 0
	for i := range all {
		if n := d.fits(&all[i].Document); n > most {
			best, most = i, n
		}
	}
	if best < 0 {
		return nil
	}
	over := d.doc.DeepCopy()
	over.From = all[best].Name
	joined, err := over.Complete()
	if err != nil {
		return err
	}
	joined.Format, joined.Encoding = layout.Delimited, d.doc.Encoding
	d.doc, d.shipped = joined, all[best].Name
	d.evidence = append(d.evidence, dataset.Evidence{
		What: "layout", Guess: d.shipped, Sure: dataset.Likely, Because: "the file has the columns of this layout: " + joined.Title, Change: "set " + d.opts.Setting("from"),
	})
	return nil
}

// fullySet is true if a document names the columns of time and values: then no
// shipped layout is searched for.
func fullySet(doc *layout.Document) bool {
	return (doc.Time != nil && len(doc.Time.Columns) > 0) || len(doc.Values) > 0 || doc.MeterColumns != nil || doc.DayColumns != nil
}

// fits is the number of columns of a shipped layout that a file has, 0 if one is
// missing, or if they are too few to know a file by.
func (d *detective) fits(doc *layout.Document) int {
	if doc.Format != "" && doc.Format != layout.Delimited {
		return 0
	}
	comma := tabular.Separator(cmp.Or(doc.Separator, ","))
	if doc.Separator == "" {
		s, _ := tabular.GuessSeparator(d.head)
		comma = tabular.Separator(s)
	}
	h, err := d.headerBy(comma, doc.Header)
	if err != nil {
		return 0
	}
	named := NamedColumns(doc)
	for _, name := range named {
		if _, ok := layout.FindColumn(h.Names, name); !ok {
			return 0
		}
	}
	n := len(named)
	if doc.Header != nil {
		n += len(doc.Header.Contains)
		if doc.Header.Absent && (len(h.Names) != len(named) || !d.readsTimes(doc, comma, h)) {
			return 0
		}
	}
	if n < 2 {
		return 0
	}
	return n
}

// headerBy is the header of the sample by a layout. Most layouts leave it to be
// guessed, which costs as much as reading some 100,000 rows: it is done once for each
// separator.
func (d *detective) headerBy(comma byte, want *layout.Header) (tabular.Header, error) {
	if want != nil {
		return tabular.FindHeader(d.head, comma, want)
	}
	if d.guessed == nil {
		d.guessed = map[byte]guessedHeader{}
	}
	g, ok := d.guessed[comma]
	if !ok {
		g.Header, g.err = tabular.FindHeader(d.head, comma, nil)
		d.guessed[comma] = g
	}
	return g.Header, g.err
}

// guessedHeader is what findHeader returned.
type guessedHeader struct {
	tabular.Header
	err error
}

// readsTimes is true if nearly all rows have a time as a layout writes it.
func (d *detective) readsTimes(doc *layout.Document, comma byte, h tabular.Header) bool {
	s, err := tabular.TakeSample(d.head, comma, h, tabular.LeastSample, d.ended)
	if err != nil || len(s.Rows) == 0 || doc.Time == nil || doc.Time.Form != layout.DayCode {
		return false
	}
	i, _ := layout.FindColumn(h.Names, doc.Time.Columns[0])
	good := 0
	for _, row := range s.Rows {
		if n := len(row[i]); n == 5 && notation.AllDigits([]byte(row[i])) && row[i][3:] >= "01" && row[i][3:] <= "50" {
			good++
		}
	}
	return good*20 >= len(s.Rows)*19
}

// NamedColumns are the columns that a file of a layout has to have.
func NamedColumns(doc *layout.Document) []string {
	var names []string
	add := func(column string) {
		if column != "" && !slices.Contains(names, column) {
			names = append(names, column)
		}
	}
	if doc.Time != nil {
		for _, c := range doc.Time.Columns {
			add(c)
		}
	}
	if doc.Meter != nil {
		add(doc.Meter.Column)
		add(doc.Meter.GroupColumn)
	}
	for _, v := range doc.Values {
		if !v.Optional {
			add(v.Column)
		}
	}
	if doc.DayColumns != nil {
		add(doc.DayColumns.From)
		add(doc.DayColumns.To)
	}
	add(doc.UnitColumn)
	add(doc.FactorColumn)
	if doc.Quality != nil {
		add(doc.Quality.Column)
	}
	if doc.Channels != nil {
		add(doc.Channels.Column)
	}
	for _, r := range doc.Rows {
		add(r.Column)
	}
	return names
}
