package generator

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFetchKeepsOnlyTheFileThatWasAskedFor(t *testing.T) {
	content := []byte("meter_id,timestamp,kwh\nm,2019-01-01T00:00:00Z,1\n")
	digest := sha256.Sum256(content)
	good := hex.EncodeToString(digest[:])
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/moved":
			http.Redirect(w, r, "/file", http.StatusFound)
		case r.URL.Path == "/guarded" && r.Header.Get("Authorization") != "Bearer key":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/cut":
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write(content)
		default:
			_, _ = w.Write(content)
		}
	}))
	defer server.Close()
	for _, c := range []struct {
		name, path, sum, token, wrong string
	}{
		{name: "checked", path: "/file", sum: good},
		{name: "unchecked", path: "/file"},
		{name: "redirect", path: "/moved", sum: good},
		{name: "token", path: "/guarded", token: "key"},
		{name: "another file", path: "/file", sum: good[1:] + "0", wrong: "another SHA-256"},
		{name: "no token", path: "/guarded", wrong: "401"},
		{name: "cut short", path: "/cut", wrong: "after 48 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "readings")
			sum, size, err := Fetch(t.Context(), FetchOptions{URL: server.URL + c.path, SHA256: c.sum, Token: c.token, Out: out})
			left, globErr := filepath.Glob(filepath.Join(filepath.Dir(out), "*"))
			require.NoError(t, globErr)
			if c.wrong != "" {
				require.ErrorContains(t, err, c.wrong)
				require.Empty(t, left)
				return
			}
			require.NoError(t, err)
			require.Equal(t, good, sum)
			require.Equal(t, int64(len(content)), size)
			require.Equal(t, []string{out}, left)
			kept, err := os.ReadFile(out)
			require.NoError(t, err)
			require.Equal(t, content, kept)
		})
	}
}

func TestFetchAsksNoLinkLocalAddress(t *testing.T) {
	_, _, err := Fetch(t.Context(), FetchOptions{URL: "http://169.254.169.254/latest/meta-data", Out: filepath.Join(t.TempDir(), "x")})
	require.ErrorContains(t, err, "link-local")
}
