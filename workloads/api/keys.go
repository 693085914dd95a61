package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// KeyView is an API key as it is kept: never the key itself.
type KeyView struct {
	ID         string     `json:"id" example:"5c5b4a4e-8d0f-4f06-9d2b-0c1f6a4f7a11" doc:"UUID; of a key of the twin's Secret secret. and its name"`
	Name       string     `json:"name" example:"charger-12"`
	Scope      auth.Scope `json:"scope" enum:"read,operate,admin"`
	Origin     string     `json:"origin" enum:"api,secret" doc:"api: created over the API; secret: in the twin's Secret, where it is to be changed"`
	State      string     `json:"state" enum:"active,ending,expired,revoked" doc:"ending: rotated, and good until endsAt"`
	CreatedAt  *time.Time `json:"createdAt" doc:"Null for keys of the Secret"`
	CreatedBy  *string    `json:"createdBy" doc:"Name of the key by which it was created; database for the command on the database"`
	LastUsedAt *time.Time `json:"lastUsedAt" doc:"To a minute; null: not used yet"`
	ExpiresAt  *time.Time `json:"expiresAt" doc:"Null: never"`
	EndsAt     *time.Time `json:"endsAt" doc:"When it ends, by its expiry, its rotation or because it was revoked; null: never"`
	EndedBy    *string    `json:"endedBy" doc:"Name of the key by which it was revoked or rotated"`
	Replaces   *string    `json:"replaces" doc:"Id of the key that was rotated into this one"`
	Current    bool       `json:"current" doc:"True for the key of this request, or of its session"`
}

// CreatedKey is a new key, with the key itself.
type CreatedKey struct {
	KeyView
	Key string `json:"key" doc:"The API key. It is shown this once" example:"et_Zm9yIGV4YW1wbGUgb25seTogbm90IGEga2V5IGF0IGFsbA"`
}

// RotatedKey is the key that replaces another.
type RotatedKey struct {
	CreatedKey
	Replaced KeyView `json:"replaced" doc:"The key before, with when it ends"`
}

type createKeyInput struct {
	Body struct {
		_         struct{}   `additionalProperties:"false"`
		Name      string     `json:"name" minLength:"1" maxLength:"63" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" doc:"What people call it; no other key may have the name" example:"charger-12"`
		Scope     auth.Scope `json:"scope" enum:"read,operate,admin"`
		ExpiresAt *time.Time `json:"expiresAt,omitempty" doc:"When it ends; without it never" example:"2035-01-31T00:00:00Z"`
	}
}

type rotateKeyInput struct {
	ID   string `path:"id" maxLength:"80" doc:"Id of the key, as GET /api/v1/keys lists it" example:"5c5b4a4e-8d0f-4f06-9d2b-0c1f6a4f7a11"`
	Body struct {
		_              struct{}   `additionalProperties:"false"`
		OverlapSeconds *int       `json:"overlapSeconds,omitempty" minimum:"0" maximum:"2592000" doc:"How long the key before holds on; 0 ends it at once, without it a day" example:"86400"`
		ExpiresAt      *time.Time `json:"expiresAt,omitempty" doc:"When the new key ends; without it after the time that the key before was made for" example:"2035-01-31T00:00:00Z"`
	}
}

type keyInput struct {
	ID string `path:"id" maxLength:"80" doc:"Id of the key, as GET /api/v1/keys lists it" example:"5c5b4a4e-8d0f-4f06-9d2b-0c1f6a4f7a11"`
}

type createdKeyOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         Answer[CreatedKey]
}

type rotatedKeyOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         Answer[RotatedKey]
}

// defaultOverlap is how long a key holds on that was rotated.
const defaultOverlap = 24 * time.Hour

// noStore keeps a key out of all caches.
const noStore = "no-store"

func (s *server) keyOperations(guarded huma.API) {
	admin := openapi.Needs(auth.ScopeAdmin)
	openapi.Get(guarded, huma.Operation{
		Path: "/api/v1/keys", OperationID: "keys", Tags: []string{openapi.TagKeys}, Security: admin, Summary: "All API keys",
		Description: "Those of the twin's Secret first, then those that were created over the API, the newest first. A key that has ended is listed for a month.",
	}, s.listKeys)
	openapi.Register(guarded, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/keys", OperationID: "createKey", Tags: []string{openapi.TagKeys}, Security: admin,
		Summary: "Create an API key", DefaultStatus: http.StatusCreated, MaxBodyBytes: 4096,
		Description: "The answer has the key, which is shown this once: only its hash is kept. It is good at every replica within half a second.",
		RequestBody: &huma.RequestBody{Description: "The name, scope and expiry of the key"},
	}, s.createKey)
	openapi.Register(guarded, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/keys/{id}/rotate", OperationID: "rotateKey", Tags: []string{openapi.TagKeys}, Security: admin,
		Summary: "Replace an API key by a new one", DefaultStatus: http.StatusCreated, MaxBodyBytes: 4096,
		Description: "The new key has the name and scope of the one before, which holds on for the overlap so that whoever uses it can change over.",
		RequestBody: &huma.RequestBody{Description: "How long the key before holds on, and when the new one ends"},
	}, s.rotateKey)
	openapi.Register(guarded, huma.Operation{
		Method: http.MethodDelete, Path: "/api/v1/keys/{id}", OperationID: "revokeKey", Tags: []string{openapi.TagKeys}, Security: admin,
		Summary: "Revoke an API key", DefaultStatus: http.StatusNoContent,
		Description: "It ends at every replica within half a second, and its sessions with it. One that has ended already is left as it is.",
	}, s.revokeKey)
}

func (s *server) listKeys(ctx context.Context, _ *noInput) (*output[[]KeyView], error) {
	views, err := ListKeys(ctx, s.guard.Stored(), s.clock(), auth.PrincipalOf(ctx).Key)
	if err != nil {
		return nil, s.failed(ctx, "list API keys", err)
	}
	return &output[[]KeyView]{Body: Answer[[]KeyView]{Data: views}}, nil
}

// ListKeys are all keys as the API shows them: those of the Secret first, then stored ones,
// the newest first. current is the id of the key that asks.
func ListKeys(ctx context.Context, keys *auth.StoredKeys, now time.Time, current string) ([]KeyView, error) {
	stored, uses, err := keys.List(ctx)
	if err != nil {
		return nil, err
	}
	views := []KeyView{}
	for _, k := range keys.OfFile() {
		v := KeyView{ID: k.ID, Name: k.Name, Scope: k.Scope, Origin: "secret", State: "active", ExpiresAt: givenTime(k.Expires), EndsAt: givenTime(k.Expires)}
		if !k.Expires.IsZero() && !now.Before(k.Expires) {
			v.State = "expired"
		}
		views = append(views, v)
	}
	for _, k := range slices.Backward(stored) {
		views = append(views, ViewOfKey(&k, now))
	}
	for i := range views {
		views[i].Current = views[i].ID == current
		views[i].LastUsedAt = givenTime(uses[views[i].ID].UTC())
	}
	return views, nil
}

// ViewOfKey is a stored key as the API shows it.
func ViewOfKey(k *auth.KeyState, now time.Time) KeyView {
	created := k.CreatedAt.UTC()
	v := KeyView{
		ID: k.ID.String(), Name: k.Name, Scope: auth.Scope(k.Scope), Origin: "api", State: "active", CreatedAt: &created, CreatedBy: maybeText(k.CreatedBy),
		ExpiresAt: givenTime(k.Expires.UTC()), EndsAt: givenTime(k.Ends().UTC()),
	}
	if k.Replaces != uuid.Nil {
		of := k.Replaces.String()
		v.Replaces = &of
	}
	if k.Ending != nil {
		v.EndedBy, v.State = maybeText(k.Ending.By), "ending"
		at := k.Ending.At.UTC()
		if at.Before(k.Ending.RecordedAt) { // at once
			at = k.Ending.RecordedAt.UTC()
		}
		v.EndsAt = &at
	}
	switch {
	case k.Ended(now) && k.Ending != nil:
		v.State = "revoked"
	case k.Ended(now):
		v.State = "expired"
	}
	return v
}

func (s *server) createKey(ctx context.Context, in *createKeyInput) (*createdKeyOutput, error) {
	want := auth.NewStoredKey{Name: in.Body.Name, Scope: in.Body.Scope, By: auth.PrincipalOf(ctx).Name}
	if in.Body.ExpiresAt != nil {
		want.Expires = *in.Body.ExpiresAt
	}
	now := s.clock()
	made, key, err := s.guard.Stored().Create(ctx, want, now)
	if err != nil {
		return nil, s.keyFailed(ctx, "create an API key", err)
	}
	s.log.InfoContext(ctx, "an API key was created", "id", made.ID, "name", made.Name, "scope", made.Scope, "by", made.CreatedBy)
	return &createdKeyOutput{CacheControl: noStore, Body: Answer[CreatedKey]{Data: CreatedKey{KeyView: ViewOfKey(&made, now), Key: key}}}, nil
}

func (s *server) rotateKey(ctx context.Context, in *rotateKeyInput) (*rotatedKeyOutput, error) {
	id, err := s.guard.Stored().ID(in.ID)
	if err != nil {
		return nil, err
	}
	var expires time.Time
	if in.Body.ExpiresAt != nil {
		expires = *in.Body.ExpiresAt
	}
	overlap := defaultOverlap
	if given := in.Body.OverlapSeconds; given != nil { // 0 is a value here
		overlap = time.Duration(*given) * time.Second
	}
	now := s.clock()
	made, old, key, err := s.guard.Stored().Rotate(ctx, id, overlap, expires, auth.PrincipalOf(ctx).Name, now)
	if err != nil {
		return nil, s.keyFailed(ctx, "rotate an API key", err)
	}
	s.log.InfoContext(ctx, "an API key was rotated", "id", made.ID, "replaces", id, "name", made.Name, "by", made.CreatedBy)
	return &rotatedKeyOutput{CacheControl: noStore, Body: Answer[RotatedKey]{Data: RotatedKey{
		CreatedKey: CreatedKey{KeyView: ViewOfKey(&made, now), Key: key}, Replaced: ViewOfKey(&old, now),
	}}}, nil
}

func (s *server) revokeKey(ctx context.Context, in *keyInput) (*struct{}, error) {
	id, err := s.guard.Stored().ID(in.ID)
	if err != nil {
		return nil, err
	}
	by := auth.PrincipalOf(ctx).Name
	if err := s.guard.Stored().Revoke(ctx, id, by, s.clock()); err != nil {
		return nil, s.keyFailed(ctx, "revoke an API key", err)
	}
	s.log.InfoContext(ctx, "an API key was revoked", "id", id, "by", by)
	return nil, nil
}

// keyFailed passes a problem on, and reports another error as one of the database.
func (s *server) keyFailed(ctx context.Context, doing string, err error) error {
	var rejected *problem.Problem
	if errors.As(err, &rejected) {
		return rejected
	}
	return s.failed(ctx, doing, err)
}
