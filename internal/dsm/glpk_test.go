package dsm

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// batchSize is how many programs glpsol gets as one: starting it takes longer
// than solving one, and its simplex method slows down with size.
const batchSize = 20

// glpkTolerance is how far GLPK lets a solution miss a bound. Where bounds lie
// closer together than that, its optimum may be another one: then the built-in
// simplex method decides. Its exact method is no help, it reads numbers to 1e-9.
const glpkTolerance = 1e-7

// TestSolversAgreeWithGLPK compares each solver with GLPK, on problems that the
// built-in simplex method does not see.
func TestSolversAgreeWithGLPK(t *testing.T) {
	glpsol, err := exec.LookPath("glpsol")
	if err != nil {
		t.Skip("glpsol is not on PATH; install glpk-utils to compare with GLPK (the built-in simplex is compared either way)")
	}
	for i, c := range solverCases() {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(2, uint64(i)))
			folder := t.TempDir()
			apart := 0
			for k := 0; k < instances; k += batchSize {
				batch := make([]*linearProgram, batchSize)
				got := make([]float64, batchSize)
				for j := range batch {
					x := c.draw(t, r, slotsOf(r, k+j))
					batch[j], got[j] = x.program, x.got
				}
				for j, want := range glpkMaxima(t, glpsol, folder, batch) {
					if math.Abs(want-got[j]) > optimalityGap {
						apart++
						require.InDelta(t, want, got[j], glpkTolerance, "instance %d", k+j)
						want = batch[j].maximum()
					}
					require.InDelta(t, want, got[j], optimalityGap, "instance %d", k+j)
				}
			}
			require.LessOrEqual(t, apart, instances/1000, "instances on which GLPK has another result")
		})
	}
}

// recorded is how many optima of each problem are kept in testdata.
const recorded = 100

// TestRecordedOptima compares each solver with optima that GLPK found earlier.
// With -update, where glpsol is on PATH, it records them again.
func TestRecordedOptima(t *testing.T) {
	golden := filepath.Join("testdata", "optima.json")
	optima := map[string][]float64{}
	update := flag.Lookup("update").Value.String() == "true"
	if !update {
		text, err := os.ReadFile(golden)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &optima))
	}
	for i, c := range solverCases() {
		r := rand.New(rand.NewPCG(3, uint64(i)))
		programs, got := make([]*linearProgram, recorded), make([]float64, recorded)
		for k := range recorded {
			x := c.draw(t, r, slotsOf(r, k))
			programs[k], got[k] = x.program, x.got
		}
		if update {
			glpsol, err := exec.LookPath("glpsol")
			require.NoError(t, err, "install glpk-utils to record optima")
			optima[c.name] = glpkMaxima(t, glpsol, t.TempDir(), programs)
		}
		require.InDeltaSlice(t, optima[c.name], got, optimalityGap, c.name)
	}
	if update {
		text, err := json.Marshal(optima)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(golden, append(text, '\n'), 0o644))
	}
}

// glpkMaxima solves programs with glpsol, as the blocks of one, by files in
// CPLEX LP format. GLPK's presolver is left out: it takes small bounds for zero.
func glpkMaxima(t *testing.T, glpsol, folder string, programs []*linearProgram) []float64 {
	t.Helper()
	var doc bytes.Buffer
	var weights []float64 // of all variables, in the order of the file
	doc.WriteString("Maximize\n obj:")
	for _, lp := range programs {
		writeTerms(&doc, lp.objective, len(weights), true)
		weights = append(weights, lp.objective...)
	}
	doc.WriteString("\nSubject To\n")
	first := 0
	for i, lp := range programs {
		for k, row := range lp.rows {
			if !slices.ContainsFunc(row, func(c float64) bool { return c != 0 }) {
				continue // 0 ≤ bound
			}
			fmt.Fprintf(&doc, " r%d_%d:", i, k)
			writeTerms(&doc, row, first, false)
			fmt.Fprintf(&doc, " <= %.17g\n", lp.bound[k])
		}
		first += len(lp.objective)
	}
	doc.WriteString("End\n")
	problem := filepath.Join(folder, "problem.lp")
	solution := filepath.Join(folder, "solution")
	require.NoError(t, os.WriteFile(problem, doc.Bytes(), 0o600))
	out, err := exec.Command(glpsol, "--lp", problem, "--nopresol", "-w", solution).CombinedOutput()
	require.NoError(t, err, "%s", out)
	answer, err := os.ReadFile(solution)
	require.NoError(t, err)
	values := readColumns(t, string(answer), len(weights))
	maxima := make([]float64, len(programs))
	first = 0
	for i, lp := range programs {
		for j, c := range lp.objective {
			maxima[i] += c * values[first+j]
		}
		first += len(lp.objective)
	}
	return maxima
}

// readColumns reads the values of variables from a basic solution of glpsol.
func readColumns(t *testing.T, answer string, n int) []float64 {
	t.Helper()
	values := make([]float64, n)
	seen := 0
	for line := range strings.Lines(answer) {
		var rows, columns, j int
		var primal, dual, status string
		var value float64
		if k, _ := fmt.Sscanf(line, "s bas %d %d %1s %1s", &rows, &columns, &primal, &dual); k == 4 {
			require.Equal(t, "ff", primal+dual, "glpsol ends with an optimum")
			require.Equal(t, n, columns)
		}
		if k, _ := fmt.Sscanf(line, "j %d %1s %g", &j, &status, &value); k == 3 {
			values[j-1] = value
			seen++
		}
	}
	require.Equal(t, n, seen, "%s", answer)
	return values
}

// writeTerms writes a linear form of the variables from number first on; zeros
// too where that fixes the order of variables.
func writeTerms(doc *bytes.Buffer, coefficients []float64, first int, zeros bool) {
	for j, c := range coefficients {
		if c == 0 && !zeros {
			continue
		}
		fmt.Fprintf(doc, " %+.17g x%d", c, first+j)
		if j%8 == 7 {
			doc.WriteByte('\n')
		}
	}
}
