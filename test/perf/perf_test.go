package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/synth"
)

// TestMain lets the program run itself: the tests are in its place here.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"generate", "load", "consume"}, os.Args[1]) {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestSmallRun measures everything once, on real stores, with few meters. Each
// measurement checks by itself that no reading was lost.
func TestSmallRun(t *testing.T) {
	if testing.Short() {
		t.Skip("starts all stores and builds the binary")
	}
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not on PATH")
	}
	path := filepath.Join(t.TempDir(), "results.json")
	o := &options{meters: []int{40, 80}, days: []int{11, 11}, repetitions: 2, least: 10 * time.Millisecond, within: time.Hour, json: path, quick: true}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), o, &out, os.Stderr))

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var r report
	require.NoError(t, json.Unmarshal(text, &r))
	require.Len(t, r.Sizes, 2)
	for _, s := range r.Sizes {
		for _, st := range stages() {
			for _, sd := range st.sides {
				if sd.name == "window update" {
					continue // its benchmark has other numbers of meters
				}
				found := s.find(st.name, sd.name)
				require.NotNil(t, found, sd.name)
				require.Len(t, found.Rates, 2)
				require.Positive(t, found.Median, sd.name)
			}
		}
		require.EqualValues(t, s.Meters*11*24, s.Counts.Stored)
		require.Positive(t, s.Counts.Decisions)
	}
	require.Len(t, r.Verdicts, 4)
	require.Contains(t, out.String(), "plain loader")
}

func TestVerdicts(t *testing.T) {
	few, many := size{Meters: 1000, Days: 365}, size{Meters: 10_000, Days: 60}
	for _, tc := range []struct {
		name              string
		few, many, loader float64
		perMeter          int64
		met               []bool // loader with few meters, with many, memory, throughput by meters
	}{
		{"all met", 250e3, 240e3, 500e3, 11_000, []bool{true, true, true, true}},
		{"on the bounds", 250e3, 200e3, 500e3, 12_000, []bool{true, true, true, true}},
		{"slow with many", 250e3, 199e3, 500e3, 11_000, []bool{true, false, true, false}},
		{"large", 250e3, 240e3, 500e3, 12_100, []bool{true, true, false, true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &report{options: &options{}}
			for _, m := range []struct {
				size size
				rate float64
			}{{few, tc.few}, {many, tc.many}} {
				peak := 100e6 + int64(m.size.Meters)*tc.perMeter
				r.add(m.size, endToEnd, "processor", pass{readings: int64(m.rate), took: time.Second, memory: memory{Peak: peak, Resident: peak, Live: peak / 2}})
				r.add(m.size, endToEnd, "plain loader", pass{readings: int64(tc.loader), took: time.Second})
			}
			err := r.finish(&bytes.Buffer{})
			var met []bool
			for _, v := range r.Verdicts {
				met = append(met, v.Met)
			}
			require.Equal(t, tc.met, met)
			if slices.Contains(tc.met, false) {
				require.ErrorIs(t, err, errMissed)
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestMedianAndSpread(t *testing.T) {
	s := &sideReport{Rates: []float64{90, 120, 100}}
	s.Median = median(s.Rates)
	require.Equal(t, 100.0, s.Median)
	require.Equal(t, "±15%", s.spread())
	require.Equal(t, 105.0, median([]float64{90, 120, 100, 110}))
	require.Zero(t, median(nil))
}

func TestMemoryIsReadFromWhatSystemAndRuntimeSay(t *testing.T) {
	status := []byte("Name:\tenergytwin\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\n")
	require.EqualValues(t, 200<<20, statusField(status, "VmHWM"))
	require.EqualValues(t, 100<<20, statusField(status, "VmRSS"))
	require.Zero(t, statusField(status, "VmSwap"))

	log := []byte(`gc 1 @0.01s 1%: 0.02+0.4+0.01 ms clock, 0.05+0.1/0.3/0.2+0.02 ms cpu, 4->4->1 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 2 P
time=… level=INFO msg="gc 7 is not a line of the collector"
gc 2 @0.50s 1%: 0.02+0.4+0.01 ms clock, 0.05+0.1/0.3/0.2+0.02 ms cpu, 90->95->60 MB, 120 MB goal, 0 MB stacks, 0 MB globals, 2 P
gc 3 @0.90s 1%: 0.02+0.4+0.01 ms clock, 0.05+0.1/0.3/0.2+0.02 ms cpu, 90->95->50 MB, 120 MB goal, 0 MB stacks, 0 MB globals, 2 P
`)
	require.EqualValues(t, 50<<20, liveHeap(log))
	require.Zero(t, liveHeap(nil))
}

func TestResidentMemoryOfThisProcess(t *testing.T) {
	m := residentOf(os.Getpid())
	if m == (memory{}) {
		t.Skip("resident memory can be read on Linux only")
	}
	require.Positive(t, m.Resident)
	require.GreaterOrEqual(t, m.Peak, m.Resident)
}

func TestBenchmarkLine(t *testing.T) {
	out := []byte("goos: linux\nBenchmarkPartition/meters=1000-2  \t 2000000\t       500.0 ns/op\t      6800 B/meter\nPASS\n")
	p, err := benchmarkResult(out, "meters=1000")
	require.NoError(t, err)
	require.EqualValues(t, 2_000_000, p.readings)
	require.Equal(t, time.Second, p.took)
	_, err = benchmarkResult([]byte("PASS\n"), "meters=1000")
	require.ErrorIs(t, err, errNotHere)
}

func TestFirstHoursCutsADatasetOff(t *testing.T) {
	whole, err := synth.New(synth.Options{Meters: 3, Year: datasetYear, Zone: timezone})
	require.NoError(t, err)
	start := whole.Info().Start
	cut := firstHours{Source: whole, end: start + 30}
	info := cut.Info()
	require.EqualValues(t, 90, info.Rows)
	require.Equal(t, start+29, info.Meters[2].Last)
	require.NotEqual(t, info.Rows, whole.Info().Rows)
	var rows int
	last := meter.NoHour
	for block, err := range cut.Rows(start) {
		require.NoError(t, err)
		rows, last = rows+len(block), block[0].Hour
	}
	require.Equal(t, 90, rows)
	require.Equal(t, start+29, last)
}

func TestRecordSetsHoldEveryRecord(t *testing.T) {
	sets := &recordSets{most: 2 * stream.BatchBytes}
	added := int64(0)
	for more := true; more; added++ {
		more = sets.add(stream.Record{Key: []byte("feeder-0001"), Value: bytes.Repeat([]byte("x"), 100)})
	}
	require.NoError(t, sets.flush())
	require.Len(t, sets.done, 2)
	inSets := int64(0)
	for _, r := range sets.done {
		inSets += r.records
		require.EqualValues(t, len(r.body)-4, binary.BigEndian.Uint32(r.body), "a record set begins with its length")
	}
	require.Equal(t, added, inSets)
}

func TestRedisCommands(t *testing.T) {
	half := bytes.Repeat([]byte{7}, commandBytes/2)
	commands, n := writeCommands([]history.Checkpoint{{Meters: []history.MeterBlob{{Key: "a", Blob: half}, {Key: "b", Blob: half}, {Key: "c", Blob: []byte("z")}}}})
	require.Equal(t, 3, n, "a deletion and two writes")
	require.True(t, bytes.HasPrefix(commands, []byte("*2\r\n$6\r\nUNLINK\r\n$8\r\nwindow/0\r\n*6\r\n$4\r\nHSET\r\n")))
	require.True(t, bytes.HasSuffix(commands, []byte("*4\r\n$4\r\nHSET\r\n$8\r\nwindow/0\r\n$1\r\nc\r\n$1\r\nz\r\n")))
}

func TestOptions(t *testing.T) {
	never := func(string) bool { return false }
	o := defaultOptions()
	require.NoError(t, o.settle(never))
	require.Equal(t, []size{{1000, 365}, {10_000, 60}}, o.sizes())
	require.EqualValues(t, 8_760_000, o.sizes()[0].readings())

	for name, change := range map[string]func(*options){
		"write one of each":         func(o *options) { o.days = o.days[:1] },
		"1 to 365 days":             func(o *options) { o.days[0] = 366 },
		"--repetitions 0":           func(o *options) { o.repetitions = 0 },
		"--only everything: write ": func(o *options) { o.only = []string{"everything"} },
	} {
		o := defaultOptions()
		change(o)
		require.ErrorContains(t, o.settle(never), name)
	}
}

func TestGrouped(t *testing.T) {
	require.Equal(t, "1,234,567", grouped(1_234_567))
	require.Equal(t, "123", grouped(123))
	require.Equal(t, "-12,345", grouped(-12_345))
	require.Equal(t, "-123", grouped(-123))
}
