package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/apikey"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestNewKeyIsLetIn(t *testing.T) {
	key, line, err := NewKey("grafana", ScopeRead, noon)
	require.NoError(t, err)
	require.NotContains(t, line, key)
	keys, err := ParseKeys(strings.NewReader(line))
	require.NoError(t, err)

	found, ok := keys.find(key, noon.Add(-time.Second))
	require.True(t, ok)
	require.Equal(t, Key{ID: "secret.grafana", Name: "grafana", Scope: ScopeRead, Hash: sha256.Sum256([]byte(key)), Expires: noon}, found)
	_, ok = keys.find(key, noon)
	require.False(t, ok, "a key ends at its expiry")
	_, ok = keys.find(key+"x", noon.Add(-time.Second))
	require.False(t, ok)
}

func TestNewKeysDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		key, _, err := NewKey("k", ScopeAdmin, time.Time{})
		require.NoError(t, err)
		require.False(t, seen[key])
		seen[key] = true
	}
}

func weakKeys() map[string]string {
	return map[string]string{
		"password":    "correct horse battery staple",
		"empty":       "",
		"no prefix":   base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("0123456789abcdef", 2))),
		"too short":   apikey.From([]byte("0123456789abcdef")),
		"repeated":    apikey.From([]byte(strings.Repeat("secret!!", 4))),
		"zeros":       apikey.From(make([]byte, apikey.Bytes)),
		"not base 64": "et_" + strings.Repeat("!", 43),
	}
}

func TestWeakKeysAreRefused(t *testing.T) {
	for name, key := range weakKeys() {
		t.Run(name, func(t *testing.T) {
			_, err := KeyLine("mine", ScopeRead, key, time.Time{})
			require.ErrorIs(t, err, apikey.ErrWeak)

			// Nor does a hash that somebody wrote into the file let it in.
			sum := sha256.Sum256([]byte(key))
			keys, err := ParseKeys(strings.NewReader("mine:read:" + hex.EncodeToString(sum[:])))
			require.NoError(t, err)
			_, ok := keys.find(key, noon)
			require.False(t, ok)
		})
	}
}

func TestParseKeysNamesTheLineAndTheMend(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for name, c := range map[string]struct{ text, want string }{
		"too few fields":  {"# keys\n\nonly:read", "line 3: write it as name:scope:sha256hex[:expiry]"},
		"unknown scope":   {"a:root:" + hash, `scope "root": use read, operate or admin`},
		"bad name":        {"a b:read:" + hash, `name "a b": use 1 to 63`},
		"a pasted key":    {"a:read:et_topsecret", "the third field must be 64 hex digits"},
		"short hash":      {"a:read:abcd", "must be 64 hex digits"},
		"bad expiry":      {"a:read:" + hash + ":tomorrow", "write it as 2027-01-31T00:00:00Z"},
		"the name twice":  {"a:read:" + hash + "\na:read:" + hash, "line 2: the name a occurs twice"},
		"no key":          {"# nothing\n", "no key in it"},
		"only a headline": {"", "no key in it"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseKeys(strings.NewReader(c.text))
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "topsecret")
		})
	}
}

func TestKeyLineRefusesWhatTheFileCannotHold(t *testing.T) {
	_, _, err := NewKey("a:b", ScopeRead, time.Time{})
	require.ErrorContains(t, err, "a:b")
	_, _, err = NewKey("a", "root", time.Time{})
	require.ErrorContains(t, err, "use read, operate or admin")
}

func TestScopesHoldTheOnesBefore(t *testing.T) {
	order := []Scope{ScopeRead, ScopeOperate, ScopeAdmin}
	for i, have := range order {
		for j, want := range order {
			require.Equal(t, i >= j, have.holds(want), "%s holds %s", have, want)
		}
		require.False(t, Scope("").holds(have))
		require.False(t, Scope("root").holds(have))
	}
}
