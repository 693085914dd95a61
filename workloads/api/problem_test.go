package api

import (
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/middleware"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// Whatever goes wrong is reported in a problem document that names the place.
func TestProblems(t *testing.T) {
	a := newTestAPI(t, nil)
	long := strings.Repeat("x", 200)
	for name, c := range map[string]struct {
		method, target, body string
		status               int
		code                 problem.Code
		field                string
	}{
		"unknown path":               {"GET", "/api/v1/nothing", "", 404, problem.CodeUnknownPath, ""},
		"unknown page":               {"GET", "/nothing", "", 404, problem.CodeUnknownPath, ""},
		"a slash too many":           {"GET", "/api/v1/twin/", "", 404, problem.CodeUnknownPath, ""},
		"wrong method":               {"POST", "/api/v1/twin", "{}", 405, problem.CodeMethod, ""},
		"wrong method on a page":     {"PUT", "/", "", 405, problem.CodeMethod, ""},
		"made-up method":             {"BREW", "/api/v1/twin", "", 405, problem.CodeMethod, ""},
		"unknown meter":              {"GET", "/api/v1/meters/nobody", "", 404, problem.CodeUnknownMeter, "id"},
		"state of an unknown meter":  {"GET", "/api/v1/meters/nobody/state", "", 404, problem.CodeUnknownMeter, "id"},
		"a meter named by SQL":       {"GET", "/api/v1/meters/'%20OR%201=1--", "", 404, problem.CodeUnknownMeter, "id"},
		"a meter with a slash":       {"GET", "/api/v1/meters/a%2Fb", "", 404, problem.CodeUnknownMeter, "id"},
		"too long a meter":           {"GET", "/api/v1/meters/" + long, "", 422, problem.CodeInvalidParameter, "id"},
		"unknown group":              {"GET", "/api/v1/groups/nobody/load", "", 404, problem.CodeUnknownGroup, "id"},
		"unknown decision":           {"GET", "/api/v1/decisions/00000000-0000-0000-0000-000000000000", "", 404, problem.CodeUnknownDecision, "id"},
		"a decision that is no UUID": {"GET", "/api/v1/decisions/17", "", 422, problem.CodeInvalidParameter, "id"},

		"unknown parameter":          {"GET", "/api/v1/meters?colour=red", "", 422, problem.CodeUnknownParameter, "colour"},
		"unknown parameter, no list": {"GET", "/api/v1/twin?x=1", "", 422, problem.CodeUnknownParameter, "x"},
		"parameter twice":            {"GET", "/api/v1/meters?limit=1&limit=2", "", 422, problem.CodeRepeatedParameter, "limit"},
		"limit is no number":         {"GET", "/api/v1/meters?limit=ten", "", 422, problem.CodeInvalidParameter, "limit"},
		"limit too small":            {"GET", "/api/v1/meters?limit=0", "", 422, problem.CodeInvalidParameter, "limit"},
		"limit too large":            {"GET", "/api/v1/meters?limit=1001", "", 422, problem.CodeInvalidParameter, "limit"},
		"unknown status":             {"GET", "/api/v1/meters?status=fine", "", 422, problem.CodeInvalidParameter, "status"},
		"unknown sort":               {"GET", "/api/v1/meters?sort=colour", "", 422, problem.CodeInvalidParameter, "sort"},
		"cursor is noise":            {"GET", "/api/v1/meters?cursor=!!", "", 422, problem.CodeInvalidCursor, "cursor"},
		"cursor is no JSON":          {"GET", "/api/v1/meters?cursor=abcd", "", 422, problem.CodeInvalidCursor, "cursor"},

		"from is no time":         {"GET", "/api/v1/load?from=yesterday", "", 422, problem.CodeInvalidParameter, "from"},
		"to is no time":           {"GET", "/api/v1/load?to=2019-13-01T00:00:00Z", "", 422, problem.CodeInvalidParameter, "to"},
		"to before from":          {"GET", "/api/v1/load?from=now&to=now-1h", "", 422, problem.CodeInvalidParameter, "to"},
		"an empty range":          {"GET", "/api/v1/load?from=now&to=now", "", 422, problem.CodeInvalidParameter, "to"},
		"more than a year":        {"GET", "/api/v1/load?from=now-400d", "", 422, problem.CodeRangeTooLong, "from"},
		"a time before history":   {"GET", "/api/v1/load?from=0001-01-01T00:00:00Z", "", 422, problem.CodeInvalidParameter, "from"},
		"a far relative time":     {"GET", "/api/v1/load?from=now-999999d", "", 422, problem.CodeInvalidParameter, "from"},
		"too many points":         {"GET", "/api/v1/history?from=now-60d&step=1h&maxPoints=100", "", 422, problem.CodeTooManyPoints, "step"},
		"points beyond the limit": {"GET", "/api/v1/history?maxPoints=10001", "", 422, problem.CodeInvalidParameter, "maxPoints"},
		"too many points of all":  {"GET", "/api/v1/history?from=now-365d&step=1h&groupBy=meter&maxPoints=10000", "", 422, problem.CodeTooManyPoints, "maxPoints"},
		"unknown step":            {"GET", "/api/v1/history?step=7m", "", 422, problem.CodeInvalidParameter, "step"},
		"unknown zone":            {"GET", "/api/v1/history?tz=Europe/Atlantis", "", 422, problem.CodeInvalidParameter, "tz"},
		"zone of this machine":    {"GET", "/api/v1/history?tz=Local", "", 422, problem.CodeInvalidParameter, "tz"},
		"zone outside its folder": {"GET", "/api/v1/history?tz=../../etc/passwd", "", 422, problem.CodeInvalidParameter, "tz"},
		"unknown format":          {"GET", "/api/v1/history?format=xml", "", 422, problem.CodeInvalidParameter, "format"},
		"history of no group":     {"GET", "/api/v1/history?group=nobody", "", 422, problem.CodeUnknownGroup, "group"},
		"meters of no group":      {"GET", "/api/v1/history?groupBy=meter&group=nobody", "", 422, problem.CodeUnknownGroup, "group"},
		"issuedAt and from":       {"GET", "/api/v1/meters/home-000001/forecasts?issuedAt=now&from=now-1d", "", 422, problem.CodeInvalidParameter, "issuedAt"},
		"at is no time":           {"GET", "/api/v1/meters/home-000001/state?at=noon", "", 422, problem.CodeInvalidParameter, "at"},
		"unknown action":          {"GET", "/api/v1/decisions?action=dance", "", 422, problem.CodeInvalidParameter, "action"},
		"unknown reason":          {"GET", "/api/v1/decisions?reason=whim", "", 422, problem.CodeInvalidParameter, "reason"},
		"decisions of no meter":   {"GET", "/api/v1/decisions?meter=nobody", "", 422, problem.CodeUnknownMeter, "meter"},

		"meters in no group":       {"GET", "/api/v1/meters?group=nobody", "", 422, problem.CodeUnknownGroup, "group"},
		"decisions of no group":    {"GET", "/api/v1/decisions?group=nobody", "", 422, problem.CodeUnknownGroup, "group"},
		"no reason for rejections": {"GET", "/api/v1/data-quality?reason=whim", "", 422, problem.CodeInvalidParameter, "reason"},
		"a state to come":          {"GET", "/api/v1/meters/home-000001/state?at=now%2B1h", "", 422, problem.CodeInvalidParameter, "at"},
		"a date that is none":      {"GET", "/api/v1/load?from=2019-02-30", "", 422, problem.CodeInvalidParameter, "from"},

		"NUL in a search":            {"GET", "/api/v1/meters?q=%00", "", 422, problem.CodeInvalidParameter, "q"},
		"bytes that are no text":     {"GET", "/api/v1/meters?q=%ff", "", 422, problem.CodeInvalidParameter, "q"},
		"a meter that is no text":    {"GET", "/api/v1/meters/%ff/state", "", 404, problem.CodeUnknownPath, ""},
		"a group with a NUL":         {"GET", "/api/v1/groups/%00/load", "", 404, problem.CodeUnknownPath, ""},
		"a parameter with a NUL":     {"GET", "/api/v1/meters?a%00=1", "", 422, problem.CodeUnknownParameter, ""},
		"history of a NUL":           {"GET", "/api/v1/history?group=%00", "", 422, problem.CodeInvalidParameter, "group"},
		"decisions of no text":       {"GET", "/api/v1/decisions?meter=%ff", "", 422, problem.CodeInvalidParameter, "meter"},
		"key figures of no text":     {"GET", "/api/v1/kpis?group=%ff", "", 422, problem.CodeInvalidParameter, "group"},
		"a reason with a NUL":        {"GET", "/api/v1/data-quality?reason=%00", "", 422, problem.CodeInvalidParameter, "reason"},
		"a cursor with a NUL":        {"GET", "/api/v1/meters?cursor=" + cursorWith(`\u0000`), "", 422, problem.CodeInvalidCursor, "cursor"},
		"a cursor that is no text":   {"GET", "/api/v1/meters?cursor=" + cursorWith("\xff"), "", 422, problem.CodeInvalidCursor, "cursor"},
		"half an escape":             {"GET", "/api/v1/meters?status=stale%", "", 422, problem.CodeMalformedQuery, ""},
		"a semicolon":                {"GET", "/api/v1/meters?limit=2;x=1", "", 422, problem.CodeMalformedQuery, ""},
		"a semicolon in a name":      {"GET", "/api/v1/meters?nosuch;=1", "", 422, problem.CodeMalformedQuery, ""},
		"an empty status":            {"GET", "/api/v1/meters?status=", "", 422, problem.CodeInvalidParameter, "status"},
		"an empty step":              {"GET", "/api/v1/history?step=", "", 422, problem.CodeInvalidParameter, "step"},
		"a parameter without a sign": {"GET", "/api/v1/meters?status", "", 422, problem.CodeInvalidParameter, "status"},

		"key figures of both":       {"GET", "/api/v1/kpis?meter=home-000001&group=feeder-0001", "", 422, problem.CodeInvalidParameter, "group"},
		"key figures of no meter":   {"GET", "/api/v1/kpis?meter=nobody", "", 422, problem.CodeUnknownMeter, "meter"},
		"key figures of no group":   {"GET", "/api/v1/kpis?group=nobody", "", 422, problem.CodeUnknownGroup, "group"},
		"key figures by the week":   {"GET", "/api/v1/kpis?by=week", "", 422, problem.CodeInvalidParameter, "by"},
		"key figures of two years":  {"GET", "/api/v1/kpis?from=now-730d&by=month", "", 422, problem.CodeRangeTooLong, "from"},
		"key figures of no time":    {"GET", "/api/v1/kpis?from=now&to=now", "", 422, problem.CodeInvalidParameter, "to"},
		"key figures from somewhen": {"GET", "/api/v1/kpis?from=monday", "", 422, problem.CodeInvalidParameter, "from"},
		"key figures of a thing":    {"GET", "/api/v1/kpis?thing=1", "", 422, problem.CodeUnknownParameter, "thing"},

		"no body":            {"POST", "/api/v1/session", "", 400, problem.CodeEmptyBody, "body"},
		"body is no JSON":    {"POST", "/api/v1/session", "{", 400, problem.CodeInvalidBody, "body"},
		"body lacks the key": {"POST", "/api/v1/session", "{}", 422, problem.CodeInvalidBody, "body"},
		"body has more":      {"POST", "/api/v1/session", `{"apiKey":"x","admin":true}`, 422, problem.CodeInvalidBody, "admin"},
		"key of wrong type":  {"POST", "/api/v1/session", `{"apiKey":5}`, 422, problem.CodeInvalidBody, "apiKey"},
		"unknown key":        {"POST", "/api/v1/session", `{"apiKey":"x"}`, 401, problem.CodeUnauthenticated, "apiKey"},
		"a large body":       {"POST", "/api/v1/session", `{"apiKey":"` + strings.Repeat("x", 5000) + `"}`, 413, problem.CodeBodyTooLarge, ""},
		"a huge body":        {"POST", "/api/v1/session", strings.Repeat(" ", middleware.MaxBodyBytes+1), 413, problem.CodeBodyTooLarge, "body"},
		"session of a key":   {"GET", "/api/v1/session", "", 404, problem.CodeNoSession, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := a.send(c.method, c.target, c.body, "X-API-Key", a.keys["reader"])
			require.Equal(t, c.status, w.Code, w.Body)
			p := problemIn(t, w)
			require.Equal(t, c.code, p.Code, w.Body)
			require.Equal(t, c.field, p.Field, w.Body)
		})
	}
}

// cursorWith is the cursor of a list of meters, with a name that this API never wrote.
func cursorWith(name string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"f":"` + params.FilterPrint("meters") + `","a":{"Name":"` + name + `"}}`))
}

func TestBodyOfAnotherMediaType(t *testing.T) {
	a := newTestAPI(t, nil)
	w := a.send("POST", "/api/v1/session", "<key/>", "Content-Type", "application/xml")
	require.Equal(t, problem.CodeMediaType, problemIn(t, w).Code)
}

func TestWrongMethodNamesTheRightOnes(t *testing.T) {
	a := newTestAPI(t, nil)
	w := a.send("PUT", "/api/v1/session", "{}")
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	for _, m := range []string{"GET", "HEAD", "POST", "DELETE"} {
		require.Contains(t, w.Header().Get("Allow"), m)
	}
}

// A database that is away is reported as that, without its address.
func TestDatabaseAway(t *testing.T) {
	away, err := reader.Open(context.Background(), "postgres://nobody@127.0.0.1:1/none", timescale.Options{})
	require.NoError(t, err)
	t.Cleanup(away.Close)
	a := newTestAPI(t, func(_ *config.Twin, d *Deps) {
		d.DB, d.Log = away, slog.New(slog.NewTextHandler(io.Discard, nil))
	})
	for _, path := range []string{"/api/v1/twin", "/api/v1/meters", "/api/v1/meters/x", "/api/v1/load", "/api/v1/decisions", "/api/v1/data-quality"} {
		w := a.get(path)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, path)
		require.Equal(t, problem.CodeUnavailable, problemIn(t, w).Code)
		require.NotEmpty(t, w.Header().Get("Retry-After"))
		require.NotContains(t, w.Body.String(), "127.0.0.1")
	}
	w := a.get("/ready")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotContains(t, w.Body.String(), "127.0.0.1")
	require.Equal(t, http.StatusOK, a.get("/health").Code, "a restart would not help")
}
