package dataset

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/energytwin/energytwin/internal/meter"
)

// layout is how one file is to be read, once everything is known.
type layout struct {
	format   Format
	columns  Columns // of Long: the names as the header has them
	comma    byte
	decimal  byte
	unit     Unit
	stamp    Stamp
	interval int // minutes
	zone     *time.Location
}

// series is one meter of a file while it is read.
type series struct {
	name, group string
	order       order
}

// intake is where the readers of all layouts put what they find: it names
// meters, converts units, resolves local times, keeps bad rows apart and
// passes readings on to the sort.
type intake struct {
	ctx    context.Context
	file   string
	layout layout
	opts   Options
	sort   *sorter
	info   *Info

	stamps stampReader
	clock  localClock

	series   []series
	byName   map[string]int32
	lastName int32

	register map[int32]bool // meters that count up; nil if none does
	days     dayCount
	// Explicit bounds of the window in UTC minutes. What can touch no hour of
	// it is not sorted at all.
	from, to int64
}

func newIntake(ctx context.Context, file string, l layout, o Options, s *sorter, info *Info) *intake {
	t := &intake{
		ctx: ctx, file: file, layout: l, opts: o, sort: s, info: info,
		clock: localClock{loc: l.zone}, byName: map[string]int32{},
		from: math.MinInt64, to: math.MaxInt64,
	}
	if !o.Start.IsZero() {
		start := meter.CeilHour(o.Start)
		t.from = start.Unix() / 60
		t.to = t.from + int64(o.Span/time.Minute)
	}
	return t
}

// cancelled is checked once a line or a few.
func (t *intake) cancelled() error { return t.ctx.Err() }

var (
	errNoName    = errors.New("the meter has no name")
	errLongName  = errors.New("the name is longer than " + strconv.Itoa(meter.MaxNameBytes) + " bytes")
	errOddName   = errors.New("the name has characters that cannot be printed")
	errOtherGrp  = errors.New("the meter was in another group before")
	errManyNames = errors.New("there are more than " + strconv.Itoa(maxMeters) + " meters")
	errHuge      = errors.New("the value is beyond " + strconv.Itoa(meter.MaxAbsKWh) + " kWh in an hour")
)

// meter is the number of the meter with that name, made at its first reading.
func (t *intake) meter(name, group []byte) (int32, error) {
	// Files name the same meter again, or go round the meters in order.
	if i := t.lastName; int(i) < len(t.series) && t.series[i].name == string(name) {
		return i, t.sameGroup(i, group)
	}
	if i := t.lastName + 1; int(i) < len(t.series) && t.series[i].name == string(name) {
		t.lastName = i
		return i, t.sameGroup(i, group)
	}
	if i, ok := t.byName[string(name)]; ok {
		t.lastName = i
		return i, t.sameGroup(i, group)
	}
	if err := checkName(name); err != nil {
		return 0, err
	}
	if len(group) > 0 {
		if err := checkName(group); err != nil {
			return 0, fmt.Errorf("group: %w", err)
		}
	}
	if len(t.series) == maxMeters {
		return 0, errManyNames
	}
	i := int32(len(t.series))
	t.series = append(t.series, series{name: string(name), group: string(group)})
	t.byName[string(name)] = i
	t.lastName = i
	return i, nil
}

func (t *intake) sameGroup(i int32, group []byte) error {
	if string(group) != t.series[i].group {
		return errOtherGrp
	}
	return nil
}

func checkName(name []byte) error {
	if len(name) == 0 {
		return errNoName
	}
	if len(name) > meter.MaxNameBytes {
		return errLongName
	}
	for b := name; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		if (r == utf8.RuneError && n == 1) || !unicode.IsPrint(r) {
			return errOddName
		}
		b = b[n:]
	}
	return nil
}

// kWh converts a value of the layout's unit, for an interval of some minutes.
func (t *intake) kWh(unit Unit, value float64, minutes int) (float64, error) {
	switch unit {
	case Wh:
		value /= 1000
	case KW:
		value *= float64(minutes) / 60
	case Register:
		// A counter may well be beyond what one hour can hold.
		if math.Abs(value) > 1e12 {
			return 0, errHuge
		}
		return value, nil
	}
	if math.Abs(value) > meter.MaxAbsKWh {
		return 0, errHuge
	}
	return value, nil
}

// minute is the instant of a timestamp for a meter.
func (t *intake) minute(s stampText, m int32) (int64, error) {
	if s.zoned {
		return s.wall, nil
	}
	o := &t.series[m].order
	minute, err := t.clock.resolve(s.wall, o)
	if err != nil {
		return 0, err
	}
	o.note(minute)
	return minute, nil
}

// accept takes a reading: kWh in the minutes from start on.
func (t *intake) accept(m int32, start int64, minutes int, kWh float64) error {
	t.info.Read++
	if start >= t.to || start+int64(minutes) <= t.from {
		t.info.Trimmed++
		return nil
	}
	t.days.add(start)
	return t.sort.add(makeEntry(start, m, minutes, kWh))
}

// registerLength marks entries that hold a counter's state. They are sorted
// an hour early, so that the interval that they end, which is known only once
// the state before is, never begins in an hour that has been passed.
const registerLength = 60

// acceptRegister takes the state of a counter at an instant.
func (t *intake) acceptRegister(m int32, at int64, kWh float64) error {
	t.info.Read++
	if at > t.to || at < t.from {
		t.info.Trimmed++
		return nil
	}
	if t.register == nil {
		t.register = map[int32]bool{}
	}
	t.register[m] = true
	t.days.add(at)
	return t.sort.add(makeEntry(at-registerLength, m, registerLength, kWh))
}

// reject quarantines a row, or fails with it in mode Reject.
func (t *intake) reject(line int64, column string, reason error, raw []byte) error {
	b := BadRow{Line: line, Column: column, Reason: reason.Error(), Raw: printable(raw)}
	if t.opts.InvalidRows == Reject {
		return &BadRowError{File: t.file, BadRow: b}
	}
	t.info.Quarantined++
	if len(t.info.BadRows) < MaxListedBadRows {
		t.info.BadRows = append(t.info.BadRows, b)
	}
	if t.opts.BadRows == nil {
		return nil
	}
	if err := t.opts.BadRows.WriteBadRow(b); err != nil {
		return fmt.Errorf("write quarantine: %w", err)
	}
	return nil
}

// printable cuts a line to what a person needs to find it again.
func printable(raw []byte) string {
	if len(raw) <= maxRawBytes {
		return string(raw)
	}
	n := maxRawBytes
	for n > 0 && !utf8.RuneStart(raw[n]) {
		n--
	}
	return string(raw[:n]) + "…"
}
