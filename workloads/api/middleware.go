package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	requestIDHeader = "X-Request-Id"

	// maxBodyBytes bounds every request body; operations may set a lower limit.
	maxBodyBytes = 1 << 20

	// requestTimeout ends the queries of a request that takes too long.
	requestTimeout = 30 * time.Second
)

type contextKey int

const (
	requestIDKey contextKey = iota
	principalKey
	ginKey
)

var plainID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// withRequestID gives each request an id. One that a caller sends is kept, so
// that a request can be followed through several services, unless it could
// not stand in a log line as it is.
func withRequestID(c *gin.Context) {
	id := c.GetHeader(requestIDHeader)
	if !plainID.MatchString(id) {
		var b [12]byte
		if _, err := rand.Read(b[:]); err != nil {
			c.AbortWithStatus(http.StatusInternalServerError)
			return
		}
		id = hex.EncodeToString(b[:])
	}
	c.Header(requestIDHeader, id)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestIDKey, id))
	c.Next()
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

// recovered turns a panic into a 500, so that one bad request does not end the
// process, and logs where it came from.
func (s *server) recovered(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		s.log.ErrorContext(c.Request.Context(), "request panicked", "path", c.Request.URL.Path,
			"requestId", requestID(c.Request.Context()), "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		if !c.Writer.Written() {
			abort(c, newProblem(http.StatusInternalServerError, CodeInternal, "",
				"something went wrong here; the log names the cause under this request id"))
		}
	}()
	c.Next()
}

// observed counts and logs each request. The route's pattern is used, not the
// path, so that ids make no new time series.
func (s *server) observed(c *gin.Context) {
	start := s.clock()
	c.Next()
	route := c.FullPath()
	if route == "" {
		route = "unmatched"
	}
	took := s.clock().Sub(start)
	s.metrics.observe(route, c.Request.Method, c.Writer.Status(), took)
	s.log.DebugContext(c.Request.Context(), "request", "method", c.Request.Method, "route", route,
		"status", c.Writer.Status(), "took", took.Round(10*time.Microsecond),
		"requestId", requestID(c.Request.Context()))
}

// secured sets the headers that keep a browser from doing what a page of this
// server never needs. Pages replace the content security policy by their own.
func secured(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	if isTLS(c) {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	c.Next()
}

// isTLS reports whether the browser spoke https. What a proxy sends counts only
// if the proxy is a trusted one.
func isTLS(c *gin.Context) bool {
	if c.Request.TLS != nil {
		return true
	}
	return fromTrustedProxy(c) && strings.EqualFold(c.GetHeader("X-Forwarded-Proto"), "https")
}

// fromTrustedProxy reports whether gin took the client's address from a header,
// which it does for trusted proxies only.
func fromTrustedProxy(c *gin.Context) bool {
	return c.ClientIP() != c.RemoteIP()
}

// limitedBody refuses a body that is announced as too large before reading it,
// and cuts off one that was not.
func limitedBody(c *gin.Context) {
	if c.Request.ContentLength > maxBodyBytes {
		abort(c, newProblem(http.StatusRequestEntityTooLarge, CodeBodyTooLarge, "body",
			fmt.Sprintf("the body has %d bytes, at most %d are taken", c.Request.ContentLength, maxBodyBytes)))
		return
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBodyBytes)
	c.Next()
}

// bounded gives up a request that takes too long.
func bounded(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), requestTimeout)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

// onceEach refuses a query parameter that is given twice: one of the two would
// be dropped in silence.
func onceEach(c *gin.Context) {
	for name, values := range c.Request.URL.Query() {
		if len(values) > 1 {
			abort(c, newProblem(http.StatusUnprocessableEntity, CodeRepeatedParameter, name,
				name+": given more than once; give it once"))
			return
		}
	}
	c.Next()
}
