package forecast

import "golang.org/x/sys/cpu"

// hasVectors reports whether the processor has the instructions of vectors_amd64.s.
var hasVectors = cpu.X86.HasAVX2

// addTrees adds the value of each of n trees, one after the other, to the sum of each column.
//
//go:noescape
func addTrees(trees *vectorTree, n int, ranks *rankedInput, sum *[hoursADay]float32)

// addPairs adds the values of trees, two at a time, to the sum of each column.
//
//go:noescape
func addPairs(trees *vectorTree, pairs int, ranks *rankedInput, sum *[hoursADay]float32)

// rankColumns counts how many of n cuts lie below the value of each column.
//
//go:noescape
func rankColumns(x *[hoursADay]float32, cuts *float32, n int, ranks *[lanes]uint64)

// addProducts adds Σ weighted·xᵀ over some columns of a day to a square, one after the other.
//
//go:noescape
func addProducts(square *[regressors][regressors]float32, x, weighted *[hoursADay][regressors]float32, columns int)
