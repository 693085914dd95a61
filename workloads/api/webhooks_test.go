package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	live "github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/workloads/api/webhook"
)

// hookedAPI is the API of the filled twin, with webhooks and a live stream that a test writes.
type hookedAPI struct {
	*api
	store *live.Store
}

func newHookedAPI(t *testing.T, allowPrivate bool) *hookedAPI {
	t.Helper()
	h := &hookedAPI{}
	redis := config.Redis{Address: miniredis.RunT(t).Addr()}
	if store == nil {
		t.Skip("no PostgreSQL here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	twin := filledTwin(t)
	a := &api{now: &clock{t: time.Now()}}
	a.keys, a.keysFile = newKeysFile(t)
	twin.API.APIKeysFile = a.keysFile
	twin.API.JWTSecretFile = signingSecret(t)
	twin.API.Webhooks = config.Webhooks{Enabled: true, AllowPrivate: allowPrivate, GiveUpAfter: config.Duration(time.Hour), Max: 20}
	from, err := live.ConnectLive(redis, twin.KeyPrefix(), 2)
	require.NoError(t, err)
	h.store, err = live.Connect(redis, twin.KeyPrefix())
	require.NoError(t, err)
	s, err := newServer(twin, Deps{DB: store, Version: "1.2.3", Clock: a.now.read, Hooked: from})
	require.NoError(t, err)
	a.Handler, err = s.handler()
	require.NoError(t, err)
	h.api = a
	ctx, cancel := context.WithCancel(context.Background())
	ended := s.sendWebhooks(ctx)
	t.Cleanup(func() {
		w := a.byOperator("GET", pathWebhooks, "")
		for _, hook := range dataOf[[]WebhookView](t, w) {
			require.Equal(t, http.StatusNoContent, a.byOperator("DELETE", pathWebhooks+"/"+hook.ID, "").Code)
		}
		cancel()
		<-ended
		_, _ = store.Pool.Exec(context.Background(), `UPDATE webhook_position SET places = '{0-0,0-0}'`) // the next test has another stream
		_ = from.Close()
		_ = h.store.Close()
	})
	return h
}

// signingSecret is one that all tests share, as they share the database.
func signingSecret(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("webhooks of tests ", 4)), 0o600))
	return path
}

func (a *api) byOperator(method, target, body string) *httptest.ResponseRecorder {
	return a.send(method, target, body, "X-API-Key", a.keys["operator"], "Content-Type", "application/json")
}

// newHook creates a webhook.
func (h *hookedAPI) newHook(t *testing.T, url, more string) WebhookWithSecret {
	t.Helper()
	w := h.byOperator("POST", pathWebhooks, `{"name":"hook-`+uuid.NewString()[:8]+`","url":"`+url+`"`+more+`}`)
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	return dataOf[WebhookWithSecret](t, w)
}

// hookReceiver keeps the events that it is sent.
type hookReceiver struct {
	*httptest.Server
	mu     sync.Mutex
	secret string
	wrong  int
	events []webhook.Event
}

func newHookReceiver(t *testing.T) *hookReceiver {
	t.Helper()
	r := &hookReceiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		by, err := standardwebhooks.NewWebhook(r.secret)
		var b webhook.Body
		if err != nil || by.Verify(body, req.Header) != nil || json.Unmarshal(body, &b) != nil {
			r.wrong++
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.events = append(r.events, b.Data.Events...)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *hookReceiver) kinds() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	kinds := map[string]int{}
	for _, e := range r.events {
		kinds[string(e.Kind)]++
	}
	return kinds
}

// answeredByWebhooks is the answer that the example of an operation is made from.
func answeredByWebhooks(t *testing.T, operation string) *httptest.ResponseRecorder {
	t.Helper()
	h := newHookedAPI(t, true)
	in := newHookReceiver(t)
	hook := h.newHook(t, "https://example.org/energytwin", `,"kinds":["decision"]`)
	path := pathWebhooks + "/" + hook.ID
	switch operation {
	case "createWebhook":
		return h.byOperator("POST", pathWebhooks, `{"name":"billing","url":"https://example.org/energytwin","kinds":["decision","alert"],"groups":["feeder-0001"]}`)
	case "webhooks":
		return h.byOperator("GET", pathWebhooks, "")
	case "webhook":
		return h.byOperator("GET", path, "")
	case "changeWebhook":
		return h.byOperator("PATCH", path, `{"kinds":["decision","limit"]}`)
	case "rotateWebhook":
		return h.byOperator("POST", path+"/rotate", `{}`)
	}
	other := h.newHook(t, in.URL, "")
	in.secret = other.Secret
	path = pathWebhooks + "/" + other.ID
	w := h.byOperator("POST", path+"/test", "")
	delivery := dataOf[DeliveryView](t, w).ID
	switch operation {
	case "webhookDeliveries":
		w = h.byOperator("GET", path+"/deliveries", "")
	case "webhookDelivery":
		w = h.byOperator("GET", path+"/deliveries/"+delivery, "")
	case "redeliver":
		w = h.byOperator("POST", path+"/deliveries/"+delivery+"/redeliver", "")
	}
	return w
}

func TestWebhooksGetWhatIsStored(t *testing.T) {
	h := newHookedAPI(t, true)
	in := newHookReceiver(t)
	hook := h.newHook(t, in.URL+"/x", "")
	in.secret = hook.Secret
	require.True(t, strings.HasPrefix(hook.Secret, "whsec_"))
	require.True(t, hook.Enabled)
	require.Equal(t, webhook.StatusActive, hook.Status)
	require.Equal(t, "operator", hook.CreatedBy)

	var issued time.Time
	require.NoError(t, store.Pool.QueryRow(t.Context(), `SELECT max(issued_at) FROM decisions`).Scan(&issued))
	hour := meter.HourOf(issued)
	partition := partitionOf(t, hour)
	var want int
	require.NoError(t, store.Pool.QueryRow(t.Context(), `SELECT count(*) FROM decisions WHERE issued_at = $1 AND partition = $2`, issued, partition).Scan(&want))
	fields := map[string]any{live.FieldType: live.LiveDecisions, live.FieldHour: hour.String()}
	for offset := int64(1); in.kinds()["decision"] < want; offset++ { // the first may be published before the position is set
		require.NoError(t, h.store.Publish(t.Context(), partition, live.Event{Offset: offset, Fields: fields}))
		until := time.Now().Add(time.Second)
		for in.kinds()["decision"] < want && time.Now().Before(until) {
			time.Sleep(10 * time.Millisecond)
		}
		require.Less(t, offset, int64(90), in.kinds())
	}
	require.Zero(t, in.wrong)
	require.Positive(t, in.kinds()["forecast"])
	streamed := map[string]bool{}
	items, err := store.DecisionsIssued(t.Context(), partition, hour)
	require.NoError(t, err)
	for _, d := range items {
		streamed[d.ID.String()] = true
	}
	in.mu.Lock()
	events := slices.Clone(in.events)
	in.mu.Unlock()
	for _, e := range events {
		if e.Kind != "decision" {
			continue
		}
		var d headerAnswer
		require.NoError(t, json.Unmarshal(e.Data, &d))
		require.True(t, streamed[d.ID], "it is a decision of the issue")
	}

	// What it was sent is listed, with what came of it.
	w := h.byOperator("GET", pathWebhooks+"/"+hook.ID+"/deliveries?limit=1", "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	page := dataOf[[]DeliveryView](t, w)
	require.Len(t, page, 1)
	require.Equal(t, "twin.events", page[0].Type)
	w = h.byOperator("GET", pathWebhooks+"/"+hook.ID+"/deliveries/"+page[0].ID, "")
	one := dataOf[DeliveryView](t, w)
	data, _ := one.Body["data"].(map[string]any)
	require.Equal(t, filledTwin(t).Namespace+"/"+filledTwin(t).Name, data["twin"])
	require.Len(t, data["events"], one.Events)

	// The secret is in no answer after the first, and not in the database.
	for _, path := range []string{pathWebhooks, pathWebhooks + "/" + hook.ID, pathWebhooks + "/" + hook.ID + "/deliveries"} {
		require.NotContains(t, h.byOperator("GET", path, "").Body.String(), strings.TrimPrefix(hook.Secret, "whsec_"))
	}
	var sealed []byte
	require.NoError(t, store.Pool.QueryRow(t.Context(), `SELECT sealed FROM webhooks WHERE id = $1`, hook.ID).Scan(&sealed))
	require.NotContains(t, string(sealed), in.URL)

	w = h.byOperator("POST", pathWebhooks+"/"+hook.ID+"/rotate", `{"overlapSeconds":0}`)
	rotated := dataOf[WebhookWithSecret](t, w)
	require.NotEqual(t, hook.Secret, rotated.Secret)
	require.Nil(t, rotated.SecretBeforeEndsAt)
	w = h.byOperator("POST", pathWebhooks+"/"+hook.ID+"/test", "")
	failed := dataOf[DeliveryView](t, w)
	require.Equal(t, "given_up", failed.Status)
	require.Equal(t, 401, *failed.Tries[0].Status)
	in.mu.Lock()
	in.secret = rotated.Secret
	in.mu.Unlock()
	w = h.byOperator("POST", pathWebhooks+"/"+hook.ID+"/test", "")
	require.Equal(t, "delivered", dataOf[DeliveryView](t, w).Status)

	w = h.byOperator("PATCH", pathWebhooks+"/"+hook.ID, `{"enabled":false,"kinds":["limit"]}`)
	off := dataOf[WebhookView](t, w)
	require.False(t, off.Enabled)
	require.Equal(t, webhook.StatusPaused, off.Status)
	require.Equal(t, []string{"limit"}, off.Kinds)
	requireProblem(t, h.byOperator("POST", pathWebhooks+"/"+hook.ID+"/deliveries/"+one.ID+"/redeliver", ""), http.StatusConflict, "webhook_off", "id")
	require.NotContains(t, fmt.Sprint(read[[]Alert](t, h.api, "/api/v1/alerts").Data), "webhook_failing", "it was turned off by a person")
	_, err = store.Pool.Exec(t.Context(), `UPDATE webhook_states SET off_why = 'failing' WHERE webhook_id = $1`, hook.ID)
	require.NoError(t, err)
	alerts := read[[]Alert](t, h.api, "/api/v1/alerts").Data
	require.Contains(t, fmt.Sprint(alerts), "webhook_failing")
	w = h.byOperator("PATCH", pathWebhooks+"/"+hook.ID, `{"enabled":true,"kinds":[]}`)
	on := dataOf[WebhookView](t, w)
	require.True(t, on.Enabled)
	require.Empty(t, on.Kinds)
}

func TestAnswersAboutWebhooksHaveTheDocumentedForm(t *testing.T) {
	h := newHookedAPI(t, true)
	s, err := newServer(filledTwin(t), Deps{DB: store})
	require.NoError(t, err)
	document := s.documentedAPI(t)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer receiver.Close()
	hook := h.newHook(t, receiver.URL, "").ID
	w := h.byOperator("POST", pathWebhooks+"/"+hook+"/test", "")
	require.Less(t, w.Code, 300, w.Body)
	names := strings.NewReplacer("{id}", hook, "{delivery}", dataOf[DeliveryView](t, w).ID)
	checked := 0
	for path, item := range document.OpenAPI().Paths {
		if item.Get != nil && strings.HasPrefix(path, pathWebhooks) {
			requireDocumentedForm(t, document, path, h.byOperator("GET", names.Replace(path), ""))
			checked++
		}
	}
	require.Equal(t, 4, checked)
}

func TestWebhooksRejectWhatIsWrong(t *testing.T) {
	h := newHookedAPI(t, false)
	hook := h.newHook(t, "https://receiver.example/", "")
	path := pathWebhooks + "/" + hook.ID
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		code               string
		field              string
	}{
		"private":           {"POST", pathWebhooks, `{"name":"a","url":"https://10.0.0.1/"}`, 422, "invalid_body", "url"},
		"metadata":          {"POST", pathWebhooks, `{"name":"a","url":"https://169.254.169.254/latest"}`, 422, "invalid_body", "url"},
		"http":              {"POST", pathWebhooks, `{"name":"a","url":"http://receiver.example/"}`, 422, "invalid_body", "url"},
		"private by change": {"PATCH", path, `{"url":"https://[::1]/"}`, 422, "invalid_body", "url"},
		"kind":              {"POST", pathWebhooks, `{"name":"a","url":"https://a.example/","kinds":["x"]}`, 422, "invalid_body", "kinds[0]"},
		"group":             {"POST", pathWebhooks, `{"name":"a","url":"https://a.example/","groups":["nowhere"]}`, 422, "unknown_group", "group"},
		"meter":             {"PATCH", path, `{"meters":["nobody"]}`, 422, "unknown_meter", "meter"},
		"name":              {"POST", pathWebhooks, `{"name":"a b","url":"https://a.example/"}`, 422, "invalid_body", "name"},
		"taken name":        {"POST", pathWebhooks, `{"name":"` + hook.Name + `","url":"https://a.example/"}`, 409, "name_taken", "name"},
		"unknown field":     {"POST", pathWebhooks, `{"name":"a","url":"https://a.example/","secret":"mine"}`, 422, "invalid_body", "secret"},
		"unknown":           {"GET", pathWebhooks + "/" + uuid.NewString(), "", 404, "unknown_webhook", "id"},
		"unknown delivery":  {"GET", path + "/deliveries/msg_x", "", 404, "unknown_delivery", "delivery"},
		"redelivery":        {"POST", path + "/deliveries/msg_x/redeliver", "", 404, "unknown_delivery", "delivery"},
		"overlap":           {"POST", path + "/rotate", `{"overlapSeconds":604801}`, 422, "invalid_body", "overlapSeconds"},
		"cursor":            {"GET", path + "/deliveries?cursor=eHg", "", 422, "invalid_cursor", "cursor"},
	} {
		t.Run(name, func(t *testing.T) {
			requireProblem(t, h.byOperator(c.method, c.path, c.body), c.status, c.code, c.field)
		})
	}
	requireProblem(t, h.get(pathWebhooks), http.StatusForbidden, "scope_missing", "")
	off := newTestAPI(t, nil)
	requireProblem(t, off.byOperator("GET", pathWebhooks, ""), http.StatusConflict, "webhooks_not_sent", "")
	requireProblem(t, off.byOperator("POST", pathWebhooks, `{"name":"a","url":"https://a.example/"}`), http.StatusConflict, "webhooks_not_sent", "")
}

// The receivers of the how-to take what is signed, and nothing else.
func TestReceiversOfTheHowTo(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "how-to", "webhooks.md"))
	require.NoError(t, err)
	for language, program := range map[string]struct {
		file string
		run  []string
	}{
		"python": {"receiver.py", []string{"python3"}},
		"go":     {"receiver.go", []string{"go", "run"}},
	} {
		t.Run(language, func(t *testing.T) {
			if _, err := exec.LookPath(program.run[0]); err != nil {
				t.Skip(program.run[0] + " is not installed")
			}
			found := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(text)
			require.NotNil(t, found)
			file := filepath.Join(t.TempDir(), program.file)
			require.NoError(t, os.WriteFile(file, found[1], 0o600))
			h := newHookedAPI(t, true)
			free, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			_, port, _ := net.SplitHostPort(free.Addr().String())
			require.NoError(t, free.Close())
			hook := h.newHook(t, "http://127.0.0.1:"+port+"/", "")
			bin := slices.Concat(program.run, []string{file})
			if language == "go" {
				exe := filepath.Join(t.TempDir(), "receiver")
				out, err := exec.Command("go", "build", "-o", exe, file).CombinedOutput()
				require.NoError(t, err, string(out))
				bin = []string{exe}
			}
			receiver := exec.Command(bin[0], bin[1:]...)
			receiver.Env = append(os.Environ(), "WEBHOOK_SECRET="+hook.Secret, "PORT="+port)
			require.NoError(t, receiver.Start())
			t.Cleanup(func() { _ = receiver.Process.Kill(); _ = receiver.Wait() })
			test := func() DeliveryView {
				return dataOf[DeliveryView](t, h.byOperator("POST", pathWebhooks+"/"+hook.ID+"/test", ""))
			}
			require.Eventually(t, func() bool { return test().Status == "delivered" }, time.Minute, 50*time.Millisecond)
			require.Equal(t, http.StatusOK, h.byOperator("POST", pathWebhooks+"/"+hook.ID+"/rotate", `{"overlapSeconds":3600.0}`).Code)
			require.Equal(t, "delivered", test().Status, "by the secret before the rotation, too")
			require.Equal(t, http.StatusOK, h.byOperator("POST", pathWebhooks+"/"+hook.ID+"/rotate", `{"overlapSeconds":0}`).Code)
			wrong := test()
			require.Equal(t, "given_up", wrong.Status)
			require.Equal(t, http.StatusUnauthorized, *wrong.Tries[0].Status)
		})
	}
}
