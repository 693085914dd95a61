package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openid"
	"github.com/energytwin/energytwin/workloads/api/openid/openidtest"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// signInSite is an API that browsers reach, with an issuer.
type signInSite struct {
	*api
	url    string
	issuer *openidtest.Issuer
}

var people = []openidtest.Person{
	{Name: "ada@example.org", Subject: "1", Groups: []string{"grid", "admins"}},
	{Name: "bob@example.org", Subject: "2", Groups: []string{"viewers", "everybody"}},
	{Name: "eve@example.org", Subject: "3", Groups: []string{"everybody"}},
	{Name: "sam@example.org", Subject: "4"},
	{Name: "admin", Subject: "5", Groups: []string{"viewers"}},
}

func newSignInSite(t *testing.T, change func(*config.Twin)) *signInSite {
	t.Helper()
	s := &signInSite{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte(openidtest.Secret+"\n"), 0o600))
	twin := config.Twin{API: config.API{OIDC: &config.OIDC{
		Name: "Keycloak", ClientID: "twin", ClientSecretFile: secret, Scopes: []string{"profile", "email"}, GroupsClaim: "groups", PublicURL: server.URL,
		Groups: []config.OIDCGroup{{Name: "viewers", Scope: "read"}, {Name: "grid", Scope: "operate"}, {Name: "admins", Scope: "admin"}},
	}}}
	if change != nil {
		change(&twin)
	}
	s.url = server.URL + twin.API.BasePath
	s.issuer = openidtest.Start(t, s.url+openid.PathCallback, people...)
	twin.API.OIDC.Issuer = s.issuer.URL
	twin.API.OIDC.TLS = &config.TLS{CAFile: s.issuer.CAFile}
	s.api = newTestAPI(t, func(c *config.Twin, d *Deps) {
		c.API.OIDC, c.API.BasePath, c.API.SessionTTL = twin.API.OIDC, twin.API.BasePath, config.Duration(time.Hour)
		d.Failures = auth.Rate{PerSecond: 0.1, Burst: 20}
	})
	return s
}

// ask asks as a browser that has signed in.
func (s *signInSite) ask(t *testing.T, browser *http.Client, method, path string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
	require.NoError(t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := browser.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func (s *signInSite) session(t *testing.T, browser *http.Client) Session {
	t.Helper()
	answer := s.ask(t, browser, "GET", "/api/v1/session")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	var body Answer[Session]
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&body))
	return body.Data
}

func textOf(t *testing.T, answer *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	_ = answer.Body.Close()
	return string(text)
}

// A person signs in at the issuer, comes back to the view that was open, and may do what
// the groups give.
func TestPeopleSignInAtTheIssuer(t *testing.T) {
	s := newSignInSite(t, nil)
	browser := s.issuer.Browser(t)
	end := s.issuer.SignIn(t, browser, s.url+"/sign-in?next="+url.QueryEscape("/ui/meters?status=stale"), "ada@example.org")
	require.Equal(t, http.StatusOK, end.StatusCode)
	require.Equal(t, s.url+"/ui/meters?status=stale", end.Request.URL.String())
	who := s.session(t, browser)
	require.Equal(t, "oidc:ada@example.org", who.Name)
	require.Equal(t, "oidc", who.Method)
	require.Equal(t, auth.ScopeAdmin, who.Scope, "the highest of the groups")
	require.WithinDuration(t, s.now.read().Add(time.Hour), who.ExpiresAt, 2*time.Second)
	at, err := url.Parse(s.url)
	require.NoError(t, err)
	require.Len(t, browser.Jar.Cookies(at), 1, "what the sign-in kept in the browser is gone")

	r, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/api/v1/keys", strings.NewReader(`{"name":"`+freeName()+`","scope":"read"}`))
	require.NoError(t, err)
	r.Header.Set(auth.CSRFHeader, who.CSRFToken)
	r.Header.Set("Content-Type", "application/json")
	made, err := browser.Do(r)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, made.StatusCode)
	require.Contains(t, textOf(t, made), `"createdBy":"oidc:ada@example.org"`)

	out := s.ask(t, browser, "DELETE", "/api/v1/session", auth.CSRFHeader, who.CSRFToken)
	require.Equal(t, http.StatusNoContent, out.StatusCode)
	require.Equal(t, http.StatusUnauthorized, s.ask(t, browser, "GET", "/api/v1/session").StatusCode)

	other := s.issuer.Browser(t)
	s.issuer.SignIn(t, other, s.url+"/sign-in", "bob@example.org")
	require.Equal(t, auth.ScopeRead, s.session(t, other).Scope)
	require.Equal(t, http.StatusForbidden, s.ask(t, other, "GET", "/api/v1/keys").StatusCode)
}

func TestWaysIn(t *testing.T) {
	require.Nil(t, read[WaysIn](t, newTestAPI(t, nil), "/api/v1/sign-in").Data.OIDC)
	s := newSignInSite(t, nil)
	w := s.send("GET", "/api/v1/sign-in", "")
	require.Equal(t, http.StatusOK, w.Code, "nobody is signed in yet")
	way := dataOf[WaysIn](t, w).OIDC
	require.Equal(t, "Keycloak", way.Name)
	require.Equal(t, "/sign-in", way.Path)
	require.True(t, way.Available)
	require.True(t, strings.HasPrefix(*way.SignOutURL, s.issuer.URL+"/end_session?client_id=twin&post_logout_redirect_uri="), *way.SignOutURL)
}

// The variants of a sign-in that succeed.
func TestKindsOfIssuers(t *testing.T) {
	for name, change := range map[string]func(*config.Twin){
		"below a base path":   func(c *config.Twin) { c.API.BasePath = "/twins/north" },
		"as a public client":  func(c *config.Twin) { c.API.OIDC.ClientID, c.API.OIDC.ClientSecretFile = "public", "" },
		"named by its email":  func(c *config.Twin) { c.API.OIDC.NameClaim = "email" },
		"with the UserInfo":   nil,
		"with openid as well": func(c *config.Twin) { c.API.OIDC.Scopes = []string{"openid", "profile"} },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSignInSite(t, change)
			s.issuer.InUserInfo = name == "with the UserInfo"
			browser := s.issuer.Browser(t)
			end := s.issuer.SignIn(t, browser, s.url+"/sign-in", "bob@example.org")
			require.Equal(t, s.url+"/ui", end.Request.URL.String(), textOf(t, end))
			require.Equal(t, "oidc:bob@example.org", s.session(t, browser).Name)
		})
	}
}

// A person without a group of the twin gets a page that names why, and no session.
func TestPeopleWithoutAGroup(t *testing.T) {
	s := newSignInSite(t, nil)
	for name, want := range map[string]string{
		"eve@example.org": "none of your groups gives access",
		"sam@example.org": "the claim groups is missing or empty",
	} {
		browser := s.issuer.Browser(t)
		end := s.issuer.SignIn(t, browser, s.url+"/sign-in", name)
		require.Equal(t, http.StatusForbidden, end.StatusCode)
		require.Contains(t, end.Header.Get("Content-Security-Policy"), "default-src 'none'")
		page := textOf(t, end)
		require.Contains(t, page, want)
		require.Contains(t, page, name)
		require.Equal(t, http.StatusUnauthorized, s.ask(t, browser, "GET", "/api/v1/session").StatusCode)
	}
}

// Somebody whom the issuer calls as a key is called is not taken for the key.
func TestAPersonIsNoKey(t *testing.T) {
	s := newSignInSite(t, nil)
	browser := s.issuer.Browser(t)
	s.issuer.SignIn(t, browser, s.url+"/sign-in", "admin")
	who := s.session(t, browser)
	require.Equal(t, "oidc:admin", who.Name)
	require.Equal(t, auth.ScopeRead, who.Scope)
}

// What a browser comes back with counts only for the sign-in that it began.
func TestSignInsThatAreNotTheBrowsersOwn(t *testing.T) {
	s := newSignInSite(t, nil)
	stopped := func(t *testing.T, browser *http.Client) *url.URL { // the address of the callback, which is not opened
		t.Helper()
		var back *url.URL
		browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), s.url+openid.PathCallback) {
				back = r.URL
				return http.ErrUseLastResponse
			}
			return nil
		}
		s.issuer.SignIn(t, browser, s.url+"/sign-in", "ada@example.org")
		browser.CheckRedirect = nil
		require.NotNil(t, back)
		return back
	}
	open := func(browser *http.Client, at *url.URL, change func(url.Values)) int {
		q := at.Query()
		change(q)
		return s.ask(t, browser, "GET", openid.PathCallback+"?"+q.Encode()).StatusCode
	}
	same := func(url.Values) {}

	browser := s.issuer.Browser(t)
	back := stopped(t, browser)
	require.Equal(t, http.StatusBadRequest, open(s.issuer.Browser(t), back, same), "another browser")
	require.Equal(t, http.StatusBadRequest, open(browser, back, func(q url.Values) { q.Set("state", q.Get("state")[1:]) }), "another state")
	require.Equal(t, http.StatusBadRequest, open(browser, back, same), "the try before has ended it")

	back = stopped(t, browser)
	require.Equal(t, http.StatusBadRequest, open(browser, back, func(q url.Values) { q.Set("iss", "https://other.example") }), "another issuer")
	back = stopped(t, browser)
	require.Equal(t, http.StatusBadGateway, open(browser, back, func(q url.Values) { q.Set("code", "made-up") }), "a made-up code")
	back = stopped(t, browser)
	require.Equal(t, http.StatusForbidden, open(browser, back, func(q url.Values) { q.Set("error", "access_denied"); q.Del("code") }), "the issuer said no")
	back = stopped(t, browser)
	s.now.advance(11 * time.Minute)
	require.Equal(t, http.StatusBadRequest, open(browser, back, same), "too late")
	require.Equal(t, http.StatusUnauthorized, s.ask(t, browser, "GET", "/api/v1/session").StatusCode)

	// A code of another sign-in has another nonce and another verifier.
	stolen := stopped(t, s.issuer.Browser(t)).Query().Get("code")
	back = stopped(t, browser)
	require.Equal(t, http.StatusBadGateway, open(browser, back, func(q url.Values) { q.Set("code", stolen) }))

	// What a browser keeps meanwhile passes for no session.
	_, err := browser.Get(s.url + "/sign-in")
	require.NoError(t, err)
	at, _ := url.Parse(s.url + openid.PathCallback)
	kept := browser.Jar.Cookies(at)
	i := slices.IndexFunc(kept, func(c *http.Cookie) bool { return c.Name == openid.FlowCookie })
	require.GreaterOrEqual(t, i, 0)
	require.Equal(t, http.StatusUnauthorized, s.send("GET", "/api/v1/twin", "", "Cookie", auth.SessionCookie+"="+kept[i].Value).Code)
}

// Nobody is led anywhere but to a view of this twin.
func TestSignInLeadsNowhereElse(t *testing.T) {
	s := newSignInSite(t, nil)
	for _, next := range []string{
		"https://evil.example/", "//evil.example", "/ui@evil.example", "/uievil", `/ui\..\evil`, "/ui/../../evil", "/ui//evil.example", "/api/v1/session", "/ui/\r\nSet-Cookie: a=b",
		"javascript:alert(1)", "/ui/" + strings.Repeat("a", 2000),
	} {
		browser := s.issuer.Browser(t)
		end := s.issuer.SignIn(t, browser, s.url+"/sign-in?next="+url.QueryEscape(next), "bob@example.org")
		require.Equal(t, s.url+"/ui", end.Request.URL.String(), next)
	}
}

func TestTheIssuersKeysChange(t *testing.T) {
	s := newSignInSite(t, nil)
	s.issuer.SignIn(t, s.issuer.Browser(t), s.url+"/sign-in", "bob@example.org")
	s.issuer.RotateKeys(t)
	browser := s.issuer.Browser(t)
	s.issuer.SignIn(t, browser, s.url+"/sign-in", "bob@example.org")
	require.Equal(t, "oidc:bob@example.org", s.session(t, browser).Name)
}

// Clocks that differ by less than a minute keep nobody out.
func TestClocksDiffer(t *testing.T) {
	for by, want := range map[time.Duration]int{
		-50 * time.Second:           http.StatusOK,
		-90 * time.Second:           http.StatusBadGateway,
		time.Hour + 30*time.Second:  http.StatusOK, // the token lasts an hour
		time.Hour + 120*time.Second: http.StatusBadGateway,
	} {
		s := newSignInSite(t, nil)
		s.now.advance(by)
		end := s.issuer.SignIn(t, s.issuer.Browser(t), s.url+"/sign-in", "bob@example.org")
		require.Equal(t, want, end.StatusCode, by)
	}
}

// While the issuer is away everything else works, the sign-in page shows it, and sessions
// go on; once it is back, people sign in.
func TestTheIssuerIsAway(t *testing.T) {
	s := newSignInSite(t, nil)
	browser := s.issuer.Browser(t)
	s.issuer.SignIn(t, browser, s.url+"/sign-in", "bob@example.org")
	s.issuer.Stop()
	s.now.advance(2 * time.Minute)
	require.Equal(t, "oidc:bob@example.org", s.session(t, browser).Name)
	require.Equal(t, http.StatusOK, s.get("/api/v1/twin").Code)
	require.Equal(t, http.StatusOK, s.send("GET", "/ready", "").Code)
	require.False(t, read[WaysIn](t, s.api, "/api/v1/sign-in").Data.OIDC.Available)
	w := s.send("GET", "/sign-in", "")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "5", w.Header().Get("Retry-After"))
	require.Contains(t, w.Body.String(), "sign in with an API key")

	// An API that starts meanwhile starts.
	later := newTestAPI(t, func(c *config.Twin, _ *Deps) {
		c.API.OIDC = &config.OIDC{
			Name: "Keycloak", Issuer: s.issuer.URL, ClientID: "twin", GroupsClaim: "groups", PublicURL: "https://twin.example.org",
			TLS: &config.TLS{CAFile: s.issuer.CAFile}, Groups: []config.OIDCGroup{{Name: "viewers", Scope: "read"}},
		}
	})
	require.Equal(t, http.StatusOK, later.get("/api/v1/twin").Code)
}

// A session of a person ends with the mapping of the groups, and with the issuer.
func TestPeopleLoseTheirAccess(t *testing.T) {
	signing := filepath.Join(t.TempDir(), "signing")
	require.NoError(t, os.WriteFile(signing, []byte(strings.Repeat("0123456789abcdef", 2)), 0o600))
	s := newSignInSite(t, nil)
	var settings *config.OIDC
	replica := func(change func(*config.OIDC)) *api {
		return newTestAPI(t, func(c *config.Twin, _ *Deps) {
			o := *settings
			if change != nil {
				change(&o)
			}
			c.API.JWTSecretFile, c.API.OIDC = signing, &o
		})
	}
	settings = &config.OIDC{
		Name: "Keycloak", Issuer: s.issuer.URL, ClientID: "public", Scopes: []string{"profile"}, GroupsClaim: "groups", PublicURL: s.url,
		TLS: &config.TLS{CAFile: s.issuer.CAFile}, Groups: []config.OIDCGroup{{Name: "grid", Scope: "operate"}, {Name: "admins", Scope: "admin"}},
	}
	s.api = replica(nil)
	browser := s.issuer.Browser(t)
	s.issuer.SignIn(t, browser, s.url+"/sign-in", "ada@example.org")
	require.Equal(t, auth.ScopeAdmin, s.session(t, browser).Scope)

	s.api = replica(func(o *config.OIDC) { o.Groups = o.Groups[:1] })
	require.Equal(t, auth.ScopeOperate, s.session(t, browser).Scope, "one of the groups gives less now")
	for name, change := range map[string]func(*config.OIDC){
		"no group":       func(o *config.OIDC) { o.Groups = []config.OIDCGroup{{Name: "others", Scope: "admin"}} },
		"another client": func(o *config.OIDC) { o.ClientID = "another" },
		"another issuer": func(o *config.OIDC) { o.Issuer = "https://other.example.org" },
	} {
		s.api = replica(change)
		require.Equal(t, http.StatusUnauthorized, s.ask(t, browser, "GET", "/api/v1/session").StatusCode, name)
	}
}

// An address that goes on failing is asked to wait, as with API keys.
func TestFailedSignInsAreSlowedDown(t *testing.T) {
	s := newSignInSite(t, nil)
	codes := map[int]int{}
	for range 25 {
		codes[s.send("GET", openid.PathCallback+"?state=x&code=y", "").Code]++
	}
	require.Equal(t, map[int]int{http.StatusBadRequest: 20, http.StatusTooManyRequests: 5}, codes)
	require.Equal(t, problem.CodeRateLimited, problemIn(t, s.send("POST", "/api/v1/session", `{"apiKey":"et_guess"}`)).Code)
}
