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

// series is what a file holds of one channel of a meter. Most meters have one.
type series struct {
	meter   int32
	part    int // of the meter: its series of one part are there together or in turn; see nets
	counter bool
	order   order

	first, last int64 // UTC minutes of its intervals; kept where meters have several series
}

// fileMeter is a meter of a file while it is read.
type fileMeter struct {
	name, group string
	channels    []int32 // series by channel, -1 where there is none
}

// intake is where the readers of all layouts put what they find: it names
// meters, converts units, resolves local times, keeps bad rows apart and
// passes readings on to the sort.
type intake struct {
	ctx    context.Context
	file   string
	member string // that is read; "" where the file is one text
	opts   Options
	sort   *sorter
	info   *Info

	clock localClock

	meters   []fileMeter
	series   []series
	byName   map[string]int32
	lastName int32
	several  bool // meters have several series
	counters bool // some series are of a counter

	days dayCount
	// Explicit bounds of the window in UTC minutes. What can touch no hour of
	// it is not sorted at all.
	from, to int64
}

func newIntake(ctx context.Context, file string, zone *time.Location, o Options, s *sorter, info *Info) *intake {
	t := &intake{
		ctx: ctx, file: file, opts: o, sort: s, info: info,
		clock: localClock{loc: zone}, byName: map[string]int32{},
		from: math.MinInt64, to: math.MaxInt64,
	}
	if !o.Start.IsZero() {
		from, to := meter.HoursWithin(o.Start, o.Span)
		t.from, t.to = from.Unix()/60, to.Unix()/60
	}
	return t
}

// note adds a finding that shows only when all of a file is looked at.
func (t *intake) note(e Evidence) { t.info.Detection = append(t.info.Detection, e) }

// warn adds a warning.
func (t *intake) warn(text string, args ...any) {
	t.info.Warnings = append(t.info.Warnings, fmt.Sprintf(text, args...))
}

// begin turns to the next text of the file.
func (t *intake) begin(in Input, several bool, zone *time.Location) {
	t.clock = localClock{loc: zone}
	if several {
		t.member = in.Name()
	}
	for i := range t.series {
		t.series[i].order = order{}
	}
}

// cancelled is checked once a line or a few.
func (t *intake) cancelled() error { return t.ctx.Err() }

var (
	errNoName       = errors.New("the meter has no name")
	errLongName     = errors.New("the name is longer than " + strconv.Itoa(meter.MaxNameBytes) + " bytes")
	errOddName      = errors.New("the name has characters that cannot be printed")
	errOtherGrp     = errors.New("the meter was in another group before")
	errManyNames    = errors.New("there are more than " + strconv.Itoa(maxMeters) + " meters")
	errManyChannels = errors.New("the meter has more than " + strconv.Itoa(maxChannels) + " channels")
	errHuge         = errors.New("the value is beyond " + strconv.Itoa(meter.MaxAbsKWh) + " kWh in an hour")
)

// meter is the number of the meter with that name, made at its first reading.
func (t *intake) meter(name, group []byte) (int32, error) {
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
	if err := checkName(name); err != nil {
		return 0, err
	}
	if len(group) > 0 {
		if err := checkName(group); err != nil {
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

func (t *intake) sameGroup(i int32, group []byte) error {
	if string(group) != t.meters[i].group {
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

// maxChannels bounds the series of one meter.
const maxChannels = 64

// channel is the series of a channel of a meter, made at its first reading.
func (t *intake) channel(m int32, channel, part int, counter bool) (int32, error) {
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
	t.series = append(t.series, series{meter: m, part: part, counter: counter, first: math.MaxInt64, last: math.MinInt64})
	t.counters = t.counters || counter
	f.channels[channel] = i
	return i, nil
}

// only is the series of a meter that has one.
func (t *intake) only(m int32, counter bool) (int32, error) { return t.channel(m, 0, 0, counter) }

// maxCounter bounds the states of a counter, in kWh.
const maxCounter = 1e12

// checkEnergy is an error for what no hour can hold, or no counter.
func checkEnergy(kWh float64, counter bool) error {
	if math.Abs(kWh) <= meter.MaxAbsKWh {
		return nil
	}
	// A counter may well be beyond what one hour can hold.
	if counter && math.Abs(kWh) <= maxCounter {
		return nil
	}
	return errHuge
}

// minute is the instant of a timestamp for a series.
func (t *intake) minute(s stampText, i int32) (int64, error) {
	if s.zoned {
		return s.wall, nil
	}
	o := &t.series[i].order
	minute, err := t.clock.resolve(s.wall, o)
	if err != nil {
		return 0, err
	}
	o.note(minute)
	return minute, nil
}

// accept takes a reading of a series: kWh in the minutes from start on.
func (t *intake) accept(i int32, start int64, minutes int, kWh float64) error {
	t.info.Read++
	if start >= t.to || start+int64(minutes) <= t.from {
		t.info.Trimmed++
		return nil
	}
	if t.several {
		s := &t.series[i]
		s.first, s.last = min(s.first, start), max(s.last, start+int64(minutes))
	}
	t.days.add(start)
	return t.sort.add(makeEntry(start, i, minutes, kWh))
}

// void marks an interval of a meter with several series as unknown: what is missing
// must not pass for a channel that is silent.
func (t *intake) void(i int32, start int64, minutes int) error {
	if start >= t.to || start+int64(minutes) <= t.from {
		return nil
	}
	return t.sort.add(makeEntry(start, i, minutes, math.NaN()))
}

// counterLength marks entries that hold a counter's state. They are sorted
// an hour early, so that the interval that they end, which is known only once
// the state before is, never begins in an hour that has been passed.
const counterLength = 60

// acceptCounter takes the state of a counter at an instant.
func (t *intake) acceptCounter(i int32, at int64, kWh float64) error {
	t.info.Read++
	if at > t.to || at < t.from {
		t.info.Trimmed++
		return nil
	}
	if t.several {
		s := &t.series[i]
		s.first, s.last = min(s.first, at), max(s.last, at)
	}
	t.days.add(at)
	return t.sort.add(makeEntry(at-counterLength, i, counterLength, kWh))
}

// reject quarantines a row, or fails with it in mode Reject.
func (t *intake) reject(line int64, column string, reason error, raw []byte) error {
	b := BadRow{File: t.member, Line: line, Column: column, Reason: reason.Error(), Raw: printable(raw)}
	if t.opts.InvalidRows == Reject {
		return &BadRowError{File: t.file, BadRow: b}
	}
	t.info.Quarantined++
	t.info.countReason(b.Reason)
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
