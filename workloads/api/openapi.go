package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
)

// apiVersion is the version of the REST API, not of the binary.
const apiVersion = "1.0.0"

const apiDescription = `What a digital twin of an electricity grid area knows: readings, forecasts and demand-side-management decisions.

- Every answer is ` + "`{data, page, meta}`" + `; a value that is not known is null, never 0.
- Times are RFC 3339 in UTC, or relative to the twin's own now (` + "`meta.asOf`" + `): ` + "`now`, `now-7d`, `now+24h`" + `. The now of a twin that replays 2019 lies in 2019.
- An hour is named by its start. Energy is in kWh, power in kW; negative energy is export.
- Problems are ` + "`application/problem+json`" + ` (RFC 9457) with a stable ` + "`code`" + ` and the ` + "`field`" + ` at fault.
- Lists go on at ` + "`page.nextCursor`" + `. Answers carry an ETag for If-None-Match.
- Send an API key as ` + "`X-API-Key`" + ` or ` + "`Authorization: Bearer`" + `.`

// The tags that group operations.
const (
	tagTwin      = "Twin"
	tagMeters    = "Meters"
	tagGroups    = "Groups"
	tagDecisions = "Decisions"
	tagQuality   = "Data quality"
	tagSession   = "Session"
	tagProcess   = "Process"
)

// apiConfig is shared by the open and the guarded operations, so that both
// stand in one document.
func (s *server) apiConfig() huma.Config {
	cfg := s.baseConfig()
	// Answers may gain fields: a client generated today must take them.
	cfg.AllowAdditionalPropertiesByDefault = true
	return cfg
}

func (s *server) baseConfig() huma.Config {
	server := s.base
	if server == "" {
		server = "/"
	}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "EnergyTwin",
				Version:     apiVersion,
				Description: apiDescription,
				License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Servers: []*huma.Server{{URL: server}},
			Tags: []*huma.Tag{
				{Name: tagTwin, Description: "What this twin is, and how far it is"},
				{Name: tagMeters, Description: "Meters, their readings and forecasts"},
				{Name: tagGroups, Description: "Feeders or communities: load, forecast and capacity"},
				{Name: tagDecisions, Description: "What to move, when, why, and what it is worth"},
				{Name: tagQuality, Description: "What was rejected, and why"},
				{Name: tagSession, Description: "Signing in from a browser"},
				{Name: tagProcess, Description: "Health of this process"},
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"apiKey":  {Type: "apiKey", In: "header", Name: "X-API-Key"},
					"bearer":  {Type: "http", Scheme: "bearer", Description: "The API key as a bearer token"},
					"session": {Type: "apiKey", In: "cookie", Name: sessionCookie, Description: "Set by POST /api/v1/session"},
				},
			},
		},
		Formats: map[string]huma.Format{
			"application/json": huma.DefaultJSONFormat,
			"json":             huma.DefaultJSONFormat,
			"text/csv":         csvFormat(),
		},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{problems},
	}
}

// newAPI registers operations on a group of routes. All APIs of one cfg share
// its document.
func newAPI(cfg huma.Config, r *gin.Engine, g *gin.RouterGroup) huma.API {
	return humagin.NewWithGroup(r, g, cfg)
}

// get registers a GET operation. op names its path, id, summary, description
// and tag.
func get[I, T any](api huma.API, op huma.Operation, handle func(context.Context, *I) (*T, error)) {
	op.Method = http.MethodGet
	register(api, op, handle)
}

// register adds what all operations have in common. In the document,
// every status that is not described is a problem.
func register[I, T any](api huma.API, op huma.Operation, handle func(context.Context, *I) (*T, error)) {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "A problem",
		Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
	}
	huma.Register(api, op, handle)
}

// keyed documents that an operation needs a key or a session.
func keyed() []map[string][]string {
	return []map[string][]string{{"apiKey": {}}, {"bearer": {}}, {"session": {}}}
}

// document is the OpenAPI document as indented JSON, the same bytes each time.
func document(api huma.API) ([]byte, error) {
	doc := api.OpenAPI()
	// huma registers its own error model, which no operation here answers with.
	delete(doc.Components.Schemas.Map(), "ErrorModel")
	delete(doc.Components.Schemas.Map(), "ErrorDetail")
	for _, schema := range doc.Components.Schemas.Map() {
		if schema.AdditionalProperties == true {
			schema.AdditionalProperties = nil // means the same, and generators make plainer types of it
		}
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("api: OpenAPI document: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("api: OpenAPI document: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
