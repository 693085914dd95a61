package auth

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is written to the keys file holds within a second, without a restart.
func TestKeysFollowTheirFile(t *testing.T) {
	one, lineOne, err := NewKey("one", ScopeRead, time.Time{})
	require.NoError(t, err)
	two, lineTwo, err := NewKey("two", ScopeAdmin, time.Time{})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "keys")
	write := func(lines ...string) {
		require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))
	}
	write(lineOne)
	var log bytes.Buffer
	now := noon
	ring, err := newKeyring(path, now, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	letIn := func() (names []string) {
		now = now.Add(time.Second)
		for _, key := range []string{one, two} {
			if k, ok := ring.current(now).find(key, now); ok {
				names = append(names, k.Name)
			}
		}
		return names
	}
	require.Equal(t, []string{"one"}, letIn())
	write(lineOne, lineTwo)
	require.Equal(t, []string{"one", "two"}, letIn(), "added")
	write(lineTwo)
	require.Equal(t, []string{"two"}, letIn(), "taken out")
	write("one:read:half a line", lineTwo)
	require.Equal(t, []string{"two"}, letIn(), "a line that cannot be read keeps nobody else out")
	require.Contains(t, log.String(), "line=1")
	write(lineTwo, strings.Replace(lineOne, "one", "two", 1))
	require.Equal(t, []string{"two"}, letIn(), "a name twice: the first line counts")
	write("# none")
	require.Empty(t, letIn(), "the last key was taken out")
	write(lineOne)
	require.Equal(t, []string{"one"}, letIn())
	require.NoError(t, os.Remove(path))
	require.Empty(t, letIn(), "the file was taken away")
}
