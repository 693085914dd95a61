package forecast

import "unsafe"

// solveWidth is how many regressions are solved at once, in vectors: each of them waits for its
// own roots and quotients.
const solveWidth = 4

// solveLanes are the normal equations of a regression in each lane; the assembler reads it too.
type solveLanes struct {
	matrix [regressors][regressors][solveWidth]float64 // lower half
	right  [regressors][solveWidth]float64             // then the solution
	_      [regressors][solveWidth]float64             // inverse of the diagonal, for the assembler
	least  [solveWidth]float64                         // value on the diagonal
}

// The offsets that the assembler has.
var (
	_ [unsafe.Offsetof(solveLanes{}.least) - 9216]struct{}
	_ [9216 - unsafe.Offsetof(solveLanes{}.least)]struct{}
)

// solveJob is a regression to be solved: regression.solve with a trust.
type solveJob struct {
	of    *regression
	trust float64
	to    *[regressors]float32
}

// solve does all jobs, to the bits of regression.solve.
func (l *solveLanes) solve(jobs []solveJob) {
	for len(jobs) > 0 {
		n := min(len(jobs), solveWidth)
		for lane := range solveWidth { // lanes that are left do the last job again
			l.set(lane, &jobs[min(lane, n-1)])
		}
		decompose(l)
		for lane, job := range jobs[:n] {
			for i := range job.to {
				job.to[i] = float32(l.right[i][lane])
			}
		}
		jobs = jobs[n:]
	}
}

// set fills a lane in.
func (l *solveLanes) set(lane int, job *solveJob) {
	n := 0
	for i := range l.matrix {
		for j := range i + 1 {
			l.matrix[i][j][lane] = float64(job.of.square[n])
			n++
		}
		l.matrix[i][i][lane] += job.trust
		l.right[i][lane] = float64(job.of.moment[i])
	}
	l.least[lane] = job.trust * leastDiagonal
}
