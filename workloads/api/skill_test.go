package api

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// The status port judges the newest whole day; what is over stays judged.
func TestFiguresJudgeTheForecasts(t *testing.T) {
	newTestAPI(t, nil) // skips where there is no database
	s, err := newServer(filledTwin(t), Deps{DB: store})
	require.NoError(t, err)
	f := s.figures(t.Context())
	require.True(t, f.Answered)
	issued, err := store.NewestWholeIssue(t.Context(), meter.HourOf(*f.LastEventTime))
	require.NoError(t, err)
	want, err := store.SkillOf(t.Context(), issued)
	require.NoError(t, err)
	require.Greater(t, want.Hours, 24)
	require.NotNil(t, f.ForecastSkill)
	require.InDelta(t, 1-want.Error/want.Naive, *f.ForecastSkill, 1e-9)
	require.Equal(t, issued, s.skill.last.IssuedAt)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.False(t, s.figures(gone).Answered)
	require.Equal(t, *f.ForecastSkill, *s.figures(t.Context()).ForecastSkill)
}
