package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// memory is what a process takes.
type memory struct {
	Peak     int64 `json:"peakBytes"`     // most that was resident at any time
	Resident int64 `json:"residentBytes"` // resident at the end of the stream
	Live     int64 `json:"liveBytes"`     // of the Go heap after a collection at the end of the stream
}

// residentOf reads what Linux knows of a process; zeros elsewhere.
func residentOf(pid int) memory {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}
	}
	return memory{Peak: statusField(status, "VmHWM"), Resident: statusField(status, "VmRSS")}
}

// statusField is a field of /proc/PID/status in bytes, 0 if it is not there.
func statusField(status []byte, name string) int64 {
	for line := range bytes.Lines(status) {
		if rest, ok := strings.CutPrefix(string(line), name+":"); ok {
			kB, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kB << 10
		}
	}
	return 0
}

// traceCollections makes a Go program print a line for each garbage collection.
const traceCollections = "GODEBUG=gctrace=1"

// collection finds in such a line the heap that a collection left: the last of
// "at its start->at its end->live MB".
var collection = regexp.MustCompile(`(?m)^gc \d+ @.* \d+->\d+->(\d+) MB`)

// liveHeap is the median of the heap that the last collections left, in bytes,
// 0 if there was none. One alone may count what was made while it ran.
func liveHeap(log []byte) int64 {
	const last = 5
	found := collection.FindAllSubmatch(log, -1)
	var live []int64
	for _, f := range found[max(0, len(found)-last):] {
		mB, _ := strconv.ParseInt(string(f[1]), 10, 64)
		live = append(live, mB<<20)
	}
	if len(live) == 0 {
		return 0
	}
	slices.Sort(live)
	return live[len(live)/2]
}
