// Package openidtest serves a certified issuer of OpenID Connect, zitadel's, on this
// machine over TLS, for tests of the sign-in.
package openidtest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/pem"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Secret is that of the client "twin". The client "public" has none.
const Secret = "s3cret of the twin & more"

// Password is that of every person.
const Password = "correct horse"

// Person is somebody with an account at the issuer.
type Person struct {
	Name    string   // to sign in by, and as which the issuer presents the person
	Subject string   // "": the name
	Groups  []string // nil: the issuer sends no claim
}

// Issuer is a running issuer.
type Issuer struct {
	URL    string
	CAFile string // its certificate

	InUserInfo bool // claims are given over the UserInfo endpoint alone

	server *httptest.Server
	store  *store
}

// T is the test that an issuer serves, or a program that does for it.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	FailNow()
	Cleanup(func())
	TempDir() string
}

// Start serves an issuer with accounts until the test ends. redirect is where its two
// clients, "twin" with Secret and "public" without, may have browsers sent back to.
func Start(t T, redirect string, people ...Person) *Issuer {
	t.Helper()
	i := &Issuer{}
	users := accounts{}
	for _, p := range people {
		if p.Subject == "" {
			p.Subject = p.Name
		}
		users[p.Name] = p
	}
	i.store = &store{issuer: i, people: users, Storage: storage.NewStorageWithClients(users, map[string]*storage.Client{
		"twin":   storage.WebClient("twin", Secret, redirect),
		"public": storage.NativeClient("public", redirect),
	})}
	i.store.rotate(t)
	i.server = httptest.NewUnstartedServer(nil)
	i.URL = "https://" + i.server.Listener.Addr().String()
	i.server.Config.Handler = handler(t, i.URL, i.store)
	i.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	i.server.StartTLS()
	t.Cleanup(i.server.Close)
	i.CAFile = filepath.Join(t.TempDir(), "issuer.pem")
	require.NoError(t, os.WriteFile(i.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.server.Certificate().Raw}), 0o600))
	return i
}

func handler(t T, at string, s *store) http.Handler {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	provider, err := op.NewProvider(&op.Config{
		CryptoKey: sha256.Sum256([]byte(Secret)), CodeMethodS256: true, AuthMethodPost: true, DefaultLogoutRedirectURI: "/signed-out",
	}, s, op.StaticIssuer(at), op.WithLogger(quiet))
	require.NoError(t, err)
	mux := http.NewServeMux()
	intercept := op.NewIssuerInterceptor(provider.IssuerFromRequest)
	mux.Handle("POST /login/username", intercept.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.CheckUsernamePassword(r.FormValue("username"), r.FormValue("password"), r.FormValue("id")); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, op.AuthCallbackURL(provider)(r.Context(), r.FormValue("id")), http.StatusFound)
	}))
	mux.HandleFunc("GET /login/username", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<form method="post" action="/login/username"><input name="id" type="hidden" value="`+html.EscapeString(r.FormValue("authRequestID"))+
			`"><label>User <input name="username"></label><label>Password <input name="password" type="password"></label><button>Log in</button></form>`)
	})
	mux.Handle("/", provider)
	return mux
}

// Stop ends the issuer before the test ends.
func (i *Issuer) Stop() { i.server.Close() }

// RotateKeys has the issuer sign with a key that nobody has seen yet.
func (i *Issuer) RotateKeys(t *testing.T) { t.Helper(); i.store.rotate(t) }

// Browser is one with cookies of its own, which trusts the issuer.
func (i *Issuer) Browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar, Transport: i.server.Client().Transport, Timeout: time.Minute}
}

// SignIn opens the start of a sign-in, logs a person in at the issuer, and returns where
// the browser ends.
func (i *Issuer) SignIn(t *testing.T, browser *http.Client, start, name string) *http.Response {
	t.Helper()
	page, err := browser.Get(start)
	require.NoError(t, err)
	_ = page.Body.Close()
	require.Equal(t, http.StatusOK, page.StatusCode, page.Request.URL)
	require.True(t, strings.HasPrefix(page.Request.URL.String(), i.URL+"/login/"), page.Request.URL)
	answer, err := browser.PostForm(i.URL+"/login/username", url.Values{
		"id": {page.Request.URL.Query().Get("authRequestID")}, "username": {name}, "password": {Password},
	})
	require.NoError(t, err)
	return answer
}

// accounts are people by name.
type accounts map[string]Person

func (a accounts) GetUserByUsername(name string) *storage.User {
	p, ok := a[name]
	if !ok {
		return nil
	}
	return &storage.User{ID: p.Subject, Username: p.Name, Password: Password, Email: p.Name, EmailVerified: true}
}

func (a accounts) GetUserByID(id string) *storage.User {
	for _, p := range a {
		if p.Subject == id {
			return a.GetUserByUsername(p.Name)
		}
	}
	return nil
}

func (a accounts) ExampleClientID() string { return "service" }

// store is zitadel's store in memory, with groups and with keys that change.
type store struct {
	*storage.Storage
	issuer *Issuer
	people accounts

	mu  sync.Mutex
	key *key
}

type key struct {
	id      string
	private *rsa.PrivateKey
}

func (k *key) ID() string                                  { return k.id }
func (k *key) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k *key) Key() any                                    { return k.private }

type publicKey struct{ key }

func (k *publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k *publicKey) Use() string                        { return "sig" }
func (k *publicKey) Key() any                           { return k.private.Public() }

func (s *store) rotate(t T) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = &key{id: uuid.NewString(), private: private}
}

func (s *store) SigningKey(context.Context) (op.SigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key, nil
}

func (s *store) KeySet(context.Context) ([]op.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []op.Key{&publicKey{*s.key}}, nil
}

// client decides where the claims of a person are.
type client struct {
	op.Client
	inToken bool
}

func (c *client) IDTokenUserinfoClaimsAssertion() bool { return c.inToken }

func (s *store) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	return &client{c, !s.issuer.InUserInfo}, err
}

func (s *store) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, r op.IDTokenRequest, scopes []string) error {
	if err := s.Storage.SetUserinfoFromRequest(ctx, info, r, scopes); err != nil || s.issuer.InUserInfo {
		return err
	}
	s.addGroups(info)
	return nil
}

func (s *store) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, token, subject, origin string) error {
	if err := s.Storage.SetUserinfoFromToken(ctx, info, token, subject, origin); err != nil {
		return err
	}
	s.addGroups(info)
	return nil
}

func (s *store) addGroups(info *oidc.UserInfo) {
	for _, p := range s.people {
		if p.Subject == info.Subject && p.Groups != nil {
			info.AppendClaims("groups", p.Groups)
		}
	}
}
