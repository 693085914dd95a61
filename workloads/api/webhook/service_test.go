package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/internal/timescale/webhooks"
	"github.com/energytwin/energytwin/internal/webhook"
	"github.com/energytwin/energytwin/workloads/api/stream"
)

const (
	patience   = 90 * time.Second
	partitions = 2
	sealing    = "a secret of these tests, which is long enough"
)

var server string // of PostgreSQL; "" for none

func TestMain(m *testing.M) {
	ctx := context.Background()
	server = os.Getenv("ENERGYTWIN_TEST_POSTGRES_URL")
	stop := func() {}
	if server == "" {
		if s, err := embedded.Postgres(ctx, embedded.PostgresOptions{}); err == nil {
			server, stop = s.URL, func() { _ = s.Stop(ctx) }
		}
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

// template is a database with the schema; "" until it is made.
var template string

// newDatabase makes a database as the template has it, and gives its URL.
func newDatabase(t *testing.T, like string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	if like == "" {
		like = "template0"
	}
	name := "webhooks" + strings.ReplaceAll(uuid.NewString()[:13], "-", "")
	_, err = conn.Exec(t.Context(), `CREATE DATABASE `+name+` TEMPLATE `+like)
	require.NoError(t, err)
	u, err := url.Parse(server)
	require.NoError(t, err)
	u.Path = "/" + name
	if template != "" {
		return u.String()
	}
	template = name
	owner, err := pgx.Connect(t.Context(), u.String())
	require.NoError(t, err)
	_, err = owner.Exec(t.Context(), `
		DO $$ BEGIN
			IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'twin_reader') THEN CREATE ROLE twin_reader; END IF;
		END $$;
		GRANT USAGE ON SCHEMA public TO twin_reader;
		ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO twin_reader`, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	require.NoError(t, owner.Close(t.Context()))
	require.NoError(t, schema.Migrate(t.Context(), u.String(), schema.MigrateOptions{}))
	return newDatabase(t, template)
}

// world is a database, a live stream, and receivers.
type world struct {
	t     *testing.T
	url   string // of the database, as its owner
	redis *miniredis.Miniredis
	feed  *history.Store
	next  [partitions]int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if server == "" {
		t.Skip("no PostgreSQL here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	w := &world{t: t, url: newDatabase(t, template), redis: miniredis.RunT(t)}
	var err error
	w.feed, err = history.Connect(config.Redis{Address: w.redis.Addr()}, "ns/twin/")
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.feed.Close() })
	return w
}

// asReader connects with the rights of the API.
func (w *world) asReader() *timescale.DB {
	w.t.Helper()
	u, err := url.Parse(w.url)
	require.NoError(w.t, err)
	q := u.Query()
	q.Set("role", "twin_reader")
	u.RawQuery = q.Encode()
	db, err := timescale.Connect(context.Background(), u.String(), timescale.Options{MaxConns: 4})
	require.NoError(w.t, err)
	w.t.Cleanup(db.Close)
	return &db
}

// publish writes events, as processors do, and returns the ids of the items that are for clients.
func (w *world) publish(n int) (ids []string) {
	w.t.Helper()
	for range n {
		p := rand.IntN(partitions)
		w.next[p]++
		require.NoError(w.t, w.feed.Publish(w.t.Context(), p, history.Event{Offset: w.next[p], Fields: map[string]any{history.FieldType: history.LiveDecisions}}))
		for i := range itemsOfEvent {
			ids = append(ids, fmt.Sprintf("%d.%d-0.%d", p, w.next[p], i))
		}
	}
	return ids
}

const itemsOfEvent = 3

func expand(_ context.Context, e *history.LiveEvent) ([]stream.Item, error) {
	items := make([]stream.Item, itemsOfEvent)
	for i := range items {
		kind := []stream.Kind{stream.KindDecision, stream.KindForecast, stream.KindLimit}[i]
		items[i] = stream.Item{Kind: kind, Meter: fmt.Sprintf("m%d", e.Partition), Groups: []string{fmt.Sprintf("g%d", e.Partition)}, Data: []byte(`{"n":1}`)}
	}
	return items, nil
}

// mortal is a store that a process loses when it is killed: nothing that it does arrives.
type mortal struct {
	Store
	dead atomic.Bool
}

var errDead = errors.New("the process was killed")

func (m *mortal) Queue(ctx context.Context, b *webhook.Batch) (bool, error) {
	if m.dead.Load() {
		return false, errDead
	}
	return m.Store.Queue(ctx, b)
}

func (m *mortal) Record(ctx context.Context, of *webhook.Message, o *webhook.Outcome) (string, bool, error) {
	if m.dead.Load() {
		return "", false, errDead
	}
	return m.Store.Record(ctx, of, o)
}

func (m *mortal) Release(ctx context.Context, id, holder uuid.UUID) error {
	if m.dead.Load() {
		return errDead
	}
	return m.Store.Release(ctx, id, holder)
}

// replica is a process of the API.
type replica struct {
	*Service
	store   *mortal
	metrics *Metrics
	end     context.CancelFunc
	ended   chan struct{}
}

func (w *world) replica(change func(*Options)) *replica {
	w.t.Helper()
	live, err := history.ConnectLive(config.Redis{Address: w.redis.Addr()}, "ns/twin/", partitions)
	require.NoError(w.t, err)
	vault, err := webhook.NewVault([]byte(sealing))
	require.NoError(w.t, err)
	metrics, err := NewMetrics(prometheus.NewRegistry())
	require.NoError(w.t, err)
	r := &replica{store: &mortal{Store: webhooks.New(w.asReader())}, metrics: metrics, ended: make(chan struct{})}
	o := Options{
		Store: r.store, Vault: vault, Source: live, Expand: expand, Twin: "ns/twin", Agent: "EnergyTwin/test", AllowPrivate: true, GiveUpAfter: time.Hour, Most: 20, Metrics: metrics,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Retry: Retry{First: 20 * time.Millisecond, Most: 200 * time.Millisecond},
		Resolve: func(_ context.Context, s *webhook.Settings) (f stream.Filter, err error) {
			for _, kind := range s.Kinds {
				f.Kinds = append(f.Kinds, stream.Kind(kind))
			}
			f.Groups, f.Meters = s.Groups, s.Meters
			return f, nil
		},
	}
	if change != nil {
		change(&o)
	}
	r.Service = New(o)
	r.lease = 2 * time.Second
	var ctx context.Context
	ctx, r.end = context.WithCancel(context.Background())
	go func() { defer close(r.ended); r.Run(ctx) }()
	w.t.Cleanup(func() { r.stop(); _ = live.Close() })
	return r
}

// stop ends a replica in order.
func (r *replica) stop() { r.end(); <-r.ended }

// kill ends a replica without any farewell.
func (r *replica) kill() { r.store.dead.Store(true); r.end(); <-r.ended }

// ready waits until the replicas follow the stream.
func (w *world) ready(r *replica) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		places, err := r.store.Position(w.t.Context())
		return err == nil && places != nil
	}, patience, 10*time.Millisecond)
}

// passed waits until all that was published has been read, also where it is for no webhook.
func (w *world) passed(r *replica) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		places, err := r.store.Position(w.t.Context())
		if err != nil || len(places) != partitions {
			return false
		}
		for p, place := range places {
			if place != fmt.Sprintf("%d-0", w.next[p]) {
				return false
			}
		}
		return true
	}, patience, 10*time.Millisecond)
}

// receiver is a server that checks what it gets.
type receiver struct {
	t      *testing.T
	url    string
	secret atomic.Value // of string

	mu     sync.Mutex
	bodies map[string]string // by id of the message
	order  []string          // of events, each at its first arrival
	seen   map[string]int    // how often each event was taken
	tests  int
	wrong  []string
	answer func(n int, b *Body) int // status of a request; n counts from 1
	n      int
}

func newReceiver(t *testing.T, answer func(n int, b *Body) int) *receiver {
	t.Helper()
	r := &receiver{t: t, bodies: map[string]string{}, seen: map[string]int{}, answer: answer}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	r.url = s.URL
	r.secret.Store("")
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	text, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	var b Body
	fault := func(format string, args ...any) { r.wrong = append(r.wrong, fmt.Sprintf(format, args...)) }
	r.mu.Lock()
	if secret, _ := r.secret.Load().(string); secret != "" {
		if by, err := standardwebhooks.NewWebhook(secret); err != nil || by.Verify(text, req.Header) != nil {
			fault("signature of %s", text)
		}
	}
	if err := json.Unmarshal(text, &b); err != nil {
		fault("%v: %s", err, text)
	}
	id := req.Header.Get("webhook-id")
	if before, ok := r.bodies[id]; ok && before != string(text) {
		fault("%s has another body than before", id)
	}
	r.bodies[id] = string(text)
	r.n++
	n := r.n
	r.mu.Unlock()
	status := http.StatusOK
	if r.answer != nil {
		status = r.answer(n, &b)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if status < 300 {
		if b.Type == TypeTest {
			r.tests++
		}
		for _, e := range b.Data.Events {
			if r.seen[e.ID]++; r.seen[e.ID] == 1 {
				r.order = append(r.order, e.ID)
			}
		}
	}
	w.WriteHeader(status)
}

// has waits until events have arrived, in their order of partitions.
func (r *receiver) has(ids []string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return !slices.ContainsFunc(ids, func(id string) bool { return r.seen[id] == 0 })
	}, patience, 10*time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Empty(r.t, r.wrong)
}

func (r *receiver) resets() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range r.order {
		if strings.HasPrefix(id, "reset.") {
			n++
		}
	}
	return n
}

// hook creates a webhook of a receiver.
func (r *receiver) hook(of *replica, s webhook.Settings) uuid.UUID {
	r.t.Helper()
	s.Name, s.URL = "hook-"+uuid.NewString()[:8], r.url+"/in"
	made, err := of.Create(r.t.Context(), &s, "operator")
	require.NoError(r.t, err)
	r.secret.Store(Secret(made.Secret))
	return made.ID
}

// state waits for a state of a webhook.
func (w *world) state(r *replica, id uuid.UUID, want func(*webhook.State) bool) webhook.State {
	w.t.Helper()
	var state webhook.State
	require.Eventually(w.t, func() bool {
		states, err := r.States(w.t.Context())
		state = states[id]
		return err == nil && want(&state)
	}, patience, 10*time.Millisecond)
	return state
}

func TestEventsAreDeliveredSignedAndInOrder(t *testing.T) {
	w := newWorld(t)
	r := w.replica(nil)
	w.ready(r)
	w.publish(5) // before anybody listens
	w.passed(r)
	all, decisions := newReceiver(t, nil), newReceiver(t, nil)
	id := all.hook(r, webhook.Settings{})
	decisions.hook(r, webhook.Settings{Kinds: []string{"decision"}, Groups: []string{"g1"}})
	ids := w.publish(60)
	all.has(ids)
	var wanted []string
	for _, id := range ids {
		if strings.HasPrefix(id, "1.") && strings.HasSuffix(id, ".0") {
			wanted = append(wanted, id)
		}
	}
	decisions.has(wanted)
	require.Len(t, decisions.order, len(wanted))
	inOrder(t, all.order)
	for id, n := range all.seen {
		require.Equal(t, 1, n, id)
	}

	// The secret is rotated while messages come.
	before, _ := all.secret.Load().(string)
	made, err := r.Rotate(t.Context(), id, "operator", time.Hour)
	require.NoError(t, err)
	require.NotEqual(t, before, Secret(made.Secret))
	all.has(w.publish(3)) // checked by the old secret
	all.secret.Store(Secret(made.Secret))
	all.has(w.publish(3))
	_, err = r.Rotate(t.Context(), id, "operator", 0)
	require.NoError(t, err)
	all.secret.Store("")
	all.has(w.publish(1))

	m, err := r.Test(t.Context(), id)
	require.NoError(t, err)
	require.True(t, m.Delivered)
	require.Equal(t, 1, all.tests)
	found, next, err := r.Deliveries(t.Context(), id, 0, 2)
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.NotZero(t, next)
	require.Equal(t, m.ID, found[0].ID)
	require.Equal(t, http.StatusOK, found[0].Tries[0].Status)
	require.GreaterOrEqual(t, testutil.ToFloat64(r.metrics.attempts.WithLabelValues(attemptDelivered)), 4.0)

	// Delivered again, by hand, with the same id.
	_, err = r.Redeliver(t.Context(), id, found[1].ID)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		again, err := r.Delivery(t.Context(), id, found[1].ID)
		return err == nil && again.Attempts == 2 && again.NextAt.IsZero()
	}, patience, 10*time.Millisecond)

	require.NoError(t, r.Delete(t.Context(), id, "operator"))
	_, _, err = r.Get(t.Context(), id)
	require.Error(t, err)
	var left int
	require.NoError(t, w.asReader().Pool.QueryRow(t.Context(), `SELECT count(*) FROM webhook_messages WHERE webhook_id = $1`, id).Scan(&left))
	require.Zero(t, left)
}

// inOrder checks that the events of each partition ascend.
func inOrder(t *testing.T, ids []string) {
	t.Helper()
	last := map[string][2]int{}
	for _, id := range ids {
		var partition string
		var offset, n, item int
		partition, rest, _ := strings.Cut(id, ".")
		_, err := fmt.Sscanf(rest, "%d-%d.%d", &offset, &n, &item)
		require.NoError(t, err, id)
		at := [2]int{offset, item}
		require.Positive(t, slices.Compare(at[:], append([]int(nil), last[partition][0], last[partition][1]-1)), id)
		last[partition] = at
	}
}

func TestReceiverThatIsDownAndUpAgain(t *testing.T) {
	w := newWorld(t)
	r := w.replica(nil)
	w.ready(r)
	var up atomic.Bool
	in := newReceiver(t, func(int, *Body) int {
		if up.Load() {
			return http.StatusOK
		}
		return http.StatusInternalServerError
	})
	id := in.hook(r, webhook.Settings{})
	ids := w.publish(1)
	w.state(r, id, func(s *webhook.State) bool { return s.Failures >= 3 && !s.FailingSince.IsZero() })
	ids = append(ids, w.publish(150)...)
	require.Eventually(t, func() bool { // all of them are messages
		found, _, err := r.Deliveries(t.Context(), id, 0, 1000)
		events := 0
		for i := range found {
			events += found[i].Events
		}
		return err == nil && events == len(ids)
	}, patience, 10*time.Millisecond)
	r.stop()
	w.redis.FlushAll() // what waits needs no stream
	r = w.replica(nil)
	up.Store(true)
	in.has(ids)
	w.state(r, id, func(s *webhook.State) bool { return s.FailingSince.IsZero() && s.Failures == 0 && s.Pending == 0 })
	// Redis may have lost events that nobody read: the receiver learns of it with the next one.
	w.publish(1)
	require.Eventually(t, func() bool { return in.resets() == 1 }, patience, 10*time.Millisecond)
}

func TestKilledReplicasLoseNothing(t *testing.T) {
	w := newWorld(t)
	replicas := []*replica{w.replica(nil), w.replica(nil)}
	w.ready(replicas[0])
	var served atomic.Int32
	in := newReceiver(t, func(n int, _ *Body) int {
		served.Add(1)
		if n%7 == 0 {
			return http.StatusBadGateway
		}
		return http.StatusOK
	})
	id := in.hook(replicas[0], webhook.Settings{})
	var ids []string
	const kills = 5
	for i := range kills {
		ids = append(ids, w.publish(40)...)
		before := served.Load()
		require.Eventually(t, func() bool { return served.Load() > before }, patience, time.Millisecond) // in mid-delivery
		which := i % 2
		replicas[which].kill()
		replicas[which] = w.replica(nil)
	}
	in.has(ids)
	w.state(replicas[0], id, func(s *webhook.State) bool { return s.Pending == 0 })
	in.mu.Lock()
	defer in.mu.Unlock()
	repeated := map[string]bool{}
	for id, n := range in.seen {
		require.LessOrEqual(t, n, 1+kills, id)
		if n > 1 {
			repeated[id] = true
		}
	}
	require.Zero(t, slices.IndexFunc(in.order, func(id string) bool { return strings.HasPrefix(id, "reset.") })+1, "nothing is missing")
	require.Len(t, in.order, len(ids))
	t.Logf("%d events, %d kills, %d events arrived more than once", len(ids), kills, len(repeated))
}

func TestTwoReplicasDeliverEachMessageOnce(t *testing.T) {
	w := newWorld(t)
	a, b := w.replica(nil), w.replica(nil)
	w.ready(a)
	in := newReceiver(t, nil)
	in.hook(a, webhook.Settings{})
	in.hook(b, webhook.Settings{})
	in.secret.Store("")
	var ids []string
	for range 10 {
		ids = append(ids, w.publish(20)...)
	}
	in.has(ids)
	require.Eventually(t, func() bool {
		in.mu.Lock()
		defer in.mu.Unlock()
		return !slices.ContainsFunc(ids, func(id string) bool { return in.seen[id] < 2 })
	}, patience, 10*time.Millisecond, "by both webhooks")
	for id, n := range in.seen {
		require.Equal(t, 2, n, id)
	}
}

func TestSlowReceiverHoldsUpNobody(t *testing.T) {
	w := newWorld(t)
	r := w.replica(nil)
	w.ready(r)
	release := make(chan struct{})
	slow := newReceiver(t, func(int, *Body) int { <-release; return http.StatusOK })
	fast := newReceiver(t, nil)
	slow.hook(r, webhook.Settings{})
	fast.hook(r, webhook.Settings{})
	ids := w.publish(10)
	fast.has(ids)
	more := w.publish(10)
	fast.has(more)
	require.Empty(t, slow.order)
	close(release)
	slow.has(append(ids, more...))
}

func TestMessageThatIsNeverTakenIsGivenUp(t *testing.T) {
	w := newWorld(t)
	r := w.replica(nil)
	w.ready(r)
	in := newReceiver(t, func(_ int, b *Body) int {
		if slices.ContainsFunc(b.Data.Events, func(e Event) bool { return strings.Contains(e.ID, ".1-0.") }) {
			return http.StatusUnprocessableEntity
		}
		return http.StatusOK
	})
	id := in.hook(r, webhook.Settings{})
	w.next[0], w.next[1] = 0, 100
	w.next[0]++
	require.NoError(t, w.feed.Publish(t.Context(), 0, history.Event{Offset: 1, Fields: map[string]any{history.FieldType: history.LiveDecisions}}))
	w.state(r, id, func(s *webhook.State) bool { return s.Pending == 1 || s.Failures > 0 })
	given := func() bool {
		found, _, err := r.Deliveries(t.Context(), id, 0, 100)
		return err == nil && slices.ContainsFunc(found, func(m webhook.Message) bool { return !m.Delivered && m.NextAt.IsZero() && len(m.Tries) > 3 })
	}
	in.has(w.publish(1))
	require.False(t, given())
	_, err := w.asReader().Pool.Exec(t.Context(), `UPDATE webhook_messages SET first_at = first_at - interval '2 hours' WHERE done_at IS NULL`)
	require.NoError(t, err)
	for !given() {
		require.NoError(t, t.Context().Err())
		in.has(w.publish(1))
	}
	state := w.state(r, id, func(*webhook.State) bool { return true })
	require.True(t, state.OffSince.IsZero(), "others were taken meanwhile")
	require.Equal(t, 1.0, testutil.ToFloat64(r.metrics.givenUp))
}

func TestWebhookThatDeliversNothingIsTurnedOff(t *testing.T) {
	w := newWorld(t)
	r := w.replica(func(o *Options) { o.GiveUpAfter = 300 * time.Millisecond })
	w.ready(r)
	var up atomic.Bool
	in := newReceiver(t, func(int, *Body) int {
		if up.Load() {
			return http.StatusNoContent
		}
		return http.StatusServiceUnavailable
	})
	id := in.hook(r, webhook.Settings{})
	waiting := w.publish(2)
	state := w.state(r, id, func(s *webhook.State) bool { return !s.OffSince.IsZero() })
	require.Equal(t, webhook.OffFailing, state.OffWhy)
	require.Equal(t, StatusOff, StatusOf(&state))
	require.NoError(t, r.upkeep(t.Context()))
	require.Equal(t, 1.0, testutil.ToFloat64(r.metrics.hooks.WithLabelValues(string(StatusOff))))
	other := newReceiver(t, nil)
	other.hook(r, webhook.Settings{})
	missed := w.publish(3)
	other.has(missed)
	_, err := r.Redeliver(t.Context(), id, "msg_x")
	require.ErrorContains(t, err, "turn it on first")

	up.Store(true)
	require.NoError(t, r.Switch(t.Context(), id, true))
	in.has(waiting) // what waited when it was turned off
	after := w.publish(1)
	in.has(after)
	require.Equal(t, 1, in.resets(), "events are missing, and the receiver learns of it once")
	in.mu.Lock()
	for _, id := range missed {
		require.Zero(t, in.seen[id])
	}
	in.mu.Unlock()
	w.publish(1)

	gone := newReceiver(t, func(int, *Body) int { return http.StatusGone })
	id = gone.hook(r, webhook.Settings{})
	w.publish(1)
	state = w.state(r, id, func(s *webhook.State) bool { return !s.OffSince.IsZero() })
	require.Equal(t, webhook.OffGone, state.OffWhy)
	require.Equal(t, 1, gone.n)

	require.NoError(t, r.Switch(t.Context(), id, true))
	require.NoError(t, r.Switch(t.Context(), id, false))
	state = w.state(r, id, func(s *webhook.State) bool { return !s.OffSince.IsZero() })
	require.Equal(t, StatusPaused, StatusOf(&state))
}

func TestQueueHasABound(t *testing.T) {
	w := newWorld(t)
	r := w.replica(nil)
	w.ready(r)
	r.stop()
	r = w.replica(nil)
	r.most = 2
	release := make(chan struct{})
	in := newReceiver(t, func(int, *Body) int { <-release; return http.StatusOK })
	id := in.hook(r, webhook.Settings{})
	for i := 0; w.state(r, id, func(*webhook.State) bool { return true }).Dropped == 0; i++ {
		require.Less(t, i, 1000)
		w.publish(1)
	}
	state := w.state(r, id, func(*webhook.State) bool { return true })
	require.LessOrEqual(t, state.Pending, 2)
	require.True(t, state.ResetDue)
	require.Positive(t, testutil.ToFloat64(r.metrics.dropped))
	close(release)
	w.state(r, id, func(s *webhook.State) bool { return s.Pending == 0 })
	in.has(w.publish(1))
	require.GreaterOrEqual(t, in.resets(), 1)
}

// Whoever has the password of the role, as dashboards do, makes no webhook and no message.
func TestRowsOfOthersCountForNothing(t *testing.T) {
	w := newWorld(t)
	r := w.replica(nil)
	w.ready(r)
	in := newReceiver(t, nil)
	id := in.hook(r, webhook.Settings{})
	db := w.asReader().Pool
	forged := webhook.Version{ID: id, Number: 2, By: "x", At: time.Now()}
	other, err := webhook.NewVault([]byte("somebody else's secret"))
	require.NoError(t, err)
	require.NoError(t, other.Close(&forged, &webhook.Settings{Name: "x", URL: "https://attacker.example/"}))
	for _, deleted := range []bool{false, true} {
		_, err = db.Exec(t.Context(), `INSERT INTO webhooks (id, version, changed_by, changed_at, deleted, sealed) VALUES ($1, $2, 'x', $3, $4, $5)`,
			id, forged.Number, forged.At, deleted, forged.Sealed)
		require.NoError(t, err)
		forged.Number++
	}
	h, _, err := r.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, in.url+"/in", h.URL)
	for _, sql := range []string{
		`UPDATE webhooks SET version = 9`, `DELETE FROM webhooks`, `UPDATE webhook_messages SET body = 'x'`, `UPDATE webhook_messages SET webhook_id = gen_random_uuid()`,
	} {
		_, err = db.Exec(t.Context(), sql)
		require.ErrorContains(t, err, "permission denied", sql)
	}
	_, err = db.Exec(t.Context(), `INSERT INTO webhook_messages (webhook_id, id, type, events, bytes, body, seal, next_at) VALUES ($1, 'msg_forged', 'twin.events', 1, 2, '{}', 'x', now())`, id)
	require.NoError(t, err)
	in.has(w.publish(2))
	require.Eventually(t, func() bool {
		found, err := webhooks.New(w.asReader()).Message(t.Context(), id, "msg_forged")
		return err == nil && found == nil
	}, patience, 50*time.Millisecond)
	require.NotContains(t, in.bodies, "msg_forged")

	// A change goes on behind what was forged.
	changed, err := r.Change(t.Context(), id, "operator", func(s *webhook.Settings) error { s.Kinds = []string{"limit"}; return nil })
	require.NoError(t, err)
	require.Equal(t, 4, changed.Version)
	h, _, err = r.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, []string{"limit"}, h.Kinds)
}

func TestOldMessagesAreForgotten(t *testing.T) {
	w := newWorld(t)
	r := w.replica(nil)
	w.ready(r)
	in := newReceiver(t, nil)
	id := in.hook(r, webhook.Settings{})
	for range 5 {
		_, err := r.Test(t.Context(), id)
		require.NoError(t, err)
	}
	require.NoError(t, r.store.Prune(t.Context(), 2))
	found, next, err := r.Deliveries(t.Context(), id, 0, 10)
	require.NoError(t, err)
	require.Zero(t, next)
	require.Len(t, found, 2)
}

func TestAtMostSoManyWebhooks(t *testing.T) {
	w := newWorld(t)
	r := w.replica(func(o *Options) { o.Most = 2; o.AllowPrivate = false })
	create := func(name, url string) error {
		_, err := r.Create(t.Context(), &webhook.Settings{Name: name, URL: url}, "operator")
		return err
	}
	require.ErrorContains(t, create("a", "https://10.0.0.1/"), "not public")
	require.NoError(t, create("a", "https://a.example/"))
	require.ErrorContains(t, create("a", "https://b.example/"), "choose another name")
	require.NoError(t, create("b", "https://b.example/"))
	require.ErrorContains(t, create("c", "https://c.example/"), "no more are allowed")
}
