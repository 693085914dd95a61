package stream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/history"
)

const (
	patience   = time.Minute
	partitions = 3

	// serverTime is what a replica's server allows for a request and an answer.
	serverTime = 2 * time.Second
)

// feed is a live stream that a test writes, with hubs that read it.
type feed struct {
	t     *testing.T
	at    config.Redis
	store *history.Store
	next  [partitions]int64
	sent  []string // items in the order of publishing

	heartbeat time.Duration // of replicas; 0 is the usual one
}

func newFeed(t *testing.T) *feed {
	t.Helper()
	return feedOn(t, config.Redis{Address: miniredis.RunT(t).Addr()})
}

func feedOn(t *testing.T, at config.Redis) *feed {
	t.Helper()
	f := &feed{t: t, at: at}
	var err error
	f.store, err = history.Connect(at, "ns/twin/")
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.store.Close() })
	return f
}

// publish announces something with three items in a partition.
func (f *feed) publish(partition int, fields ...string) {
	f.t.Helper()
	f.next[partition]++
	event := history.Event{Offset: f.next[partition], Fields: map[string]any{history.FieldType: history.LiveState}}
	for _, name := range fields {
		event.Fields[name] = "1"
	}
	require.NoError(f.t, f.store.Publish(f.t.Context(), partition, event))
	for i := range itemsOfEvent {
		f.sent = append(f.sent, name(partition, f.next[partition], i))
	}
}

const itemsOfEvent = 3

func name(partition int, offset int64, item int) string {
	return fmt.Sprintf("%d/%d/%d", partition, offset, item)
}

func expand(_ context.Context, e *history.LiveEvent) ([]Item, error) {
	items := make([]Item, itemsOfEvent)
	for i := range items {
		kind := []Kind{KindDecision, KindForecast, KindLimit}[i]
		items[i] = Item{Kind: kind, Meter: fmt.Sprintf("m%d", e.Partition), Groups: []string{fmt.Sprintf("g%d", e.Partition), "all"}, Data: []byte(`"` + name(e.Partition, int64(e.ID.Offset), i) + `"`)}
	}
	return items, nil
}

// replica is a hub behind a server of its own, as another process would have it.
type replica struct {
	hub     *Hub
	metrics *prometheus.Registry
	url     string
	allowed atomic.Bool
}

func (f *feed) replica(limits Limits, expand Expand) *replica {
	f.t.Helper()
	live, err := history.ConnectLive(f.at, "ns/twin/", partitions)
	require.NoError(f.t, err)
	registry := prometheus.NewRegistry()
	metrics, err := NewMetrics(registry)
	require.NoError(f.t, err)
	r := &replica{metrics: registry, hub: NewHub(Options{Source: live, Expand: expand, Limits: limits, Metrics: metrics, Log: slog.New(slog.NewTextHandler(f.t.Output(), nil)), Heartbeat: f.heartbeat})}
	r.allowed.Store(true)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		c := &Client{Key: req.Header.Get("X-API-Key"), LastID: req.Header.Get("Last-Event-ID"), Allowed: func(context.Context) bool { return r.allowed.Load() }}
		for _, kind := range req.URL.Query()["kind"] {
			c.Filter.Kinds = append(c.Filter.Kinds, Kind(kind))
		}
		c.Filter.Meters = req.URL.Query()["meter"]
		if err := r.hub.Serve(req.Context(), w, c); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}))
	server.Config.ReadTimeout, server.Config.WriteTimeout = serverTime, serverTime
	server.Start()
	f.t.Cleanup(func() { r.hub.Close(); server.Close(); _ = live.Close() })
	r.url = server.URL
	return r
}

// ended is how many streams have ended for a reason.
func (r *replica) ended(why string) float64 {
	families, _ := r.metrics.Gather()
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "energytwin_api_stream_ended_total" && m.GetLabel()[0].GetValue() == why {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// watcher is a client, as a browser's EventSource is one.
type watcher struct {
	t      *testing.T
	lastID string
	got    []string // data of events
	resets int
	body   io.Closer
	lines  *bufio.Reader
}

// open connects, and goes on behind the last event.
func (w *watcher) open(r *replica, query string) error {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, r.url+"/?"+query, http.NoBody)
	require.NoError(w.t, err)
	req.Header.Set("X-API-Key", "reader")
	if w.lastID != "" {
		req.Header.Set("Last-Event-ID", w.lastID)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		return errors.New(string(text))
	}
	require.Equal(w.t, "text/event-stream", answer.Header.Get("Content-Type"))
	w.body, w.lines = answer.Body, bufio.NewReader(answer.Body)
	return nil
}

func (w *watcher) close() { _ = w.body.Close() }

// event reads the next block: its kind, "" for one that is no event. The error is that of
// the connection.
func (w *watcher) event() (kind string, err error) {
	var data, id string
	for {
		line, err := w.lines.ReadString('\n')
		if err != nil {
			return "", err
		}
		line = strings.TrimSuffix(line, "\n")
		field, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "":
			if id != "" {
				w.lastID = id
			}
			if kind == string(KindReset) {
				w.resets++
			} else if kind != "" {
				w.got = append(w.got, strings.Trim(data, `"`))
			}
			return kind, nil
		case field == "id":
			id = value
		case field == "event":
			kind = value
		case field == "data":
			data = value
		}
	}
}

// until reads blocks until a condition holds.
func (w *watcher) until(what string, done func() bool) {
	w.t.Helper()
	end := time.AfterFunc(patience, w.close)
	defer end.Stop()
	for !done() {
		_, err := w.event()
		require.NoError(w.t, err, what)
	}
}

// ofPartition are the items of a partition, in their order.
func ofPartition(items []string, p int) []string {
	out := []string{}
	for _, i := range items {
		if strings.HasPrefix(i, fmt.Sprintf("%d/", p)) {
			out = append(out, i)
		}
	}
	return out
}

// Cut at random, and resumed on one of three replicas, a client gets every event once, and
// those of a partition in order.
func TestNothingIsLostOrRepeated(t *testing.T) {
	f := newFeed(t)
	f.publish(0)
	replicas := []*replica{f.replica(Limits{}, expand), f.replica(Limits{}, expand), f.replica(Limits{}, expand)}
	random := rand.New(rand.NewPCG(15, 8))
	w := &watcher{t: t}
	require.NoError(t, w.open(replicas[0], ""))
	w.until("the position", func() bool { return w.lastID != "" })
	f.sent = nil // what was published before is not for it

	const cuts = 100
	for range cuts {
		for range random.IntN(6) {
			f.publish(random.IntN(partitions))
		}
		missing := len(f.sent) - len(w.got)
		read := random.IntN(missing + 1) // maybe in the midst of an event's items
		end := len(w.got) + read
		w.until("events", func() bool { return len(w.got) >= end })
		w.close()
		for range random.IntN(3) {
			f.publish(random.IntN(partitions))
		}
		require.NoError(t, w.open(replicas[random.IntN(len(replicas))], ""))
	}
	w.until("the rest", func() bool { return len(w.got) >= len(f.sent) })
	w.close()
	require.Zero(t, w.resets)
	require.Len(t, w.got, len(f.sent))
	for p := range partitions {
		require.Equal(t, ofPartition(f.sent, p), ofPartition(w.got, p))
	}
}

func TestFilteredClientsKeepTheirPlace(t *testing.T) {
	f := newFeed(t)
	r := f.replica(Limits{}, expand)
	w := &watcher{t: t}
	require.NoError(t, w.open(r, "kind=limit&meter=m1"))
	w.until("the position", func() bool { return w.lastID != "" })
	f.publish(0)
	f.publish(1)
	f.publish(1)
	w.until("two limits", func() bool { return len(w.got) == 2 })
	require.Equal(t, []string{name(1, 1, 2), name(1, 2, 2)}, w.got)
	w.close()
	f.publish(2)
	require.NoError(t, w.open(r, ""))
	w.until("the rest", func() bool { return len(w.got) == 5 })
	require.Equal(t, []string{name(2, 1, 0), name(2, 1, 1), name(2, 1, 2)}, w.got[2:], "what the filter left out is not sent later")
	w.close()
}

func TestResets(t *testing.T) {
	f := newFeed(t)
	f.publish(0)
	r := f.replica(Limits{}, expand)
	for _, id := range []string{"nonsense", "1-0_0-0", "7-0_0-0_0-0", "1-0_0-0_5-1", "1-0.0_0-0_0-0", "-_-_-", strings.Repeat("1-0_", 5000)} {
		w := &watcher{t: t, lastID: id}
		require.NoError(t, w.open(r, ""))
		w.until("a reset", func() bool { return w.resets == 1 })
		require.Equal(t, "1-0_0-0_0-0", w.lastID)
		f.sent = nil
		w.close()
	}
	w := &watcher{t: t, lastID: "1-0_0-0_0-0"}
	require.NoError(t, w.open(r, "kind=limit"))
	f.publish(1, history.FieldGap)
	w.until("the event behind a gap", func() bool { return len(w.got) == 1 })
	require.Equal(t, 1, w.resets, "a reset passes every filter")
	w.close()
}

// A process that begins later goes on for clients of others, as far as events are kept.
func TestOldEventsAreKept(t *testing.T) {
	f := newFeed(t)
	for range 40 {
		f.publish(0)
		f.publish(2)
	}
	w := &watcher{t: t, lastID: "0-0_0-0_0-0"}
	require.NoError(t, w.open(f.replica(Limits{}, expand), ""))
	w.until("all", func() bool { return len(w.got) == len(f.sent) })
	require.Zero(t, w.resets)
	w.close()
}

func TestStreamsOutliveTheServersTimes(t *testing.T) {
	f := newFeed(t)
	r := f.replica(Limits{}, expand)
	w := &watcher{t: t}
	require.NoError(t, w.open(r, ""))
	w.until("the position", func() bool { return w.lastID != "" })
	waited := time.NewTimer(serverTime + serverTime/2)
	<-waited.C
	f.publish(0)
	w.until("events", func() bool { return len(w.got) == itemsOfEvent })
	w.close()
}

// A client without events gets signs of life, which move its place on past what its filter leaves
// out, and are no events.
func TestHeartbeats(t *testing.T) {
	f := newFeed(t)
	f.heartbeat = time.Millisecond
	r := f.replica(Limits{}, expand)
	w := &watcher{t: t}
	require.NoError(t, w.open(r, "meter=nobody"))
	defer w.close()
	beats := 0
	w.until("signs of life", func() bool { beats++; return beats > 10 }) // each block without an event is one
	begun := w.lastID
	require.NotEmpty(t, begun)
	f.publish(0)
	w.until("the place moves on", func() bool { return w.lastID != begun })
	require.Empty(t, w.got)

	// From there on nothing is missing.
	w.close()
	f.publish(0)
	require.NoError(t, w.open(r, ""))
	w.until("the events behind", func() bool { return len(w.got) >= itemsOfEvent })
	require.Equal(t, f.sent[itemsOfEvent:], w.got)
	require.Zero(t, w.resets)
}

func TestStreamsEndWithAccess(t *testing.T) {
	f := newFeed(t)
	r := f.replica(Limits{}, expand)
	w := &watcher{t: t}
	require.NoError(t, w.open(r, ""))
	w.until("the position", func() bool { return w.lastID != "" })
	r.allowed.Store(false)
	for {
		if _, err := w.event(); err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
	}
	require.Eventually(t, func() bool { return r.ended(endedAccess) == 1 }, patience, time.Millisecond)
}

func TestCloseEndsStreamsAtOnce(t *testing.T) {
	f := newFeed(t)
	r := f.replica(Limits{}, expand)
	w := &watcher{t: t}
	require.NoError(t, w.open(r, ""))
	w.until("the position", func() bool { return w.lastID != "" })
	r.hub.Close()
	_, err := w.event()
	require.ErrorIs(t, err, io.EOF)
	require.ErrorContains(t, w.open(r, ""), "cannot be read")
}

func TestLimitsOfClients(t *testing.T) {
	f := newFeed(t)
	for limits, why := range map[Limits]string{{Clients: 2, PerKey: 9}: ErrFull.Error(), {Clients: 9, PerKey: 2}: ErrFullOfKey.Error()} {
		r := f.replica(limits, expand)
		var watchers []*watcher
		for range 2 {
			w := &watcher{t: t}
			require.NoError(t, w.open(r, ""))
			watchers = append(watchers, w)
		}
		require.ErrorContains(t, (&watcher{t: t}).open(r, ""), why)
		watchers[0].close()
		require.Eventually(t, func() bool {
			w := &watcher{t: t}
			if w.open(r, "") != nil {
				return false
			}
			w.close()
			return true
		}, patience, time.Millisecond, "a place is free again")
		watchers[1].close()
	}
}

// Without Redis nobody watches; whoever does goes on when it is back after a while. A Redis that
// has lost its data holds another history.
func TestRedisAway(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not on PATH: the in-process server does not come back")
	}
	ctx := t.Context()
	dir := t.TempDir()
	server, err := embedded.Redis(ctx, embedded.RedisOptions{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Stop(context.WithoutCancel(ctx)) })
	stop := func() { require.NoError(t, server.Stop(ctx)) }
	begin := func() {
		var err error
		server, err = embedded.Redis(ctx, embedded.RedisOptions{Dir: dir})
		require.NoError(t, err)
	}
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte(server.Password), 0o600))
	f := feedOn(t, config.Redis{Address: server.Address, PassFile: password})
	f.publish(0)
	r := f.replica(Limits{}, expand)
	stop()
	require.Error(t, (&watcher{t: t}).open(r, ""))
	begin()
	w := &watcher{t: t}
	require.Eventually(t, func() bool { return w.open(r, "") == nil }, patience, 10*time.Millisecond)
	w.until("the position", func() bool { return w.lastID != "" })
	stop()
	begin()
	f.publish(1)
	// Either the stream was held, or it has ended and goes on.
	for len(w.got) < itemsOfEvent {
		if _, err := w.event(); err != nil {
			require.Eventually(t, func() bool { return w.open(r, "") == nil }, patience, 10*time.Millisecond)
		}
	}
	require.Zero(t, w.resets)
	require.Equal(t, []string{name(1, 1, 0), name(1, 1, 1), name(1, 1, 2)}, w.got)

	client := redis.NewClient(&redis.Options{Addr: server.Address, Password: server.Password})
	defer client.Close()
	require.NoError(t, client.FlushAll(ctx).Err())
	stop()
	begin()
	f.publish(2)
	for w.resets == 0 {
		if _, err := w.event(); err != nil {
			require.Eventually(t, func() bool { return w.open(r, "") == nil }, patience, 10*time.Millisecond)
		}
	}
	w.close()
}

// An event waits for the database that it names rows of.
func TestEventsWaitForTheDatabase(t *testing.T) {
	f := newFeed(t)
	var tries atomic.Int64
	r := f.replica(Limits{}, func(ctx context.Context, e *history.LiveEvent) ([]Item, error) {
		if tries.Add(1) < 3 {
			return nil, errors.New("the database is away")
		}
		return expand(ctx, e)
	})
	w := &watcher{t: t}
	require.NoError(t, w.open(r, ""))
	w.until("the position", func() bool { return w.lastID != "" })
	f.publish(0)
	w.until("the event", func() bool { return len(w.got) == itemsOfEvent })
	require.EqualValues(t, 3, tries.Load(), "and is read once for all")
	w.close()
}

// A client that takes nothing is dropped; the others do not wait for it.
func TestSlowClientsAreDropped(t *testing.T) {
	f := newFeed(t)
	large := strings.Repeat("x", 4<<20)
	r := f.replica(Limits{}, func(_ context.Context, e *history.LiveEvent) ([]Item, error) {
		return []Item{{Kind: KindState, Data: []byte(`"` + large + `"`)}}, nil
	})
	slow, quick := &watcher{t: t}, &watcher{t: t}
	require.NoError(t, slow.open(r, ""))
	require.NoError(t, quick.open(r, ""))
	slow.until("the position", func() bool { return slow.lastID != "" })
	quick.until("the position", func() bool { return quick.lastID != "" })
	for range 8 {
		f.publish(0)
	}
	quick.until("all events", func() bool { return len(quick.got) == 8 })
	require.Eventually(t, func() bool { return r.ended(endedSlow) == 1 }, patience, 10*time.Millisecond)
	slow.close()
	quick.close()
}
