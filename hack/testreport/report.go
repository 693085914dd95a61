package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// event is one line of `go test -json` (see `go doc test2json`).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// skip is a test that did not run, and its reason.
type skip struct{ test, reason string }

// report gathers what a run has reported so far.
type report struct {
	out     io.Writer
	outputs map[string]*strings.Builder // of tests that have not ended, by package and name
	passed  int
	failed  int
	skips   []skip
	builds  int // packages that could not be built or run
}

func newReport(out io.Writer) *report {
	return &report{out: out, outputs: map[string]*strings.Builder{}}
}

func (r *report) event(e event) {
	switch {
	case e.Action == "build-output":
		fmt.Fprint(r.out, e.Output)
	case e.Test == "":
		r.packageEvent(e)
	default:
		r.testEvent(e)
	}
}

// packageEvent prints the lines that go test prints for a package.
func (r *report) packageEvent(e event) {
	switch e.Action {
	case "fail":
		r.builds++
	case "output":
		if e.Output != "PASS\n" && !strings.Contains(e.Output, "[no test files]") {
			fmt.Fprint(r.out, e.Output)
		}
	}
}

func (r *report) testEvent(e event) {
	name := e.Package + " " + e.Test
	output, ok := r.outputs[name]
	if !ok {
		output = &strings.Builder{}
		r.outputs[name] = output
	}
	switch e.Action {
	case "output":
		output.WriteString(e.Output)
		return
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		fmt.Fprint(r.out, output.String())
	case "skip":
		r.skips = append(r.skips, skip{test: name, reason: skipReason(output.String())})
	default:
		return
	}
	delete(r.outputs, name)
}

// skipReason finds the words given to t.Skip in a test's output: what follows
// the place, "    file_test.go:12: ", up to the line with SKIP.
func skipReason(output string) string {
	place := regexp.MustCompile(`^\s+\S+\.go:\d+: `)
	var words []string
	for line := range strings.Lines(output) {
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "--- SKIP"), strings.HasPrefix(line, "=== "):
		case place.MatchString(line):
			words = []string{strings.TrimSpace(place.ReplaceAllString(line, ""))}
		case len(words) > 0:
			words = append(words, strings.TrimSpace(line))
		}
	}
	if len(words) == 0 {
		return "no reason given"
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

// summary prints the output of tests that never ended, as after a panic, and
// the counts.
func (r *report) summary() {
	for name, output := range r.outputs {
		fmt.Fprintf(r.out, "--- did not end: %s\n%s", name, output)
		r.failed++
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, len(r.skips))
}

// broken reports whether anything went wrong.
func (r *report) broken() bool { return r.failed > 0 || r.builds > 0 }
