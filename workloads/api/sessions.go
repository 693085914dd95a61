package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// OpenSession is a browser that is signed in.
type OpenSession struct {
	ID         string    `json:"id" example:"8a0f1c52-6a5e-4b0f-9a53-0f5a2f0a6c11"`
	Name       string    `json:"name" doc:"Name of the API key; of a person oidc: and the name" example:"oidc:alice@example.org"`
	Method     string    `json:"method" enum:"key,oidc" doc:"key: with an API key; oidc: at the issuer of OpenID Connect"`
	Since      time.Time `json:"since"`
	LastSeenAt time.Time `json:"lastSeenAt" doc:"When a request came with it, to a minute"`
	ExpiresAt  time.Time `json:"expiresAt"`
	Current    bool      `json:"current" doc:"True for the session of this request"`
}

// EndedSessions are how many sessions have been ended.
type EndedSessions struct {
	Ended int64 `json:"ended"`
}

type sessionIDInput struct {
	ID string `path:"id" maxLength:"80" doc:"Id of the session, as GET /api/v1/sessions lists it" example:"8a0f1c52-6a5e-4b0f-9a53-0f5a2f0a6c11"`
}

func (s *server) openSessionOperations(guarded huma.API) {
	read := openapi.Needs(auth.ScopeRead)
	openapi.Get(guarded, huma.Operation{
		Path: "/api/v1/sessions", OperationID: "sessions", Tags: []string{openapi.TagSession}, Security: read, Summary: "Where is somebody signed in?",
		Description: "Your own sessions, or with the scope admin those of all, the newest first, at most 1,000. A session that has ended is not listed.",
	}, s.listSessions)
	openapi.Register(guarded, huma.Operation{
		Method: http.MethodDelete, Path: "/api/v1/sessions/{id}", OperationID: "endSession", Tags: []string{openapi.TagSession}, Security: read,
		Summary: "End a session", DefaultStatus: http.StatusNoContent,
		Description: "One of your own, or with the scope admin of anybody. It ends at every replica within half a second, and stays ended.",
	}, s.endSession)
	openapi.Register(guarded, huma.Operation{
		Method: http.MethodDelete, Path: "/api/v1/sessions", OperationID: "endSessions", Tags: []string{openapi.TagSession}, Security: read,
		Summary: "End all sessions but this one", DefaultStatus: http.StatusOK,
		Description: "All of your own, or with the scope admin those of all. The session of the request stays: DELETE /api/v1/session ends it.",
	}, s.endSessions)
}

func (s *server) listSessions(ctx context.Context, _ *noInput) (*output[[]OpenSession], error) {
	p := auth.PrincipalOf(ctx)
	sessions, err := s.guard.Open().List(ctx, p, s.clock())
	if err != nil {
		return nil, s.failed(ctx, "list sessions", err)
	}
	views := []OpenSession{}
	for i := range sessions {
		of := &sessions[i]
		views = append(views, OpenSession{
			ID: of.ID.String(), Name: of.Name, Method: wayOf(of.Name), Since: of.Since.UTC(), LastSeenAt: of.Seen.UTC(), ExpiresAt: of.Expires.UTC(),
			Current: p.Session != nil && p.Session.ID == of.ID.String(),
		})
	}
	return &output[[]OpenSession]{Body: Answer[[]OpenSession]{Data: views}}, nil
}

func (s *server) endSession(ctx context.Context, in *sessionIDInput) (*struct{}, error) {
	unknown := problem.NotFound(problem.CodeUnknownSession, "there is no such session, or it is not yours; GET /api/v1/sessions lists them")
	id, err := uuid.Parse(in.ID)
	if err != nil || id.String() != in.ID {
		return nil, unknown
	}
	p := auth.PrincipalOf(ctx)
	of, err := s.guard.Open().Find(ctx, p, id, s.clock())
	if err != nil {
		return nil, s.failed(ctx, "find a session", err)
	}
	if of == nil {
		return nil, unknown
	}
	if err := s.guard.Open().End(ctx, in.ID, of.Expires); err != nil {
		return nil, s.failed(ctx, "end a session", err)
	}
	s.log.InfoContext(ctx, "a session was ended", "id", in.ID, "of", of.Name, "by", p.Name)
	return nil, nil
}

func (s *server) endSessions(ctx context.Context, _ *noInput) (*output[EndedSessions], error) {
	p := auth.PrincipalOf(ctx)
	ended, err := s.guard.Open().EndAll(ctx, p, s.clock())
	if err != nil {
		return nil, s.failed(ctx, "end sessions", err)
	}
	s.log.InfoContext(ctx, "sessions were ended", "sessions", ended, "by", p.Name)
	return &output[EndedSessions]{Body: Answer[EndedSessions]{Data: EndedSessions{Ended: ended}}}, nil
}
