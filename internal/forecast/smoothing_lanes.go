package forecast

import "unsafe"

// Each hour of a smoothing has to wait for the hour before. So the pasts of several meters
// are smoothed beside each other, in vectors: a meter is a lane.

// smoothingWidth is how many meters are smoothed at once.
const smoothingWidth = 8

// runHours is the length of the past that is smoothed.
const runHours = runDays * hoursADay

// smoothingLanes is a dshw for each lane, with its parameters and its past. The assembler
// reads it too.
type smoothingLanes struct {
	level, rest              lane
	alpha, delta, omega, phi lane
	together                 lane // alpha + delta + omega
	wrong                    lane // sum of the absolute errors of the forecasts for the judged days
	day                      [hoursADay]lane
	week                     [7 * hoursADay]lane
	hours                    [runHours]lane
}

type lane = [smoothingWidth]float32

// The offsets that the assembler has.
var (
	_ [unsafe.Offsetof(smoothingLanes{}.day) - 256]struct{}
	_ [256 - unsafe.Offsetof(smoothingLanes{}.day)]struct{}
	_ [unsafe.Offsetof(smoothingLanes{}.hours) - 6400]struct{}
	_ [6400 - unsafe.Offsetof(smoothingLanes{}.hours)]struct{}
)

// fits reports whether a past can be smoothed in a lane: it has no gap.
func (p *past) fits() bool {
	all := uint32(allColumns)
	for _, known := range p.grid.known[1 : runDays+1] {
		all &= known
	}
	return all == allColumns
}

// read takes in up to smoothingWidth pasts without gaps. Lanes that are left are those of the
// last one.
func (l *smoothingLanes) read(pasts []*past) {
	var hours [smoothingWidth]*[runHours]float32
	for i := range hours {
		g := &pasts[min(i, len(pasts)-1)].grid
		hours[i] = (*[runHours]float32)(g.y[(pastDays-runDays)*hoursADay:])
	}
	transposeHours(&hours, &l.hours)
}

// run smooths each past that was read with its choice, and returns the mean absolute error of
// the forecasts for so many of the last days, as contest.run does.
func (l *smoothingLanes) run(choices []choice, judged int) (wrong lane) {
	for i := range smoothingWidth {
		p := choices[min(i, len(choices)-1)].parameters()
		l.alpha[i], l.delta[i], l.omega[i], l.phi[i] = p.alpha, p.delta, p.omega, p.phi
		l.together[i] = p.alpha + p.delta + p.omega
	}
	startLanes(l)
	runLanes(l, startDays, runDays-startDays, judged)
	for i := range wrong {
		wrong[i] = l.wrong[i] / float32(judgedDays*hoursADay)
	}
	return wrong
}

// write copies what forecasts need of a lane: of the weekly pattern the two days ahead.
func (l *smoothingLanes) write(i int, s *dshw) {
	s.level, s.rest = l.level[i], l.rest[i]
	for h := range s.day {
		s.day[h] = l.day[h][i]
	}
	for _, day := range [...]int{dayAhead, secondDay} {
		first := (pastDays - day) % 7 * hoursADay
		for h, v := range l.week[first : first+hoursADay] {
			s.week[first+h] = v[i]
		}
	}
}
