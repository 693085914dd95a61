package timescale_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/writer"
)

// Decisions are settled in order of issue, once, and only when their hours have
// passed.
func TestSettle(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()
		var issues []meter.Hour
		for {
			open, err := s.Unsettled(ctx, day)
			require.NoError(t, err)
			if len(open) == 0 {
				break
			}
			require.Len(t, open, len(tw.meters))
			issues = append(issues, open[0].IssuedAt)
			var settled []decisions.Settled
			for _, u := range open {
				require.Len(t, u.Actual, len(u.Plan))
				require.Equal(t, u.Actual[0], s.kwhAt(t, u.MeterNo, u.ValidFrom))
				require.NotZero(t, u.Expected[0])
				_, known, err := s.SettledOf(ctx, &u.Row)
				require.NoError(t, err)
				require.False(t, known)
				settled = append(settled, decisions.Settled{ID: u.ID, IssuedAt: u.IssuedAt, Method: decisions.SettledSimulated, Saving: 0.5, CO2Kg: nan()})
			}
			require.NoError(t, s.Settle(ctx, settled))
			settled[0].Saving = 9
			require.NoError(t, s.Settle(ctx, settled), "again")
			got, known, err := s.SettledOf(ctx, &open[0].Row)
			require.NoError(t, err)
			require.True(t, known)
			require.Equal(t, float32(0.5), got.Saving)
			require.True(t, math.IsNaN(float64(got.CO2Kg)))
		}
		require.Equal(t, []meter.Hour{day + 24, day + 48}, issues, "the hours of the last have not all passed")
		require.Equal(t, 6, s.count(t, `SELECT count(*) FROM realised WHERE saving = 0.5 AND co2_kg IS NULL`))
		open, err := s.Unsettled(ctx, meter.NoHour)
		require.NoError(t, err)
		require.Empty(t, open)
	})
}

// The outcome of a decision is computed again when a reading of its hours is
// corrected, and once for as many corrections.
func TestCorrectionsAreSettledAgain(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		newSmall(t, s)
		ctx := t.Context()
		settle := func(saving float32) (found []writer.Unsettled) {
			for {
				open, err := s.Unsettled(ctx, meter.NoHour)
				require.NoError(t, err)
				if len(open) == 0 {
					return found
				}
				found = append(found, open...)
				var settled []decisions.Settled
				for _, u := range open {
					settled = append(settled, decisions.Settled{
						ID: u.ID, IssuedAt: u.IssuedAt, Corrections: u.Corrections, Method: decisions.SettledSimulated, Saving: saving,
					})
				}
				require.NoError(t, s.Settle(ctx, settled))
			}
		}
		first := settle(1)
		require.NotEmpty(t, first)
		require.Empty(t, settle(2))

		wrong := &first[0]
		correct := func(h meter.Hour, offset int) {
			_, err := s.Pool.Exec(ctx, `INSERT INTO reading_revisions (ts, meter_no, stream_offset, old_kwh) VALUES ($1, $2, $3, 1)`,
				h.Time(), wrong.MeterNo, offset)
			require.NoError(t, err)
		}
		correct(wrong.ValidFrom, 1)
		correct(wrong.ValidFrom+1, 2)
		again := settle(3)
		require.Len(t, again, 1)
		require.Equal(t, wrong.ID, again[0].ID)
		require.Equal(t, 2, again[0].Corrections)
		correct(wrong.ValidFrom+1, 3)
		require.Len(t, settle(4), 1)
		correct(wrong.ValidFrom-1, 4) // no hour of it
		for _, u := range settle(5) {
			require.NotEqual(t, wrong.ID, u.ID)
		}
		got, known, err := s.SettledOf(ctx, &wrong.Row)
		require.NoError(t, err)
		require.True(t, known)
		require.Equal(t, float32(4), got.Saving)
		require.Equal(t, 3, got.Corrections)
	})
}

// kwhAt is the stored reading of an hour.
func (s store) kwhAt(t *testing.T, no int32, h meter.Hour) float32 {
	t.Helper()
	var kwh float32
	require.NoError(t, s.Pool.QueryRow(t.Context(), `SELECT kwh FROM readings WHERE meter_no = $1 AND ts = $2`, no, h.Time()).Scan(&kwh))
	return kwh
}
