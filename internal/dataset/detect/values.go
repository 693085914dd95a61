package detect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/vocabulary"
)

// findValues finds the columns with readings.
func (d *detective) findValues() error {
	switch {
	case d.doc.MeterColumns != nil, d.doc.DayColumns != nil:
		return nil
	case len(d.doc.Values) > 0:
		for i, v := range d.doc.Values {
			if d.index(v.Column) < 0 && !v.Optional {
				return d.noColumn(fmt.Sprintf("values[%d].column", i), v.Column)
			}
		}
		return nil
	}
	if days := d.dayColumns(); days != nil && d.sample.Columns[d.index(d.doc.Time.Columns[0])].Mostly(notation.KindDate) {
		d.doc.DayColumns = days
		d.note("dayColumns", days.From+" to "+days.To, dataset.Likely, "the columns are the intervals of a day, and the time is a date")
		return nil
	}
	candidates := d.valueCandidates()
	if len(candidates) == 0 {
		return d.doubt("values[0].column", false, nil, "no column holds numbers that are readings: the columns are %s", tabular.List(d.header.Names))
	}
	return d.chooseValues(candidates)
}

// candidate is a column of numbers that may be readings.
type candidate struct {
	index int
	score int
	flow  layout.Direction // that its name states; "" if it states none
}

// valueCandidates are the columns of numbers that are nothing else, the likeliest
// first.
func (d *detective) valueCandidates() []candidate {
	used := d.used()
	var all []candidate
	var others []string
	for i := range d.sample.Columns {
		c := &d.sample.Columns[i]
		named := valueScore(c.Name) > 0 && c.Counts[notation.KindNumber]*2 > c.Filled
		if used[i] || (!c.Mostly(notation.KindNumber) && !named) || vocabulary.AnyWord(vocabulary.Cost, c.Name) || d.isCalendar(c) {
			continue
		}
		if vocabulary.AnyWord(vocabulary.OtherEnergy, c.Name) && !vocabulary.AnyWord(vocabulary.Electric, c.Name) {
			others = append(others, c.Name)
			continue
		}
		if k := (candidate{index: i, score: valueScore(c.Name), flow: vocabulary.FlowOf(c.Name)}); k.score >= 0 {
			all = append(all, k)
		}
	}
	if len(all) == 0 {
		return nil
	}
	if len(others) > 0 {
		d.note("values", "without "+tabular.List(others), dataset.Likely, "their names are of other energy than electricity, or of water")
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return b.score - a.score })
	return all
}

// isCalendar is true of a column of numbers of the hour, the month and so on, or of
// the row.
func (d *detective) isCalendar(c *tabular.Column) bool {
	return vocabulary.Rank(vocabulary.Hour, c.Name) >= 0 && c.AllOfLength(1, 2) || c.IsEpoch() && vocabulary.AnyOf(vocabulary.Time, c.Name) || d.isRowNumber(c) && c.AllOfLength(1, 2, 3, 4, 5, 6) && vocabulary.Rank(vocabulary.Value, c.Name) < 0
}

// valueScore ranks a column by its name; below 0 is none of readings. Energy comes
// before power, which files have beside it.
func valueScore(name string) int {
	unit, active := vocabulary.UnitOf(name)
	switch o, isObis := vocabulary.ReadOBIS(name); {
	case isObis && !o.Active():
		return -1
	case active && unit.Power():
		return 19
	case active:
		return 20
	case vocabulary.AnyWord(vocabulary.NoValue, name) || vocabulary.OtherUnit(name):
		return -1
	case isObis:
		return 18
	}
	if r := vocabulary.Rank(vocabulary.Value, name); r >= 0 {
		return 10
	}
	return 0
}

// chooseValues takes the one best column; those with import and export in their
// names; or, where no meter is named and no name is one of a reading, one meter for
// each column.
func (d *detective) chooseValues(all []candidate) error {
	all = d.withoutTotals(all)
	top := d.withPartners(all)
	if len(top) == 1 {
		return d.oneValue(top[0], all)
	}
	if d.namesFlows(top) {
		return d.severalFlows(top)
	}
	names := make([]string, 0, len(top))
	for _, k := range top {
		names = append(names, d.header.Names[k.index])
	}
	if d.doc.Meter.Column == "" && (d.set.Meter == nil || d.set.Meter.Name == "") {
		d.doc.Meter = nil
		d.doc.MeterColumns = &layout.Columns{Except: d.notIn(top)}
		d.note("meterColumns", tabular.List(names), dataset.Likely, "no column names the meter, and several hold numbers: each is taken for a meter")
		d.noteExports(names)
		return nil
	}
	return d.doubt("values[0].column", false, quoted(names), "several columns may hold the readings")
}

// noteExports notes that meters whose names are of energy to the grid, or of what panels
// produce, are kept as they are.
func (d *detective) noteExports(meters []string) {
	named := slices.DeleteFunc(slices.Clone(meters), func(name string) bool { return vocabulary.FlowOf(name) != layout.Export })
	if len(named) > 0 {
		d.note("values", "positive", dataset.Guess, "the meters "+tabular.List(named)+" may be of energy to the grid by their names, and are kept positive: write values with direction: Export in a layout document to make them negative")
	}
}

func quoted(names []string) []string {
	var out []string
	for _, name := range names {
		out = append(out, strconv.Quote(name))
	}
	return out
}

// withPartners are the columns of the best score. Beside a single one of energy from
// the grid, or of no direction, belong those of energy to it, also if their names are
// less usual.
func (d *detective) withPartners(all []candidate) []candidate {
	top := all[:1]
	for len(top) < len(all) && all[len(top)].score == all[0].score {
		top = all[:len(top)+1]
	}
	if len(top) > 1 {
		return top
	}
	unit, named := vocabulary.UnitOf(d.header.Names[top[0].index])
	together := slices.Clone(top)
	for _, k := range all[1:] {
		u, own := vocabulary.UnitOf(d.header.Names[k.index])
		if k.flow == layout.Export && top[0].flow != layout.Export && (!own || named && u == unit) {
			together = append(together, k)
		}
	}
	return together
}

// severalFlows takes the columns of a meter whose names state a direction. Several of
// one direction are summed if they are the registers of tariffs; else it has to be
// stated which are wanted, as one may be part of the other.
func (d *detective) severalFlows(top []candidate) error {
	var imports, exports []candidate
	for _, k := range top {
		if k.flow == layout.Export {
			exports = append(exports, k)
		} else {
			imports = append(imports, k)
		}
	}
	for _, same := range [][]candidate{imports, exports} {
		if names := d.namesOf(same); !tariffsOfOne(names) {
			return d.doubt("values[0].column", false, quoted(d.namesOf(top)),
				"%s are of one direction by their names, and one may be part of another; for several write values, each with its column and direction, in a layout document", tabular.List(names))
		}
	}
	for _, k := range append(d.totals(imports), d.totals(exports)...) {
		v := layout.Value{Column: d.header.ColumnName(k.index), Direction: k.flow}
		// No energy to the grid is often written as nothing.
		v.Optional = k.flow == layout.Export && d.sample.Columns[k.index].Filled < len(d.sample.Rows)
		d.doc.Values = append(d.doc.Values, v)
	}
	d.note("values", d.valueList(), dataset.Likely, "their names state the direction in which energy flows; exports become negative")
	return nil
}

func (d *detective) namesOf(all []candidate) []string {
	var names []string
	for _, k := range all {
		names = append(names, d.header.Names[k.index])
	}
	return names
}

// totals leaves out the registers of tariffs whose total is there too.
func (d *detective) totals(all []candidate) []candidate {
	isTotal := func(k candidate) bool { return vocabulary.SumOfTariffs(d.header.Names[k.index]) }
	if !slices.ContainsFunc(all, isTotal) {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(k candidate) bool { return !isTotal(k) })
}

// tariffsOfOne is true of names that differ in the name or number of a tariff only,
// such as T1 and T2.
func tariffsOfOne(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return vocabulary.WithoutTariff(name) != vocabulary.WithoutTariff(names[0]) })
}

func (d *detective) oneValue(k candidate, all []candidate) error {
	d.doc.Values = []layout.Value{{Column: d.header.ColumnName(k.index)}}
	because := "it is the only column of numbers"
	if len(all) > 1 || k.score > 0 {
		because = "its name is a usual one for a reading"
	}
	if k.flow == layout.Export && !vocabulary.AnyWord(vocabulary.Import, d.header.Names[k.index]) {
		d.note("values", d.valueList(), dataset.Guess, because+"; its name may mean energy to the grid, and it is kept positive: set direction: Export in the layout to make it negative")
		return nil
	}
	d.note("values", d.valueList(), dataset.Likely, because)
	return nil
}

// namesFlows is true of columns that belong to one meter by their names: one of two may
// have no direction, beside energy to the grid, which what panels produce need not be;
// without exports all are registers of tariffs.
func (d *detective) namesFlows(all []candidate) bool {
	none, exports := 0, 0
	for _, k := range all {
		switch k.flow {
		case "":
			none++
		case layout.Export:
			exports++
		}
	}
	switch {
	case exports == len(all) || none > 1:
		return false
	case exports == 0:
		return none == 0 && tariffsOfOne(d.namesOf(all))
	}
	return none == 0 || len(all) == 2 && !slices.ContainsFunc(d.namesOf(all), func(name string) bool { return vocabulary.AnyWord(vocabulary.Production, name) })
}

func (d *detective) valueList() string {
	var names []string
	for _, v := range d.doc.Values {
		name := v.Column
		if v.Direction != "" {
			name += " (" + string(v.Direction) + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// notIn are the columns that are neither used nor candidates.
func (d *detective) notIn(top []candidate) []string {
	used := d.used()
	var names []string
	for i := range d.header.Names {
		if !used[i] && !slices.ContainsFunc(top, func(k candidate) bool { return k.index == i }) {
			names = append(names, d.header.ColumnName(i))
		}
	}
	return names
}
