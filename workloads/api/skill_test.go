package api

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// The status port judges the newest whole day, and tells it as soon as it is known.
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
	require.Eventually(t, func() bool {
		f = s.figures(t.Context())
		return f.ForecastSkill != nil
	}, time.Minute, 10*time.Millisecond)
	require.InDelta(t, 1-want.Error/want.Naive, *f.ForecastSkill, 1e-9)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.False(t, s.figures(gone).Answered)
}
