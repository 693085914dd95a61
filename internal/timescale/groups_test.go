package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// Where hours arrive as sub-hour readings, nothing is known yet of the watermark's own hour.
func TestGroupShowsTheHourBeforeWhileNothingIsKnown(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		for ahead, want := range []meter.Hour{day + 95, day + 95, meter.NoHour} {
			b := tw.batch(1)
			b.Watermark = day + 95 + meter.Hour(ahead)
			tw.commit(t, tw.store, b)
			g, err := s.GroupByName(t.Context(), "north")
			require.NoError(t, err)
			require.Equal(t, want, g.LastHour, "%d hours ahead", ahead)
		}
	})
}
