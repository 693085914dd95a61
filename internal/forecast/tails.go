package forecast

// tailLength is how many of the smallest and greatest values are kept: enough
// for the 10 % and 90 % quantile of 28 values, which lie at rank 2.9 from the
// ends.
const tailLength = 3

// tails collects up to 28 values and keeps both ends sorted, which is all that
// their outer quantiles need. The zero value is ready.
type tails struct {
	n       int
	lowest  [tailLength]float32 // ascending
	highest [tailLength]float32 // descending
}

func (t *tails) add(v float32) {
	kept := min(t.n, tailLength)
	if kept < tailLength || v < t.lowest[kept-1] {
		i := min(kept, tailLength-1)
		for ; i > 0 && t.lowest[i-1] > v; i-- {
			t.lowest[i] = t.lowest[i-1]
		}
		t.lowest[i] = v
	}
	if kept < tailLength || v > t.highest[kept-1] {
		i := min(kept, tailLength-1)
		for ; i > 0 && t.highest[i-1] < v; i-- {
			t.highest[i] = t.highest[i-1]
		}
		t.highest[i] = v
	}
	t.n++
}

// quantiles10and90 are the values at rank 0.1(n+1) from both ends,
// interpolated. n is 10 to 28.
func (t *tails) quantiles10and90() (low, high float32) {
	rank := 0.1 * float32(t.n+1)
	below := min(max(int(rank), 1), tailLength-1)
	fraction := min(max(rank-float32(below), 0), 1)
	low = t.lowest[below-1] + fraction*(t.lowest[below]-t.lowest[below-1])
	high = t.highest[below-1] + fraction*(t.highest[below]-t.highest[below-1])
	return low, high
}

// sortedQuantile is the value at rank p(n+1) of ascending values, interpolated.
func sortedQuantile(sorted []float32, p float64) float32 {
	n := len(sorted)
	rank := p * float64(n+1)
	below := int(rank)
	switch {
	case below < 1:
		return sorted[0]
	case below >= n:
		return sorted[n-1]
	}
	fraction := float32(rank - float64(below))
	return sorted[below-1] + fraction*(sorted[below]-sorted[below-1])
}
