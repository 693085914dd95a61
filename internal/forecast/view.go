package forecast

// view is what one day is forecast from: profiles of earlier days, a value for
// each column, and a few levels. All in kWh. Nothing of the day itself nor of a
// later one is in it.
type view struct {
	lag1, lag2, lag3 [hoursADay]float32 // the days before
	like1, like2     [hoursADay]float32 // the nearest days of the same weekday
	likeMean         [hoursADay]float32 // of up to 4 of them
	likeMedian       [hoursADay]float32
	likeRange        [hoursADay]float32 // greatest less least
	sameType1        [hoursADay]float32 // the nearest day of the same type
	sameTypeMean     [hoursADay]float32 // of 5 of them
	mean7, mean28    [hoursADay]float32 // of all days of one and four weeks

	level1, level7, levelLike float32 // means of lag1, mean7 and likeMean
	last4                     float32 // mean of the newest four hours

	// How the newest hour, the newest four and the newest day differ from the mean
	// of the days that are like that day.
	surprise1, surprise4, surpriseDay float32
}

// look fills the view for day t of the grid: 0 is the day ahead, 1 is the
// newest day as it was to be seen a day ago.
func (v *view) look(g *grid, c *comparison, t int) {
	v.lag1, v.lag2, v.lag3 = *g.row(t + 1), *g.row(t + 2), *g.row(t + 3)
	v.like1, v.like2 = *g.row(c.like[0]), *g.row(c.like[min(1, len(c.like)-1)])
	v.sameType1 = *g.row(c.sameType[0])
	v.observeWeekdays(g, c.like)
	meanOfDays(&v.sameTypeMean, g, c.sameType)
	meanOfSpan(&v.mean7, g, t+1, 7)
	meanOfSpan(&v.mean28, g, t+1, 28)

	v.level1, v.level7, v.levelLike = mean(&v.lag1), mean(&v.mean7), mean(&v.likeMean)
	v.last4 = lastFour(&v.lag1)

	var before [hoursADay]float32
	meanOfDays(&before, g, c.before)
	const newest = hoursADay - 1
	v.surprise1 = v.lag1[newest] - before[newest]
	v.surprise4 = v.last4 - lastFour(&before)
	v.surpriseDay = v.level1 - mean(&before)
}

func (v *view) observeWeekdays(g *grid, like []int) {
	meanOfDays(&v.likeMean, g, like)
	if len(like) < mostLike {
		v.likeMedian = v.likeMean
		for k := range v.likeRange {
			low, high := v.like1[k], v.like1[k]
			for _, j := range like {
				low, high = min(low, g.row(j)[k]), max(high, g.row(j)[k])
			}
			v.likeRange[k] = high - low
		}
		return
	}
	a, b, c, d := g.row(like[0]), g.row(like[1]), g.row(like[2]), g.row(like[3])
	for k := range v.likeMedian {
		low, high := min(min(a[k], b[k]), min(c[k], d[k])), max(max(a[k], b[k]), max(c[k], d[k]))
		v.likeMedian[k] = (a[k] + b[k] + c[k] + d[k] - low - high) / 2
		v.likeRange[k] = high - low
	}
}

func meanOfDays(out *[hoursADay]float32, g *grid, days []int) {
	*out = *g.row(days[0])
	for _, j := range days[1:] {
		add(out, g.row(j))
	}
	scaleBy(out, 1/float32(len(days)))
}

func meanOfSpan(out *[hoursADay]float32, g *grid, from, n int) {
	*out = *g.row(from)
	for j := from + 1; j < from+n; j++ {
		add(out, g.row(j))
	}
	scaleBy(out, 1/float32(n))
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

func lastFour(v *[hoursADay]float32) float32 {
	return (v[hoursADay-4] + v[hoursADay-3] + v[hoursADay-2] + v[hoursADay-1]) / 4
}
