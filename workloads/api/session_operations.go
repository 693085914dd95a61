package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
)

// Session is a browser that has signed in.
type Session struct {
	Name      string    `json:"name" doc:"Name of the API key"`
	Scope     Scope     `json:"scope" enum:"read,operate,admin"`
	ExpiresAt time.Time `json:"expiresAt"`
	CSRFToken string    `json:"csrfToken" doc:"Send it as X-CSRF-Token with every request that changes something"`
}

type signInInput struct {
	Body struct {
		_      struct{} `additionalProperties:"false"`
		APIKey string   `json:"apiKey" minLength:"1" maxLength:"200" doc:"The API key"`
	}
}

type sessionOutput struct {
	SetCookie []*http.Cookie `header:"Set-Cookie"`
	Body      Answer[Session]
}

type signOutOutput struct {
	SetCookie []*http.Cookie `header:"Set-Cookie"`
}

func (s *server) signInOperation(open huma.API) {
	register(open, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/session", OperationID: "signIn", Tags: []string{tagSession},
		Summary:      "Exchange an API key for a session",
		Description:  "Sets a cookie that scripts cannot read. It ends after the twin's session time, with the key, or by DELETE.",
		MaxBodyBytes: 4096, DefaultStatus: http.StatusCreated,
		Middlewares: huma.Middlewares{s.ownPage},
	}, s.signIn)
}

func (s *server) sessionOperations(guarded huma.API) {
	get(guarded, huma.Operation{
		Path: "/api/v1/session", OperationID: "session", Tags: []string{tagSession}, Security: keyed(),
		Summary: "Who is signed in?",
	}, s.currentSession)
	register(guarded, huma.Operation{
		Method: http.MethodDelete, Path: "/api/v1/session", OperationID: "signOut", Tags: []string{tagSession},
		Security: keyed(), Summary: "End the session", DefaultStatus: http.StatusNoContent,
	}, s.signOut)
}

// ownPage keeps a foreign page from signing a browser in under a name of its
// choice.
func (s *server) ownPage(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	if problem := s.foreignOrigin(c.Request); problem != nil {
		abort(c, problem)
		return
	}
	next(huma.WithValue(ctx, ginKey, c))
}

func (s *server) signIn(ctx context.Context, in *signInInput) (*sessionOutput, error) {
	now := s.clock()
	c, _ := ctx.Value(ginKey).(*gin.Context)
	k, ok := s.keys.find(in.Body.APIKey, now)
	if !ok {
		return nil, s.refusedSignIn(c)
	}
	token, claims, err := s.sessions.issue(k, now)
	if err != nil {
		return nil, s.failed(ctx, "issue a session", err)
	}
	seconds := int(claims.ExpiresAt.Sub(now).Seconds())
	return &sessionOutput{
		SetCookie: []*http.Cookie{cookie(token, s.cookiePath(), isTLS(c), seconds)},
		Body:      Answer[Session]{Data: s.sessionView(k.Scope, claims)},
	}, nil
}

func (s *server) refusedSignIn(c *gin.Context) error {
	if ok, wait := s.failures.take(c.ClientIP(), s.clock()); !ok {
		p := newProblem(http.StatusTooManyRequests, CodeRateLimited, "", fmt.Sprintf("too many failed sign-ins from this address; wait %d s", wait))
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {strconv.Itoa(wait)}})
	}
	return newProblem(http.StatusUnauthorized, CodeUnauthenticated, "apiKey", "this API key is not known here, or has expired")
}

func (s *server) sessionView(scope Scope, c sessionClaims) Session {
	return Session{Name: c.Subject, Scope: scope, ExpiresAt: c.ExpiresAt.UTC(), CSRFToken: s.sessions.csrfToken(c)}
}

func (s *server) currentSession(ctx context.Context, _ *noInput) (*output[Session], error) {
	p := principalOf(ctx)
	if p.session == nil {
		return nil, newProblem(http.StatusNotFound, CodeNoSession, "",
			p.Name+" uses an API key, not a session; POST /api/v1/session makes one")
	}
	return &output[Session]{Body: Answer[Session]{Data: s.sessionView(p.Scope, *p.session)}}, nil
}

func (s *server) signOut(ctx context.Context, _ *noInput) (*signOutOutput, error) {
	p := principalOf(ctx)
	if p.session == nil {
		return nil, newProblem(http.StatusNotFound, CodeNoSession, "", p.Name+" uses an API key, not a session")
	}
	if err := s.endedSessions.end(ctx, p.session); err != nil {
		return nil, s.failed(ctx, "sign out", err)
	}
	return &signOutOutput{SetCookie: []*http.Cookie{cookie("", s.cookiePath(), false, -1)}}, nil
}

func (s *server) cookiePath() string {
	if s.base == "" {
		return "/"
	}
	return s.base
}
