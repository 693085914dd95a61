package openid

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
)

const (
	// FlowCookie is the name of the cookie of a sign-in that is under way.
	FlowCookie = "energytwin_sign_in"

	// signInWithin is how long a person has at the issuer.
	signInWithin = 10 * time.Minute

	maxNext = 1024
)

// flow is a sign-in that is under way. The browser keeps it, in a signed cookie that
// scripts cannot read, so that any replica can finish it.
type flow struct {
	jwt.RegisteredClaims
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // of PKCE
	Next     string `json:"next"`     // path below the base that the person comes back to
}

func newFlow(next string, now time.Time) *flow {
	return &flow{
		RegisteredClaims: jwt.RegisteredClaims{ExpiresAt: jwt.NewNumericDate(now.Add(signInWithin))},
		State:            drawn(), Nonce: drawn(), Verifier: oauth2.GenerateVerifier(), Next: within(next),
	}
}

// drawn is a random text of 256 bits.
func drawn() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // which never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

func same(a, b string) bool { return b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// view is the path of a view of the user interface, with a query.
var view = regexp.MustCompile(`^/ui(/[A-Za-z0-9._~%!$&'()*+,;=:@-]+)*/?(\?[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*)?$`)

// within is the view that a person comes back to: one of this twin, whatever was asked for.
func within(next string) string {
	if len(next) > maxNext || !view.MatchString(next) || strings.Contains(next, "/..") {
		return "/ui"
	}
	return next
}

// sign is the value of the cookie of a flow. The key is for nothing else, so that it
// passes for no session.
func (f *flow) sign(key []byte) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, f).SignedString(key)
}

// readFlow is the flow of a cookie that was signed here and has not expired.
func readFlow(r *http.Request, key []byte, now time.Time) (*flow, error) {
	cookie, err := r.Cookie(FlowCookie)
	if err != nil {
		return nil, err
	}
	var f flow
	_, err = jwt.ParseWithClaims(cookie.Value, &f, func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }))
	return &f, err
}

// flowCookie carries a flow to the callback, and there alone. The issuer's page sends the
// browser on to it, so that it cannot be strict.
func (s *SignIn) flowCookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: FlowCookie, Value: value, Path: s.issuer.Base + PathStart, MaxAge: maxAge,
		HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	}
}

func (s *SignIn) secure() bool { return strings.HasPrefix(s.issuer.PublicURL, "https://") }
