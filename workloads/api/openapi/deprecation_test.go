package openapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

func TestDeprecatedOperations(t *testing.T) {
	since := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	sunset := since.Add(LeastNotice)
	router := gin.New()
	api := New(Config(""), router, &router.RouterGroup)
	op := huma.Operation{Path: "/old", OperationID: "old", Description: "What was."}
	type none struct{}
	old := Deprecated(op, since, sunset, "Use GET /new.")
	old.Method = http.MethodGet
	huma.Register(api, old, func(context.Context, *none) (*none, error) { return nil, huma.Error404NotFound("gone") })

	w := httptest.NewRecorder()
	router.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/old", nil))
	require.Equal(t, http.StatusNotFound, w.Code, "problems have the headers too")
	require.Equal(t, "@1893456000", w.Header().Get("Deprecation"))
	require.Equal(t, "Sun, 30 Jun 2030 00:00:00 GMT", w.Header().Get("Sunset"))
	text, err := json.Marshal(api.OpenAPI().Paths["/old"].Get)
	require.NoError(t, err)
	var documented map[string]any
	require.NoError(t, json.Unmarshal(text, &documented))
	require.Equal(t, true, documented["deprecated"])
	require.Equal(t, "2030-06-30", documented["x-sunset"])
	require.Contains(t, documented["description"], "What was.\n\nDeprecated; it may be removed from 2030-06-30 on. Use GET /new.")

	require.Panics(t, func() { Deprecated(op, since, sunset.Add(-time.Second), "") })
}
