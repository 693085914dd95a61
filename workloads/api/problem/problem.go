// Package problem has the answers to requests that fail: problem documents
// (RFC 9457) with a stable code, the field at fault and the request's id.
package problem

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/energytwin/energytwin/workloads/api/requestid"
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
	CodeDecisionClosed    Code = "decision_closed"
	CodeNotBegun          Code = "decision_not_begun"
	CodeFeedbackChanged   Code = "feedback_changed"
	CodeUnknownBatch      Code = "unknown_batch"
	CodeUnknownRevision   Code = "unknown_revision"
	CodeReadingsNotTaken  Code = "readings_not_taken"
	CodeInProgress        Code = "in_progress"
	CodeKeyReused         Code = "idempotency_key_reused"
	CodeUnclearLayout     Code = "unclear_layout"
	CodeTooManyRows       Code = "too_many_rows"
	CodeUnknownKey        Code = "unknown_key"
	CodeKeyOfSecret       Code = "key_of_secret"
	CodeKeyEnded          Code = "key_ended"
	CodeNameTaken         Code = "name_taken"
	CodeTooManyKeys       Code = "too_many_keys"
	CodeWebhooksNotSent   Code = "webhooks_not_sent"
	CodeUnknownWebhook    Code = "unknown_webhook"
	CodeUnknownDelivery   Code = "unknown_delivery"
	CodeTooManyWebhooks   Code = "too_many_webhooks"
	CodeWebhookOff        Code = "webhook_off"
	CodeNoSession         Code = "no_session"
	CodeUnknownSession    Code = "unknown_session"
	CodeMethod            Code = "method_not_allowed"
	CodeTimeout           Code = "request_timeout"
	CodeBodyTooLarge      Code = "body_too_large"
	CodeNotAcceptable     Code = "not_acceptable"
	CodeHeadersTooLarge   Code = "headers_too_large"
	CodeMediaType         Code = "unsupported_media_type"
	CodeInvalidBody       Code = "invalid_body"
	CodeInvalidParameter  Code = "invalid_parameter"
	CodeMalformedQuery    Code = "malformed_query"
	CodeUnknownParameter  Code = "unknown_parameter"
	CodeRepeatedParameter Code = "repeated_parameter"
	CodeInvalidCursor     Code = "invalid_cursor"
	CodeRangeTooLong      Code = "range_too_long"
	CodeTooManyPoints     Code = "too_many_points"
	CodeTooExpensive      Code = "too_expensive"
	CodeRateLimited       Code = "rate_limited"
	CodeInternal          Code = "internal"
	CodeUnavailable       Code = "unavailable"
)

// MediaType is the Content-Type of a problem document.
const MediaType = "application/problem+json"

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
	Scope     string         `json:"requiredScope,omitempty" enum:"read,operate,admin" doc:"With the code scope_missing: the least scope that the request needs"`
	Reason    Reason         `json:"reason,omitempty" enum:"session_expired,signed_out,key_ended,access_ended" doc:"With the code unauthenticated, of a session that was good: why it has ended. key_ended: its API key was revoked or has expired; access_ended: none of the person's groups gives access any more"`
	RequestID string         `json:"requestId,omitempty" doc:"The answer's X-Request-Id, to find the request in the log"`
}

// Reason is why a session has ended.
type Reason string

// The reasons.
const (
	ReasonExpired     Reason = "session_expired"
	ReasonSignedOut   Reason = "signed_out"
	ReasonKeyEnded    Reason = "key_ended"
	ReasonAccessEnded Reason = "access_ended"
)

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
func (p *Problem) ContentType(string) string { return MediaType }

// New makes the problem of one field, or of none.
func New(status int, code Code, field, detail string) *Problem {
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

// Invalid is a 422 about one query parameter.
func Invalid(field, detail string) *Problem {
	return New(http.StatusUnprocessableEntity, CodeInvalidParameter, field, detail)
}

// NotFound is a 404 about the thing that a path names.
func NotFound(code Code, detail string) *Problem {
	return New(http.StatusNotFound, code, "id", detail)
}

// RetryAfter is a problem that goes away: the answer names after how many seconds
// to ask again.
func RetryAfter(p *Problem, seconds int) error {
	return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {strconv.Itoa(seconds)}})
}

// AbortWith is Abort for an error that is a problem, with its headers.
func AbortWith(c *gin.Context, err error) {
	p := New(http.StatusInternalServerError, CodeInternal, "", "something went wrong here; the log names the cause under this request id")
	_ = errors.As(err, &p)
	var with huma.HeadersError
	if errors.As(err, &with) {
		for name, values := range with.GetHeaders() {
			c.Header(name, values[0])
		}
	}
	Abort(c, p)
}

// Abort ends a request of which no operation has been reached yet.
func Abort(c *gin.Context, p *Problem) {
	p.RequestID = requestid.Of(c.Request.Context())
	requestid.Failed(c.Request.Context(), string(p.Code))
	body, err := json.Marshal(p)
	if err != nil {
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	c.Abort()
	c.Header("Content-Type", MediaType) // gin keeps one that is set already
	c.Data(p.Status, MediaType, append(body, '\n'))
}
