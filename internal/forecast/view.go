package forecast

// view is what one day is forecast from: profiles of earlier days, a value for
// each column, and a few levels. All in kWh. Nothing of the day itself nor of a
// later one is in it.
type view struct {
	first int // the newest day that is known, as days before the issue

	lag1, lag2, lag3 [hoursADay]float32 // the newest days that are known
	like1, like2     [hoursADay]float32 // the nearest days of the same weekday
	likeDays                            // up to 4 of them
	sameType1        [hoursADay]float32 // the nearest day of the same type
	sameTypeMean     [hoursADay]float32 // of 5 of them
	mean7, mean28    [hoursADay]float32 // of all days of one and four weeks
	before           [hoursADay]float32 // mean of up to 4 days of the weekday of the newest day

	level1, level7, level28, levelLike float32 // means of lag1, mean7, mean28 and likeMean
	levelBefore                        float32 // mean of the week before that of level7
	last4                              float32 // mean of the newest four hours

	// How the newest hour, the newest four, the newest half day and the newest day differ
	// from the mean of the days that are like that day.
	surprise1, surprise4, surprise12, surpriseDay float32
}

// likeDays are days of the same weekday, compared.
type likeDays struct {
	likeMean   [hoursADay]float32
	likeMedian [hoursADay]float32
	likeRange  [hoursADay]float32 // greatest less least
}

// look fills the view for day t of the grid, as it was to be seen before the first day
// that is forecast together with it. For the second day it has just been filled for the first,
// which sees the same past.
func (v *view) look(g *grid, d *days, t int) {
	c, first := d.comparedWith(t), max(t, dayAhead)+1
	for part := range 2 {
		from, to := d.columnsOf(part)
		if from == to {
			continue
		}
		like := c.like[part]
		copy(v.like1[from:to], g.row(like[0])[from:to])
		copy(v.like2[from:to], g.row(like[min(1, len(like)-1)])[from:to])
		copy(v.sameType1[from:to], g.row(c.sameType[part][0])[from:to])
		v.observe(g, like, from)
		meanOfDays(&v.sameTypeMean, g, c.sameType[part], from)
		if t != secondDay {
			meanOfDays(&v.before, g, c.before[part], from)
		}
	}
	v.levelLike = mean(&v.likeMean)
	if t == secondDay {
		return
	}
	v.first = first
	v.lag1, v.lag2, v.lag3 = *g.row(first), *g.row(first + 1), *g.row(first + 2)
	v.observeWeeks(g, first)

	v.level1, v.level7, v.level28 = mean(&v.lag1), mean(&v.mean7), mean(&v.mean28)
	v.levelBefore = meanOfHours(g.y[(pastDays-first-13)*hoursADay : (pastDays-first-6)*hoursADay])
	v.last4 = lastFour(&v.lag1)

	const newest = hoursADay - 1
	v.surprise1 = v.lag1[newest] - v.before[newest]
	v.surprise4 = v.last4 - lastFour(&v.before)
	v.surprise12 = meanOfHours(v.lag1[hoursADay/2:]) - meanOfHours(v.before[hoursADay/2:])
	v.surpriseDay = v.level1 - mean(&v.before)
}

// observe compares days of the same weekday in the columns from the given one on.
func (v *likeDays) observe(g *grid, like []int, from int) {
	if len(like) == mostLike {
		var all likeDays
		out := v
		if from > 0 {
			out = &all
		}
		a, b, c, d := g.row(like[0]), g.row(like[1]), g.row(like[2]), g.row(like[3])
		if hasVectors {
			compareFour(a, b, c, d, out)
		} else {
			out.compare(a, b, c, d)
		}
		if from > 0 {
			copy(v.likeMean[from:], all.likeMean[from:])
			copy(v.likeMedian[from:], all.likeMedian[from:])
			copy(v.likeRange[from:], all.likeRange[from:])
		}
		return
	}
	meanOfDays(&v.likeMean, g, like, from)
	copy(v.likeMedian[from:], v.likeMean[from:])
	for k := from; k < hoursADay; k++ {
		low, high := g.row(like[0])[k], g.row(like[0])[k]
		for _, j := range like {
			low, high = min(low, g.row(j)[k]), max(high, g.row(j)[k])
		}
		v.likeRange[k] = high - low
	}
}

// compare compares four days.
func (v *likeDays) compare(a, b, c, d *[hoursADay]float32) {
	for k := range a {
		low, high := min(min(a[k], b[k]), min(c[k], d[k])), max(max(a[k], b[k]), max(c[k], d[k]))
		sum := a[k] + b[k] + c[k] + d[k]
		v.likeMean[k] = sum / mostLike
		v.likeMedian[k] = (sum - low - high) / 2
		v.likeRange[k] = high - low
	}
}

// meanOfDays is the mean of some days in the columns from the given one on.
func meanOfDays(out *[hoursADay]float32, g *grid, days []int, from int) {
	factor := 1 / float32(len(days))
	if hasVectors {
		mean := out
		var all [hoursADay]float32
		if from > 0 {
			mean = &all
		}
		meanOfRows(g.row(1), &days[0], len(days), factor, mean)
		if from > 0 {
			copy(out[from:], all[from:])
		}
		return
	}
	copy(out[from:], g.row(days[0])[from:])
	for _, j := range days[1:] {
		for k, x := range g.row(j)[from:] {
			out[from+k] += x
		}
	}
	for k := from; k < hoursADay; k++ {
		out[k] *= factor
	}
}

// observeWeeks finds the means of one and four weeks whose newest day is given.
func (v *view) observeWeeks(g *grid, first int) {
	v.mean7 = *g.row(first)
	addDays(&v.mean7, g, first+1, 6, 1)
	v.mean28 = v.mean7 // so far a sum
	addDays(&v.mean28, g, first+7, 3*7, 1)
	scaleBy(&v.mean7, 1./7)
	scaleBy(&v.mean28, 1./28)
}

// addDays adds n days, day by day from the given one on; step is 1 back in time, −1 forward.
func addDays(sum *[hoursADay]float32, g *grid, first, n, step int) {
	if hasVectors {
		addRows(sum, g.row(first), n, -step*4*hoursADay)
		return
	}
	for i := range n {
		add(sum, g.row(first+i*step))
	}
}

func add(out, other *[hoursADay]float32) {
	for k, x := range other {
		out[k] += x
	}
}

func scaleBy(out *[hoursADay]float32, factor float32) {
	for k := range out {
		out[k] *= factor
	}
}

func mean(v *[hoursADay]float32) float32 {
	var sum float32
	for _, x := range v {
		sum += x
	}
	return sum / hoursADay
}

// meanOfHours is the mean of some hours, of which there is a multiple of four: in four sums,
// so that one addition need not wait for the other.
func meanOfHours(v []float32) float32 {
	var a, b, c, d float32
	for i := 0; i+3 < len(v); i += 4 {
		a, b, c, d = a+v[i], b+v[i+1], c+v[i+2], d+v[i+3]
	}
	return ((a + b) + (c + d)) / float32(len(v))
}

func lastFour(v *[hoursADay]float32) float32 {
	return (v[hoursADay-4] + v[hoursADay-3] + v[hoursADay-2] + v[hoursADay-1]) / 4
}
