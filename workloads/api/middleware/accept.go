package middleware

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/energytwin/energytwin/workloads/api/problem"
)

// Forms of answers under /api.
const (
	formJSON = "application/json"
	formCSV  = "text/csv"
)

// Acceptable rejects a request under /api for whose answer the Accept header leaves no
// form. Histories come as CSV too: a caller that takes that and no JSON asks for it, as
// format=csv does. The header is dropped then: the form is settled.
func Acceptable(c *gin.Context) {
	header := strings.Join(c.Request.Header.Values("Accept"), ",")
	c.Request.Header.Del("Accept")
	if header == "" || !strings.HasPrefix(c.FullPath(), "/api/") {
		c.Next()
		return
	}
	c.Writer.Header().Add("Vary", "Accept")
	csv := strings.HasSuffix(c.FullPath(), "/history")
	query := c.Request.URL.Query()
	switch {
	case query.Has("format") || accepts(header, formJSON):
	case csv && accepts(header, formCSV):
		query.Set("format", "csv")
		c.Request.URL.RawQuery = query.Encode()
	default:
		forms := formJSON
		if csv {
			forms += " and " + formCSV
		}
		problem.Abort(c, problem.New(http.StatusNotAcceptable, problem.CodeNotAcceptable, "Accept", "answers come as "+forms+" here"))
		return
	}
	c.Next()
}

// accepts reports whether an Accept header takes a media type (RFC 9110, 12.5.1): the most
// specific range that covers it decides. One that cannot be read covers nothing.
func accepts(header, mediaType string) bool {
	kind, _, _ := strings.Cut(mediaType, "/")
	best, taken := 0, false
	for item := range strings.SplitSeq(header, ",") {
		of, parameters, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		specific := map[string]int{"*/*": 1, kind + "/*": 2, mediaType: 3}[of]
		if specific > best {
			weight, err := strconv.ParseFloat(parameters["q"], 64)
			best, taken = specific, parameters["q"] == "" || err == nil && weight > 0
		}
	}
	return taken
}
