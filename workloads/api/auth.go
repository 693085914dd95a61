package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// principal is who sends a request.
type principal struct {
	Name    string
	Scope   Scope
	session *sessionClaims // nil for an API key
}

func principalOf(ctx context.Context) principal {
	p, _ := ctx.Value(principalKey).(principal)
	return p
}

// authenticated lets in the holders of an API key or of a session, at most as
// often as their rate allows. A request with a bad key does not fall back to
// the cookie: the sender meant the key.
func (s *server) authenticated(c *gin.Context) {
	now := s.clock()
	p, problem := s.identify(c)
	switch {
	case problem == nil:
	case problem.Status == http.StatusUnauthorized:
		s.reject(c, problem)
		return
	default: // it is not known who sends it
		c.Header("Retry-After", "5")
		abort(c, problem)
		return
	}
	if ok, wait := s.requests.take(p.Name, now); !ok {
		abortLimited(c, wait, "too many requests with this key")
		return
	}
	if problem := s.crossSite(c, p); problem != nil {
		abort(c, problem)
		return
	}
	c.Header("Cache-Control", "private, no-cache")
	c.Header("Vary", "Authorization, X-API-Key, Cookie")
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), principalKey, p))
	c.Next()
}

// reject answers a request without a good key. An address that goes on guessing
// is asked to wait. Good keys are not held up by that: many people may share the
// address of a proxy, and no guessing finds 256 bits.
func (s *server) reject(c *gin.Context, problem *Problem) {
	if ok, wait := s.failures.take(c.ClientIP(), s.clock()); !ok {
		abortLimited(c, wait, "too many failed sign-ins from this address")
		return
	}
	c.Header("WWW-Authenticate", `Bearer realm="energytwin"`)
	abort(c, problem)
}

func abortLimited(c *gin.Context, wait int, detail string) {
	c.Header("Retry-After", strconv.Itoa(wait))
	abort(c, newProblem(http.StatusTooManyRequests, CodeRateLimited, "",
		detail+"; wait "+strconv.Itoa(wait)+" s"))
}

func (s *server) identify(c *gin.Context) (principal, *Problem) {
	key, given, problem := presentedKey(c.Request)
	if problem != nil {
		return principal{}, problem
	}
	if given {
		return s.byKey(key)
	}
	cookie, err := c.Request.Cookie(sessionCookie)
	if err != nil {
		return principal{}, newProblem(http.StatusUnauthorized, CodeUnauthenticated, "",
			"send an API key in the header X-API-Key, or as Authorization: Bearer")
	}
	return s.bySession(c.Request.Context(), cookie.Value)
}

// presentedKey is the API key of a request: X-API-Key, or a bearer token.
func presentedKey(r *http.Request) (key string, given bool, problem *Problem) {
	key = r.Header.Get("X-API-Key")
	auth := r.Header.Get("Authorization")
	if auth == "" {
		return key, key != "", nil
	}
	scheme, token, _ := strings.Cut(auth, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", true, newProblem(http.StatusUnauthorized, CodeUnauthenticated, "Authorization",
			"the only scheme is Bearer: send Authorization: Bearer and the API key")
	}
	if key != "" && key != token {
		return "", true, newProblem(http.StatusUnauthorized, CodeUnauthenticated, "Authorization",
			"X-API-Key and Authorization hold different keys; send one of them")
	}
	return strings.TrimSpace(token), true, nil
}

func (s *server) byKey(key string) (principal, *Problem) {
	k, ok := s.keys.find(key, s.clock())
	if !ok {
		return principal{}, newProblem(http.StatusUnauthorized, CodeUnauthenticated, "",
			"this API key is not known here, or has expired")
	}
	return principal{Name: k.Name, Scope: k.Scope}, nil
}

func (s *server) bySession(ctx context.Context, token string) (principal, *Problem) {
	now := s.clock()
	ended := newProblem(http.StatusUnauthorized, CodeUnauthenticated, "", "the session has ended; sign in again")
	claims, err := s.sessions.check(token, now)
	if err != nil {
		return principal{}, ended
	}
	// The scope is that of the key today, and a session ends with its key.
	k, ok := s.keys.named(claims.Subject, now)
	if !ok || k.fingerprint() != claims.Fingerprint {
		return principal{}, ended
	}
	signedOut, err := s.endedSessions.has(ctx, &claims, now)
	if err != nil {
		s.log.ErrorContext(ctx, "a session cannot be checked", "error", err, "requestId", requestID(ctx))
		return principal{}, newProblem(http.StatusServiceUnavailable, CodeUnavailable, "",
			"the database cannot be reached, so that it is not known whether this session was signed out; try again, or send an API key")
	}
	if signedOut {
		return principal{}, ended
	}
	return principal{Name: k.Name, Scope: k.Scope, session: &claims}, nil
}

// crossSite refuses a request that changes something and may have been sent by
// a foreign page: by what the browser sends as its origin, and, as old browsers
// say nothing, by a token that only our own page can know. API keys need
// neither: no browser adds them by itself.
func (s *server) crossSite(c *gin.Context, p principal) *Problem {
	if p.session == nil || c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead {
		return nil
	}
	if problem := s.foreignOrigin(c.Request); problem != nil {
		return problem
	}
	if !s.sessions.csrfMatches(*p.session, c.GetHeader(csrfHeader)) {
		return newProblem(http.StatusForbidden, CodeCrossSite, csrfHeader,
			"send the csrfToken of the session in the header "+csrfHeader)
	}
	return nil
}

func (s *server) foreignOrigin(r *http.Request) *Problem {
	if err := s.origins.Check(r); err != nil {
		return newProblem(http.StatusForbidden, CodeCrossSite, "Origin", "this request was sent by a page of another site")
	}
	return nil
}

// needs lets only holders of a scope reach the routes behind it.
func needs(want Scope) gin.HandlerFunc {
	return func(c *gin.Context) {
		p := principalOf(c.Request.Context())
		if !p.Scope.holds(want) {
			abort(c, newProblem(http.StatusForbidden, CodeScope, "",
				"this needs a key with the scope "+string(want)+"; "+p.Name+" has "+string(p.Scope)))
			return
		}
		c.Next()
	}
}
