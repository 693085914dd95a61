package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/webhook"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/stream"
	hooks "github.com/energytwin/energytwin/workloads/api/webhook"
)

type createWebhookInput struct {
	Body struct {
		_      struct{} `additionalProperties:"false"`
		Name   string   `json:"name" minLength:"1" maxLength:"63" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" doc:"What people call it; no other webhook may have the name" example:"billing"`
		URL    string   `json:"url" minLength:"1" maxLength:"2048" doc:"Where messages are sent, by POST: https, and an address that is public" example:"https://example.org/energytwin"`
		Kinds  []string `json:"kinds,omitempty" maxItems:"5" enum:"state,forecast,decision,limit,alert" doc:"Only events of these kinds, as in GET /api/v1/stream; without it all"`
		Groups []string `json:"groups,omitempty" maxItems:"50" doc:"Only events about these groups, the groups below them, or meters in any of them"`
		Meters []string `json:"meters,omitempty" maxItems:"50" doc:"Only events about these meters, or about the load, forecast and limits of their groups"`
	}
}

type changeWebhookInput struct {
	ID   string `path:"id" format:"uuid" doc:"Of the webhook"`
	Body struct {
		_       struct{}  `additionalProperties:"false"`
		Name    *string   `json:"name,omitempty" minLength:"1" maxLength:"63" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$"`
		URL     *string   `json:"url,omitempty" minLength:"1" maxLength:"2048"`
		Kinds   *[]string `json:"kinds,omitempty" maxItems:"5" enum:"state,forecast,decision,limit,alert" doc:"An empty list takes the filter away"`
		Groups  *[]string `json:"groups,omitempty" maxItems:"50" doc:"An empty list takes the filter away"`
		Meters  *[]string `json:"meters,omitempty" maxItems:"50" doc:"An empty list takes the filter away"`
		Enabled *bool     `json:"enabled,omitempty" doc:"False turns it off: it gets no events, and its messages wait. True turns it on, also where it was turned off as nothing was delivered; the receiver then gets a reset, as events are missing"`
	}
}

type webhookInput struct {
	ID string `path:"id" format:"uuid" doc:"Of the webhook"`
}

type rotateWebhookInput struct {
	ID   string `path:"id" format:"uuid" doc:"Of the webhook"`
	Body struct {
		_              struct{} `additionalProperties:"false"`
		OverlapSeconds *int     `json:"overlapSeconds,omitempty" minimum:"0" maximum:"604800" doc:"How long messages are signed by the secret before, too; 0 ends it at once, without it a day" example:"86400"`
	}
}

type deliveriesInput struct {
	ID     string `path:"id" format:"uuid" doc:"Of the webhook"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Most deliveries of one answer"`
	Cursor string `query:"cursor" maxLength:"1000" format:"base64url" doc:"page.nextCursor of the answer before"`
}

type deliveryInput struct {
	ID       string `path:"id" format:"uuid" doc:"Of the webhook"`
	Delivery string `path:"delivery" maxLength:"80" doc:"Id of the delivery: the header webhook-id" example:"msg_4f1d3b52-70f5-4d8e-9a35-5b0e6f3c2d18"`
}

type secretOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         Answer[WebhookWithSecret]
}

// pathWebhooks begins the paths of webhooks.
const pathWebhooks = "/api/v1/webhooks"

func (s *server) webhookOperations(guarded huma.API) {
	operate := openapi.Needs(auth.ScopeOperate)
	tags := []string{openapi.TagWebhooks}
	openapi.Get(guarded, huma.Operation{
		Path: pathWebhooks, OperationID: "webhooks", Tags: tags, Security: operate, Summary: "All webhooks, and how they are doing",
		Description: "In the order in which they were created.",
	}, s.listWebhooks)
	openapi.Register(guarded, huma.Operation{
		Method: http.MethodPost, Path: pathWebhooks, OperationID: "createWebhook", Tags: tags, Security: operate,
		Summary: "Create a webhook", DefaultStatus: http.StatusCreated, MaxBodyBytes: 64 << 10,
		Description: "Its receiver is sent what is stored from now on: the events of GET /api/v1/stream, up to 100 in a message, signed as Standard Webhooks define it. Each message arrives at least once, " +
			"with the same id and body at each attempt; any answer of 2xx within 10 s takes it. The answer here has the secret, which is shown this once.",
		RequestBody: &huma.RequestBody{Description: "Where messages are sent, and which events"},
	}, s.createWebhook)
	openapi.Get(guarded, huma.Operation{
		Path: pathWebhooks + "/{id}", OperationID: "webhook", Tags: tags, Security: operate, Summary: "A webhook, and how it is doing",
		Description: "Its secret is shown when it is created or rotated, and never again.",
	}, s.webhook)
	openapi.Register(guarded, huma.Operation{
		Method: http.MethodPatch, Path: pathWebhooks + "/{id}", OperationID: "changeWebhook", Tags: tags, Security: operate,
		Summary: "Change a webhook, or turn it on or off", MaxBodyBytes: 64 << 10,
		Description: "What is left out stays as it is. Messages that wait are sent as the webhook is then.",
		RequestBody: &huma.RequestBody{Description: "What is to change"},
	}, s.changeWebhook)
	openapi.Register(guarded, huma.Operation{
		Method: http.MethodDelete, Path: pathWebhooks + "/{id}", OperationID: "deleteWebhook", Tags: tags, Security: operate,
		Summary: "Delete a webhook", DefaultStatus: http.StatusNoContent,
		Description: "Its messages and deliveries are gone with it.",
	}, s.deleteWebhook)
	openapi.Register(guarded, huma.Operation{
		Method: http.MethodPost, Path: pathWebhooks + "/{id}/rotate", OperationID: "rotateWebhook", Tags: tags, Security: operate,
		Summary: "Replace the secret of a webhook", MaxBodyBytes: 4096,
		Description: "Messages are signed by both secrets until the overlap ends, so that the receiver can change over.",
		RequestBody: &huma.RequestBody{Description: "How long the secret before signs too"},
	}, s.rotateWebhook)
	openapi.Register(guarded, huma.Operation{
		Method: http.MethodPost, Path: pathWebhooks + "/{id}/test", OperationID: "testWebhook", Tags: tags, Security: operate,
		Summary:     "Send a test now",
		Description: "The message has no events. It is sent once, and the answer has what came of it. A test that is delivered ends the failures of the webhook: what waits is sent at once.",
	}, s.testWebhook)
	openapi.Get(guarded, huma.Operation{
		Path: pathWebhooks + "/{id}/deliveries", OperationID: "webhookDeliveries", Tags: tags, Security: operate,
		Summary: "Messages of a webhook, and what came of them", Description: "The newest first. Of those that are done, the newest 500 are kept.",
	}, s.webhookDeliveries)
	openapi.Get(guarded, huma.Operation{
		Path: pathWebhooks + "/{id}/deliveries/{delivery}", OperationID: "webhookDelivery", Tags: tags, Security: operate,
		Summary: "A message of a webhook, with its body", Description: "The body is that of each attempt.",
	}, s.webhookDelivery)
	openapi.Register(guarded, huma.Operation{
		Method: http.MethodPost, Path: pathWebhooks + "/{id}/deliveries/{delivery}/redeliver", OperationID: "redeliver", Tags: tags, Security: operate,
		Summary: "Send a message again", DefaultStatus: http.StatusAccepted,
		Description: "Whatever came of it before. Its id is the same, so that a receiver which leaves out messages it has seen leaves it out too.",
	}, s.redeliver)
}

// hooksOn is why there are no webhooks here; nil if there are.
func (s *server) hooksOn() error {
	if s.hooks != nil {
		return nil
	}
	return problem.New(http.StatusConflict, problem.CodeWebhooksNotSent, "", "this twin sends no webhooks; set spec.api.webhooks.enabled")
}

// webhookID is the id of a path.
func (s *server) webhookID(text string) (uuid.UUID, error) {
	if err := s.hooksOn(); err != nil {
		return uuid.Nil, err
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, problem.NotFound(problem.CodeUnknownWebhook, "there is no such webhook; GET /api/v1/webhooks lists them")
	}
	return id, nil
}

// hookFailed passes a problem on, and reports another error as one of the database.
func (s *server) hookFailed(ctx context.Context, doing string, err error) error {
	var rejected *problem.Problem
	if errors.As(err, &rejected) {
		return err
	}
	return s.failed(ctx, doing, err)
}

func (s *server) listWebhooks(ctx context.Context, _ *noInput) (*output[[]WebhookView], error) {
	if err := s.hooksOn(); err != nil {
		return nil, err
	}
	all, err := s.hooks.All(ctx)
	if err != nil {
		return nil, s.failed(ctx, "list webhooks", err)
	}
	states, err := s.hooks.States(ctx)
	if err != nil {
		return nil, s.failed(ctx, "list webhooks", err)
	}
	views := []WebhookView{}
	for _, h := range all {
		state := states[h.ID]
		views = append(views, s.webhookView(h, &state))
	}
	return &output[[]WebhookView]{Body: Answer[[]WebhookView]{Data: views}}, nil
}

func (s *server) webhook(ctx context.Context, in *webhookInput) (*output[WebhookView], error) {
	id, err := s.webhookID(in.ID)
	if err != nil {
		return nil, err
	}
	return s.webhookAnswer(ctx, id)
}

func (s *server) webhookAnswer(ctx context.Context, id uuid.UUID) (*output[WebhookView], error) {
	h, state, err := s.hooks.Get(ctx, id)
	if err != nil {
		return nil, s.hookFailed(ctx, "read a webhook", err)
	}
	return &output[WebhookView]{Body: Answer[WebhookView]{Data: s.webhookView(h, &state)}}, nil
}

func (s *server) createWebhook(ctx context.Context, in *createWebhookInput) (*secretOutput, error) {
	if err := s.hooksOn(); err != nil {
		return nil, err
	}
	b := &in.Body
	want := webhook.Settings{Name: b.Name, URL: b.URL, Kinds: b.Kinds, Groups: b.Groups, Meters: b.Meters}
	if err := s.checkWebhookFilter(ctx, &want); err != nil {
		return nil, err
	}
	made, err := s.hooks.Create(ctx, &want, auth.PrincipalOf(ctx).Name)
	if err != nil {
		return nil, s.hookFailed(ctx, "create a webhook", err)
	}
	s.log.InfoContext(ctx, "a webhook was created", "id", made.ID, "name", made.Name, "by", made.CreatedBy)
	return s.withSecret(made, &webhook.State{}), nil
}

func (s *server) withSecret(h *webhook.Webhook, state *webhook.State) *secretOutput {
	return &secretOutput{CacheControl: noStore, Body: Answer[WebhookWithSecret]{Data: WebhookWithSecret{WebhookView: s.webhookView(h, state), Secret: hooks.Secret(h.Secret)}}}
}

func (s *server) changeWebhook(ctx context.Context, in *changeWebhookInput) (*output[WebhookView], error) {
	id, err := s.webhookID(in.ID)
	if err != nil {
		return nil, err
	}
	b, by := &in.Body, auth.PrincipalOf(ctx).Name
	if b.Name != nil || b.URL != nil || b.Kinds != nil || b.Groups != nil || b.Meters != nil {
		_, err = s.hooks.Change(ctx, id, by, func(h *webhook.Settings) error {
			set(&h.Name, b.Name)
			set(&h.URL, b.URL)
			set(&h.Kinds, b.Kinds)
			set(&h.Groups, b.Groups)
			set(&h.Meters, b.Meters)
			return s.checkWebhookFilter(ctx, h)
		})
	} else {
		_, _, err = s.hooks.Get(ctx, id)
	}
	if err == nil && b.Enabled != nil {
		err = s.hooks.Switch(ctx, id, *b.Enabled)
	}
	if err != nil {
		return nil, s.hookFailed(ctx, "change a webhook", err)
	}
	s.log.InfoContext(ctx, "a webhook was changed", "id", id, "by", by)
	return s.webhookAnswer(ctx, id)
}

// set sets what is given.
func set[T any](to *T, given *T) {
	if given != nil {
		*to = *given
	}
}

func (s *server) deleteWebhook(ctx context.Context, in *webhookInput) (*struct{}, error) {
	id, err := s.webhookID(in.ID)
	if err != nil {
		return nil, err
	}
	by := auth.PrincipalOf(ctx).Name
	if err := s.hooks.Delete(ctx, id, by); err != nil {
		return nil, s.hookFailed(ctx, "delete a webhook", err)
	}
	s.log.InfoContext(ctx, "a webhook was deleted", "id", id, "by", by)
	return nil, nil
}

func (s *server) rotateWebhook(ctx context.Context, in *rotateWebhookInput) (*secretOutput, error) {
	id, err := s.webhookID(in.ID)
	if err != nil {
		return nil, err
	}
	overlap := defaultOverlap
	if given := in.Body.OverlapSeconds; given != nil { // 0 is a value here
		overlap = time.Duration(*given) * time.Second
	}
	by := auth.PrincipalOf(ctx).Name
	made, err := s.hooks.Rotate(ctx, id, by, overlap)
	if err != nil {
		return nil, s.hookFailed(ctx, "rotate the secret of a webhook", err)
	}
	s.log.InfoContext(ctx, "the secret of a webhook was rotated", "id", id, "by", by)
	_, state, err := s.hooks.Get(ctx, id)
	if err != nil {
		return nil, s.hookFailed(ctx, "read a webhook", err)
	}
	return s.withSecret(made, &state), nil
}

func (s *server) testWebhook(ctx context.Context, in *webhookInput) (*output[DeliveryView], error) {
	id, err := s.webhookID(in.ID)
	if err != nil {
		return nil, err
	}
	m, err := s.hooks.Test(ctx, id)
	if err != nil {
		return nil, s.hookFailed(ctx, "test a webhook", err)
	}
	return deliveryAnswer(m)
}

func (s *server) redeliver(ctx context.Context, in *deliveryInput) (*output[DeliveryView], error) {
	id, err := s.webhookID(in.ID)
	if err != nil {
		return nil, err
	}
	m, err := s.hooks.Redeliver(ctx, id, in.Delivery)
	if err != nil {
		return nil, s.hookFailed(ctx, "deliver a message again", err)
	}
	return deliveryAnswer(m)
}

func (s *server) webhookDelivery(ctx context.Context, in *deliveryInput) (*output[DeliveryView], error) {
	id, err := s.webhookID(in.ID)
	if err != nil {
		return nil, err
	}
	m, err := s.hooks.Delivery(ctx, id, in.Delivery)
	if err != nil {
		return nil, s.hookFailed(ctx, "read a delivery", err)
	}
	return deliveryAnswer(m)
}

// deliveryAnswer is an answer about one message, with its body.
func deliveryAnswer(m *webhook.Message) (*output[DeliveryView], error) {
	view := deliveryView(*m)
	if err := json.Unmarshal(m.Body, &view.Body); err != nil {
		return nil, err
	}
	return &output[DeliveryView]{Body: Answer[DeliveryView]{Data: view}}, nil
}

func (s *server) webhookDeliveries(ctx context.Context, in *deliveriesInput) (*output[[]DeliveryView], error) {
	id, err := s.webhookID(in.ID)
	if err != nil {
		return nil, err
	}
	filters := params.FilterPrint("deliveries", id)
	after, err := params.DecodeCursor[int64](filters, in.Cursor)
	if err != nil {
		return nil, err
	}
	var before int64
	if after != nil {
		before = *after
	}
	found, next, err := s.hooks.Deliveries(ctx, id, before, in.Limit)
	if err != nil {
		return nil, s.hookFailed(ctx, "read deliveries", err)
	}
	page := &Page{Limit: in.Limit, HasMore: next > 0}
	if next > 0 {
		text, err := params.EncodeCursor(filters, next)
		if err != nil {
			return nil, err
		}
		page.NextCursor = &text
	}
	data := []DeliveryView{}
	for i := range found {
		data = append(data, deliveryView(found[i]))
	}
	return &output[[]DeliveryView]{Body: Answer[[]DeliveryView]{Data: data, Page: page}}, nil
}

// checkWebhookFilter reports names that the twin does not know.
func (s *server) checkWebhookFilter(ctx context.Context, h *webhook.Settings) error {
	_, err := s.streamFilter(ctx, &streamInput{Kind: h.Kinds, Group: h.Groups, Meter: h.Meters})
	return err
}

// webhookFilter is the filter of a webhook. A group or meter that is gone meanwhile has no events.
func (s *server) webhookFilter(ctx context.Context, h *webhook.Settings) (f stream.Filter, err error) {
	f.Groups, f.Meters = h.Groups, h.Meters
	for _, kind := range h.Kinds {
		f.Kinds = append(f.Kinds, stream.Kind(kind))
	}
	for _, name := range h.Meters {
		m, err := s.findMeter(ctx, name)
		var gone *problem.Problem
		if errors.As(err, &gone) && gone.Status == http.StatusNotFound {
			continue
		}
		if err != nil {
			return f, err
		}
		if m.Group != "" {
			f.Around = append(append(f.Around, m.Group), s.tree.Above(m.Group)...)
		}
	}
	return f, nil
}
