package dataset

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Usual names of the columns of a long file, the likeliest first.
var (
	meterNames = []string{"meter_id", "meter", "meterid", "meter_no", "id", "building_id", "building", "household_id", "household", "site", "customer", "lclid", "mpan", "nmi", "unique_id"}
	timeNames  = []string{"timestamp", "ts", "time", "datetime", "date_time", "date", "start", "interval_start", "tstp", "ds", "reading_time"}
	valueNames = []string{"kwh", "wh", "kw", "energy_kwh", "energy", "consumption", "consumption_kwh", "value", "reading", "usage", "usage_kwh", "load", "power_kw", "power", "import_kwh", "register_kwh", "register", "index", "meter_reading", "y"}
)

// long finds out about CSV: separator, columns, decimal sign, unit, interval.
func (d *detective) long() error {
	l := &d.layout
	first, _, _ := bytes.Cut(d.head, []byte("\n"))
	l.comma = separator(first)
	d.note("separator", fmt.Sprintf("%q", l.comma), "it is the most frequent one in the header", "nothing: write the header with one separator")
	r := newCSVReader(newLineReader(bytes.NewReader(d.head)), l.comma)
	header, err := r.next()
	if err != nil || header.err != nil {
		return fmt.Errorf("the first line is no header: %q", first)
	}
	cols, err := d.columns(header.fields)
	if err != nil {
		return err
	}
	sample := sampleLong(r, cols)
	d.decimalSign(sample)
	d.longUnit(cols.names[cols.value])
	if err := d.longInterval(sample); err != nil {
		return err
	}
	l.stamp = orDefault(d.opts.Stamp, StampStart)
	if l.unit != Register {
		d.note("stamp", l.stamp, "a file does not show which end of the interval it marks", "set stamp to Start or End")
	}
	return nil
}

// separator is the one of comma, semicolon and tab that is most frequent.
func separator(header []byte) byte {
	best := byte(',')
	for _, c := range []byte{';', '\t'} {
		if bytes.Count(header, []byte{c}) > bytes.Count(header, []byte{best}) {
			best = c
		}
	}
	return best
}

func (d *detective) columns(header [][]byte) (columnSet, error) {
	c, because := d.opts.Columns, "their names are usual ones"
	if c.Meter != "" && c.Time != "" && c.Value != "" {
		because = "they were set"
	}
	for _, want := range []struct {
		name  *string
		usual []string
		what  string
	}{{&c.Meter, meterNames, "meter"}, {&c.Time, timeNames, "time"}, {&c.Value, valueNames, "value"}} {
		if *want.name != "" {
			continue
		}
		found := usualName(header, want.usual)
		if found == "" {
			return columnSet{}, fmt.Errorf("no column of the header (%s) has a usual name for the %s, such as %s; set columns.%s",
				bytes.Join(header, []byte(", ")), want.what, want.usual[0], want.what)
		}
		*want.name = found
	}
	cols, err := findColumns(header, c)
	if err != nil {
		return cols, err
	}
	d.layout.columns = c
	guess := fmt.Sprintf("meter %s, time %s, value %s", c.Meter, c.Time, c.Value)
	if c.Group != "" {
		guess += ", group " + c.Group
	}
	d.note("columns", guess, because, "set columns")
	return cols, nil
}

func usualName(header [][]byte, usual []string) string {
	for _, u := range usual {
		for _, h := range header {
			if name := strings.TrimSpace(string(h)); strings.EqualFold(name, u) {
				return name
			}
		}
	}
	return ""
}

// longSample is what the head of a long file shows.
type longSample struct {
	rows         int
	commas, dots int
	steps        map[int64]int // distance in minutes between readings of a meter → how often
}

// sampleLong reads the rows of the head. Its last line may be cut off, and
// bad rows are no matter here.
func sampleLong(r *csvReader, cols columnSet) longSample {
	s := longSample{steps: map[int64]int{}}
	last := map[string]int64{}
	var stamps stampReader
	for {
		rec, err := r.next()
		if err != nil {
			return s
		}
		if rec.err != nil || len(rec.fields) != cols.count {
			continue
		}
		stamp, err := stamps.read(rec.fields[cols.time])
		if err != nil {
			continue
		}
		s.rows++
		s.commas += bytes.Count(rec.fields[cols.value], []byte(","))
		s.dots += bytes.Count(rec.fields[cols.value], []byte("."))
		name := string(rec.fields[cols.meter])
		if before, seen := last[name]; seen && before != stamp.wall {
			s.steps[max(before-stamp.wall, stamp.wall-before)]++
		}
		last[name] = stamp.wall
	}
}

func (d *detective) decimalSign(s longSample) {
	d.layout.decimal = '.'
	if d.layout.comma != ',' && s.commas > 0 && s.dots == 0 {
		d.layout.decimal = ','
		d.note("decimal sign", ",", "values have commas and no points", "nothing: write values with points")
	}
}

func (d *detective) longUnit(column string) {
	if d.opts.Unit != "" {
		d.layout.unit = d.opts.Unit
		d.note("unit", d.opts.Unit, "it was set", "set unit to another one")
		return
	}
	u, because := unitOfName(column)
	d.layout.unit = u
	d.note("unit", u, because, "set unit")
}

func unitOfName(column string) (Unit, string) {
	name := strings.ToLower(column)
	because := fmt.Sprintf("the value column is called %s", column)
	switch {
	case strings.Contains(name, "register"), strings.Contains(name, "cumul"), strings.Contains(name, "counter"):
		return Register, because
	case strings.Contains(name, "kwh"):
		return KWh, because
	case strings.Contains(name, "wh"):
		return Wh, because
	case strings.Contains(name, "kw"):
		return KW, because
	}
	return KWh, because + ", which names no unit, and kWh is the usual one"
}

func (d *detective) longInterval(s longSample) error {
	if d.opts.Interval != 0 {
		d.layout.interval = int(d.opts.Interval / time.Minute)
		d.note("interval", d.opts.Interval, "it was set", "set interval to another one")
		return nil
	}
	if len(s.steps) == 0 {
		d.layout.interval = 60
		d.note("interval", time.Hour, fmt.Sprintf("no meter has two times among the %d rows looked at, and an hour is the usual one", s.rows), "set interval")
		return nil
	}
	step, times, total := mostFrequent(s.steps)
	interval := time.Duration(step) * time.Minute
	if !wholePart(interval) {
		return fmt.Errorf("readings of a meter are mostly %s apart (%d of %d in the rows looked at): use intervals that divide an hour, or set interval", interval, times, total)
	}
	d.layout.interval = int(step)
	d.note("interval", interval, fmt.Sprintf("%d of %d readings looked at are that far from the meter's one before", times, total), "set interval")
	return nil
}

// mostFrequent is the key with the highest count, the least of such keys.
func mostFrequent(counts map[int64]int) (key int64, times, total int) {
	keys := make([]int64, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		total += counts[k]
		if counts[k] > times {
			key, times = k, counts[k]
		}
	}
	return key, times, total
}
