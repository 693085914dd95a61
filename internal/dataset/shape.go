package dataset

import (
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
)

// Shape is the load of a dataset, in figures that can be
// compared between datasets of any size.
type Shape struct {
	Meters int `json:"meters"`
	// The middle meter: medians over meters of each figure.
	MeanKWh    float64 `json:"meanKWh"`    // energy in an hour
	LoadFactor float64 `json:"loadFactor"` // mean over maximum
	Day        float64 `json:"day"`        // autocorrelation at 24 h
	Week       float64 `json:"week"`       // autocorrelation at 168 h
	// The mean load of all meters.
	TotalLoadFactor float64     `json:"totalLoadFactor"`
	TotalDay        float64     `json:"totalDay"`
	TotalWeek       float64     `json:"totalWeek"`
	WeekendRatio    float64     `json:"weekendRatio"` // mean on Saturday and Sunday over mean on other days
	WinterRatio     float64     `json:"winterRatio"`  // mean in December to February over mean in June to August
	Profile         [24]float64 `json:"profile"`      // by local hour, as a multiple of the mean
}

// ShapeOf measures a dataset by the local time of a zone. Autocorrelation is
// Pearson's over all pairs of hours that both have a reading; of repeated
// rows the last one counts.
func ShapeOf(s Source, cal *meter.Calendar) (Shape, error) {
	info := s.Info()
	meters := make([]lagged, len(info.Meters))
	var total lagged
	var profile [24]mean
	var weekend, workday, winter, summer mean
	for block, err := range s.Rows(info.Start) {
		if err != nil {
			return Shape{}, err
		}
		hour := block[0].Hour
		sum, n := 0.0, 0
		for i, r := range block {
			if i+1 < len(block) && block[i+1].Meter == r.Meter {
				continue
			}
			meters[r.Meter].add(hour, float64(r.KWh))
			sum += float64(r.KWh)
			n++
		}
		load := sum / float64(n)
		total.add(hour, load)
		local := cal.Local(hour)
		profile[local.Hour()].add(load)
		if d := local.Weekday(); d == 0 || d == 6 {
			weekend.add(load)
		} else {
			workday.add(load)
		}
		switch local.Month() {
		case 12, 1, 2:
			winter.add(load)
		case 6, 7, 8:
			summer.add(load)
		}
	}
	shape := Shape{
		Meters:     len(meters),
		MeanKWh:    median(meters, func(l *lagged) float64 { return l.all.value() }),
		LoadFactor: median(meters, (*lagged).loadFactor),
		Day:        median(meters, func(l *lagged) float64 { return l.day.Value() }),
		Week:       median(meters, func(l *lagged) float64 { return l.week.Value() }),

		TotalLoadFactor: total.loadFactor(),
		TotalDay:        total.day.Value(),
		TotalWeek:       total.week.Value(),
		WeekendRatio:    weekend.value() / workday.value(),
		WinterRatio:     winter.value() / summer.value(),
	}
	for h := range profile {
		shape.Profile[h] = profile[h].value() / total.all.value()
	}
	return shape, nil
}

// lagged measures one series, remembering a week of it.
type lagged struct {
	ring      [meter.HoursPerWeek]float32
	at        [meter.HoursPerWeek]meter.Hour
	begun     bool
	all       mean
	max       float64
	day, week Correlation
}

func (l *lagged) add(hour meter.Hour, v float64) {
	if !l.begun {
		l.begun = true
		l.max = v
		for i := range l.at {
			l.at[i] = meter.NoHour
		}
	}
	if before, ok := l.get(hour - meter.HoursPerDay); ok {
		l.day.Add(before, v)
	}
	if before, ok := l.get(hour - meter.HoursPerWeek); ok {
		l.week.Add(before, v)
	}
	slot := int(hour) % meter.HoursPerWeek
	l.ring[slot], l.at[slot] = float32(v), hour
	l.all.add(v)
	l.max = max(l.max, v)
}

func (l *lagged) get(hour meter.Hour) (float64, bool) {
	slot := int(hour) % meter.HoursPerWeek
	if slot < 0 || l.at[slot] != hour {
		return 0, false
	}
	return float64(l.ring[slot]), true
}

func (l *lagged) loadFactor() float64 { return l.all.value() / l.max }

type mean struct {
	sum float64
	n   int
}

func (m *mean) add(v float64) { m.sum += v; m.n++ }

func (m *mean) value() float64 { return m.sum / float64(m.n) }

// median leaves out meters for which a figure makes no sense.
func median(meters []lagged, figure func(*lagged) float64) float64 {
	var values []float64
	for i := range meters {
		if v := figure(&meters[i]); meters[i].begun && !math.IsNaN(v) && !math.IsInf(v, 0) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}
