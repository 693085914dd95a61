package middleware

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/requestid"
)

// A fault in the code ends one request, not the process, and shows nothing of
// itself.
func TestPanics(t *testing.T) {
	r := gin.New()
	r.Use(requestid.Operations{}.Set, Recovered(slog.New(slog.NewTextHandler(io.Discard, nil))), WithETag)
	r.GET("/fault", func(c *gin.Context) {
		c.String(http.StatusOK, "half an answer")
		panic("the secret cause")
	})
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/fault", nil))
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Equal(t, problem.MediaType, w.Header().Get("Content-Type"))
	var p problem.Problem
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p), "the problem is the whole body")
	require.Equal(t, problem.CodeInternal, p.Code)
	require.Equal(t, w.Header().Get(requestid.Header), p.RequestID)
	require.NotContains(t, w.Body.String(), "secret")
}
