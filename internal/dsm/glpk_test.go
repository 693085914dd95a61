package dsm

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSolversAgreeWithGLPK checks the solvers, and the simplex that checks them
// elsewhere, against GLPK.
func TestSolversAgreeWithGLPK(t *testing.T) {
	glpsol, err := exec.LookPath("glpsol")
	if err != nil {
		t.Skip("glpsol is not on PATH; install glpk-utils to compare with GLPK (the built-in simplex is compared either way)")
	}
	r := rand.New(rand.NewPCG(11, 12))
	var f transport
	var s shiftPlan
	for i := range 200 {
		p := randomShift(r, 2+r.IntN(24))
		f.solve(p, &s)
		lp := shiftProgram(p)
		want := glpkMaximum(t, glpsol, lp)
		require.InDelta(t, want, p.gain(&s), optimalityGap, "instance %d", i)
		require.InDelta(t, want, lp.maximum(), optimalityGap, "instance %d", i)
		p.reach = p.n
		shiftAnywhere(p, &s)
		require.InDelta(t, glpkMaximum(t, glpsol, anywhereProgram(p)), p.gain(&s), optimalityGap, "instance %d", i)
	}
}

// glpkMaximum solves the program with glpsol, by files in CPLEX LP format.
func glpkMaximum(t *testing.T, glpsol string, lp *linearProgram) float64 {
	t.Helper()
	var doc bytes.Buffer
	doc.WriteString("Maximize\n obj:")
	writeTerms(&doc, lp.objective)
	doc.WriteString("\nSubject To\n")
	for i, row := range lp.rows {
		fmt.Fprintf(&doc, " r%d:", i)
		writeTerms(&doc, row)
		fmt.Fprintf(&doc, " <= %.17g\n", lp.bound[i])
	}
	doc.WriteString("End\n")
	problem := filepath.Join(t.TempDir(), "problem.lp")
	solution := filepath.Join(t.TempDir(), "solution")
	require.NoError(t, os.WriteFile(problem, doc.Bytes(), 0o600))
	out, err := exec.Command(glpsol, "--lp", problem, "--tmlim", "60", "-w", solution).CombinedOutput()
	require.NoError(t, err, "%s", out)
	answer, err := os.ReadFile(solution)
	require.NoError(t, err)
	for line := range strings.Lines(string(answer)) {
		var rows, columns int
		var primal, dual string
		var value float64
		if n, _ := fmt.Sscanf(line, "s bas %d %d %1s %1s %g", &rows, &columns, &primal, &dual, &value); n == 5 {
			require.Equal(t, "ff", primal+dual, "glpsol ends with an optimum")
			return value
		}
	}
	t.Fatalf("glpsol wrote no solution:\n%s", answer)
	return 0
}

func writeTerms(doc *bytes.Buffer, coefficients []float64) {
	for j, c := range coefficients {
		fmt.Fprintf(doc, " %+.17g x%d", c, j)
		if j%8 == 7 {
			doc.WriteByte('\n')
		}
	}
}
