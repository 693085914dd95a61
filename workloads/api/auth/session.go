package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/config"
)

const (
	// SessionCookie is the name of the cookie that carries the token of a session.
	SessionCookie = "energytwin_session"
	// CSRFHeader carries the token that a page sends with a request that changes something.
	CSRFHeader = "X-CSRF-Token"

	defaultLifetime = 12 * time.Hour
)

var errSession = errors.New("the session is not valid")

// sessions issues and checks the JSON Web Tokens that stand for an API key in
// a browser, so that no script and no storage of the browser holds the key.
type sessions struct {
	secret   []byte
	audience string
	lifetime time.Duration
}

// sessionClaims are the contents of a token. The fingerprint binds it to the
// very key, or issuer, it was given for: replacing that ends its sessions.
type sessionClaims struct {
	jwt.RegisteredClaims
	Fingerprint string   `json:"fpr"`
	Person      string   `json:"person,omitempty"` // id of who signed in by the issuer; "" for an API key
	Groups      []string `json:"groups,omitempty"` // of the person, those that are mapped
}

// newSessions signs with the secret in a file, or with a random one where no
// file is named; sessions then end with the process.
func newSessions(secretFile, audience string, lifetime time.Duration) (*sessions, error) {
	secret, err := loadSecret(secretFile)
	if err != nil {
		return nil, err
	}
	if lifetime <= 0 {
		lifetime = defaultLifetime
	}
	return &sessions{secret: secret, audience: audience, lifetime: lifetime}, nil
}

func loadSecret(path string) ([]byte, error) {
	if path == "" {
		secret := make([]byte, config.MinSigningSecret)
		_, err := rand.Read(secret)
		return secret, err
	}
	secret, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("session secret: %w", err)
	}
	secret = config.WithoutLineEnd(secret)
	if len(secret) < config.MinSigningSecret {
		return nil, fmt.Errorf("session secret %s: it has %d bytes; use at least %d random ones", path, len(secret), config.MinSigningSecret)
	}
	return secret, nil
}

// holder is who a session is given to.
type holder struct {
	name        string
	fingerprint string
	expires     time.Time // zero: never
	person      string
	groups      []string
}

// issue makes a token. It ends no later than what its holder signed in with.
func (s *sessions) issue(h *holder, now time.Time) (token string, claims sessionClaims, err error) {
	end := now.Add(s.lifetime)
	if !h.expires.IsZero() && h.expires.Before(end) {
		end = h.expires
	}
	claims = sessionClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject:   h.name,
			Audience:  jwt.ClaimStrings{s.audience},
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(end),
			ID:        uuid.NewString(),
		},
		Fingerprint: h.fingerprint,
		Person:      h.person,
		Groups:      h.groups,
	}
	token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(s.secret)
	return token, claims, err
}

// check is the claims of a token that is signed here, meant for this twin and not
// expired. Whether its holder has signed out only the database knows: see
// endedSessions.
func (s *sessions) check(token string, now time.Time) (sessionClaims, error) {
	var claims sessionClaims
	_, err := jwt.ParseWithClaims(token, &claims,
		func(*jwt.Token) (any, error) { return s.secret, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithAudience(s.audience),
		jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }),
	)
	if err != nil {
		return claims, fmt.Errorf("%w: %w", errSession, err)
	}
	return claims, nil
}

// Session is a browser that has signed in.
type Session struct {
	ExpiresAt time.Time // in UTC
	CSRFToken string    // to be sent with each request that changes something
	ID        string    // of the session, as it is listed

	claims sessionClaims
}

func (s *sessions) session(c sessionClaims) *Session {
	return &Session{ExpiresAt: c.ExpiresAt.UTC(), CSRFToken: s.csrfToken(c), ID: c.ID, claims: c}
}

// csrfToken is what a page must send back with each request that changes
// something. A foreign page can make the browser send the cookie, but cannot
// read this.
func (s *sessions) csrfToken(c sessionClaims) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("csrf:" + c.ID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (s *sessions) csrfMatches(c sessionClaims, sent string) bool {
	return subtle.ConstantTimeCompare([]byte(s.csrfToken(c)), []byte(sent)) == 1
}

// Cookie carries a token. The path keeps twins on one host apart; maxAge, in
// seconds, deletes the cookie if it is negative.
func Cookie(token, path string, secure bool, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: SessionCookie, Value: token, Path: path, MaxAge: maxAge,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode,
	}
}
