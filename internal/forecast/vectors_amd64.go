package forecast

import "golang.org/x/sys/cpu"

// hasVectors reports whether the processor has the instructions of the assembly.
var hasVectors = cpu.X86.HasAVX2

// addTrees adds the value of each of n trees, one after the other, to the sum of each column.
//
//go:noescape
func addTrees(trees *vectorTree, n int, ranks *rankedInput, sum *forestSums)

// addPairs adds the values of trees, two at a time, to the sum of each column.
//
//go:noescape
func addPairs(trees *vectorTree, pairs int, ranks *rankedInput, sum *forestSums)

// rankColumns counts how many of n cuts lie below the value of each column, and of the first
// eight of the second day.
//
//go:noescape
func rankColumns(x, second *[hoursADay]float32, cuts *float32, n int, ranks *[words]uint64)

// addProducts adds Σ weighted·xᵀ over some columns of a day to a square, one after the other.
//
//go:noescape
func addProducts(square *[regressors][regressors]float32, x, weighted *[hoursADay][regressors]float32, columns int)

// markRows finds which columns of each day of the past have a number, and the least of all.
//
//go:noescape
func markRows(y *[gridHours]float32, known *[pastDays + 1]uint32) (least float32)

// addLevelsAndChanges adds what levelAndChange finds in some days, the oldest of which is
// given, to two sums, one day after the other.
//
//go:noescape
func addLevelsAndChanges(row *[hoursADay]float32, days int, sums *[2]float32)

// addRows adds rows that lie stride bytes apart to a sum, one after the other.
//
//go:noescape
func addRows(sum, row *[hoursADay]float32, rows, stride int)

// meanOfRows adds the rows of n days up, one after the other, and multiplies the sum. newest
// is the row of day 1.
//
//go:noescape
func meanOfRows(newest *[hoursADay]float32, days *int, n int, factor float32, mean *[hoursADay]float32)

// compareFour compares four days.
//
//go:noescape
func compareFour(a, b, c, d *[hoursADay]float32, out *likeDays)

// observeWeek fills in what a week shows of each column, and the sum of its changes from day
// to day.
//
//go:noescape
func observeWeek(oldest *[hoursADay]float32, week *sevenDays, changes *[hoursADay]float32)

// countBelow counts the errors that lie below each of some codes. Newer ones count twice.
//
//go:noescape
func countBelow(errors *errorHalves, codes *[4]int8, counts *[4]int32)

// fillRegressors fills in the features of the regression.
//
//go:noescape
func fillRegressors(from *regressorSources, x *regressorInput)

// weighRegressors is the weighted sum of the features of each column, times a factor: in four
// sums, which dot describes.
//
//go:noescape
func weighRegressors(weights *[regressors]float32, x *regressorInput, factor float32, out *[hoursADay]float32)

// relateProfiles fills in the features that are profiles less base, in units of the scale.
//
//go:noescape
func relateProfiles(profiles *[related]*[hoursADay]float32, base *[hoursADay]float32, unit float32, x *treeInput)

// fillTreeColumns fills in the other features that a meter has in each column.
//
//go:noescape
func fillTreeColumns(from *treeSources, x *treeInput)

// transposeHours puts the hours of pasts beside each other.
//
//go:noescape
func transposeHours(pasts *[smoothingWidth]*[runHours]float32, hours *[runHours]lane)

// startLanes is dshw.start in each lane.
//
//go:noescape
func startLanes(l *smoothingLanes)

// runLanes is dshw.smooth for some days from the given one on, the oldest being 0, and
// dshw.judge before each of the last that are judged, in each lane.
//
//go:noescape
func runLanes(l *smoothingLanes, first, days, judged int)

// decompose is regression.solve in each lane.
//
//go:noescape
func decompose(l *solveLanes)
