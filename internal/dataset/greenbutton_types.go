package dataset

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// Codes of the ESPI standard (NAESB REQ.21) that matter here.
const (
	uomWattHours       = 72
	uomWatts           = 38
	flowReverse        = 19 // from the premises to the grid
	behaviourBulk      = 1  // the value of a register
	behaviourCumulated = 3  // the value of a register
)

// readingType says what the numbers of a meter reading mean.
type readingType struct {
	Multiplier     int `xml:"powerOfTenMultiplier"`
	UOM            int `xml:"uom"`
	Flow           int `xml:"flowDirection"`
	Behaviour      int `xml:"accumulationBehaviour"`
	IntervalLength int `xml:"intervalLength"` // seconds
}

// unit is the unit of the values, once multiplied by scale; energy is false
// if they are no active energy or power.
func (t readingType) unit() (u espiUnit, energy bool) {
	u.scale = math.Pow10(t.Multiplier) / 1000
	if t.Flow == flowReverse {
		u.scale = -u.scale
	}
	switch t.UOM {
	case uomWattHours:
		u.counter = t.Behaviour == behaviourBulk || t.Behaviour == behaviourCumulated
		return u, true
	case uomWatts:
		u.power = true
		return u, true
	}
	return espiUnit{}, false
}

// espiUnit is what the values of a ReadingType are.
type espiUnit struct {
	scale   float64 // to kWh, or to kW of power, and the sign of the flow
	power   bool    // mean power of the interval
	counter bool    // states of a counter
}

// espiSeries is one MeterReading of a feed: a meter to us.
type espiSeries struct {
	name   string
	kind   readingType
	usable bool // its values are active energy
}

// espiFeed is what the entries of a feed say about each other. Entries may
// come in any order, so a feed is read twice: for this, then for the values.
type espiFeed struct {
	series map[string]espiSeries // by the self link of the MeterReading
	only   *espiSeries           // of a feed without links, or with one series
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

// espiLinks gathers links while a feed is read the first time.
type espiLinks struct {
	types    map[string]readingType // by self link
	readings []espiReadingLinks
	loose    []readingType
}

type espiReadingLinks struct {
	self    string
	related []string
}

// readESPILinks reads a feed for its structure.
func readESPILinks(text io.Reader) (*espiFeed, error) {
	dec := xml.NewDecoder(text)
	links := espiLinks{types: map[string]readingType{}}
	entry := espiEntry{}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, xmlError(dec, err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			if end, ok := token.(xml.EndElement); ok && end.Name.Local == "entry" {
				links.add(entry)
			}
			continue
		}
		switch start.Name.Local {
		case "entry":
			entry = espiEntry{}
		case "link":
			entry.link(start)
		case "MeterReading":
			entry.reading = true
		case "ReadingType":
			var t readingType
			if err := dec.DecodeElement(&t, &start); err != nil {
				return nil, xmlError(dec, err)
			}
			entry.kind = &t
			links.loose = append(links.loose, t)
		}
	}
	return links.feed()
}

// espiEntry is the links of the entry being read, and what it holds.
type espiEntry struct {
	self, up string
	related  []string
	reading  bool
	kind     *readingType
}

func (e *espiEntry) link(start xml.StartElement) {
	var l atomLink
	for _, a := range start.Attr {
		switch a.Name.Local {
		case "rel":
			l.Rel = a.Value
		case "href":
			l.Href = strings.TrimSuffix(a.Value, "/")
		}
	}
	switch l.Rel {
	case "self":
		e.self = l.Href
	case "up":
		e.up = l.Href
	case "related":
		e.related = append(e.related, l.Href)
	}
}

func (l *espiLinks) add(e espiEntry) {
	if e.kind != nil {
		l.types[e.self] = *e.kind
	}
	if e.reading {
		l.readings = append(l.readings, espiReadingLinks{self: e.self, related: e.related})
	}
}

func (l *espiLinks) feed() (*espiFeed, error) {
	if len(l.loose) == 0 {
		return nil, errors.New("the feed has no ReadingType, so the unit of its values is not known")
	}
	f := &espiFeed{series: map[string]espiSeries{}}
	active := map[string]int{} // usage point → series of energy
	for _, r := range l.readings {
		t, ok := l.typeOf(r)
		if !ok {
			continue
		}
		_, energy := t.unit()
		s := espiSeries{name: lastAfter(r.self, "UsagePoint"), kind: t, usable: energy}
		if energy {
			active[s.name]++
		}
		f.series[r.self] = s
	}
	for self, s := range f.series {
		if active[s.name] > 1 || s.name == "" {
			s.name = strings.Trim(s.name+"/"+lastAfter(self, "MeterReading"), "/")
		}
		s.name = orDefault(s.name, "meter")
		f.series[self] = s
	}
	f.only = l.only(f)
	return f, nil
}

// typeOf is the ReadingType to which a MeterReading is related.
func (l *espiLinks) typeOf(r espiReadingLinks) (readingType, bool) {
	for _, href := range r.related {
		if t, ok := l.types[href]; ok {
			return t, true
		}
	}
	if len(l.loose) == 1 {
		return l.loose[0], true
	}
	return readingType{}, false
}

// only is the series of blocks whose links lead nowhere: there is no doubt
// where a feed has one series or one type.
func (l *espiLinks) only(f *espiFeed) *espiSeries {
	if len(f.series) == 1 {
		for _, s := range f.series {
			return &s
		}
	}
	if len(f.series) == 0 && len(l.loose) == 1 {
		_, energy := l.loose[0].unit()
		return &espiSeries{name: "meter", kind: l.loose[0], usable: energy}
	}
	return nil
}

// lastAfter is the part of a link that follows /kind/, up to the next slash.
func lastAfter(href, kind string) string {
	_, after, found := strings.Cut(href, "/"+kind+"/")
	if !found {
		return ""
	}
	id, _, _ := strings.Cut(after, "/")
	return id
}

func xmlError(dec *xml.Decoder, err error) error {
	line, column := dec.InputPos()
	return fmt.Errorf("line %d, column %d is no valid XML: %w", line, column, err)
}
