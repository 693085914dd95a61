// Package nem12 reads NEM12 files, interval data of the Australian electricity market.
package nem12

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/hourly"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/wallclock"
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

// Read reads interval data of the Australian market (AEMO, Meter Data
// File Format NEM12): 200 records name a meter's register, unit and interval
// length, 300 records hold a day of it, 400 records the quality of intervals of a
// day. Times are market time. Each register (NMI suffix) is a meter of its
// own, called NMI/suffix; energy of suffixes beginning with B, which flows
// from the premises to the grid, is negative.
func Read(text io.Reader, in *hourly.Intake) error {
	r := tabular.NewReader(text, ',')
	n := reader{in: in}
	for {
		if in.Cancelled() != nil {
			return in.Cancelled()
		}
		rec, err := r.Next()
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
		return in.Reject(r.LineNumber(), "", errTruncated, nil)
	}
	return nil
}

// reader holds what records state about the ones that follow.
type reader struct {
	in    *hourly.Intake
	ended bool

	// of the last 200 record
	usable  bool
	skip    bool // the register counts no active energy
	name    string
	scale   float64 // to kWh, or to kW of power, and the sign of the flow
	minutes int

	day dayRecord // pending until its 400 records have been read
}

// dayRecord is a 300 record.
type dayRecord struct {
	pending bool
	line    int64
	raw     []byte
	base    int64     // market wall minute of its midnight
	values  []float64 // of each interval
	bad     []bool    // values that have been quarantined
	missing []bool    // of quality N
	varies  bool      // quality V: 400 records state more
	events  int
}

func (n *reader) record(rec *tabular.Record) error {
	if rec.Err != nil {
		return n.in.Reject(rec.Line, "", rec.Err, rec.Raw)
	}
	kind := string(notation.Trim(rec.Fields[0]))
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
	return n.in.Reject(rec.Line, "1", errRecordKind, rec.Raw)
}

// details reads 200,NMI,configuration,register,suffix,stream,serial,unit,interval length,…
func (n *reader) details(rec *tabular.Record) error {
	n.usable, n.skip = false, false
	if len(rec.Fields) < 9 {
		return n.in.Reject(rec.Line, fmt.Sprint(len(rec.Fields)+1), errShortRecord, rec.Raw)
	}
	suffix := string(notation.Trim(rec.Fields[4]))
	n.name = string(notation.Trim(rec.Fields[1])) + "/" + suffix
	if suffix == "" {
		n.name = string(notation.Trim(rec.Fields[1])) + "/" + string(notation.Trim(rec.Fields[3]))
	}
	if err := hourly.CheckName([]byte(n.name)); err != nil {
		return n.in.Reject(rec.Line, "2", err, rec.Raw)
	}
	minutes, err := strconv.Atoi(string(notation.Trim(rec.Fields[8])))
	if err != nil || minutes <= 0 || minutes > 60 || 60%minutes != 0 {
		return n.in.Reject(rec.Line, "9", errors.New("the interval length is no number of minutes that divides an hour"), rec.Raw)
	}
	n.minutes = minutes
	n.usable = true
	unit, active := layout.Unit(""), false
	for u, name := range units {
		if strings.EqualFold(name, string(notation.Trim(rec.Fields[7]))) {
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

// units are the units of registers that count active energy or power.
var units = map[layout.Unit]string{
	layout.KWh: "kWh", layout.Wh: "Wh", layout.MWh: "MWh", layout.KW: "kW", layout.W: "W", layout.MW: "MW",
}

// interval reads 300,date,values…,quality,reason,description,updated,loaded.
func (n *reader) interval(rec *tabular.Record) error {
	if !n.usable {
		return n.in.Reject(rec.Line, "", errNoDetails, rec.Raw)
	}
	count := wallclock.MinutesPerDay / n.minutes
	if n.skip {
		n.in.Info.Skipped += int64(count)
		return nil
	}
	if len(rec.Fields) < count+3 {
		return n.in.Reject(rec.Line, fmt.Sprint(len(rec.Fields)), errFewValues, rec.Raw)
	}
	base, err := notation.ReadCompactDate(notation.Trim(rec.Fields[1]))
	if err != nil {
		return n.in.Reject(rec.Line, "2", err, rec.Raw)
	}
	quality := notation.Trim(rec.Fields[count+2])
	if len(quality) == 0 || strings.IndexByte("AEFNSV", quality[0]) < 0 {
		return n.in.Reject(rec.Line, fmt.Sprint(count+3), errQuality, rec.Raw)
	}
	d := dayRecord{
		pending: true, line: rec.Line, raw: append([]byte(nil), rec.Raw...), base: base, varies: quality[0] == 'V',
		values: make([]float64, count), bad: make([]bool, count), missing: make([]bool, count),
	}
	for i := range count {
		if quality[0] == 'N' {
			d.missing[i] = true
			continue
		}
		d.values[i], err = (&notation.Number{Decimal: '.'}).Read(rec.Fields[i+2])
		if err == nil {
			d.values[i] *= n.scale
			err = hourly.CheckEnergy(d.values[i], false)
		}
		if err == nil {
			continue
		}
		d.bad[i] = true
		if err := n.in.Reject(rec.Line, fmt.Sprint(i+3), err, rec.Raw); err != nil {
			return err
		}
	}
	n.day = d
	return nil
}

// event reads 400,first interval,last interval,quality,….
func (n *reader) event(rec *tabular.Record) error {
	if n.skip {
		return nil
	}
	if !n.day.pending || !n.day.varies {
		return n.in.Reject(rec.Line, "", errLostEvent, rec.Raw)
	}
	n.day.events++
	if len(rec.Fields) < 4 {
		return n.in.Reject(rec.Line, fmt.Sprint(len(rec.Fields)+1), errShortRecord, rec.Raw)
	}
	first, err1 := strconv.Atoi(string(notation.Trim(rec.Fields[1])))
	last, err2 := strconv.Atoi(string(notation.Trim(rec.Fields[2])))
	if err1 != nil || err2 != nil || first < 1 || last < first || last > len(n.day.values) {
		return n.in.Reject(rec.Line, "2", errEventRange, rec.Raw)
	}
	quality := notation.Trim(rec.Fields[3])
	if len(quality) == 0 || strings.IndexByte("AEFNS", quality[0]) < 0 {
		return n.in.Reject(rec.Line, "4", errQuality, rec.Raw)
	}
	for i := first - 1; i < last; i++ {
		n.day.missing[i] = quality[0] == 'N'
	}
	return nil
}

// release passes on the pending day.
func (n *reader) release() error {
	d := n.day
	n.day = dayRecord{}
	if !d.pending {
		return nil
	}
	if d.varies && d.events == 0 {
		return n.in.Reject(d.line, "", errNoEvents, d.raw)
	}
	m, err := n.in.Meter([]byte(n.name), nil)
	if err != nil {
		return n.in.Reject(d.line, "", err, d.raw)
	}
	s, err := n.in.Only(m, false)
	if err != nil {
		return err
	}
	for i, kWh := range d.values {
		if d.bad[i] {
			continue
		}
		if d.missing[i] {
			n.in.Info.Missing++
			continue
		}
		wall := d.base + int64(i*n.minutes)
		start, err := n.in.At(s, wall, 0)
		if err != nil {
			if err := n.in.Reject(d.line, fmt.Sprint(i+3), err, d.raw); err != nil {
				return err
			}
			continue
		}
		if err := n.in.Accept(s, start, n.minutes, kWh); err != nil {
			return err
		}
	}
	return nil
}
