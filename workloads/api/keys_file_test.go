package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/workloads/api/auth"
)

// newKeysFile makes a keys file with one key a scope, and one that has expired.
func newKeysFile(t *testing.T) (keys map[string]string, path string) {
	t.Helper()
	keys = map[string]string{}
	var lines []string
	add := func(name string, scope auth.Scope, expires time.Time) {
		key, line, err := auth.NewKey(name, scope, expires)
		require.NoError(t, err)
		keys[name] = key
		lines = append(lines, line)
	}
	add("reader", auth.ScopeRead, time.Time{})
	add("operator", auth.ScopeOperate, time.Time{})
	add("admin", auth.ScopeAdmin, time.Time{})
	add("expired", auth.ScopeAdmin, time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
	path = filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(path, []byte("# keys of the tests\n\n"+strings.Join(lines, "\n")+"\n"), 0o600))
	return keys, path
}
