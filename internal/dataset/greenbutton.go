package dataset

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

var (
	errNoSeries  = errors.New("the IntervalBlock links to no MeterReading with a ReadingType")
	errDuration  = errors.New("the duration is no number of minutes up to an hour")
	errDays      = errors.New("the value is of more than an hour: fetch the intervals, of an hour or shorter, in place of values of days or bills")
	errNoSeconds = errors.New("the start is no number of seconds since 1970")
)

// readGreenButton reads an ESPI document (NAESB REQ.21, Green Button), in an Atom feed
// or bare. The input is read a first time for its links and types; text is the second
// reading.
func readGreenButton(input Input, text io.Reader, in *intake) error {
	first, _, err := openText(input, in.info.Layout.Encoding, headBytes)
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
	if err := feed.findZone(in); err != nil {
		return err
	}
	return readESPIValues(text, feed, in)
}

// explain says in the findings what was made of the series.
func (f *espiFeed) explain(in *intake) {
	for i := range f.series {
		s := &f.series[i]
		called := orDefault(s.path, "the reading")
		switch t := &s.track; {
		case t.readings == 0:
		case s.twice:
			in.warn("%s is left out: %s", called, s.out)
		case s.out != "":
			in.note(Evidence{What: "rows", Guess: "without " + called, Sure: Stated, Because: s.out, Change: "the feed itself"})
		case s.kind.direction() == flowReverse && t.sum < 0:
			in.note(Evidence{What: "channels", Guess: s.name + " is export", Sure: Proved, Because: "its flow direction is 19, and its values have the negative sign already", Change: "the feed itself"})
		case s.kind.direction() == flowReverse && t.negative > 0:
			in.warn("%s is of flow direction 19 (to the grid) and has %d negative values among %d: they are taken for energy from the grid", s.name, t.negative, t.readings)
		}
	}
}

// findZone takes the starts for local times where the file shows that they are. The
// standard counts the seconds in UTC; some utilities count them on local clocks, and then
// an hour comes twice where these are set back.
func (f *espiFeed) findZone(in *intake) error {
	if set := in.opts.Layout.Time; set != nil && set.Zone != "" {
		return nil
	}
	zone, err := time.LoadLocation(in.opts.Zone)
	if err != nil {
		return err
	}
	clock := localClock{loc: zone}
	var found, others int
	for i := range f.series {
		for _, at := range f.series[i].track.again {
			if _, _, count := clock.instants(floorDiv(at, 60)); count == 2 {
				found++
			} else {
				others++
			}
		}
	}
	if found == 0 || others > 0 {
		return nil
	}
	in.clock = clock
	in.info.Layout.Time.Zone = in.opts.Zone
	in.note(Evidence{
		What: "time.zone", Guess: in.opts.Zone, Sure: Proved,
		Because: fmt.Sprintf("%d values repeat the hour that clocks of this zone show twice, so the seconds count local time, not UTC", found),
		Change:  "set " + in.opts.Setting("time.zone"),
	})
	return nil
}

// espiValues passes readings on.
type espiValues struct {
	in   *intake
	feed *espiFeed

	run    int // of the feed's runs
	block  int // of the run, the next one
	series *espiSeries
	next   int64 // start of the next reading of the block that has none of its own, in seconds; 0 if not known
}

func readESPIValues(text io.Reader, feed *espiFeed, in *intake) error {
	x := newESPIXML(text)
	v := espiValues{in: in, feed: feed}
	for n := 0; ; n++ {
		if n%1024 == 0 && in.cancelled() != nil {
			return in.cancelled()
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
	if err == nil || errors.Is(err, errStop) {
		return err
	}
	raw := fmt.Sprintf("start=%s duration=%s value=%s", r.start, r.duration, r.value)
	return v.in.reject(line, column, err, []byte(raw))
}

func (v *espiValues) reading(r espiReading) (column string, err error) {
	if v.series == nil {
		return "IntervalBlock", errNoSeries
	}
	if v.series.out != "" {
		v.in.info.Skipped++
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
		v.in.info.Missing++
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
	if err := checkEnergy(kWh, unit.counter); err != nil {
		return "value", err
	}
	return v.accept(stamp, minutes, kWh, r.quality)
}

// accept passes a reading on.
func (v *espiValues) accept(stamp stampText, minutes int, kWh float64, quality string) (column string, err error) {
	m, err := v.in.meter([]byte(v.series.name), nil)
	if err != nil {
		return "IntervalBlock", err
	}
	s, err := v.in.only(m, v.series.unit.counter)
	if err != nil {
		return "IntervalBlock", err
	}
	at, err := v.in.minute(stamp, s)
	if err != nil {
		return "start", err
	}
	if v.series.unit.counter {
		err = v.in.acceptCounter(s, at, kWh)
	} else {
		err = v.in.accept(s, at, minutes, kWh)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", errStop, err)
	}
	switch quality {
	case strconv.Itoa(qualityEstimated), strconv.Itoa(qualityInterpolated), strconv.Itoa(qualityQuestionable):
		v.in.info.Estimated++
	}
	return "", nil
}

// stamp is the start of a reading: its own, else where the one before it ends.
func (v *espiValues) stamp(r espiReading) (stampText, string, error) {
	seconds := v.next
	if r.start != "" {
		var err error
		if seconds, err = strconv.ParseInt(strings.TrimSuffix(r.start, ".0"), 10, 64); err != nil {
			return stampText{}, "start", errNoSeconds
		}
	}
	stamp, err := epochStamp(seconds)
	if err != nil {
		return stampText{}, "start", err
	}
	if stamp.second != 0 {
		return stampText{}, "start", errNoMinute
	}
	v.next = seconds
	stamp.zoned = false // it counts on the clock of time.zone, by default UTC
	return stamp, "", nil
}

func espiNumber(text string) (float64, error) {
	return (&numberFormat{decimal: '.'}).read([]byte(text))
}

// minutes is the length of a reading: its own, else that of its type.
func (v *espiValues) minutes(r espiReading) (int, error) {
	seconds := v.series.kind.IntervalLength
	if r.duration != "" {
		n, ok := digits([]byte(r.duration))
		if !ok {
			return 0, errDuration
		}
		seconds = n
	}
	if seconds >= minutesPerDay*60 {
		return 0, errDays
	}
	if seconds <= 0 || seconds > hourSeconds || seconds%60 != 0 {
		return 0, errDuration
	}
	return seconds / 60, nil
}
