//go:build !amd64

package forecast

// hasVectors is false: portable code gives the same bits.
const hasVectors = false

func addTrees(*vectorTree, int, *rankedInput, *[hoursADay]float32)   {}
func addPairs(*vectorTree, int, *rankedInput, *[hoursADay]float32)   {}
func rankColumns(*[hoursADay]float32, *float32, int, *[lanes]uint64) {}
func addProducts(*[regressors][regressors]float32, *[hoursADay][regressors]float32, *[hoursADay][regressors]float32, int) {
}
