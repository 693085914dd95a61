package webhook

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/webhook"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// MaxOverlap is how long the secret before a rotation signs on at most.
const MaxOverlap = 7 * 24 * time.Hour

// All are the webhooks, in the order in which they were created.
func (s *Service) All(ctx context.Context) ([]*webhook.Webhook, error) {
	hooks, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]*webhook.Webhook, 0, len(hooks))
	for _, h := range hooks {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b *webhook.Webhook) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID.String(), b.ID.String()))
	})
	return all, nil
}

// States are how the webhooks are doing.
func (s *Service) States(ctx context.Context) (map[uuid.UUID]webhook.State, error) {
	return s.o.Store.States(ctx)
}

// Get is a webhook and how it is doing. The error is a problem where there is none.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (*webhook.Webhook, webhook.State, error) {
	hooks, err := s.read(ctx)
	if err != nil {
		return nil, webhook.State{}, err
	}
	if hooks[id] == nil {
		return nil, webhook.State{}, unknown(id)
	}
	states, err := s.o.Store.States(ctx)
	return hooks[id], states[id], err
}

func unknown(id uuid.UUID) error {
	return problem.NotFound(problem.CodeUnknownWebhook, "there is no webhook "+id.String()+"; GET /api/v1/webhooks lists them")
}

// Create makes a webhook, with a secret of its own.
func (s *Service) Create(ctx context.Context, want *webhook.Settings, by string) (*webhook.Webhook, error) {
	settings := *want
	settings.Secret, settings.CreatedBy, settings.CreatedAt = webhook.NewSecret(), by, moment()
	made := &webhook.Webhook{ID: uuid.New(), By: by, At: settings.CreatedAt, Version: 1, Settings: settings}
	err := s.o.Store.Change(ctx, func(versions []webhook.Version) (*webhook.Version, error) {
		hooks := s.opened(ctx, versions)
		if err := s.check(hooks, made); err != nil {
			return nil, err
		}
		if len(hooks) >= s.o.Most {
			return nil, problem.New(http.StatusConflict, problem.CodeTooManyWebhooks, "",
				fmt.Sprintf("there are %d webhooks, and no more are allowed (spec.api.webhooks.max); delete one that nobody needs", len(hooks)))
		}
		return s.closed(made, false)
	})
	s.forget()
	return made, err
}

// Change has settings changed by change, whose error is returned as it is.
func (s *Service) Change(ctx context.Context, id uuid.UUID, by string, change func(*webhook.Settings) error) (*webhook.Webhook, error) {
	return s.next(ctx, id, by, false, change)
}

// Delete ends a webhook. Its messages are gone with it.
func (s *Service) Delete(ctx context.Context, id uuid.UUID, by string) error {
	_, err := s.next(ctx, id, by, true, func(h *webhook.Settings) error {
		*h = webhook.Settings{Name: h.Name, URL: h.URL} // secrets end here
		return nil
	})
	return err
}

// Rotate gives a webhook a new secret. Messages are signed by the one before too, until the
// overlap ends.
func (s *Service) Rotate(ctx context.Context, id uuid.UUID, by string, overlap time.Duration) (*webhook.Webhook, error) {
	return s.next(ctx, id, by, false, func(h *webhook.Settings) error {
		h.Before, h.BeforeEndsAt = nil, time.Time{}
		if overlap > 0 {
			h.Before, h.BeforeEndsAt = h.Secret, moment().Add(overlap)
		}
		h.Secret = webhook.NewSecret()
		return nil
	})
}

// next adds a version of a webhook.
func (s *Service) next(ctx context.Context, id uuid.UUID, by string, deleted bool, change func(*webhook.Settings) error) (*webhook.Webhook, error) {
	var made *webhook.Webhook
	err := s.o.Store.Change(ctx, func(versions []webhook.Version) (*webhook.Version, error) {
		hooks := s.opened(ctx, versions)
		if hooks[id] == nil {
			return nil, unknown(id)
		}
		// The first is the greatest, even if it counts for nothing.
		i := slices.IndexFunc(versions, func(v webhook.Version) bool { return v.ID == id })
		made = &webhook.Webhook{ID: id, Version: versions[i].Number + 1, By: by, At: moment(), Settings: hooks[id].Settings}
		if err := change(&made.Settings); err != nil {
			return nil, err
		}
		if !deleted {
			if err := s.check(hooks, made); err != nil {
				return nil, err
			}
		}
		return s.closed(made, deleted)
	})
	s.forget()
	return made, err
}

// check is what is wrong with a webhook among others.
func (s *Service) check(hooks map[uuid.UUID]*webhook.Webhook, made *webhook.Webhook) error {
	if err := CheckURL(made.URL, s.o.AllowPrivate); err != nil {
		return problem.New(http.StatusUnprocessableEntity, problem.CodeInvalidBody, "url", "url: "+err.Error())
	}
	for id, h := range hooks {
		if id != made.ID && h.Name == made.Name {
			return problem.New(http.StatusConflict, problem.CodeNameTaken, "name", "there is a webhook "+made.Name+"; choose another name")
		}
	}
	return nil
}

func (s *Service) closed(h *webhook.Webhook, deleted bool) (*webhook.Version, error) {
	v := &webhook.Version{ID: h.ID, Number: h.Version, By: h.By, At: h.At, Deleted: deleted}
	return v, s.o.Vault.Close(v, &h.Settings)
}

// forget has settings read again for the next message: they have changed here.
func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readAt = time.Time{}
}

// moment is now, to the microsecond, as the database keeps it.
func moment() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Switch turns a webhook on or off.
func (s *Service) Switch(ctx context.Context, id uuid.UUID, on bool) error {
	if err := s.o.Store.Switch(ctx, id, on); err != nil {
		return err
	}
	s.wake()
	return nil
}

// Secret is a secret as Standard Webhooks write it.
func Secret(secret []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(secret) }

// Test sends a message that has no events, at once and once, and returns what came of it. One
// that is delivered ends the failures of the webhook.
func (s *Service) Test(ctx context.Context, id uuid.UUID) (*webhook.Message, error) {
	select {
	case s.tests <- struct{}{}:
		defer func() { <-s.tests }()
	default:
		return nil, problem.RetryAfter(problem.New(http.StatusTooManyRequests, problem.CodeRateLimited, "", "other tests are being sent; try again"), 5)
	}
	h, _, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	m, err := s.message(id, TypeTest, []Event{})
	if err != nil {
		return nil, err
	}
	if err := s.o.Store.Add(ctx, m); err != nil {
		return nil, err
	}
	if err := s.attempt(context.WithoutCancel(ctx), h, m, 0); err != nil {
		return nil, err
	}
	stored, err := s.o.Store.Message(ctx, id, m.ID)
	if err == nil && stored == nil {
		return nil, unknown(id) // deleted meanwhile
	}
	return stored, err
}

// Redeliver has a message delivered once more, whatever came of it before.
func (s *Service) Redeliver(ctx context.Context, id uuid.UUID, message string) (*webhook.Message, error) {
	_, state, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if !state.OffSince.IsZero() {
		return nil, problem.New(http.StatusConflict, problem.CodeWebhookOff, "id", "the webhook is off; turn it on first, by PATCH with enabled: true")
	}
	found, err := s.o.Store.Again(ctx, id, message)
	if err != nil {
		return nil, err
	}
	m, err := s.o.Store.Message(ctx, id, message)
	if err == nil && (m == nil || !found) {
		return nil, unknownDelivery(message)
	}
	s.wake()
	return m, err
}

// Deliveries are the messages of a webhook, the newest first, and the number to go on before; 0
// if there are no more.
func (s *Service) Deliveries(ctx context.Context, id uuid.UUID, before int64, n int) ([]webhook.Message, int64, error) {
	if _, _, err := s.Get(ctx, id); err != nil {
		return nil, 0, err
	}
	return s.o.Store.Messages(ctx, id, before, n)
}

// Delivery is a message of a webhook.
func (s *Service) Delivery(ctx context.Context, id uuid.UUID, message string) (*webhook.Message, error) {
	if _, _, err := s.Get(ctx, id); err != nil {
		return nil, err
	}
	m, err := s.o.Store.Message(ctx, id, message)
	if err == nil && m == nil {
		return nil, unknownDelivery(message)
	}
	return m, err
}

func unknownDelivery(id string) error {
	return problem.New(http.StatusNotFound, problem.CodeUnknownDelivery, "delivery",
		"there is no delivery "+id+" of this webhook; GET /api/v1/webhooks/{id}/deliveries lists those that are kept")
}
