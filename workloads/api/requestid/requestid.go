// Package requestid gives each request an id, by which it is found in the log, and keeps what
// else log and traces name a request by.
package requestid

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/trace"
)

// Header carries the id of a request, and of its answer.
const Header = "X-Request-Id"

type contextKey struct{}

// request is what a context has of its request.
type request struct {
	id, method, route string
	operation         string // of the OpenAPI document; "" for a page
	problem           string // code of the problem that is answered; "" for none
}

// Route is a method and the pattern of a path.
type Route struct{ Method, Pattern string }

// Operations are the ids of the operations of the OpenAPI document. It does not change once
// requests are answered.
type Operations map[Route]string

var plain = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// Set gives each request an id. One that a caller sends is kept, so that a
// request can be followed through several services, unless it could not stand in
// a log line as it is.
func (o Operations) Set(c *gin.Context) {
	id := c.GetHeader(Header)
	if !plain.MatchString(id) {
		var b [12]byte
		if _, err := rand.Read(b[:]); err != nil {
			c.AbortWithStatus(http.StatusInternalServerError)
			return
		}
		id = hex.EncodeToString(b[:])
	}
	c.Header(Header, id)
	r := &request{id: id, method: c.Request.Method, route: c.FullPath()}
	r.operation = o[Route{r.method, r.route}]
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), contextKey{}, r))
	c.Next()
}

func of(ctx context.Context) *request {
	if r, ok := ctx.Value(contextKey{}).(*request); ok {
		return r
	}
	return &request{}
}

// Of is the id of the request that a context belongs to; "" outside a request.
func Of(ctx context.Context) string { return of(ctx).id }

// OperationOf is the id of the operation that the request asks; "" if it asks none.
func OperationOf(ctx context.Context) string { return of(ctx).operation }

// ProblemOf is the code of the problem that the request is answered with; "" if it is
// answered with none so far.
func ProblemOf(ctx context.Context) string { return of(ctx).problem }

// Failed records the code of the problem that a request is answered with.
func Failed(ctx context.Context, code string) { of(ctx).problem = code }

// TraceOf is the id of the trace that a context belongs to; "" outside a trace.
func TraceOf(ctx context.Context) string {
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		return span.TraceID().String()
	}
	return ""
}

// Attrs are what a log entry needs to be found by the request that a context belongs to:
// its id, which route and operation it asks, without ids of meters and the like, and its
// trace. There are none outside a request.
func Attrs(ctx context.Context) []slog.Attr {
	r, ok := ctx.Value(contextKey{}).(*request)
	if !ok {
		return nil
	}
	attrs := []slog.Attr{slog.String("requestId", r.id), slog.String("method", r.method), slog.String("route", r.route)}
	if r.operation != "" {
		attrs = append(attrs, slog.String("operation", r.operation))
	}
	if id := TraceOf(ctx); id != "" {
		attrs = append(attrs, slog.String("traceId", id))
	}
	return attrs
}
