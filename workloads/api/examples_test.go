package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// exampleRequests are what the examples of operations answer, where the path alone is no
// request, or says little.
func exampleRequests(t *testing.T, a *api) map[string]string {
	t.Helper()
	decision := read[[]headerAnswer](t, a, "/api/v1/decisions?action=load_shift&limit=1").Data[0].ID
	return map[string]string{
		"meter":          "/api/v1/meters/home-000001",
		"meterState":     "/api/v1/meters/home-000001/state",
		"meterQuality":   "/api/v1/meters/home-000001/data-quality?from=now-3d",
		"missingHours":   "/api/v1/data-quality/missing?from=now-3d",
		"meterHistory":   "/api/v1/meters/home-000001/history?step=1d",
		"meterForecasts": "/api/v1/meters/home-000001/forecasts?issuedAt=now",
		"groupForecasts": "/api/v1/groups/feeder-0001/forecasts?issuedAt=now",
		"groupLoad":      "/api/v1/groups/feeder-0001/load?from=now-1h&to=now%2B1h",
		"load":           "/api/v1/load?from=now-1h&to=now%2B1h",
		"history":        "/api/v1/history?step=1d&groupBy=group",
		"decisions":      "/api/v1/decisions?action=load_shift",

		"forecastAccuracy": "/api/v1/forecasts/accuracy?by=weekday",
		"meterLoad":        "/api/v1/meters/home-000001/load?from=now-1h&to=now%2B1h",
		"group":            "/api/v1/groups/feeder-0001",
		"groupBreaches":    "/api/v1/groups/feeder-0001/breaches?probability=0",
		"cheapHours":       "/api/v1/signals/cheap-hours?hours=2&contiguous=true",
		"decision":         "/api/v1/decisions/" + decision,
		"openADREvents":    "/api/v1/openadr/events?programID=plans",
		"explanation":      "/api/v1/decisions/" + decision + "/explanation",
		"readingsBatch":    "/api/v1/readings/" + sentBatch(t),
		"series":           "/api/v1/series/price?from=now&to=now%2B2h",
		"seriesRevision":   sentSeries(t, a).Header().Get("Location"),
	}
}

// sentSeries is the answer to carbon intensities that were sent.
func sentSeries(t *testing.T, a *api) *httptest.ResponseRecorder {
	t.Helper()
	at := farAhead(t, a, 230)
	w := put(a, "/api/v1/series/carbon", "application/json", "["+sentRow(at, 0.2)+"]", "Idempotency-Key", "example")
	revisionOf(t, w, http.StatusAccepted)
	return w
}

// Each operation has an example that the API once answered with, and that fits the schema
// of now. With -update those that do not are written again.
func TestOperationsHaveExamples(t *testing.T) {
	a := newTestAPI(t, nil)
	requests := exampleRequests(t, a)
	doc := operationsOf(t)
	for path, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Patch, item.Put} {
			if op == nil {
				continue
			}
			t.Run(op.OperationID, func(t *testing.T) {
				target := path
				if given := requests[op.OperationID]; given != "" {
					target = given
				}
				forms := op.Responses[strconv.Itoa(op.DefaultStatus)].Content
				if forms["text/csv"] != nil {
					checkFileExample(t, a, op.OperationID, target, forms["text/csv"])
				}
				body := forms["application/json"]
				if body == nil {
					return
				}
				wrong := wrongExample(doc, body)
				if *update && wrong != "" {
					writeExample(t, op.OperationID, answered(t, a, op.OperationID, target))
					return
				}
				require.Empty(t, wrong, "run: go test ./workloads/api -run OperationsHaveExamples -update, and then hack/generate")
			})
		}
	}
}

// checkFileExample compares the columns of an example with those of an answer.
func checkFileExample(t *testing.T, a *api, operation, target string, body *huma.MediaType) {
	t.Helper()
	w := a.get(target, "Accept", "text/csv")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	lines := strings.SplitAfterN(w.Body.String(), "\n", 4)
	require.Greater(t, len(lines), 2, "an example has rows")
	columns, _, _ := strings.Cut(fmt.Sprint(body.Example), "\n")
	if *update && columns+"\n" != lines[0] {
		example := strings.Join(lines[:len(lines)-1], "")
		require.NoError(t, os.WriteFile(filepath.Join("openapi", "examples", operation+".csv"), []byte(example), 0o600))
		return
	}
	require.Equal(t, lines[0], columns+"\n", "run: go test ./workloads/api -run OperationsHaveExamples -update, and then hack/generate")
}

// wrongExample is what is wrong with the example of an answer; "" if nothing is.
func wrongExample(doc *huma.OpenAPI, body *huma.MediaType) string {
	text, is := body.Example.(json.RawMessage)
	if !is {
		return "there is none"
	}
	var example any
	if err := json.Unmarshal(text, &example); err != nil {
		return err.Error()
	}
	result := &huma.ValidateResult{}
	huma.Validate(doc.Components.Schemas, body.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, example, result)
	if err := errors.Join(result.Errors...); err != nil {
		return err.Error()
	}
	return ""
}

// operationsOf is the document with all operations, which nobody answers.
func operationsOf(t *testing.T) *huma.OpenAPI {
	t.Helper()
	s, err := newServer(filledTwin(t), Deps{DB: store})
	require.NoError(t, err)
	r := gin.New()
	api := openapi.New(openapi.Config(""), r, r.Group(""))
	s.openOperations(api)
	s.operations(api)
	return api.OpenAPI()
}

// answered is the answer to a request with a key, or for the session's operations in one.
func answered(t *testing.T, a *api, operation, target string) *httptest.ResponseRecorder {
	t.Helper()
	var w *httptest.ResponseRecorder
	switch operation {
	case "signIn":
		return signIn(t, a, "reader")
	case "session":
		w = a.send("GET", target, "", "Cookie", cookieOf(signIn(t, a, "reader")))
	case "giveFeedback":
		w = answerDecision(a, openDecision(t, a, 3), `{"verdict":"rejected","comment":"the boiler is broken"}`)
		require.Equal(t, http.StatusCreated, w.Code, w.Body)
		return w
	case "sendReadings":
		taking, _ := takingReadings(t)
		w = post(t, taking, target, "application/x-ndjson", oneReading+"\n{\"meter\":\"new-1\"}\n")
		batchOf(t, w, http.StatusAccepted)
		return w
	case "sendSeries":
		w = sentSeries(t, a)
		return w
	case "createKey", "rotateKey":
		return createdKey(t, a, operation)
	case "webhooks", "createWebhook", "webhook", "changeWebhook", "rotateWebhook", "testWebhook", "webhookDeliveries", "webhookDelivery", "redeliver":
		return answeredByWebhooks(t, operation)
	default:
		w = a.send("GET", target, "", "X-API-Key", a.keys["admin"])
	}
	require.Equal(t, http.StatusOK, w.Code, "%s: %s", target, w.Body)
	return w
}

// writeExample writes an answer, with the first two items of each list.
func writeExample(t *testing.T, operation string, w *httptest.ResponseRecorder) {
	t.Helper()
	decoder := json.NewDecoder(w.Body)
	decoder.UseNumber()
	var answer any
	require.NoError(t, decoder.Decode(&answer))
	answer = shortened(answer)
	if object, ok := answer.(map[string]any); ok {
		if data, ok := object["data"].(map[string]any); ok && data["csrfToken"] != nil {
			data["csrfToken"] = "9d4e1e23bd5b727046a9e3b4b7db57bd"
		}
	}
	if data, ok := answer.(map[string]any)["data"].(map[string]any); ok && data["secret"] != nil {
		data["secret"] = "whsec_Zm9yIGV4YW1wbGUgb25seTogbm90IGEgc2VjcmV0IGF0IGFsbA=="
	}
	if data, ok := answer.(map[string]any)["data"].(map[string]any); ok && data["key"] != nil {
		data["key"] = "et_Zm9yIGV4YW1wbGUgb25seTogbm90IGEga2V5IGF0IGFsbA"
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(answer))
	require.NoError(t, os.WriteFile(filepath.Join("openapi", "examples", operation+".json"), out.Bytes(), 0o644))
}

func shortened(v any) any {
	switch v := v.(type) {
	case []any:
		if len(v) > 2 {
			v = v[:2]
		}
		for i := range v {
			v[i] = shortened(v[i])
		}
		return v
	case map[string]any:
		for name := range v {
			v[name] = shortened(v[name])
		}
	}
	return v
}

// Each code of a problem has its place in the document.
func TestCodesAreDocumented(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("problem", "problem.go"), nil, 0)
	require.NoError(t, err)
	var codes []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Names) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		require.NoError(t, err)
		codes = append(codes, code)
		return false
	})
	require.Greater(t, len(codes), 20)
	slices.Sort(codes)
	require.Equal(t, codes, openapi.Codes())
}

// What the document says about headers is what answers have.
func TestDocumentedHeadersAreSent(t *testing.T) {
	a := newTestAPI(t, nil)
	doc := operationsOf(t)
	op := doc.Paths["/api/v1/twin"].Get
	sent := func(status string, w *httptest.ResponseRecorder) {
		require.Equal(t, status, strconv.Itoa(w.Code))
		headers := resolved(doc, op.Responses[status]).Headers
		require.NotEmpty(t, headers)
		for name := range headers {
			require.NotEmpty(t, w.Header().Get(name), "%s of %s", name, status)
		}
	}
	ok := a.get("/api/v1/twin")
	sent("200", ok)
	sent("304", a.get("/api/v1/twin", "If-None-Match", ok.Header().Get("ETag")))
	sent("401", a.send("GET", "/api/v1/twin", ""))
	sent("406", a.get("/api/v1/twin", "Accept", "text/csv"))
	sent("422", a.get("/api/v1/twin?x=1"))
	require.Equal(t, problem.MediaType, a.send("GET", "/api/v1/twin", "").Header().Get("Content-Type"))
}
