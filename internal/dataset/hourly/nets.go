package hourly

import (
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
)

// nets adds the series of meters that have several: energy from the grid and to it,
// or the counters of two tariffs.
//
// Series are grouped into components. Those of one component take turns, such as the registers
// for day and night: together they cover an hour. Every component must cover an hour
// between its own first and last reading; outside of that it counts as nothing, as
// panels that are not there yet do.
type nets struct {
	place  []netPlace // by series
	meters []net
	set    []int32 // meters with something in the hour
}

type netPlace struct {
	meter     int32
	component int
}

type net struct {
	components []netComponent
	any        bool
}

type netComponent struct {
	sum         hourSum
	first, last int64 // UTC minutes
}

func newNets(in *Intake) *nets {
	n := &nets{place: make([]netPlace, len(in.series)), meters: make([]net, len(in.meters))}
	numbers := map[netPlace]int{} // of a meter's components, in the order of their series
	for i := range in.series {
		s := &in.series[i]
		m := &n.meters[s.meter]
		named := netPlace{meter: s.meter, component: s.component}
		at, ok := numbers[named]
		if !ok {
			at = len(m.components)
			numbers[named] = at
			m.components = append(m.components, netComponent{first: math.MaxInt64, last: math.MinInt64})
		}
		p := &m.components[at]
		p.first, p.last = min(p.first, s.first), max(p.last, s.last)
		n.place[i] = netPlace{meter: s.meter, component: at}
	}
	return n
}

// add takes what a series has in the hour.
func (n *nets) add(s int32, p hourSum) {
	at := n.place[s]
	m := &n.meters[at.meter]
	if !m.any {
		m.any = true
		n.set = append(n.set, at.meter)
	}
	sum := &m.components[at.component].sum
	sum.kWh += p.kWh
	sum.covered |= p.covered
}

// each hands the sum of each meter on, with the minutes that all of its components cover.
func (n *nets) each(hour meter.Hour, row func(m int32, p hourSum)) {
	slices.Sort(n.set)
	from, to := hour.Unix()/60, hour.Unix()/60+60
	for _, i := range n.set {
		m := &n.meters[i]
		m.any = false
		total := hourSum{covered: wholeHour}
		for k := range m.components {
			p := &m.components[k]
			if p.sum.covered != 0 || (from < p.last && to > p.first) {
				total.kWh += p.sum.kWh
				total.covered = total.covered&p.sum.covered&wholeHour | (total.covered|p.sum.covered)&(unknown|overlapping)
			}
			p.sum = hourSum{}
		}
		row(i, total)
	}
	n.set = n.set[:0]
}
