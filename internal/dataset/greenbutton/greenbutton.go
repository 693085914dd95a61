// Package greenbutton reads Green Button files: documents of the Energy Services Provider
// Interface (ESPI, NAESB REQ.21), in an Atom feed or bare.
package greenbutton

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/hourly"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/unpack"
	"github.com/energytwin/energytwin/internal/dataset/wallclock"
)

var (
	errNoSeries  = errors.New("the IntervalBlock links to no MeterReading with a ReadingType")
	errDuration  = errors.New("the duration is no number of minutes up to an hour")
	errDays      = errors.New("the value is of more than an hour: fetch the intervals, of an hour or shorter, in place of values of days or bills")
	errNoSeconds = errors.New("the start is no number of seconds since 1970")
)

// Options choose the clock that a feed's seconds count on.
type Options struct {
	Zone    string // IANA zone, for a feed that shows that it counts local time
	Set     bool   // a zone was set: what the feed shows does not matter
	Setting string // what the reader of a message writes to set the zone
}

// Read reads an ESPI document (NAESB REQ.21, Green Button), in an Atom feed
// or bare. The input is read a first time for its links and types; text is the second
// reading.
func Read(input unpack.Input, text io.Reader, o Options, in *hourly.Intake) error {
	first, _, err := unpack.OpenText(input, in.Info.Layout.Encoding, unpack.HeadBytes)
	if err != nil {
		return err
	}
	scan, err := scanESPI(first, in)
	if closeErr := first.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	feed, err := scan.feed()
	if err != nil {
		return err
	}
	feed.explain(in)
	if err := feed.findZone(o, in); err != nil {
		return err
	}
	return readESPIValues(text, feed, in)
}

// explain notes what became of the series.
func (f *espiFeed) explain(in *hourly.Intake) {
	for i := range f.series {
		s := &f.series[i]
		called := cmp.Or(s.path, "the reading")
		switch t := &s.track; {
		case t.readings == 0:
		case s.twice:
			in.Warn("%s is left out: %s", called, s.out)
		case s.out != "":
			in.Note(dataset.Evidence{What: "rows", Guess: "without " + called, Sure: dataset.Stated, Because: s.out, Change: "the feed itself"})
		case s.kind.direction() == flowReverse && t.sum < 0:
			in.Note(dataset.Evidence{What: "channels", Guess: s.name + " is export", Sure: dataset.Proved, Because: "its flow direction is 19, and its values have the negative sign already", Change: "the feed itself"})
		case s.kind.direction() == flowReverse && t.negative > 0:
			in.Warn("%s is of flow direction 19 (to the grid) and has %d negative values among %d: they are taken for energy from the grid", s.name, t.negative, t.readings)
		}
	}
}

// findZone takes the starts for local times where the file shows that they are. The
// standard counts the seconds in UTC; some utilities count them on local clocks, and then
// an hour comes twice where these are set back.
func (f *espiFeed) findZone(o Options, in *hourly.Intake) error {
	if o.Set {
		return nil
	}
	zone, err := time.LoadLocation(o.Zone)
	if err != nil {
		return err
	}
	clock := wallclock.Clock{Zone: zone}
	var found, others int
	for i := range f.series {
		for _, at := range f.series[i].track.again {
			if _, _, count := clock.Instants(wallclock.FloorDiv(at, 60)); count == 2 {
				found++
			} else {
				others++
			}
		}
	}
	if found == 0 || others > 0 {
		return nil
	}
	in.LocalTime(zone)
	in.Info.Layout.Time.Zone = o.Zone
	in.Note(dataset.Evidence{
		What: "time.zone", Guess: o.Zone, Sure: dataset.Proved,
		Because: fmt.Sprintf("%d values repeat the hour that clocks of this zone show twice, so the seconds count local time, not UTC", found),
		Change:  "set " + o.Setting,
	})
	return nil
}

// espiValues passes readings on.
type espiValues struct {
	in   *hourly.Intake
	feed *espiFeed

	run    int // of the feed's runs
	block  int // of the run, the next one
	series *espiSeries
	next   int64 // start of the next reading of the block that has none of its own, in seconds; 0 if not known
}

func readESPIValues(text io.Reader, feed *espiFeed, in *hourly.Intake) error {
	x := newESPIXML(text)
	v := espiValues{in: in, feed: feed}
	for n := 0; ; n++ {
		if n%1024 == 0 && in.Cancelled() != nil {
			return in.Cancelled()
		}
		token, err := x.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "IntervalBlock":
			v.begin()
		case "interval":
			r, err := x.reading()
			if err != nil {
				return err
			}
			v.next, _ = strconv.ParseInt(r.start, 10, 64)
		case "IntervalReading":
			line := x.line()
			r, err := x.reading()
			if err != nil {
				return err
			}
			if err := v.take(r, line); err != nil {
				return err
			}
		}
	}
}

// begin takes the series of the next block.
func (v *espiValues) begin() {
	v.series, v.next = nil, 0
	for v.run < len(v.feed.runs) && v.block == v.feed.runs[v.run].blocks {
		v.run, v.block = v.run+1, 0
	}
	if v.run == len(v.feed.runs) {
		return
	}
	v.block++
	if n := v.feed.of[v.feed.runs[v.run].source]; n >= 0 {
		v.series = &v.feed.series[n]
	}
}

func (v *espiValues) take(r espiReading, line int64) error {
	column, err := v.reading(r)
	if err == nil || errors.Is(err, hourly.ErrStop) {
		return err
	}
	raw := fmt.Sprintf("start=%s duration=%s value=%s", r.start, r.duration, r.value)
	return v.in.Reject(line, column, err, []byte(raw))
}

func (v *espiValues) reading(r espiReading) (column string, err error) {
	if v.series == nil {
		return "IntervalBlock", errNoSeries
	}
	if v.series.out != "" {
		v.in.Info.Skipped++
		return "", nil
	}
	stamp, column, err := v.stamp(r)
	if err != nil {
		return column, err
	}
	unit := v.series.unit
	minutes, err := v.minutes(r)
	if err != nil && !unit.counter {
		return "duration", err
	}
	v.next += int64(minutes) * 60
	if r.value == "" || r.quality == strconv.Itoa(qualityProjected) {
		v.in.Info.Missing++
		return "", nil
	}
	kWh, err := espiNumber(r.value)
	if err != nil {
		return "value", err
	}
	kWh *= unit.scale
	if unit.power {
		kWh *= float64(minutes) / 60
	}
	if err := hourly.CheckEnergy(kWh, unit.counter); err != nil {
		return "value", err
	}
	return v.accept(stamp, minutes, kWh, r.quality)
}

// accept passes a reading on.
func (v *espiValues) accept(stamp notation.Stamp, minutes int, kWh float64, quality string) (column string, err error) {
	m, err := v.in.Meter([]byte(v.series.name), nil)
	if err != nil {
		return "IntervalBlock", err
	}
	s, err := v.in.Only(m, v.series.unit.counter)
	if err != nil {
		return "IntervalBlock", err
	}
	at, err := v.in.At(s, stamp.Wall, 0)
	if err != nil {
		return "start", err
	}
	if v.series.unit.counter {
		err = v.in.AcceptCounter(s, at, kWh)
	} else {
		err = v.in.Accept(s, at, minutes, kWh)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", hourly.ErrStop, err)
	}
	switch quality {
	case strconv.Itoa(qualityEstimated), strconv.Itoa(qualityInterpolated), strconv.Itoa(qualityQuestionable):
		v.in.Info.Estimated++
	}
	return "", nil
}

// stamp is the start of a reading: its own, else where the one before it ends.
func (v *espiValues) stamp(r espiReading) (notation.Stamp, string, error) {
	seconds := v.next
	if r.start != "" {
		var err error
		if seconds, err = strconv.ParseInt(strings.TrimSuffix(r.start, ".0"), 10, 64); err != nil {
			return notation.Stamp{}, "start", errNoSeconds
		}
	}
	stamp, err := notation.EpochStamp(seconds)
	if err != nil {
		return notation.Stamp{}, "start", err
	}
	if stamp.Second != 0 {
		return notation.Stamp{}, "start", notation.ErrNoMinute
	}
	v.next = seconds
	stamp.Zoned = false // it counts on the clock of time.zone, by default UTC
	return stamp, "", nil
}

func espiNumber(text string) (float64, error) {
	return (&notation.Number{Decimal: '.'}).Read([]byte(text))
}

// minutes is the length of a reading: its own, else that of its type.
func (v *espiValues) minutes(r espiReading) (int, error) {
	seconds := v.series.kind.IntervalLength
	if r.duration != "" {
		n, ok := notation.Digits([]byte(r.duration))
		if !ok {
			return 0, errDuration
		}
		seconds = n
	}
	if seconds >= wallclock.MinutesPerDay*60 {
		return 0, errDays
	}
	if seconds <= 0 || seconds > hourSeconds || seconds%60 != 0 {
		return 0, errDuration
	}
	return seconds / 60, nil
}
