package detect

import (
	"slices"
	"strconv"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/vocabulary"
)

// findUnit settles the unit: of whole words in the names of the columns. Names of
// power do not state whether it is watts or kilowatts.
func (d *detective) findUnit() error {
	switch {
	case d.doc.Unit != "":
		d.note("unit", d.doc.Unit, dataset.Stated, d.from(d.set.Unit != ""))
		return nil
	case d.doc.UnitColumn != "", d.eachHasUnit():
		return nil
	case d.doc.FactorColumn != "":
		d.doc.Unit = layout.KWh
		d.note("unit", d.doc.Unit, dataset.Likely, "values times the column "+d.doc.FactorColumn+" are kWh")
		return nil
	}
	names := d.valueNames()
	units := map[layout.Unit][]string{}
	for _, name := range names {
		if u, active := vocabulary.UnitOf(name); active {
			units[u] = append(units[u], name)
		}
	}
	switch {
	case len(units) == 1:
		for u, named := range units {
			if d.doc.MeterColumns != nil && len(named) < len(names) {
				break // W may be a part of a meter's name
			}
			d.doc.Unit = u
			d.note("unit", d.doc.Unit, dataset.Likely, "the value column is called "+named[0])
			return nil
		}
	case len(units) > 1 && d.doc.MeterColumns != nil:
		return d.doubt("meterColumns", false, nil, "the columns name different units, as %s; choose those of one unit with from, to and except in a layout document", tabular.List(names))
	case len(units) > 1:
		for i := range d.doc.Values {
			if u, active := vocabulary.UnitOf(d.header.Names[d.index(d.doc.Values[i].Column)]); active {
				d.doc.Values[i].Unit = u
				d.doc.Unit = u
			}
		}
		d.note("unit", "as the columns state", dataset.Likely, "the value columns name different units")
		return nil
	}
	if found, err := d.unitInCells(); found || err != nil {
		return err
	}
	if d.header.Unit != "" {
		d.doc.Unit = d.header.Unit
		d.note("unit", d.doc.Unit, dataset.Likely, "a line above the header names it")
		return nil
	}
	for _, name := range names {
		if vocabulary.AnyWord(vocabulary.Power, name) {
			return d.doubt("unit", false, d.powerUnits(), "the column %s is power by its name, which does not state the unit (its mean is %s)", name, d.meanText())
		}
	}
	d.doc.Unit = layout.KWh
	d.note("unit", d.doc.Unit, dataset.Guess, "nothing names a unit, and kWh is the usual one"+d.meanNote())
	return nil
}

func (d *detective) valueNames() []string {
	var names []string
	for _, i := range d.valueIndexes() {
		names = append(names, d.header.Names[i])
	}
	return names
}

// unitInCells searches for the unit in cells: behind the values, or in a column of few
// words which all name one, such as that of the channels.
func (d *detective) unitInCells() (found bool, err error) {
	var units []layout.Unit
	for _, row := range d.sample.Rows {
		for _, i := range d.valueIndexes() {
			if _, u := notation.CutUnit([]byte(row[i])); u != "" && !slices.Contains(units, u) {
				units = append(units, u)
			}
		}
	}
	if len(units) == 1 {
		d.doc.Unit = units[0]
		d.note("unit", d.doc.Unit, dataset.Likely, "it follows the values")
		return true, nil
	}
	if len(units) > 1 {
		return true, d.doubt("unit", false, nil, "different units follow the values, as %s and %s: values of another unit than that of the file are rejected", units[0], units[1])
	}
	for i := range d.sample.Columns {
		c := &d.sample.Columns[i]
		if !c.Few() || i == d.index(d.meterColumn()) || !allNameUnits(c) {
			continue
		}
		d.doc.UnitColumn = d.header.ColumnName(i)
		d.note("unitColumn", d.doc.UnitColumn, dataset.Likely, "its cells name units: "+strings.Join(shownCells(c), ", "))
		return true, nil
	}
	return false, nil
}

func (d *detective) meterColumn() string {
	if d.doc.Meter == nil {
		return ""
	}
	return d.doc.Meter.Column
}

// allNameUnits is true of a column whose cells all name a unit, in more than a letter,
// and some one of active energy or power.
func allNameUnits(c *tabular.Column) bool {
	some := false
	for cell := range c.Distinct {
		unit, active := vocabulary.UnitOf(cell)
		if active && len(unit) > 1 {
			some = true
		} else if active || !vocabulary.OtherUnit(cell) {
			return false
		}
	}
	return some
}

// eachHasUnit is true of a document whose columns all have their own unit.
func (d *detective) eachHasUnit() bool {
	for _, v := range d.doc.Values {
		if v.Unit == "" {
			return false
		}
	}
	return len(d.doc.Values) > 0
}

// powerUnits are the units of power, the likelier first.
func (d *detective) powerUnits() []string {
	if d.mean() >= 50 {
		return []string{string(layout.W), string(layout.KW)}
	}
	return []string{string(layout.KW), string(layout.W)}
}

// mean is the mean of the sample's values without their sign.
func (d *detective) mean() float64 {
	f := d.numbers()
	sum, n := 0.0, 0
	for _, i := range d.valueIndexes() {
		for _, row := range d.sample.Rows {
			if v, err := f.Read([]byte(row[i])); err == nil {
				sum += max(v, -v)
				n++
			}
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func (d *detective) meanText() string { return strconv.FormatFloat(d.mean(), 'g', 4, 64) }

func (d *detective) meanNote() string { return "; the mean of the values is " + d.meanText() }
