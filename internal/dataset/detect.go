package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Evidence is one thing that was found out about a file.
type Evidence struct {
	What    string `json:"what"`    // format, columns, unit, …
	Guess   string `json:"guess"`   // what it is taken for
	Because string `json:"because"` // what in the file, or in the options, says so
	Change  string `json:"change"`  // what would change it
}

var errNotText = errors.New("the file is not text in UTF-8 (it has zero bytes); convert it first")

// detect finds out from the head of a file, and the options, how to read it.
func detect(head []byte, o Options) (layout, []Evidence, error) {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(head)) == 0 {
		return layout{}, nil, errors.New("the file is empty")
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return layout{}, nil, errNotText
	}
	d := &detective{head: head, opts: o}
	if err := d.format(); err != nil {
		return layout{}, nil, err
	}
	if err := d.details(); err != nil {
		return layout{}, nil, err
	}
	if err := d.zone(); err != nil {
		return layout{}, nil, err
	}
	return d.layout, d.evidence, nil
}

// detective gathers evidence on one file.
type detective struct {
	head     []byte
	opts     Options
	layout   layout
	evidence []Evidence
}

func (d *detective) note(what string, guess any, because, change string) {
	d.evidence = append(d.evidence, Evidence{What: what, Guess: fmt.Sprint(guess), Because: because, Change: change})
}

func (d *detective) format() error {
	if d.opts.Format != Auto {
		d.layout.format = d.opts.Format
		d.note("format", d.layout.format, "it was set", "set format to Auto to have it found out")
		return nil
	}
	f, because := guessFormat(d.head)
	d.layout.format = f
	d.note("format", f, because, "set format")
	return nil
}

// guessFormat looks for the marks of each layout, the surest first.
func guessFormat(head []byte) (Format, string) {
	first, rest, _ := bytes.Cut(head, []byte("\n"))
	first = bytes.TrimSpace(first)
	switch {
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("<")):
		return GreenButton, "the file begins with <, so it is XML, and Green Button is the only XML layout that is read"
	case bytes.HasPrefix(first, []byte("100,NEM12")):
		return NEM12, "the first line is a NEM12 header record (100,NEM12)"
	case bytes.HasPrefix(first, []byte("200,")) && bytes.HasPrefix(rest, []byte("300,")):
		return NEM12, "the file begins with a 200 and a 300 record of NEM12; its 100 record is missing"
	case bytes.Contains(bytes.ToLower(first), []byte("lclid")) && bytes.Contains(bytes.ToLower(first), []byte("kwh/hh")):
		return LCL, "the header names LCLid and KWH/hh"
	}
	if cells := bytes.Split(first, []byte(";")); len(cells) > 1 && len(bytes.Trim(cells[0], `" `)) == 0 {
		return UCI, fmt.Sprintf("the header is cut by semicolons, its first cell is empty and %d names follow", len(cells)-1)
	}
	return Long, "it has a header, and no mark of another layout"
}

// details settles what depends on the layout.
func (d *detective) details() error {
	l := &d.layout
	switch l.format {
	case UCI:
		l.comma, l.decimal = ';', ','
		d.settle(KW, StampEnd, 15, "the layout: mean kW of the quarter-hour that ends at the time label")
	case LCL:
		l.comma, l.decimal = ',', '.'
		d.settle(KWh, StampStart, 30, "the layout: kWh per half hour")
	case NEM12:
		l.comma, l.decimal = ',', '.'
		d.settle("", StampStart, 30, "each 200 record has its own unit and interval")
		l.unit = orDefault(d.opts.Unit, KWh)
	case GreenButton:
		d.settle("", StampStart, 60, "each ReadingType and IntervalReading has its own unit and length")
		l.unit = orDefault(d.opts.Unit, KWh)
	default:
		return d.long()
	}
	return nil
}

// settle takes the layout's own unit, stamp and interval where none is set.
func (d *detective) settle(u Unit, s Stamp, minutes int, because string) {
	l := &d.layout
	l.unit, l.stamp, l.interval = orDefault(d.opts.Unit, u), orDefault(d.opts.Stamp, s), minutes
	if d.opts.Interval != 0 {
		l.interval = int(d.opts.Interval / time.Minute)
	}
	unit := string(l.unit)
	if unit == "" {
		d.note("unit and interval", "as the file says", because, "nothing: the file says so")
		return
	}
	d.note("unit", unit, because, "set unit")
	d.note("interval", fmt.Sprintf("%d min, stamped at its %s", l.interval, strings.ToLower(string(l.stamp))), because, "set interval and stamp")
}

// zone settles the zone of times that do not give their offset.
func (d *detective) zone() error {
	name, because := d.opts.SourceZone, "it was set"
	if name == "" {
		name, because = ownZone(d.layout.format, d.opts.Zone)
	}
	loc, err := loadZone(name)
	if err != nil {
		return err
	}
	d.layout.zone = loc
	d.note("time zone", name, because+"; it is used only for times that do not give an offset", "set timezone")
	return nil
}

// ownZone is the zone in which a layout is published.
func ownZone(f Format, twin string) (name, because string) {
	switch f {
	case UCI:
		return "Europe/Lisbon", "the layout: labels are in Portuguese time"
	case LCL:
		return "UTC", "the layout: times run without summer time"
	case NEM12:
		return marketTime, "the layout: market time is UTC+10 all year"
	case GreenButton:
		return "UTC", "the layout: times are seconds since 1970"
	}
	return twin, "no other zone was set, so the twin's"
}

// marketTime is the zone of the Australian market, which sets no clock forward.
const marketTime = "UTC+10"

func loadZone(name string) (*time.Location, error) {
	if name == marketTime {
		return time.FixedZone(marketTime, 10*3600), nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q: %w; use an IANA name such as Europe/London", name, err)
	}
	return loc, nil
}
