package twin

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// SeriesName names a series of hourly values that are not of a meter. The names are
// stored: never rename.
type SeriesName string

// The series.
const (
	SeriesPrice       SeriesName = "price"       // currency per kWh
	SeriesCarbon      SeriesName = "carbon"      // kg CO2 per kWh
	SeriesTemperature SeriesName = "temperature" // °C, of the air outside
)

// SeriesRevision is the values of a series that were sent to the twin at once. Revisions
// of all series are numbered from 1 in the order in which they were sent.
type SeriesRevision struct {
	Number   int64
	Series   SeriesName
	Currency string // of prices: under a tariff in another one they do not count
	Hours    []meter.Hour
	Values   []float64 // of each hour; NaN withdraws what was sent of it before
}

// SentValue is a value that was sent for an hour.
type SentValue struct {
	Value    float64
	Currency string // of a price
	Revision int64
}

// SentSeries are the values that were sent, up to a revision. Of an hour the newest
// counts. It goes before that of a file or a tariff.
type SentSeries struct {
	revision int64
	warmer   int64 // revision that changed temperatures last
	values   map[SeriesName]map[meter.Hour]SentValue
}

// Revision is the newest one that counts; 0 for none.
func (s *SentSeries) Revision() int64 { return s.revision }

// Value is what was sent of an hour, and whether something was.
func (s *SentSeries) Value(of SeriesName, h meter.Hour) (SentValue, bool) {
	v, sent := s.values[of][h]
	return v, sent
}

// add takes in the next revision.
func (s *SentSeries) add(r *SeriesRevision) {
	if s.values == nil {
		s.values = map[SeriesName]map[meter.Hour]SentValue{}
	}
	hours := s.values[r.Series]
	if hours == nil {
		hours = map[meter.Hour]SentValue{}
		s.values[r.Series] = hours
	}
	for i, h := range r.Hours {
		if v := r.Values[i]; v == v {
			hours[h] = SentValue{Value: v, Currency: r.Currency, Revision: r.Number}
		} else {
			delete(hours, h)
		}
	}
	if s.revision = r.Number; r.Series == SeriesTemperature {
		s.warmer = r.Number
	}
}

// Over is the tariff with what was sent in place of what it has of the same hours.
func (s *SentSeries) Over(t dsm.Tariff) dsm.Tariff {
	t.Series = s.over(SeriesPrice, t.Series, func(v SentValue) bool { return v.Currency == t.Currency })
	t.Carbon = s.over(SeriesCarbon, t.Carbon, func(SentValue) bool { return true })
	return t
}

func (s *SentSeries) over(name SeriesName, own []dsm.Point, counts func(SentValue) bool) []dsm.Point {
	sent := s.values[name]
	if len(sent) == 0 {
		return own
	}
	out := make([]dsm.Point, 0, len(own)+len(sent))
	for _, p := range own {
		if v, there := sent[meter.HourOf(time.Unix(p.Unix, 0))]; !there || !counts(v) {
			out = append(out, p)
		}
	}
	for _, h := range slices.Sorted(maps.Keys(sent)) {
		if v := sent[h]; counts(v) {
			out = append(out, dsm.Point{Unix: h.Unix(), Value: v.Value})
		}
	}
	slices.SortFunc(out, func(a, b dsm.Point) int { return int(min(max(a.Unix-b.Unix, -1), 1)) })
	return out
}

// overTemperatures are temperatures with what was sent in place of theirs; nil if there are none.
func (s *SentSeries) overTemperatures(own *forecast.Temperatures) *forecast.Temperatures {
	sent := s.values[SeriesTemperature]
	if len(sent) == 0 {
		return own
	}
	byHour := make(map[meter.Hour]float32, len(sent))
	for h, v := range sent {
		byHour[h] = float32(v.Value)
	}
	return own.With(byHour)
}

// withSeries are the rules of a specification with what was sent. before is the same with
// an earlier revision, whose model serves on while no temperature has changed; it may be
// nil. Sharing the model saves time and changes nothing.
func (r *Rules) withSeries(s *SentSeries, before *Rules) (*Rules, error) {
	out := *r
	out.Series, out.warmer = s.revision, s.warmer
	out.Policy.Tariff = s.Over(r.Policy.Tariff)
	switch {
	case s.warmer == 0:
	case before != nil && before.warmer == s.warmer:
		out.Temperatures, out.model = before.Temperatures, before.model
	default:
		out.Temperatures = s.overTemperatures(r.Temperatures)
		out.model = r.model.WithTemperatures(out.Temperatures)
	}
	if out.planner == nil {
		return &out, nil
	}
	if err := out.plan(); err != nil {
		return nil, fmt.Errorf("series of revision %d: %w", s.revision, err)
	}
	return &out, nil
}

// SeriesLog is all revisions of series, in order. It is safe for concurrent use.
type SeriesLog struct {
	only map[SeriesName]bool // nil for all

	mu        sync.Mutex
	revisions []SeriesRevision
	heads     map[*Rules]*seriesHead // by the rules of the specification
}

// seriesHead is the revision that rules were asked for last.
type seriesHead struct {
	sent  SentSeries
	rules *Rules
}

// Newest is the newest revision; 0 for none.
func (l *SeriesLog) Newest() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.newest()
}

func (l *SeriesLog) newest() int64 {
	if len(l.revisions) == 0 {
		return 0
	}
	return l.revisions[len(l.revisions)-1].Number
}

// Add takes in the revisions behind the newest, in order. Those that are there already are
// passed over.
func (l *SeriesLog) Add(revisions []SeriesRevision) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range revisions {
		if revisions[i].Number > l.newest() {
			l.revisions = append(l.revisions, revisions[i])
		}
	}
}

// After are the numbers of the revisions behind one.
func (l *SeriesLog) After(revision int64) (numbers []int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.revisions {
		if n := l.revisions[i].Number; n > revision {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// Sent is what counts of a revision.
func (l *SeriesLog) Sent(revision int64) *SentSeries {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &SentSeries{}
	l.move(s, revision)
	return s
}

// move adds the revisions behind that of s, up to one.
func (l *SeriesLog) move(s *SentSeries, to int64) {
	from, _ := slices.BinarySearchFunc(l.revisions, s.revision+1, func(r SeriesRevision, n int64) int { return int(min(max(r.Number-n, -1), 1)) })
	for i := from; i < len(l.revisions) && l.revisions[i].Number <= to; i++ {
		if l.only == nil || l.only[l.revisions[i].Series] {
			s.add(&l.revisions[i])
		}
		s.revision = l.revisions[i].Number
	}
}

// Only is the log with nothing but some of the series.
func (l *SeriesLog) Only(names ...SeriesName) *SeriesLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := &SeriesLog{only: map[SeriesName]bool{}, revisions: slices.Clip(l.revisions)}
	for _, name := range names {
		out.only[name] = true
	}
	return out
}

// Rules are those of a specification with what was sent up to a revision, which is in the
// log. Asked again for the same, it returns the same.
func (l *SeriesLog) Rules(of *Rules, revision int64) (*Rules, error) {
	if revision == 0 {
		return of, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if revision > l.newest() {
		return nil, fmt.Errorf("series: revision %d is not stored, the newest is %d", revision, l.newest())
	}
	head := l.heads[of]
	if head == nil || head.sent.revision > revision {
		head = &seriesHead{}
		if l.heads == nil {
			l.heads = map[*Rules]*seriesHead{}
		}
		l.heads[of] = head
	}
	if head.rules != nil && head.sent.revision == revision {
		return head.rules, nil
	}
	l.move(&head.sent, revision)
	made, err := of.withSeries(&head.sent, head.rules)
	if err != nil {
		return nil, err
	}
	head.rules = made
	return made, nil
}
