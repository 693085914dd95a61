package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/energytwin/energytwin/workloads/api/middleware"
	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/requestid"
)

// failed turns an error of the store into a problem and logs it: the cause is
// for the operator, not for the caller.
func (s *server) failed(ctx context.Context, doing string, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return problem.RetryAfter(problem.New(http.StatusServiceUnavailable, problem.CodeUnavailable, "", "the request was given up"), 5)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.WarnContext(ctx, "request took too long", "doing", doing, "requestId", requestid.Of(ctx))
		return problem.RetryAfter(problem.New(http.StatusServiceUnavailable, problem.CodeUnavailable, "",
			fmt.Sprintf("no answer within %d s; ask for a shorter range", int(middleware.Timeout.Seconds()))), 5)
	}
	s.log.ErrorContext(ctx, "request failed", "doing", doing, "error", err, "requestId", requestid.Of(ctx))
	if unreachable(err) {
		return problem.RetryAfter(problem.New(http.StatusServiceUnavailable, problem.CodeUnavailable, "", "the database cannot be reached; try again"), 5)
	}
	return problem.New(http.StatusInternalServerError, problem.CodeInternal, "",
		"something went wrong here; the log names the cause under this request id")
}

// unreachable reports whether an error means that the database does not answer
// for now, rather than that the question was wrong.
func unreachable(err error) bool {
	var dial *pgconn.ConnectError
	var network net.Error
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &dial), errors.As(err, &network):
		return true
	case errors.As(err, &pg):
		// Connection exceptions, and the server starting or stopping.
		return pg.Code[:2] == "08" || pg.Code[:2] == "57" && pg.Code != "57014" || pg.Code == "53300"
	}
	return false
}
