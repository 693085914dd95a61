package auth

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

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
		return g.byKey(key)
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

const unknownKey = "this API key is not known here, or has expired"

func (g *Guard) byKey(key string) (Principal, *problem.Problem) {
	k, ok := g.keys.current(g.clock()).find(key, g.clock())
	if !ok {
		return Principal{}, unauthenticated("", unknownKey)
	}
	return Principal{Name: k.Name, Scope: k.Scope}, nil
}

func (g *Guard) bySession(ctx context.Context, token string) (Principal, *problem.Problem) {
	now := g.clock()
	ended := unauthenticated("", "the session has ended; sign in again")
	claims, err := g.sessions.check(token, now)
	if err != nil {
		return Principal{}, ended
	}
	// The scope is that of the key today, and a session ends with its key.
	k, ok := g.keys.current(now).named(claims.Subject, now)
	if !ok || k.fingerprint() != claims.Fingerprint {
		return Principal{}, ended
	}
	signedOut, err := g.ended.has(ctx, &claims, now)
	if err != nil {
		g.log.ErrorContext(ctx, "a session cannot be checked", "error", err, "requestId", requestid.Of(ctx))
		return Principal{}, problem.New(http.StatusServiceUnavailable, problem.CodeUnavailable, "",
			"the database cannot be reached, so that it is not known whether this session was signed out; try again, or send an API key")
	}
	if signedOut {
		return Principal{}, ended
	}
	return Principal{Name: k.Name, Scope: k.Scope, Session: g.sessions.session(claims)}, nil
}
