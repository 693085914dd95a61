package dsm

// maxPieces bounds the pieces of a value function: an hour adds at most three,
// the value of what is left at the end at most one.
const maxPieces = 3*maxSlots + 1

// convex is a convex piecewise-linear function on the interval that begins at
// low and is as long as all pieces together. Slopes ascend; no piece is empty.
// With no piece the interval is the point low.
type convex struct {
	low   float64 // where the interval begins
	at    float64 // value there
	n     int
	slope [maxPieces]float64
	size  [maxPieces]float64
}

// begin makes the function the point (low, at).
func (c *convex) begin(low, at float64) { c.low, c.at, c.n = low, at, 0 }

// extend adds a piece at the right end; an empty one adds nothing.
func (c *convex) extend(slope, size float64) {
	if size <= 0 {
		return
	}
	if c.n > 0 && c.slope[c.n-1] == slope {
		c.size[c.n-1] += size
		return
	}
	c.slope[c.n], c.size[c.n] = slope, size
	c.n++
}

// high is where the interval ends.
func (c *convex) high() float64 {
	x := c.low
	for _, size := range c.size[:c.n] {
		x += size
	}
	return x
}

// value is the function at x, which lies in the interval or is taken to.
func (c *convex) value(x float64) float64 {
	v, left := c.at, x-c.low
	for i := 0; i < c.n && left > 0; i++ {
		step := min(left, c.size[i])
		v += c.slope[i] * step
		left -= step
	}
	return v
}

// convolve sets c to min over y of hour(y) + later(x−y), the infimal convolution:
// its pieces are those of both, in order of slope (Rockafellar 1970, section 16).
// hour has few pieces, so this takes as long as later has pieces.
func (c *convex) convolve(hour *hourCost, later *convex) {
	c.begin(hour.low+later.low, hour.at+later.at)
	i, j := 0, 0
	for i < hour.n || j < later.n {
		if j == later.n || i < hour.n && hour.slope[i] <= later.slope[j] {
			c.extend(hour.slope[i], hour.size[i])
			i++
		} else {
			c.extend(later.slope[j], later.size[j])
			j++
		}
	}
}

// clip restricts the function to [low, high]; false if nothing is left. What a
// rounding error would cut off counts as left.
func (c *convex) clip(low, high, tiny float64) bool {
	end := c.high()
	if c.low > high+tiny || end < low-tiny || high < low-tiny {
		return false
	}
	first := 0
	for first < c.n && c.low < low {
		step := min(c.size[first], low-c.low)
		c.at += c.slope[first] * step
		if step < c.size[first] {
			c.size[first] -= step
			c.low = low
			break
		}
		c.low += step
		first++
	}
	if first > 0 {
		copy(c.slope[:], c.slope[first:c.n])
		copy(c.size[:], c.size[first:c.n])
		c.n -= first
	}
	over := end - high
	for c.n > 0 && over > 0 {
		last := c.n - 1
		if over < c.size[last] {
			c.size[last] -= over
			break
		}
		over -= c.size[last]
		c.n--
	}
	return true
}

// stretch makes it the function of r times its argument, 0 < r ≤ 1.
func (c *convex) stretch(r float64) {
	if r == 1 {
		return
	}
	c.low /= r
	for i := range c.n {
		c.slope[i] *= r
		c.size[i] /= r
	}
}

// slopesAt are the slopes just below and just above x. Beyond an end of the
// interval there is none: has marks which there are.
func (c *convex) slopesAt(x, tiny float64) (below, above float64, hasBelow, hasAbove bool) {
	end := c.low
	for i := range c.n {
		begin := end
		end += c.size[i]
		if x > begin+tiny {
			below, hasBelow = c.slope[i], true
		}
		if x < end-tiny {
			above, hasAbove = c.slope[i], true
			return below, above, hasBelow, hasAbove
		}
	}
	return below, above, hasBelow, hasAbove
}
