package api

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The requests of the how-to are answered.
func TestRequestsOfTheHowTo(t *testing.T) {
	a := newTestAPI(t, nil)
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "how-to", "use-the-api.md"))
	require.NoError(t, err)
	requests := regexp.MustCompile(`curl .*"\$TWIN(/api/v1/[^"]*)"(?:.* -d '(.*)')?`).FindAllSubmatch(text, -1)
	require.Greater(t, len(requests), 12)
	for _, r := range requests {
		method, want := "GET", http.StatusOK
		if len(r[2]) > 0 {
			method, want = "POST", http.StatusCreated
		}
		w := a.byAdmin(method, string(r[1]), string(r[2]))
		require.Equal(t, want, w.Code, "%s: %s", r[1], w.Body)
	}
}
