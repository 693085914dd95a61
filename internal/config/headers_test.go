package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHeaders(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"x-api-key=abc":   {"x-api-key": "abc"},
		"x-api-key=abc\n": {"x-api-key": "abc"},
		"Authorization=Bearer%20a%2Cb, x-tenant = 7": {"Authorization": "Bearer a,b", "x-tenant": "7"},
		"a=b=c==": {"a": "b=c=="},
		"a=":      {"a": ""},
	} {
		got, err := Headers([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for text, fix := range map[string]string{
		"":                                   "it is empty",
		"secret-value":                       "header 1 has no =",
		"a=b,secret-value":                   "header 2 has no =",
		"=secret-value":                      "no name of a header before its =",
		"a b=secret-value":                   "no name of a header before its =",
		"a=secret-value%":                    "write %25",
		"a=secret-value%0d%0ab: c":           "characters that no header may have",
		"a=secret-value\x00":                 "control character",
		strings.Repeat("a", MaxToken) + "=b": "write at most",
	} {
		_, err := Headers([]byte(text))
		require.ErrorContains(t, err, fix, text)
		require.NotContains(t, err.Error(), "secret-value")
	}
	many := make([]string, 17)
	for i := range many {
		many[i] = "x-" + string(rune('a'+i)) + "=1"
	}
	_, err := Headers([]byte(strings.Join(many, ",")))
	require.ErrorContains(t, err, "at most 16")

	path := filepath.Join(t.TempDir(), "headers")
	require.NoError(t, os.WriteFile(path, []byte("a=b"), 0o600))
	got, err := ReadHeaders("tracing.headersFile", path)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a": "b"}, got)
	_, err = ReadHeaders("tracing.headersFile", path+"x")
	require.ErrorContains(t, err, "tracing.headersFile")
}
