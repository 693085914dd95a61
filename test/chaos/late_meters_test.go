package chaos

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/admission"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/test/settings"
)

// lateMeters is a file of a twin with meters that begin late, kept beside the
// repository, with the twin's resource and the decisions that are right.
const (
	lateMeters    = "../../../shared/field/60-late-meter.csv.gz"
	lateTwin      = "../../../shared/field/own.yaml"
	lateDecisions = 8*216 + 8*3
)

// A meter exists from its first reading on. How many decisions there are must not
// depend on which processor reads which partition, or how far ahead of the others:
// one and two processors decide the same, each time.
//
// ENERGYTWIN_CHAOS_RUNS sets how often two processors do it.
func TestLateMetersDecideTheSame(t *testing.T) {
	s := startStores(t)
	binary := build(t)
	runs := settings.Int(t, "ENERGYTWIN_CHAOS_RUNS", 2)
	t.Run("made up", func(t *testing.T) {
		const days, late, warmUp = 44, 36, 28
		// Each midnight decides for the meters with a reading before it, from the first
		// one on that comes after the warm-up to the one that ends the replay.
		want := int64(6*(days-warmUp) + 6*(days-late))
		requireTheSame(t, s.in(t), binary, runs, want, madeUp, writeLateMeters(t, days, late))
	})
	t.Run("as people have it", func(t *testing.T) {
		if _, err := os.Stat(lateMeters); err != nil {
			t.Skip("the file is not there: ../shared/field/60-late-meter.csv.gz")
		}
		path, err := filepath.Abs(lateMeters)
		require.NoError(t, err)
		document, err := os.ReadFile(lateTwin)
		require.NoError(t, err)
		requireTheSame(t, s.in(t), binary, runs, lateDecisions, string(document), path)
	})
}

const madeUp = `
apiVersion: twin.energytwin.dev/v1
kind: DigitalTwin
metadata: {name: late}
spec:
  dataset: {configMap: {name: x, key: x}}
  generator: {mode: Replay, speed: max, warmup: {history: 672h}}
  processor: {forecast: {historyWindow: 1344h, issueAt: "00:00"}}
  kafka: {topics: {partitions: 4}}
`

// writeLateMeters writes a file of 12 meters, of which 6 begin at a later day.
func writeLateMeters(t *testing.T, days, late int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("meter,time,kwh\n")
	for h := range days * 24 {
		at := time.Date(2024, 1, 1, h, 0, 0, 0, time.UTC).Format(time.RFC3339)
		for m := range 12 {
			if m%2 == 0 || h >= late*24 {
				fmt.Fprintf(&b, "home-%02d,%s,%.3f\n", m, at, 0.4+0.3*math.Sin(float64(h+m)/24*2*math.Pi)+0.01*float64((h*7+m)%13))
			}
		}
	}
	path := filepath.Join(folder(t), "late.csv")
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o644))
	return path
}

func requireTheSame(t *testing.T, s *stores, binary string, runs int, decisions int64, document, dataset string) {
	t.Helper()
	checker, err := admission.New()
	require.NoError(t, err)
	resource, err := checker.Read("late", []byte(document))
	require.NoError(t, err)
	resource.Namespace = "default"
	want := s.decide(resource, binary, dataset, "late_0", 1)
	require.Equal(t, decisions, want["decisions"].rows)
	for run := 1; run <= runs; run++ {
		require.Equal(t, want, s.decide(resource, binary, dataset, fmt.Sprintf("late_%d", run), 2), "run %d", run)
	}
}

// decide runs a twin to its end and returns what it stored.
func (s *stores) decide(resource *v1.DigitalTwin, binary, dataset, database string, processors int) map[string]content {
	s.t.Helper()
	twin := &runningTwin{t: s.t, stores: s, database: s.newDatabase(strings.ToLower(filepath.Base(s.t.Name())) + "_" + database), config: s.configFile("late")}
	s.configure(twin, resource, dataset, func(*config.Twin) {})
	generator := twin.start(binary, "generator", "--until-done")
	var workers []*process
	for range processors {
		workers = append(workers, twin.start(binary, "processor"))
	}
	generator.requireEnd()
	for _, p := range workers {
		p.stop()
	}
	first := count(s.t, twin.database, `SELECT count(*) FROM decisions d JOIN meters m USING (meter_no)
		WHERE d.issued_at <= (SELECT min(ts) FROM readings r WHERE r.meter_no = m.meter_no)`)
	require.Zero(s.t, first, "decisions for meters that had no reading yet")
	stored := contentsOf(s.t, twin.database, "infinity")
	s.forget(twin)
	return stored
}
