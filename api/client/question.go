package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// question is a request that can be sent more than once.
type question struct {
	method, path string // the path is escaped
	query        url.Values
	header       http.Header
	mediaType    string
	body         []byte
}

// newQuestion fills the places of a path, such as {id}, in their order: texts and whole
// numbers.
func newQuestion(method, path string, places ...any) *question {
	for _, place := range places {
		before, rest, _ := strings.Cut(path, "{")
		_, after, _ := strings.Cut(rest, "}")
		path = before + escaped(fmt.Sprint(place)) + after
	}
	return &question{method: method, path: path, query: url.Values{}, header: http.Header{}}
}

// escaped is a text as one segment of a path. Servers and proxies resolve "." and "..", which are
// names like others here.
func escaped(text string) string {
	if text == "." || text == ".." {
		return strings.ReplaceAll(text, ".", "%2E")
	}
	return url.PathEscape(text)
}

func (q *question) target() string {
	if len(q.query) == 0 {
		return q.path
	}
	return q.path + "?" + q.query.Encode()
}

func (q *question) encode(body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("%s %s: body: %w", q.method, q.path, err)
	}
	q.mediaType, q.body = "application/json", text
	return nil
}

// mayRepeat reports whether a request that got a status may be sent again: one that was not
// begun, or whose second sending changes nothing.
func (q *question) mayRepeat(status int) bool {
	idempotent := q.method != http.MethodPost || q.header.Get("Idempotency-Key") != ""
	switch status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusServiceUnavailable, http.StatusConflict:
		return idempotent
	}
	return false
}

// ask adds a parameter of the query, a list as one parameter for each element.
func ask[T any](q *question, name string, value *T) {
	if value == nil {
		return
	}
	v := reflect.ValueOf(*value)
	if v.Kind() != reflect.Slice {
		q.query.Add(name, text(v))
		return
	}
	for i := range v.Len() {
		q.query.Add(name, text(v.Index(i)))
	}
}

func header[T any](q *question, name string, value *T) {
	if value != nil {
		q.header.Set(name, text(reflect.ValueOf(*value)))
	}
}

func text(v reflect.Value) string {
	if t, is := v.Interface().(time.Time); is {
		return t.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v.Interface())
}
