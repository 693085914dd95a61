package dataset

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

func TestShapeZZ(t *testing.T) {
	cal, err := meter.NewCalendar("Europe/London")
	require.NoError(t, err)
	for _, s := range []Source{
		open(t, realData(t, "buildings20_2019.csv.gz"), Options{}),
		synth(t, SyntheticOptions{Meters: 200, Seed: 1, Year: 2019, Zone: "Europe/London"}),
		synth(t, SyntheticOptions{Meters: 20, Seed: 1, Year: 2019, Zone: "Europe/London"}),
	} {
		sh, err := ShapeOf(s, cal)
		require.NoError(t, err)
		t.Logf("%+v", sh)
	}
}
