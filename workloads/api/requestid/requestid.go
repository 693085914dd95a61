// Package requestid gives each request an id, by which it is found in the log.
package requestid

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"
)

// Header carries the id of a request, and of its answer.
const Header = "X-Request-Id"

type contextKey struct{}

// request is what a context has of its request.
type request struct{ id, method, route string }

var plain = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// Set gives each request an id. One that a caller sends is kept, so that a
// request can be followed through several services, unless it could not stand in
// a log line as it is.
func Set(c *gin.Context) {
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
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), contextKey{}, request{id: id, method: c.Request.Method, route: c.FullPath()}))
	c.Next()
}

// Of is the id of the request that a context belongs to; "" outside a request.
func Of(ctx context.Context) string {
	r, _ := ctx.Value(contextKey{}).(request)
	return r.id
}

// Attrs are what a log entry needs to be found by the request that a context belongs to:
// its id, and which route it asks, without ids of meters and the like. There are none outside
// a request.
func Attrs(ctx context.Context) []slog.Attr {
	r, ok := ctx.Value(contextKey{}).(request)
	if !ok {
		return nil
	}
	return []slog.Attr{slog.String("requestId", r.id), slog.String("method", r.method), slog.String("route", r.route)}
}
