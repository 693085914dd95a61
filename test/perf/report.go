package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// report is all that a run found out.
type report struct {
	Machine     machine       `json:"machine"`
	Stores      storeVersions `json:"stores"`
	Began       time.Time     `json:"began"`
	Seconds     float64       `json:"seconds"`
	Repetitions int           `json:"repetitions"`
	Sizes       []*sizeReport `json:"sizes"`
	Memory      *memoryReport `json:"memoryPerMeter,omitempty"`
	Verdicts    []verdict     `json:"verdicts"`
	Notes       []string      `json:"notes,omitempty"`

	options *options
}

// sizeReport is what was measured for a size.
type sizeReport struct {
	size
	Readings int64          `json:"readings"`
	Stages   []*stageReport `json:"stages"`

	Memory []memory  `json:"processorMemory,omitempty"` // by repetition
	Relay  []float64 `json:"relaySeconds,omitempty"`    // by repetition
	Counts *counts   `json:"counts,omitempty"`
}

// stageReport compares the sides of a stage, ours first.
type stageReport struct {
	Name  string        `json:"name"`
	Sides []*sideReport `json:"sides"`
}

// sideReport is the result of one side, by repetition.
type sideReport struct {
	Name     string    `json:"name"`
	Rates    []float64 `json:"readingsPerSecond"`
	Median   float64   `json:"median"`
	Seconds  []float64 `json:"seconds"`
	MBPerSec []float64 `json:"megabytesPerSecond,omitempty"`
	CPU      []float64 `json:"cpuMicrosecondsPerReading,omitempty"` // of the process itself, without the stores
	Ratio    float64   `json:"ratio,omitempty"`                     // of our median to this one; 0 for ours
}

// add keeps one measurement.
func (r *report) add(s size, stage, side string, p pass) {
	in := r.sizeOf(s)
	sr := in.stage(stage).side(side)
	sr.Rates = append(sr.Rates, p.rate())
	sr.Median = median(sr.Rates)
	sr.Seconds = append(sr.Seconds, p.took.Seconds())
	if p.bytes > 0 {
		sr.MBPerSec = append(sr.MBPerSec, float64(p.bytes)/1e6/p.took.Seconds())
	}
	if p.cpu > 0 {
		sr.CPU = append(sr.CPU, float64(p.cpu.Microseconds())/float64(p.readings))
	}
	if p.memory != (memory{}) {
		in.Memory = append(in.Memory, p.memory)
		in.Relay = append(in.Relay, p.relay.Seconds())
		in.Counts = &p.counts
	}
}

func (r *report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func (r *report) sizeOf(s size) *sizeReport {
	for _, sr := range r.Sizes {
		if sr.size == s {
			return sr
		}
	}
	sr := &sizeReport{size: s, Readings: s.readings()}
	r.Sizes = append(r.Sizes, sr)
	return sr
}

func (s *sizeReport) stage(name string) *stageReport {
	for _, st := range s.Stages {
		if st.Name == name {
			return st
		}
	}
	st := &stageReport{Name: name}
	s.Stages = append(s.Stages, st)
	return st
}

// find is the side of a stage, nil if it was not measured.
func (s *sizeReport) find(stage, side string) *sideReport {
	for _, st := range s.Stages {
		for _, sd := range st.Sides {
			if st.Name == stage && sd.Name == side {
				return sd
			}
		}
	}
	return nil
}

func (s *stageReport) side(name string) *sideReport {
	for _, sd := range s.Sides {
		if sd.Name == name {
			return sd
		}
	}
	sd := &sideReport{Name: name}
	s.Sides = append(s.Sides, sd)
	return sd
}

// errMissed means that a target was missed.
var errMissed = errors.New("a target was missed")

// finish compares, judges, prints, and writes the JSON document.
func (r *report) finish(out io.Writer) error {
	r.compare()
	r.judge()
	r.print(out)
	if r.options.json != "" {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(r.options.json, append(text, '\n'), 0o644); err != nil {
			return fmt.Errorf("write the results: %w", err)
		}
	}
	missed := slices.ContainsFunc(r.Verdicts, func(v verdict) bool { return !v.Met })
	if missed && !r.options.quick {
		return errMissed
	}
	return nil
}

// compare brings the stages into their order and sets the ratios.
func (r *report) compare() {
	names := stageNames()
	for _, s := range r.Sizes {
		slices.SortFunc(s.Stages, func(a, b *stageReport) int {
			return slices.Index(names, a.Name) - slices.Index(names, b.Name)
		})
		for _, st := range s.Stages {
			if st.Sides[0].Name != ourSide(st.Name) {
				continue // ours was not measured for this size
			}
			for _, sd := range st.Sides[1:] {
				sd.Ratio = st.Sides[0].Median / sd.Median
			}
		}
	}
}

func ourSide(stage string) string {
	for _, st := range stages() {
		if st.name == stage {
			return st.sides[0].name
		}
	}
	return ""
}

func (r *report) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s\n%s\n", r.Machine, r.Stores)
	for _, s := range r.Sizes {
		s.print(out, r.Repetitions)
	}
	r.printMemory(out)
	fmt.Fprintf(out, "\nTargets (%s)\n", time.Duration(r.Seconds*float64(time.Second)).Round(time.Second))
	for _, v := range r.Verdicts {
		fmt.Fprintf(out, "  %s\n", v)
	}
	if r.options.quick {
		fmt.Fprintln(out, "  --quick: the sizes are too small to judge by")
	}
	for _, n := range r.Notes {
		fmt.Fprintf(out, "  note: %s\n", n)
	}
}

func (s *sizeReport) print(out io.Writer, repetitions int) {
	fmt.Fprintf(out, "\n%s (%s readings), in readings/s: median of %d, and how far the least and the most lie apart\n",
		s.size, grouped(s.Readings), repetitions)
	fmt.Fprintf(out, "  %-11s %-14s %11s %6s   %-20s %11s %6s  %6s\n", "part", "ours", "", "", "beside", "", "", "ratio")
	for _, st := range s.Stages {
		s.printStage(out, st)
	}
	if ours, loader := s.find(endToEnd, "processor"), s.find(endToEnd, "plain loader"); ours != nil && loader != nil {
		fmt.Fprintf(out, "  CPU time per reading, stores not counted: processor %.2f µs, plain loader %.2f µs\n", median(ours.CPU), median(loader.CPU))
	}
	if c := s.Counts; c != nil {
		fmt.Fprintf(out, "  the processor wrote %s readings, %s forecasts and %s decisions; the last announcement followed %.1f s after the last commit\n",
			grouped(c.Stored), grouped(c.Forecasts), grouped(c.Decisions), median(s.Relay))
	}
}

func (s *sizeReport) printStage(out io.Writer, st *stageReport) {
	name, ours := st.Name, st.Sides[0]
	others := st.Sides[1:]
	if ours.Name != ourSide(st.Name) {
		ours, others = &sideReport{Name: "not measured"}, st.Sides
	}
	for i := 0; i < max(1, len(others)); i++ {
		fmt.Fprintf(out, "  %-11s %s", name, ours.text(14))
		if i < len(others) {
			fmt.Fprintf(out, "   %s", others[i].text(20))
			if others[i].Ratio > 0 {
				fmt.Fprintf(out, "  %6.2f", others[i].Ratio)
			}
		}
		fmt.Fprintln(out)
		name, ours = "", &sideReport{}
	}
}

// text is a side in a table: name, median, spread.
func (s *sideReport) text(width int) string {
	if len(s.Rates) == 0 {
		return fmt.Sprintf("%-*s %11s %6s", width, s.Name, "", "")
	}
	return fmt.Sprintf("%-*s %11s %6s", width, s.Name, grouped(int64(s.Median)), s.spread())
}

// spread is how far the least and the most lie apart, as a share of the median.
func (s *sideReport) spread() string {
	if len(s.Rates) < 2 {
		return ""
	}
	return fmt.Sprintf("±%.0f%%", 50*(slices.Max(s.Rates)-slices.Min(s.Rates))/s.Median)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// columns joins what there is of some texts.
func columns(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}
