package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/forecast"
)

// Settings of the forests, chosen on February to October 2019.
const (
	trees      = 200
	rate       = 0.1 // of the median that a leaf adds
	widthTrees = 40
	widthRate  = 0.2 // of the quantile that a leaf of the width adds
	pull       = 500 // rows that a leaf's value counts besides its own, at zero
	mostBins   = 48  // into which a feature's values are divided
	edgeRows   = 20_000
	shares     = 4 // of the rows: one is asked for a tree's questions, and two others for its leaves
)

// rows are the training rows by feature, in bins.
type rows struct {
	bin   [forecast.TreeFeatures][]uint8
	edges [forecast.TreeFeatures][]float32 // bin b holds values up to edges[b]
	goals []goal
	leaf  []uint8 // of each row, in the tree that is grown
}

// goal is a quantile that is to be explained.
type goal struct {
	up, down int32 // quantile = up/(up+down): what a value above it counts, and one below
	rate     float64
	left     []float32 // what is left to explain, in units of the scale
	signs    []int32
	out      *forecast.Leaves // of the tree that is grown
}

// newRows turns days into rows, in their order: the days are shuffled, so that each share
// of the rows is like the others.
func newRows(days []*sample, goals ...goal) *rows {
	r := &rows{goals: goals}
	var values [forecast.TreeFeatures][]float32
	for _, s := range days {
		for k, y := range s.actual {
			if y != y {
				continue
			}
			for f := range values {
				values[f] = append(values[f], s.seen.Trees[f][k])
			}
		}
	}
	parallel(len(values), func(f int) {
		r.edges[f] = edgesOf(values[f])
		r.bin[f] = make([]uint8, len(values[f]))
		for i, v := range values[f] {
			b, _ := slices.BinarySearch(r.edges[f], v)
			r.bin[f][i] = uint8(b)
		}
	})
	r.leaf = make([]uint8, len(values[0]))
	for g := range r.goals {
		r.goals[g].signs = make([]int32, len(r.leaf))
	}
	return r
}

// errorsOf are the errors of a forecast at all rows, in units of the scale.
func errorsOf(days []*sample, forecast func(s *sample, k int) float32) (out []float32) {
	for _, s := range days {
		for k, y := range s.actual {
			if y == y {
				out = append(out, (y-forecast(s, k))/s.seen.Scale)
			}
		}
	}
	return out
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
func fitForest(days []*sample) (out forecast.Forest) {
	left := errorsOf(days, func(s *sample, k int) float32 { return s.seen.Forecasts[forecast.ExpertsBefore][k] })
	r := newRows(days, goal{up: 1, down: 1, rate: rate, left: left})
	before := meanAbs(left)
	for i := range trees {
		t := forecast.Tree{}
		r.goals[0].out = &t.Leaf
		t.Questions = r.grow(i)
		out = append(out, t)
	}
	fmt.Printf("forest: %d rows, mean error from %.4f to %.4f of the scale\n", len(left), before, meanAbs(left))
	return out
}

// fitWidth grows trees for the least pinball loss at 10 % and 90 % of the errors of the
// engine's forecast.
func fitWidth(days []*sample) (out forecast.WidthForest) {
	below := errorsOf(days, func(s *sample, k int) float32 { return s.seen.Combined[k] })
	over := slices.Clone(below)
	sortedErrors := slices.Clone(below)
	slices.Sort(sortedErrors)
	out.Below, out.Over = -sortedErrors[len(below)/10], sortedErrors[len(below)*9/10]
	for i := range below {
		below[i] = -below[i] - out.Below // as a width is counted, away from the forecast
		over[i] -= out.Over
	}
	r := newRows(days, goal{up: 9, down: 1, rate: widthRate, left: below}, goal{up: 9, down: 1, rate: widthRate, left: over})
	for i := range widthTrees {
		t := forecast.WidthTree{}
		r.goals[0].out, r.goals[1].out = &t.Below, &t.Over
		t.Questions = r.grow(i)
		out.Trees = append(out.Trees, t)
	}
	fmt.Printf("width: from %.3f and %.3f of the scale\n", out.Below, out.Over)
	return out
}

func meanAbs(values []float32) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Abs(float64(v))
	}
	return sum / float64(len(values))
}

// share is a part of the rows.
func (r *rows) share(i int) (from, to int) {
	n := len(r.leaf)
	return n * (i % shares) / shares, n * (i%shares + 1) / shares
}

// grow makes tree i, and subtracts it from what is left.
func (r *rows) grow(i int) (q forecast.Questions) {
	clear(r.leaf)
	from, to := r.share(i)
	for g := range r.goals {
		o := &r.goals[g]
		for i := from; i < to; i++ {
			o.signs[i] = -o.down
			if o.left[i] > 0 {
				o.signs[i] = o.up
			}
		}
	}
	for level := range forecast.TreeDepth {
		var gains [forecast.TreeFeatures]float64
		var cuts [forecast.TreeFeatures]int
		parallel(forecast.TreeFeatures, func(f int) { gains[f], cuts[f] = r.bestCut(f, from, to, 1<<level) })
		best := 0
		for f := range gains {
			if gains[f] > gains[best] {
				best = f
			}
		}
		q.Feature[level], q.Threshold[level] = uint8(best), r.edges[best][cuts[best]]
		for i, b := range r.bin[best] {
			if int(b) > cuts[best] {
				r.leaf[i] |= 1 << level
			}
		}
	}
	for g := range r.goals {
		r.fill(&r.goals[g], i)
	}
	return q
}

type cell struct{ sum, count int32 }

// bestCut finds the threshold of a feature that, asked in all leaves, gains
// most: Σ (Σ sign)²/(rows + pull), over the goals.
func (r *rows) bestCut(f, from, to, leaves int) (gain float64, cut int) {
	bins := len(r.edges[f]) + 1
	if bins == 1 {
		return -1, 0
	}
	gains := make([]float64, bins-1)
	cells := make([]cell, leaves*bins)
	for g := range r.goals {
		clear(cells)
		signs := r.goals[g].signs[from:to]
		bin, leaf := r.bin[f][from:to], r.leaf[from:to]
		for i, s := range signs {
			c := &cells[int(leaf[i])*bins+int(bin[i])]
			c.sum += s
			c.count++
		}
		for l := range leaves {
			addGains(gains, cells[l*bins:(l+1)*bins])
		}
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

// fill gives each leaf the quantile of its rows, less where there are few.
func (r *rows) fill(o *goal, i int) {
	const leaves = 1 << forecast.TreeDepth
	var in [leaves][]float32
	for _, share := range [...]int{i + 1, i + 2} {
		from, to := r.share(share)
		for row := from; row < to; row++ {
			in[r.leaf[row]] = append(in[r.leaf[row]], o.left[row])
		}
	}
	parallel(leaves, func(l int) {
		v := in[l]
		if len(v) == 0 {
			return
		}
		slices.Sort(v)
		n := float64(len(v))
		o.out[l] = float32(o.rate * float64(v[len(v)*int(o.up)/int(o.up+o.down)]) * n / (n + pull))
	})
	for i, l := range r.leaf {
		o.left[i] -= o.out[l]
	}
}
