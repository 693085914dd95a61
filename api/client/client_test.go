package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asked is a client of a server that a test writes, and the waits it was to make.
func asked(t *testing.T, answer http.HandlerFunc) (c *Client, waits *[]time.Duration) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	c, err := New(server.URL+"/twins/north/", "et_key")
	require.NoError(t, err)
	waits = &[]time.Duration{}
	c.wait = func(ctx context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return ctx.Err()
	}
	return c, waits
}

func reject(w http.ResponseWriter, status int, code, retryAfter string) {
	w.Header().Set("Content-Type", "application/problem+json")
	if retryAfter != "" {
		w.Header().Set("Retry-After", retryAfter)
	}
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"status":%d,"code":%q,"detail":"limit: too large","field":"limit","title":"t","type":"urn:x"}`, status, code)
}

func TestRequests(t *testing.T) {
	var got *http.Request
	c, _ := asked(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		fmt.Fprint(w, `{"data":[],"meta":{}}`)
	})
	_, err := c.MeterHistory(t.Context(), "a/b?c#d é%", &MeterHistoryParams{From: new("now+1h&x"), Step: new(MeterHistoryParamsStep("1d"))})
	require.NoError(t, err)
	require.Equal(t, "/twins/north/api/v1/meters/a%2Fb%3Fc%23d%20%C3%A9%25/history", got.URL.EscapedPath())
	require.Equal(t, "from=now%2B1h%26x&step=1d", got.URL.RawQuery)
	require.Equal(t, "Bearer et_key", got.Header.Get("Authorization"))
	_, err = c.Meter(t.Context(), "..")
	require.Error(t, err) // the list is no meter
	require.Equal(t, "/twins/north/api/v1/meters/%2E%2E", got.URL.EscapedPath())
}

func TestAddresses(t *testing.T) {
	for _, bad := range []string{"", "localhost:8080", "ftp://x", "http://", "http://user:secret@x", "http://x?y", "http://x#y", "http://[::1"} {
		_, err := New(bad, "")
		require.ErrorContains(t, err, "address", bad)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestRequestsAreSentAgain(t *testing.T) {
	key := &SendReadingsParams{IdempotencyKey: new("k")}
	for _, c := range []struct {
		name       string
		status     int
		retryAfter string
		do         func(context.Context, *Client) error
		again      bool
	}{
		{"a question at the rate limit", 429, "7", func(ctx context.Context, c *Client) error { _, err := c.Twin(ctx); return err }, true},
		{"a question at a full API", 503, "7", func(ctx context.Context, c *Client) error { _, err := c.Twin(ctx); return err }, true},
		{"a new key at the rate limit", 429, "7", func(ctx context.Context, c *Client) error {
			_, err := c.CreateKey(ctx, CreateKeyInputBody{})
			return err
		}, true},
		{"a new key, which may be there already", 503, "7", func(ctx context.Context, c *Client) error {
			_, err := c.CreateKey(ctx, CreateKeyInputBody{})
			return err
		}, false},
		{"readings without a key", 503, "7", func(ctx context.Context, c *Client) error { _, err := c.SendReadings(ctx, nil, nil); return err }, false},
		{"readings with a key", 503, "7", func(ctx context.Context, c *Client) error { _, err := c.SendReadings(ctx, key, nil); return err }, true},
		{"readings in progress", 409, "7", func(ctx context.Context, c *Client) error { _, err := c.SendReadings(ctx, key, nil); return err }, true},
		{"a revocation", 503, "7", func(ctx context.Context, c *Client) error { return c.RevokeKey(ctx, "k") }, true},
		{"no time is named", 503, "", func(ctx context.Context, c *Client) error { _, err := c.Twin(ctx); return err }, false},
		{"the time is far", 429, "3600", func(ctx context.Context, c *Client) error { _, err := c.Twin(ctx); return err }, false},
		{"the time overflows", 429, "9223372036854775807", func(ctx context.Context, c *Client) error { _, err := c.Twin(ctx); return err }, false},
		{"the request is at fault", 422, "7", func(ctx context.Context, c *Client) error { _, err := c.Twin(ctx); return err }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sent atomic.Int32
			var bodies []string
			client, waits := asked(t, func(w http.ResponseWriter, r *http.Request) {
				body := make([]byte, 64)
				n, _ := r.Body.Read(body)
				bodies = append(bodies, string(body[:n]))
				if sent.Add(1) == 1 {
					reject(w, c.status, "code", c.retryAfter)
					return
				}
				fmt.Fprint(w, `{}`)
			})
			err := c.do(t.Context(), client)
			if !c.again {
				var p *Problem
				require.ErrorAs(t, err, &p)
				require.Equal(t, c.status, p.Status)
				require.EqualValues(t, 1, sent.Load())
				return
			}
			require.NoError(t, err)
			require.Equal(t, []time.Duration{7 * time.Second}, *waits)
			require.Equal(t, bodies[0], bodies[1], "with its body")
		})
	}
}

func TestRetriesEnd(t *testing.T) {
	c, waits := asked(t, func(w http.ResponseWriter, _ *http.Request) { reject(w, 429, "rate_limited", "1") })
	_, err := c.Twin(t.Context())
	require.EqualError(t, err, "rate_limited: limit: too large")
	require.Len(t, *waits, 5)

	ctx, cancel := context.WithCancel(t.Context())
	c.wait = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	_, err = c.Twin(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "rate_limited")
}

func TestAnswersOfNoTwin(t *testing.T) {
	c, _ := asked(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/twin") {
			http.Error(w, "<html>", http.StatusBadGateway)
			return
		}
		fmt.Fprint(w, "<html>")
	})
	_, err := c.Twin(t.Context())
	require.ErrorContains(t, err, "502 Bad Gateway; is it the address of a twin?")
	_, err = c.Spec(t.Context())
	require.ErrorContains(t, err, "GET /api/v1/spec: answer: invalid character")
}

// A redirect to another host does not get the key.
func TestTheKeyStaysWithItsHost(t *testing.T) {
	shown := make(chan http.Header, 1)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown <- r.Header
		fmt.Fprint(w, `{}`)
	}))
	defer other.Close()
	c, _ := asked(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusTemporaryRedirect)
	})
	_, err := c.Twin(t.Context())
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprint(<-shown), "et_key")
}

func TestPages(t *testing.T) {
	c, _ := asked(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "2", r.URL.Query().Get("limit"))
		switch r.URL.Query().Get("cursor") {
		case "":
			fmt.Fprint(w, `{"data":[{"id":"a"},{"id":"b"}],"page":{"nextCursor":"c1","hasMore":true}}`)
		case "c1":
			fmt.Fprint(w, `{"data":[],"page":{"nextCursor":"c2","hasMore":true}}`)
		case "c2":
			fmt.Fprint(w, `{"data":[{"id":"c"}],"page":{"nextCursor":null,"hasMore":false}}`)
		default:
			reject(w, 422, "invalid_cursor", "")
		}
	})
	all := func(from *string) (ids string, err error) {
		for m, e := range c.AllMeters(t.Context(), MetersParams{Limit: new(2), Cursor: from}) {
			ids += m.ID
			err = e
		}
		return ids, err
	}
	ids, err := all(nil)
	require.NoError(t, err)
	require.Equal(t, "abc", ids)
	ids, err = all(new("c2"))
	require.NoError(t, err)
	require.Equal(t, "c", ids)
	_, err = all(new("bad"))
	require.ErrorContains(t, err, "invalid_cursor")
	for m, err := range c.AllMeters(t.Context(), MetersParams{Limit: new(2)}) {
		require.NoError(t, err)
		require.Equal(t, "a", m.ID)
		break
	}
}

// Every list with a cursor has an iterator.
func TestEveryListHasAnIterator(t *testing.T) {
	methods := reflect.TypeFor[*Client]()
	lists := 0
	for m := range methods.Methods() {
		if m.Type.NumIn() < 3 || m.Type.NumOut() == 0 || strings.HasPrefix(m.Name, "All") || strings.HasSuffix(m.Name, "File") {
			continue
		}
		params := m.Type.In(m.Type.NumIn() - 1)
		if params.Kind() != reflect.Pointer || params.Elem().Kind() != reflect.Struct {
			continue
		}
		if _, has := params.Elem().FieldByName("Cursor"); has {
			lists++
			_, has = methods.MethodByName("All" + m.Name)
			require.True(t, has, "All%s", m.Name)
		}
	}
	require.Equal(t, 6, lists)
}

func TestEventsGoOnAfterALostConnection(t *testing.T) {
	var opened []string
	c, waits := asked(t, func(w http.ResponseWriter, r *http.Request) {
		opened = append(opened, r.Header.Get("Last-Event-ID"))
		require.Equal(t, []string{"state", "alert"}, r.URL.Query()["kind"])
		switch len(opened) {
		case 1:
			fmt.Fprint(w, "retry: 1000\n: heartbeat\nid: p0\n\nevent: state\nid: p1\ndata: {\"kwh\":1.5,\ndata: \"meters\":2}\n\nevent: state\nid: p2\ndata: {\"cut")
		case 2: // a proxy rejects for a while
			reject(w, 502, "bad_gateway", "")
		case 3:
			fmt.Fprint(w, ": heartbeat\nid: p3\n\n")
		case 4:
			fmt.Fprint(w, "event: news\nid: p4\ndata: {\"new\":true}\n\nevent: reset\nid: p5\ndata: {\"reason\":\"unknown_id\"}\n\n")
		case 5:
			reject(w, 401, "unauthorized", "")
		}
	})
	var got []string
	var last error
	for e, err := range c.Events(t.Context(), &StreamParams{Kind: &[]StreamParamsKind{"state", "alert"}}) {
		if last = err; err != nil {
			break
		}
		got = append(got, e.ID+" "+e.Kind+" "+string(e.Data))
		switch e.Kind {
		case "state":
			require.Equal(t, 2, e.State.Meters)
		case "reset":
			require.NotNil(t, e.Reset)
		}
	}
	var p *Problem
	require.ErrorAs(t, last, &p)
	require.Equal(t, "unauthorized", p.Code)
	require.Equal(t, []string{"p1 state {\"kwh\":1.5,\n\"meters\":2}", `p4 news {"new":true}`, `p5 reset {"reason":"unknown_id"}`}, got)
	require.Equal(t, []string{"", "p1", "p1", "p3", "p5"}, opened, "a heartbeat has a position too, and an event that was cut has none")
	require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, time.Second}, *waits)
}

// A stream without a sign of life is opened again.
func TestSilentEvents(t *testing.T) {
	opened := 0
	c, _ := asked(t, func(w http.ResponseWriter, r *http.Request) {
		if opened++; opened > 1 {
			reject(w, 401, "unauthorized", "")
			return
		}
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	c.idle = 10 * time.Millisecond
	for _, err := range c.Events(t.Context(), nil) {
		require.ErrorContains(t, err, "unauthorized")
	}
	require.Equal(t, 2, opened)
}

func TestEventsThatCannotBeOpened(t *testing.T) {
	c, _ := asked(t, func(w http.ResponseWriter, _ *http.Request) { reject(w, 503, "unavailable", "") })
	n := 0
	for _, err := range c.Events(t.Context(), nil) {
		n++
		require.ErrorContains(t, err, "unavailable")
	}
	require.Equal(t, 1, n)
}

// Readings are sent as the API reads them.
func TestReadingsAsSent(t *testing.T) {
	text, err := json.Marshal(NewReading{Meter: "m", At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Kwh: 0.42, Interval: "PT1H"})
	require.NoError(t, err)
	require.JSONEq(t, `{"meter":"m","ts":"2026-01-01T00:00:00Z","kwh":0.42,"interval":"PT1H"}`, string(text))
}
