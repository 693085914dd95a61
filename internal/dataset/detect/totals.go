package detect

import (
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/vocabulary"
)

// totalWords name a column with the sum of others.
var totalWords = vocabulary.Set("total", "totals", "sum", "summe", "gesamt", "totaal", "somme", "suma", "totale", "aggregate", "sammanlagt", "samlet", "yhteensä")

// phaseWords name the phases of one meter.
var phaseWords = vocabulary.Set("l1", "l2", "l3", "phase", "fase", "vaihe")

// withoutTotals leaves out what would count the same energy twice: the total of other
// columns or the components of a total, and the states of a counter beside its intervals.
func (d *detective) withoutTotals(all []candidate) []candidate {
	if d.doc.Meter.Column != "" || len(all) < 2 {
		return all
	}
	all = d.withoutCounters(all)
	at := slices.IndexFunc(all, func(k candidate) bool { return vocabulary.AnyWord(totalWords, d.header.Names[k.index]) })
	if at < 0 || len(all) < 3 {
		return all
	}
	total := all[at]
	components := slices.Delete(slices.Clone(all), at, at+1)
	sum, above := d.compareWithComponents(total, components)
	phases := !slices.ContainsFunc(d.namesOf(components), func(name string) bool { return !vocabulary.AnyWord(phaseWords, name) })
	switch {
	case sum && !phases:
		d.note("values", "without "+d.header.Names[total.index], dataset.Likely, "it is the sum of the other columns")
		return components
	case sum || above:
		d.note("values", "without "+tabular.List(d.namesOf(components)), dataset.Likely, "they are components of "+d.header.Names[total.index])
		return []candidate{total}
	}
	return all
}

// compareWithComponents reports whether a column is the sum of others in nearly all rows,
// and whether it is no less than any of them.
func (d *detective) compareWithComponents(total candidate, components []candidate) (sum, above bool) {
	f := d.looseNumbers()
	rows, sums, aboves := 0, 0, 0
	for _, row := range d.sample.Rows {
		whole, err := f.Read([]byte(row[total.index]))
		if err != nil || whole == 0 {
			continue
		}
		added, most, read := 0.0, 0.0, true
		for _, k := range components {
			v, err := f.Read([]byte(row[k.index]))
			read = read && err == nil
			added, most = added+v, max(most, v)
		}
		if !read {
			continue
		}
		rows++
		if off := added - whole; max(off, -off) <= 0.01*max(whole, -whole) {
			sums++
		}
		if most <= whole*1.001 {
			aboves++
		}
	}
	return rows > 0 && sums*20 >= rows*19, rows > 0 && aboves*20 >= rows*19
}

// withoutCounters leaves out columns that only grow beside some that do not.
func (d *detective) withoutCounters(all []candidate) []candidate {
	grow := func(k candidate) bool { return d.onlyGrows(k.index) }
	if !slices.ContainsFunc(all, grow) || !slices.ContainsFunc(all, func(k candidate) bool { return !grow(k) }) {
		return all
	}
	kept := slices.DeleteFunc(slices.Clone(all), grow)
	counters := slices.DeleteFunc(slices.Clone(all), func(k candidate) bool { return !grow(k) })
	d.note("values", "without "+tabular.List(d.namesOf(counters)), dataset.Likely, "they only grow, as states of a counter do, and the others do not")
	return kept
}

// onlyGrows is true of numbers that go one way from row to row.
func (d *detective) onlyGrows(column int) bool {
	f := d.looseNumbers()
	up, down, n := 0, 0, 0
	var before float64
	for _, row := range d.sample.Rows {
		v, err := f.Read([]byte(row[column]))
		if err != nil {
			continue
		}
		if n > 0 && v > before {
			up++
		} else if n > 0 && v < before {
			down++
		}
		before = v
		n++
	}
	return up+down >= 12 && (down == 0 || up == 0)
}

// looseNumbers reads numbers before it is decided how they are written: a comma is
// before decimals where the columns are not cut by it.
func (d *detective) looseNumbers() notation.Number {
	f := notation.Number{Decimal: '.'}
	if d.doc.Numbers != nil && d.doc.Numbers.Decimal != "" {
		f.Decimal = d.doc.Numbers.Decimal[0]
		return f
	}
	if d.doc.Separator != "," && slices.ContainsFunc(d.sample.Rows, func(row []string) bool {
		return slices.ContainsFunc(row, func(cell string) bool {
			return notation.KindOf(cell) == notation.KindNumber && strings.Contains(cell, ",")
		})
	}) {
		f.Decimal = ','
	}
	return f
}
