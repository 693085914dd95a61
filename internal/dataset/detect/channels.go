package detect

import (
	"maps"
	"slices"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/vocabulary"
)

// mostTwice is the share of times that come twice with other values from which a
// column is searched for that distinguishes them.
const mostTwice = 0.1

// findChannels finds the column that distinguishes the channels of a meter: one whose
// cells name directions of flow, or one without which most times come twice.
func (d *detective) findChannels() error {
	if c := d.doc.Channels; c != nil {
		if d.index(c.Column) < 0 {
			return d.noColumn("channels.column", c.Column)
		}
		return nil
	}
	if d.shipped != "" || d.doc.MeterColumns != nil || len(d.doc.Values) > 1 {
		return nil
	}
	columns := d.channelColumns()
	for _, i := range columns {
		if c := d.flowsOf(&d.sample.Columns[i]); c != nil && len(c.Export) > 0 {
			c.Column = d.header.ColumnName(i)
			d.doc.Channels = c
			d.note("channels", c.Column, dataset.Likely, "its cells name directions: "+strings.Join(c.Import, ", ")+" from the grid, "+strings.Join(c.Export, ", ")+" to it, which becomes negative")
			return nil
		}
	}
	twice := d.twice(-1)
	if twice < mostTwice {
		return nil
	}
	var apart []string
	for _, i := range columns {
		if d.twice(i) > twice/4 {
			continue
		}
		if c := d.flowsOf(&d.sample.Columns[i]); c != nil { // registers of two tariffs
			c.Column = d.header.ColumnName(i)
			d.doc.Channels = c
			d.note("channels", c.Column, dataset.Likely, "without it times come twice, and all its cells name energy from the grid: "+strings.Join(c.Import, ", "))
			return nil
		}
		apart = append(apart, d.header.Names[i]+" ("+strings.Join(shownCells(&d.sample.Columns[i]), ", ")+")")
	}
	if len(apart) == 0 {
		return nil // revisions, or what is found once all is read
	}
	return d.doubt("channels.column", false, apart,
		"%.0f %% of the times of a meter come twice with different values, as two channels do, and nothing shows which is energy from the grid and which to it", 100*twice)
}

// channelColumns are the columns without a meaning that may distinguish channels.
func (d *detective) channelColumns() []int {
	used := d.used()
	if len(d.doc.Rows) > 0 { // the kind of energy may name the direction too
		delete(used, d.index(d.doc.Rows[0].Column))
	}
	var columns []int
	for i := range d.sample.Columns {
		c := &d.sample.Columns[i]
		if !used[i] && c.Few() && len(c.Distinct) > 1 && !c.Mostly(notation.KindStamp) && !c.Mostly(notation.KindDate) && !c.Mostly(notation.KindClock) {
			columns = append(columns, i)
		}
	}
	return columns
}

// flowsOf sorts the cells of a column by direction; nil if one names none. What is no
// active electrical energy is left out, and so are the registers of tariffs beside
// their total.
func (d *detective) flowsOf(c *tabular.Column) *layout.Channels {
	flows := &layout.Channels{}
	for cell := range maps.Keys(c.Distinct) {
		flow := vocabulary.FlowOf(cell)
		suffix, isSuffix := vocabulary.SuffixFlow(c.Name, cell)
		if isSuffix {
			flow = suffix
		}
		switch {
		case d.filtered(c, cell):
		case isSuffix && flow == "", !isSuffix && vocabulary.NoElectricity(cell):
			flows.Ignore = append(flows.Ignore, cell)
		case flow == layout.Export:
			flows.Export = append(flows.Export, cell)
		case flow == layout.Import:
			flows.Import = append(flows.Import, cell)
		default:
			return nil
		}
	}
	if len(flows.Import) == 0 {
		return nil
	}
	flows.Import, flows.Ignore = totalsOnly(flows.Import, flows.Ignore)
	flows.Export, flows.Ignore = totalsOnly(flows.Export, flows.Ignore)
	slices.Sort(flows.Ignore)
	return flows
}

// filtered is true of a cell whose rows are left out as another kind of energy.
func (d *detective) filtered(c *tabular.Column, cell string) bool {
	return len(d.doc.Rows) > 0 && d.index(d.doc.Rows[0].Column) == d.index(c.Name) && layout.MatchAny(d.doc.Rows[0].LeaveOut, cell)
}

// totalsOnly moves the registers of tariffs to those that are ignored, if their total
// is there too.
func totalsOnly(cells, ignored []string) (kept, left []string) {
	slices.Sort(cells)
	if !slices.ContainsFunc(cells, vocabulary.SumOfTariffs) {
		return cells, ignored
	}
	for _, cell := range cells {
		if vocabulary.SumOfTariffs(cell) {
			kept = append(kept, cell)
		} else {
			ignored = append(ignored, cell)
		}
	}
	return kept, ignored
}

// twice is the share of rows whose meter and time another row has too, with another
// value; beside a column that distinguishes them, if one is given.
func (d *detective) twice(column int) float64 {
	if len(d.sample.Rows) == 0 || len(d.doc.Values) == 0 {
		return 0
	}
	value, times := d.index(d.doc.Values[0].Column), d.timeIndexes()
	values := make(map[string]string, len(d.sample.Rows))
	again := 0
	for _, row := range d.sample.Rows {
		if d.leftOut(row) {
			continue
		}
		key := d.seriesKey(row)
		for _, i := range times {
			key += "|" + row[i]
		}
		if column >= 0 {
			key += "|" + row[column]
		}
		if before, ok := values[key]; ok && before != row[value] {
			again++
		}
		values[key] = row[value]
	}
	return float64(2*again) / float64(len(d.sample.Rows))
}

// leftOut is true of a row of another commodity, or of no value.
func (d *detective) leftOut(row []string) bool {
	for _, r := range d.doc.Rows {
		if i := d.index(r.Column); i >= 0 && layout.MatchAny(r.LeaveOut, row[i]) {
			return true
		}
	}
	return false
}
