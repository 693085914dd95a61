package generator

import (
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// endOfTime is after every hour.
const endOfTime = meter.Hour(math.MaxInt32)

// share is the hours between which a partition's meters have readings to be
// published, both inclusive. It is empty for a partition without meters.
type share struct{ first, last meter.Hour }

var noShare = share{first: endOfTime, last: meter.NoHour}

func (s share) empty() bool { return s.first > s.last }

// lacksFrom is the first hour at or after next that the share can have readings
// in, endOfTime if there is none.
func (s share) lacksFrom(next meter.Hour) meter.Hour {
	if next > s.last {
		return endOfTime
	}
	return max(next, s.first)
}

// shareOut finds what each partition gets of the timeline.
func (g *generator) shareOut() {
	g.shares = make([]share, g.twin.Kafka.Partitions)
	for p := range g.shares {
		g.shares[p] = noShare
	}
	for i, m := range g.line.source.Info().Meters {
		if m.Rows == 0 || m.First >= g.line.end {
			continue
		}
		one := share{first: m.First, last: m.Last}
		if g.line.period > 0 {
			one = share{first: g.first, last: endOfTime - 1}
		}
		if g.warm.meters[i] {
			one.first = max(one.first, g.warm.to)
		}
		s := &g.shares[g.routes[i].partition]
		s.first, s.last = min(s.first, one.first), max(s.last, one.last)
	}
}

// end is the hour after the last that any partition gets readings of, NoHour if there
// is none: a replay has ended all hours before it.
func (g *generator) end() meter.Hour {
	end := meter.NoHour
	for _, s := range g.shares {
		if !s.empty() {
			end = max(end, min(s.last, g.line.end-1)+1)
		}
	}
	return end
}
