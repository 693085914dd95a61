package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"

	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/middleware"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/stream"
)

type streamInput struct {
	Kind   []string `query:"kind,explode" maxItems:"5" enum:"state,forecast,decision,limit,alert" doc:"Only events of this kind; may be repeated"`
	Group  []string `query:"group,explode" maxItems:"50" doc:"Only events about this group, the groups below it, or meters in any of them; may be repeated"`
	Meter  []string `query:"meter,explode" maxItems:"50" doc:"Only events about this meter, or about the load, forecast and limits of its group; may be repeated"`
	LastID string   `query:"lastEventId" maxLength:"8192" doc:"Like the header Last-Event-ID, for callers that cannot set it; the header counts where both are there"`
	Header string   `header:"Last-Event-ID" maxLength:"8192" doc:"Id of the last event that the caller has: the stream goes on behind it"`
}

// streamOperation is apart from the others: a stream is in no lane, and has no ETag.
func (s *server) streamOperation(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: middleware.StreamPath, OperationID: "stream", Tags: []string{openapi.TagLive}, Security: openapi.Needs(auth.ScopeRead),
		Summary: "What is stored, as it is stored",
		Description: "Server-sent events, each after what it is about was stored. `state`: load of a group in the newest hour. `forecast`, `decision`: they were issued. " +
			"`limit`: a limit of a group is at risk by a forecast that was issued. `alert`: a group is above its limit, or messages were rejected; alerts about what does not happen are in GET /api/v1/alerts alone. " +
			"`reset`: events may be missing; read again what you show. Without an id the stream begins now; with the id of the last event (`Last-Event-ID`) it goes on behind it, without loss or repeats, on every replica. " +
			"An id is not to be taken apart. Where much is stored at once, as in a fast replay, the loads of hours in between have no event. A comment with the newest id comes every 15 s. " +
			"A stream ends with its key or session, within 5 s, and where its caller takes nothing for 10 s.",
		Responses: map[string]*huma.Response{"200": s.streamAnswer(api)},
	}, s.stream)
}

// streamAnswer documents the events.
func (s *server) streamAnswer(api huma.API) *huma.Response {
	schemas := api.OpenAPI().Components.Schemas
	var events []*huma.Schema
	for _, of := range []struct {
		kind stream.Kind
		data reflect.Type
	}{
		{stream.KindState, reflect.TypeFor[StateEvent]()},
		{stream.KindForecast, reflect.TypeFor[ForecastEvent]()},
		{stream.KindDecision, reflect.TypeFor[DecisionHeader]()},
		{stream.KindLimit, reflect.TypeFor[LimitEvent]()},
		{stream.KindAlert, reflect.TypeFor[Alert]()},
		{stream.KindReset, reflect.TypeFor[ResetEvent]()},
	} {
		data := &huma.Schema{Type: huma.TypeString, Extensions: map[string]any{"contentMediaType": "application/json", "contentSchema": schemas.Schema(of.data, true, "")}}
		events = append(events, &huma.Schema{
			Type: huma.TypeObject, Required: []string{"id", "event", "data"},
			Properties: map[string]*huma.Schema{
				"id":    {Type: huma.TypeString, Description: "To go on behind this event"},
				"event": {Type: huma.TypeString, Enum: []any{string(of.kind)}},
				"data":  data,
			},
		})
	}
	example, err := json.Marshal(StateEvent{Group: maybeText("feeder-0001"), At: time.Date(2019, 6, 1, 16, 0, 0, 0, time.UTC), KWh: maybe(18.4), Meters: 20})
	if err != nil {
		panic(err) // of plain values
	}
	return &huma.Response{
		Description: "Events, until the caller leaves",
		Content: map[string]*huma.MediaType{"text/event-stream": {
			// Before OpenAPI 3.2, the schema of a stream is that of each of its events.
			Schema:  &huma.Schema{Description: "One event of the stream, with its data as JSON in one line", OneOf: events},
			Example: map[string]any{"id": "18250-0_18401-0", "event": string(stream.KindState), "data": string(example)},
		}},
	}
}

func (s *server) stream(ctx context.Context, in *streamInput) (*huma.StreamResponse, error) {
	filter, err := s.streamFilter(ctx, in)
	if err != nil {
		return nil, err
	}
	client := &stream.Client{Key: auth.PrincipalOf(ctx).Caller(), Filter: filter, LastID: in.LastID, HeadersOnly: middleware.IsHead(ctx)}
	if in.Header != "" {
		client.LastID = in.Header
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		client.Allowed = func(context.Context) bool { return s.guard.StillHolds(c, auth.ScopeRead) }
		c.Header(gzhttp.HeaderNoCompression, "1") // what is compressed waits for more; the wrapper takes the header out
		if err := s.live.Serve(c.Request.Context(), c.Writer, client); err != nil {
			s.rejectStream(c, err)
		}
	}}, nil
}

func (s *server) rejectStream(c *gin.Context, err error) {
	c.Header("Cache-Control", "private, no-cache")
	switch {
	case errors.Is(err, stream.ErrFullOfKey):
		err = problem.RetryAfter(problem.New(http.StatusTooManyRequests, problem.CodeRateLimited, "", "too many streams of this key are open; end some of them"), 30)
	case errors.Is(err, stream.ErrFull):
		err = problem.RetryAfter(problem.New(http.StatusServiceUnavailable, problem.CodeUnavailable, "", "too many streams are open; try again, or ask now and then for what you show"), 30)
	default:
		err = problem.RetryAfter(problem.New(http.StatusServiceUnavailable, problem.CodeUnavailable, "",
			"the live stream cannot be read; everything else works: ask now and then for what you show"), 15)
	}
	problem.AbortWith(c, err)
}

// streamFilter resolves the names of a filter.
func (s *server) streamFilter(ctx context.Context, in *streamInput) (f stream.Filter, err error) {
	for _, kind := range in.Kind {
		f.Kinds = append(f.Kinds, stream.Kind(kind))
	}
	for _, group := range in.Group {
		if _, err := s.findGroup(ctx, group); err != nil {
			return f, asFilter("group", err)
		}
	}
	f.Groups = in.Group
	for _, name := range in.Meter {
		m, err := s.findMeter(ctx, name)
		if err != nil {
			return f, asFilter("meter", err)
		}
		f.Meters = append(f.Meters, m.Name)
		if m.Group != "" {
			f.Around = append(append(f.Around, m.Group), s.tree.Above(m.Group)...)
		}
	}
	return f, nil
}
