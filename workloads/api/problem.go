package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// Code names a kind of problem. Clients decide on it, so a code is never
// renamed.
type Code string

// The codes.
const (
	CodeBadRequest        Code = "bad_request"
	CodeEmptyBody         Code = "empty_body"
	CodeUnauthenticated   Code = "unauthenticated"
	CodeScope             Code = "scope_missing"
	CodeCrossSite         Code = "cross_site_request"
	CodeUnknownPath       Code = "unknown_path"
	CodeUnknownMeter      Code = "unknown_meter"
	CodeUnknownGroup      Code = "unknown_group"
	CodeUnknownDecision   Code = "unknown_decision"
	CodeNoSession         Code = "no_session"
	CodeMethod            Code = "method_not_allowed"
	CodeTimeout           Code = "request_timeout"
	CodeBodyTooLarge      Code = "body_too_large"
	CodeMediaType         Code = "unsupported_media_type"
	CodeInvalidBody       Code = "invalid_body"
	CodeInvalidParameter  Code = "invalid_parameter"
	CodeUnknownParameter  Code = "unknown_parameter"
	CodeRepeatedParameter Code = "repeated_parameter"
	CodeInvalidCursor     Code = "invalid_cursor"
	CodeRangeTooLong      Code = "range_too_long"
	CodeTooManyPoints     Code = "too_many_points"
	CodeRateLimited       Code = "rate_limited"
	CodeInternal          Code = "internal"
	CodeUnavailable       Code = "unavailable"
)

const problemType = "application/problem+json"

// Problem is an RFC 9457 problem document. It is the body of every answer
// with a status of 400 or more.
type Problem struct {
	Type      string         `json:"type" format:"uri" doc:"URN of the code" example:"urn:energytwin:problem:invalid_parameter"`
	Title     string         `json:"title" doc:"The HTTP status in words" example:"Unprocessable Entity"`
	Status    int            `json:"status" doc:"HTTP status" example:"422"`
	Code      Code           `json:"code" doc:"Stable name of the kind of problem" example:"invalid_parameter"`
	Detail    string         `json:"detail" doc:"What is wrong here, and how to fix it" example:"limit: expected number <= 1000"`
	Field     string         `json:"field,omitempty" doc:"The first parameter or body field at fault" example:"limit"`
	Errors    []FieldProblem `json:"errors,omitempty" nullable:"false" doc:"Every parameter or body field at fault"`
	RequestID string         `json:"requestId,omitempty" doc:"The answer's X-Request-Id, to find the request in the log"`
}

// FieldProblem is what is wrong with one parameter or body field.
type FieldProblem struct {
	Field  string `json:"field" example:"limit"`
	Detail string `json:"detail" example:"expected number <= 1000"`
}

// Error makes a Problem an error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type, for huma.
func (p *Problem) ContentType(string) string { return problemType }

// newProblem makes the problem of one field, or of none.
func newProblem(status int, code Code, field, detail string) *Problem {
	p := &Problem{
		Type:   "urn:energytwin:problem:" + string(code),
		Title:  http.StatusText(status),
		Status: status,
		Code:   code,
		Detail: detail,
		Field:  field,
	}
	if field != "" {
		p.Errors = []FieldProblem{{Field: field, Detail: detail}}
	}
	return p
}

// invalid is a 422 about one query parameter.
func invalid(field, detail string) *Problem {
	return newProblem(http.StatusUnprocessableEntity, CodeInvalidParameter, field, detail)
}

// notFound is a 404 about the thing that a path names.
func notFound(code Code, detail string) *Problem {
	return newProblem(http.StatusNotFound, code, "id", detail)
}

// abort ends a request of which no operation has been reached yet.
func abort(c *gin.Context, p *Problem) {
	p.RequestID = requestID(c.Request.Context())
	body, err := json.Marshal(p)
	if err != nil {
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	c.Abort()
	c.Header("Content-Type", problemType) // gin keeps one that is set already
	c.Data(p.Status, problemType, append(body, '\n'))
}

// problems turns the errors that huma makes into problems, and writes the
// request's id into all of them. It runs before every answer is encoded.
func problems(ctx huma.Context, _ string, v any) (any, error) {
	switch e := v.(type) {
	case *Problem:
		p := *e
		p.RequestID = requestID(ctx.Context())
		return &p, nil
	case *huma.ErrorModel:
		p := problemOf(e)
		p.RequestID = requestID(ctx.Context())
		return p, nil
	}
	return v, nil
}

// problemOf translates an error of huma's own validation.
func problemOf(e *huma.ErrorModel) *Problem {
	p := newProblem(e.Status, codeOf(e), "", e.Detail)
	if e.Status >= http.StatusInternalServerError {
		p.Detail = "something went wrong here; the log names the cause under this request id"
		return p
	}
	for _, d := range e.Errors {
		p.Errors = append(p.Errors, FieldProblem{Field: fieldOf(d.Location), Detail: d.Message})
	}
	if len(p.Errors) > 0 {
		first := p.Errors[0]
		p.Field, p.Detail = first.Field, first.Field+": "+first.Detail
	}
	if p.Code == CodeEmptyBody {
		p.Field = "body"
	}
	return p
}

func codeOf(e *huma.ErrorModel) Code {
	switch e.Status {
	case http.StatusBadRequest:
		if len(e.Errors) == 0 {
			return CodeEmptyBody
		}
		return CodeInvalidBody
	case http.StatusRequestTimeout:
		return CodeTimeout
	case http.StatusRequestEntityTooLarge:
		return CodeBodyTooLarge
	case http.StatusUnsupportedMediaType:
		return CodeMediaType
	case http.StatusUnprocessableEntity:
		return codeOfField(e.Errors)
	}
	if e.Status >= http.StatusInternalServerError {
		return CodeInternal
	}
	return CodeBadRequest
}

func codeOfField(errs []*huma.ErrorDetail) Code {
	if len(errs) == 0 || strings.HasPrefix(errs[0].Location, "body") {
		return CodeInvalidBody
	}
	if errs[0].Message == "unknown query parameter" {
		return CodeUnknownParameter
	}
	return CodeInvalidParameter
}

// fieldOf is a location without the part of the request that it lies in:
// "query.limit" is the field limit, "body" itself stays.
func fieldOf(location string) string {
	for _, in := range []string{"query.", "path.", "header.", "body."} {
		if f, ok := strings.CutPrefix(location, in); ok {
			return f
		}
	}
	return location
}

// failed turns an error of the store into a problem and logs it: the cause is
// for the operator, not for the caller.
func (s *server) failed(ctx context.Context, doing string, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return newProblem(http.StatusServiceUnavailable, CodeUnavailable, "", "the request was given up")
	}
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.WarnContext(ctx, "request took too long", "doing", doing, "requestId", requestID(ctx))
		return newProblem(http.StatusServiceUnavailable, CodeUnavailable, "",
			fmt.Sprintf("no answer within %d s; ask for a shorter range", int(requestTimeout.Seconds())))
	}
	s.log.ErrorContext(ctx, "request failed", "doing", doing, "error", err, "requestId", requestID(ctx))
	if unreachable(err) {
		p := newProblem(http.StatusServiceUnavailable, CodeUnavailable, "", "the database cannot be reached; try again")
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {"5"}})
	}
	return newProblem(http.StatusInternalServerError, CodeInternal, "",
		"something went wrong here; the log names the cause under this request id")
}
