package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api"
	"github.com/energytwin/energytwin/workloads/api/auth"
)

// storedKeys manages the keys in the database of a twin.
type storedKeys struct{ book *auth.StoredKeys }

func openStoredKeys(ctx context.Context, path string) (keyBook, func(), error) {
	twin, err := config.Load(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%w; or name the address of the twin's API with --url", err)
	}
	if twin.API.JWTSecretFile == "" {
		return nil, nil, errors.New("api.jwtSecretFile: keys are sealed with its secret; name it")
	}
	address, err := twin.Database.ConnString()
	if err != nil {
		return nil, nil, err
	}
	db, err := reader.Open(ctx, address, timescale.Options{AppName: "energytwin-keys", MaxConns: 1})
	if err != nil {
		return nil, nil, err
	}
	book, err := auth.OpenStoredKeys(db, twin.API.APIKeysFile, twin.API.JWTSecretFile, slog.Default())
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	return storedKeys{book}, db.Close, nil
}

func (k storedKeys) list(ctx context.Context) ([]api.KeyView, error) {
	return api.ListKeys(ctx, k.book, time.Now(), "")
}

func (k storedKeys) create(ctx context.Context, name string, scope auth.Scope, expires *time.Time) (api.CreatedKey, error) {
	now := time.Now()
	made, key, err := k.book.Create(ctx, auth.NewStoredKey{Name: name, Scope: scope, Expires: timeOf(expires)}, now)
	return api.CreatedKey{KeyView: api.ViewOfKey(&made, now), Key: key}, err
}

func (k storedKeys) rotate(ctx context.Context, id string, overlap time.Duration, expires *time.Time) (api.RotatedKey, error) {
	now := time.Now()
	of, err := k.book.ID(id)
	if err != nil {
		return api.RotatedKey{}, err
	}
	made, old, key, err := k.book.Rotate(ctx, of, overlap, timeOf(expires), "", now)
	return api.RotatedKey{CreatedKey: api.CreatedKey{KeyView: api.ViewOfKey(&made, now), Key: key}, Replaced: api.ViewOfKey(&old, now)}, err
}

func (k storedKeys) revoke(ctx context.Context, id string) error {
	of, err := k.book.ID(id)
	if err != nil {
		return err
	}
	return k.book.Revoke(ctx, of, "", time.Now())
}
