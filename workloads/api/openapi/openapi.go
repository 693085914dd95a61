// Package openapi describes the REST API: operations are registered through it,
// and it writes the OpenAPI document.
package openapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/requestid"
)

// Version is the version of the REST API, not of the binary.
const Version = "1.0.0"

const description = `What a digital twin of an electricity grid area knows: readings, forecasts and demand-side-management decisions.

- Every answer is ` + "`{data, page, meta}`" + `; a value that is not known is null, never 0.
- Times are RFC 3339 in UTC, or relative to the twin's own now (` + "`meta.asOf`" + `): ` + "`now`, `now-7d`, `now+24h`" + `. The now of a twin that replays 2019 lies in 2019.
- An hour is named by its start. Energy is in kWh, power in kW; negative energy is export.
- Problems are ` + "`application/problem+json`" + ` (RFC 9457) with a stable ` + "`code`" + ` and the ` + "`field`" + ` at fault.
- Lists go on at ` + "`page.nextCursor`" + `. Answers of up to 256 KiB carry an ETag for If-None-Match.
- Send an API key as ` + "`X-API-Key`" + ` or ` + "`Authorization: Bearer`" + `. Each operation names the scope it needs (` + "`x-required-scope`" + `): ` + "`read`, `operate` or `admin`" + `, of which each holds the ones before.
- ` + "`RateLimit`" + ` and ` + "`RateLimit-Policy`" + ` show what a key has left. Each replica of the API counts for itself.`

// The tags that group operations.
const (
	TagTwin      = "Twin"
	TagMeters    = "Meters"
	TagGroups    = "Groups"
	TagDecisions = "Decisions"
	TagQuality   = "Data quality"
	TagReadings  = "Readings"
	TagSeries    = "Series"
	TagLive      = "Live"
	TagSession   = "Session"
	TagOpenADR   = "OpenADR"
	TagKeys      = "API keys"
	TagWebhooks  = "Webhooks"
	TagProcess   = "Process"
)

// Config is shared by all operations of a twin that is served under a base path
// ("" is the root), so that they stand in one document.
func Config(base string) huma.Config {
	cfg := newConfig(cmp.Or(base, "/"))
	// Answers may gain fields: a client generated today must take them.
	cfg.AllowAdditionalPropertiesByDefault = true
	return cfg
}

func newConfig(server string) huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "EnergyTwin",
				Version:     Version,
				Description: description,
				License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Servers: []*huma.Server{{URL: server}},
			Tags: []*huma.Tag{
				{Name: TagTwin, Description: "What this twin is, and how far it is"},
				{Name: TagMeters, Description: "Meters, their readings and forecasts"},
				{Name: TagGroups, Description: "Feeders or communities: load, forecast and capacity"},
				{Name: TagDecisions, Description: "What to move, when, why, and what it is worth"},
				{Name: TagQuality, Description: "What was rejected, and why"},
				{Name: TagReadings, Description: "Sending readings from outside"},
				{Name: TagSeries, Description: "Prices, carbon intensities and temperatures, and sending them"},
				{Name: TagLive, Description: "What is stored, as it is stored"},
				{Name: TagSession, Description: "Signing in from a browser"},
				{Name: TagOpenADR, Description: "Prices, limits and plans for clients of OpenADR 3.1"},
				{Name: TagKeys, Description: "Keys that are created over the API, beside those of the twin's Secret"},
				{Name: TagWebhooks, Description: "Receivers of yours that are sent what is stored"},
				{Name: TagProcess, Description: "Health of this process"},
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"apiKey":  {Type: "apiKey", In: "header", Name: "X-API-Key", Description: "The API key as a header"},
					"bearer":  {Type: "http", Scheme: "bearer", Description: "The API key as a bearer token"},
					"session": {Type: "apiKey", In: "cookie", Name: auth.SessionCookie, Description: "Set by POST /api/v1/session"},
				},
			},
		},
		Formats: map[string]huma.Format{
			"application/json": jsonFormat(),
			"json":             jsonFormat(),
		},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{problem.Translate},
	}
}

// New registers operations on a group of routes. All APIs of one cfg share
// its document.
func New(cfg huma.Config, r *gin.Engine, g *gin.RouterGroup) huma.API {
	return humagin.NewWithGroup(r, g, cfg)
}

// Operations are the ids of the operations of a document, by the routes of the router.
func Operations(doc *huma.OpenAPI, into requestid.Operations) {
	parameter := regexp.MustCompile(`\{([^}]+)\}`)
	for path, item := range doc.Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
		} {
			if op != nil {
				into[requestid.Route{Method: method, Pattern: parameter.ReplaceAllString(path, ":$1")}] = op.OperationID
			}
		}
	}
}

// Get registers a GET operation. op names its path, id, summary, description
// and tag.
func Get[I, T any](api huma.API, op huma.Operation, handle func(context.Context, *I) (*T, error)) {
	op.Method = http.MethodGet
	Register(api, op, handle)
}

// Register adds what all operations have in common: who may ask, and in the document
// every status, problem and header, and an example.
func Register[I, T any](api huma.API, op huma.Operation, handle func(context.Context, *I) (*T, error)) {
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	describeFailures(api.OpenAPI(), &op)
	enforce(&op)
	huma.Register(api, op, handle)
	describeAnswers(&op)
}

// Needs is the security of an operation that needs a key or a session of a scope. Register
// enforces it, and documents it: as the roles of each way to sign in, and as x-required-scope.
func Needs(scope auth.Scope) []map[string][]string {
	of := []string{string(scope)}
	return []map[string][]string{{"apiKey": of}, {"bearer": of}, {"session": of}}
}

// requiredScope is the scope that an operation names by Needs; "" if it needs no key.
func requiredScope(op *huma.Operation) auth.Scope {
	for _, way := range op.Security {
		for _, scopes := range way {
			if len(scopes) > 0 { // all ways in need the same scope
				return auth.Scope(scopes[0])
			}
		}
	}
	return ""
}

// enforce keeps callers out whose key has not the scope that the operation names.
func enforce(op *huma.Operation) {
	want := requiredScope(op)
	if want == "" {
		return
	}
	if op.Extensions == nil {
		op.Extensions = map[string]any{}
	}
	op.Extensions["x-required-scope"] = string(want)
	admit := func(ctx huma.Context, next func(huma.Context)) {
		if lacks := auth.PrincipalOf(ctx.Context()).Lacks(want); lacks != nil {
			problem.Abort(humagin.Unwrap(ctx), lacks)
			return
		}
		next(ctx)
	}
	op.Middlewares = append(huma.Middlewares{admit}, op.Middlewares...) // before whatever the operation does itself
}

// describeText documents what holds for the text of every query parameter: it is neither
// empty nor has a NUL (see middleware.ReadableText).
func describeText(doc *huma.OpenAPI) {
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			for _, p := range op.Parameters {
				if p.In == "query" && p.Schema.Type == huma.TypeString && p.Schema.Pattern == "" && p.Schema.Format == "" && len(p.Schema.Enum) == 0 {
					p.Schema.Pattern = `^[^\x00]+$`
				}
				if p.In == "query" && p.Schema.Type == huma.TypeArray && p.Schema.MinItems == nil {
					one := 1
					p.Schema.MinItems = &one
					if items := p.Schema.Items; items.Type == huma.TypeString && items.Pattern == "" && items.Format == "" && len(items.Enum) == 0 {
						items.Pattern = `^[^\x00]+$`
					}
				}
			}
		}
	}
}

// Document is the OpenAPI document as indented JSON, the same bytes each time.
func Document(api huma.API) ([]byte, error) {
	doc := api.OpenAPI()
	// huma registers its own error model, which no operation here answers with.
	delete(doc.Components.Schemas.Map(), "ErrorModel")
	delete(doc.Components.Schemas.Map(), "ErrorDetail")
	code := doc.Components.Schemas.Map()["Problem"].Properties["code"]
	code.Extensions = map[string]any{"x-extensible-enum": Codes()} // a later version may have more
	for _, schema := range doc.Components.Schemas.Map() {
		if schema.AdditionalProperties == true {
			schema.AdditionalProperties = nil // means the same, and generators make plainer types of it
		}
	}
	describeText(doc)
	describeNull(doc)
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
