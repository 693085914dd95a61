package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	live "github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// liveAPI is the API of the filled twin, with a live stream that a test writes.
type liveAPI struct {
	*api
	url   string
	redis *miniredis.Miniredis
	store *live.Store
}

func newLiveAPI(t *testing.T) *liveAPI {
	t.Helper()
	l := &liveAPI{redis: miniredis.RunT(t)}
	at := config.Redis{Address: l.redis.Addr()}
	l.api = newTestAPI(t, func(c *config.Twin, d *Deps) {
		from, err := live.ConnectLive(at, c.KeyPrefix(), 2)
		require.NoError(t, err)
		t.Cleanup(func() { _ = from.Close() })
		d.Live = from
		if l.store == nil {
			l.store, err = live.Connect(at, c.KeyPrefix())
			require.NoError(t, err)
			t.Cleanup(func() { _ = l.store.Close() })
		}
	})
	l.url = serveOnLoopback(t, l.api)
	return l
}

// liveEvent is an event as a client gets it.
type liveEvent struct{ kind, id, data string }

// watch opens a stream. next reads its next event, and fails the test where there is none.
func (l *liveAPI) watch(t *testing.T, query string, headers ...string) (next func() liveEvent, body io.Closer) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.url+"/api/v1/stream"+query, http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Accept-Encoding", "gzip") // as browsers do
	if len(headers) == 0 {
		req.Header.Set("X-API-Key", l.keys["reader"])
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	require.Empty(t, answer.Header.Get("Content-Encoding"), "what is compressed waits for more")
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	block := func() (e liveEvent) {
		for lines.Scan() && lines.Text() != "" {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "event":
				e.kind = value
			case "id":
				e.id = value
			case "data":
				e.data = value
			}
		}
		require.NoError(t, lines.Err())
		return e
	}
	first := block()
	require.NotEmpty(t, first.id, "the position comes at once")
	return func() liveEvent {
		t.Helper()
		stuck := time.AfterFunc(time.Minute, func() { _ = answer.Body.Close() })
		defer stuck.Stop()
		for {
			e := first
			if first = (liveEvent{}); e.kind == "" {
				e = block()
			}
			require.NotEmpty(t, e.id, "the stream has ended")
			if e.kind != "" {
				return e
			}
		}
	}, answer.Body
}

// announce writes an entry of the live stream as a processor does.
func (l *liveAPI) announce(t *testing.T, partition int, offset int64, kind string, hour meter.Hour) {
	t.Helper()
	fields := map[string]any{live.FieldType: kind, live.FieldHour: hour.String(), live.FieldFrom: 0, live.FieldTo: 1 << 40}
	require.NoError(t, l.store.Publish(t.Context(), partition, live.Event{Offset: offset, Fields: fields}))
}

// partitionOf is the partition whose meters have decisions of an hour.
func partitionOf(t *testing.T, hour meter.Hour) int {
	t.Helper()
	var partition int
	require.NoError(t, store.Pool.QueryRow(t.Context(), `SELECT partition FROM decisions WHERE issued_at = $1 LIMIT 1`, hour.Time()).Scan(&partition))
	return partition
}

// What the stream shows of an issue is what the other routes show.
func TestStreamShowsWhatIsStored(t *testing.T) {
	l := newLiveAPI(t)
	page := read[[]headerAnswer](t, l.api, "/api/v1/decisions?limit=1")
	var newest struct {
		IssuedAt time.Time `json:"issuedAt"`
	}
	listed := l.get("/api/v1/decisions?limit=1")
	var first struct {
		Data []json.RawMessage `json:"data"`
	}
	require.NoError(t, json.Unmarshal(listed.Body.Bytes(), &first))
	require.NoError(t, json.Unmarshal(first.Data[0], &newest))
	issued := meter.HourOf(newest.IssuedAt)
	partition := partitionOf(t, issued)

	next, _ := l.watch(t, "")
	l.announce(t, partition, 7, live.LiveDecisions, issued)
	kinds := map[string]int{}
	ids := map[string]bool{}
	var want int
	require.NoError(t, store.Pool.QueryRow(t.Context(), `SELECT count(*) FROM decisions WHERE issued_at = $1 AND partition = $2`, issued.Time(), partition).Scan(&want))
	for kinds["decision"] < want || kinds["forecast"] == 0 {
		e := next()
		require.False(t, ids[e.id])
		ids[e.id] = true
		kinds[e.kind]++
		if e.kind == "decision" {
			var d headerAnswer
			require.NoError(t, json.Unmarshal([]byte(e.data), &d))
			one := read[headerAnswer](t, l.api, "/api/v1/decisions/"+d.ID).Data
			require.Equal(t, d.ID, one.ID)
		}
	}
	require.NotEmpty(t, page.Data)

	// The newest hour, as the groups show it.
	var hour time.Time
	require.NoError(t, store.Pool.QueryRow(t.Context(), `SELECT max(ts) FROM group_load WHERE partition = $1`, partition).Scan(&hour))
	group, _ := l.watch(t, "?kind=state&group=feeder-0001")
	l.announce(t, partition, 8, live.LiveState, meter.HourOf(hour))
	var state StateEvent
	require.NoError(t, json.Unmarshal([]byte(group().data), &state))
	require.Equal(t, "feeder-0001", *state.Group)
	require.Equal(t, hour.UTC(), state.At)
	require.NotNil(t, state.KWh)

	l.announce(t, partition, 9, live.LiveRejected, meter.NoHour)
	for {
		if e := next(); e.kind == "alert" {
			require.Contains(t, e.data, "readings_rejected")
			break
		}
	}
}

func TestStreamsOfOneMeter(t *testing.T) {
	l := newLiveAPI(t)
	var hour time.Time
	var partition int
	require.NoError(t, store.Pool.QueryRow(t.Context(), `
		SELECT d.issued_at, d.partition FROM decisions d JOIN meters m USING (meter_no)
		WHERE m.name = 'home-000001' ORDER BY 1 DESC LIMIT 1`).Scan(&hour, &partition))
	next, _ := l.watch(t, "?kind=decision&meter=home-000001")
	l.announce(t, partition, 3, live.LiveDecisions, meter.HourOf(hour))
	e := next()
	require.Equal(t, "decision", e.kind)
	require.Contains(t, e.data, `"meter":"home-000001"`)
}

func TestStreamRequests(t *testing.T) {
	l := newLiveAPI(t)
	for target, code := range map[string]problem.Code{
		"?kind=nonsense":               problem.CodeInvalidParameter,
		"?meter=nobody":                problem.CodeUnknownMeter,
		"?group=nowhere":               problem.CodeUnknownGroup,
		"?kinds=decision":              problem.CodeUnknownParameter,
		"?meter=":                      problem.CodeInvalidParameter,
		"?meter=%00&meter=":            problem.CodeInvalidParameter,
		"?lastEventId=1&lastEventId=2": problem.CodeRepeatedParameter,
		"?kind=state&kind=state&kind=state&kind=state&kind=state&kind=state": problem.CodeInvalidParameter,
	} {
		w := l.get("/api/v1/stream" + target)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, target)
		require.Equal(t, code, problemIn(t, w).Code, target)
	}
	require.Equal(t, http.StatusNotAcceptable, l.get("/api/v1/stream", "Accept", "application/json").Code)
	require.Equal(t, http.StatusUnauthorized, l.send("GET", "/api/v1/stream", "").Code)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, l.url+"/api/v1/stream", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("X-API-Key", l.keys["reader"])
	answer, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode, "headers alone end")

	next, _ := l.watch(t, "?lastEventId=nonsense&kind=limit&kind=decision")
	require.Equal(t, "reset", next().kind)
}

func TestStreamsEndWithTheSession(t *testing.T) {
	l := newLiveAPI(t)
	in := signIn(t, l.api, "reader")
	next, body := l.watch(t, "", "Cookie", cookieOf(in))
	_ = next
	var session struct {
		Data Session `json:"data"`
	}
	require.NoError(t, json.Unmarshal(in.Body.Bytes(), &session))
	require.Equal(t, http.StatusNoContent, l.send("DELETE", "/api/v1/session", "", "Cookie", cookieOf(in), "X-CSRF-Token", session.Data.CSRFToken).Code)
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, body.(io.Reader))
		ended <- err
	}()
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		t.Fatal("the stream goes on")
	}
}

// Without Redis streams are rejected, and everything else works.
func TestStreamWithoutRedis(t *testing.T) {
	l := newLiveAPI(t)
	l.redis.Close()
	w := l.get("/api/v1/stream")
	require.Equal(t, http.StatusServiceUnavailable, w.Code, fmt.Sprint(w.Body))
	require.Equal(t, problem.CodeUnavailable, problemIn(t, w).Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.Equal(t, http.StatusOK, l.get("/api/v1/twin").Code)
	require.Equal(t, http.StatusServiceUnavailable, newTestAPI(t, nil).get("/api/v1/stream").Code, "and where there is none")
}

// The events of the document are those that are sent.
func TestStreamIsDocumented(t *testing.T) {
	_, doc, err := mustServer(t).router()
	require.NoError(t, err)
	var parsed struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Headers map[string]any `json:"headers"`
				Content map[string]any `json:"content"`
			} `json:"responses"`
		} `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(doc, &parsed))
	answers := parsed.Paths["/api/v1/stream"]["get"].Responses
	require.Contains(t, answers["200"].Content, "text/event-stream")
	require.NotContains(t, answers, "304")
	for _, status := range []string{"401", "403", "406", "422", "429", "503"} {
		require.Contains(t, answers, status)
	}
	for _, schema := range []string{"StateEvent", "ForecastEvent", "LimitEvent", "ResetEvent"} {
		require.True(t, slices.ContainsFunc([]string{string(doc)}, func(s string) bool { return strings.Contains(s, `"`+schema+`"`) }), schema)
	}
}

func mustServer(t *testing.T) *server {
	t.Helper()
	s, err := newServer(filledTwin(t), Deps{DB: store})
	require.NoError(t, err)
	return s
}
