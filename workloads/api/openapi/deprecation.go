package openapi

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// LeastNotice is the least time between the release that deprecates an operation and the one
// that may remove it (docs/reference/api-versions.md).
const LeastNotice = 180 * 24 * time.Hour

// Deprecated is an operation that goes away: each of its answers has the headers Deprecation (RFC 9745)
// and Sunset (RFC 8594), and the document has deprecated and x-sunset. instead names what to use, for its description.
// A sunset that comes too soon is a mistake in the program, and panics.
func Deprecated(op huma.Operation, since, sunset time.Time, instead string) huma.Operation {
	if sunset.Sub(since) < LeastNotice {
		panic(fmt.Sprintf("operation %s: %s to %s is less notice than %s", op.OperationID, since, sunset, LeastNotice))
	}
	day := sunset.UTC().Format(time.DateOnly)
	op.Deprecated = true
	op.Description += "\n\nDeprecated; it may be removed from " + day + " on. " + instead
	op.Extensions = maps.Clone(op.Extensions)
	if op.Extensions == nil {
		op.Extensions = map[string]any{}
	}
	op.Extensions["x-sunset"] = day
	announce := func(ctx huma.Context, next func(huma.Context)) {
		ctx.SetHeader("Deprecation", "@"+strconv.FormatInt(since.Unix(), 10))
		ctx.SetHeader("Sunset", sunset.UTC().Format(http.TimeFormat))
		next(ctx)
	}
	op.Middlewares = append(huma.Middlewares{announce}, op.Middlewares...)
	return op
}
