package api

import (
	"context"
	"time"

	"github.com/energytwin/energytwin/internal/webhook"
	hooks "github.com/energytwin/energytwin/workloads/api/webhook"
)

// WebhookView is a webhook and how it is doing: never its secret.
type WebhookView struct {
	ID      string   `json:"id" format:"uuid" example:"0b6cf7a0-9c1e-4a34-8f3d-3f1c5a8d6e21"`
	Name    string   `json:"name" example:"billing"`
	URL     string   `json:"url" doc:"Where messages are sent"`
	Kinds   []string `json:"kinds" nullable:"false" doc:"Events that it gets; empty: all"`
	Groups  []string `json:"groups" nullable:"false" doc:"Of which groups; empty, as meters too: of all"`
	Meters  []string `json:"meters" nullable:"false" doc:"Of which meters; empty, as groups too: of all"`
	Enabled bool     `json:"enabled" doc:"False where it was turned off, by a person or as nothing was delivered"`

	Status          hooks.Status `json:"status" enum:"active,failing,paused,off" doc:"failing: the newest attempts failed. paused: a person turned it off. off: it was turned off, see offReason"`
	OffReason       *string      `json:"offReason" doc:"user: by a person. failing: nothing was delivered for as long as the specification of the twin allows. gone: the receiver answered 410. Null while it is on"`
	OffSince        *time.Time   `json:"offSince" doc:"Null while it is on"`
	FailingSince    *time.Time   `json:"failingSince" doc:"First failed attempt since the last delivery; null without any"`
	Failures        int          `json:"failures" doc:"Failed attempts since the last delivery"`
	NextAttemptAt   *time.Time   `json:"nextAttemptAt" doc:"Before this time nothing is sent; null: at once"`
	LastDeliveredAt *time.Time   `json:"lastDeliveredAt" doc:"Null: never"`
	Pending         int          `json:"pending" doc:"Messages that wait"`
	DroppedEvents   int64        `json:"droppedEvents" doc:"Events that found no room among the messages that wait, ever"`

	CreatedAt          time.Time  `json:"createdAt"`
	CreatedBy          string     `json:"createdBy" doc:"Name of the API key"`
	ChangedAt          time.Time  `json:"changedAt"`
	ChangedBy          string     `json:"changedBy" doc:"Name of the API key"`
	SecretBeforeEndsAt *time.Time `json:"secretBeforeEndsAt" doc:"Until when messages are signed by the secret before the rotation too; null without one"`
}

// WebhookWithSecret is a webhook with its new secret.
type WebhookWithSecret struct {
	WebhookView
	Secret string `json:"secret" doc:"By which signatures are checked. It is shown this once" example:"whsec_Zm9yIGV4YW1wbGUgb25seTogbm90IGEgc2VjcmV0IGF0IGFsbA=="`
}

// DeliveryView is a message of a webhook and what came of it.
type DeliveryView struct {
	ID            string         `json:"id" example:"msg_4f1d3b52-70f5-4d8e-9a35-5b0e6f3c2d18" doc:"The header webhook-id of each attempt"`
	Type          string         `json:"type" enum:"twin.events,twin.test"`
	Events        int            `json:"events" doc:"In the message"`
	CreatedAt     time.Time      `json:"createdAt"`
	Status        string         `json:"status" enum:"pending,delivered,given_up" doc:"given_up: no attempt follows"`
	DoneAt        *time.Time     `json:"doneAt" doc:"When it was delivered or given up; null before"`
	NextAttemptAt *time.Time     `json:"nextAttemptAt" doc:"Null: no attempt follows"`
	Attempts      int            `json:"attempts" doc:"So far"`
	Tries         []DeliveryTry  `json:"tries" nullable:"false" doc:"The newest attempts, at most 20, in order"`
	Body          map[string]any `json:"body,omitempty" doc:"As it is sent. Only of one delivery"`
}

// DeliveryTry is an attempt to deliver a message.
type DeliveryTry struct {
	At         time.Time `json:"at"`
	DurationMs int64     `json:"durationMs"`
	Status     *int      `json:"status" doc:"HTTP status of the receiver; null: it did not answer"`
	Error      *string   `json:"error" doc:"Null: the message was delivered"`
}

// failingFor is how long a webhook fails before that is an alert.
const failingFor = 15 * time.Minute

// webhookAlerts are those of webhooks that deliver nothing.
func (s *server) webhookAlerts(ctx context.Context) (found []Alert, err error) {
	if s.hooks == nil {
		return nil, nil
	}
	all, err := s.hooks.All(ctx)
	if err != nil {
		return nil, err
	}
	states, err := s.hooks.States(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range all {
		state := states[h.ID]
		text := ""
		switch status := hooks.StatusOf(&state); {
		case status == hooks.StatusOff && state.OffWhy == webhook.OffGone:
			text = "was turned off, as its receiver wants no messages any more"
		case status == hooks.StatusOff:
			text = "was turned off, as it had delivered nothing for too long"
		case status == hooks.StatusFailing && time.Since(state.FailingSince) > failingFor:
			text = "has delivered nothing since " + state.FailingSince.Format(time.RFC3339)
		default:
			continue
		}
		found = append(found, Alert{Kind: "webhook_failing", Severity: "warning", Meters: []string{}, Value: maybe(float64(state.Pending)), Message: "the webhook " + h.Name + " " + text})
	}
	return found, nil
}

func (s *server) webhookView(h *webhook.Webhook, state *webhook.State) WebhookView {
	v := WebhookView{
		ID: h.ID.String(), Name: h.Name, URL: h.URL, Kinds: named(h.Kinds), Groups: named(h.Groups), Meters: named(h.Meters),
		Enabled: state.OffSince.IsZero(), Status: hooks.StatusOf(state), OffReason: maybeText(state.OffWhy), OffSince: givenTime(state.OffSince), FailingSince: givenTime(state.FailingSince),
		Failures: state.Failures, LastDeliveredAt: givenTime(state.LastDelivered), Pending: state.Pending, DroppedEvents: state.Dropped,
		CreatedAt: h.CreatedAt.UTC(), CreatedBy: h.CreatedBy, ChangedAt: h.At.UTC(), ChangedBy: h.By,
	}
	if now := time.Now(); state.NextAt.After(now) {
		v.NextAttemptAt = givenTime(state.NextAt)
	}
	if len(h.Before) > 0 && h.BeforeEndsAt.After(time.Now()) {
		v.SecretBeforeEndsAt = givenTime(h.BeforeEndsAt)
	}
	return v
}

func named(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

func deliveryView(m webhook.Message) DeliveryView {
	v := DeliveryView{
		ID: m.ID, Type: m.Type, Events: m.Events, CreatedAt: m.CreatedAt, Status: "pending", DoneAt: givenTime(m.DoneAt), NextAttemptAt: givenTime(m.NextAt),
		Attempts: m.Attempts, Tries: []DeliveryTry{},
	}
	switch {
	case !m.NextAt.IsZero():
	case m.Delivered:
		v.Status = "delivered"
	default:
		v.Status = "given_up"
	}
	for i := range m.Tries {
		t := DeliveryTry{At: m.Tries[i].At, DurationMs: m.Tries[i].Millis, Error: maybeText(m.Tries[i].Error)}
		if m.Tries[i].Status != 0 {
			t.Status = &m.Tries[i].Status
		}
		v.Tries = append(v.Tries, t)
	}
	return v
}
