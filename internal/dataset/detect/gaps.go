package detect

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
)

// leastMarked is how many rows of a mark are evidence.
const leastMarked = 3

// findGaps finds the values that stand for none: those beside a mark of quality whose
// values are all nothing, and numbers of nines far above all others.
func (d *detective) findGaps() error {
	if d.doc.Quality != nil && d.set.Quality == nil && d.shipped == "" {
		d.findGapMarks()
	}
	if len(d.doc.Numbers.Missing) == 0 {
		d.findSentinels()
	}
	return nil
}

// findGapMarks adds the marks of quality whose rows have no energy, in a file in which
// other rows have.
func (d *detective) findGapMarks() {
	q := d.doc.Quality
	at := d.index(q.Column)
	f := d.numbers()
	rows, nothing := map[string]int{}, map[string]int{}
	for _, row := range d.sample.Rows {
		for _, i := range d.valueIndexes() {
			rows[row[at]]++
			if v, err := f.Read([]byte(row[i])); err != nil || v == 0 {
				nothing[row[at]]++
			}
		}
	}
	all, empty := 0, 0
	for mark, n := range rows {
		if nothing[mark] < n {
			all, empty = all+n, empty+nothing[mark]
		}
	}
	if empty*10 > all {
		return // nothing is usual here
	}
	for _, mark := range slices.Sorted(maps.Keys(rows)) {
		if mark == "" || rows[mark] < leastMarked || nothing[mark] < rows[mark] || layout.MatchAny(q.Missing, mark) || layout.MatchAny(q.Estimated, mark) {
			continue
		}
		q.Missing = append(slices.Clone(q.Missing), strings.ToLower(mark))
		d.note("quality", "gaps at "+mark, dataset.Likely, fmt.Sprintf("all %d values with this mark are 0, and nearly no others are", rows[mark]))
	}
}

// nines are the numbers that loggers write where they have none.
var nines = regexp.MustCompile(`^-?9{3,}(?:[.,](?:9+|0+))?$`)

// farAbove is how far above all others in a file such a number is.
const farAbove = 20

// findSentinels finds numbers such as -9999 that come again and stand for no value.
func (d *detective) findSentinels() {
	f := d.numbers()
	times := map[string]int{}
	most := 0.0
	for _, row := range d.sample.Rows {
		for _, i := range d.valueIndexes() {
			cell := row[i]
			if nines.MatchString(cell) {
				times[cell]++
			} else if v, err := f.Read([]byte(cell)); err == nil {
				most = max(most, v, -v)
			}
		}
	}
	var words []string
	for _, cell := range slices.Sorted(maps.Keys(times)) {
		if v, err := f.Read([]byte(cell)); err == nil && times[cell] > 1 && max(v, -v) > farAbove*most {
			words = append(words, cell)
		}
	}
	if len(words) == 0 || most == 0 {
		return
	}
	d.doc.Numbers.Missing = append(slices.Clone(notation.DefaultMissing), words...)
	d.note("numbers.missing", strings.Join(words, ", "), dataset.Likely, fmt.Sprintf("it comes again, and is far above all other values, which are %.4g at most", most))
}

// numbers is how the numbers of the file are written, as far as it is found out.
func (d *detective) numbers() notation.Number {
	f := notation.Number{Decimal: d.doc.Numbers.Decimal[0], Unit: d.doc.Unit}
	if t := d.doc.Numbers.Thousands; len(t) == 1 {
		f.Thousands = t[0]
	}
	return f
}
