package middleware

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// maxTagged bounds the answers that get an ETag, and with it what each of them takes in
// memory. What follows of a longer one is sent as it is written.
const maxTagged = 256 << 10

// bufferedAnswer keeps an answer back until its ETag is known, or until it is too long
// for one.
type bufferedAnswer struct {
	gin.ResponseWriter
	body   bytes.Buffer
	status int
	sent   bool // it was too long
}

func (b *bufferedAnswer) Write(p []byte) (int, error) {
	if !b.sent && b.body.Len()+len(p) <= maxTagged {
		return b.body.Write(p)
	}
	if err := b.send(); err != nil {
		return 0, err
	}
	return b.ResponseWriter.Write(p)
}

// send sends what was kept back.
func (b *bufferedAnswer) send() error {
	if b.sent {
		return nil
	}
	b.sent = true
	b.ResponseWriter.WriteHeader(b.status)
	_, err := b.ResponseWriter.Write(b.body.Bytes())
	b.body = bytes.Buffer{}
	return err
}

// Unwrap leads http.ResponseController to the connection.
func (b *bufferedAnswer) Unwrap() http.ResponseWriter { return b.ResponseWriter }

func (b *bufferedAnswer) WriteString(s string) (int, error) { return b.Write([]byte(s)) }
func (b *bufferedAnswer) WriteHeader(code int)              { b.status = code }
func (b *bufferedAnswer) WriteHeaderNow()                   {}
func (b *bufferedAnswer) Status() int                       { return b.status }
func (b *bufferedAnswer) Size() int                         { return b.body.Len() }
func (b *bufferedAnswer) Written() bool                     { return b.sent }

// Restart forgets what was written of an answer that has failed. It reports false where
// part of it is with the caller already: then only cutting the connection shows that the
// answer is not whole.
func Restart(w http.ResponseWriter) bool {
	b, ok := w.(*bufferedAnswer)
	if !ok || b.sent {
		return false
	}
	b.body.Reset()
	return true
}

// WithETag names the content of each answer to a GET of up to 256 KiB, and answers 304
// where the caller has it already. The tag is a weak one, as the bytes sent depend on
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

	if !answer.sent && answer.status == http.StatusOK {
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
	if err := answer.send(); err != nil {
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
