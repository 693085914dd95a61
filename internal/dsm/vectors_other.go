//go:build !amd64

package dsm

// hasVectors is false: portable code gives the same bits.
const hasVectors = false

func drawScenarios(*normalErrors, *scenarioSpreads, int, *scenarioLoads) {}
func evaluateShift(*scenarioLoads, *shiftSlots, *scenarioWorths)         {}
