package api

import (
	"context"
	"net/http"
	"sync"
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
		Description: "It asks no store: see /ready.",
	}, s.health)
	openapi.Get(api, huma.Operation{
		Path: "/ready", OperationID: "ready", Tags: []string{openapi.TagProcess}, Summary: "Can the API do its work?",
		Description: "503 while the database cannot be reached or its schema is not that of this version.",
		Responses:   map[string]*huma.Response{"503": {Description: "Not ready"}},
	}, s.isReady)
}

func (s *server) health(context.Context, *noInput) (*healthOutput, error) {
	return &healthOutput{Body: Health{
		Status: "ok", Process: "api", Version: s.version, Image: s.twin.Image, StartedAt: s.started.UTC(),
	}}, nil
}

// readyFor is how long the outcome of the checks holds: the page is open to everybody, and
// each check asks the database.
const readyFor = time.Second

// readiness is what the checks reported last.
type readiness struct {
	mu  sync.Mutex
	out readyOutput
	at  time.Time // zero: never
}

func (s *server) isReady(ctx context.Context, _ *noInput) (*readyOutput, error) {
	s.ready.mu.Lock()
	defer s.ready.mu.Unlock()
	if now := s.clock(); s.ready.at.IsZero() || now.Sub(s.ready.at) >= readyFor {
		s.ready.out, s.ready.at = s.runChecks(context.WithoutCancel(ctx)), now
	}
	out := s.ready.out
	return &out, nil
}

func (s *server) runChecks(ctx context.Context) readyOutput {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	out := readyOutput{Status: http.StatusOK, Body: Readiness{Status: "ready"}}
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
	return out
}

type check struct {
	name, failing string
	run           func(context.Context) error
}

// checks use a connection of their own: they have to answer while requests wait for the
// others.
func (s *server) checks() []check {
	return []check{
		{"database", "the database cannot be reached", s.probe.Ping},
		{"schema", "the database has another schema than this version needs; `energytwin prepare` brings it up to date", s.probe.SchemaCurrent},
	}
}
