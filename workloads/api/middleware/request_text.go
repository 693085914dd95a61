package middleware

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/energytwin/energytwin/workloads/api/problem"
)

// Repeatable are the parameters that may be given several times, by path.
type Repeatable map[string][]string

// ReadableText rejects a path or query that is no text, before anything is read from
// it: the database stores no NUL and nothing but UTF-8, and of a query that is
// malformed a part would be dropped in silence. Parameters are given once, but for the
// repeatable ones.
func (r Repeatable) ReadableText(c *gin.Context) {
	if !isText(c.Request.URL.Path) {
		problem.Abort(c, problem.New(http.StatusNotFound, problem.CodeUnknownPath, "",
			"the path is no text: it holds a NUL or bytes that are not UTF-8; no name has these"))
		return
	}
	if p := unreadable(c.Request.URL.RawQuery, r[c.FullPath()]); p != nil {
		problem.Abort(c, p)
		return
	}
	c.Next()
}

// unreadable is what is wrong with a query; nil if each parameter is given once, as
// text.
func unreadable(raw string, repeatable []string) *problem.Problem {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return problem.New(http.StatusUnprocessableEntity, problem.CodeMalformedQuery, "",
			"the query cannot be read: "+reasonOf(err))
	}
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names) // so that the same request gets the same answer
	for _, name := range names {
		values := query[name]
		switch {
		case !isText(name):
			return problem.New(http.StatusUnprocessableEntity, problem.CodeUnknownParameter, "",
				"the name of a parameter holds a NUL or bytes that are not UTF-8")
		case len(values) > 1 && !slices.Contains(repeatable, name):
			return problem.New(http.StatusUnprocessableEntity, problem.CodeRepeatedParameter, name,
				name+": given more than once; give it once")
		case slices.Contains(values, ""):
			return problem.Invalid(name, name+": given without a value; add one, or leave the parameter out")
		case !isText(strings.Join(values, "")):
			return problem.Invalid(name, name+": holds a NUL or bytes that are not UTF-8; percent-encode the UTF-8 bytes of the text")
		}
	}
	return nil
}

// reasonOf names the fix of a malformed query.
func reasonOf(err error) string {
	if e := url.EscapeError(""); errors.As(err, &e) {
		return `"` + string(e) + `" is no escape; write a percent sign as %25`
	}
	return "separate parameters by & and write a semicolon as %3B"
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
