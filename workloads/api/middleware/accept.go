package middleware

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/table"
)

// Forms of answers under /api beside files.
const (
	formJSON   = "application/json"
	formEvents = "text/event-stream"
)

// Acceptable rejects a request under /api for whose answer the Accept header leaves no
// form. Where answers come as files too, a caller that takes such a form and no JSON asks
// for it, as the parameter format does. The header is dropped then: the form is settled.
func Acceptable(c *gin.Context) {
	header := strings.Join(c.Request.Header.Values("Accept"), ",")
	c.Request.Header.Del("Accept")
	if header == "" || !strings.HasPrefix(c.FullPath(), "/api/") {
		c.Next()
		return
	}
	c.Writer.Header().Add("Vary", "Accept")
	if c.FullPath() == StreamPath {
		if !accepts(header, formEvents) {
			problem.Abort(c, problem.New(http.StatusNotAcceptable, problem.CodeNotAcceptable, "Accept", "events come as "+formEvents+" here"))
			return
		}
		c.Next()
		return
	}
	query := c.Request.URL.Query()
	json, files := formsOf(c.FullPath())
	if query.Has("format") || json && accepts(header, formJSON) {
		c.Next()
		return
	}
	var forms []string
	if json {
		forms = append(forms, formJSON)
	}
	if files {
		for _, f := range table.Formats() {
			if accepts(header, f.MediaType()) {
				query.Set("format", string(f))
				c.Request.URL.RawQuery = query.Encode()
				c.Next()
				return
			}
			forms = append(forms, f.MediaType())
		}
	}
	problem.Abort(c, problem.New(http.StatusNotAcceptable, problem.CodeNotAcceptable, "Accept", "answers come as "+strings.Join(forms, ", ")+" here"))
}

// formsOf reports whether the answers of a path come as JSON and as files.
func formsOf(path string) (json, files bool) {
	switch path {
	case "/api/v1/forecasts":
		return false, true
	case "/api/v1/history", "/api/v1/meters/:id/history", "/api/v1/decisions", "/api/v1/kpis":
		return true, true
	}
	return true, false
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
