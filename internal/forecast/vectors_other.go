//go:build !amd64

package forecast

// hasVectors is false: portable code gives the same bits.
const hasVectors = false

func addTrees(*vectorTree, int, *rankedInput, *forestSums)                      {}
func addPairs(*vectorTree, int, *rankedInput, *forestSums)                      {}
func rankColumns(_, _ *[hoursADay]float32, _ *float32, _ int, _ *[words]uint64) {}
func addProducts(*[regressors][regressors]float32, *[hoursADay][regressors]float32, *[hoursADay][regressors]float32, int) {
}
func markRows(*[gridHours]float32, *[pastDays + 1]uint32) float32                            { return 0 }
func addLevelsAndChanges(*[hoursADay]float32, int, *[2]float32)                              {}
func addRows(_, _ *[hoursADay]float32, _, _ int)                                             {}
func meanOfRows(*[hoursADay]float32, *int, int, float32, *[hoursADay]float32)                {}
func compareFour(_, _, _, _ *[hoursADay]float32, _ *likeDays)                                {}
func observeWeek(*[hoursADay]float32, *sevenDays, *[hoursADay]float32)                       {}
func countBelow(*errorHalves, *[4]int8, *[4]int32)                                           {}
func fillRegressors(*regressorSources, *regressorInput)                                      {}
func weighRegressors(*[regressors]float32, *regressorInput, float32, *[hoursADay]float32)    {}
func relateProfiles(*[related]*[hoursADay]float32, *[hoursADay]float32, float32, *treeInput) {}
func fillTreeColumns(*treeSources, *treeInput)                                               {}
func transposeHours(*[smoothingWidth]*[runHours]float32, *[runHours]lane)                    {}
func startLanes(*smoothingLanes)                                                             {}
func runLanes(_ *smoothingLanes, _, _, _ int)                                                {}
func decompose(*solveLanes)                                                                  {}
