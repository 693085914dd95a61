package dataset

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

var (
	errNoSeries  = errors.New("the IntervalBlock links to no MeterReading with a ReadingType")
	errDuration  = errors.New("the duration is no number of minutes up to an hour")
	errNoSeconds = errors.New("the start is no number of seconds since 1970")
)

// readGreenButton reads an ESPI feed. The input is read a first time
// for its links and types; text is the second reading.
func readGreenButton(input Input, text io.Reader, in *intake) error {
	first, _, err := openText(input, in.info.Layout.Encoding, headBytes)
	if err != nil {
		return err
	}
	feed, err := readESPILinks(first)
	if closeErr := first.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return readESPIValues(text, feed, in)
}

// espiReading is one IntervalReading.
type espiReading struct {
	Period struct {
		Duration string `xml:"duration"`
		Start    string `xml:"start"`
	} `xml:"timePeriod"`
	Value string `xml:"value"`
}

func readESPIValues(text io.Reader, feed *espiFeed, in *intake) error {
	dec := xml.NewDecoder(text)
	v := espiValues{in: in, feed: feed}
	entry := espiEntry{}
	for n := 0; ; n++ {
		if n%1024 == 0 && in.cancelled() != nil {
			return in.cancelled()
		}
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return xmlError(dec, err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "entry":
			entry = espiEntry{}
		case "link":
			entry.link(start)
		case "IntervalBlock":
			v.series = feed.of(entry)
		case "IntervalReading":
			line, _ := dec.InputPos()
			var r espiReading
			if err := dec.DecodeElement(&r, &start); err != nil {
				return xmlError(dec, err)
			}
			if err := v.take(r, int64(line)); err != nil {
				return err
			}
		}
	}
}

// of is the series to which the block of an entry belongs: its up link is
// …/MeterReading/id/IntervalBlock.
func (f *espiFeed) of(e espiEntry) *espiSeries {
	for _, href := range []string{e.up, e.self} {
		reading, _, found := strings.Cut(href, "/IntervalBlock")
		if !found {
			continue
		}
		if s, ok := f.series[reading]; ok {
			return &s
		}
	}
	for _, href := range append(e.related, e.up) {
		if s, ok := f.series[href]; ok {
			return &s
		}
	}
	return f.only
}

// espiValues passes readings on.
type espiValues struct {
	in     *intake
	feed   *espiFeed
	series *espiSeries
}

func (v *espiValues) take(r espiReading, line int64) error {
	column, err := v.reading(r)
	if err == nil || errors.Is(err, errStop) {
		return err
	}
	raw := fmt.Sprintf("start=%s duration=%s value=%s", r.Period.Start, r.Period.Duration, r.Value)
	return v.in.reject(line, column, err, []byte(raw))
}

func (v *espiValues) reading(r espiReading) (column string, err error) {
	if v.series == nil {
		return "IntervalBlock", errNoSeries
	}
	if !v.series.usable {
		v.in.info.Skipped++
		return "", nil
	}
	seconds, err := espiNumber(r.Period.Start)
	if err != nil || seconds != float64(int64(seconds)) {
		return "start", errNoSeconds
	}
	stamp, err := epochStamp(int64(seconds))
	if err == nil && stamp.second != 0 {
		err = errNoMinute
	}
	if err != nil {
		return "start", err
	}
	unit, _ := v.series.kind.unit()
	minutes, err := v.minutes(r)
	if err != nil && !unit.counter {
		return "duration", err
	}
	kWh, err := espiNumber(r.Value)
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
	m, err := v.in.meter([]byte(v.series.name), nil)
	if err != nil {
		return "IntervalBlock", err
	}
	s, err := v.in.only(m, unit.counter)
	if err != nil {
		return "IntervalBlock", err
	}
	if unit.counter {
		err = v.in.acceptCounter(s, stamp.wall, kWh)
	} else {
		err = v.in.accept(s, stamp.wall, minutes, kWh)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", errStop, err)
	}
	return "", nil
}

func espiNumber(text string) (float64, error) {
	return numberFormat{decimal: '.'}.read([]byte(strings.TrimSpace(text)))
}

// minutes is the length of a reading: its own, else that of its type.
func (v *espiValues) minutes(r espiReading) (int, error) {
	seconds := v.series.kind.IntervalLength
	if text := strings.TrimSpace(r.Period.Duration); text != "" {
		n, ok := digits([]byte(text))
		if !ok {
			return 0, errDuration
		}
		seconds = n
	}
	if seconds <= 0 || seconds > 3600 || seconds%60 != 0 {
		return 0, errDuration
	}
	return seconds / 60, nil
}
