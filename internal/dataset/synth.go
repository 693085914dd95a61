package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"sort"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// SyntheticOptions ask for made-up households. The same options give the same
// rows, and a household is the same whatever the number of the others.
type SyntheticOptions struct {
	Meters int    // of households
	Groups int    // feeders, over which the households are dealt in turn; 0 is none
	Seed   int64  // of the households and of the weather
	Year   int    // that is made up, from local midnight to local midnight
	Zone   string // IANA zone by whose clock people live; "" is UTC
}

// Limits of what can be made up.
const (
	maxSyntheticMeters = 1_000_000
	minSyntheticYear   = 1990
	maxSyntheticYear   = 2100
)

func (o SyntheticOptions) check() error {
	if o.Meters < 1 || o.Meters > maxSyntheticMeters {
		return fmt.Errorf("synthetic dataset of %d meters: use 1 to %d", o.Meters, maxSyntheticMeters)
	}
	if o.Groups < 0 || o.Groups > o.Meters {
		return fmt.Errorf("synthetic dataset of %d groups: use 0 (none) to the number of meters, %d", o.Groups, o.Meters)
	}
	if o.Year < minSyntheticYear || o.Year > maxSyntheticYear {
		return fmt.Errorf("synthetic dataset of the year %d: use %d to %d", o.Year, minSyntheticYear, maxSyntheticYear)
	}
	return nil
}

// Synthetic makes households up. Nothing is kept but the households'
// properties and a day of readings: rows are computed while they are read,
// and every day is a function of the seed, the household and the date alone,
// so that reading can begin anywhere.
func Synthetic(o SyntheticOptions) (Source, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o.Zone = orDefault(o.Zone, "UTC")
	cal, err := meter.NewCalendar(o.Zone)
	if err != nil {
		return nil, err
	}
	s := &synthetic{weather: newWeather(uint64(o.Seed), o.Year, cal), days: daysOf(o.Year, cal)}
	s.homes = make([]home, o.Meters)
	s.info = Info{
		Meters: make([]MeterInfo, o.Meters), Start: s.days[0].start, End: s.days[len(s.days)-1].end(),
		SHA256: syntheticSum(o),
	}
	hours := int64(s.info.Hours())
	s.info.Rows = hours * int64(o.Meters)
	s.info.Read = s.info.Rows
	for i := range s.homes {
		s.homes[i] = newHome(uint64(o.Seed), i)
		m := MeterInfo{Name: fmt.Sprintf("home-%06d", i+1), First: s.info.Start, Last: s.info.End - 1, Rows: hours}
		if o.Groups > 0 {
			m.Group = meter.FeederName(i % o.Groups)
		}
		s.info.Meters[i] = m
	}
	return s, nil
}

// syntheticVersion changes whenever the same options would give other rows.
const syntheticVersion = 2

func syntheticSum(o SyntheticOptions) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "synthetic %d %+v", syntheticVersion, o))
	return hex.EncodeToString(sum[:])
}

// synthetic is a Source that computes its rows.
type synthetic struct {
	info    Info
	homes   []home
	weather *weather
	days    []localDay
}

func (s *synthetic) Info() Info { return s.info }

func (s *synthetic) Close() error { return nil }

// Rows computes day by day, in lockstep over the households.
func (s *synthetic) Rows(from meter.Hour) iter.Seq2[[]Row, error] {
	return func(yield func([]Row, error) bool) {
		first := sort.Search(len(s.days), func(i int) bool { return s.days[i].end() > from })
		rows := make([]Row, len(s.homes))
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
					rows[m] = Row{Meter: int32(m), Hour: hour, KWh: kWh}
				}
				if !yield(rows, nil) {
					return
				}
			}
		}
	}
}

func (s *synthetic) fill(day localDay, load *[maxDayHours][]float32) {
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
