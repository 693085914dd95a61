package twin

import (
	"cmp"
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// PartitionLoad is what a partition knows at an issue time about the load of all of its
// meters: of the hours since the issue before, and of those before that have changed since.
// The loads of all partitions up to an issue are what the forecast of the whole twin is
// made from.
type PartitionLoad struct {
	IssuedAt meter.Hour
	DayAhead bool
	Ahead    int    // hours that a forecast of the twin covers from IssuedAt on
	SpecHash string // of the rules that hold
	Series   int64  // likewise: the revision of the series that were sent
	Hours    []meter.Hour
	Sums     []GroupHourSum // of each
}

// issueLoad adds what the partition knows about its load at t to the effects.
func (p *Partition) issueLoad(t meter.Hour, due issueTimes, fx *Effects) {
	ahead := p.rules.groupHours(t, due)
	if p.rules.GroupReissue == 0 || ahead == 0 {
		return
	}
	reach := meter.NoHour
	for _, g := range p.groups {
		reach = max(reach, reachOf(g.meters))
	}
	if reach == meter.NoHour {
		return // no meter has joined
	}
	l := PartitionLoad{IssuedAt: t, DayAhead: t == due.dayAhead, Ahead: ahead, SpecHash: p.rules.SpecHash, Series: p.rules.Series}
	c := &p.changes
	c.compact()
	from := c.ended
	if c.outdated || from == meter.NoHour {
		from = t - meter.Hour(p.rules.ring)
	}
	most := len(c.stale) + max(int(t-max(from, reach)), 0)
	l.Hours, l.Sums = make([]meter.Hour, 0, most), make([]GroupHourSum, 0, most)
	for _, h := range c.stale {
		if h >= reach && h < from {
			l.add(h, p.sum(h))
		}
	}
	for h := max(from, reach); h < t; h++ {
		// At first, hours from before any reading are left out.
		if s := p.sum(h); s.expected > 0 || c.ended != meter.NoHour {
			l.add(h, s)
		}
	}
	c.taken(t)
	fx.Loads = append(fx.Loads, l)
}

func (l *PartitionLoad) add(h meter.Hour, s GroupHourSum) {
	l.Hours, l.Sums = append(l.Hours, h), append(l.Sums, s)
}

// sum is the load of all meters of the partition in hour h.
func (p *Partition) sum(h meter.Hour) (s GroupHourSum) {
	for _, g := range p.groups {
		for _, m := range g.meters {
			s.Add(&m.window, h)
		}
	}
	return s
}

// TwinLoad is the load of the whole twin, from what its partitions know.
type TwinLoad struct {
	partitions map[int]map[meter.Hour]GroupHourSum
}

// Add takes in what a partition knows at an issue. The loads of a partition come by issue.
func (l *TwinLoad) Add(partition int, of *PartitionLoad) {
	if l.partitions == nil {
		l.partitions = map[int]map[meter.Hour]GroupHourSum{}
	}
	hours := l.partitions[partition]
	if hours == nil {
		hours = map[meter.Hour]GroupHourSum{}
		l.partitions[partition] = hours
	}
	for i, h := range of.Hours {
		hours[h] = of.Sums[i]
	}
}

// Forget drops the hours before another one.
func (l *TwinLoad) Forget(before meter.Hour) {
	for _, hours := range l.partitions {
		for h := range hours {
			if h < before {
				delete(hours, h)
			}
		}
	}
}

// Span is how many hours before an issue a forecast of the twin is made from.
func (r *Rules) Span() int { return r.ring }

// Forecast forecasts the load of the twin from t on, by a model that is trained on the hours
// before. It is a function of the loads that were added, whoever makes it.
func (l *TwinLoad) Forecast(r *Rules, t meter.Hour, hours int) forecast.Quantiles {
	w, state := window.New(r.ring), r.model.NewState()
	numbers := make([]int, 0, len(l.partitions))
	for no := range l.partitions {
		numbers = append(numbers, no)
	}
	slices.SortFunc(numbers, cmp.Compare[int])
	first := meter.NoHour
	for h := t - meter.Hour(r.ring); h < t; h++ {
		var s GroupHourSum
		for _, no := range numbers {
			s.add(l.partitions[no][h])
		}
		kwh := s.KWh()
		if math.IsNaN(float64(kwh)) {
			w.Clear(h)
			continue
		}
		if first == meter.NoHour {
			first = h
		}
		w.PutJudged(h, kwh, false)
	}
	q := forecast.Quantiles{P10: make([]float32, hours), P50: make([]float32, hours), P90: make([]float32, hours)}
	if first != meter.NoHour {
		for h := w.Oldest(); h < t; h++ {
			state.Advance(w, h)
		}
	}
	state.Forecast(w, t, q)
	return q
}
