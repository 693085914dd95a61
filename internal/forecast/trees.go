package forecast

// depth of every tree. All nodes of one depth ask the same question (an
// oblivious tree), so that a leaf is found without a branch.
const depth = 6

// Questions lead to a leaf of a tree.
type Questions struct {
	Feature   [depth]uint8
	Threshold [depth]float32
}

// Leaves are the values of a tree's leaves.
type Leaves [1 << depth]float32

// Tree adds the value of a leaf to a forecast.
type Tree struct {
	Questions
	Leaf Leaves
}

// Forest is a sum of trees. It corrects the regression, in units of the scale.
type Forest []Tree

// WidthTree adds the values of a leaf to the usual width of an interval below the
// forecast and above it.
type WidthTree struct {
	Questions
	Below, Over Leaves
}

// WidthForest is how far the 10 % and the 90 % quantile usually lie from the forecast, in
// units of the scale: the starting values and a sum of trees.
type WidthForest struct {
	Below, Over float32
	Trees       []WidthTree
}

// leastWidth is the least usual width, in units of the scale.
const leastWidth = 0.02

// treesExpert corrects the regression by the forest. It has seen the forecasts of
// the others, and is the best of them for most meters.
var treesExpert = expert{
	name:  "trees",
	prior: 12,
	forecast: func(in *expertInput, out *[hoursADay]float32) {
		g := in.grid
		treeInputOf(in.trees, in)
		f := in.state.model.forest
		n := lanesOf(in.columns)
		f.rank(in.trees, in.days.split, n, in.ranks)
		*out = in.before[expertRegression]
		f.correct(in.ranks, n, g.scale, out)
	},
}

// treeFeatures is the number of features of the forests.
const treeFeatures = 50

// firstUniform is the first feature that is the same for all columns of a part of the day.
const firstUniform = 29

// treeInput are the features of a day, by feature and column.
type treeInput [treeFeatures][hoursADay]float32

// treeInputOf fills the wanted columns of the features from what the other experts forecast and what
// they saw. Differences are against base, in units of the scale, so that large
// and small, steady and restless loads look alike.
func treeInputOf(x *treeInput, in *expertInput) {
	g, v, e := in.grid, in.view, in.before
	unit := 1 / g.scale
	base := &e[expertRegression]
	week := in.week
	for i, profile := range [...]*[hoursADay]float32{
		&v.lag1, &v.lag2, g.row(in.day + 7), &v.like1, &v.like2, &v.likeMean, &v.likeMedian, &v.sameType1, &v.sameTypeMean, &v.mean7, &v.mean28,
		&week.least, &week.median, &week.most, &e[expertDSHW],
	} {
		for k := range base[:in.columns] {
			x[i][k] = (profile[k] - base[k]) * unit
		}
	}
	const rest = 15
	const newest, neighbours, likeNeighbours, likeRange, aboveLevel, slope, lead, clock, yesterday, yesterdaySmooth, spread, relative, nextSlope, lastWeek = rest, rest + 1, rest + 2, rest + 3, rest + 4, rest + 5, rest + 6, rest + 7, rest + 8, rest + 9, rest + 10, rest + 11, rest + 12, rest + 13
	firstLead := 0
	if in.day == secondDay {
		firstLead = hoursADay
	}
	perLevel := 1 / g.level
	for k := range base[:in.columns] {
		before, after := max(k-1, 0), min(k+1, hoursADay-1)
		x[newest][k] = (v.lag1[hoursADay-1] - base[k]) * unit
		x[neighbours][k] = ((v.lag1[before]+v.lag1[after])/2 - base[k]) * unit
		x[likeNeighbours][k] = ((v.likeMean[before]+v.likeMean[after])/2 - base[k]) * unit
		x[likeRange][k] = v.likeRange[k] * unit
		x[aboveLevel][k] = (base[k] - v.levelLike) * unit
		x[slope][k] = (base[after] - base[before]) * unit
		x[lead][k] = float32(firstLead + k)
		x[clock][k] = float32((in.days.hour + k) % hoursADay)
		x[yesterday][k] = (v.lag1[k] - v.before[k]) * unit
		x[yesterdaySmooth][k] = (v.lag1[before] + v.lag1[k] + v.lag1[after] - v.before[before] - v.before[k] - v.before[after]) * unit
		x[spread][k] = week.deviation[k] * unit
		x[relative][k] = base[k] * perLevel
		x[nextSlope][k] = (v.likeMean[after] - v.likeMean[k]) * unit
		x[lastWeek][k] = (v.like1[k] - v.likeMean[k]) * unit
	}
	uniform(x, in, week)
}

// uniform fills in the features that are the same for all columns of a part of the day.
func uniform(x *treeInput, in *expertInput, week *sevenDays) {
	g, v, d, t := in.grid, in.view, in.days, in.day
	unit := 1 / g.scale
	const last = hoursADay - 1
	for i, value := range [...]float32{
		v.surprise1 * unit, v.surprise4 * unit, v.surprise12 * unit, v.surpriseDay * unit,
		(v.level1 - v.level7) * unit, (v.level7 - mean(&v.mean28)) * unit, (v.level7 - v.levelBefore) * unit,
		g.level * unit, week.change * unit, week.step * unit,
		(v.lag1[last] - v.lag1[last-1]) * unit,
		(mean(&in.before[expertRegression]) - v.level7) * unit, float32(d.hour),
	} {
		fillColumns(&x[firstUniform+i], 0, hoursADay, value)
	}
	const calendar = firstUniform + 13
	for part := range 2 {
		from, to := d.columnsOf(part)
		if from == to {
			continue
		}
		day, yesterday, lastWeek := d.typeOf(t, part), d.typeOf(t+1, part), d.typeOf(t+7, part)
		for i, value := range [...]float32{
			float32(day.kind), float32((day.weekday + 6) % 7), flag(day.holiday), flag(day.bridge),
			flag(yesterday.holiday || lastWeek.holiday || lastWeek.bridge),
			float32(yesterday.kind), float32(d.typeOf(t-1, part).kind), flag(in.day == secondDay),
		} {
			fillColumns(&x[calendar+i], from, to, value)
		}
	}
}

func fillColumns(x *[hoursADay]float32, from, to int, value float32) {
	for k := from; k < to; k++ {
		x[k] = value
	}
}

func flag(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

// sevenDays is how the newest week varies in each column, and as a whole. In kWh.
type sevenDays struct {
	least, median, most [hoursADay]float32
	deviation           [hoursADay]float32 // mean of the absolute deviations from the median
	change              float32            // mean of the absolute changes from day to day
	step                float32            // mean of the absolute changes from hour to hour
}

// look observes the week whose newest day is given, as days before the issue.
func (s *sevenDays) look(g *grid, first int) {
	a, b, c, d := g.row(first), g.row(first+1), g.row(first+2), g.row(first+3)
	e, f, h := g.row(first+4), g.row(first+5), g.row(first+6)
	var change, step float32
	for k := range a {
		v := [7]float32{a[k], b[k], c[k], d[k], e[k], f[k], h[k]}
		change += abs(v[0]-v[1]) + abs(v[1]-v[2]) + abs(v[2]-v[3]) + abs(v[3]-v[4]) + abs(v[4]-v[5]) + abs(v[5]-v[6])
		sort7(&v)
		s.least[k], s.median[k], s.most[k] = v[0], v[3], v[6]
		s.deviation[k] = (v[6] + v[5] + v[4] - v[2] - v[1] - v[0]) / 7
	}
	hours := g.y[(pastDays-first-6)*hoursADay : (pastDays-first+1)*hoursADay]
	for i, v := range hours[1:] {
		step += abs(v - hours[i])
	}
	s.change, s.step = change/(6*hoursADay), step/float32(len(hours)-1)
}

// sort7 sorts seven values by a network of 16 comparisons (Knuth, The Art of Computer
// Programming 3, 5.3.4).
func sort7(v *[7]float32) {
	a, b, c, d, e, f, g := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	a, g = min(a, g), max(a, g)
	c, d = min(c, d), max(c, d)
	e, f = min(e, f), max(e, f)
	a, c = min(a, c), max(a, c)
	b, e = min(b, e), max(b, e)
	d, g = min(d, g), max(d, g)
	a, b = min(a, b), max(a, b)
	c, f = min(c, f), max(c, f)
	d, e = min(d, e), max(d, e)
	b, c = min(b, c), max(b, c)
	e, g = min(e, g), max(e, g)
	c, d = min(c, d), max(c, d)
	e, f = min(e, f), max(e, f)
	b, c = min(b, c), max(b, c)
	d, e = min(d, e), max(d, e)
	f, g = min(f, g), max(f, g)
	*v = [7]float32{a, b, c, d, e, f, g}
}
