package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/forecast"
)

// Settings of the forest, chosen on March to October 2019.
const (
	trees    = 160
	rate     = 0.1 // of the median that a leaf adds
	pull     = 500 // rows that a leaf's value counts besides its own, at zero
	mostBins = 48  // into which a feature's values are divided
	thinning = 2   // of so many days one is looked at
	edgeRows = 20_000
)

// leftOut are features that helped on the buildings that were learned from and
// misled on homes.
func leftOut(feature int) bool {
	switch feature {
	case forecast.TreeFeatureDSHW, forecast.TreeFeatureHour, forecast.TreeFeatureLevel:
		return true
	}
	return false
}

// rows are the training rows by feature, in bins.
type rows struct {
	bin   [forecast.TreeFeatures][]uint8
	edges [forecast.TreeFeatures][]float32 // bin b holds values up to edges[b]
	left  []float32                        // what is left to explain, in units of the scale
	signs []int32                          // of left
}

func newRows(days [][]sample) *rows {
	r := &rows{}
	var values [forecast.TreeFeatures][]float32
	for i := range days {
		for d := range days[i] {
			if (i+d)%thinning != 0 {
				continue
			}
			s := &days[i][d]
			for k, y := range s.actual {
				if y != y {
					continue
				}
				r.left = append(r.left, (y-s.seen.Forecasts[forecast.ExpertsBefore][k])/s.seen.Scale)
				for f := range values {
					values[f] = append(values[f], s.seen.Trees[f][k])
				}
			}
		}
	}
	r.signs = make([]int32, len(r.left))
	parallel(len(values), func(f int) {
		r.edges[f] = edgesOf(values[f])
		r.bin[f] = make([]uint8, len(values[f]))
		for i, v := range values[f] {
			b, _ := slices.BinarySearch(r.edges[f], v)
			r.bin[f][i] = uint8(b)
		}
	})
	return r
}

// edgesOf divides values into bins of like size.
func edgesOf(values []float32) (edges []float32) {
	var some []float32
	step := max(1, len(values)/edgeRows)
	for i := 0; i < len(values); i += step {
		some = append(some, values[i])
	}
	slices.Sort(some)
	for b := 1; b < mostBins; b++ {
		e := some[b*len(some)/mostBins]
		if len(edges) == 0 || e > edges[len(edges)-1] {
			edges = append(edges, e)
		}
	}
	return edges
}

// fitForest grows trees for least absolute error (Friedman 2001): each follows
// the signs of what is left, and its leaves take the median of it.
func fitForest(days [][]sample) (out forecast.Forest) {
	r := newRows(days)
	leaf := make([]uint8, len(r.left))
	before := meanAbs(r.left)
	for range trees {
		t := r.grow(leaf)
		for i := range r.left {
			r.left[i] -= t.Leaf[leaf[i]]
		}
		out = append(out, t)
	}
	fmt.Printf("forest: %d rows, mean error from %.4f to %.4f of the scale\n", len(r.left), before, meanAbs(r.left))
	return out
}

func meanAbs(values []float32) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Abs(float64(v))
	}
	return sum / float64(len(values))
}

// grow makes one tree; leaf becomes the leaf of each row.
func (r *rows) grow(leaf []uint8) (t forecast.Tree) {
	clear(leaf)
	for i, v := range r.left {
		r.signs[i] = -1
		if v > 0 {
			r.signs[i] = 1
		}
	}
	for level := range forecast.TreeDepth {
		var gains [forecast.TreeFeatures]float64
		var cuts [forecast.TreeFeatures]int
		parallel(forecast.TreeFeatures, func(f int) { gains[f], cuts[f] = r.bestCut(f, leaf, 1<<level) })
		best := 0
		for f := range gains {
			if gains[f] > gains[best] {
				best = f
			}
		}
		t.Feature[level], t.Threshold[level] = uint8(best), r.edges[best][cuts[best]]
		for i, b := range r.bin[best] {
			if int(b) > cuts[best] {
				leaf[i] |= 1 << level
			}
		}
	}
	r.fill(leaf, &t)
	return t
}

type cell struct{ sum, count int32 }

// bestCut finds the threshold of a feature that, asked in all leaves, gains
// most: Σ (Σ sign)²/(rows + pull).
func (r *rows) bestCut(f int, leaf []uint8, leaves int) (gain float64, cut int) {
	bins := len(r.edges[f]) + 1
	if leftOut(f) || bins == 1 {
		return -1, 0
	}
	cells := make([]cell, leaves*bins)
	for i, l := range leaf {
		c := &cells[int(l)*bins+int(r.bin[f][i])]
		c.sum += r.signs[i]
		c.count++
	}
	gains := make([]float64, bins-1)
	for l := range leaves {
		addGains(gains, cells[l*bins:(l+1)*bins])
	}
	for b, g := range gains {
		if g > gain {
			gain, cut = g, b
		}
	}
	return gain, cut
}

// addGains adds what each threshold gains in one leaf.
func addGains(gains []float64, cells []cell) {
	var sum, count, s, n float64
	for _, c := range cells {
		sum, count = sum+float64(c.sum), count+float64(c.count)
	}
	for b := range gains {
		s, n = s+float64(cells[b].sum), n+float64(cells[b].count)
		gains[b] += s*s/(n+pull) + (sum-s)*(sum-s)/(count-n+pull)
	}
}

// fill gives each leaf the median of its rows, less where there are few.
func (r *rows) fill(leaf []uint8, t *forecast.Tree) {
	var in [1 << forecast.TreeDepth][]float32
	for i, l := range leaf {
		in[l] = append(in[l], r.left[i])
	}
	parallel(len(in), func(l int) {
		v := in[l]
		if len(v) == 0 {
			return
		}
		slices.Sort(v)
		n := float64(len(v))
		t.Leaf[l] = float32(rate * float64(v[len(v)/2]) * n / (n + pull))
	})
}
