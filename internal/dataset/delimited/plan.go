package delimited

import (
	"bytes"
	"cmp"
	"fmt"
	"time"

	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/wallclock"
)

// Plan is a complete layout document, compiled for one header: what the reader of
// rows asks for every row is computed once.
type Plan struct {
	doc   *layout.Document
	names []string // of the columns
	count int      // of the columns

	number notation.Number
	null   notation.MissingWords

	stamp     notation.StampReader // a fresh one
	time      int                  // column with the time, or the date
	clock     int                  // column with the time of day or the hour; -1 if time has it
	hours     layout.Hours
	end       bool // times mark the end of the interval
	interval  int  // minutes
	tolerance int64
	zone      *time.Location

	meter int    // column; -1 if the file has one meter
	name  []byte // of that one
	group int    // column; -1 if there is none

	counter  bool
	values   []valueColumn
	unit     *unitReader // nil if there is no column for it
	factor   int         // column; -1 if there is none
	quality  *cellMarks  // nil if there is no column for it
	channels *cellMarks  // nil if there is no column for it
	rows     []*cellMarks
	footer   []string
}

// valueColumn is a column with readings.
type valueColumn struct {
	column   int
	name     string // header
	scale    float64
	unit     layout.Unit
	channel  int
	meter    []byte // nil for the row's meter
	optional bool
}

// several is true if a meter's readings are the sum of several series.
func (p *Plan) several() bool {
	if p.channels != nil {
		return true
	}
	rowMeter := 0
	for _, v := range p.values {
		if v.meter == nil {
			rowMeter++
		}
	}
	return rowMeter > 1
}

// plain is true of rows of a meter, a time and a value, and nothing else that is
// asked for.
func (p *Plan) plain() bool {
	return p.doc.MeterColumns == nil && p.doc.DayColumns == nil && len(p.values) == 1 && p.values[0].meter == nil && p.meter >= 0 && p.group < 0 &&
		p.clock < 0 && p.unit == nil && p.factor < 0 && p.quality == nil && p.channels == nil
}

// Compile looks up the columns of a complete document in a header. open is true if no
// value showed whether its sign is one of decimals or thousands, ranges if times have the
// end of the interval behind them. An error is a layout.FieldError.
func Compile(doc *layout.Document, header []string, open, ranges bool) (*Plan, error) {
	p := &Plan{doc: doc, names: header, count: len(header), clock: -1, meter: -1, group: -1, factor: -1}
	p.number = notation.Number{Decimal: doc.Numbers.Decimal[0], Unit: doc.Unit, Open: open}
	if t := doc.Numbers.Thousands; t == "space" {
		p.number.Thousands = ' '
	} else if t != "" && t != "none" {
		p.number.Thousands = t[0]
	}
	p.null = notation.NewMissingWords(doc.Numbers.Missing)
	if len(doc.Numbers.Missing) == 0 {
		p.null = notation.NewMissingWords(notation.DefaultMissing)
	}
	p.counter = doc.Reading == layout.Counter
	p.footer = doc.Footer
	if err := p.compileTime(ranges); err != nil {
		return nil, err
	}
	if err := p.compileMeter(); err != nil {
		return nil, err
	}
	if err := p.compileMarks(); err != nil {
		return nil, err
	}
	return p, p.compileValues()
}

// column finds a column, or lists those that there are.
func (p *Plan) column(field, name string) (int, error) {
	if i, ok := layout.FindColumn(p.names, name); ok {
		return i, nil
	}
	return 0, &layout.FieldError{Field: field, Problem: fmt.Sprintf("the file has no column %q, only %s", name, tabular.List(p.names))}
}

// optionalColumn is -1 for a column that is not set.
func (p *Plan) optionalColumn(field, name string) (int, error) {
	if name == "" {
		return -1, nil
	}
	return p.column(field, name)
}

func (p *Plan) compileTime(ranges bool) (err error) {
	t := p.doc.Time
	if p.time, err = p.column("time.columns[0]", t.Columns[0]); err != nil {
		return err
	}
	if len(t.Columns) > 1 {
		if p.clock, err = p.column("time.columns[1]", t.Columns[1]); err != nil {
			return err
		}
	}
	if p.interval, err = t.IntervalMinutes(); err != nil {
		return err
	}
	tolerance, err := t.ToleranceSeconds()
	if err != nil {
		return err
	}
	if p.zone, err = t.Location(); err != nil {
		return err
	}
	p.tolerance = int64(tolerance)
	p.hours, p.end = t.Hours, t.Marks == layout.End
	p.stamp = notation.StampReader{Form: t.Form, Order: t.Order, Slot: int64(p.interval), Ranges: ranges}
	if t.DayOne != "" {
		one, err := time.Parse(time.DateOnly, t.DayOne)
		if err != nil {
			return err
		}
		p.stamp.DayOne = one.Unix()/60 - wallclock.MinutesPerDay
	}
	return nil
}

func (p *Plan) compileMeter() (err error) {
	m := p.doc.Meter
	if m == nil {
		return nil // columns name the meters
	}
	p.name = []byte(m.Name)
	if p.meter, err = p.optionalColumn("meter.column", m.Column); err != nil {
		return err
	}
	p.group, err = p.optionalColumn("meter.groupColumn", m.GroupColumn)
	return err
}

func (p *Plan) compileMarks() error {
	d := p.doc
	var err error
	if p.factor, err = p.optionalColumn("factorColumn", d.FactorColumn); err != nil {
		return err
	}
	if d.UnitColumn != "" {
		i, err := p.column("unitColumn", d.UnitColumn)
		if err != nil {
			return err
		}
		p.unit = &unitReader{column: i}
	}
	if q := d.Quality; q != nil {
		i, err := p.column("quality.column", q.Column)
		if err != nil {
			return err
		}
		p.quality = &cellMarks{column: i, judge: func(cell string) int {
			switch {
			case layout.MatchAny(q.Missing, cell):
				return markMissing
			case layout.MatchAny(q.Estimated, cell):
				return markEstimated
			}
			return markNone
		}}
	}
	if c := d.Channels; c != nil {
		i, err := p.column("channels.column", c.Column)
		if err != nil {
			return err
		}
		p.channels = &cellMarks{column: i, judge: func(cell string) int {
			switch {
			case layout.MatchAny(c.Ignore, cell):
				return markLeftOut
			case layout.MatchAny(c.Import, cell):
				return markImport
			case layout.MatchAny(c.Export, cell):
				return markExport
			}
			return markUnknown
		}}
	}
	for n, r := range d.Rows {
		i, err := p.column(fmt.Sprintf("rows[%d].column", n), r.Column)
		if err != nil {
			return err
		}
		p.rows = append(p.rows, &cellMarks{column: i, judge: func(cell string) int {
			if layout.MatchAny(r.LeaveOut, cell) || (len(r.Keep) > 0 && !layout.MatchAny(r.Keep, cell)) {
				return markLeftOut
			}
			return markNone
		}})
	}
	return nil
}

// compileValues finds the columns with readings. The columns of meters and days are
// read from left to right.
func (p *Plan) compileValues() error {
	d := p.doc
	own := d.Unit
	if p.unit != nil {
		own = "" // each row states its own
	}
	switch {
	case d.MeterColumns != nil:
		for i := range p.names {
			if p.inRun(d.MeterColumns, i) {
				p.values = append(p.values, valueColumn{column: i, name: p.names[i], scale: p.scale(own), unit: own, meter: bytes.TrimSpace([]byte(p.names[i]))})
			}
		}
	case d.DayColumns != nil:
		for i := range p.names {
			if p.inRun(d.DayColumns, i) {
				p.values = append(p.values, valueColumn{column: i, name: p.names[i], scale: p.scale(own), unit: own})
			}
		}
	default:
		for n, v := range d.Values {
			if _, ok := layout.FindColumn(p.names, v.Column); !ok && v.Optional {
				continue
			}
			i, err := p.column(fmt.Sprintf("values[%d].column", n), v.Column)
			if err != nil {
				return err
			}
			unit := cmp.Or(v.Unit, own)
			c := valueColumn{column: i, name: p.names[i], scale: p.scale(unit), unit: unit, channel: n, optional: v.Optional}
			if v.Direction == layout.Export {
				c.scale = -c.scale
			}
			if v.Meter != "" {
				c.meter = []byte(v.Meter)
			}
			p.values = append(p.values, c)
		}
	}
	if len(p.values) == 0 {
		return &layout.FieldError{Field: "values", Problem: "the file has no column with values; its columns are " + tabular.List(p.names)}
	}
	return nil
}

// scale turns a value of a unit into kWh.
func (p *Plan) scale(u layout.Unit) float64 {
	s := cmp.Or(u, layout.KWh).Kilo()
	if u.Power() {
		s *= float64(p.interval) / 60
	}
	return s
}

// inRun is true of a column that is in a run of columns and not used elsewhere.
func (p *Plan) inRun(run *layout.Columns, i int) bool {
	if i == p.time || i == p.clock || i == p.meter || i == p.group || layout.MatchAny(run.Except, p.names[i]) {
		return false
	}
	for _, m := range append(p.rows, p.quality, p.channels) {
		if m != nil && m.column == i {
			return false
		}
	}
	from, to := 0, len(p.names)-1
	if n, ok := layout.FindColumn(p.names, run.From); run.From != "" && ok {
		from = n
	}
	if n, ok := layout.FindColumn(p.names, run.To); run.To != "" && ok {
		to = n
	}
	return i >= from && i <= to
}
