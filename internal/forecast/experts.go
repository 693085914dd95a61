package forecast

// The experts whose forecasts are combined: the places of their forecasts.
const (
	expertMedian = iota
	expertDSHW
	expertRegression
	expertTrees
	experts
)

// expertTable has a row for each expert, in the order in which they forecast: an
// expert may use the forecasts of those before it. A new one is a row, and a change
// of the version of states, which hold its weight.
var expertTable = [experts]expert{
	expertMedian:     medianExpert,
	expertDSHW:       dshwExpert,
	expertRegression: regressionExpert,
	expertTrees:      treesExpert,
}

// expert is one way to forecast a day.
type expert struct {
	name string // as reports show it

	// prior is what its weight starts from, over that of an expert of which nothing
	// more is known than its errors.
	prior float32

	// forecast fills in a day, in kWh for each column. The forests add to that of the trees.
	forecast func(in *expertInput, out *[hoursADay]float32)
}

// expertInput is what a day is forecast from.
type expertInput struct {
	state      *meterState // what was learned about the meter
	grid       *grid
	view       *view
	week       *sevenDays // the newest of the view
	days       *days
	day        int                  // that is forecast: dayAhead or secondDay
	first      *[hoursADay]float32  // for the second day: what the regression forecast for the first
	correction *[regressors]float32 // of the regression, for the meter
	smoothed   *dshw                // double seasonal smoothing at the end of the past
	before     *expertForecasts     // of the experts earlier in the table

	// Memory of the experts, which training looks into.
	x     *regressorInput
	trees *treeInput
}

// expertForecasts are the experts' forecasts for a day, in kWh.
type expertForecasts = [experts][hoursADay]float32

// ExpertNames names the experts, in the order of an Inspection's forecasts.
func ExpertNames() (names []string) {
	for i := range expertTable {
		names = append(names, expertTable[i].name)
	}
	return names
}
