package synth

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/datafile"
	"github.com/energytwin/energytwin/internal/meter"
)

// Households must look like load next to real buildings: these bounds are
// what docs/reference/datasets.md states of both.
func TestLooksLikeLoad(t *testing.T) {
	cal, err := meter.NewCalendar("Europe/London")
	require.NoError(t, err)
	made, err := dataset.ShapeOf(households(t, Options{Meters: 200, Seed: 1, Year: 2019, Zone: "Europe/London"}), cal)
	require.NoError(t, err)
	within := func(lo, hi, v float64, what string) {
		t.Helper()
		require.GreaterOrEqual(t, v, lo, what)
		require.LessOrEqual(t, v, hi, what)
	}
	within(0.3, 0.6, made.MeanKWh, "2,600 to 5,300 kWh a year")
	within(0.08, 0.25, made.LoadFactor, "load factor")
	within(0.25, 0.7, made.Day, "24 h")
	within(made.Day, 0.7, made.Week, "168 h")
	within(0.3, 0.6, made.TotalLoadFactor, "load factor of all")
	within(0.8, 1, made.TotalDay, "24 h of all")
	within(0.3, 0.7, made.Profile[4], "night")
	within(1.4, 2.1, made.Profile[18], "evening peak")
	within(1, 1.2, made.WeekendRatio, "weekends")

	path := filepath.Join("..", "..", "..", "shared", "data", "buildings20_2019.csv.gz")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("real data is not here: %v", err)
	}
	file, err := datafile.Open(t.Context(), path, datafile.Options{ScratchDir: t.TempDir()})
	require.NoError(t, err)
	buildings, err := dataset.ShapeOf(file, cal)
	require.NoError(t, errors.Join(err, file.Close()))
	require.Less(t, made.LoadFactor, buildings.LoadFactor, "one household is spikier than a building")
	require.InDelta(t, buildings.TotalWeek, made.TotalWeek, 0.1)
	require.InDelta(t, buildings.TotalDay, made.TotalDay, 0.15)
}
