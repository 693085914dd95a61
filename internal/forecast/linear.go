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
	for k := 0; k < hoursADay; k += lane {
		sum := l.lane(past, level, k)
		for i := range sum {
			out[k+i] = level + sum[i]
		}
	}
}

// lane is the number of columns that are mapped at a time: as many sums as stay
// in registers.
const lane = 8

func (l *LinearMap) lane(past *[linearHours]float32, level float32, k int) [lane]float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for i, v := range past {
		v -= level
		w := (*[lane]float32)(l.Weight[i][k:])
		s0 += w[0] * v
		s1 += w[1] * v
		s2 += w[2] * v
		s3 += w[3] * v
		s4 += w[4] * v
		s5 += w[5] * v
		s6 += w[6] * v
		s7 += w[7] * v
	}
	return [lane]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}
