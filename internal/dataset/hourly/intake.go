// Package hourly turns readings of any interval up to an hour, and states of counters, in
// any order, into hourly rows in the order of time. The readers of all formats hand what
// they find to an Intake, which names meters, resolves local times and quarantines bad
// rows. Readings that exceed a buffer are sorted on disk.
package hourly

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/wallclock"
	"github.com/energytwin/energytwin/internal/meter"
)

// series is what a file holds of one channel of a meter. Most meters have one.
type series struct {
	meter     int32
	component int // of the meter: its series of one component are there together or in turn; see nets
	counter   bool
	order     wallclock.Order

	first, last int64 // UTC minutes of its intervals; kept where meters have several series
}

// fileMeter is a meter of a file while it is read.
type fileMeter struct {
	name, group string
	channels    []int32 // series by channel, -1 where there is none
}

// Intake is where the readers of all layouts put what they find: it names
// meters, converts units, resolves local times, keeps bad rows apart and
// passes readings on to the sort.
type Intake struct {
	ctx    context.Context
	File   string
	member string // that is read; "" where the file is one text
	opts   Options
	sort   *sorter
	Info   *dataset.Info

	clock wallclock.Clock

	meters   []fileMeter
	series   []series
	byName   map[string]int32
	lastName int32
	Several  bool // meters have several series
	counters bool // some series are of a counter

	days dayCount
	// Explicit bounds of the window in UTC minutes. What can touch no hour of
	// it is not sorted at all.
	from, to int64
}

// Options bound what is accepted, and choose what becomes of bad rows.
type Options struct {
	Start       time.Time     // of the window; zero is the local midnight before the first reading
	Span        time.Duration // of the window
	Zone        string        // IANA zone of that midnight
	InvalidRows dataset.InvalidRows
	BadRows     dataset.BadRowWriter // gets every quarantined row; nil counts them only

	ScratchDir  string // for what does not fit in memory
	BufferBytes int    // of memory for sorting
}

// NewIntake is the intake of a file. It counts in info, which the caller keeps.
func NewIntake(ctx context.Context, file string, o Options, info *dataset.Info) *Intake {
	t := &Intake{
		ctx: ctx, File: file, opts: o, sort: newSorter(o.ScratchDir, o.BufferBytes), Info: info,
		clock: wallclock.Clock{Zone: time.UTC}, byName: map[string]int32{},
		from: math.MinInt64, to: math.MaxInt64,
	}
	if !o.Start.IsZero() {
		from, to := meter.HoursWithin(o.Start, o.Span)
		t.from, t.to = from.Unix()/60, to.Unix()/60
	}
	return t
}

// Note adds a finding that shows only when all of a file has been read.
func (t *Intake) Note(e dataset.Evidence) { t.Info.Detection = append(t.Info.Detection, e) }

// Warn adds a warning.
func (t *Intake) Warn(text string, args ...any) {
	t.Info.Warnings = append(t.Info.Warnings, fmt.Sprintf(text, args...))
}

// Begin turns to the next text of the file.
//
// name is "" where the file has no other; zone is that of local times.
func (t *Intake) Begin(name string, zone *time.Location) {
	t.clock = wallclock.Clock{Zone: zone}
	t.member = name
	for i := range t.series {
		t.series[i].order = wallclock.Order{}
	}
}

// Cancelled is checked once a line or a few.
func (t *Intake) Cancelled() error { return t.ctx.Err() }

// ErrHourNumber is a number of an hour that the day does not have.
var ErrHourNumber = errors.New("the number of the hour is not one of its day")

var (
	errNoName       = errors.New("the meter has no name")
	errLongName     = errors.New("the name is longer than " + strconv.Itoa(meter.MaxNameBytes) + " bytes")
	errOddName      = errors.New("the name has characters that cannot be printed")
	errOtherGroup   = errors.New("the meter was in another group before")
	errManyNames    = errors.New("there are more than " + strconv.Itoa(maxMeters) + " meters")
	errManyChannels = errors.New("the meter has more than " + strconv.Itoa(maxChannels) + " channels")
	errHuge         = errors.New("the value is beyond " + strconv.Itoa(meter.MaxAbsKWh) + " kWh in an hour")
)

// ErrStop wraps errors that are no fault of a row.
var ErrStop = errors.New("cannot go on")

// Meter is the number of the meter with that name, made at its first reading.
func (t *Intake) Meter(name, group []byte) (int32, error) {
	// Files name the same meter again, or go round the meters in order.
	if i := t.lastName; int(i) < len(t.meters) && t.meters[i].name == string(name) {
		return i, t.sameGroup(i, group)
	}
	if i := t.lastName + 1; int(i) < len(t.meters) && t.meters[i].name == string(name) {
		t.lastName = i
		return i, t.sameGroup(i, group)
	}
	if i, ok := t.byName[string(name)]; ok {
		t.lastName = i
		return i, t.sameGroup(i, group)
	}
	if err := CheckName(name); err != nil {
		return 0, err
	}
	if len(group) > 0 {
		if err := CheckName(group); err != nil {
			return 0, fmt.Errorf("group: %w", err)
		}
	}
	if len(t.meters) == maxMeters {
		return 0, errManyNames
	}
	i := int32(len(t.meters))
	t.meters = append(t.meters, fileMeter{name: string(name), group: string(group)})
	t.byName[string(name)] = i
	t.lastName = i
	return i, nil
}

func (t *Intake) sameGroup(i int32, group []byte) error {
	if string(group) != t.meters[i].group {
		return errOtherGroup
	}
	return nil
}

// CheckName is an error for what is no name of a meter or a group.
func CheckName(name []byte) error {
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

// maxChannels bounds the series of one meter.
const maxChannels = 64

// Channel is the series of a channel of a meter, made at its first reading.
func (t *Intake) Channel(m int32, channel, component int, counter bool) (int32, error) {
	f := &t.meters[m]
	if channel < len(f.channels) && f.channels[channel] >= 0 {
		return f.channels[channel], nil
	}
	if channel >= maxChannels {
		return 0, errManyChannels
	}
	if len(t.series) == maxMeters {
		return 0, errManyNames
	}
	for len(f.channels) <= channel {
		f.channels = append(f.channels, -1)
	}
	i := int32(len(t.series))
	t.series = append(t.series, series{meter: m, component: component, counter: counter, first: math.MaxInt64, last: math.MinInt64})
	t.counters = t.counters || counter
	f.channels[channel] = i
	return i, nil
}

// Only is the series of a meter that has one.
func (t *Intake) Only(m int32, counter bool) (int32, error) { return t.Channel(m, 0, 0, counter) }

// maxCounter bounds the states of a counter, in kWh.
const maxCounter = 1e12

// CheckEnergy is an error for what no hour can hold, or no counter.
func CheckEnergy(kWh float64, counter bool) error {
	if math.Abs(kWh) <= meter.MaxAbsKWh {
		return nil
	}
	// A counter may well be beyond what one hour can hold.
	if counter && math.Abs(kWh) <= maxCounter {
		return nil
	}
	return errHuge
}

// LocalTime makes the zone that of the text that is read.
func (t *Intake) LocalTime(zone *time.Location) { t.clock = wallclock.Clock{Zone: zone} }

// At is the instant, in UTC minutes, of a wall clock time of a series' next reading; or,
// back minutes before it, the start of the interval that ends then.
func (t *Intake) At(i int32, wall, back int64) (at int64, err error) {
	o := &t.series[i].order
	if back == 0 {
		at, err = t.clock.Resolve(wall, o)
	} else {
		at, err = t.clock.ResolveEnd(wall, back, o)
	}
	if err != nil {
		return 0, err
	}
	o.Note(at)
	return at, nil
}

// Instants are the instants at which clocks show a wall clock time: one, none where
// clocks go forward, and two where they go back.
func (t *Intake) Instants(wall int64, into []int64) []int64 {
	first, second, count := t.clock.Instants(wall)
	into = into[:0]
	if count >= 1 {
		into = append(into, first)
	}
	if count == 2 {
		into = append(into, second)
	}
	return into
}

// Day is the instants at which the local day of a wall clock midnight begins and ends;
// ok is false if clocks never show the midnight.
func (t *Intake) Day(midnight int64) (start, end int64, ok bool) {
	start, _, count := t.clock.Instants(midnight)
	end, _, next := t.clock.Instants(midnight + wallclock.MinutesPerDay)
	return start, end, count > 0 && next > 0
}

// Elapsed is the instant of an hour of a series that is counted from local midnight, in
// minutes. Some files call the last hour of a day with 25 of them 24 for the second time.
func (t *Intake) Elapsed(i int32, midnight, since int64) (int64, error) {
	start, next, ok := t.Day(midnight)
	if !ok {
		return 0, wallclock.ErrNoSuchTime
	}
	at := start + since
	o := &t.series[i].order
	if since == 23*60 && o.Seen && o.Last == at && next-start > wallclock.MinutesPerDay {
		at += 60
	}
	if at >= next {
		return 0, ErrHourNumber
	}
	o.Note(at)
	return at, nil
}

// Accept takes a reading of a series: kWh in the minutes from start on.
func (t *Intake) Accept(i int32, start int64, minutes int, kWh float64) error {
	t.Info.Read++
	if start >= t.to || start+int64(minutes) <= t.from {
		t.Info.Trimmed++
		return nil
	}
	if t.Several {
		s := &t.series[i]
		s.first, s.last = min(s.first, start), max(s.last, start+int64(minutes))
	}
	t.days.add(start)
	return t.sort.add(makeEntry(start, i, minutes, kWh))
}

// Void marks an interval of a meter with several series as unknown: what is missing
// must not pass for a channel that is silent.
func (t *Intake) Void(i int32, start int64, minutes int) error {
	if start >= t.to || start+int64(minutes) <= t.from {
		return nil
	}
	return t.sort.add(makeEntry(start, i, minutes, math.NaN()))
}

// counterLength marks entries that hold a counter's state. They are sorted
// an hour early, so that the interval that they end, which is known only once
// the state before is, never begins in an hour that has been passed.
const counterLength = 60

// AcceptCounter takes the state of a counter at an instant.
func (t *Intake) AcceptCounter(i int32, at int64, kWh float64) error {
	t.Info.Read++
	if at > t.to || at < t.from {
		t.Info.Trimmed++
		return nil
	}
	if t.Several {
		s := &t.series[i]
		s.first, s.last = min(s.first, at), max(s.last, at)
	}
	t.days.add(at)
	return t.sort.add(makeEntry(at-counterLength, i, counterLength, kWh))
}

// Reject quarantines a row, or fails with it in mode Reject.
func (t *Intake) Reject(line int64, column string, reason error, raw []byte) error {
	b := dataset.BadRow{File: t.member, Line: line, Column: column, Reason: reason.Error(), Raw: printable(raw)}
	if t.opts.InvalidRows == dataset.Reject {
		return &dataset.BadRowError{File: t.File, BadRow: b}
	}
	t.Info.Quarantined++
	countReason(t.Info, b.Reason)
	if len(t.Info.BadRows) < dataset.MaxListedBadRows {
		t.Info.BadRows = append(t.Info.BadRows, b)
	}
	if t.opts.BadRows == nil {
		return nil
	}
	if err := t.opts.BadRows.WriteBadRow(b); err != nil {
		return fmt.Errorf("write quarantine: %w", err)
	}
	return nil
}

// maxRawBytes bounds what is kept of a bad row.
const maxRawBytes = 512

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

// countReason counts a bad row.
func countReason(i *dataset.Info, reason string) {
	for n := range i.Reasons {
		if i.Reasons[n].Reason == reason {
			i.Reasons[n].Rows++
			return
		}
	}
	if len(i.Reasons) == dataset.MaxReasons {
		i.Reasons[dataset.MaxReasons-1].Rows++
		return
	}
	i.Reasons = append(i.Reasons, dataset.ReasonCount{Reason: reason, Rows: 1})
}
