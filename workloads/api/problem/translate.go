package problem

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/workloads/api/requestid"
)

// Translate turns the errors that huma makes into problems, and writes the
// request's id into all of them. It runs before every answer is encoded.
func Translate(ctx huma.Context, _ string, v any) (any, error) {
	switch e := v.(type) {
	case *Problem:
		p := *e
		p.RequestID = requestid.Of(ctx.Context())
		requestid.Failed(ctx.Context(), string(p.Code))
		return &p, nil
	case *huma.ErrorModel:
		p := problemOf(e)
		p.RequestID = requestid.Of(ctx.Context())
		requestid.Failed(ctx.Context(), string(p.Code))
		return p, nil
	}
	return v, nil
}

// problemOf translates an error of huma's own validation.
func problemOf(e *huma.ErrorModel) *Problem {
	p := New(e.Status, codeOf(e), "", e.Detail)
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
