package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/timescale/decisions"
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
		outcomes := reader.OutcomeQuery{From: day, To: day + 240, Unit: reader.Hours}

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
		_, err := s.Pool.Exec(ctx, `UPDATE provenance SET mode = 'Shadow'; DELETE FROM realised`)
		require.NoError(t, err)
		require.Equal(t, 6, settleAll(t, s), "shadow decisions are settled too")
		check(true, 0, 9)
	})
}

// settleAll settles every decision whose hours have passed, and returns how many.
func settleAll(t *testing.T, s store) (n int) {
	t.Helper()
	for {
		open, err := s.Unsettled(t.Context(), day)
		require.NoError(t, err)
		if len(open) == 0 {
			return n
		}
		settled := make([]decisions.Settled, len(open))
		for i, u := range open {
			settled[i] = decisions.Settled{ID: u.ID, IssuedAt: u.IssuedAt, Method: decisions.SettledSimulated, Saving: 1}
		}
		require.NoError(t, s.Settle(t.Context(), settled))
		n += len(open)
	}
}
