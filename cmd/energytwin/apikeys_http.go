package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/energytwin/energytwin/api/client"
	"github.com/energytwin/energytwin/workloads/api"
	"github.com/energytwin/energytwin/workloads/api/auth"
)

// keysTimeout bounds a command, with the times that it waits for.
const keysTimeout = time.Minute

// keysOverHTTP manages the keys at the API of a twin.
type keysOverHTTP struct{ twin *client.Client }

func (k keysOverHTTP) list(ctx context.Context) ([]api.KeyView, error) {
	ctx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	answer, err := k.twin.Keys(ctx)
	if err != nil {
		return nil, err
	}
	return sameAs[[]api.KeyView](answer.Data)
}

func (k keysOverHTTP) create(ctx context.Context, name string, scope auth.Scope, expires *time.Time) (api.CreatedKey, error) {
	ctx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	answer, err := k.twin.CreateKey(ctx, client.CreateKeyInputBody{Name: name, Scope: client.CreateKeyInputBodyScope(scope), ExpiresAt: expires})
	if err != nil {
		return api.CreatedKey{}, err
	}
	return sameAs[api.CreatedKey](answer.Data)
}

func (k keysOverHTTP) rotate(ctx context.Context, id string, overlap time.Duration, expires *time.Time) (api.RotatedKey, error) {
	ctx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	answer, err := k.twin.RotateKey(ctx, id, client.RotateKeyInputBody{OverlapSeconds: new(int(overlap.Seconds())), ExpiresAt: expires})
	if err != nil {
		return api.RotatedKey{}, err
	}
	return sameAs[api.RotatedKey](answer.Data)
}

func (k keysOverHTTP) revoke(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	return k.twin.RevokeKey(ctx, id)
}

// sameAs is what the client read in the types of the API, which is the same document.
func sameAs[T any](read any) (into T, err error) {
	text, err := json.Marshal(read)
	if err != nil {
		return into, err
	}
	return into, json.Unmarshal(text, &into)
}
