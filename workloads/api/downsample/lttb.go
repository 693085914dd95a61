// Package downsample chooses which points of a series are drawn.
package downsample

import "math"

// LTTB chooses at most want of the points so that a line through them looks
// like the line through all (largest triangle, three buckets: Steinarsson,
// "Downsampling Time Series for Visual Representation", 2013). It returns
// indices in rising order. The first and the last point are always kept. y is
// taken to be evenly spaced; NaN is a gap.
//
// Largest triangles ignore a gap, so the method runs on each stretch without
// gaps, with its share of the points, and one index of each gap is kept, so
// that a line drawn through the choice breaks where the data does. If there
// are more gaps than points to give, the gaps go first: each stretch keeps at
// least its ends as long as want allows.
func LTTB(y []float64, want int) []int {
	n := len(y)
	if n <= want || n <= 2 {
		return allIndices(n)
	}
	if want < 2 {
		return []int{0}[:max(0, min(want, 1))]
	}
	runs := stretches(y)
	if len(runs) == 1 && !runs[0].gap {
		return largestTriangles(nil, y, 0, n, want)
	}
	if 3*len(runs) > want {
		// Too torn for shares: take every k-th point, gaps included.
		return evenly(n, want)
	}
	return byStretch(y, runs, want)
}

// stretch is a run of values, or of gaps: y[from:to].
type stretch struct {
	from, to int
	gap      bool
}

func stretches(y []float64) []stretch {
	var out []stretch
	for i := range y {
		gap := math.IsNaN(y[i])
		if len(out) == 0 || out[len(out)-1].gap != gap {
			out = append(out, stretch{from: i, gap: gap})
		}
		out[len(out)-1].to = i + 1
	}
	return out
}

// byStretch gives each gap its ends' first index (both at the edges) and each stretch
// two points and a share of what is left, by length.
func byStretch(y []float64, runs []stretch, want int) []int {
	n := len(y)
	values, free := 0, want
	for _, r := range runs {
		if r.gap {
			free -= gapPoints(r, n)
			continue
		}
		values += r.to - r.from
		free -= min(2, r.to-r.from)
	}
	out := make([]int, 0, want)
	for _, r := range runs {
		size := r.to - r.from
		if r.gap {
			out = append(out, r.from)
			if gapPoints(r, n) == 2 {
				out = append(out, r.to-1)
			}
			continue
		}
		share := min(2, size) + free*size/values
		out = largestTriangles(out, y, r.from, r.to, min(share, size))
	}
	return out
}

// gapPoints is how many indices stand for a gap: a gap at the end of the data
// also keeps the last index.
func gapPoints(r stretch, n int) int {
	if r.to == n && r.to-r.from > 1 {
		return 2
	}
	return 1
}

// largestTriangles appends want indices of y[from:to], which has no gap.
func largestTriangles(dst []int, y []float64, from, to, want int) []int {
	n := to - from
	if n <= want || want < 2 {
		for i := range min(n, max(want, 1)) {
			dst = append(dst, from+i)
		}
		return dst
	}
	dst = append(dst, from)
	last, inner := from, want-2
	for b := range inner {
		lo, hi := bucket(from, n, inner, b)
		nextLo, nextHi := bucket(from, n, inner, b+1)
		cx, cy := centre(y, nextLo, nextHi)
		best, area := lo, -1.0
		for i := lo; i < hi; i++ {
			a := math.Abs((float64(last)-cx)*(y[i]-y[last]) - float64(last-i)*(cy-y[last]))
			if a > area {
				best, area = i, a
			}
		}
		dst = append(dst, best)
		last = best
	}
	return append(dst, to-1)
}

// bucket b of the points between the first and the last; bucket `inner` is the
// last point.
func bucket(from, n, inner, b int) (lo, hi int) {
	if b == inner {
		return from + n - 1, from + n
	}
	return from + 1 + b*(n-2)/inner, from + 1 + (b+1)*(n-2)/inner
}

func centre(y []float64, lo, hi int) (x, mean float64) {
	for i := lo; i < hi; i++ {
		mean += y[i]
	}
	return float64(lo+hi-1) / 2, mean / float64(hi-lo)
}

func evenly(n, want int) []int {
	out := make([]int, want)
	for i := range out {
		out[i] = i * (n - 1) / (want - 1)
	}
	return out
}

func allIndices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
