package forecast

// The experts whose forecasts are combined.
const (
	expertMedian     = iota // median of the same weekday of four weeks
	expertDSHW              // double seasonal Holt-Winters
	expertRegression        // global regression, corrected for the meter
	expertTrees             // regression and forest
	experts
)

// expertForecasts are the experts' forecasts for a day, in kWh.
type expertForecasts = [experts][hoursADay]float32

// ExpertNames names the experts, in the order in which they are reported.
func ExpertNames() []string {
	return []string{"median4wk", "dshw", "rls", "trees"}
}
