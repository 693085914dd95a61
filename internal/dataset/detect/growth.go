package detect

import (
	"fmt"
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
)

// growth is how the values of a series go on from row to row.
type growth struct {
	rises, falls, same int
	seconds            int64     // of the longest series, in the sample
	steps, values      []float64 // sizes
}

const (
	// No load rises all day: a counter has been seen to rise for as long.
	daylongGrowth = 23 * 3600
	leastRises    = 12
	// A counter that was not seen for a day stands this many steps above 0.
	stepsAboveZero = 200
)

// only is true of values that nearly always grow and hardly ever fall.
func (g *growth) only() bool {
	return g.rises >= leastRises && g.falls*15 <= g.rises && g.rises*4 >= g.same
}

// counter is true of values that grow for so long, or in so small steps, as no energy of
// intervals does.
func (g *growth) counter() bool {
	return g.only() && (g.seconds >= daylongGrowth || medianOf(g.values) >= stepsAboveZero*medianOf(g.steps))
}

// medianOf sorts values, and is 0 of none.
func medianOf(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// readingByGrowth settles what the values of columns without a telling name are.
func (d *detective) readingByGrowth() {
	d.doc.Reading = layout.Interval
	g := d.growth()
	switch {
	case g.counter():
		d.doc.Reading = layout.Counter
		d.note("reading", d.doc.Reading, dataset.Guess, fmt.Sprintf("the values only grow, for %s (their mean is %s), so they are states of a counter, whose differences are energy", shortDuration(g.seconds), d.meanText()))
	case g.only():
		d.note("reading", d.doc.Reading, dataset.Guess, fmt.Sprintf("the values only grow, but for %s alone, as those of a morning may; if they are states of a counter, it is Counter", shortDuration(g.seconds)))
	}
}

func (d *detective) growth() *growth {
	f := d.numbers()
	reader := d.stampReader()
	times := d.timeIndexes()
	g := &growth{}
	for _, i := range d.valueIndexes() {
		type state struct {
			at, first int64
			value     float64
		}
		last := map[string]state{}
		for n, row := range d.sample.Rows {
			if n%tabular.ChunkRows == 0 {
				clear(last)
			}
			at, ok := d.rowSeconds(&reader, row, times)
			v, err := f.Read([]byte(row[i]))
			if !ok || err != nil {
				continue
			}
			key := d.seriesKey(row)
			before, seen := last[key]
			if !seen {
				before.first = at
			}
			if seen && before.at != at {
				up := v - before.value
				if at < before.at {
					up = -up
				}
				g.add(up, v)
			}
			g.seconds = max(g.seconds, at-before.first, before.first-at)
			last[key] = state{at, before.first, v}
		}
	}
	return g
}

func (g *growth) add(up, value float64) {
	switch {
	case up > 0:
		g.rises++
	case up < 0:
		g.falls++
	default:
		g.same++
		return
	}
	g.steps = append(g.steps, math.Abs(up))
	g.values = append(g.values, math.Abs(value))
}
