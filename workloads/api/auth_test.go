package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

func TestWhoIsLetIn(t *testing.T) {
	a := newTestAPI(t, func(_ *config.Twin, d *Deps) { d.Failures = auth.Rate{PerSecond: 1, Burst: 1000} })
	stranger, _, err := auth.NewKey("stranger", auth.ScopeAdmin, time.Time{})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		headers []string
		want    int
	}{
		"nobody":                   {nil, 401},
		"reader by X-API-Key":      {[]string{"X-API-Key", a.keys["reader"]}, 200},
		"reader by bearer":         {[]string{"Authorization", "Bearer " + a.keys["reader"]}, 200},
		"bearer in small letters":  {[]string{"Authorization", "bearer " + a.keys["reader"]}, 200},
		"operator":                 {[]string{"X-API-Key", a.keys["operator"]}, 200},
		"admin":                    {[]string{"X-API-Key", a.keys["admin"]}, 200},
		"an expired admin":         {[]string{"X-API-Key", a.keys["expired"]}, 401},
		"a stranger":               {[]string{"X-API-Key", stranger}, 401},
		"an empty key":             {[]string{"X-API-Key", ""}, 401},
		"a key and half a key":     {[]string{"X-API-Key", a.keys["reader"][:20]}, 401},
		"another scheme":           {[]string{"Authorization", "Basic YTpi"}, 401},
		"two different keys":       {[]string{"X-API-Key", a.keys["reader"], "Authorization", "Bearer " + a.keys["admin"]}, 401},
		"the same key twice":       {[]string{"X-API-Key", a.keys["reader"], "Authorization", "Bearer " + a.keys["reader"]}, 200},
		"a made-up cookie":         {[]string{"Cookie", auth.SessionCookie + "=abc"}, 401},
		"a key in a cookie":        {[]string{"Cookie", auth.SessionCookie + "=" + a.keys["admin"]}, 401},
		"a bad key, a good cookie": {[]string{"X-API-Key", stranger, "Cookie", cookieOf(signIn(t, a, "reader"))}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			w := a.send("GET", "/api/v1/twin", "", c.headers...)
			require.Equal(t, c.want, w.Code, w.Body)
			if c.want == 401 {
				require.Equal(t, problem.CodeUnauthenticated, problemIn(t, w).Code)
				require.Contains(t, w.Header().Get("WWW-Authenticate"), "Bearer")
				require.NotContains(t, w.Body.String(), stranger)
			}
		})
	}
}

func TestEveryOperationUnderAPINeedsAKey(t *testing.T) {
	a := newTestAPI(t, func(_ *config.Twin, d *Deps) { d.Failures = auth.Rate{PerSecond: 1, Burst: 1000} })
	paths := 0
	for path, item := range documented(t) {
		if !strings.HasPrefix(path, "/api/") {
			continue
		}
		for method := range item {
			if method == "post" && path == "/api/v1/session" || path == "/api/v1/sign-in" {
				continue // that is where one gets in
			}
			w := a.send(strings.ToUpper(method), strings.ReplaceAll(path, "{id}", "x"), "")
			require.Equal(t, http.StatusUnauthorized, w.Code, "%s %s", method, path)
			paths++
		}
	}
	require.Greater(t, paths, 10)
}

// documented is the paths of the OpenAPI document, with their methods.
func documented(t *testing.T) map[string]map[string]json.RawMessage {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(generatedDocument(t), &doc))
	return doc.Paths
}

func TestPagesAndProbesAreOpen(t *testing.T) {
	a := newTestAPI(t, nil)
	for _, path := range []string{"/", "/ui", "/ui/", "/ui/meters/home-000001", "/docs", "/openapi.json", "/health", "/ready"} {
		require.Equal(t, http.StatusOK, a.send("GET", path, "").Code, path)
	}
}

func signIn(t *testing.T, a *api, name string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	w := a.send("POST", "/api/v1/session", `{"apiKey":"`+a.keys[name]+`"}`, append([]string{"Content-Type", "application/json"}, headers...)...)
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	return w
}

func cookieOf(w *httptest.ResponseRecorder) string {
	c := w.Result().Cookies()[0]
	return c.Name + "=" + c.Value
}

func TestSession(t *testing.T) {
	a := newTestAPI(t, nil)
	w := signIn(t, a, "operator")
	require.NotContains(t, w.Body.String(), a.keys["operator"])
	set := w.Result().Cookies()[0]
	require.True(t, set.HttpOnly)
	require.False(t, set.Secure, "the request came without TLS")
	require.Equal(t, http.SameSiteStrictMode, set.SameSite)
	require.Equal(t, "/", set.Path)

	var answer Answer[Session]
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.Equal(t, "operator", answer.Data.Name)
	require.Equal(t, auth.ScopeOperate, answer.Data.Scope)
	cookie, token := cookieOf(w), answer.Data.CSRFToken

	w = a.send("GET", "/api/v1/session", "", "Cookie", cookie)
	require.Equal(t, http.StatusOK, w.Code)
	var again Answer[Session]
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &again))
	require.Equal(t, answer.Data, again.Data, "a page that is loaded again gets the same token")
	require.Equal(t, http.StatusOK, a.send("GET", "/api/v1/twin", "", "Cookie", cookie).Code)

	for name, headers := range map[string][]string{
		"no token":                         {"Cookie", cookie},
		"a wrong token":                    {"Cookie", cookie, auth.CSRFHeader, token[:len(token)-1] + "x"},
		"the token of another":             {"Cookie", cookie, auth.CSRFHeader, csrfOf(t, signIn(t, a, "reader"))},
		"a page of another site":           {"Cookie", cookie, auth.CSRFHeader, token, "Sec-Fetch-Site", "cross-site"},
		"another origin in an old browser": {"Cookie", cookie, auth.CSRFHeader, token, "Origin", "https://evil.example"},
	} {
		t.Run(name, func(t *testing.T) {
			w := a.send("DELETE", "/api/v1/session", "", headers...)
			require.Equal(t, http.StatusForbidden, w.Code)
			require.Equal(t, problem.CodeCrossSite, problemIn(t, w).Code)
		})
	}

	w = a.send("DELETE", "/api/v1/session", "", "Cookie", cookie, auth.CSRFHeader, token, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusNoContent, w.Code, w.Body)
	require.Equal(t, -1, w.Result().Cookies()[0].MaxAge)
	w = a.send("GET", "/api/v1/twin", "", "Cookie", cookie)
	require.Equal(t, http.StatusUnauthorized, w.Code, "the token is void even to who kept it")
}

// Whoever signs out is signed out at every replica within a second, and stays so
// when the API restarts.
func TestSignedOutEverywhere(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte(strings.Repeat("0123456789abcdef", 2)), 0o600))
	var keysFile string
	var keys map[string]string
	replica := func() *api {
		a := newTestAPI(t, func(c *config.Twin, _ *Deps) {
			c.API.JWTSecretFile = secret
			if keysFile == "" {
				keysFile = c.API.APIKeysFile
			}
			c.API.APIKeysFile = keysFile
		})
		if keys == nil {
			keys = a.keys
		}
		a.keys = keys
		return a
	}
	one, two := replica(), replica()
	signedIn, other := signIn(t, one, "operator"), cookieOf(signIn(t, one, "operator"))
	cookie := cookieOf(signedIn)
	ask := func(a *api, cookie string) int { return a.send("GET", "/api/v1/twin", "", "Cookie", cookie).Code }
	for _, a := range []*api{one, two} {
		require.Equal(t, http.StatusOK, ask(a, cookie))
	}
	w := one.send("DELETE", "/api/v1/session", "", "Cookie", cookie, auth.CSRFHeader, csrfOf(t, signedIn))
	require.Equal(t, http.StatusNoContent, w.Code, w.Body)
	require.Equal(t, problem.ReasonSignedOut, whyEnded(t, one, cookie))
	two.now.advance(time.Second)
	require.Equal(t, http.StatusUnauthorized, ask(two, cookie))
	require.Equal(t, http.StatusUnauthorized, ask(replica(), cookie), "after a restart")
	for _, a := range []*api{one, two} {
		require.Equal(t, http.StatusOK, ask(a, other), "another session of the same key goes on")
	}
}

// Without the database nobody knows whether a session was signed out: no cookie is
// taken, and the answer is not that one has to sign in again.
func TestSessionsWithoutTheDatabase(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte(strings.Repeat("0123456789abcdef", 2)), 0o600))
	away, err := reader.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none", timescale.Options{})
	require.NoError(t, err)
	t.Cleanup(away.Close)
	before := newTestAPI(t, func(c *config.Twin, _ *Deps) { c.API.JWTSecretFile = secret })
	cookie := cookieOf(signIn(t, before, "reader"))
	a := newTestAPI(t, func(c *config.Twin, d *Deps) {
		c.API.JWTSecretFile, c.API.APIKeysFile, d.DB = secret, before.keysFile, away
	})
	w := a.send("POST", "/api/v1/session", `{"apiKey":"`+before.keys["reader"]+`"}`)
	require.Equal(t, http.StatusServiceUnavailable, w.Code, "a session that nobody can see is not given")
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	w = a.send("GET", "/api/v1/session", "", "Cookie", cookie)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, problem.CodeUnavailable, problemIn(t, w).Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
}

func csrfOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var answer Answer[Session]
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer.Data.CSRFToken
}

func TestSessionEnds(t *testing.T) {
	a := newTestAPI(t, func(c *config.Twin, _ *Deps) { c.API.SessionTTL = config.Duration(time.Hour) })
	cookie := cookieOf(signIn(t, a, "reader"))
	a.now.advance(59 * time.Minute)
	require.Equal(t, http.StatusOK, a.send("GET", "/api/v1/twin", "", "Cookie", cookie).Code)
	a.now.advance(2 * time.Minute)
	require.Equal(t, problem.ReasonExpired, whyEnded(t, a, cookie))
}

// Sessions outlive a restart, but not their key.
func TestSessionEndsWithItsKey(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte(strings.Repeat("0123456789abcdef", 2)), 0o600))
	withSecret := func(c *config.Twin, _ *Deps) { c.API.JWTSecretFile = secret }
	before := newTestAPI(t, withSecret)
	cookie := cookieOf(signIn(t, before, "reader"))

	sameKeys := newTestAPI(t, func(c *config.Twin, d *Deps) {
		withSecret(c, d)
		_, line, err := auth.NewKey("other", auth.ScopeRead, time.Time{})
		require.NoError(t, err)
		kept, err := auth.KeyLine("reader", auth.ScopeRead, before.keys["reader"], time.Time{})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(c.API.APIKeysFile, []byte(line+"\n"+kept), 0o600))
	})
	require.Equal(t, http.StatusOK, sameKeys.send("GET", "/api/v1/twin", "", "Cookie", cookie).Code)

	replaced := newTestAPI(t, withSecret) // its reader has another key
	require.Equal(t, problem.ReasonKeyEnded, whyEnded(t, replaced, cookie))
}

// whyEnded is the reason for which a session is not good any more.
func whyEnded(t *testing.T, a *api, cookie string) problem.Reason {
	t.Helper()
	p := problemIn(t, a.send("GET", "/api/v1/session", "", "Cookie", cookie))
	require.Equal(t, problem.CodeUnauthenticated, p.Code)
	return p.Reason
}

// A token counts only if it is signed with this twin's secret: another API with
// the same keys, or one that signs nothing, makes none.
func TestForgedTokensAreRejected(t *testing.T) {
	a := newTestAPI(t, nil)
	other := newTestAPI(t, func(c *config.Twin, _ *Deps) { c.API.APIKeysFile = a.keysFile })
	other.keys = a.keys
	_, foreign, _ := strings.Cut(cookieOf(signIn(t, other, "reader")), "=")
	_, own, _ := strings.Cut(cookieOf(signIn(t, a, "reader")), "=")
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(own, claims)
	require.NoError(t, err)
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims).SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		token string
		want  int
	}{
		"of this API":                {own, http.StatusOK},
		"signed with another secret": {foreign, http.StatusUnauthorized},
		"not signed":                 {unsigned, http.StatusUnauthorized},
	} {
		w := a.send("GET", "/api/v1/twin", "", "Cookie", auth.SessionCookie+"="+c.token)
		require.Equal(t, c.want, w.Code, name)
	}
}

func TestSignInFromAnotherSiteIsRejected(t *testing.T) {
	a := newTestAPI(t, nil)
	w := a.send("POST", "/api/v1/session", `{"apiKey":"`+a.keys["reader"]+`"}`, "Sec-Fetch-Site", "cross-site")
	require.Equal(t, problem.CodeCrossSite, problemIn(t, w).Code)
	require.Empty(t, w.Result().Cookies())
}

func TestGuessingIsSlowedDown(t *testing.T) {
	a := newTestAPI(t, func(_ *config.Twin, d *Deps) { d.Failures = auth.Rate{PerSecond: 0.1, Burst: 3} })
	guess := func() *httptest.ResponseRecorder { return a.send("GET", "/api/v1/twin", "", "X-API-Key", "et_guess") }
	for range 3 {
		require.Equal(t, http.StatusUnauthorized, guess().Code)
	}
	w := guess()
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Equal(t, problem.CodeRateLimited, problemIn(t, w).Code)
	wait, err := strconv.Atoi(w.Header().Get("Retry-After"))
	require.NoError(t, err)
	signing := a.send("POST", "/api/v1/session", `{"apiKey":"et_guess"}`)
	require.Equal(t, problem.CodeRateLimited, problemIn(t, signing).Code, "signing in is guessing too")
	require.NotEmpty(t, signing.Header().Get("Retry-After"))
	require.Equal(t, http.StatusOK, a.get("/api/v1/twin").Code, "a good key from the same address is not held up")
	for range 9 {
		require.Equal(t, http.StatusUnauthorized, a.send("GET", "/api/v1/session", "").Code, "a page that asks who has signed in guesses nothing")
		require.Empty(t, whyEnded(t, a, auth.SessionCookie+"=of-another-twin"))
	}
	a.now.advance(time.Duration(wait) * time.Second)
	require.Equal(t, http.StatusUnauthorized, guess().Code, "the wait that was asked for is enough")
}

func TestEachKeyHasItsOwnRate(t *testing.T) {
	a := newTestAPI(t, func(_ *config.Twin, d *Deps) { d.Requests = auth.Rate{PerSecond: 2, Burst: 5} })
	for left := 4; left >= 0; left-- {
		w := a.get("/api/v1/twin")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, `"key";q=5;w=3`, w.Header().Get("RateLimit-Policy"))
		require.Contains(t, w.Header().Get("RateLimit"), `"key";r=`+strconv.Itoa(left)+";t=")
	}
	w := a.get("/api/v1/twin")
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	require.Equal(t, `"key";r=0;t=3`, w.Header().Get("RateLimit"))
	require.Equal(t, http.StatusOK, a.send("GET", "/api/v1/twin", "", "X-API-Key", a.keys["admin"]).Code)
	require.Equal(t, http.StatusOK, a.get("/health").Code, "probes are not counted")
	a.now.advance(time.Second)
	require.Equal(t, http.StatusOK, a.get("/api/v1/twin").Code)
}

// A header that says https or another address counts from a trusted proxy only.
func TestTrustedProxies(t *testing.T) {
	headers := []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "https"}
	direct := newTestAPI(t, nil)
	require.False(t, signIn(t, direct, "reader", headers...).Result().Cookies()[0].Secure)
	behind := newTestAPI(t, func(c *config.Twin, _ *Deps) { c.API.TrustedProxies = []string{"192.0.2.0/24"} })
	w := signIn(t, behind, "reader", headers...)
	require.True(t, w.Result().Cookies()[0].Secure)
	require.NotEmpty(t, w.Header().Get("Strict-Transport-Security"))
	require.True(t, signIn(t, behind, "reader", "X-Forwarded-Proto", "https").Result().Cookies()[0].Secure, "the scheme needs no address")
	require.False(t, signIn(t, direct, "reader", "X-Forwarded-Proto", "https").Result().Cookies()[0].Secure)
}

// A key that is taken out of the file ends at once, and so do its sessions.
func TestAKeyThatIsTakenOut(t *testing.T) {
	a := newTestAPI(t, nil)
	cookie, other := cookieOf(signIn(t, a, "operator")), cookieOf(signIn(t, a, "admin"))
	ask := func(headers ...string) int { return a.send("GET", "/api/v1/twin", "", headers...).Code }
	require.Equal(t, http.StatusOK, ask("X-API-Key", a.keys["operator"]))
	require.Equal(t, http.StatusOK, ask("Cookie", cookie))

	text, err := os.ReadFile(a.keysFile)
	require.NoError(t, err)
	var kept []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "operator:") {
			kept = append(kept, line)
		}
	}
	require.NoError(t, os.WriteFile(a.keysFile, []byte(strings.Join(kept, "")), 0o600))
	a.now.advance(time.Second)
	require.Equal(t, http.StatusUnauthorized, ask("X-API-Key", a.keys["operator"]))
	require.Equal(t, http.StatusUnauthorized, ask("Cookie", cookie))
	require.Equal(t, http.StatusUnauthorized, a.send("POST", "/api/v1/session", `{"apiKey":"`+a.keys["operator"]+`"}`).Code)
	require.Equal(t, http.StatusOK, ask("X-API-Key", a.keys["admin"]))
	require.Equal(t, http.StatusOK, ask("Cookie", other))
}

// Each operation names the scope that it needs, in its security and as x-required-scope.
func TestOperationsNameTheirScope(t *testing.T) {
	for path, item := range documented(t) {
		for method, text := range item {
			var operation struct {
				Security []map[string][]string
				Scope    auth.Scope `json:"x-required-scope"`
			}
			require.NoError(t, json.Unmarshal(text, &operation))
			if !strings.HasPrefix(path, "/api/") || method == "post" && path == "/api/v1/session" || path == "/api/v1/sign-in" {
				require.Empty(t, operation.Security, path)
				require.Empty(t, operation.Scope, path)
				continue
			}
			require.Contains(t, []auth.Scope{auth.ScopeRead, auth.ScopeOperate, auth.ScopeAdmin}, operation.Scope, "%s %s", method, path)
			require.Equal(t, openapi.Needs(operation.Scope), operation.Security, "%s %s", method, path)
		}
	}
}

// An operation lets nobody in whose key has a lower scope than it names, and whatever else
// is wrong with the request.
func TestOperationsNeedTheirScope(t *testing.T) {
	a := newTestAPI(t, nil)
	below := map[auth.Scope][]string{auth.ScopeOperate: {"reader"}, auth.ScopeAdmin: {"reader", "operator"}}
	for path, item := range documented(t) {
		for method, text := range item {
			var operation struct {
				Scope auth.Scope `json:"x-required-scope"`
			}
			require.NoError(t, json.Unmarshal(text, &operation))
			for _, name := range below[operation.Scope] {
				w := a.send(strings.ToUpper(method), strings.ReplaceAll(path, "{id}", "x"), "", "X-API-Key", a.keys[name])
				require.Equal(t, http.StatusForbidden, w.Code, "%s %s by %s: %s", method, path, name, w.Body)
				p := problemIn(t, w)
				require.Equal(t, problem.CodeScope, p.Code)
				require.Equal(t, string(operation.Scope), p.Scope, "%s %s", method, path)
			}
		}
	}
}

func TestScopesOfOneRoute(t *testing.T) {
	a := newTestAPI(t, nil)
	twin := filledTwin(t)
	twin.API.APIKeysFile = a.keysFile
	s, err := newServer(twin, Deps{DB: store})
	require.NoError(t, err)
	r := gin.New()
	guarded := openapi.New(openapi.Config(""), r, r.Group("", s.guard.Authenticated))
	openapi.Get(guarded, huma.Operation{Path: "/operate", OperationID: "operate", Security: openapi.Needs(auth.ScopeOperate)},
		func(context.Context, *noInput) (*output[string], error) { return &output[string]{}, nil })
	a.Handler = r
	for name, want := range map[string]int{"reader": http.StatusForbidden, "operator": http.StatusOK, "admin": http.StatusOK} {
		w := a.send("GET", "/operate", "", "X-API-Key", a.keys[name])
		require.Equal(t, want, w.Code, name)
		if want == http.StatusForbidden {
			p := problemIn(t, w)
			require.Equal(t, problem.CodeScope, p.Code)
			require.Equal(t, "operate", p.Scope)
		}
	}
}
