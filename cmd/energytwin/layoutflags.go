package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// layoutFlags declare how a file of readings is read: a layout by its name or from a
// file, and single fields of it.
type layoutFlags struct {
	layout                                            string
	meterColumn, groupColumn, timeColumn, valueColumn string
	channelColumn                                     string
	imports, exports                                  []string
	unit, reading, stamp, interval, tolerance         string
	dateOrder, sourceZone, separator, encoding        string
	decimal, thousands                                string
}

// layoutFlag is a flag that sets a field of the layout document.
type layoutFlag struct {
	name, field string
	value       *string
	usage       string
}

func (f *layoutFlags) fields() []layoutFlag {
	return []layoutFlag{
		{"meter-column", "meter.column", &f.meterColumn, "column with the meter; several are tried with | between, #2 is the second"},
		{"group-column", "meter.groupColumn", &f.groupColumn, "column with the meter's group; without it there are no groups"},
		{"time-column", "time.columns", &f.timeColumn, "column with the time, or two with a comma between: date and time of day, or number of the hour"},
		{"value-column", "values[0].column", &f.valueColumn, "column with the readings"},
		{"channel-column", "channels.column", &f.channelColumn, "column with the direction in which energy flows; see --import and --export"},
		{"unit", "unit", &f.unit, "unit of the values: kWh, Wh, MWh, kW, W or MW"},
		{"reading", "reading", &f.reading, "what a value is: Interval, or Counter for the state of a counter"},
		{"stamp", "time.marks", &f.stamp, "what a time marks: Start or End of the interval"},
		{"interval", "time.interval", &f.interval, "interval of the readings, such as 30m"},
		{"tolerance", "time.tolerance", &f.tolerance, "how far times may be off, such as 30s"},
		{"date-order", "time.order", &f.dateOrder, "order of a date's parts: YMD, DMY or MDY"},
		{"source-timezone", "time.zone", &f.sourceZone, "IANA zone of times without an offset, or an offset such as UTC+10; by default the layout's own, else that of --timezone or of the twin"},
		{"separator", "separator", &f.separator, "sign between columns: a comma, a semicolon, |, tab or space"},
		{"encoding", "encoding", &f.encoding, "encoding of the text: UTF-8, UTF-16 or Windows-1252"},
		{"decimal", "numbers.decimal", &f.decimal, "sign before decimals: a point or a comma"},
		{"thousands", "numbers.thousands", &f.thousands, "sign between groups of three digits: a point, a comma, ', space or none"},
	}
}

func (f *layoutFlags) register(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.layout, "layout", "", "layout of the file: a name of `energytwin dataset layouts`, or a file with a layout document; found out by default")
	for _, l := range f.fields() {
		s.StringVar(l.value, l.name, "", l.usage+"; found out by default")
	}
	s.StringArrayVar(&f.imports, "import", nil, "pattern of cells of --channel-column for energy from the grid; may be repeated")
	s.StringArrayVar(&f.exports, "export", nil, "pattern of cells of --channel-column for energy to the grid; may be repeated")
}

// setting is the flag that sets a field, or a note that the layout document does.
func (f *layoutFlags) setting(field string) string {
	if field == "from" {
		return "--layout"
	}
	for _, l := range f.fields() {
		if l.field == field || strings.TrimSuffix(field, "[0]") == l.field || strings.TrimSuffix(field, "[1]") == l.field || (field == "values" && l.name == "value-column") {
			return "--" + l.name
		}
	}
	return field + " in a layout document (--layout FILE; `energytwin dataset inspect` prints one)"
}

// given reports whether any flag is set.
func (f *layoutFlags) given() bool {
	return f.layout != "" || len(f.imports)+len(f.exports) > 0 || slices.ContainsFunc(f.fields(), func(l layoutFlag) bool { return *l.value != "" })
}

// document is the layout document that the flags make of another one, which may be
// nil: --layout takes its place, and the other flags set fields of it.
func (f *layoutFlags) document(base *layout.Document) (*layout.Document, error) {
	if !f.given() {
		return base, nil
	}
	doc := &layout.Document{}
	if f.layout != "" {
		var err error
		if doc, err = readLayout(f.layout); err != nil {
			return nil, err
		}
	} else if base != nil {
		doc = base.DeepCopy()
	}
	if strings.EqualFold(f.unit, "Register") { // a unit and a kind of reading in one word
		f.unit, f.reading = string(layout.KWh), string(layout.Counter)
	}
	if f.channelColumn == "" && len(f.imports)+len(f.exports) > 0 && doc.Channels == nil {
		return nil, errors.New("--import and --export sort the cells of a column: name it with --channel-column")
	}
	f.apply(doc)
	if err := doc.Validate(); err != nil {
		return nil, f.named(err)
	}
	return doc, nil
}

// apply sets the fields that flags name.
func (f *layoutFlags) apply(doc *layout.Document) {
	orMake(&doc.Time)
	orMake(&doc.Meter)
	orMake(&doc.Numbers)
	set(&doc.Meter.Column, f.meterColumn)
	if f.meterColumn != "" {
		doc.Meter.Name = ""
	}
	set(&doc.Meter.GroupColumn, f.groupColumn)
	if f.timeColumn != "" {
		doc.Time.Columns = strings.SplitN(f.timeColumn, ",", 2)
	}
	if f.valueColumn != "" {
		doc.Values = []layout.Value{{Column: f.valueColumn}}
		doc.MeterColumns, doc.DayColumns = nil, nil
	}
	switch {
	case f.channelColumn != "":
		doc.Channels = &layout.Channels{Column: f.channelColumn, Import: f.imports, Export: f.exports}
	case len(f.imports)+len(f.exports) > 0:
		doc.Channels.Import, doc.Channels.Export = f.imports, f.exports
	}
	if f.unit != "" {
		doc.UnitColumn = ""
		for i := range doc.Values {
			doc.Values[i].Unit = ""
		}
	}
	set(&doc.Unit, layout.Unit(f.unit))
	set(&doc.Reading, layout.Reading(f.reading))
	set(&doc.Time.Marks, layout.Marks(f.stamp))
	set(&doc.Time.Interval, shortInterval(f.interval))
	set(&doc.Time.Tolerance, f.tolerance)
	set(&doc.Time.Order, layout.DateOrder(f.dateOrder))
	set(&doc.Time.Zone, f.sourceZone)
	set(&doc.Separator, f.separator)
	set(&doc.Encoding, layout.Encoding(f.encoding))
	set(&doc.Numbers.Decimal, f.decimal)
	set(&doc.Numbers.Thousands, f.thousands)
	if *doc.Meter == (layout.Meter{}) {
		doc.Meter = nil
	}
	if n := doc.Numbers; n.Decimal == "" && n.Thousands == "" && len(n.Missing) == 0 {
		doc.Numbers = nil
	}
}

// shortInterval writes 60m as 1h.
func shortInterval(text string) string {
	if text == "60m" {
		return "1h"
	}
	return text
}

func set[T ~string](field *T, value T) {
	if value != "" {
		*field = value
	}
}

func orMake[T any](p **T) {
	if *p == nil {
		*p = new(T)
	}
}

// named names flags in place of the fields of an error.
func (f *layoutFlags) named(err error) error {
	text := err.Error()
	for _, l := range f.fields() {
		if rest, ok := strings.CutPrefix(text, l.field+": "); ok {
			return fmt.Errorf("--%s: %s", l.name, rest)
		}
	}
	return err
}

// readLayout is the layout of a name, or the document in a file.
func readLayout(nameOrFile string) (*layout.Document, error) {
	if doc, err := layout.Named(nameOrFile); err == nil {
		return doc, nil
	}
	text, err := os.ReadFile(nameOrFile)
	if os.IsNotExist(err) {
		return nil, fmt.Errorf("--layout %s: neither a layout of `energytwin dataset layouts` nor a file", nameOrFile)
	}
	if err != nil {
		return nil, fmt.Errorf("--layout: %w", err)
	}
	doc, err := layout.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("--layout %s: %w", nameOrFile, err)
	}
	return doc, nil
}
