package dsm

import "math"

// hourCost is the cost of one hour as a function of the energy y that leaves the
// store in it, in pieces of ascending slope (see convex). A negative y charges.
type hourCost struct {
	low   float64
	at    float64
	n     int
	slope [4]float64
	size  [4]float64

	// Of the change last found by best: the slopes, as costs per kWh stored, just
	// below and above it.
	slopeBelow, slopeAbove float64
}

// set states the hour's cost:
//
//	f(x) = h(load + a(x)) + wear·max(−a(x),0), a(x) = x/ηc if x ≥ 0, ηd·x if not
//	h(g) = import·max(g,0) − export·max(−g,0)
//
// for y = −x. It is convex where the slopes ascend; false if they do not.
func (c *hourCost) set(p *StorageProblem, t int, load float64) bool {
	in, out := p.ChargeEfficiency, p.DischargeEfficiency
	charge, discharge := p.Charge[t], p.Discharge[t]
	buy, sell := p.Import[t], p.Export[t]
	c.n = 0
	c.low = -charge * in
	c.at = HourCost(buy, sell, load+charge)
	// From charging all to charging nothing, then to discharging all.
	own := min(max(-load, 0), charge) // charged from what would be fed in
	c.piece(-buy/in, (charge-own)*in)
	c.piece(-sell/in, own*in)
	use := min(max(load, 0), discharge) // discharged into the load
	c.piece(-(buy-p.Wear)*out, use/out)
	c.piece(-(sell-p.Wear)*out, (discharge-use)/out)
	for i := 1; i < c.n; i++ {
		if c.slope[i] < c.slope[i-1] {
			return false
		}
	}
	return true
}

func (c *hourCost) piece(slope, size float64) {
	if size <= 0 {
		return
	}
	c.slope[c.n], c.size[c.n] = slope, size
	c.n++
}

// straighten makes slopes ascend that do not: each is at least the one before.
func (c *hourCost) straighten() {
	for i := 1; i < c.n; i++ {
		c.slope[i] = max(c.slope[i], c.slope[i-1])
	}
}

// HourCost is what an hour with a load in kWh costs, in currency: load drawn at the
// price of drawing, load fed in (below 0) at the price that is paid for it.
func HourCost(buy, sell, load float64) float64 {
	if load < 0 {
		return sell * load
	}
	return buy * load
}

// best is the change x of what is stored, from rest, that costs least in this
// hour and those after it. It starts from no change and goes as far as that
// gains more than flat per kWh.
func (c *hourCost) best(later *convex, rest, tiny, flat float64) float64 {
	low, high := c.low, c.low
	for _, size := range c.size[:c.n] {
		high += size
	}
	// In terms of x the hour allows [−high, −low], what comes after it
	// [later.low − rest, later.high − rest].
	least, most := max(-high, later.low-rest), min(-low, later.high()-rest)
	x := min(max(0, least), most)
	if least > most { // bounds that cannot be kept: as near as the hour allows
		x = min(max(least, -high), -low)
	}
	for i := 0; i < 2*maxPieces; i++ {
		slope, step := c.above(x, tiny)
		_, more, _, has := later.slopesAt(rest+x, tiny)
		if !has || x >= most-tiny || slope+more >= -flat {
			break
		}
		x = min(x+min(step, later.toNext(rest+x, tiny)), most)
	}
	for i := 0; i < 2*maxPieces; i++ {
		slope, step := c.below(x, tiny)
		less, _, has, _ := later.slopesAt(rest+x, tiny)
		if !has || x <= least+tiny || slope+less <= flat {
			break
		}
		x = max(x-min(step, later.toPrevious(rest+x, tiny)), least)
	}
	c.slopeAbove, _ = c.above(x, tiny)
	c.slopeBelow, _ = c.below(x, tiny)
	return x
}

// above is the slope of the cost in x just above x and how far it holds; ∞ where
// no more can be charged.
func (c *hourCost) above(x, tiny float64) (slope, step float64) {
	y, end := -x, c.low
	slope = math.Inf(1)
	for i := range c.n {
		if y <= end+tiny {
			return slope, step
		}
		slope, step = -c.slope[i], y-end
		end += c.size[i]
	}
	return slope, step
}

// below is the slope just below x and how far it holds; −∞ where no more can be
// discharged.
func (c *hourCost) below(x, tiny float64) (slope, step float64) {
	y, end := -x, c.low
	for i := range c.n {
		end += c.size[i]
		if y < end-tiny {
			return -c.slope[i], end - y
		}
	}
	return math.Inf(-1), 0
}

// toNext is the distance from x up to the end of its piece.
func (c *convex) toNext(x, tiny float64) float64 {
	end := c.low
	for i := range c.n {
		if end += c.size[i]; x < end-tiny {
			return end - x
		}
	}
	return 0
}

// toPrevious is the distance from x down to the start of its piece.
func (c *convex) toPrevious(x, tiny float64) float64 {
	end, distance := c.low, 0.0
	for i := range c.n {
		if x <= end+tiny {
			return distance
		}
		distance = x - end
		end += c.size[i]
	}
	return distance
}
