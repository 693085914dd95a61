package timescale_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

func TestOneProcessClaimsTheSettling(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		ctx := t.Context()
		newest, mine, err := s.ClaimSettling(ctx, time.Hour)
		require.NoError(t, err)
		require.True(t, mine)
		require.Equal(t, meter.NoHour, newest)
		newSmall(t, s).settleSmall(t)
		_, mine, err = s.ClaimSettling(ctx, time.Hour)
		require.NoError(t, err)
		require.False(t, mine, "another began within the hour")
		newest, mine, err = s.ClaimSettling(ctx, 0)
		require.NoError(t, err)
		require.True(t, mine)
		require.Equal(t, day+48, newest)
	})
}
