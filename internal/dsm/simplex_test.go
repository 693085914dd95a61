package dsm

import "math"

// linearProgram is: maximise objective·x subject to rows·x ≤ bound, x ≥ 0, with
// bounds ≥ 0, so that x = 0 is a place to start from. It shares nothing with the
// solvers that it checks.
type linearProgram struct {
	objective []float64
	rows      [][]float64
	bound     []float64
}

func newProgram(variables int) *linearProgram {
	return &linearProgram{objective: make([]float64, variables)}
}

// row adds a constraint with all coefficients 0 and returns it.
func (lp *linearProgram) row(bound float64) []float64 {
	r := make([]float64, len(lp.objective))
	lp.rows = append(lp.rows, r)
	lp.bound = append(lp.bound, bound)
	return r
}

// maximum solves the program with the dense tableau simplex method. The entering
// column is the steepest; after many rounds it is the first (Bland's rule, which
// cannot cycle).
func (lp *linearProgram) maximum() float64 {
	n, m := len(lp.objective), len(lp.rows)
	width := n + m + 1
	table := make([][]float64, m+1)
	for i := range table {
		table[i] = make([]float64, width)
	}
	for i, r := range lp.rows {
		copy(table[i], r)
		table[i][n+i] = 1
		table[i][width-1] = lp.bound[i]
	}
	for j, c := range lp.objective {
		table[m][j] = -c
	}
	for round := 0; ; round++ {
		column := entering(table[m][:width-1], round > 20*(n+m))
		if column < 0 {
			return table[m][width-1]
		}
		row := leaving(table[:m], column)
		if row < 0 {
			return math.Inf(1)
		}
		pivot(table, row, column)
	}
}

func entering(costs []float64, first bool) int {
	best, column := -1e-11, -1
	for j, c := range costs {
		if c < best {
			if first {
				return j
			}
			best, column = c, j
		}
	}
	return column
}

func leaving(rows [][]float64, column int) int {
	least, row := math.Inf(1), -1
	for i, r := range rows {
		if r[column] > 1e-11 {
			if ratio := r[len(r)-1] / r[column]; ratio < least {
				least, row = ratio, i
			}
		}
	}
	return row
}

func pivot(table [][]float64, row, column int) {
	p := table[row][column]
	for j := range table[row] {
		table[row][j] /= p
	}
	for i, r := range table {
		if i == row || r[column] == 0 {
			continue
		}
		f := r[column]
		for j := range r {
			r[j] -= f * table[row][j]
		}
	}
}
