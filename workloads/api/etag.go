package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// held keeps an answer back until its ETag is known. Answers are bounded by the
// limits on rows and points.
type held struct {
	gin.ResponseWriter
	body   bytes.Buffer
	status int
}

func (h *held) Write(b []byte) (int, error)       { return h.body.Write(b) }
func (h *held) WriteString(s string) (int, error) { return h.body.WriteString(s) }
func (h *held) WriteHeader(code int)              { h.status = code }
func (h *held) WriteHeaderNow()                   {}
func (h *held) Status() int                       { return h.status }
func (h *held) Size() int                         { return h.body.Len() }
func (h *held) Written() bool                     { return false }

// withETag names the content of each answer to a GET, and answers 304 where
// the caller has it already. The tag is a weak one, as the bytes sent depend on
// compression.
func withETag(c *gin.Context) {
	if c.Request.Method != http.MethodGet {
		c.Next()
		return
	}
	plain := c.Writer
	h := &held{ResponseWriter: plain, status: http.StatusOK}
	c.Writer = h
	// A panic leaves what was held back unsent, so that the 500 is all there is.
	defer func() { c.Writer = plain }()
	c.Next()
	c.Writer = plain

	if h.status == http.StatusOK {
		sum := sha256.Sum256(h.body.Bytes())
		tag := `W/"` + hex.EncodeToString(sum[:12]) + `"`
		plain.Header().Set("ETag", tag)
		if matches(c.GetHeader("If-None-Match"), tag) {
			plain.Header().Del("Content-Type")
			plain.WriteHeader(http.StatusNotModified)
			plain.WriteHeaderNow()
			return
		}
	}
	plain.WriteHeader(h.status)
	if _, err := plain.Write(h.body.Bytes()); err != nil {
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
