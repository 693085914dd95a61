package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/synth"
)

// Of the replays that are counted and disturbed.
const (
	replayMeters = 200
	replayDays   = 30
)

// readingsOf counts the readings of a made-up dataset.
func readingsOf(t *testing.T, meters, days int) int {
	t.Helper()
	source, err := synth.Within(
		synth.Options{
			Meters: meters, Groups: v1.DefaultSyntheticGroups, Seed: v1.DefaultSyntheticSeed, Year: v1.DefaultSyntheticYear, Zone: "UTC",
		},
		time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Duration(days)*24*time.Hour)
	require.NoError(t, err)
	defer source.Close()
	count := 0
	for rows, err := range source.Rows(meter.NoHour) {
		require.NoError(t, err)
		count += len(rows)
	}
	return count
}

// TestReplay: a replay at full speed stores exactly the readings of its dataset;
// deleting the twin under deletionPolicy: Delete leaves nothing, although the
// operator is killed meanwhile; and a twin of the same name that is disturbed in
// every way while it replays ends with the very rows of the undisturbed one.
func TestReplay(t *testing.T) {
	s := connect(t).space(t, "e2e-replay")
	const name = "area"

	began := time.Now()
	s.make(s.synthetic(name, replayMeters, replayDays, "max"))
	s.completed(name)
	t.Logf("MEASURED replay of %d meters × %d days at speed max: Completed %.0f s after apply", replayMeters, replayDays, time.Since(began).Seconds())
	count := readingsOf(t, replayMeters, replayDays)
	require.EqualValues(t, count, s.asked(name, "").Counts.Stored)
	want := s.rows(name)
	require.EqualValues(t, count, want[0].Rows)
	for _, table := range want {
		if table.Name != "reading_revisions" { // nothing is corrected
			require.Positive(t, table.Rows, table.Name)
		}
	}

	began = time.Now()
	require.NoError(t, s.Delete(t.Context(), s.twin(name), client.PropagationPolicy("Background")))
	s.killOperator(t, 0)
	s.remove(name)
	s.nothingIsLeft(name, deleted)
	t.Logf("MEASURED delete with its volumes, the operator killed meanwhile: %.0f s (wanted: 60 s)", time.Since(began).Seconds())
	s.operatorWorks(t)

	s.disturb(name)
	require.Equal(t, want, s.rows(name), "a disturbed twin ended with other rows")
}
