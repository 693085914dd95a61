package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// Shadow decisions are listed only where they are asked for, are announced to
// nobody, change no planned load and count in no outcome. They are settled, so that
// a policy can be judged before it is in force.
func TestShadowDecisions(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()
		list := reader.DecisionList{From: day, To: day + 240, Limit: 100}
		outcomes := reader.OutcomeQuery{From: day, To: day + 240, Now: day + 95, Unit: reader.Hours}

		check := func(shadow bool, advised, shadowed int) {
			t.Helper()
			list.Shadow = false
			found, err := s.ListDecisions(ctx, list)
			require.NoError(t, err)
			require.Len(t, found, advised)
			list.Shadow = true
			found, err = s.ListDecisions(ctx, list)
			require.NoError(t, err)
			require.Len(t, found, shadowed)
			for _, d := range found {
				require.True(t, d.Shadow)
			}
			issued, err := s.DecisionsIssued(ctx, 3, day+24)
			require.NoError(t, err)
			require.Equal(t, shadow, len(issued) == 0)
			planned, err := s.PlannedChange(ctx, nil, day, day+240)
			require.NoError(t, err)
			require.Equal(t, shadow, len(planned) == 0)
			got, err := s.Outcomes(ctx, outcomes)
			require.NoError(t, err)
			require.Equal(t, shadow, len(got) == 0)
			_, made, err := s.DecisionByID(ctx, shiftDecision(tw.meters[0], day+24, tw.prov).ID)
			require.NoError(t, err)
			require.Equal(t, shadow, made.Mode == "Shadow")
		}
		settleAll(t, s)
		check(false, 9, 0)
		_, err := s.Pool.Exec(ctx, `UPDATE provenance SET mode = 'Shadow'; DELETE FROM realised; DELETE FROM outcome_totals; DELETE FROM settling`)
		require.NoError(t, err)
		require.Equal(t, 6, settleAll(t, s), "shadow decisions are settled too")
		check(true, 0, 9)
	})
}
