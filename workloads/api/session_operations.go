package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/middleware"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// Session is a browser that has signed in.
type Session struct {
	ID        string     `json:"id" doc:"Of the session, as GET /api/v1/sessions lists it" example:"8a0f1c52-6a5e-4b0f-9a53-0f5a2f0a6c11"`
	Name      string     `json:"name" doc:"Name of the API key; of a person oidc: and the name" example:"oidc:alice@example.org"`
	Method    string     `json:"method" enum:"key,oidc" doc:"key: with an API key; oidc: at the issuer of OpenID Connect"`
	Scope     auth.Scope `json:"scope" enum:"read,operate,admin"`
	ExpiresAt time.Time  `json:"expiresAt"`
	CSRFToken string     `json:"csrfToken" doc:"Send it as X-CSRF-Token with every request that changes something"`
}

type signInInput struct {
	Body struct {
		_      struct{} `additionalProperties:"false"`
		APIKey string   `json:"apiKey" minLength:"1" maxLength:"200" doc:"The API key" example:"et_4c1f0b7e9a6d2f85"`
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
	openapi.Register(open, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/session", OperationID: "signIn", Tags: []string{openapi.TagSession},
		Summary:      "Exchange an API key for a session",
		Description:  "Sets a cookie that scripts cannot read. It ends after the twin's session time, with the key, or by DELETE.",
		RequestBody:  &huma.RequestBody{Description: "The key that stands for the caller from now on"},
		MaxBodyBytes: 4096, DefaultStatus: http.StatusCreated,
		Middlewares: huma.Middlewares{s.ownPage},
	}, s.signIn)
}

func (s *server) sessionOperations(guarded huma.API) {
	openapi.Get(guarded, huma.Operation{
		Path: "/api/v1/session", OperationID: "session", Tags: []string{openapi.TagSession}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Who is signed in?",
		Description: "The session of the cookie. With an API key there is none: 404.",
	}, s.currentSession)
	openapi.Register(guarded, huma.Operation{
		Method: http.MethodDelete, Path: "/api/v1/session", OperationID: "signOut", Tags: []string{openapi.TagSession},
		Security: openapi.Needs(auth.ScopeRead), Summary: "End the session", DefaultStatus: http.StatusNoContent,
		Description: "It ends on every replica, and stays ended after a restart.",
	}, s.signOut)
}

type ginKey struct{}

// ownPage keeps a foreign page from signing a browser in under a name of its
// choice.
func (s *server) ownPage(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	if foreign := s.guard.ForeignOrigin(c.Request); foreign != nil {
		problem.Abort(c, foreign)
		return
	}
	next(huma.WithValue(ctx, ginKey{}, c))
}

func (s *server) signIn(ctx context.Context, in *signInInput) (*sessionOutput, error) {
	c, _ := ctx.Value(ginKey{}).(*gin.Context)
	p, token, err := s.guard.SignIn(ctx, in.Body.APIKey, c.ClientIP())
	var rejected *problem.Problem
	if errors.As(err, &rejected) {
		return nil, err
	}
	if err != nil {
		return nil, s.failed(ctx, "sign in", err)
	}
	seconds := int(p.Session.ExpiresAt.Sub(s.clock()).Seconds())
	return &sessionOutput{
		SetCookie: []*http.Cookie{auth.Cookie(token, s.cookiePath(), middleware.IsTLS(c), seconds)},
		Body:      Answer[Session]{Data: sessionView(p)},
	}, nil
}

func sessionView(p auth.Principal) Session {
	return Session{ID: p.Session.ID, Name: p.Name, Method: wayOf(p.Name), Scope: p.Scope, ExpiresAt: p.Session.ExpiresAt, CSRFToken: p.Session.CSRFToken}
}

func (s *server) currentSession(ctx context.Context, _ *noInput) (*output[Session], error) {
	p := auth.PrincipalOf(ctx)
	if p.Session == nil {
		return nil, problem.New(http.StatusNotFound, problem.CodeNoSession, "",
			p.Name+" uses an API key, not a session; POST /api/v1/session makes one")
	}
	return &output[Session]{Body: Answer[Session]{Data: sessionView(p)}}, nil
}

func (s *server) signOut(ctx context.Context, _ *noInput) (*signOutOutput, error) {
	p := auth.PrincipalOf(ctx)
	if p.Session == nil {
		return nil, problem.New(http.StatusNotFound, problem.CodeNoSession, "", p.Name+" uses an API key, not a session")
	}
	if err := s.guard.SignOut(ctx, p.Session); err != nil {
		return nil, s.failed(ctx, "sign out", err)
	}
	return &signOutOutput{SetCookie: []*http.Cookie{auth.Cookie("", s.cookiePath(), false, -1)}}, nil
}

func (s *server) cookiePath() string { return cmp.Or(s.base, "/") }
