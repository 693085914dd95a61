package dataset

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

var (
	errNoDetails   = errors.New("a 300 record without a usable 200 record before it")
	errFewValues   = errors.New("the 300 record has fewer values than its interval length asks for")
	errQuality     = errors.New("the quality is none of A, E, F, N, S, V")
	errNoEvents    = errors.New("quality V asks for 400 records that give the quality of the day's intervals")
	errEventRange  = errors.New("the 400 record does not name intervals of its day")
	errLostEvent   = errors.New("a 400 record without a 300 record of quality V before it")
	errRecordKind  = errors.New("the record is none of 100, 200, 300, 400, 500, 900")
	errTruncated   = errors.New("the file ends without its 900 record: it may be cut off")
	errShortRecord = errors.New("the record has too few fields")
)

// readNEM12 reads interval data of the Australian market (AEMO, Meter Data
// File Format NEM12): 200 records name a meter's register, unit and interval
// length, 300 records hold a day of it, 400 records the quality of parts of a
// day. Times are market time. Each register (NMI suffix) is a meter of its
// own, called NMI/suffix; energy of suffixes beginning with B, which flows
// from the premises to the grid, is negative.
func readNEM12(text io.Reader, in *intake) error {
	r := newCSVReader(newLineReader(text), ',')
	n := nem12{in: in}
	for {
		if in.cancelled() != nil {
			return in.cancelled()
		}
		rec, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := n.record(rec); err != nil {
			return err
		}
	}
	if err := n.release(); err != nil {
		return err
	}
	if !n.ended {
		return in.reject(r.lines.line, "", errTruncated, nil)
	}
	return nil
}

// nem12 holds what records tell about the ones that follow.
type nem12 struct {
	in    *intake
	ended bool

	// of the last 200 record
	usable  bool
	skip    bool // the register counts no active energy
	name    string
	scale   float64 // to kWh, or to kW of power, and the sign of the flow
	minutes int

	day nem12Day // held until its 400 records have been read
}

// nem12Day is a 300 record.
type nem12Day struct {
	held    bool
	line    int64
	raw     []byte
	base    int64     // market wall minute of its midnight
	values  []float64 // of each interval
	bad     []bool    // values that have been quarantined
	missing []bool    // of quality N
	varies  bool      // quality V: 400 records say more
	events  int
}

func (n *nem12) record(rec *record) error {
	if rec.err != nil {
		return n.in.reject(rec.line, "", rec.err, rec.raw)
	}
	kind := string(trimSpace(rec.fields[0]))
	if kind != "400" {
		if err := n.release(); err != nil {
			return err
		}
	}
	switch kind {
	case "100", "500":
		n.ended = false
		return nil
	case "200":
		return n.details(rec)
	case "300":
		return n.interval(rec)
	case "400":
		return n.event(rec)
	case "900":
		n.ended = true
		return nil
	}
	return n.in.reject(rec.line, "1", errRecordKind, rec.raw)
}

// details reads 200,NMI,configuration,register,suffix,stream,serial,unit,interval length,…
func (n *nem12) details(rec *record) error {
	n.usable, n.skip = false, false
	if len(rec.fields) < 9 {
		return n.in.reject(rec.line, fmt.Sprint(len(rec.fields)+1), errShortRecord, rec.raw)
	}
	suffix := string(trimSpace(rec.fields[4]))
	n.name = string(trimSpace(rec.fields[1])) + "/" + suffix
	if suffix == "" {
		n.name = string(trimSpace(rec.fields[1])) + "/" + string(trimSpace(rec.fields[3]))
	}
	if err := checkName([]byte(n.name)); err != nil {
		return n.in.reject(rec.line, "2", err, rec.raw)
	}
	minutes, err := strconv.Atoi(string(trimSpace(rec.fields[8])))
	if err != nil || minutes <= 0 || minutes > 60 || 60%minutes != 0 {
		return n.in.reject(rec.line, "9", errors.New("the interval length is no number of minutes that divides an hour"), rec.raw)
	}
	n.minutes = minutes
	n.usable = true
	unit, active := layout.Unit(""), false
	for u, name := range nem12Units {
		if strings.EqualFold(name, string(trimSpace(rec.fields[7]))) {
			unit, active = u, true
		}
	}
	n.scale, n.skip = unit.Kilo(), !active
	if unit.Power() {
		n.scale *= float64(minutes) / 60
	}
	if strings.HasPrefix(strings.ToUpper(suffix), "B") {
		n.scale = -n.scale
	}
	return nil
}

// nem12Units are the units of registers that count active energy or power.
var nem12Units = map[layout.Unit]string{
	layout.KWh: "kWh", layout.Wh: "Wh", layout.MWh: "MWh", layout.KW: "kW", layout.W: "W", layout.MW: "MW",
}

// interval reads 300,date,values…,quality,reason,description,updated,loaded.
func (n *nem12) interval(rec *record) error {
	if !n.usable {
		return n.in.reject(rec.line, "", errNoDetails, rec.raw)
	}
	count := minutesPerDay / n.minutes
	if n.skip {
		n.in.info.Skipped += int64(count)
		return nil
	}
	if len(rec.fields) < count+3 {
		return n.in.reject(rec.line, fmt.Sprint(len(rec.fields)), errFewValues, rec.raw)
	}
	base, err := readCompactDate(trimSpace(rec.fields[1]))
	if err != nil {
		return n.in.reject(rec.line, "2", err, rec.raw)
	}
	quality := trimSpace(rec.fields[count+2])
	if len(quality) == 0 || strings.IndexByte("AEFNSV", quality[0]) < 0 {
		return n.in.reject(rec.line, fmt.Sprint(count+3), errQuality, rec.raw)
	}
	d := nem12Day{
		held: true, line: rec.line, raw: append([]byte(nil), rec.raw...), base: base, varies: quality[0] == 'V',
		values: make([]float64, count), bad: make([]bool, count), missing: make([]bool, count),
	}
	for i := range count {
		if quality[0] == 'N' {
			d.missing[i] = true
			continue
		}
		d.values[i], err = (&numberFormat{decimal: '.'}).read(rec.fields[i+2])
		if err == nil {
			d.values[i] *= n.scale
			err = checkEnergy(d.values[i], false)
		}
		if err == nil {
			continue
		}
		d.bad[i] = true
		if err := n.in.reject(rec.line, fmt.Sprint(i+3), err, rec.raw); err != nil {
			return err
		}
	}
	n.day = d
	return nil
}

// event reads 400,first interval,last interval,quality,….
func (n *nem12) event(rec *record) error {
	if n.skip {
		return nil
	}
	if !n.day.held || !n.day.varies {
		return n.in.reject(rec.line, "", errLostEvent, rec.raw)
	}
	n.day.events++
	if len(rec.fields) < 4 {
		return n.in.reject(rec.line, fmt.Sprint(len(rec.fields)+1), errShortRecord, rec.raw)
	}
	first, err1 := strconv.Atoi(string(trimSpace(rec.fields[1])))
	last, err2 := strconv.Atoi(string(trimSpace(rec.fields[2])))
	if err1 != nil || err2 != nil || first < 1 || last < first || last > len(n.day.values) {
		return n.in.reject(rec.line, "2", errEventRange, rec.raw)
	}
	quality := trimSpace(rec.fields[3])
	if len(quality) == 0 || strings.IndexByte("AEFNS", quality[0]) < 0 {
		return n.in.reject(rec.line, "4", errQuality, rec.raw)
	}
	for i := first - 1; i < last; i++ {
		n.day.missing[i] = quality[0] == 'N'
	}
	return nil
}

// release passes on the day that was held.
func (n *nem12) release() error {
	d := n.day
	n.day = nem12Day{}
	if !d.held {
		return nil
	}
	if d.varies && d.events == 0 {
		return n.in.reject(d.line, "", errNoEvents, d.raw)
	}
	m, err := n.in.meter([]byte(n.name), nil)
	if err != nil {
		return n.in.reject(d.line, "", err, d.raw)
	}
	s, err := n.in.only(m, false)
	if err != nil {
		return err
	}
	for i, kWh := range d.values {
		if d.bad[i] {
			continue
		}
		if d.missing[i] {
			n.in.info.Missing++
			continue
		}
		wall := d.base + int64(i*n.minutes)
		start, err := n.in.minute(stampText{wall: wall}, s)
		if err != nil {
			if err := n.in.reject(d.line, fmt.Sprint(i+3), err, d.raw); err != nil {
				return err
			}
			continue
		}
		if err := n.in.accept(s, start, n.minutes, kWh); err != nil {
			return err
		}
	}
	return nil
}
