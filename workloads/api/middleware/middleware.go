// Package middleware has what every request of the API passes through before a
// route: limits, security headers, recovery from panics, metrics; and after it,
// the ETag.
package middleware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/requestid"
)

const (
	// MaxBodyBytes bounds every request body; operations may set a lower limit.
	MaxBodyBytes = 1 << 20

	// MaxHeaderBytes bounds the headers of a request.
	MaxHeaderBytes = 64 << 10

	// Timeout ends the queries of a request that takes too long.
	Timeout = 30 * time.Second

	// StreamPath is the route whose answer goes on until its caller leaves.
	StreamPath = "/api/v1/stream"
)

// Recovered turns a panic into a 500, so that one bad request does not end the
// process, and logs where it came from.
func Recovered(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, is := cause.(error); is && errors.Is(err, http.ErrAbortHandler) { // the cause is logged where it was met
				panic(cause)
			}
			log.ErrorContext(c.Request.Context(), "request panicked", "path", c.Request.URL.Path,
				"requestId", requestid.Of(c.Request.Context()), "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if c.Writer.Written() {
				panic(http.ErrAbortHandler) // or half an answer would look like a whole one
			}
			problem.Abort(c, problem.New(http.StatusInternalServerError, problem.CodeInternal, "",
				"something went wrong here; the log names the cause under this request id"))
		}()
		c.Next()
	}
}

// Secured sets the headers that keep a browser from doing what a page of this
// server never needs. Pages replace the content security policy by their own.
func Secured(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	if IsTLS(c) {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	c.Next()
}

// Limits of a request.
type Limits struct {
	Body int64 // bytes, as they are sent
	Time time.Duration
}

// LimitsOf are the limits of a request by the pattern of its path. Others have MaxBodyBytes
// and Timeout.
type LimitsOf map[string]Limits

func (l LimitsOf) of(c *gin.Context) Limits {
	if own, has := l[c.FullPath()]; has {
		return own
	}
	return Limits{Body: MaxBodyBytes, Time: Timeout}
}

// LimitedBody rejects a body that is announced as too large before reading it,
// and cuts off one that was not.
func (l LimitsOf) LimitedBody(c *gin.Context) {
	most := l.of(c).Body
	if c.Request.ContentLength > most {
		problem.Abort(c, problem.New(http.StatusRequestEntityTooLarge, problem.CodeBodyTooLarge, "body",
			fmt.Sprintf("the body has %d bytes, at most %d are taken", c.Request.ContentLength, most)))
		return
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, most)
	c.Next()
}

type unboundedKey struct{}

// Bounded gives up a request that takes too long.
func (l LimitsOf) Bounded(c *gin.Context) {
	if c.FullPath() == StreamPath {
		c.Next()
		return
	}
	caller := c.Request.Context()
	ctx, cancel := context.WithTimeout(caller, l.of(c).Time)
	defer cancel()
	c.Request = c.Request.WithContext(context.WithValue(ctx, unboundedKey{}, caller))
	c.Next()
}

// Unbounded is the context of a request without the limit of Bounded: it ends when the
// caller goes, or with the returned function.
func Unbounded(ctx context.Context) (context.Context, context.CancelFunc) {
	free, cancel := context.WithCancel(context.WithoutCancel(ctx))
	caller, bounded := ctx.Value(unboundedKey{}).(context.Context)
	if !bounded {
		caller = ctx
	}
	stop := context.AfterFunc(caller, cancel)
	return free, func() { stop(); cancel() }
}

type headKey struct{}

// IsHead reports whether a request asks for headers alone.
func IsHead(ctx context.Context) bool { return ctx.Value(headKey{}) != nil }

// HeadAsGet answers HEAD with the headers of GET; net/http drops the body.
func HeadAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			r = r.WithContext(context.WithValue(r.Context(), headKey{}, true))
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}
