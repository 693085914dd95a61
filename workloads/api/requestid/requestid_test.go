package requestid

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

func TestRequestIDs(t *testing.T) {
	r := gin.New()
	r.Use(Operations{}.Set)
	r.GET("/", func(c *gin.Context) { c.String(http.StatusOK, Of(c.Request.Context())) })
	ask := func(id string) (answered, inContext string) {
		req, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		req.Header.Set(Header, id)
		r.ServeHTTP(w, req)
		return w.Header().Get(Header), w.Body.String()
	}
	answered, inContext := ask("trace-12345678")
	require.Equal(t, "trace-12345678", answered)
	require.Equal(t, answered, inContext)
	for _, bad := range []string{"", "short", "with space in it", "line\nbreak-12345", strings.Repeat("x", 100)} {
		got, inContext := ask(bad)
		require.NotEqual(t, bad, got)
		require.Regexp(t, plain, got)
		require.Equal(t, got, inContext)
	}
}
