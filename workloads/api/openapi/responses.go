package openapi

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/workloads/api/problem"
)

// failure is a status that requests may end with, and the codes of its problems.
type failure struct {
	name    string // of the response in the document, which operations share
	status  int
	codes   []problem.Code
	means   string
	headers []string
	applies func(op *huma.Operation) bool
}

// failures are all that operations document. What no operation is reached for has no
// place in the document: unknown_path (404) and method_not_allowed (405).
func failures() []failure {
	always := func(*huma.Operation) bool { return true }
	guarded := func(op *huma.Operation) bool { return len(op.Security) > 0 }
	keyed := func(op *huma.Operation) bool { return guarded(op) || takesBody(op) } // a sign-in has the key in its body
	below := func(collection string) func(*huma.Operation) bool {
		return func(op *huma.Operation) bool { return strings.HasPrefix(op.Path, "/api/v1/"+collection+"/{id}") }
	}
	readings := func(op *huma.Operation) bool { return op.Method == http.MethodPost && op.Path == "/api/v1/readings" }
	series := func(op *huma.Operation) bool {
		return op.Method == http.MethodPut && op.Path == "/api/v1/series/{series}"
	}
	onKeys := func(op *huma.Operation) bool {
		return op.Method == http.MethodPost && strings.HasPrefix(op.Path, "/api/v1/keys")
	}
	onWebhooks := func(op *huma.Operation) bool { return strings.HasPrefix(op.Path, "/api/v1/webhooks") }
	changesWebhooks := func(op *huma.Operation) bool {
		return onWebhooks(op) && (op.Method == http.MethodPost || op.Method == http.MethodPatch)
	}
	return []failure{
		{"UnknownWebhook", 404, []problem.Code{problem.CodeUnknownWebhook, problem.CodeUnknownDelivery}, "There is no such webhook, or no such delivery of it", nil, below("webhooks")},
		{"WebhooksConflict", 409, []problem.Code{problem.CodeWebhooksNotSent, problem.CodeNameTaken, problem.CodeTooManyWebhooks, problem.CodeWebhookOff},
			"This twin sends no webhooks, the name is taken, there are too many webhooks, or the webhook is off", nil, changesWebhooks},
		{"NoWebhooks", 409, []problem.Code{problem.CodeWebhooksNotSent}, "This twin sends no webhooks", nil, onWebhooks},
		{"InvalidWebhook", 422, []problem.Code{
			problem.CodeInvalidBody, problem.CodeInvalidParameter, problem.CodeUnknownParameter, problem.CodeRepeatedParameter, problem.CodeMalformedQuery, problem.CodeUnknownMeter, problem.CodeUnknownGroup,
		}, "A field of the body is at fault, which field names", nil, changesWebhooks},
		{"UnreadableReadings", 400, []problem.Code{problem.CodeInvalidBody, problem.CodeEmptyBody}, "The body is missing, is no JSON, or cannot be unpacked", nil, readings},
		{"UnknownBatch", 404, []problem.Code{problem.CodeUnknownBatch}, "There is no such batch, or no more", nil, below("readings")},
		{"ReadingsConflict", 409, []problem.Code{problem.CodeReadingsNotTaken, problem.CodeInProgress},
			"This twin takes no readings from outside, or a request with this idempotency key is being worked on", []string{"Retry-After"}, readings},
		{"FeedbackConflict", 409, []problem.Code{problem.CodeDecisionClosed, problem.CodeNotBegun, problem.CodeFeedbackChanged},
			"The decision takes no such feedback now, or has newer feedback", nil, func(op *huma.Operation) bool { return strings.HasSuffix(op.Path, "/feedback") }},
		{"UnsupportedReadings", 415, []problem.Code{problem.CodeMediaType}, "The body has another media type, or another encoding, than those of this document", nil, readings},
		{"InvalidReadings", 422, []problem.Code{
			problem.CodeInvalidBody, problem.CodeUnclearLayout, problem.CodeTooManyRows, problem.CodeKeyReused, problem.CodeInvalidParameter,
			problem.CodeUnknownParameter, problem.CodeRepeatedParameter, problem.CodeMalformedQuery,
		}, "The readings cannot be read as a whole, a parameter is at fault, or the idempotency key was used for another body", nil, readings},
		{"UnreadableSeries", 400, []problem.Code{problem.CodeInvalidBody, problem.CodeEmptyBody}, "The body is missing, is no JSON, or cannot be unpacked", nil, series},
		{"UnknownRevision", 404, []problem.Code{problem.CodeUnknownRevision}, "There is no such revision of the series", nil,
			func(op *huma.Operation) bool { return strings.HasSuffix(op.Path, "/revisions/{revision}") }},
		{"UnsupportedSeries", 415, []problem.Code{problem.CodeMediaType}, "The body has another media type, or another encoding, than those of this document", nil, series},
		{"InvalidSeries", 422, []problem.Code{
			problem.CodeInvalidBody, problem.CodeUnclearLayout, problem.CodeTooManyRows, problem.CodeKeyReused, problem.CodeInvalidParameter,
			problem.CodeUnknownParameter, problem.CodeRepeatedParameter, problem.CodeMalformedQuery,
		}, "A row, which field names, or the body as a whole cannot be used, a parameter is at fault, or the idempotency key was used for other values", nil, series},
		{"UnknownSession", 404, []problem.Code{problem.CodeUnknownSession}, "There is no such session, or it is not yours", nil, below("sessions")},
		{"UnknownAPIKey", 404, []problem.Code{problem.CodeUnknownKey}, "There is no such API key", nil, below("keys")},
		{"KeysConflict", 409, []problem.Code{problem.CodeNameTaken, problem.CodeKeyEnded, problem.CodeKeyOfSecret, problem.CodeTooManyKeys},
			"The key cannot be made: its name is taken, the key has ended or belongs to the Secret, or there are too many", nil, onKeys},
		{"InvalidKey", 422, []problem.Code{
			problem.CodeInvalidBody, problem.CodeInvalidParameter, problem.CodeUnknownParameter, problem.CodeRepeatedParameter, problem.CodeMalformedQuery,
		}, "A field of the body is at fault, which field names", nil, onKeys},
		{"KeyOfSecret", 409, []problem.Code{problem.CodeKeyOfSecret}, "The key belongs to the twin's Secret, where it is to be taken out", nil,
			func(op *huma.Operation) bool {
				return op.Method == http.MethodDelete && strings.HasPrefix(op.Path, "/api/v1/keys")
			}},
		{"BadBody", 400, []problem.Code{problem.CodeInvalidBody, problem.CodeEmptyBody, problem.CodeBadRequest}, "The body is missing or is no JSON", nil, takesBody},
		{"Unauthenticated", 401, []problem.Code{problem.CodeUnauthenticated}, "There is no API key or session, or one that has ended", []string{"WWW-Authenticate"}, guarded},
		{"UnknownKey", 401, []problem.Code{problem.CodeUnauthenticated}, "There is no such API key", nil, takesBody},
		{"Forbidden", 403, []problem.Code{problem.CodeScope, problem.CodeCrossSite}, "The key has not the scope, or another site's page asks", nil, keyed},
		{"UnknownMeter", 404, []problem.Code{problem.CodeUnknownMeter}, "There is no such meter", nil, below("meters")},
		{"UnknownGroup", 404, []problem.Code{problem.CodeUnknownGroup}, "There is no such group", nil, below("groups")},
		{"UnknownDecision", 404, []problem.Code{problem.CodeUnknownDecision}, "There is no such decision", nil, below("decisions")},
		{"NoSession", 404, []problem.Code{problem.CodeNoSession}, "An API key was sent, which is no session", nil, func(op *huma.Operation) bool {
			return guarded(op) && strings.HasSuffix(op.Path, "/session")
		}},
		{"NotAcceptable", 406, []problem.Code{problem.CodeNotAcceptable}, "The Accept header names no form that the answer has", nil, always},
		{"BodyTimeout", 408, []problem.Code{problem.CodeTimeout}, "The body comes too slowly", nil, takesBody},
		{"BodyTooLarge", 413, []problem.Code{problem.CodeBodyTooLarge}, "The body is too large", nil, takesBody},
		{"UnsupportedMediaType", 415, []problem.Code{problem.CodeMediaType}, "The body has another media type than JSON", nil, takesBody},
		{"InvalidRequest", 422, []problem.Code{
			problem.CodeInvalidParameter, problem.CodeUnknownParameter, problem.CodeRepeatedParameter, problem.CodeMalformedQuery, problem.CodeInvalidCursor,
			problem.CodeTooExpensive, problem.CodeTooManyPoints, problem.CodeRangeTooLong, problem.CodeUnknownMeter, problem.CodeUnknownGroup,
		}, "A parameter is at fault, which field names, or the answer would be too large", nil, guarded},
		{"InvalidBody", 422, []problem.Code{problem.CodeInvalidBody, problem.CodeUnknownParameter}, "A field of the body is at fault, which field names", nil, takesBody},
		{"InvalidQuery", 422, []problem.Code{problem.CodeUnknownParameter, problem.CodeMalformedQuery}, "There are no parameters here", nil, always},
		{"RateLimited", 429, []problem.Code{problem.CodeRateLimited}, "There are too many requests of this key, or too many bad keys from this address", []string{"Retry-After"}, keyed},
		{"HeadersTooLarge", 431, []problem.Code{problem.CodeHeadersTooLarge}, "The headers are too large", nil, always},
		{"InternalError", 500, []problem.Code{problem.CodeInternal}, "Something went wrong, which the log names under the request's id", nil, always},
		{"Unavailable", 503, []problem.Code{problem.CodeUnavailable}, "The database cannot be reached, expensive requests have to wait, or there are too many streams", []string{"Retry-After"}, keyed},
	}
}

func takesBody(op *huma.Operation) bool {
	switch op.Method {
	case http.MethodPut, http.MethodPatch:
		return true
	case http.MethodPost:
		return !strings.HasSuffix(op.Path, "/test") && !strings.HasSuffix(op.Path, "/redeliver")
	}
	return false
}

// headers are those that answers document.
var headers = map[string]*huma.Param{
	"X-Request-Id": {Description: "Id of the request, as it was sent or drawn here: the log has it", Schema: &huma.Schema{Type: huma.TypeString},
		Example: "3f2a9c64d1e0b758"},
	"ETag": {Description: "Names the content, for If-None-Match; left out of answers of more than 256 KiB", Schema: &huma.Schema{Type: huma.TypeString},
		Example: `W/"5d41402abc4b2a76b9719d91"`},
	"Cache-Control": {Description: "Answers belong to the caller, and are asked for again each time", Schema: &huma.Schema{Type: huma.TypeString},
		Example: "private, no-cache"},
	"Vary":        {Description: "Headers that the answer depends on", Schema: &huma.Schema{Type: huma.TypeString}, Example: "Authorization, X-API-Key, Cookie"},
	"Retry-After": {Description: "Seconds after which to ask again", Schema: &huma.Schema{Type: huma.TypeInteger}, Example: 5},
	"RateLimit-Policy": {Description: "Requests that a key has in so many seconds, at each replica of the API", Schema: &huma.Schema{Type: huma.TypeString},
		Example: `"key";q=200;w=4`},
	"RateLimit": {Description: "Requests that the key has left at this replica, and after how many seconds it has all of them", Schema: &huma.Schema{Type: huma.TypeString},
		Example: `"key";r=199;t=1`},
	"WWW-Authenticate": {Description: "How to send a key", Schema: &huma.Schema{Type: huma.TypeString}, Example: `Bearer realm="energytwin"`},
}

func headersOf(names ...string) map[string]*huma.Param {
	out := map[string]*huma.Param{}
	for _, name := range names {
		out[name] = headers[name]
	}
	return out
}

// describeFailures adds every problem that the operation may end with. The first of the
// failures of a status that applies is that of the operation.
func describeFailures(doc *huma.OpenAPI, op *huma.Operation) {
	for _, f := range failures() {
		status := strconv.Itoa(f.status)
		if op.Responses[status] == nil && f.applies(op) {
			op.Responses[status] = shared(doc, &f)
		}
	}
	op.Responses["default"] = shared(doc, &failure{
		name: "Problem", status: http.StatusInternalServerError, codes: []problem.Code{problem.CodeInternal}, means: "A problem of a later version",
	})
}

// shared refers to a response that operations share.
func shared(doc *huma.OpenAPI, f *failure) *huma.Response {
	if doc.Components.Responses == nil {
		doc.Components.Responses = map[string]*huma.Response{}
	}
	if doc.Components.Responses[f.name] == nil {
		schema := doc.Components.Schemas.Schema(reflect.TypeFor[problem.Problem](), true, "Problem")
		doc.Components.Responses[f.name] = problemResponse(schema, f)
	}
	return &huma.Response{Ref: "#/components/responses/" + f.name}
}

func problemResponse(schema *huma.Schema, f *failure) *huma.Response {
	example := problem.New(f.status, f.codes[0], "", f.means)
	example.RequestID = "3f2a9c64d1e0b758"
	codes := make([]string, len(f.codes))
	for i, code := range f.codes {
		codes[i] = "`" + string(code) + "`"
	}
	return &huma.Response{
		Description: f.means + ". Code: " + strings.Join(codes, ", "),
		Headers:     headersOf(append([]string{"X-Request-Id"}, f.headers...)...),
		Content:     map[string]*huma.MediaType{problem.MediaType: {Schema: schema, Example: example}},
	}
}

// describeAnswers adds headers and examples to the answers that huma has described from
// the Go types.
func describeAnswers(op *huma.Operation) {
	names := []string{"X-Request-Id"}
	if len(op.Security) > 0 {
		names = append(names, "Cache-Control", "Vary", "RateLimit", "RateLimit-Policy")
		if op.Method == http.MethodGet && !isStream(op) {
			names = append(names, "ETag")
			op.Responses["304"] = &huma.Response{
				Description: "The caller has this content already: If-None-Match names its ETag", Headers: headersOf(names...),
			}
		}
	}
	for status, answer := range op.Responses {
		if status[0] != '2' {
			continue
		}
		if answer.Headers == nil {
			answer.Headers = map[string]*huma.Param{}
		}
		for _, name := range names {
			answer.Headers[name] = headers[name]
		}
		if body := answer.Content["application/json"]; body != nil && body.Example == nil {
			body.Example = exampleOf(op.OperationID)
		}
		if body := answer.Content["text/csv"]; body != nil && body.Example == nil {
			body.Example = fileExampleOf(op.OperationID)
		}
	}
}

// isStream reports whether an operation answers with events, which have no ETag.
func isStream(op *huma.Operation) bool {
	answer := op.Responses["200"]
	return answer != nil && answer.Content["text/event-stream"] != nil
}

// Codes are all codes of problems that the document names, in order.
func Codes() (codes []string) {
	codes = []string{string(problem.CodeUnknownPath), string(problem.CodeMethod)}
	for _, f := range failures() {
		for _, code := range f.codes {
			codes = append(codes, string(code))
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}
