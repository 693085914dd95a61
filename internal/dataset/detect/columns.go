package detect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/vocabulary"
)

// findMeter finds the column with the meter, if there is one.
func (d *detective) findMeter() error {
	m := d.doc.Meter
	if m == nil {
		m = &layout.Meter{}
	}
	if m.Column != "" && d.index(m.Column) < 0 {
		return d.noColumn("meter.column", m.Column)
	}
	if m.GroupColumn != "" && d.index(m.GroupColumn) < 0 {
		return d.noColumn("meter.groupColumn", m.GroupColumn)
	}
	switch {
	case d.doc.MeterColumns != nil:
		return nil
	case m.Column != "":
		d.note("meter.column", m.Column, dataset.Stated, d.from(d.set.Meter != nil && d.set.Meter.Column != ""))
	case m.Name != "":
		d.note("meter.name", m.Name, dataset.Stated, d.from(d.set.Meter != nil && d.set.Meter.Name != ""))
	default:
		d.chooseMeter(m)
	}
	d.doc.Meter = m
	return nil
}

// oneMeter is the name of the meter of a file that names none.
const oneMeter = "meter"

func (d *detective) chooseMeter(m *layout.Meter) {
	used := d.used()
	best, bestRank := -1, 0
	for i := range d.sample.Columns {
		c := &d.sample.Columns[i]
		r := vocabulary.Rank(vocabulary.Meter, c.Name)
		if used[i] || r < 0 || c.Filled*10 < len(d.sample.Rows)*9 || c.Mostly(notation.KindStamp) || c.Mostly(notation.KindDate) || d.hasFractions(i) || vocabulary.NamesUnit(c.Name) {
			continue
		}
		if d.isRowNumber(c) {
			d.note("meter.column", "none", dataset.Likely, fmt.Sprintf("the column %s has a new value in each row, so it is a number of the row", c.Name))
			continue
		}
		if best < 0 || r < bestRank {
			best, bestRank = i, r
		}
	}
	if best < 0 {
		m.Name = oneMeter
		d.note("meter.name", m.Name, dataset.Likely, "no column has a usual name for the meter, such as meter_id: the file is taken for that of one meter")
		return
	}
	m.Column = d.header.ColumnName(best)
	d.note("meter.column", m.Column, dataset.Likely, "its name is a usual one for the meter")
	if c := &d.sample.Columns[best]; c.Few() {
		d.noteExports(slices.Sorted(maps.Keys(c.Distinct)))
	}
}

// isRowNumber is true of a column that differs in each row, in a file whose times do
// too. Where many meters share a time, their names differ as well.
func (d *detective) isRowNumber(c *tabular.Column) bool {
	if c.Filled < 8 || len(c.Distinct) < c.Filled {
		return false
	}
	at := &d.sample.Columns[d.index(d.doc.Time.Columns[0])]
	if len(d.doc.Time.Columns) > 1 {
		return len(d.sample.Rows) > len(at.Distinct)*2 && len(at.Distinct) > 1
	}
	return len(at.Distinct)*10 > c.Filled*9
}

func (d *detective) hasFractions(i int) bool {
	n := 0
	for _, row := range d.sample.Rows {
		if strings.ContainsAny(row[i], ".,") && notation.KindOf(row[i]) == notation.KindNumber {
			n++
		}
	}
	return n*2 > len(d.sample.Rows)
}

// findMarks finds the columns that describe a row's value: its unit, a
// factor, its quality, and whether it is electricity.
func (d *detective) findMarks() error {
	for _, c := range []struct{ field, column string }{{"unitColumn", d.doc.UnitColumn}, {"factorColumn", d.doc.FactorColumn}} {
		if c.column != "" && d.index(c.column) < 0 {
			return d.noColumn(c.field, c.column)
		}
	}
	if d.shipped != "" || d.doc.MeterColumns != nil {
		return nil
	}
	for i := range d.sample.Columns {
		c := &d.sample.Columns[i]
		if d.used()[i] || c.Filled == 0 {
			continue
		}
		switch {
		case d.doc.UnitColumn == "" && d.doc.Unit == "" && vocabulary.AnyWord(vocabulary.UnitColumns, c.Name) && d.holdsUnits(c):
			d.doc.UnitColumn = d.header.ColumnName(i)
			d.note("unitColumn", d.doc.UnitColumn, dataset.Likely, "its cells are units: "+strings.Join(shownCells(c), ", "))
		case d.doc.FactorColumn == "" && vocabulary.AnyWord(vocabulary.FactorColumns, c.Name) && c.Mostly(notation.KindNumber):
			d.doc.FactorColumn = d.header.ColumnName(i)
			d.note("factorColumn", d.doc.FactorColumn, dataset.Likely, "of its name; values times it are kWh")
		case len(d.doc.Rows) == 0 && c.Few() && d.holdsCommodities(c):
			d.doc.Rows = []layout.RowFilter{{Column: d.header.ColumnName(i), LeaveOut: vocabulary.OtherEnergyPatterns}}
			d.note("rows", d.doc.Rows[0].Column, dataset.Likely, "its cells name kinds of energy: "+strings.Join(shownCells(c), ", ")+"; others than electricity are left out")
		case d.doc.Quality == nil && c.Few() && vocabulary.AnyWord(vocabulary.ValidColumns, c.Name) && len(c.Distinct) == 2:
			d.doc.Quality = &layout.Quality{Column: d.header.ColumnName(i), Missing: append(slices.Clone(vocabulary.MissingMarks), vocabulary.InvalidMarks...)}
			d.note("quality", d.doc.Quality.Column, dataset.Likely, "its cells show whether a value is valid: "+strings.Join(shownCells(c), ", "))
		case d.doc.Quality == nil && c.Few() && d.holdsQuality(c):
			d.doc.Quality = &layout.Quality{Column: d.header.ColumnName(i), Missing: vocabulary.MissingMarks, Estimated: vocabulary.EstimatedMarks}
			d.note("quality", d.doc.Quality.Column, dataset.Likely, "its cells are marks of quality: "+strings.Join(shownCells(c), ", "))
		}
	}
	return nil
}

func (d *detective) holdsUnits(c *tabular.Column) bool {
	for cell := range c.Distinct {
		if _, active := vocabulary.UnitOf(cell); active {
			return true
		}
	}
	return false
}

func (d *detective) holdsCommodities(c *tabular.Column) bool {
	electric, other := false, false
	for cell := range c.Distinct {
		other = other || layout.MatchAny(vocabulary.OtherEnergyPatterns, cell)
		electric = electric || vocabulary.AnyWord(vocabulary.Electric, cell)
	}
	return vocabulary.AnyWord(vocabulary.CommodityColumns, c.Name) && (other || electric)
}

func (d *detective) holdsQuality(c *tabular.Column) bool {
	if !vocabulary.AnyWord(vocabulary.QualityColumns, c.Name) || c.Mostly(notation.KindNumber) {
		return false
	}
	return len(c.Distinct) > 1 || slices.ContainsFunc(shownCells(c), func(cell string) bool {
		return layout.MatchAny(vocabulary.MissingMarks, cell) || layout.MatchAny(vocabulary.EstimatedMarks, cell)
	})
}

// dayColumns are the columns of the intervals of a day: 24, 48 or 96 of them, or with
// the hour more that a day has where clocks go back.
func (d *detective) dayColumns() *layout.Columns {
	used := map[int]bool{}
	for _, c := range d.time().Columns {
		used[d.index(c)] = true
	}
	from, to, count := -1, -1, 0
	for i := range d.sample.Columns {
		c := &d.sample.Columns[i]
		if used[i] || (!c.Mostly(notation.KindNumber) && c.Filled > 0) || !slotName(c.Name) {
			if count > 0 && to == i-1 && count < 23 {
				from, to, count = -1, -1, 0
			}
			continue
		}
		if count == 0 {
			from = i
		}
		if to >= 0 && to != i-1 {
			continue
		}
		to = i
		count++
	}
	switch count {
	case 24, 25, 48, 50, 96, 100:
		return &layout.Columns{From: d.header.ColumnName(from), To: d.header.ColumnName(to)}
	}
	return nil
}

// slotName is true of a name of an interval of a day: 0:30, 00:00-00:15, hh_12, H07,
// 13.
func slotName(name string) bool {
	name = strings.TrimSpace(name)
	if _, _, _, err := notation.ReadClock([]byte(name)); err == nil {
		return true
	}
	digits, letters := 0, 0
	for _, r := range name {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '_' || r == ' ' || r == '-' || r == ':' || r == '.' || r == '#':
		default:
			letters++
		}
	}
	return digits >= 1 && digits <= 8 && letters <= 8 && !vocabulary.NamesUnit(name)
}
