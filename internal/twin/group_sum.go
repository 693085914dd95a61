package twin

import (
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// leastReported is the share of a group's expected meters without which an hour of the
// group has no load.
const leastReported = 0.9

// GroupHourSum adds up the load of a group in one hour, meter by meter, always in the
// same order. A meter is expected if it reports the hour, or reported the same hour a
// week before; that value stands in for one that is missing. The zero value is empty.
type GroupHourSum struct {
	kwh                float64
	expected, reported int
}

// Hourly is the load of a meter by hour, kWh, NaN where there is no reading.
type Hourly interface{ At(h meter.Hour) float32 }

// Add takes one meter in. The week before is looked at only where it counts: it lies
// elsewhere in memory.
func (s *GroupHourSum) Add(m Hourly, h meter.Hour) {
	if v := m.At(h); v == v {
		s.kwh += float64(v)
		s.expected++
		s.reported++
		return
	}
	if v := m.At(h - meter.HoursPerWeek); v == v {
		s.kwh += float64(v)
		s.expected++
	}
}

// add takes in the sum of other meters.
func (s *GroupHourSum) add(other GroupHourSum) {
	s.kwh += other.kwh
	s.expected += other.expected
	s.reported += other.reported
}

// Parts are the energy, kWh, and how many meters were expected and reported: what a store
// keeps of a sum.
func (s *GroupHourSum) Parts() (kwh float64, expected, reported int32) {
	return s.kwh, int32(s.expected), int32(s.reported)
}

// GroupHourSumOf is the sum with these parts.
func GroupHourSumOf(kwh float64, expected, reported int32) GroupHourSum {
	return GroupHourSum{kwh: kwh, expected: int(expected), reported: int(reported)}
}

// KWh is the load of the group; NaN where no meter, or fewer than nine tenths of those
// expected, reported.
func (s *GroupHourSum) KWh() float32 {
	if s.reported == 0 || float64(s.reported) < leastReported*float64(s.expected) {
		return float32(math.NaN())
	}
	return float32(s.kwh)
}
