// Package synth computes synthetic households: their hourly load over a year, as a function
// of a seed. It stands in for a file where there is none.
package synth

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"sort"
	"time"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
)

// Options ask for made-up households. The same options give the same
// rows, and a household is the same whatever the number of the others.
type Options struct {
	Meters int    // of households
	Groups int    // feeders, over which the households are dealt in turn; 0 is none
	Seed   int64  // of the households and of the weather
	Year   int    // that is made up, from local midnight to local midnight
	Zone   string // IANA zone by whose clock people live; "" is UTC
}

// Limits of what can be made up.
const (
	maxMeters = 1_000_000
	minYear   = 1990
	maxYear   = 2100
)

func (o Options) check() error {
	if o.Meters < 1 || o.Meters > maxMeters {
		return fmt.Errorf("synthetic dataset of %d meters: use 1 to %d", o.Meters, maxMeters)
	}
	if o.Groups < 0 || o.Groups > o.Meters {
		return fmt.Errorf("synthetic dataset of %d groups: use 0 (none) to the number of meters, %d", o.Groups, o.Meters)
	}
	if o.Year < minYear || o.Year > maxYear {
		return fmt.Errorf("synthetic dataset of the year %d: use %d to %d", o.Year, minYear, maxYear)
	}
	return nil
}

// New makes households up. Nothing is kept but the households'
// properties and a day of readings: rows are computed while they are read,
// and every day is a function of the seed, the household and the date alone,
// so that reading can begin anywhere.
func New(o Options) (dataset.Source, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o.Zone = cmp.Or(o.Zone, "UTC")
	cal, err := meter.NewCalendar(o.Zone)
	if err != nil {
		return nil, err
	}
	s := &source{weather: newWeather(uint64(o.Seed), o.Year, cal), days: daysOf(o.Year, cal)}
	s.homes = make([]home, o.Meters)
	s.info = dataset.Info{
		Meters: make([]dataset.MeterInfo, o.Meters), Start: s.days[0].start, End: s.days[len(s.days)-1].end(),
		SHA256: sumOf(o),
	}
	hours := int64(s.info.Hours())
	s.info.Rows = hours * int64(o.Meters)
	s.info.Read = s.info.Rows
	for i := range s.homes {
		s.homes[i] = newHome(uint64(o.Seed), i)
		m := dataset.MeterInfo{Name: fmt.Sprintf("home-%06d", i+1), First: s.info.Start, Last: s.info.End - 1, Rows: hours}
		if o.Groups > 0 {
			m.Group = meter.FeederName(i % o.Groups)
		}
		s.info.Meters[i] = m
	}
	return s, nil
}

// version changes whenever the same options would give other rows.
const version = 2

func sumOf(o Options) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "synthetic %d %+v", version, o))
	return hex.EncodeToString(sum[:])
}

// source is a Source that computes its rows.
type source struct {
	info    dataset.Info
	homes   []home
	weather *weather
	days    []localDay
}

func (s *source) Info() dataset.Info { return s.info }

func (s *source) Close() error { return nil }

// Rows computes day by day, in lockstep over the households.
func (s *source) Rows(from meter.Hour) iter.Seq2[[]dataset.Row, error] {
	return func(yield func([]dataset.Row, error) bool) {
		first := sort.Search(len(s.days), func(i int) bool { return s.days[i].end() > from })
		rows := make([]dataset.Row, len(s.homes))
		var load [maxDayHours][]float32 // kWh by hour of the day and household
		for i := range load {
			load[i] = make([]float32, len(s.homes))
		}
		for _, day := range s.days[min(first, len(s.days)):] {
			s.fill(day, &load)
			for i := range day.clock {
				hour := day.start + meter.Hour(i)
				if hour < from {
					continue
				}
				for m, kWh := range load[i] {
					rows[m] = dataset.Row{Meter: int32(m), Hour: hour, KWh: kWh}
				}
				if !yield(rows, nil) {
					return
				}
			}
		}
	}
}

func (s *source) fill(day localDay, load *[maxDayHours][]float32) {
	sky := s.weather.day(day)
	var kWh [maxDayHours]float32
	for m := range s.homes {
		s.homes[m].day(day, sky, &kWh)
		for i := range day.clock {
			load[i][m] = kWh[i]
		}
	}
}

// maxDayHours is the length of the longest day: Antarctic stations set their
// clocks back by three hours.
const maxDayHours = 27

// localDay is one day of a local calendar, in whole hours of UTC.
type localDay struct {
	index   int        // since 1 January
	start   meter.Hour // first hour that begins on that day
	clock   []int      // local hour of the day at the start of each hour
	weekday time.Weekday
	festive bool // from Christmas to New Year people are at home
}

func (d localDay) end() meter.Hour { return d.start + meter.Hour(len(d.clock)) }

func (d localDay) workday() bool {
	return d.weekday != time.Saturday && d.weekday != time.Sunday && !d.festive
}

// daysOf is the days of a year.
func daysOf(year int, cal *meter.Calendar) []localDay {
	var days []localDay
	next := meter.DayStart(year, time.January, 1, cal.Location())
	for date := time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC); date.Year() == year; date = date.AddDate(0, 0, 1) {
		d := localDay{index: len(days), start: next, weekday: date.Weekday()}
		next = meter.DayStart(year, time.January, d.index+2, cal.Location())
		d.festive = date.YearDay() == 1 || (date.Month() == time.December && date.Day() >= 24)
		for h := d.start; h < next; h++ {
			d.clock = append(d.clock, cal.Local(h).Hour())
		}
		days = append(days, d)
	}
	return days
}
