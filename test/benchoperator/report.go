package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// The targets.
const (
	mostResident  = 150 << 20 // bytes of the operator with all twins
	mostGrowth    = 10 << 20  // bytes that unrelated Secrets may add: they are ten times that
	figuresPeriod = 30        // seconds between status writes of a twin whose data flow
)

// report is all that a run found out.
type report struct {
	Twins    int            `json:"twins"`
	Converge convergeReport `json:"converge"`
	Memory   memoryReport   `json:"memory"`
	Idle     restReport     `json:"idle"`
	Flow     flowReport     `json:"flow"`
	Verdicts []verdict      `json:"verdicts"`
}

// convergeReport is how twins came up.
type convergeReport struct {
	Seconds         float64        `json:"seconds"` // from the first twin made to the last Ready
	Reconciliations float64        `json:"reconciliations"`
	P50             float64        `json:"p50Seconds"`
	P95             float64        `json:"p95Seconds"`
	P99             float64        `json:"p99Seconds"`
	Writes          int            `json:"writes"`
	WritesPerTwin   float64        `json:"writesPerTwin"`
	ByKind          map[string]int `json:"writesByKind"`
	Failed          float64        `json:"failedReconciliations"`
}

func (c *convergeReport) fill(m metricFamilies, writes []write, twins int) {
	took := m.reconciliations()
	c.Reconciliations = took.total()
	c.P50, c.P95, c.P99 = took.quantile(0.5), took.quantile(0.95), took.quantile(0.99)
	c.Writes, c.ByKind = len(writes), byKind(writes)
	c.WritesPerTwin = float64(len(writes)) / float64(twins)
	c.Failed = m.value("controller_runtime_reconcile_errors_total")
}

// memoryReport is what the operator takes.
type memoryReport struct {
	Converged memory `json:"converged"`
	Crowded   memory `json:"crowded"` // with the unrelated Secrets
	Secrets   int    `json:"unrelatedSecrets"`
}

// restReport is what the operator did while nothing happened.
type restReport struct {
	Twins           int            `json:"twins"`
	Seconds         float64        `json:"seconds"`
	Writes          int            `json:"writes"`
	ByKind          map[string]int `json:"writesByKind"`
	Reconciliations float64        `json:"reconciliations"`
}

// flowReport is what the operator wrote while data flowed.
type flowReport struct {
	Twins       int            `json:"twins"`
	Seconds     float64        `json:"seconds"`
	Writes      int            `json:"writes"`
	Wrote       int            `json:"twinsWritten"` // whose status was written at all
	MostPerTwin int            `json:"mostStatusWritesOfATwin"`
	OtherWrites int            `json:"otherWrites"` // neither of a status nor of an event
	ByKind      map[string]int `json:"writesByKind"`
}

// verdict is whether a target was met.
type verdict struct {
	Target string  `json:"target"`
	Value  float64 `json:"value"`
	Bound  float64 `json:"bound"` // at most
	Unit   string  `json:"unit"`
	Met    bool    `json:"met"`
}

func (r *report) judge() {
	atMost := func(target string, value, bound float64, unit string) {
		r.Verdicts = append(r.Verdicts, verdict{target, value, bound, unit, value <= bound})
	}
	m := r.Memory
	peak := max(m.Converged.Peak, m.Crowded.Peak, m.Crowded.Resident)
	atMost("memory of the operator at its peak", mib(peak), mib(mostResident), "MiB")
	atMost("memory that unrelated Secrets add", mib(m.Crowded.Resident-m.Converged.Resident), mib(mostGrowth), "MiB")
	atMost("live heap that unrelated Secrets add", mib(m.Crowded.Live-m.Converged.Live), mib(mostGrowth), "MiB")
	atMost("writes of an idle operator", float64(r.Idle.Writes), 0, "")
	if f := r.Flow; f.Twins > 0 {
		// One more than fits: the first may come at once.
		atMost("status writes of a twin whose data flow", float64(f.MostPerTwin), float64(int(f.Seconds)/figuresPeriod+1), "")
		atMost("twins whose data flow and whose status was not written", float64(f.Twins-f.Wrote), 0, "")
		atMost("other writes while data flow", float64(f.OtherWrites), 0, "")
	}
}

func (r *report) met() bool {
	return !slices.ContainsFunc(r.Verdicts, func(v verdict) bool { return !v.Met })
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func (r *report) print(out io.Writer) {
	c, m := r.Converge, r.Memory
	fmt.Fprintf(out, "\n%d twins converge\n", r.Twins)
	fmt.Fprintf(out, "  time                %8.1f s\n", c.Seconds)
	fmt.Fprintf(out, "  reconciliations     %8.0f, %.0f of them tried again\n", c.Reconciliations, c.Failed)
	fmt.Fprintf(out, "  one takes           %8.1f ms p50, %.1f ms p95, %.1f ms p99\n", c.P50*1e3, c.P95*1e3, c.P99*1e3)
	fmt.Fprintf(out, "  writes per twin     %8.1f\n", c.WritesPerTwin)
	printKinds(out, c.ByKind, r.Twins)
	fmt.Fprintf(out, "\nMemory of the operator, MiB          resident   at its peak   live heap\n")
	for _, row := range []struct {
		words string
		memory
	}{{fmt.Sprintf("with %d twins", r.Twins), m.Converged}, {fmt.Sprintf("and %d unrelated Secrets", m.Secrets), m.Crowded}} {
		fmt.Fprintf(out, "  %-32s %10.1f %13.1f %11.1f\n", row.words, mib(row.Resident), mib(row.Peak), mib(row.Live))
	}
	fmt.Fprintf(out, "\n%d idle twins for %.0f s: %d writes in %.0f reconciliations\n", r.Idle.Twins, r.Idle.Seconds, r.Idle.Writes, r.Idle.Reconciliations)
	printKinds(out, r.Idle.ByKind, 0)
	if f := r.Flow; f.Twins > 0 {
		fmt.Fprintf(out, "\n%d twins whose data flow for %.0f s: at most %d status writes a twin\n", f.Twins, f.Seconds, f.MostPerTwin)
		printKinds(out, f.ByKind, 0)
	}
	fmt.Fprintln(out, "\nTargets")
	for _, v := range r.Verdicts {
		word := "met   "
		if !v.Met {
			word = "MISSED"
		}
		fmt.Fprintf(out, "  %s  %s: %.4g %s (at most %.4g)\n", word, v.Target, v.Value, v.Unit, v.Bound)
	}
}

// printKinds lists writes by kind, and how many a twin has if there are twins.
func printKinds(out io.Writer, kinds map[string]int, twins int) {
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if twins > 0 {
			fmt.Fprintf(out, "    %-28s %8.1f\n", kind, float64(kinds[kind])/float64(twins))
		} else {
			fmt.Fprintf(out, "    %-28s %8d\n", kind, kinds[kind])
		}
	}
}

// write writes the report as JSON, if a file is named.
func (r *report) write(file string) error {
	if file == "" {
		return nil
	}
	doc, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	doc = append(doc, '\n')
	if file == "-" {
		_, err := os.Stdout.Write(doc)
		return err
	}
	return os.WriteFile(file, doc, 0o644)
}
