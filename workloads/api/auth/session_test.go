package auth

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTokensOfAnotherTwinAreRejected(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte(strings.Repeat("0123456789abcdef", 2)), 0o600))
	one, err := newSessions(secret, "a/one", time.Hour)
	require.NoError(t, err)
	two, err := newSessions(secret, "a/two", time.Hour)
	require.NoError(t, err)
	token, _, err := one.issue(&holder{name: "k"}, noon)
	require.NoError(t, err)
	_, err = one.check(token, noon)
	require.NoError(t, err)
	_, err = two.check(token, noon)
	require.ErrorIs(t, err, errSession)
}

func TestShortSecretIsRejected(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("too short"), 0o600))
	_, err := newSessions(secret, "a/b", time.Hour)
	require.ErrorContains(t, err, "it has 9 bytes; use at least 32")
}

func TestSessionOfAKeyThatEndsSooner(t *testing.T) {
	s, err := newSessions("", "a/b", time.Hour)
	require.NoError(t, err)
	_, claims, err := s.issue(&holder{name: "k", expires: noon.Add(time.Minute)}, noon)
	require.NoError(t, err)
	require.Equal(t, noon.Add(time.Minute).Unix(), claims.ExpiresAt.Unix())
}

func TestRateLimitForgetsCallers(t *testing.T) {
	l := newRateLimit(Rate{PerSecond: 1, Burst: 2})
	for i := range 3 * maxCallers {
		require.True(t, l.take(strconv.Itoa(i), noon).ok)
	}
	require.LessOrEqual(t, len(l.callers), maxCallers)
}
