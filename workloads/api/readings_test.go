package api

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/workloads/ingest"
)

// takingReadings is an API of a twin whose generator is off, over a broker in this process.
func takingReadings(t *testing.T) (*api, *stream.Client) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	client, err := stream.Connect(config.Kafka{Brokers: cluster.ListenAddrs()})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	a := newTestAPI(t, func(twin *config.Twin, deps *Deps) {
		twin.Generator.Mode, twin.Ingest.HTTP, twin.Kafka.Partitions = "Off", true, 3
		require.NoError(t, client.EnsureTopic(t.Context(), stream.Topic{Name: twin.Topic("readings"), Partitions: 3, Replicas: 1}))
		deps.Stream = client
	})
	return a, client
}

func post(t *testing.T, a *api, target, contentType, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return a.send("POST", target, body, append([]string{"X-API-Key", a.keys["operator"], "Content-Type", contentType}, headers...)...)
}

func batchOf(t *testing.T, w *httptest.ResponseRecorder, status int) Batch {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body)
	var answer Answer[Batch]
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer.Data
}

func requireProblem(t *testing.T, w *httptest.ResponseRecorder, status int, code, field string) {
	t.Helper()
	p := problemIn(t, w)
	require.Equal(t, []any{status, code, field}, []any{w.Code, string(p.Code), p.Field}, w.Body)
}

// sentBatch is the id of a batch that was sent.
func sentBatch(t *testing.T) string {
	t.Helper()
	a, _ := takingReadings(t)
	return batchOf(t, post(t, a, "/api/v1/readings", "application/json", oneReading), http.StatusAccepted).ID
}

const oneReading = `{"meter":"new-1","group":"feeder-0001","ts":"2025-01-01T00:00:00Z","kwh":0.42,"interval":"PT1H"}`

func TestReadingsAreSent(t *testing.T) {
	a, client := takingReadings(t)
	w := post(t, a, "/api/v1/readings", "application/json", "["+oneReading+`,{"meter":"new-1"}]`, "Idempotency-Key", t.Name())
	batch := batchOf(t, w, http.StatusAccepted)
	require.Equal(t, "accepted", batch.Status)
	require.Equal(t, 1, batch.Accepted)
	require.Equal(t, []ingest.Rejection{{Row: 2, Column: "ts", Code: "bad_timestamp", Detail: batch.Rejections[0].Detail}}, batch.Rejections)
	require.Equal(t, "/api/v1/readings/"+batch.ID, w.Header().Get("Location"))
	require.Equal(t, "false", w.Header().Get("Idempotency-Replayed"))

	again := post(t, a, "/api/v1/readings", "application/json", "["+oneReading+`,{"meter":"new-1"}]`, "Idempotency-Key", t.Name())
	require.Equal(t, batch.ID, batchOf(t, again, http.StatusAccepted).ID)
	require.Equal(t, "true", again.Header().Get("Idempotency-Replayed"))
	twin := filledTwin(t)
	logs, err := client.Offsets(t.Context(), twin.Topic("readings"))
	require.NoError(t, err)
	records := int64(0)
	for _, log := range logs {
		records += log.End - log.Start
	}
	require.EqualValues(t, 2, records, "the same request is published once")
	requireProblem(t, post(t, a, "/api/v1/readings", "application/json", oneReading, "Idempotency-Key", t.Name()), 422, "idempotency_key_reused", "Idempotency-Key")

	shown := batchOf(t, a.get(w.Header().Get("Location")), http.StatusOK)
	require.Equal(t, batch.Rejections, shown.Rejections)
	require.WithinDuration(t, time.Now(), *shown.ReceivedAt, time.Hour)
	requireProblem(t, a.get("/api/v1/readings/01890a5d-ac96-774b-bcce-b302099a8057"), 404, "unknown_batch", "id")
}

func TestFormsOfReadings(t *testing.T) {
	a, _ := takingReadings(t)
	const csv = "meter,start,kwh\nnew-1,2025-01-01T00:00:00Z,0.5\nnew-1,2025-01-01T01:00:00Z,oops\nnew-1,2025-01-01T02:00:00Z,0.25\nnew-1,2025-01-01T03:00:00Z,0.75\n"
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write([]byte(oneReading + "\n" + oneReading + "\n"))
	require.NoError(t, zip.Close())
	form, formType := formOf(t, map[string]string{"layout": "unit: Wh\ntime: {zone: UTC}", "readings": csv})
	for _, c := range []struct {
		target, contentType, body string
		headers                   []string
		accepted, rejected        int
	}{
		{"", "application/json", oneReading, nil, 1, 0},
		{"", "application/x-ndjson", oneReading + "\nbroken\n", nil, 1, 1},
		{"", "application/x-ndjson", packed.String(), []string{"Content-Encoding", "gzip"}, 2, 0},
		{"", "text/csv; charset=utf-8", csv, nil, 3, 1},
		{"", formType, form, nil, 3, 1},
		{"?layout=octopus", "text/csv", "Consumption (kWh), Start, End\n0.1, 2025-01-01T00:00:00+00:00, 2025-01-01T00:30:00+00:00\n0.2, 2025-01-01T00:30:00+00:00, 2025-01-01T01:00:00+00:00\n", nil, 1, 0},
	} {
		batch := batchOf(t, post(t, a, "/api/v1/readings"+c.target, c.contentType, c.body, c.headers...), http.StatusAccepted)
		require.Equal(t, [2]int{c.accepted, c.rejected}, [2]int{batch.Accepted, batch.Rejected}, "%s %.60s %v", c.contentType, c.body, batch)
	}
}

func formOf(t *testing.T, parts map[string]string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, text := range parts {
		require.NoError(t, form.WriteField(name, text))
	}
	require.NoError(t, form.Close())
	return b.String(), form.FormDataContentType()
}

func TestReadingsThatCannotBeRead(t *testing.T) {
	a, _ := takingReadings(t)
	bomb := func(size int) string {
		var packed bytes.Buffer
		zip := gzip.NewWriter(&packed)
		_, _ = zip.Write(bytes.Repeat([]byte(" "), size))
		require.NoError(t, zip.Close())
		return packed.String()
	}
	strange, strangeType := formOf(t, map[string]string{"file": "x"})
	wrongLayout, wrongLayoutType := formOf(t, map[string]string{"layout": "units: kWh", "readings": "a,b\n"})
	noText, noTextType := formOf(t, map[string]string{"layout": "unit: kWh"})
	for _, c := range []struct {
		target, contentType, body string
		headers                   []string
		status                    int
		code, field               string
	}{
		{"", "application/json", "", nil, 400, "empty_body", "body"},
		{"", "application/json", "[]", nil, 400, "empty_body", "body"},
		{"", "application/json", `[{"meter":`, nil, 400, "invalid_body", "body"},
		{"", "application/json", "x", []string{"Content-Encoding", "gzip"}, 400, "invalid_body", "body"},
		{"", "application/json", "", []string{"Content-Encoding", "gzip"}, 400, "empty_body", "body"},
		{"", "application/json", oneReading, []string{"Content-Encoding", "br"}, 415, "unsupported_media_type", "Content-Encoding"},
		{"", "application/pdf", oneReading, nil, 415, "unsupported_media_type", "Content-Type"},
		{"", "", oneReading, nil, 415, "unsupported_media_type", "Content-Type"},
		{"", "application/json", strings.Repeat(" ", ingest.MaxBodyBytes+1), nil, 413, "body_too_large", "body"},
		{"", "application/json", bomb(ingest.MaxBodyBytes + 1), []string{"Content-Encoding", "gzip"}, 413, "body_too_large", "body"},
		{"", "application/json", "[" + strings.Repeat("1,", ingest.MaxRows) + "1]", nil, 422, "too_many_rows", "body"},
		{"", "text/csv", "when,a\n03/04/2025 00:00,1\n03/04/2025 01:00,2\n03/04/2025 02:00,2\n", nil, 422, "unclear_layout", "layout"},
		{"", "text/csv", "nothing here", nil, 422, "", ""},
		{"?layout=none", "text/csv", "a,b\n", nil, 422, "invalid_parameter", "layout"},
		{"?layout=octopus", "application/json", oneReading, nil, 422, "invalid_parameter", "layout"},
		{"?layout=octopus", wrongLayoutType, wrongLayout, nil, 422, "invalid_parameter", "layout"},
		{"", wrongLayoutType, wrongLayout, nil, 422, "invalid_body", "layout"},
		{"", strangeType, strange, nil, 422, "invalid_body", "body"},
		{"", noTextType, noText, nil, 422, "invalid_body", "readings"},
		{"?wait=31", "application/json", oneReading, nil, 422, "invalid_parameter", "wait"},
		{"", "application/json", oneReading, []string{"Idempotency-Key", "with space"}, 422, "invalid_parameter", "Idempotency-Key"},
	} {
		w := post(t, a, "/api/v1/readings"+c.target, c.contentType, c.body, c.headers...)
		if c.code == "" {
			require.Equal(t, c.status, w.Code, w.Body)
			continue
		}
		requireProblem(t, w, c.status, c.code, c.field)
	}
	requireProblem(t, a.send("POST", "/api/v1/readings", oneReading, "X-API-Key", a.keys["reader"], "Content-Type", "application/json"), 403, "scope_missing", "")
}

func TestATwinThatTakesNoReadings(t *testing.T) {
	for _, c := range []struct{ mode, fix string }{{"Replay", `"Off"`}, {"Off", "spec.ingest.http.enabled"}} {
		a := newTestAPI(t, func(twin *config.Twin, _ *Deps) { twin.Generator.Mode = c.mode })
		w := post(t, a, "/api/v1/readings", "application/json", oneReading)
		requireProblem(t, w, http.StatusConflict, "readings_not_taken", "")
		require.Contains(t, w.Body.String(), strings.Trim(fmt.Sprintf("%q", c.fix), `"`))
	}
}

// The role of the API may do all of this and no more.
func TestRightsOnBatches(t *testing.T) {
	takingReadings(t)
	if storeOne {
		t.Skip("this server has no roles")
	}
	for _, statement := range []string{
		`DELETE FROM ingest_batches`, `UPDATE ingest_batches SET body_hash = ''`, `UPDATE ingest_batches SET caller = ''`, `UPDATE stream_offsets SET next_offset = 0`,
	} {
		_, err := store.Pool.Exec(t.Context(), statement)
		require.ErrorContains(t, err, "permission denied", statement)
	}
}
