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
	requests := regexp.MustCompile(`curl .*"\$TWIN(/api/v1/[^"]*)"`).FindAllSubmatch(text, -1)
	require.Greater(t, len(requests), 12)
	for _, r := range requests {
		w := a.get(string(r[1]))
		require.Equal(t, http.StatusOK, w.Code, "%s: %s", r[1], w.Body)
	}
}
