package dataset

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// columnName is how a document calls a column: by its name, or by its number where
// the name is empty or there twice.
func (d *detective) columnName(i int) string {
	name := d.header.names[i]
	if name == "" || strings.ContainsAny(name, "*?|") {
		return numbered(i)
	}
	if first, _ := layout.FindColumn(d.header.names, name); first != i {
		return numbered(i)
	}
	return name
}

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
		d.note("meter.column", m.Column, Stated, d.from(d.set.Meter != nil && d.set.Meter.Column != ""))
	case m.Name != "":
		d.note("meter.name", m.Name, Stated, d.from(d.set.Meter != nil && d.set.Meter.Name != ""))
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
	for i := range d.sample.columns {
		c := &d.sample.columns[i]
		r := rank(meterWords, c.name)
		if used[i] || r < 0 || c.filled*10 < len(d.sample.rows)*9 || c.mostly(kindStamp) || c.mostly(kindDate) || d.hasFractions(i) || unitName(c.name) {
			continue
		}
		if d.isRowNumber(c) {
			d.note("meter.column", "none", Likely, fmt.Sprintf("the column %s has a new value in each row, so it is a number of the row", c.name))
			continue
		}
		if best < 0 || r < bestRank {
			best, bestRank = i, r
		}
	}
	if best < 0 {
		m.Name = oneMeter
		d.note("meter.name", m.Name, Likely, "no column has a usual name for the meter, such as meter_id: the file is taken for that of one meter")
		return
	}
	m.Column = d.columnName(best)
	d.note("meter.column", m.Column, Likely, "its name is a usual one for the meter")
	if c := &d.sample.columns[best]; c.few() {
		d.noteExports(slices.Sorted(maps.Keys(c.distinct)))
	}
}

func unitName(name string) bool {
	_, active := unitOfWords(name)
	return active || otherUnit(name)
}

// isRowNumber is true of a column that differs in each row, in a file whose times do
// too. Where many meters share a time, their names differ as well.
func (d *detective) isRowNumber(c *columnSample) bool {
	if c.filled < 8 || len(c.distinct) < c.filled {
		return false
	}
	at := &d.sample.columns[d.index(d.doc.Time.Columns[0])]
	if len(d.doc.Time.Columns) > 1 {
		return len(d.sample.rows) > len(at.distinct)*2 && len(at.distinct) > 1
	}
	return len(at.distinct)*10 > c.filled*9
}

func (d *detective) hasFractions(i int) bool {
	n := 0
	for _, row := range d.sample.rows {
		if strings.ContainsAny(row[i], ".,") && kindOf(row[i]) == kindNumber {
			n++
		}
	}
	return n*2 > len(d.sample.rows)
}

// findMarks finds the columns that say something of a row's value: its unit, a
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
	for i := range d.sample.columns {
		c := &d.sample.columns[i]
		if d.used()[i] || c.filled == 0 {
			continue
		}
		switch {
		case d.doc.UnitColumn == "" && d.doc.Unit == "" && anyWord(unitColumns, c.name) && d.holdsUnits(c):
			d.doc.UnitColumn = d.columnName(i)
			d.note("unitColumn", d.doc.UnitColumn, Likely, "its cells are units: "+strings.Join(shownCells(c), ", "))
		case d.doc.FactorColumn == "" && anyWord(factorColumns, c.name) && c.mostly(kindNumber):
			d.doc.FactorColumn = d.columnName(i)
			d.note("factorColumn", d.doc.FactorColumn, Likely, "of its name; values times it are kWh")
		case len(d.doc.Rows) == 0 && c.few() && d.holdsCommodities(c):
			d.doc.Rows = []layout.RowFilter{{Column: d.columnName(i), LeaveOut: otherEnergyPatterns}}
			d.note("rows", d.doc.Rows[0].Column, Likely, "its cells name kinds of energy: "+strings.Join(shownCells(c), ", ")+"; others than electricity are left out")
		case d.doc.Quality == nil && c.few() && anyWord(validColumns, c.name) && len(c.distinct) == 2:
			d.doc.Quality = &layout.Quality{Column: d.columnName(i), Missing: append(slices.Clone(missingMarks), invalidMarks...)}
			d.note("quality", d.doc.Quality.Column, Likely, "its cells say whether a value is valid: "+strings.Join(shownCells(c), ", "))
		case d.doc.Quality == nil && c.few() && d.holdsQuality(c):
			d.doc.Quality = &layout.Quality{Column: d.columnName(i), Missing: missingMarks, Estimated: estimatedMarks}
			d.note("quality", d.doc.Quality.Column, Likely, "its cells are marks of quality: "+strings.Join(shownCells(c), ", "))
		}
	}
	return nil
}

// otherEnergyPatterns are cells of a column with the kind of energy that are none of
// electricity.
var otherEnergyPatterns = []string{"*gas*", "gaz", "*water*", "*wasser*", "agua", "eau", "vand", "vann", "vesi", "acqua", "*heat*", "*wärme*", "*warmte*", "*varme*", "steam", "*cooling*", "*oil", "lpg", "*reactive*", "*reaktiv*", "blind*", "kvarh"}

func (d *detective) holdsUnits(c *columnSample) bool {
	for cell := range c.distinct {
		if _, active := unitOfWords(cell); active {
			return true
		}
	}
	return false
}

func (d *detective) holdsCommodities(c *columnSample) bool {
	electric, other := false, false
	for cell := range c.distinct {
		other = other || layout.MatchAny(otherEnergyPatterns, cell)
		electric = electric || anyWord(electricWords, cell)
	}
	return anyWord(commodityColumns, c.name) && (other || electric)
}

func (d *detective) holdsQuality(c *columnSample) bool {
	if !anyWord(qualityColumns, c.name) || c.mostly(kindNumber) {
		return false
	}
	return len(c.distinct) > 1 || slices.ContainsFunc(shownCells(c), func(cell string) bool {
		return layout.MatchAny(missingMarks, cell) || layout.MatchAny(estimatedMarks, cell)
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
	for i := range d.sample.columns {
		c := &d.sample.columns[i]
		if used[i] || (!c.mostly(kindNumber) && c.filled > 0) || !slotName(c.name) {
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
		return &layout.Columns{From: d.columnName(from), To: d.columnName(to)}
	}
	return nil
}

// slotName is true of a name of an interval of a day: 0:30, 00:00-00:15, hh_12, H07,
// 13.
func slotName(name string) bool {
	name = strings.TrimSpace(name)
	if _, _, _, err := readClock([]byte(name)); err == nil {
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
	return digits >= 1 && digits <= 8 && letters <= 8 && !unitName(name)
}
