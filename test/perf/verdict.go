package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// The targets.
const (
	leastOfLoader   = 0.4    // end-to-end throughput, as a share of the plain loader's
	mostPerMeter    = 12_000 // bytes of the processor's memory for each further meter
	leastOfFewer    = 0.8    // throughput with the most meters, as a share of that with the fewest
	marginOfRatings = 1e-9
)

// verdict is whether a target was met.
type verdict struct {
	Target string  `json:"target"`
	Value  float64 `json:"value"`
	Bound  float64 `json:"bound"`
	Met    bool    `json:"met"`
	text   string
}

func (v verdict) String() string {
	if v.Met {
		return "met     " + v.text
	}
	return "MISSED  " + v.text
}

func atLeast(target string, value, bound float64, text string) verdict {
	return verdict{Target: target, Value: value, Bound: bound, Met: value >= bound-marginOfRatings, text: text}
}

// judge compares what was measured with the targets.
func (r *report) judge() {
	var measured []*sizeReport // end to end
	for _, s := range r.Sizes {
		ours, loader := s.find(endToEnd, "processor"), s.find(endToEnd, "plain loader")
		if ours == nil || loader == nil {
			continue
		}
		measured = append(measured, s)
		ratio := ours.Median / loader.Median
		r.Verdicts = append(r.Verdicts, atLeast("end-to-end beside the plain loader, "+s.String(), ratio, leastOfLoader,
			fmt.Sprintf("%s: end-to-end %.2f of the plain loader (target: at least %.2f)", s.size, ratio, leastOfLoader)))
	}
	if len(measured) < 2 {
		return
	}
	few := slices.MinFunc(measured, func(a, b *sizeReport) int { return cmp.Compare(a.Meters, b.Meters) })
	many := slices.MaxFunc(measured, func(a, b *sizeReport) int { return cmp.Compare(a.Meters, b.Meters) })
	if few.Meters == many.Meters {
		return
	}
	r.judgeMemory(few, many)
	share := many.find(endToEnd, "processor").Median / few.find(endToEnd, "processor").Median
	r.Verdicts = append(r.Verdicts, atLeast("throughput by meters", share, leastOfFewer,
		fmt.Sprintf("throughput at %s meters is %.2f of that at %s (target: at least %.2f)",
			grouped(int64(many.Meters)), share, grouped(int64(few.Meters)), leastOfFewer)))
}

// memoryReport is how much memory of the processor each further meter takes: the
// difference between two sizes, so that what does not depend on meters drops
// out.
type memoryReport struct {
	From     int     `json:"fromMeters"`
	To       int     `json:"toMeters"`
	Peak     float64 `json:"peakBytes"`     // by the most that was resident at any time: this one counts
	Resident float64 `json:"residentBytes"` // by what was resident at the end
	Live     float64 `json:"liveBytes"`     // by the Go heap after a collection
}

func (r *report) judgeMemory(few, many *sizeReport) {
	per := func(of func(memory) int64) float64 {
		return (medianOf(many.Memory, of) - medianOf(few.Memory, of)) / float64(many.Meters-few.Meters)
	}
	r.Memory = &memoryReport{
		From: few.Meters, To: many.Meters,
		Peak:     per(func(m memory) int64 { return m.Peak }),
		Resident: per(func(m memory) int64 { return m.Resident }),
		Live:     per(func(m memory) int64 { return m.Live }),
	}
	if medianOf(many.Memory, func(m memory) int64 { return m.Peak }) == 0 {
		r.note("resident memory can be read on Linux only")
		return
	}
	r.Verdicts = append(r.Verdicts, verdict{
		Target: "memory per meter", Value: r.Memory.Peak, Bound: mostPerMeter, Met: r.Memory.Peak <= mostPerMeter,
		text: fmt.Sprintf("the processor takes %.1f kB per meter (target: at most %.1f)", r.Memory.Peak/1e3, mostPerMeter/1e3),
	})
}

func medianOf(all []memory, of func(memory) int64) float64 {
	values := make([]float64, len(all))
	for i, m := range all {
		values[i] = float64(of(m))
	}
	return median(values)
}

func (r *report) printMemory(out io.Writer) {
	if r.Memory == nil {
		return
	}
	fmt.Fprintf(out, "\nMemory of the processor\n")
	for _, s := range r.Sizes {
		at := func(of func(memory) int64) float64 { return medianOf(s.Memory, of) / 1e6 }
		fmt.Fprintf(out, "  %s: %.0f MB resident at most, %.0f MB at the end, %.0f MB of live heap\n", s.size,
			at(func(m memory) int64 { return m.Peak }), at(func(m memory) int64 { return m.Resident }), at(func(m memory) int64 { return m.Live }))
	}
	m := r.Memory
	fmt.Fprintf(out, "  per meter, from %s to %s meters: %.1f kB resident at most, %.1f kB at the end, %.1f kB of live heap\n",
		grouped(int64(m.From)), grouped(int64(m.To)), m.Peak/1e3, m.Resident/1e3, m.Live/1e3)
}
