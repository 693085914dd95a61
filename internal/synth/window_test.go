package synth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
)

func TestWithinAWindow(t *testing.T) {
	o := Options{Meters: 3, Groups: 1, Seed: 1, Year: 2025, Zone: "Europe/London"}
	year, err := New(o)
	require.NoError(t, err)
	start := time.Date(2025, 3, 29, 0, 0, 0, 0, time.UTC)
	part, err := Within(o, start, 72*time.Hour)
	require.NoError(t, err)
	info := part.Info()
	require.Equal(t, meter.HourOf(start), info.Start)
	require.Equal(t, 72, info.Hours())
	require.Equal(t, int64(3*72), info.Rows)
	require.Equal(t, year.Info().Rows-info.Rows, info.Trimmed)
	require.NotEqual(t, year.Info().SHA256, info.SHA256)
	require.Equal(t, int64(72), info.Meters[2].Rows)
	require.Equal(t, int64(365*24), year.Info().Meters[2].Rows, "the year's own description changed")

	want := map[meter.Hour][]dataset.Row{}
	for rows, err := range year.Rows(info.Start) {
		require.NoError(t, err)
		if rows[0].Hour >= info.End {
			break
		}
		want[rows[0].Hour] = append([]dataset.Row(nil), rows...)
	}
	for _, from := range []meter.Hour{0, info.Start + 50} {
		hours := 0
		for rows, err := range part.Rows(from) {
			require.NoError(t, err)
			require.Equal(t, want[rows[0].Hour], rows)
			hours++
		}
		require.Equal(t, int(info.End-max(from, info.Start)), hours)
	}

	whole, err := Within(o, time.Time{}, 8784*time.Hour)
	require.NoError(t, err)
	require.Equal(t, year.Info(), whole.Info())
	_, err = Within(o, start.AddDate(1, 0, 0), 72*time.Hour)
	require.ErrorContains(t, err, "no hour of the year 2025")
}
