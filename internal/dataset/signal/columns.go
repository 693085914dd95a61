package signal

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
)

// column is a column of values of a signal.
type column struct {
	name  string // as a layout document names it
	time  string // "" is found out
	title string // of the header, and what may name a unit for it
	sure  dataset.Sureness
	why   string
}

// Words of the names of columns.
var usualWords = map[Kind]*regexp.Regexp{
	Price:       regexp.MustCompile(`price|preis|prix|precio|prezzo|prijs|tari|rate\b|rate_|cost|value_(inc|exc)_vat|spot|day.?ahead`),
	Carbon:      regexp.MustCompile(`carbon|co2|co₂|ghg|intensity|emission`),
	Temperature: regexp.MustCompile(`temp|°|celsius|fahrenheit|\btt_tu\b|\bt2m\b|degc|degf`),
}

// unitWords are units that a kind is given in, for columns that only name their unit. Other
// kinds are given per kWh too.
var unitWords = map[Kind]*regexp.Regexp{
	Price: regexp.MustCompile(`/\s*[km]wh|per[ _]?[km]wh`),
}

// lesserWords are of columns that other columns of the same file are preferred to.
var lesserWords = regexp.MustCompile(`forecast|prognose|exc_vat|feels|apparent|dew|soil|wet|min\b|max\b|quality|estimat|index|percent|%|renewable|fossil`)

// findColumn chooses the column of the values.
func findColumn(head []byte, t tabular.Table, o Options) (*column, error) {
	time := ""
	if i, ok := layout.FindColumn(t.Header.Names, o.TimeColumn); ok && o.TimeColumn != "" {
		time = t.Header.ColumnName(i)
	} else if o.TimeColumn != "" && o.TimeColumn != UsualTimeColumn {
		return nil, fmt.Errorf("no column %q among %s; name the one with the time: set %s", o.TimeColumn, tabular.List(t.Header.Names), o.setting("timeColumn"))
	}
	if i, ok := layout.FindColumn(t.Header.Names, o.ValueColumn); ok && o.ValueColumn != "" {
		return columnOf(head, t, i, time, dataset.Stated, "it was named"), nil
	} else if o.ValueColumn != "" && o.ValueColumn != UsualValueColumn {
		return nil, fmt.Errorf("no column %q among %s; name the one with the %s: set %s", o.ValueColumn, tabular.List(t.Header.Names), o.Kind, o.setting("valueColumn"))
	}
	var named, unit, lesser, numbers []int
	for i := range t.Sample.Columns {
		c := &t.Sample.Columns[i]
		name := strings.ToLower(c.Name)
		if !c.Mostly(notation.KindNumber) || strings.EqualFold(c.Name, o.TimeColumn) {
			continue
		}
		own, other := usualWords[o.Kind].MatchString(name), ofOther(o.Kind, name)
		byUnit := unitWords[o.Kind] != nil && unitWords[o.Kind].MatchString(name) && !other
		switch {
		case own && other, (own || byUnit) && lesserWords.MatchString(name):
			lesser = append(lesser, i)
		case own:
			named = append(named, i)
		case byUnit:
			unit = append(unit, i)
		case other: // whatever it holds, it is another signal
		case len(c.Distinct) > 1:
			numbers = append(numbers, i)
		}
	}
	if o.Named {
		numbers = nil
	}
	for _, group := range [][]int{named, unit, lesser, numbers} {
		switch {
		case len(group) == 1:
			return columnOf(head, t, group[0], time, dataset.Likely, "it is the one column named like a "+string(o.Kind)), nil
		case len(group) > 1:
			var names []string
			for _, i := range group {
				names = append(names, t.Header.Names[i])
			}
			return nil, fmt.Errorf("several columns may hold the %s: set %s to one of them: %s", o.Kind, o.setting("valueColumn"), tabular.List(names))
		}
	}
	return nil, fmt.Errorf("%w that may be the %s among %s; set %s to it", ErrNoColumn, o.Kind, tabular.List(t.Header.Names), o.setting("valueColumn"))
}

// ofOther reports whether a name has a word of another kind, as carbon_kg_per_kwh has, which
// is no price.
func ofOther(kind Kind, name string) bool {
	for other, words := range usualWords {
		if other != kind && words.MatchString(name) {
			return true
		}
	}
	return false
}

// columnOf is a column with the texts that may name its unit: its header, the cells of a
// column of units, and the lines above the header.
func columnOf(head []byte, t tabular.Table, i int, time string, sure dataset.Sureness, why string) *column {
	c := &column{name: t.Header.ColumnName(i), time: time, title: t.Header.Names[i], sure: sure, why: why}
	if unitOf(c.title) != nil {
		return c
	}
	for k := range t.Sample.Columns {
		if s := &t.Sample.Columns[k]; k != i && s.Few() && len(s.Distinct) == 1 {
			for cell := range s.Distinct {
				if unitOf(cell) != nil {
					c.title += " " + cell
				}
			}
		}
	}
	lines := strings.SplitN(string(head), "\n", t.Header.Skip+1)
	for _, line := range lines[:min(t.Header.Skip, len(lines))] {
		c.title += " " + line
	}
	return c
}

// evidence is how a column was read, without what only stands for reading it as power.
func (c *column) evidence(o Options, found []dataset.Evidence) []dataset.Evidence {
	out := []dataset.Evidence{{What: "valueColumn", Guess: c.name, Sure: c.sure, Because: c.why, Change: "set " + o.setting("valueColumn")}}
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
