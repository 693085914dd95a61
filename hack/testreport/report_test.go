package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func events(lines ...string) *strings.Reader {
	return strings.NewReader(strings.Join(lines, "\n") + "\n")
}

func TestReport(t *testing.T) {
	for name, c := range map[string]struct {
		events []string
		out    string
		skips  string
		broken bool
	}{
		"a pass prints the package's line alone": {
			events: []string{
				`{"Action":"run","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: chatter\n"}`,
				`{"Action":"pass","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Output":"PASS\n"}`,
				`{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}`,
				`{"Action":"pass","Package":"p"}`,
			},
			out: "ok  \tp\t0.1s\n1 passed, 0 failed, 0 skipped\n",
		},
		"a failure prints what the test said": {
			events: []string{
				`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: wrong\n"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}`,
				`{"Action":"fail","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}`,
				`{"Action":"fail","Package":"p"}`,
			},
			out:    "    a_test.go:1: wrong\n--- FAIL: TestA (0.00s)\nFAIL\tp\t0.1s\n0 passed, 1 failed, 0 skipped\n",
			broken: true,
		},
		"a skip is kept with its reason": {
			events: []string{
				`{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: no broker here:\n"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"        install one\n"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}`,
				`{"Action":"skip","Package":"p","Test":"TestA"}`,
			},
			out:   "0 passed, 0 failed, 1 skipped\n",
			skips: "p TestA: no broker here: install one\n",
		},
		"a package that does not build is a failure": {
			events: []string{
				`{"ImportPath":"p","Action":"build-output","Output":"p/p.go:1: syntax error\n"}`,
				`{"ImportPath":"p","Action":"build-fail"}`,
				`{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}`,
				`{"Action":"fail","Package":"p","FailedBuild":"p"}`,
			},
			out:    "p/p.go:1: syntax error\nFAIL\tp [build failed]\n0 passed, 0 failed, 0 skipped\n",
			broken: true,
		},
		"a test that never ends is a failure": {
			events: []string{`{"Action":"output","Package":"p","Test":"TestA","Output":"panic: no\n"}`},
			out:    "--- did not end: p TestA\npanic: no\n0 passed, 1 failed, 0 skipped\n",
			broken: true,
		},
		"what is no event is passed on": {
			events: []string{"go: downloading x"},
			out:    "go: downloading x\n0 passed, 0 failed, 0 skipped\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			skips := filepath.Join(t.TempDir(), "skips")
			var out bytes.Buffer
			err := run(events(c.events...), &out, skips)
			require.Equal(t, c.broken, err != nil)
			require.Equal(t, c.out, out.String())
			kept, err := os.ReadFile(skips)
			require.NoError(t, err)
			require.Equal(t, c.skips, string(kept))
		})
	}
}

func TestSkipWithoutAReason(t *testing.T) {
	require.Equal(t, "no reason given", skipReason("--- SKIP: TestA (0.00s)\n"))
}
