package forecast

// depth of every tree. All nodes of one depth ask the same question (an
// oblivious tree), so that a leaf is found without a branch.
const depth = 6

// Tree adds the value of a leaf to a forecast.
type Tree struct {
	Feature   [depth]uint8
	Threshold [depth]float32
	Leaf      [1 << depth]float32
}

// treesExpert corrects the regression by the forest. It has seen the forecasts of
// the others, and is the best of them for most meters.
var treesExpert = expert{
	name:  "trees",
	prior: 4,
	forecast: func(in *expertInput, out *[hoursADay]float32) {
		g := in.grid
		treeInputOf(in.trees, in.view, in.before, in.days, 0, g.level, g.scale)
		*out = in.before[expertRegression]
		in.state.model.forest.apply(in.trees, g.scale, out)
	},
}

// Forest is a sum of trees. It corrects the regression, in units of the scale.
type Forest []Tree

// treeFeatures is the number of features of the forest.
const treeFeatures = 30

// firstUniform is the first feature that is the same for all columns.
const firstUniform = 19

// treeInput are the features of a day, by feature and column.
type treeInput [treeFeatures][hoursADay]float32

// treeInputOf fills the features from what the other experts forecast and what
// they saw. Differences are against base, in units of the scale, so that large
// and small, steady and restless loads look alike.
func treeInputOf(x *treeInput, v *view, e *expertForecasts, d *days, t int, level, scale float32) {
	unit := 1 / scale
	base := &e[expertRegression]
	for i, profile := range [...]*[hoursADay]float32{
		&v.lag1, &v.lag2, &v.like1, &v.like2, &v.likeMean, &v.likeMedian, &v.sameType1, &v.sameTypeMean, &v.mean7, &v.mean28,
		&e[expertDSHW],
	} {
		for k := range base {
			x[i][k] = (profile[k] - base[k]) * unit
		}
	}
	const newest, relative = 11, 12
	for k := range base {
		before, after := max(k-1, 0), min(k+1, hoursADay-1)
		x[newest][k] = (v.lag1[hoursADay-1] - base[k]) * unit
		x[relative][k] = ((v.lag1[before]+v.lag1[after])/2 - base[k]) * unit
		x[relative+1][k] = ((v.likeMean[before]+v.likeMean[after])/2 - base[k]) * unit
		x[relative+2][k] = v.likeRange[k] * unit
		x[relative+3][k] = (base[k] - v.levelLike) * unit
		x[relative+4][k] = (base[after] - base[before]) * unit
		x[relative+5][k] = float32(k)
		x[relative+6][k] = float32((d.hour + k) % hoursADay)
	}
	const same = firstUniform
	day, yesterday := &d.day[t], &d.day[t+1]
	lastWeek := &d.day[t+7]
	for i, value := range [...]float32{
		v.surprise1 * unit, v.surprise4 * unit, v.surpriseDay * unit,
		(v.level1 - v.level7) * unit, (v.level7 - mean(&v.mean28)) * unit,
		level * unit,
		float32(day.kind), flag(day.holiday), flag(day.bridge), flag(yesterday.holiday || lastWeek.holiday || lastWeek.bridge),
		float32(yesterday.kind),
	} {
		for k := range base {
			x[same+i][k] = value
		}
	}
}

func flag(b bool) float32 {
	if b {
		return 1
	}
	return 0
}
