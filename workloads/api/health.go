package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/workloads/api/openapi"
)

// readyTimeout bounds a readiness check: a probe that hangs reports nothing.
const readyTimeout = 2 * time.Second

// Health reports that the process answers, and which one it is.
type Health struct {
	Status    string    `json:"status" enum:"ok"`
	Process   string    `json:"process" example:"api"`
	Version   string    `json:"version"`
	Image     string    `json:"image,omitempty" doc:"Image that the twin's workloads run, with its digest"`
	StartedAt time.Time `json:"startedAt"`
}

// Readiness reports whether the API can do its work.
type Readiness struct {
	Status string  `json:"status" enum:"ready,not_ready"`
	Checks []Check `json:"checks" nullable:"false"`
}

// Check is one thing that the API needs.
type Check struct {
	Name   string `json:"name" example:"database"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

type healthOutput struct{ Body Health }

type readyOutput struct {
	Status int
	Body   Readiness
}

type noInput struct{}

func (s *server) healthOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/health", OperationID: "health", Tags: []string{openapi.TagProcess}, Summary: "Is the process alive?",
	}, s.health)
	openapi.Get(api, huma.Operation{
		Path: "/ready", OperationID: "ready", Tags: []string{openapi.TagProcess}, Summary: "Can the API do its work?",
		Description: "503 while the database cannot be reached or its schema is not that of this version.",
		Responses:   map[string]*huma.Response{"503": {Description: "Not ready"}},
	}, s.ready)
}

func (s *server) health(context.Context, *noInput) (*healthOutput, error) {
	return &healthOutput{Body: Health{
		Status: "ok", Process: "api", Version: s.version, Image: s.twin.Image, StartedAt: s.started.UTC(),
	}}, nil
}

func (s *server) ready(ctx context.Context, _ *noInput) (*readyOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	out := &readyOutput{Status: http.StatusOK, Body: Readiness{Status: "ready"}}
	for _, c := range s.checks() {
		err := c.run(ctx)
		check := Check{Name: c.name, OK: err == nil}
		if err != nil {
			// The error may name addresses: it is for the log, the page is open.
			s.log.WarnContext(ctx, "not ready", "check", c.name, "error", err)
			check.Detail = c.failing
			out.Status, out.Body.Status = http.StatusServiceUnavailable, "not_ready"
		}
		out.Body.Checks = append(out.Body.Checks, check)
	}
	return out, nil
}

type check struct {
	name, failing string
	run           func(context.Context) error
}

func (s *server) checks() []check {
	return []check{
		{"database", "the database cannot be reached", s.db.Ping},
		{"schema", "the database has another schema than this version needs; `energytwin prepare` brings it up to date", s.db.SchemaCurrent},
	}
}
