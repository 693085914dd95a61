package greenbutton

import (
	"cmp"
	"fmt"
)

// leaveOutTwice leaves series out whose energy other series of the same usage point
// hold: else a twin would have it twice.
func (f *espiFeed) leaveOutTwice() {
	byPoint := map[string][]*espiSeries{}
	for i := range f.series {
		s := &f.series[i]
		if s.out == "" && s.point != "" && s.track.readings > 0 {
			byPoint[s.point] = append(byPoint[s.point], s)
		}
	}
	for _, series := range byPoint {
		for _, holds := range []func(s, o *espiSeries) string{coarser, demandOf, sameEnergy, totalOf} {
			leaveOutPairs(series, holds)
		}
		leaveOutNet(series)
		leaveOutPairs(series, directionOf)
	}
}

// leaveOutPairs leaves each series out for which another one is found that covers some
// of its time and, by holds, its energy.
func leaveOutPairs(series []*espiSeries, holds func(s, o *espiSeries) string) {
	for _, s := range series {
		for _, o := range series {
			if s == o || s.out != "" || o.out != "" || !s.overlaps(o) {
				continue
			}
			if why := holds(s, o); why != "" {
				s.out, s.twice = fmt.Sprintf(why, cmp.Or(o.id(), "another reading")), true
			}
		}
	}
}

const hourSeconds = 3600

func coarser(s, o *espiSeries) string {
	if s.seconds() > hourSeconds && o.seconds() > 0 && o.seconds() <= hourSeconds {
		return "%s has energy of the usage point in shorter intervals"
	}
	return ""
}

func demandOf(s, o *espiSeries) string {
	if s.unit.power && !o.unit.power {
		return "it is the demand in W beside the energy of %s"
	}
	return ""
}

func sameEnergy(s, o *espiSeries) string {
	switch {
	case !s.kind.samePart(&o.kind):
		return ""
	case s.unit.counter && !o.unit.counter:
		return "it is the register that counts the energy of %s"
	case !s.unit.counter && !o.unit.counter && s.seconds() > o.seconds():
		return "%s has the same energy in shorter intervals"
	}
	return ""
}

func totalOf(s, o *espiSeries) string {
	if s.kind.direction() == flowTotal && o.kind.direction() != flowTotal {
		return "it adds up both directions, beside %s"
	}
	return ""
}

// directionOf keeps a net series where only one of its directions stands beside it.
func directionOf(s, o *espiSeries) string {
	if o.kind.direction() == flowNet && s.kind.direction() != flowNet {
		return "it is a part of the net energy of %s"
	}
	return ""
}

// leaveOutNet leaves net series out beside which both of their directions stand.
func leaveOutNet(series []*espiSeries) {
	for _, net := range series {
		if net.out != "" || net.kind.direction() != flowNet {
			continue
		}
		var forward, reverse bool
		for _, o := range series {
			if o.out == "" && o.overlaps(net) {
				forward = forward || o.kind.direction() == flowForward
				reverse = reverse || o.kind.direction() == flowReverse
			}
		}
		if forward && reverse {
			net.out, net.twice = "it is the net of other readings of the usage point", true
		}
	}
}
