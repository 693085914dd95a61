package middleware

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// bufferedAnswer keeps an answer back until its ETag is known. Answers are bounded by the
// limits on rows and points.
type bufferedAnswer struct {
	gin.ResponseWriter
	body   bytes.Buffer
	status int
}

func (b *bufferedAnswer) Write(p []byte) (int, error)       { return b.body.Write(p) }
func (b *bufferedAnswer) WriteString(s string) (int, error) { return b.body.WriteString(s) }
func (b *bufferedAnswer) WriteHeader(code int)              { b.status = code }
func (b *bufferedAnswer) WriteHeaderNow()                   {}
func (b *bufferedAnswer) Status() int                       { return b.status }
func (b *bufferedAnswer) Size() int                         { return b.body.Len() }
func (b *bufferedAnswer) Written() bool                     { return false }

// WithETag names the content of each answer to a GET, and answers 304 where
// the caller has it already. The tag is a weak one, as the bytes sent depend on
// compression.
func WithETag(c *gin.Context) {
	if c.Request.Method != http.MethodGet {
		c.Next()
		return
	}
	plain := c.Writer
	answer := &bufferedAnswer{ResponseWriter: plain, status: http.StatusOK}
	c.Writer = answer
	// A panic leaves what was buffered unsent, so that the 500 is all there is.
	defer func() { c.Writer = plain }()
	c.Next()
	c.Writer = plain

	if answer.status == http.StatusOK {
		sum := sha256.Sum256(answer.body.Bytes())
		tag := `W/"` + hex.EncodeToString(sum[:12]) + `"`
		plain.Header().Set("ETag", tag)
		if matches(c.GetHeader("If-None-Match"), tag) {
			plain.Header().Del("Content-Type")
			plain.WriteHeader(http.StatusNotModified)
			plain.WriteHeaderNow()
			return
		}
	}
	plain.WriteHeader(answer.status)
	if _, err := plain.Write(answer.body.Bytes()); err != nil {
		_ = c.Error(err) // the caller has gone
	}
}

// matches reports whether an If-None-Match header holds the tag, compared weakly
// (RFC 9110, 13.1.2).
func matches(header, tag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	opaque := strings.TrimPrefix(tag, "W/")
	for t := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(t), "W/") == opaque {
			return true
		}
	}
	return false
}
