package hourly

import (
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/meter"
)

// nets adds the series of meters that have several: energy from the grid and to it,
// or the counters of two tariffs.
//
// Series are grouped into parts. Those of one part take turns, such as the registers
// for day and night: together they cover an hour. Every part must cover an hour
// between its own first and last reading; outside of that it counts as nothing, as
// panels that are not there yet do.
type nets struct {
	place  []netPlace // by series
	meters []net
	set    []int32 // meters with something in the hour
}

type netPlace struct {
	meter int32
	part  int
}

type net struct {
	parts []netPart
	any   bool
}

type netPart struct {
	sum         parts
	first, last int64 // UTC minutes
}

func newNets(in *Intake) *nets {
	n := &nets{place: make([]netPlace, len(in.series)), meters: make([]net, len(in.meters))}
	numbers := map[netPlace]int{} // of a meter's parts, in the order of their series
	for i := range in.series {
		s := &in.series[i]
		m := &n.meters[s.meter]
		named := netPlace{meter: s.meter, part: s.part}
		at, ok := numbers[named]
		if !ok {
			at = len(m.parts)
			numbers[named] = at
			m.parts = append(m.parts, netPart{first: math.MaxInt64, last: math.MinInt64})
		}
		p := &m.parts[at]
		p.first, p.last = min(p.first, s.first), max(p.last, s.last)
		n.place[i] = netPlace{meter: s.meter, part: at}
	}
	return n
}

// add takes what a series has in the hour.
func (n *nets) add(s int32, p parts) {
	at := n.place[s]
	m := &n.meters[at.meter]
	if !m.any {
		m.any = true
		n.set = append(n.set, at.meter)
	}
	sum := &m.parts[at.part].sum
	sum.kWh += p.kWh
	sum.covered |= p.covered
}

// each hands the sum of each meter on, with the minutes that all of its parts cover.
func (n *nets) each(hour meter.Hour, row func(m int32, p parts)) {
	slices.Sort(n.set)
	from, to := hour.Unix()/60, hour.Unix()/60+60
	for _, i := range n.set {
		m := &n.meters[i]
		m.any = false
		total := parts{covered: wholeHour}
		for k := range m.parts {
			p := &m.parts[k]
			if p.sum.covered != 0 || (from < p.last && to > p.first) {
				total.kWh += p.sum.kWh
				total.covered = total.covered&p.sum.covered&wholeHour | (total.covered|p.sum.covered)&(unknown|overlapping)
			}
			p.sum = parts{}
		}
		row(i, total)
	}
	n.set = n.set[:0]
}
