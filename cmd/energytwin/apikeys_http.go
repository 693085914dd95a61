package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/energytwin/energytwin/workloads/api"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// maxKeysAnswer bounds what is read of an answer.
const maxKeysAnswer = 4 << 20

// keysOverHTTP manages the keys at the API of a twin.
type keysOverHTTP struct{ url, key string }

func (k keysOverHTTP) list(ctx context.Context) ([]api.KeyView, error) {
	var answer api.Answer[[]api.KeyView]
	return answer.Data, k.ask(ctx, http.MethodGet, "", nil, &answer)
}

func (k keysOverHTTP) create(ctx context.Context, name string, scope auth.Scope, expires *time.Time) (api.CreatedKey, error) {
	var answer api.Answer[api.CreatedKey]
	err := k.ask(ctx, http.MethodPost, "", struct {
		Name      string     `json:"name"`
		Scope     auth.Scope `json:"scope"`
		ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	}{name, scope, expires}, &answer)
	return answer.Data, err
}

func (k keysOverHTTP) rotate(ctx context.Context, id string, overlap time.Duration, expires *time.Time) (api.RotatedKey, error) {
	var answer api.Answer[api.RotatedKey]
	err := k.ask(ctx, http.MethodPost, "/"+url.PathEscape(id)+"/rotate", struct {
		OverlapSeconds int        `json:"overlapSeconds"`
		ExpiresAt      *time.Time `json:"expiresAt,omitempty"`
	}{int(overlap.Seconds()), expires}, &answer)
	return answer.Data, err
}

func (k keysOverHTTP) revoke(ctx context.Context, id string) error {
	return k.ask(ctx, http.MethodDelete, "/"+url.PathEscape(id), nil, nil)
}

// ask sends a request and reads its answer. A problem document is the error.
func (k keysOverHTTP) ask(ctx context.Context, method, path string, body, answer any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, k.url+"/api/v1/keys"+path, sent)
	if err != nil {
		return fmt.Errorf("--url: %w", err)
	}
	r.Header.Set("X-API-Key", k.key)
	r.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(io.LimitReader(got.Body, maxKeysAnswer))
	if err != nil {
		return fmt.Errorf("%s: %w", r.URL, err)
	}
	if got.StatusCode >= http.StatusBadRequest {
		var rejected problem.Problem
		if json.Unmarshal(text, &rejected) != nil || rejected.Code == "" {
			return fmt.Errorf("%s answered with %s; is it the address of a twin?", r.URL, got.Status)
		}
		return fmt.Errorf("%s: %w", rejected.Code, &rejected)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}
