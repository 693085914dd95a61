// Package openid signs people in by an issuer of OpenID Connect: the authorization code
// flow with PKCE, a state and a nonce. The session that a person gets is one of package
// auth, as that of an API key is.
package openid

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

const (
	askWithin  = 5 * time.Second // the longest that one question to the issuer may take
	knownFor   = time.Minute     // how long what the issuer publishes holds before it is read again
	unknownFor = 5 * time.Second // how long an issuer that cannot be reached is left alone
	clockSkew  = time.Minute     // how far the clocks of the issuer and of a replica may be apart
	maxAnswer  = 1 << 20         // bytes of an answer of the issuer
)

// Settings define an issuer, and this twin as its client.
type Settings struct {
	Name         string // of the issuer, for people
	Issuer       string // URL
	ClientID     string
	ClientSecret string // "" for a public client, which PKCE alone protects
	Scopes       []string
	NameClaim    string // "" for the first of preferred_username, email and sub
	GroupsClaim  string
	PublicURL    string // scheme and host under which browsers reach the API
	Base         string // path of the API there, without a slash at its end
	TLS          *tls.Config
	Clock        func() time.Time
}

// Address of the two pages of a sign-in, below the base path.
const (
	PathStart    = "/sign-in"
	PathCallback = "/sign-in/callback"
)

func (s *Settings) redirectURL() string { return s.PublicURL + s.Base + PathCallback }

// issuer asks the issuer. What it publishes is read when somebody needs it, not at the
// start: an issuer that is away keeps nobody else from anything.
type issuer struct {
	Settings
	client *http.Client
	load   singleflight.Group

	mu    sync.Mutex
	known *published
	err   error
	at    time.Time // when known or err was found
}

// published is what the issuer publishes about itself.
type published struct {
	provider *oidc.Provider
	oauth    *oauth2.Config
	verifier *oidc.IDTokenVerifier
	signOut  string // address that ends the person's session there; "" for none
	namesIss bool   // answers name the issuer (RFC 9207)
}

func newIssuer(s Settings) *issuer {
	transport, _ := http.DefaultTransport.(*http.Transport)
	transport = transport.Clone()
	transport.TLSClientConfig = s.TLS
	return &issuer{Settings: s, client: &http.Client{
		Transport: bounded{transport}, Timeout: askWithin,
		// A code or a secret is for the addresses that the issuer has published.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// bounded cuts off answers that are too long.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.next.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	}
	return answer, err
}

// published is what the issuer publishes about itself, at most a minute old.
func (i *issuer) published(ctx context.Context) (*published, error) {
	now := i.Clock()
	i.mu.Lock()
	known, err, age := i.known, i.err, now.Sub(i.at)
	i.mu.Unlock()
	if known != nil && age < knownFor || err != nil && age < unknownFor {
		return known, err
	}
	answer := i.load.DoChan("", func() (any, error) {
		known, err := i.discover()
		i.mu.Lock()
		defer i.mu.Unlock()
		i.known, i.err, i.at = known, err, now
		return known, err
	})
	select {
	case got := <-answer:
		known, _ := got.Val.(*published)
		return known, got.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (i *issuer) discover() (*published, error) {
	ctx := oidc.ClientContext(context.Background(), i.client) // which the verifier goes on using for keys
	provider, err := oidc.NewProvider(ctx, i.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discover %s: %w", i.Issuer, err)
	}
	var about struct {
		SignOut  string `json:"end_session_endpoint"`
		NamesIss bool   `json:"authorization_response_iss_parameter_supported"`
		KeysURL  string `json:"jwks_uri"`
	}
	if err := provider.Claims(&about); err != nil {
		return nil, fmt.Errorf("discover %s: %w", i.Issuer, err)
	}
	at := provider.Endpoint()
	for _, address := range []string{at.AuthURL, at.TokenURL, about.KeysURL} {
		if !asSafe(i.Issuer, address) {
			return nil, fmt.Errorf("discover %s: it names the address %q, which is not https", i.Issuer, address)
		}
	}
	return &published{
		provider: provider,
		oauth: &oauth2.Config{
			ClientID: i.ClientID, ClientSecret: i.ClientSecret, Endpoint: at, RedirectURL: i.redirectURL(),
			Scopes: append([]string{oidc.ScopeOpenID}, slices.DeleteFunc(slices.Clone(i.Scopes), func(s string) bool { return s == oidc.ScopeOpenID })...),
		},
		// A token that the issuer's clock has just let expire is taken.
		verifier: provider.VerifierContext(ctx, &oidc.Config{ClientID: i.ClientID, Now: func() time.Time { return i.Clock().Add(-clockSkew) }}),
		signOut:  i.signOutAt(about.SignOut),
		namesIss: about.NamesIss,
	}, nil
}

// asSafe reports whether an address is as safe as the issuer's: https, unless the issuer
// is on this machine.
func asSafe(issuer, address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && strings.HasPrefix(issuer, "http://"))
}

// signOutAt is where a person signs out of the issuer, and comes back from (OpenID Connect
// RP-Initiated Logout 1.0); "" where the issuer has no such address.
func (i *issuer) signOutAt(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || !asSafe(i.Issuer, endpoint) {
		return ""
	}
	q := u.Query()
	q.Set("client_id", i.ClientID)
	q.Set("post_logout_redirect_uri", i.PublicURL+i.Base+"/ui")
	u.RawQuery = q.Encode()
	return u.String()
}

var errToken = errors.New("the ID token is not valid")

// exchange makes of a code, and what the sign-in began with, the claims of a person.
func (i *issuer) exchange(ctx context.Context, code string, f *flow) (map[string]any, error) {
	known, err := i.published(ctx)
	if err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, i.client)
	tokens, err := known.oauth.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return nil, fmt.Errorf("exchange the code: %w", err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := known.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errToken, err)
	}
	claims := map[string]any{}
	if err := token.Claims(&claims); err != nil {
		return nil, fmt.Errorf("%w: %w", errToken, err)
	}
	if err := i.checkToken(token, claims, f); err != nil {
		return nil, err
	}
	if _, has := claimAt(claims, i.GroupsClaim); (!has || i.nameOf(claims, "") == "") && known.provider.UserInfoEndpoint() != "" {
		i.addUserInfo(ctx, known, tokens, claims)
	}
	return claims, nil
}

// checkToken checks what go-oidc leaves to its callers.
func (i *issuer) checkToken(token *oidc.IDToken, claims map[string]any, f *flow) error {
	if !same(token.Nonce, f.Nonce) {
		return fmt.Errorf("%w: its nonce is not that of this sign-in", errToken)
	}
	authorized, _ := claims["azp"].(string)
	if authorized != "" && authorized != i.ClientID || authorized == "" && len(token.Audience) > 1 {
		return fmt.Errorf("%w: it was issued for another client, azp %q", errToken, authorized)
	}
	if token.IssuedAt.After(i.Clock().Add(clockSkew)) {
		return fmt.Errorf("%w: it was issued at %s; check the clocks of the issuer and of this machine", errToken, token.IssuedAt.UTC().Format(time.RFC3339))
	}
	if token.Subject == "" {
		return fmt.Errorf("%w: it has no subject", errToken)
	}
	return nil
}

// addUserInfo adds the claims that the issuer gives over its UserInfo endpoint alone. Those
// of the token stand. Without an answer the person has no groups, which the page shows.
func (i *issuer) addUserInfo(ctx context.Context, known *published, tokens *oauth2.Token, claims map[string]any) {
	info, err := known.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil || info.Subject != claims["sub"] {
		return
	}
	more := map[string]any{}
	if info.Claims(&more) != nil {
		return
	}
	for name, value := range more {
		if _, has := claims[name]; !has {
			claims[name] = value
		}
	}
}
