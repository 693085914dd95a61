package dsm

import "golang.org/x/sys/cpu"

// hasVectors reports whether the processor has the instructions of the assembly.
var hasVectors = cpu.X86.HasAVX2

// drawScenarios fills in the loads of some blocks of four slots, and the sum of their
// deviations from the median over the scenarios.
//
//go:noescape
func drawScenarios(z *normalErrors, s *scenarioSpreads, blocks int, load *scenarioLoads)

// evaluateShift evaluates moved load in all scenarios, as planner.evaluate does in one.
//
//go:noescape
func evaluateShift(load *scenarioLoads, s *shiftSlots, out *scenarioWorths)
