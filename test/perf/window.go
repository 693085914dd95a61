package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// usualUpdates is about how many window updates a second a machine does.
const usualUpdates = 300_000

// windowPass runs the processor's own benchmark of what it does in memory with
// a decoded reading: window, model and, amortised, a forecast and a decision a
// day.
func windowPass(ctx context.Context, b *bench, f *fixture, _ func(int64)) (pass, error) {
	name := fmt.Sprintf("meters=%d", f.size.Meters)
	// A number of operations, not a time: each try for a time would fill the
	// windows again.
	operations := int64(b.o.leastPart().Seconds() * usualUpdates)
	cmd := exec.CommandContext(ctx, b.programs.window, "-test.run=^$", "-test.cpu=1",
		"-test.bench=^BenchmarkPartition$/^"+name+"$", fmt.Sprintf("-test.benchtime=%dx", operations))
	cmd.Dir = b.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return pass{}, fmt.Errorf("benchmark of the window: %w\n%s", err, out)
	}
	return benchmarkResult(out, name)
}

// benchmarkResult reads a line of `go test -bench`: name, operations, then
// pairs of value and unit. An operation is a reading.
func benchmarkResult(out []byte, name string) (pass, error) {
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.Contains(fields[0], name) || fields[3] != "ns/op" {
			continue
		}
		n, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return pass{}, fmt.Errorf("benchmark line %q: %w", lines.Text(), err)
		}
		each, err := strconv.ParseFloat(fields[2], 64)
		if err != nil {
			return pass{}, fmt.Errorf("benchmark line %q: %w", lines.Text(), err)
		}
		return pass{readings: n, took: time.Duration(float64(n) * each)}, nil
	}
	return pass{}, errNotHere // there is no such benchmark
}

// ringPass stores a value into the ring of each meter in turn: what a window
// update costs at least.
func ringPass(ctx context.Context, b *bench, f *fixture, watch func(int64)) (pass, error) {
	ring := f.twin.Processor.HistoryWindow.Hours() + meter.HoursPerDay
	rings := make([][]float32, f.size.Meters)
	for i := range rings {
		rings[i] = make([]float32, ring)
	}
	slot := 0
	return forAtLeast(ctx, b.o.leastPart(), watch, func() (int64, error) {
		for range ring {
			for _, r := range rings {
				r[slot]++
			}
			if slot++; slot == ring {
				slot = 0
			}
		}
		return int64(ring * len(rings)), nil
	})
}
