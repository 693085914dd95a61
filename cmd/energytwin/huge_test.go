package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/test/settings"
)

// TestHugeFileTakesConstantMemory inspects a made-up file of a year of many meters,
// which is written as it is read and takes no disk. ENERGYTWIN_HUGE_METERS sets how
// many: 13,000 make 5 GB, which takes some minutes.
func TestHugeFileTakesConstantMemory(t *testing.T) {
	meters := settings.Int(t, "ENERGYTWIN_HUGE_METERS", 0)
	if meters == 0 {
		t.Skip("run with ENERGYTWIN_HUGE_METERS=13000")
	}
	const hours = 8784
	dir := t.TempDir()
	binary, pipe := filepath.Join(dir, "energytwin"), filepath.Join(dir, "readings.csv")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	written := make(chan int64, 1)
	go func() { written <- writeHuge(pipe, meters, hours) }()

	cmd := exec.CommandContext(t.Context(), binary, "dataset", "inspect", pipe, "--json", "--scratch", dir)
	out, err = cmd.Output()
	require.NoError(t, err)
	require.Contains(t, string(out), fmt.Sprintf(`"rows": %d`, meters*hours))
	most := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	bytes := <-written
	t.Logf("%.2f GB in at most %d MiB", float64(bytes)/1e9, most>>20)
	require.Less(t, most, int64(512<<20))
}

// writeHuge writes hour after hour of all meters and returns the bytes.
func writeHuge(path string, meters, hours int) int64 {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return 0
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	n, _ := fmt.Fprintln(w, "meter_id,timestamp,kwh")
	total := int64(n)
	for h := range hours {
		at := time.Date(2024, 1, 1, h, 0, 0, 0, time.UTC).Format(time.RFC3339)
		kWh := 0.4 + 0.3*math.Sin(float64(h)/24*2*math.Pi)
		for m := range meters {
			n, err := fmt.Fprintf(w, "meter-%06d,%s,%.3f\n", m, at, kWh+float64(m%100)/1000)
			if err != nil {
				return total
			}
			total += int64(n)
		}
	}
	if err := w.Flush(); err != nil {
		return 0
	}
	return total
}
