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
		in.trees.fill(in)
		*out = in.before[expertRegression]
	},
}

// treeFeatures is the number of features of the forests.
const treeFeatures = 50

// Kinds of features, in the order of their places.
const (
	related       = 15                // those from the first on are profiles, compared with base
	leadFeature   = 21                // hours from the issue
	clockFeature  = 22                // hour of the day
	firstUniform  = 29                // the first that is the same for all columns of a part of the day
	firstCalendar = firstUniform + 12 // the first of those that all meters have in common
	features      = firstCalendar + 1 + 8
)

var _ [treeFeatures - features]struct{} // every feature has its place

// treeInput are the features of a day, by feature and column.
type treeInput [treeFeatures][hoursADay]float32

// fill fills in the features of a meter from what the other experts forecast and what they
// saw, but for the calendar. Differences are against base, in units of the scale, so that large
// and small, steady and restless loads look alike. Features that are the same for all columns
// are filled in in the first: see spread.
func (x *treeInput) fill(in *expertInput) {
	g, v, e := in.grid, in.view, in.before
	unit := 1 / g.scale
	base := &e[expertRegression]
	week := in.week
	profiles := [related]*[hoursADay]float32{
		&v.lag1, &v.lag2, g.row(in.day + 7), &v.like1, &v.like2, &v.likeMean, &v.likeMedian, &v.sameType1, &v.sameTypeMean, &v.mean7, &v.mean28,
		&week.least, &week.median, &week.most, &e[expertDSHW],
	}
	from := treeSources{
		lag: profileOf(&v.lag1), before: profileOf(&v.before), like: profileOf(&v.likeMean), base: profileOf(base),
		likeRange: &v.likeRange, deviation: &week.deviation, like1: &v.like1,
		newest: v.lag1[hoursADay-1], likeLevel: v.levelLike, perScale: unit, perLevel: 1 / g.level,
	}
	if hasVectors {
		relateProfiles(&profiles, base, unit, x)
		fillTreeColumns(&from, x)
	} else {
		x.relatePlain(&profiles, base, unit)
		x.fillColumnsPlain(&from)
	}
	x.fillUniform(in)
}

// treeSources is what the features of columns are made from; the assembler reads it too.
type treeSources struct {
	lag, before, like, base     profile
	likeRange, deviation, like1 *[hoursADay]float32
	newest, likeLevel           float32
	perScale, perLevel          float32 // 1/scale and 1/level
}

// profile is a profile between its first value and its last, so that each column has
// neighbours.
type profile [hoursADay + 2]float32

func profileOf(v *[hoursADay]float32) (p profile) {
	p[0], p[hoursADay+1] = v[0], v[hoursADay-1]
	copy(p[1:], v[:])
	return p
}

func (x *treeInput) relatePlain(profiles *[related]*[hoursADay]float32, base *[hoursADay]float32, unit float32) {
	for i, profile := range profiles {
		for k := range base {
			x[i][k] = (profile[k] - base[k]) * unit
		}
	}
}

func (x *treeInput) fillColumnsPlain(from *treeSources) {
	const (
		newest = related + iota
		neighbours
		likeNeighbours
		likeRange
		aboveLevel
		slope
		_ // leadFeature
		_ // clockFeature
		yesterday
		yesterdaySmooth
		deviation
		relative
		nextSlope
		lastWeek
	)
	unit := from.perScale
	for k := range hoursADay {
		lag, before := (*[3]float32)(from.lag[k:]), (*[3]float32)(from.before[k:])
		like, base := (*[3]float32)(from.like[k:]), (*[3]float32)(from.base[k:])
		x[newest][k] = (from.newest - base[1]) * unit
		x[neighbours][k] = ((lag[0]+lag[2])/2 - base[1]) * unit
		x[likeNeighbours][k] = ((like[0]+like[2])/2 - base[1]) * unit
		x[likeRange][k] = from.likeRange[k] * unit
		x[aboveLevel][k] = (base[1] - from.likeLevel) * unit
		x[slope][k] = (base[2] - base[0]) * unit
		x[yesterday][k] = (lag[1] - before[1]) * unit
		x[yesterdaySmooth][k] = (lag[0] + lag[1] + lag[2] - before[0] - before[1] - before[2]) * unit
		x[deviation][k] = from.deviation[k] * unit
		x[relative][k] = base[1] * from.perLevel
		x[nextSlope][k] = (like[2] - like[1]) * unit
		x[lastWeek][k] = (from.like1[k] - like[1]) * unit
	}
}

// fillUniform fills in the features that are the same for all columns, in the first.
func (x *treeInput) fillUniform(in *expertInput) {
	g, v, week := in.grid, in.view, in.week
	unit := 1 / g.scale
	const last = hoursADay - 1
	for i, value := range [firstCalendar - firstUniform]float32{
		v.surprise1 * unit, v.surprise4 * unit, v.surprise12 * unit, v.surpriseDay * unit,
		(v.level1 - v.level7) * unit, (v.level7 - v.level28) * unit, (v.level7 - v.levelBefore) * unit,
		g.level * unit, week.change * unit, week.step * unit,
		(v.lag1[last] - v.lag1[last-1]) * unit,
		(mean(&in.before[expertRegression]) - v.level7) * unit,
	} {
		x[firstUniform+i][0] = value
	}
}

// spread gives each column the features that are the same for all.
func (x *treeInput) spread() {
	for f := firstUniform; f < firstCalendar; f++ {
		fillColumns(&x[f], 0, hoursADay, x[f][0])
	}
}

// fillCalendar fills in the features that all meters have in common.
func (x *treeInput) fillCalendar(d *days, t int) {
	firstLead := 0
	if t == secondDay {
		firstLead = hoursADay
	}
	for k := range hoursADay {
		x[leadFeature][k] = float32(firstLead + k)
		x[clockFeature][k] = float32((d.hour + k) % hoursADay)
	}
	fillColumns(&x[firstCalendar], 0, hoursADay, float32(d.hour))
	for part := range 2 {
		from, to := d.columnsOf(part)
		if from == to {
			continue
		}
		day, yesterday, lastWeek := d.typeOf(t, part), d.typeOf(t+1, part), d.typeOf(t+7, part)
		for i, value := range [...]float32{
			float32(day.kind), float32((day.weekday + 6) % 7), flag(day.holiday), flag(day.bridge),
			flag(yesterday.holiday || lastWeek.holiday || lastWeek.bridge),
			float32(yesterday.kind), float32(d.typeOf(t-1, part).kind), flag(t == secondDay),
		} {
			fillColumns(&x[firstCalendar+1+i], from, to, value)
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
	var changes [hoursADay]float32
	if hasVectors {
		observeWeek(g.row(first+6), s, &changes)
	} else {
		s.lookPlain(g, first, &changes)
	}
	var change, step float32
	for _, c := range changes {
		change += c
	}
	hours := g.y[(pastDays-first-6)*hoursADay : (pastDays-first+1)*hoursADay]
	before := hours[0]
	for _, v := range hours[1:] {
		step += abs(v - before)
		before = v
	}
	s.change, s.step = change/(6*hoursADay), step/float32(len(hours)-1)
}

// lookPlain fills in what the week shows of each column, and the sum of its changes from day
// to day.
func (s *sevenDays) lookPlain(g *grid, first int, changes *[hoursADay]float32) {
	a, b, c, d := g.row(first), g.row(first+1), g.row(first+2), g.row(first+3)
	e, f, h := g.row(first+4), g.row(first+5), g.row(first+6)
	for k := range a {
		v := [7]float32{a[k], b[k], c[k], d[k], e[k], f[k], h[k]}
		changes[k] = abs(v[0]-v[1]) + abs(v[1]-v[2]) + abs(v[2]-v[3]) + abs(v[3]-v[4]) + abs(v[4]-v[5]) + abs(v[5]-v[6])
		sort7(&v)
		s.least[k], s.median[k], s.most[k] = v[0], v[3], v[6]
		s.deviation[k] = (v[6] + v[5] + v[4] - v[2] - v[1] - v[0]) / 7
	}
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
