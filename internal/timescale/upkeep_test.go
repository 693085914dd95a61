package timescale_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
)

func TestUpkeep(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		ctx := t.Context()
		u, err := s.Upkeep(ctx)
		require.NoError(t, err)
		require.Equal(t, reader.Upkeep{LastForecasts: meter.NoHour, LastDecisions: meter.NoHour, SettledTo: meter.NoHour}, u)

		newSmall(t, s)
		u, err = s.Upkeep(ctx)
		require.NoError(t, err)
		require.Equal(t, []meter.Hour{day + 72, day + 72, meter.NoHour}, []meter.Hour{u.LastForecasts, u.LastDecisions, u.SettledTo})
		require.EqualValues(t, 3, u.Unrelayed)
		require.False(t, u.UnrelayedSince.IsZero())
		settleAll(t, s)
		u, err = s.Upkeep(ctx)
		require.NoError(t, err)
		require.Equal(t, day+95, u.SettledTo, "the watermark")
	})
}

// A specification counts in the partitions in which it is the newest.
func TestHeldSpecs(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		ctx := t.Context()
		for no, hashes := range map[int][]string{0: {"first", "second"}, 1: {"first"}} {
			p := take(t, s, no, twin.MeterKey{Name: "m" + string(rune('0'+no))})
			for i, hash := range hashes {
				require.NoError(t, s.RecordSpec(ctx, no, p.state.Epoch, int64(10*i), hash, json.RawMessage(`{}`)))
				b := p.batch(10)
				b.Watermark = day
				p.commit(t, s, b)
			}
		}
		specs, err := s.HeldSpecs(ctx)
		require.NoError(t, err)
		for i := range specs {
			require.False(t, specs[i].First.IsZero())
		}
		require.Len(t, specs, 2)
		byHash := map[string]reader.HeldSpec{specs[0].Hash: specs[0], specs[1].Hash: specs[1]}
		require.Equal(t, []int{2, 1}, []int{byHash["first"].Partitions, byHash["first"].Holding})
		require.Equal(t, []int{1, 1}, []int{byHash["second"].Partitions, byHash["second"].Holding})
	})
}
