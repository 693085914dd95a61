package api

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
)

func put(a *api, target, contentType, body string, headers ...string) *httptest.ResponseRecorder {
	return a.send("PUT", target, body, append([]string{"X-API-Key", a.keys["operator"], "Content-Type", contentType}, headers...)...)
}

func revisionOf(t *testing.T, w *httptest.ResponseRecorder, status int) SeriesRevision {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body)
	var answer Answer[SeriesRevision]
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer.Data
}

// farAhead is a time that no other test asks about, some days after the twin's now.
func farAhead(t *testing.T, a *api, days int) time.Time {
	t.Helper()
	return read[Prices](t, a, "/api/v1/prices?to=now%2B1h").Meta.AsOf.AddDate(0, 0, days)
}

func sentRow(at time.Time, value any) string {
	return fmt.Sprintf(`{"at":%q,"value":%v}`, at.Format(time.RFC3339), value)
}

// hoursOfSeries are the values of some hours, and where they come from.
func hoursOfSeries(t *testing.T, a *api, name string, from time.Time, hours int, more string) (values []any, sources []string) {
	t.Helper()
	target := fmt.Sprintf("/api/v1/series/%s?from=%s&to=%s%s", name, from.Format(time.RFC3339), from.Add(time.Duration(hours)*time.Hour).Format(time.RFC3339), more)
	for _, p := range read[HourlySeries](t, a, target).Data.Points {
		var value any
		if p.Value != nil {
			value = *p.Value
		}
		source := ""
		if p.Source != nil {
			source = *p.Source
		}
		values, sources = append(values, value), append(sources, source)
	}
	return values, sources
}

func TestPricesAreSent(t *testing.T) {
	a := newTestAPI(t, func(twin *config.Twin, _ *Deps) { twin.Kafka.Partitions = 2 })
	at := farAhead(t, a, 200)
	body := "[" + sentRow(at, 0.5) + "," + sentRow(at.Add(time.Hour), 0.25) + "]"
	w := put(a, "/api/v1/series/price", "application/json", body, "Idempotency-Key", t.Name())
	sent := revisionOf(t, w, http.StatusAccepted)
	require.Equal(t, []any{"stored", 2, 0}, []any{sent.Status, sent.Changed, sent.Holding})
	require.Equal(t, fmt.Sprintf("/api/v1/series/price/revisions/%d", *sent.Revision), w.Header().Get("Location"))
	shown := revisionOf(t, a.get(w.Header().Get("Location")), http.StatusOK)
	require.Equal(t, []any{*sent.Revision, 2}, []any{*shown.Revision, shown.Changed})
	requireProblem(t, a.get("/api/v1/series/carbon/revisions/"+fmt.Sprint(*sent.Revision)), 404, "unknown_revision", "id")

	values, sources := hoursOfSeries(t, a, "price", at, 3, "")
	require.Equal(t, []any{0.5, 0.25}, values[:2])
	require.Equal(t, []string{"sent", "sent", "tariff"}, sources)
	prices := read[Prices](t, a, fmt.Sprintf("/api/v1/prices?from=%s&to=%s", at.Format(time.RFC3339), at.Add(2*time.Hour).Format(time.RFC3339))).Data
	require.Equal(t, []float64{0.5, 0.25}, []float64{*prices.Points[0].Price, *prices.Points[1].Price}, "the same at once")
	_, sources = hoursOfSeries(t, a, "price", at, 2, "&known=now")
	require.Equal(t, []string{"tariff", "tariff"}, sources, "no partition has taken it")

	again := put(a, "/api/v1/series/price", "application/json", body, "Idempotency-Key", t.Name())
	require.Equal(t, *sent.Revision, *revisionOf(t, again, http.StatusAccepted).Revision)
	require.Equal(t, "true", again.Header().Get("Idempotency-Replayed"))
	requireProblem(t, put(a, "/api/v1/series/price", "application/json", "["+sentRow(at, 0.6)+"]", "Idempotency-Key", t.Name()), 422, "idempotency_key_reused", "Idempotency-Key")
	same := revisionOf(t, put(a, "/api/v1/series/price", "application/json", body), http.StatusAccepted)
	require.Equal(t, "unchanged", same.Status)
	require.Nil(t, same.Revision)

	part := revisionOf(t, put(a, "/api/v1/series/price", "application/json", "["+sentRow(at, 0.5)+","+sentRow(at.Add(time.Hour), "null")+"]"), http.StatusAccepted)
	require.Equal(t, 1, part.Changed)
	_, sources = hoursOfSeries(t, a, "price", at, 2, "")
	require.Equal(t, []string{"sent", "tariff"}, sources, "null withdraws, and the other hour is as it was")
}

func TestFormsOfSeries(t *testing.T) {
	a := newTestAPI(t, nil)
	at := farAhead(t, a, 210)
	stamp := func(minutes int) string { return at.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339) }
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write([]byte(sentRow(at, 0.3) + "\n\n" + sentRow(at.Add(time.Hour), 0.4) + "\n"))
	require.NoError(t, zip.Close())
	var quarters []string
	for i, v := range []int{100, 200, 300, 400} {
		quarters = append(quarters, sentRow(at.Add(time.Duration(15*i)*time.Minute), v))
	}
	for _, c := range []struct {
		series, query, contentType, body string
		headers                          []string
		want                             []any
	}{
		{"price", "", "application/x-ndjson", packed.String(), []string{"Content-Encoding", "gzip"}, []any{0.3, 0.4}},
		{"price", "?unit=GBP/MWh", "application/json", "[" + strings.Join(quarters, ",") + "]", nil, []any{0.25}},
		{"price", "", "text/csv", "time,price GBP/MWh\n" + stamp(0) + ",120\n" + stamp(60) + ",140\n" + stamp(120) + ",160\n", nil, []any{0.12, 0.14, 0.16}},
		{"carbon", "?unit=g/kWh", "application/json", "[" + sentRow(at, 230) + "]", nil, []any{0.23}},
		{"temperature", "?unit=%C2%B0F", "application/json", "[" + sentRow(at, 50) + "]", nil, []any{10.0}},
		{"temperature", "", "text/csv", "time,celsius\n" + stamp(0) + ",11\n" + stamp(60) + ",12\n" + stamp(120) + ",13\n", nil, []any{11.0, 12.0, 13.0}},
	} {
		w := put(a, "/api/v1/series/"+c.series+c.query, c.contentType, c.body, c.headers...)
		require.NotNil(t, revisionOf(t, w, http.StatusAccepted).Revision, "%s", w.Body)
		values, sources := hoursOfSeries(t, a, c.series, at, len(c.want), "")
		require.Equal(t, c.want, values, "%s %.80s", c.contentType, c.body)
		require.Equal(t, "sent", sources[0])
	}
	day := read[HourlySeries](t, a, fmt.Sprintf("/api/v1/series/carbon?step=1d&from=%s&to=%s", at.Format(time.RFC3339), stamp(60))).Data.Points
	require.Len(t, day, 1)
	require.InDelta(t, 0.23, *day[0].Value, 1e-9)
	require.Nil(t, day[0].Source, "of most hours nothing is known")
}

func TestSeriesThatCannotBeUsed(t *testing.T) {
	a := newTestAPI(t, nil)
	at := farAhead(t, a, 220)
	for _, c := range []struct {
		target, contentType, body string
		status                    int
		code, field               string
	}{
		{"price", "application/json", "[", 400, "invalid_body", "body"},
		{"price", "application/json", sentRow(at, 1), 400, "invalid_body", "body"},
		{"price", "application/json", "[]", 400, "empty_body", "body"},
		{"price", "application/xml", "<a/>", 422, "invalid_body", "body"},
		{"price", "image/png", "x", 415, "unsupported_media_type", "Content-Type"},
		{"wind", "application/json", "[" + sentRow(at, 1) + "]", 422, "invalid_parameter", "series"},
		{"price?unit=EUR/kWh", "application/json", "[" + sentRow(at, 1) + "]", 422, "invalid_parameter", "unit"},
		{"price?unit=GBP/kWh", "text/csv", "time,price\n", 422, "invalid_parameter", "unit"},
		{"price", "application/json", `[{"at":"2026-01-01T00:00:00Z"}]`, 422, "invalid_body", "[0].value"},
		{"price", "application/json", `[{"value":1}]`, 422, "invalid_body", "[0].at"},
		{"price", "application/json", "[" + sentRow(at, 1) + `,{"at":"yesterday","value":1}]`, 422, "invalid_body", "[1]"},
		{"price", "application/json", "[" + sentRow(at, 1) + "," + sentRow(at, 2) + "]", 422, "invalid_body", "[1].at"},
		{"price", "application/json", "[" + sentRow(at.Add(time.Minute), 1) + "]", 422, "invalid_body", "[0].at"},
		{"price", "application/json", "[" + sentRow(at, 1) + "," + sentRow(at.Add(15*time.Minute), 2) + "]", 422, "invalid_body", "[1].at"},
		{"price", "application/json", "[" + sentRow(at.AddDate(2, 0, 0), 1) + "]", 422, "invalid_body", "[0].at"},
		{"price", "application/x-ndjson", sentRow(at, 1) + "\n\n" + sentRow(at.Add(time.Hour), 1e9), 422, "invalid_body", "line 3.value"},
		{"carbon", "application/json", "[" + sentRow(at, 230) + "]", 422, "invalid_body", "[0].value"},
		{"temperature", "application/json", "[" + sentRow(at, 290) + "]", 422, "invalid_body", "[0].value"},
		{"price", "application/json", strings.Repeat(" ", 2<<20), 413, "body_too_large", "body"},
	} {
		requireProblem(t, put(a, "/api/v1/series/"+c.target, c.contentType, c.body), c.status, c.code, c.field)
	}
	w := a.send("PUT", "/api/v1/series/price", "["+sentRow(at, 1)+"]", "X-API-Key", a.keys["reader"], "Content-Type", "application/json")
	requireProblem(t, w, 403, "scope_missing", "")
	_, sources := hoursOfSeries(t, a, "price", at, 1, "")
	require.Equal(t, []string{"tariff"}, sources, "nothing of it is stored")
}
