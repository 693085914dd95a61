package greenbutton

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// espiSeries is one MeterReading of a document: a meter to us, or a part of its time.
type espiSeries struct {
	name  string
	path  string // of the MeterReading
	point string // path of the usage point
	kind  readingType
	unit  espiUnit
	track espiTrack
	out   string // why its values are left out; "" if they are used
	twice bool   // it is left out because others hold its energy
}

// espiFeed holds which series each block of a document is of.
type espiFeed struct {
	series []espiSeries
	of     []int32 // by source; -1 where no type is known
	runs   []espiRun
}

// feed resolves the links of a document.
func (s *espiScan) feed() (*espiFeed, error) {
	if len(s.loose) == 0 {
		return nil, errors.New("the feed has no ReadingType, so the unit of its values is not known; fetch it with all of its resources")
	}
	f := &espiFeed{of: make([]int32, len(s.sources)), runs: s.runs}
	byPath := map[string]int32{}
	for _, r := range s.readings {
		kind, ok := s.typeOf(&r)
		if _, twice := byPath[r.links.self]; !ok || twice {
			continue
		}
		byPath[r.links.self] = f.add(espiSeries{path: r.links.self, point: r.links.point(), kind: kind})
	}
	linked := len(f.series)
	for i := range s.sources {
		f.of[i] = s.resolve(f, &s.sources[i], byPath, linked)
		if n := f.of[i]; n >= 0 {
			f.series[n].track.join(&s.sources[i].track)
		}
	}
	f.judge(s.services)
	f.name()
	return f, nil
}

func (f *espiFeed) add(s espiSeries) int32 {
	f.series = append(f.series, s)
	return int32(len(f.series) - 1)
}

// typeOf is the ReadingType of a MeterReading.
func (s *espiScan) typeOf(r *espiMeterReading) (readingType, bool) {
	if r.kind != nil {
		return *r.kind, true
	}
	for _, href := range r.links.related {
		if t, ok := s.types[href]; ok {
			return t, true
		}
	}
	if len(s.loose) == 1 {
		return s.loose[0], true
	}
	return readingType{}, false
}

// resolve is the series of a source, made where no MeterReading names it; -1 where its
// type is not known. linked is the number of series that have a MeterReading.
func (s *espiScan) resolve(f *espiFeed, source *espiSource, byPath map[string]int32, linked int) int32 {
	l := &source.links
	reading := l.reading()
	for _, path := range append([]string{reading, l.up}, l.related...) {
		if n, ok := byPath[path]; ok && path != "" {
			return n
		}
	}
	kind := source.kind
	switch {
	case kind != nil:
	case linked == 1 && reading == "":
		return 0
	case len(s.loose) == 1:
		kind = &s.loose[0]
	default:
		return -1
	}
	n := f.add(espiSeries{path: reading, point: l.point(), kind: *kind})
	if reading != "" {
		byPath[reading] = n
	}
	return n
}

// leastFallen is the number of values of a register that show whether it is one.
const leastFallen = 24

// judge decides of each series whether its values are energy, and with which sign.
func (f *espiFeed) judge(services map[string]int) {
	for i := range f.series {
		s := &f.series[i]
		unit, energy := s.kind.unit()
		if kind, ok := services[s.point]; ok && kind != serviceElectricity {
			s.out = fmt.Sprintf("its usage point is of service kind %d, not of electricity", kind)
			continue
		}
		if !energy {
			s.out = fmt.Sprintf("it holds no energy of electricity (uom %d, commodity %d, dataQualifier %d)", s.kind.UOM, s.kind.Commodity, s.kind.Qualifier)
			continue
		}
		if t := &s.track; unit.counter && t.readings >= leastFallen && t.falls*10 > t.readings {
			unit.counter = false // no register falls so often: the values are those of intervals
		}
		// Some write exports with a negative sign beside flow direction 19.
		if s.kind.direction() == flowReverse && s.track.sum >= 0 {
			unit.scale = -unit.scale
		}
		s.unit = unit
	}
	f.leaveOutTwice()
}

// name gives each series the name of its meter: that of the usage point, with the
// reading's where the point has several at a time.
func (f *espiFeed) name() {
	points := map[string][]*espiSeries{}
	var order []string
	for i := range f.series {
		s := &f.series[i]
		if s.out != "" {
			continue
		}
		if points[s.point] == nil {
			order = append(order, s.point)
		}
		points[s.point] = append(points[s.point], s)
	}
	names := pointNames(order)
	nameless := 0
	for _, point := range order {
		series := points[point]
		if point == "" {
			for _, s := range series {
				s.name = cmp.Or(s.id(), "meter")
				if nameless++; nameless > 1 && s.id() == "" {
					s.name = fmt.Sprintf("meter/%d", nameless)
				}
			}
			continue
		}
		if inTurn(series) {
			for _, s := range series {
				s.name = names[point]
			}
			continue
		}
		for _, s := range series {
			s.name = strings.Trim(names[point]+"/"+s.id(), "/")
		}
	}
}

// inTurn is true of series that measure one thing, one after the other, as feeds have
// them that begin a MeterReading with each bill.
func inTurn(series []*espiSeries) bool {
	for i, a := range series {
		for _, b := range series[:i] {
			if !a.kind.samePart(&b.kind) || a.unit.counter != b.unit.counter || a.overlaps(b) || a.track.readings == 0 || b.track.readings == 0 {
				return false
			}
		}
	}
	return true
}

// seconds is the distance of a series' readings.
func (s *espiSeries) seconds() int {
	if s.unit.counter && s.track.readings > 1 {
		return int((s.track.last - s.track.first) / (s.track.readings - 1))
	}
	return cmp.Or(s.track.seconds, s.kind.IntervalLength)
}

func (s *espiSeries) overlaps(o *espiSeries) bool {
	if s.track.readings == 0 || o.track.readings == 0 {
		return false
	}
	return s.track.first < o.track.last+int64(o.seconds()) && o.track.first < s.track.last+int64(s.seconds())
}

func (s *espiSeries) id() string {
	_, id, _ := lastAfter(s.path, "MeterReading")
	return id
}
