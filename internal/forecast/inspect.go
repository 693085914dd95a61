package forecast

import (
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// Sizes of what an Inspection holds.
const (
	Columns      = hoursADay
	Regressors   = regressors
	TreeFeatures = treeFeatures

	// Places of single features of the forest.
	TreeFeatureDSHW  = 10 // the forecast of double seasonal smoothing
	TreeFeatureHour  = 18 // local hour
	TreeFeatureLevel = 24 // level in units of the scale
	TreeDepth        = depth
	ExpertTrees      = expertTrees
	ExpertsBefore    = expertRegression // the forest corrects this expert
	Experts          = experts
	SpreadDays       = spreadDays
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
	Trees        [treeFeatures][hoursADay]float32
	Forecasts    [experts][hoursADay]float32 // kWh
	Combined     [hoursADay]float32          // kWh
	Low, High    [hoursADay]float32
	Hours        [hoursADay]meter.Hour // that the columns stand for; NoHour for one that the day lacks
	Columns      [MaxHorizon]int       // of the hours of the day
}

// Inspect describes the issue time that the state has turned to last. It returns
// false if there is no forecast for it.
func Inspect(state State, w *window.Window, in *Inspection) bool {
	s := state.(*meterState)
	if s.ahead.issue == meter.NoHour {
		return false
	}
	ws := s.model.spare.Get().(*scratch)
	defer s.model.spare.Put(ws)
	d := s.model.daysAt(s.ahead.issue)
	if !ws.grid.read(w, s.model.cal, d) {
		return false
	}
	s.predictAgain(ws, d)
	in.Forecasts = ws.forecasts
	in.Level, in.Scale, in.Days = ws.grid.level, ws.grid.scale, ws.grid.days
	in.Regressors, in.Trees = ws.x, ws.trees
	in.Combined = s.ahead.middle
	for k := range in.Low {
		in.Low[k], in.High[k] = s.ahead.bounds(s.model.table, k)
	}
	for k := range in.Hours {
		in.Hours[k] = meter.NoHour
	}
	for i := range d.day[0].hours {
		in.Columns[i] = d.column(s.model.cal, 0, i)
		in.Hours[in.Columns[i]] = d.day[0].start + meter.Hour(i)
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
