package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"

	"github.com/energytwin/energytwin/internal/apikey"
	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/requestid"
)

// identify is who sends a request, or why that is not known.
func (g *Guard) identify(c *gin.Context) (Principal, *problem.Problem) {
	key, given, rejected := presentedKey(c.Request)
	if rejected != nil {
		return Principal{}, rejected
	}
	if given {
		return g.byKey(c.Request.Context(), key)
	}
	cookie, err := c.Request.Cookie(SessionCookie)
	if err != nil {
		return Principal{}, unauthenticated("", "send an API key in the header X-API-Key, or as Authorization: Bearer")
	}
	return g.bySession(c.Request.Context(), cookie.Value)
}

func unauthenticated(field, detail string) *problem.Problem {
	return problem.New(http.StatusUnauthorized, problem.CodeUnauthenticated, field, detail)
}

// ended is the problem of a session that was good.
func ended(why problem.Reason, detail string) *problem.Problem {
	p := unauthenticated("", detail)
	p.Reason = why
	return p
}

// presentedKey is the API key of a request: X-API-Key, or a bearer token.
func presentedKey(r *http.Request) (key string, given bool, rejected *problem.Problem) {
	key = r.Header.Get("X-API-Key")
	header := r.Header.Get("Authorization")
	if header == "" {
		return key, key != "", nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", true, unauthenticated("Authorization", "the only scheme is Bearer: send Authorization: Bearer and the API key")
	}
	if key != "" && key != token {
		return "", true, unauthenticated("Authorization", "X-API-Key and Authorization hold different keys; send one of them")
	}
	return strings.TrimSpace(token), true, nil
}

// presentsKey reports whether a request has an API key, or something in its place.
func presentsKey(r *http.Request) bool {
	_, given, rejected := presentedKey(r)
	return given || rejected != nil
}

const unknownKey = "this API key is not known here, or has expired"

func (g *Guard) byKey(ctx context.Context, key string) (Principal, *problem.Problem) {
	now := g.clock()
	if k, ok := g.keys.current(now).find(key, now); ok {
		return g.holderOf(ctx, &k, now), nil
	}
	if !apikey.Strong(key) { // what cannot be a key is not looked up
		return Principal{}, unauthenticated("", unknownKey)
	}
	stored, err := g.stored.current(ctx, now)
	if err != nil {
		g.log.ErrorContext(ctx, "an API key cannot be checked", "error", err, "requestId", requestid.Of(ctx))
		return Principal{}, problem.New(http.StatusServiceUnavailable, problem.CodeUnavailable, "",
			"the database cannot be reached, so that it is not known whether this API key still holds; try again, or send a key of the twin's Secret")
	}
	k, ok := stored.find(key, now)
	if !ok {
		return Principal{}, unauthenticated("", unknownKey)
	}
	return g.holderOf(ctx, &k, now), nil
}

// holderOf is the holder of a key that is used now.
func (g *Guard) holderOf(ctx context.Context, k *Key, now time.Time) Principal {
	g.uses.used(ctx, k.ID, now)
	return principalOf(k)
}

func principalOf(k *Key) Principal { return Principal{Name: k.Name, Scope: k.Scope, Key: k.ID, key: k} }

func (g *Guard) bySession(ctx context.Context, token string) (Principal, *problem.Problem) {
	now := g.clock()
	claims, err := g.sessions.check(token, now)
	if errors.Is(err, jwt.ErrTokenExpired) {
		return Principal{}, ended(problem.ReasonExpired, "the session has expired; sign in again")
	}
	if err != nil {
		return Principal{}, unauthenticated("", "this session is not known here; sign in again")
	}
	unknown := func(err error) *problem.Problem {
		if ctx.Err() == nil { // a client that went away is no fault of the store
			g.log.ErrorContext(ctx, "a session cannot be checked", "error", err, "requestId", requestid.Of(ctx))
		}
		return problem.New(http.StatusServiceUnavailable, problem.CodeUnavailable, "",
			"the database cannot be reached, so that it is not known whether this session was signed out; try again, or send an API key of the twin's Secret")
	}
	p, ok, err := g.holderOfSession(ctx, &claims, now)
	if err != nil {
		return Principal{}, unknown(err)
	}
	if !ok && claims.Person != "" {
		return Principal{}, ended(problem.ReasonAccessEnded, "the session has ended, as none of the person's groups gives access any more; ask who runs the twin")
	}
	if !ok {
		return Principal{}, ended(problem.ReasonKeyEnded, "the session has ended with its API key, which was revoked or has expired; sign in with another key")
	}
	signedOut, err := g.ended.has(ctx, &claims, now)
	if err != nil {
		return Principal{}, unknown(err)
	}
	if signedOut {
		return Principal{}, ended(problem.ReasonSignedOut, "the session was signed out, here or from elsewhere; sign in again")
	}
	if p.key != nil {
		g.uses.used(ctx, p.Key, now)
	}
	g.open.seen(ctx, claims.ID, now)
	p.Session = g.sessions.session(claims)
	return p, nil
}

// holderOfSession is who holds a session that is not ended. The scope is that of the key,
// or of the person's groups, today: a session ends with its key, and with the last mapping
// of its groups.
func (g *Guard) holderOfSession(ctx context.Context, claims *sessionClaims, now time.Time) (p Principal, ok bool, err error) {
	if claims.Person != "" {
		p, ok = g.people.of(claims)
		return p, ok, nil
	}
	k, ok := g.keys.current(now).of(claims, now)
	if !ok {
		stored, err := g.stored.current(ctx, now)
		if err != nil {
			return p, false, err
		}
		if k, ok = stored.of(claims, now); !ok {
			return p, false, nil
		}
	}
	return principalOf(&k), true, nil
}
