package forecast

import (
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// Turn is a meter for which an hour ends and a forecast begins.
type Turn struct {
	State  State // of the model whose turn it is
	Window *window.Window
	Out    Quantiles // to be filled in
}

// AdvanceAndForecast is AdvanceAndForecast of each state, for less than one by one: where
// the processor can, it smooths the pasts of several meters beside each other, and solves their
// equations so.
func (c *Combined) AdvanceAndForecast(turns []Turn, h meter.Hour) {
	if !hasVectors {
		for _, t := range turns {
			t.State.AdvanceAndForecast(t.Window, h, t.Out)
		}
		return
	}
	ws := c.spare.Get().(*scratch)
	defer c.spare.Put(ws)
	for batches := (len(turns) + smoothingWidth - 1) / smoothingWidth; batches > 0; batches-- {
		n := (len(turns) + batches - 1) / batches // all of about one size: a batch costs the same, full or not
		ws.turnTogether(turns[:n], h+1)
		turns = turns[n:]
	}
}

// turnTogether makes the turns of at most smoothingWidth meters.
func (ws *scratch) turnTogether(turns []Turn, issue meter.Hour) {
	for i, t := range turns {
		s := t.State.(*meterState)
		ws.past = &ws.pasts[i]
		s.begin(ws, t.Window, issue, s.learnsAfter(issue-1), len(t.Out.P50))
	}
	jobs := ws.jobs[:0]
	for i, t := range turns {
		jobs = t.State.(*meterState).jobs(&ws.pasts[i], jobs)
	}
	ws.solver.solve(jobs)
	ws.smoothTogether(turns, issue)
	for i, t := range turns {
		ws.past = &ws.pasts[i]
		t.State.(*meterState).end(ws, issue, t.Out)
	}
}

// smoothTogether is meterState.smooth for some meters: in lanes where that is possible.
func (ws *scratch) smoothTogether(turns []Turn, issue meter.Hour) {
	var plain, tried laneList
	for i, t := range turns {
		s, p := t.State.(*meterState), &ws.pasts[i]
		first := p.learns && s.smoothing == untuned && p.grid.days >= tuningDays
		if !p.known || first || !p.fits() {
			s.smooth(p, issue)
			continue
		}
		if trial, due := s.smoothing.trial(&p.grid, issue); due && p.learns {
			tried.add(s, p, trial)
		} else {
			plain.add(s, p, untuned)
		}
	}
	if plain.n > 0 {
		ws.lanes.read(plain.pasts[:plain.n])
		ws.lanes.run(plain.choices[:plain.n], 0)
		for i, p := range plain.pasts[:plain.n] {
			p.smoothed = &p.dshw[0]
			ws.lanes.write(i, p.smoothed)
		}
	}
	if tried.n > 0 {
		ws.lanes.read(tried.pasts[:tried.n])
		wrong := ws.lanes.run(tried.choices[:tried.n], judgedDays)
		for i, p := range tried.pasts[:tried.n] {
			ws.lanes.write(i, &p.dshw[0])
		}
		triedWrong := ws.lanes.run(tried.trials[:tried.n], judgedDays)
		for i, p := range tried.pasts[:tried.n] {
			ws.lanes.write(i, &p.dshw[1])
			p.smoothed = tried.states[i].smoothing.settle(&p.dshw, tried.trials[i], wrong[i], triedWrong[i])
		}
	}
}

// laneList are the meters that are smoothed in lanes.
type laneList struct {
	n       int
	states  [smoothingWidth]*meterState
	pasts   [smoothingWidth]*past
	choices [smoothingWidth]choice
	trials  [smoothingWidth]choice
}

func (l *laneList) add(s *meterState, p *past, trial choice) {
	l.states[l.n], l.pasts[l.n], l.choices[l.n], l.trials[l.n] = s, p, s.smoothing, trial
	l.n++
}
