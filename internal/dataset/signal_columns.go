package dataset

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// signalColumn is a column of values of a signal.
type signalColumn struct {
	name  string // as a layout document names it
	time  string // "" is found out
	title string // of the header, and what may name a unit for it
	sure  Sureness
	why   string
}

// Words of the names of columns.
var signalWords = map[SignalKind]*regexp.Regexp{
	Price:       regexp.MustCompile(`price|preis|prix|precio|prezzo|prijs|tari|rate\b|rate_|cost|value_(inc|exc)_vat|spot|day.?ahead|/\s*[km]wh|per[ _]?[km]wh`),
	Carbon:      regexp.MustCompile(`carbon|co2|co₂|ghg|intensity|emission`),
	Temperature: regexp.MustCompile(`temp|°|celsius|fahrenheit|\btt_tu\b|\bt2m\b|degc|degf`),
}

// lesserWords are of columns that other columns of the same file are preferred to.
var lesserWords = regexp.MustCompile(`forecast|prognose|exc_vat|feels|apparent|dew|soil|wet|min\b|max\b|quality|estimat|index|percent|%|renewable|fossil`)

// signalColumn chooses the column of the values.
func (d *detective) signalColumn(o SignalOptions) (*signalColumn, error) {
	time := ""
	if i, ok := layout.FindColumn(d.header.names, o.TimeColumn); ok && o.TimeColumn != "" {
		time = d.columnName(i)
	} else if o.TimeColumn != "" && o.TimeColumn != UsualTimeColumn {
		return nil, fmt.Errorf("no column %q among %s; name the one with the time: set %s", o.TimeColumn, listColumns(d.header.names), o.setting("timeColumn"))
	}
	if i, ok := layout.FindColumn(d.header.names, o.ValueColumn); ok && o.ValueColumn != "" {
		return d.columnOf(i, time, Stated, "it was named"), nil
	} else if o.ValueColumn != "" && o.ValueColumn != UsualValueColumn {
		return nil, fmt.Errorf("no column %q among %s; name the one with the %s: set %s", o.ValueColumn, listColumns(d.header.names), o.Kind, o.setting("valueColumn"))
	}
	var named, lesser, numbers []int
	for i := range d.sample.columns {
		c := &d.sample.columns[i]
		name := strings.ToLower(c.name)
		if !c.mostly(kindNumber) || strings.EqualFold(c.name, o.TimeColumn) {
			continue
		}
		switch {
		case signalWords[o.Kind].MatchString(name) && lesserWords.MatchString(name):
			lesser = append(lesser, i)
		case signalWords[o.Kind].MatchString(name):
			named = append(named, i)
		case len(c.distinct) > 1:
			numbers = append(numbers, i)
		}
	}
	if o.Named {
		numbers = nil
	}
	for _, group := range [][]int{named, lesser, numbers} {
		switch {
		case len(group) == 1:
			return d.columnOf(group[0], time, Likely, "it is the one column that looks like "+string(o.Kind)), nil
		case len(group) > 1:
			var names []string
			for _, i := range group {
				names = append(names, d.header.names[i])
			}
			return nil, fmt.Errorf("several columns may hold the %s: set %s to one of them: %s", o.Kind, o.setting("valueColumn"), listColumns(names))
		}
	}
	return nil, fmt.Errorf("%w that may be the %s among %s; set %s to it", ErrNoSignal, o.Kind, listColumns(d.header.names), o.setting("valueColumn"))
}

// columnOf is a column with the texts that may name its unit: its header, the cells of a
// column of units, and the lines above the header.
func (d *detective) columnOf(i int, time string, sure Sureness, why string) *signalColumn {
	c := &signalColumn{name: d.columnName(i), time: time, title: d.header.names[i], sure: sure, why: why}
	if signalUnitOf(c.title) != nil {
		return c
	}
	for k := range d.sample.columns {
		if s := &d.sample.columns[k]; k != i && s.few() && len(s.distinct) == 1 {
			for cell := range s.distinct {
				if signalUnitOf(cell) != nil {
					c.title += " " + cell
				}
			}
		}
	}
	lines := strings.SplitN(string(d.head), "\n", d.header.skip+1)
	for _, line := range lines[:min(d.header.skip, len(lines))] {
		c.title += " " + line
	}
	return c
}

// evidence is how a column was read, without what only stands for reading it as power.
func (c *signalColumn) evidence(o SignalOptions, found []Evidence) []Evidence {
	out := []Evidence{{What: "valueColumn", Guess: c.name, Sure: c.sure, Because: c.why, Change: "set " + o.setting("valueColumn")}}
	for _, e := range found {
		switch e.What {
		case "unit", "reading", "values", "values[0].column", "meter.name", "window":
		case "time.zone":
			e.Change = "set the zone of the twin, or write offsets behind the times"
			out = append(out, e)
		case "time.columns":
			out = append(out, e)
		default:
			e.Change = "change the file"
			out = append(out, e)
		}
	}
	return out
}
