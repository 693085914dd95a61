package forecast

import (
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// Sizes of what an Inspection holds.
const (
	Columns       = hoursADay
	Regressors    = regressors
	TreeFeatures  = treeFeatures
	TreeDepth     = depth
	ExpertsBefore = expertRegression // the forest corrects this expert
	Experts       = experts
	SpreadDays    = spreadDays
)

// HoursNeeded is how long a window has to be for the engine to see all that it
// looks at: seven weeks, and an hour more where clocks went back.
const HoursNeeded = gridHours + 1

// Inspection is what the experts see and say of one meter on one day. Training
// and reports look at it.
type Inspection struct {
	Level, Scale float32                        // kWh
	Days         int                            // of history
	Regressors   [hoursADay][regressors]float32 // in units of Level
	Trees        treeInput
	Forecasts    [experts][hoursADay]float32 // kWh
	Combined     [hoursADay]float32          // kWh
	Below, Over  [hoursADay]float32          // usual width of the interval, kWh
	Hours        [hoursADay]meter.Hour       // that the columns stand for; NoHour for one that the day lacks
	Columns      [MaxDay]int                 // of the hours of the day
}

// Inspect describes the day ahead of the issue time that the state has turned to last. It
// returns false if there is no forecast for it.
func Inspect(state State, w *window.Window, in *Inspection) bool {
	return inspect(state, w, dayAhead, in)
}

// InspectSecond describes the day after that.
func InspectSecond(state State, w *window.Window, in *Inspection) bool {
	return inspect(state, w, secondDay, in)
}

func inspect(state State, w *window.Window, day int, in *Inspection) bool {
	s := state.(*meterState)
	if s.ahead.issue == meter.NoHour {
		return false
	}
	ws := s.model.spare.Get().(*scratch)
	defer s.model.spare.Put(ws)
	d, a := s.model.daysAt(s.ahead.issue), &ws.ahead
	ws.past = &ws.pasts[0]
	if !ws.grid.read(w, s.model.cal, d) {
		return false
	}
	smoothed := &ws.dshw[0]
	smoothed.run(&ws.grid, s.smoothing.parameters())
	s.predict(ws, d, smoothed, &s.regression.delta, dayAhead)
	if day == secondDay {
		elsewhere := s.regression.solve(trustElsewhere)
		s.predict(ws, d, smoothed, &elsewhere, secondDay)
	}
	s.look(ws, d.issue, &ws.day.forecasts, day, 0, hoursADay, a)
	in.Forecasts, in.Trees = ws.day.forecasts, ws.day.trees
	in.Trees.spread()
	in.Trees.fillCalendar(d, day)
	in.Level, in.Scale, in.Days = ws.grid.level, ws.grid.scale, ws.grid.days
	for i := range ws.x {
		for k, v := range ws.x[i] {
			in.Regressors[k][i] = v
		}
	}
	in.Combined = a.middle
	for k := range in.Below {
		in.Below[k], in.Over[k] = a.scale*s.model.table.of(a.below[k]), a.scale*s.model.table.of(a.over[k])
		in.Hours[k] = meter.NoHour
	}
	for i := range d.at(day).hours {
		in.Columns[i] = d.column(s.model.cal, day, i)
		in.Hours[in.Columns[i]] = d.at(day).start + meter.Hour(i)
	}
	return true
}

// UsualErrors turns the errors of many meters, in units of their scale and in
// ascending order, into what a new meter's interval rests on.
func UsualErrors(sorted []float32) (out [spreadDays]int8) {
	t := newErrorTable()
	for i := range out {
		out[i] = t.code(sorted[(2*i+1)*len(sorted)/(2*spreadDays)])
	}
	return out
}
