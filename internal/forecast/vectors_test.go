package forecast

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// vectorRounds is how many made-up meters each of the tests below compares.
const vectorRounds = 200

// madeUpGrid is the past of a meter: restless or flat, with or without export, and with so many
// gaps in a hundred hours.
func madeUpGrid(r *rand.Rand, gaps int) *grid {
	g := new(grid)
	level, swing := r.Float32()*5-1, float32(r.IntN(3))
	for i := range g.y {
		g.y[i] = level + swing*float32(r.NormFloat64())
		if r.IntN(4) == 0 {
			g.y[i] = float32(r.IntN(3) - 1) // ties, and zeros
		}
		if r.IntN(100) < gaps {
			g.y[i] = nan()
		}
	}
	return g
}

func madeUpDay(r *rand.Rand) (out [hoursADay]float32) {
	for k := range out {
		out[k] = float32(r.NormFloat64() * 3)
	}
	return out
}

// withVectors skips a test where the processor has none, and draws for it elsewhere.
func withVectors(t *testing.T) *rand.Rand {
	if !hasVectors {
		t.Skip("the processor has no AVX2: there is nothing to compare")
	}
	return rand.New(rand.NewPCG(3, 4))
}

// TestGridIsMarkedAndMeasuredAlike: what vectors find out about a past is what one look after
// the other finds.
func TestGridIsMarkedAndMeasuredAlike(t *testing.T) {
	r := withVectors(t)
	for i := range vectorRounds {
		g := madeUpGrid(r, i%3)
		plain := *g
		g.mark()
		plain.markPlain()
		require.Equal(t, plain.known, g.known)
		require.Equal(t, plain.least, g.least)
		g = madeUpGrid(r, 0)
		days := 1 + r.IntN(scaleDays)
		sums := [2]float32{r.Float32(), r.Float32()}
		want := sums
		g.addLevelsAndChanges(days, days, &sums)
		for j := days; j >= 1; j-- {
			level, change := levelAndChange(g.row(j), g.row(j+7))
			want[0], want[1] = want[0]+level, want[1]+change
		}
		require.Equal(t, want, sums)
	}
}

// TestDaysAreComparedAlike: means, medians and ranges of days, and what a week shows.
func TestDaysAreComparedAlike(t *testing.T) {
	r := withVectors(t)
	for range vectorRounds {
		g := madeUpGrid(r, 0)
		a, b, c, d := g.row(3), g.row(10), g.row(17), g.row(24)
		var got, want likeDays
		compareFour(a, b, c, d, &got)
		want.compare(a, b, c, d)
		require.Equal(t, want, got)

		days := []int{1, 4, 9, 16, pastDays}[:1+r.IntN(5)]
		factor := 1 / float32(len(days))
		var mean [hoursADay]float32
		meanOfRows(g.row(1), &days[0], len(days), factor, &mean)
		sum := *g.row(days[0])
		for _, j := range days[1:] {
			add(&sum, g.row(j))
		}
		scaleBy(&sum, factor)
		require.Equal(t, sum, mean)

		back, forward := madeUpDay(r), madeUpDay(r)
		wantBack, wantForward := back, forward
		addDays(&back, g, 2, 21, 1)
		addDays(&forward, g, 22, 21, -1)
		for i := range 21 {
			add(&wantBack, g.row(2+i))
			add(&wantForward, g.row(22-i))
		}
		require.Equal(t, wantBack, back)
		require.Equal(t, wantForward, forward)

		var week, plain sevenDays
		var changes, wantChanges [hoursADay]float32
		observeWeek(g.row(1+6), &week, &changes)
		plain.lookPlain(g, 1, &wantChanges)
		require.Equal(t, plain, week)
		require.Equal(t, wantChanges, changes)
	}
}

// TestQuantilesAreFoundAlike: bit by bit, and in a histogram.
func TestQuantilesAreFoundAlike(t *testing.T) {
	r := withVectors(t)
	for i := range vectorRounds {
		p := spreads{newest: uint8(i % spreadDays)}
		narrow := 1 + r.IntN(codes)
		for d := range p.errors {
			for k := range p.errors[d] {
				p.errors[d][k] = int8(r.IntN(narrow) - codes/2 + r.IntN(codes-narrow+1))
			}
		}
		ranks := [4]int32{1, codesKept, int32(1 + r.IntN(codesKept)), int32(1 + r.IntN(codesKept))}
		require.Equal(t, p.ofRanksPlain(&ranks), p.ofRanks(&ranks))
	}
}

// TestFeaturesAreFilledInAlike: those of the regression with its sums, and those of the trees.
func TestFeaturesAreFilledInAlike(t *testing.T) {
	r := withVectors(t)
	for i := range vectorRounds {
		g := madeUpGrid(r, 0)
		profile := func() *[hoursADay]float32 { return g.row(1 + r.IntN(pastDays)) }
		from := regressorSources{
			left:      [...]*[hoursADay]float32{&fastLeft[i%2], &slowLeft[i%2]},
			levels:    [...]float32{r.Float32(), r.Float32(), r.Float32(), r.Float32()},
			surprises: [...]float32{100 * r.Float32(), -100 * r.Float32()},
			unit:      float32(r.IntN(40)), // some features are beyond their bounds
		}
		for i := range from.profiles {
			from.profiles[i] = profile()
		}
		var x, plain regressorInput
		fillRegressors(&from, &x)
		plain.fillPlain(&from)
		require.Equal(t, plain, x)

		var weights [regressors]float32
		for i := range weights {
			weights[i] = float32(r.NormFloat64())
		}
		var sum, wantSum [hoursADay]float32
		weighRegressors(&weights, &x, from.unit, &sum)
		x.weighPlain(&weights, from.unit, &wantSum)
		require.Equal(t, wantSum, sum)

		var related [related]*[hoursADay]float32
		for i := range related {
			related[i] = profile()
		}
		columns := treeSources{
			lag: profileOf(profile()), before: profileOf(profile()), like: profileOf(profile()), base: profileOf(profile()),
			likeRange: profile(), deviation: profile(), like1: profile(),
			newest: r.Float32(), likeLevel: r.Float32(), perScale: r.Float32(), perLevel: r.Float32(),
		}
		var trees, wantTrees treeInput
		base := profile()
		relateProfiles(&related, base, columns.perScale, &trees)
		fillTreeColumns(&columns, &trees)
		wantTrees.relatePlain(&related, base, columns.perScale)
		wantTrees.fillColumnsPlain(&columns)
		require.Equal(t, wantTrees, trees)
	}
}

// TestPastsAreSmoothedAlike: beside each other and one by one, judged and not.
func TestPastsAreSmoothedAlike(t *testing.T) {
	r := withVectors(t)
	var l smoothingLanes
	for range vectorRounds {
		pasts, choices := make([]*past, 1+r.IntN(smoothingWidth)), make([]choice, smoothingWidth)
		for i := range pasts {
			pasts[i] = &past{grid: *madeUpGrid(r, 0)}
			pasts[i].grid.mark()
			require.True(t, pasts[i].fits())
			choices[i] = choice(r.IntN(smoothings + 1))
		}
		judged := r.IntN(2) * judgedDays
		l.read(pasts)
		wrong := l.run(choices[:len(pasts)], judged)
		for i, p := range pasts {
			var got dshw
			l.write(i, &got)
			want := p.dshw.run(&p.grid, choices[i], choices[i])
			for _, day := range [...]int{dayAhead, secondDay} {
				var out, wantOut [hoursADay]float32
				got.forecast(choices[i].parameters(), day, &out)
				p.dshw[0].forecast(choices[i].parameters(), day, &wantOut)
				require.Equal(t, wantOut, out)
			}
			if judged > 0 {
				require.Equal(t, want[0], wrong[i])
			}
		}
	}
}

// TestEquationsAreSolvedAlike: beside each other and one by one.
func TestEquationsAreSolvedAlike(t *testing.T) {
	r := withVectors(t)
	var l solveLanes
	for range vectorRounds {
		regressions := make([]regression, 1+r.IntN(2*solveWidth))
		var jobs []solveJob
		for i := range regressions {
			for range r.IntN(40) {
				var x [regressors]float32
				for i := range x {
					x[i] = float32(r.NormFloat64())
				}
				n := 0
				for a := range x {
					regressions[i].moment[a] += x[a] * r.Float32()
					for b := range a + 1 {
						regressions[i].square[n] += x[a] * x[b]
						n++
					}
				}
			}
			trust := [...]float64{trust, trustElsewhere}[r.IntN(2)]
			jobs = append(jobs, solveJob{of: &regressions[i], trust: trust, to: &regressions[i].delta})
		}
		l.solve(jobs)
		for _, job := range jobs {
			require.Equal(t, job.of.solve(job.trust), *job.to)
		}
	}
}
