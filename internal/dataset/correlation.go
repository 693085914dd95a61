package dataset

import "math"

// Correlation gathers pairs of values for Pearson's correlation, in constant memory.
type Correlation struct{ n, x, y, xx, yy, xy float64 }

// Add takes a pair.
func (p *Correlation) Add(x, y float64) {
	p.n++
	p.x += x
	p.y += y
	p.xx += x * x
	p.yy += y * y
	p.xy += x * y
}

// Value is the correlation, from -1 to 1; not a number if one side never changes.
func (p *Correlation) Value() float64 {
	return (p.n*p.xy - p.x*p.y) / math.Sqrt((p.n*p.xx-p.x*p.x)*(p.n*p.yy-p.y*p.y))
}
