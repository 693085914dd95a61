package middleware

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/attribute"

	"github.com/energytwin/energytwin/internal/tracing"
	"github.com/energytwin/energytwin/workloads/api/requestid"
)

// Traced makes a span of each request under /api but the stream, whose answer goes on until
// its caller leaves. It names the route and not the path, and neither parameters nor headers.
func Traced(t *tracing.Tracer) gin.HandlerFunc {
	return func(c *gin.Context) {
		route := c.FullPath()
		if !strings.HasPrefix(route, "/api/") || route == StreamPath {
			c.Next()
			return
		}
		method := knownMethod(c.Request.Method)
		ctx, span := t.Serve(c.Request.Context(), c.Request.Header, method+" "+route)
		defer span.End() // a panic that cuts the connection passes through here
		c.Request = c.Request.WithContext(ctx)
		c.Next()
		if !span.Recorded() {
			return
		}
		status := c.Writer.Status()
		span.Set(attribute.String("http.request.method", method), attribute.String("http.route", route),
			attribute.Int("http.response.status_code", status), attribute.String("energytwin.request.id", requestid.Of(ctx)))
		if operation := requestid.OperationOf(ctx); operation != "" {
			span.Set(attribute.String("energytwin.operation", operation))
		}
		if code := requestid.ProblemOf(ctx); code != "" {
			span.Set(attribute.String("energytwin.problem.code", code))
		}
		if status >= http.StatusInternalServerError {
			span.Fail(strconv.Itoa(status))
		}
	}
}
