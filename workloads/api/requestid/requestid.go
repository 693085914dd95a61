// Package requestid gives each request an id, by which it is found in the log.
package requestid

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"
)

// Header carries the id of a request, and of its answer.
const Header = "X-Request-Id"

type contextKey struct{}

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
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), contextKey{}, id))
	c.Next()
}

// Of is the id of the request that a context belongs to; "" outside a request.
func Of(ctx context.Context) string {
	id, _ := ctx.Value(contextKey{}).(string)
	return id
}
