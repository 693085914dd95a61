package forecast

// linearHours is how much of the past the linear map looks at.
const linearHours = 336

// LinearMap maps two weeks to the day ahead: weights by lag, oldest first, then by
// column. It works on values without their mean, so that it serves any level.
type LinearMap struct {
	Weight [linearHours][hoursADay]float32
}

// forecast maps the 336 hours before day t.
func (l *LinearMap) forecast(g *grid, t int, out *[hoursADay]float32) {
	past := (*[linearHours]float32)(g.y[gridHours-t*hoursADay-linearHours:])
	var level float32
	for _, v := range past {
		level += v
	}
	level /= linearHours
	var sum [hoursADay]float32
	for i, v := range past {
		v -= level
		for k, w := range &l.Weight[i] {
			sum[k] += w * v
		}
	}
	for k := range out {
		out[k] = level + sum[k]
	}
}
