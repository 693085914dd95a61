//go:build !amd64

package forecast

// hasVectors is false: forests are evaluated eight columns at a time, to the same bits.
const hasVectors = false

func addTrees(*vectorTree, int, *rankedInput, *[hoursADay]float32)   {}
func addPairs(*vectorTree, int, *rankedInput, *[hoursADay]float32)   {}
func rankColumns(*[hoursADay]float32, *float32, int, *[lanes]uint64) {}
