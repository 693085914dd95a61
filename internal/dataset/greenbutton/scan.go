package greenbutton

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/energytwin/energytwin/internal/dataset/hourly"
)

// espiScan is a first reading of an ESPI document: its types, its meter readings, and
// which of them each of its blocks belongs to. Entries, and the links of an entry, come
// in any order, so no value can be read before all of this is known.
//
// Memory grows with the number of series, not with the number of readings: blocks of
// one series that follow each other are one run.
type espiScan struct {
	types    map[string]readingType // by self link
	readings []espiMeterReading
	services map[string]int // ServiceCategory by the path of the usage point
	loose    []readingType  // all types, in the order of the file

	sources []espiSource
	known   map[string]int32 // sources by the reading that their links name
	runs    []espiRun

	groups []*espiGroup // of the elements that are open, nil where nothing is known of one
	entry  *espiGroup   // that is open; nil outside of entries
}

// espiMeterReading is an entry with a MeterReading.
type espiMeterReading struct {
	links espiLinks
	kind  *readingType // if the entry holds its type
}

// espiSource is where blocks of one series come from.
type espiSource struct {
	links espiLinks
	kind  *readingType // beside the blocks; nil if the links lead to it
	track espiTrack
}

// espiRun is a number of blocks that follow each other and are of one source.
type espiRun struct {
	source int32
	blocks int
}

// espiGroup is what stands together: an entry, or, without entries around, the
// children of an element.
type espiGroup struct {
	links   espiLinks
	reading bool
	service *int
	kinds   []readingType
	own     bool    // it has blocks; their source is the first one of sources
	sources []int32 // of its blocks, and of blocks in its children whose type is not known yet
}

// scanESPI reads a document for its structure.
func scanESPI(text io.Reader, in *hourly.Intake) (*espiScan, error) {
	x := newESPIXML(text)
	s := &espiScan{types: map[string]readingType{}, services: map[string]int{}, known: map[string]int32{}}
	for n := 0; ; n++ {
		if n%1024 == 0 && in.Cancelled() != nil {
			return nil, in.Cancelled()
		}
		token, err := x.next()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		if start, ok := token.(xml.StartElement); ok {
			err = s.open(x, start)
		} else {
			s.close()
		}
		if err != nil {
			return nil, err
		}
	}
}

// open takes the start of an element, or all of it.
func (s *espiScan) open(x *espiXML, start xml.StartElement) error {
	switch start.Name.Local {
	case "entry":
		s.entry = &espiGroup{}
		s.groups = append(s.groups, s.entry)
		return nil
	case "link":
		s.group().links.add(start)
	case "MeterReading":
		s.group().reading = true
	case "ServiceCategory":
		var category struct {
			Kind int `xml:"kind"`
		}
		s.group().service = &category.Kind
		return x.decode(&category, start)
	case "ReadingType":
		var t readingType
		if err := x.decode(&t, start); err != nil {
			return err
		}
		s.group().kinds = append(s.group().kinds, t)
		s.loose = append(s.loose, t)
		return nil
	case "IntervalBlock":
		s.block()
	case "interval", "IntervalReading":
		r, err := x.reading()
		if err == nil && len(s.runs) > 0 {
			s.sources[s.runs[len(s.runs)-1].source].track.add(r, start.Name.Local == "interval")
		}
		return err
	}
	s.groups = append(s.groups, nil)
	return nil
}

// group is what the element that has begun stands in.
func (s *espiScan) group() *espiGroup {
	if s.entry != nil {
		return s.entry
	}
	if len(s.groups) == 0 {
		return &espiGroup{} // of a document that is one resource
	}
	last := &s.groups[len(s.groups)-1]
	if *last == nil {
		*last = &espiGroup{}
	}
	return *last
}

// block begins an IntervalBlock.
func (s *espiScan) block() {
	g := s.group()
	if !g.own {
		g.own = true
		g.sources = slices.Insert(g.sources, 0, int32(len(s.sources)))
		s.sources = append(s.sources, espiSource{})
	}
	source := g.sources[0]
	if n := len(s.runs); n > 0 && s.runs[n-1].source == source {
		s.runs[n-1].blocks++
		return
	}
	s.runs = append(s.runs, espiRun{source: source, blocks: 1})
}

// close ends an element.
func (s *espiScan) close() {
	last := len(s.groups) - 1
	if last < 0 {
		return
	}
	g := s.groups[last]
	s.groups = s.groups[:last]
	if g == nil {
		return
	}
	if g == s.entry {
		s.entry = nil
		s.closeEntry(g)
		return
	}
	s.closeGroup(g)
}

func (s *espiScan) closeEntry(g *espiGroup) {
	if len(g.kinds) > 0 {
		s.types[g.links.self] = g.kinds[0]
	}
	if g.service != nil {
		s.services[g.links.self] = *g.service
	}
	if g.reading {
		r := espiMeterReading{links: g.links}
		if len(g.kinds) == 1 {
			r.kind = &g.kinds[0]
		}
		s.readings = append(s.readings, r)
	}
	if len(g.sources) == 0 {
		return
	}
	source := &s.sources[g.sources[0]]
	source.links = g.links
	if len(g.kinds) == 1 {
		source.kind = &g.kinds[0]
		return
	}
	s.join(g.links)
}

// join makes the last source one with an earlier one whose links name the same
// reading.
func (s *espiScan) join(links espiLinks) {
	name := links.reading()
	if name == "" {
		return
	}
	last := int32(len(s.sources) - 1)
	earlier, ok := s.known[name]
	if !ok {
		s.known[name] = last
		return
	}
	s.sources[earlier].track.join(&s.sources[last].track)
	s.sources = s.sources[:last]
	run := s.runs[len(s.runs)-1]
	s.runs = s.runs[:len(s.runs)-1]
	if n := len(s.runs); n > 0 && s.runs[n-1].source == earlier {
		s.runs[n-1].blocks += run.blocks
		return
	}
	s.runs = append(s.runs, espiRun{source: earlier, blocks: run.blocks})
}

// closeGroup settles blocks that stand in no entry: their type is the one beside them,
// or beside what they stand in.
func (s *espiScan) closeGroup(g *espiGroup) {
	if len(g.kinds) == 1 {
		for _, i := range g.sources {
			s.sources[i].kind = &g.kinds[0]
		}
		return
	}
	if len(g.kinds) == 0 && len(s.groups) > 0 && len(g.sources) > 0 {
		parent := s.group()
		parent.sources = append(parent.sources, g.sources...)
	}
}

// espiTrack is what a first reading shows of the values of a source. Times are seconds.
type espiTrack struct {
	readings    int64
	first, last int64 // starts of the earliest and of the latest reading
	seconds     int   // length of the first reading; 0 if it has none

	negative, positive int64 // readings
	sum                float64
	falls              int64 // readings below the one before

	again []int64 // starts at which time did not go on, or went back by less than an hour; the first few

	block    int64 // start of the block
	at       int64 // start of the last reading
	previous float64
}

// maxAgain bounds espiTrack.again.
const maxAgain = 256

// add takes a reading, or the interval of a block. What cannot be read is left to the
// second reading.
func (t *espiTrack) add(r espiReading, block bool) {
	at, err := strconv.ParseInt(r.start, 10, 64)
	if block {
		t.block = at
		return
	}
	if r.start == "" {
		at, err = t.block, nil
	}
	if err != nil {
		return
	}
	value, err := espiNumber(r.value)
	if err != nil {
		return
	}
	if t.readings == 0 {
		t.first, t.last = at, at
		t.seconds, _ = strconv.Atoi(r.duration)
	} else {
		t.goOn(at, value, r.start != "")
	}
	t.readings++
	t.first, t.last = min(t.first, at), max(t.last, at)
	t.at, t.previous = at, value
	t.sum += value
	if value < 0 {
		t.negative++
	}
	if value > 0 {
		t.positive++
	}
}

// goOn compares a reading with the one before.
func (t *espiTrack) goOn(at int64, value float64, timed bool) {
	if value < t.previous {
		t.falls++
	}
	if timed && at <= t.at && at > t.at-3600 && (at != t.at || value != t.previous) && len(t.again) < maxAgain {
		t.again = append(t.again, at)
	}
}

// join adds a later part of the same source.
func (t *espiTrack) join(o *espiTrack) {
	if o.readings == 0 {
		return
	}
	if t.readings == 0 {
		*t = *o
		return
	}
	t.readings += o.readings
	t.first, t.last = min(t.first, o.first), max(t.last, o.last)
	t.negative, t.positive = t.negative+o.negative, t.positive+o.positive
	t.sum += o.sum
	t.falls += o.falls
	t.again = append(t.again, o.again[:min(len(o.again), maxAgain-len(t.again))]...)
	t.at, t.previous = o.at, o.previous
}
