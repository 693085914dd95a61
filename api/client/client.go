// Package client asks the REST API of a twin. Types and a method for each operation are
// generated from docs/reference/openapi.json; they know paths and parameters, so that no
// caller writes one. Around them:
//
//   - Requests that are rejected for a while (429, 503, and 409 for a batch of readings that is
//     in progress) are sent again when Retry-After allows it, if that can do no harm.
//   - A problem document is a *Problem, to be had by errors.As.
//   - Lists go on by themselves (AllMeters, AllDecisions, …), and so does the live stream (Events).
//
// The package imports the standard library alone.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// maxAnswer bounds what is read of an answer that is no file, in bytes.
	maxAnswer = 64 << 20
	// longestWait is the longest Retry-After that is waited for. Beyond it the caller gets the problem.
	longestWait = time.Minute
)

// Client asks one twin. It is safe for concurrent use.
type Client struct {
	address string // without a slash at its end
	key     string
	http    *http.Client
	retries int
	idle    time.Duration                                           // without a byte of the live stream, after which it is opened again
	wait    func(ctx context.Context, duration time.Duration) error // until a request may be sent again
}

// Option changes how a Client asks.
type Option func(*Client)

// WithHTTPClient sends requests by an HTTP client of the caller, for example with a
// certificate authority of its own. Its timeout, if it has one, also ends files and the live stream.
func WithHTTPClient(c *http.Client) Option { return func(to *Client) { to.http = c } }

// WithRetries sets how often a request is sent again, 5 times without it.
func WithRetries(n int) Option { return func(to *Client) { to.retries = n } }

// New is a client of the twin at an address, such as https://example.org/twins/riverside, that
// shows an API key; "" asks without one, which is enough for Health and Ready. An address that is no
// http or https URL is an error.
func New(address, key string, options ...Option) (*Client, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("address of a twin: %w", err)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, fmt.Errorf("address of a twin %q: write it as https://example.org, with the twin's base path if it has one", address)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, fmt.Errorf("address of a twin %q: it has neither a user nor a query", u.Redacted())
	}
	c := &Client{address: strings.TrimRight(u.String(), "/"), key: key, http: http.DefaultClient, retries: 5, idle: idleStream, wait: sleep}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// send sends a request, again where that is allowed, and returns an answer of success. The caller
// closes its body.
func (c *Client) send(ctx context.Context, q *question) (*http.Response, error) {
	for sent := 0; ; sent++ {
		answer, err := c.sendOnce(ctx, q)
		if err != nil {
			return nil, err
		}
		if answer.StatusCode < http.StatusMultipleChoices {
			return answer, nil
		}
		failure := failureOf(answer, q)
		_ = answer.Body.Close()
		after, given := retryAfter(answer)
		if !given || after > longestWait || sent >= c.retries || !q.mayRepeat(answer.StatusCode) {
			return nil, failure
		}
		if err := c.wait(ctx, after); err != nil {
			return nil, errors.Join(err, failure)
		}
	}
}

func (c *Client) sendOnce(ctx context.Context, q *question) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, q.method, c.address+q.target(), bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	if q.mediaType != "" {
		r.Header.Set("Content-Type", q.mediaType)
	}
	if c.key != "" {
		// Not X-API-Key: net/http takes Authorization away where a redirect leads to another host.
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	return c.http.Do(r)
}

// retryAfter is how long an answer asks to wait.
func retryAfter(answer *http.Response) (after time.Duration, given bool) {
	text := answer.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, int(longestWait/time.Second)+1)) * time.Second, true
	}
	at, err := http.ParseTime(text) // as proxies write it
	return max(0, time.Until(at)), err == nil
}

// decode sends a request and reads its answer as JSON into what a pointer names; nil for an
// operation without an answer.
func (c *Client) decode(ctx context.Context, q *question, into any) error {
	answer, err := c.send(ctx, q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if into == nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("%s %s: %w", q.method, q.path, err)
	}
	if len(text) > maxAnswer {
		return fmt.Errorf("%s %s: the answer has more than %d MiB; ask for less, or for a file", q.method, q.path, maxAnswer>>20)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s %s: answer: %w", q.method, q.path, err)
	}
	return nil
}

func decoded[T any](ctx context.Context, c *Client, q *question) (*T, error) {
	var answer T
	if err := c.decode(ctx, q, &answer); err != nil {
		return nil, err
	}
	return &answer, nil
}

// file sends a request and returns its answer while it is still being written.
func (c *Client) file(ctx context.Context, q *question) (io.ReadCloser, error) {
	answer, err := c.send(ctx, q)
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}
