package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/api/client"
	live "github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
)

// recorder keeps the body of the last answer.
type recorder struct{ last []byte }

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if r.last, err = io.ReadAll(answer.Body); err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(r.last))
	return answer, nil
}

// clientOf is a client of an API, over the network.
func clientOf(t *testing.T, url, key string, options ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(url, key, options...)
	require.NoError(t, err)
	return c
}

// The client reads the whole answer of every question: what it read is what was sent.
func TestTheClientReadsEveryAnswer(t *testing.T) {
	a := newTestAPI(t, nil)
	seen := &recorder{}
	twin := clientOf(t, serveOnLoopback(t, a), a.keys["admin"], client.WithHTTPClient(&http.Client{Transport: seen}))
	decision := read[[]headerAnswer](t, a, "/api/v1/decisions?action=load_shift&limit=1").Data[0].ID
	ids := map[string]string{"Decision": decision, "Explanation": decision, "ReadingsBatch": sentBatch(t), "Series": "price", "SeriesRevision": "carbon"}
	revision := revisionOf(t, sentSeries(t, a), http.StatusAccepted).Revision
	params := map[string]any{
		"Load":             &client.LoadParams{From: new("now-1h"), To: new("now+1h")},
		"Decisions":        &client.DecisionsParams{Action: new("load_shift"), From: new("now-3d"), Limit: new(5)},
		"ForecastAccuracy": &client.ForecastAccuracyParams{By: new(client.ForecastAccuracyParamsBy("weekday"))},
		"History":          &client.HistoryParams{From: new("now-2d"), GroupBy: new(client.HistoryParamsGroupBy("group"))},
		"KPIs":             &client.KPIsParams{By: new(client.KPIsParamsByDay)},
		"MeterHistory":     &client.MeterHistoryParams{From: new("now-2d")},
		"OpenADREvents":    &client.OpenADREventsParams{Targets: &[]string{"home-000001", "feeder-0001"}},
	}
	ctx := reflect.ValueOf(t.Context())
	asked := 0
	methods := reflect.ValueOf(twin)
	for m := range methods.Type().Methods() {
		if m.Type.NumOut() != 2 || m.Type.Out(1) != reflect.TypeFor[error]() || strings.HasSuffix(m.Name, "File") ||
			strings.Contains(m.Name, "Webhook") || m.Name == "Redeliver" { // they need an API of their own: see TestTheClientReadsWebhooks
			continue
		}
		args := []reflect.Value{ctx}
		for i := 2; i < m.Type.NumIn(); i++ {
			switch in := m.Type.In(i); {
			case in.Kind() == reflect.String:
				id := ids[m.Name]
				if id == "" && strings.HasPrefix(m.Name, "Group") {
					id = "feeder-0001"
				} else if id == "" {
					id = "home-000001"
				}
				args = append(args, reflect.ValueOf(id).Convert(in))
			case in.Kind() == reflect.Int:
				args = append(args, reflect.ValueOf(int(*revision)))
			case in.Kind() == reflect.Pointer && params[m.Name] != nil:
				args = append(args, reflect.ValueOf(params[m.Name]))
			case in.Kind() == reflect.Pointer:
				args = append(args, reflect.Zero(in))
			default:
				args = nil // a body: it changes something
			}
			if args == nil {
				break
			}
		}
		if args == nil {
			continue
		}
		out := methods.MethodByName(m.Name).Call(args)
		require.Nil(t, out[1].Interface(), m.Name)
		again, err := json.Marshal(out[0].Interface())
		require.NoError(t, err)
		require.JSONEq(t, string(seen.last), string(again), m.Name)
		asked++
	}
	require.GreaterOrEqual(t, asked, 28)
}

func TestTheClientOverTheAPI(t *testing.T) {
	a := newTestAPI(t, nil)
	url := serveOnLoopback(t, a)
	admin := clientOf(t, url+"/", a.keys["admin"])
	ctx := t.Context()

	// Pages.
	inOne, err := admin.Meters(ctx, &client.MetersParams{Limit: new(1000)})
	require.NoError(t, err)
	var byPages []client.Meter
	for m, err := range admin.AllMeters(ctx, client.MetersParams{Limit: new(7)}) {
		require.NoError(t, err)
		byPages = append(byPages, m)
	}
	require.Equal(t, inOne.Data, byPages)
	require.Greater(t, len(byPages), 7)
	n := 0
	for d, err := range admin.AllDecisions(ctx, client.DecisionsParams{Limit: new(10), From: new("now-3d")}) {
		require.NoError(t, err)
		require.NotEmpty(t, d.ID)
		n++
	}
	require.Greater(t, n, 10)

	// Problems.
	var p *client.Problem
	_, err = admin.Meters(ctx, &client.MetersParams{Limit: new(100000)})
	require.ErrorAs(t, err, &p)
	require.Equal(t, []any{422, "invalid_parameter", "limit"}, []any{p.Status, p.Code, *p.Field})
	_, err = admin.Meter(ctx, "../keys")
	require.ErrorAs(t, err, &p)
	require.Equal(t, "unknown_meter", p.Code)
	_, err = clientOf(t, url, "et_nonsense").Twin(ctx)
	require.ErrorAs(t, err, &p)
	require.Equal(t, 401, p.Status)
	_, err = clientOf(t, url, "").Health(ctx)
	require.NoError(t, err)

	// Files.
	file, err := admin.MeterHistoryFile(ctx, "home-000001", &client.MeterHistoryParams{From: new("now-2d"), Format: new(client.MeterHistoryParamsFormatCsv)})
	require.NoError(t, err)
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.Len(t, rows, 49)

	// Keys, and what changes something.
	made, err := admin.CreateKey(ctx, client.CreateKeyInputBody{Name: "by-the-client", Scope: client.CreateKeyInputBodyScopeOperate})
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.RevokeKey(context.Background(), made.Data.ID) })
	operator := clientOf(t, url, made.Data.Key)
	var open client.DecisionHeader
	for open, err = range operator.AllDecisions(ctx, client.DecisionsParams{Action: new("load_shift")}) {
		require.NoError(t, err)
		break
	}
	_, err = operator.GiveFeedback(ctx, open.ID, client.FeedbackInputBody{Verdict: "rejected", Comment: new("é")})
	require.NoError(t, err)
	_, err = operator.CreateKey(ctx, client.CreateKeyInputBody{Name: "x", Scope: "read"})
	require.ErrorAs(t, err, &p)
	require.EqualValues(t, "admin", *p.RequiredScope)
	rotated, err := admin.RotateKey(ctx, made.Data.ID, client.RotateKeyInputBody{OverlapSeconds: new(0)})
	require.NoError(t, err)
	_, err = operator.Twin(ctx)
	require.ErrorAs(t, err, &p)
	require.Equal(t, 401, p.Status)
	require.NoError(t, admin.RevokeKey(ctx, rotated.Data.ID))
}

func TestTheClientSendsReadings(t *testing.T) {
	a, _ := takingReadings(t)
	twin := clientOf(t, serveOnLoopback(t, a), a.keys["operator"])
	key := &client.SendReadingsParams{IdempotencyKey: new(t.Name())}
	rows := []client.NewReading{{Meter: "new-1", Group: "feeder-0001", At: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), Kwh: 0.42, Interval: "PT1H"}}
	first, err := twin.SendReadings(t.Context(), key, rows)
	require.NoError(t, err)
	require.Equal(t, 1, first.Data.Accepted)
	again, err := twin.SendReadings(t.Context(), key, rows)
	require.NoError(t, err)
	require.Equal(t, first.Data.ID, again.Data.ID)
	lines, err := twin.SendReadingsAs(t.Context(), nil, "application/x-ndjson", []byte(oneReading+"\n"))
	require.NoError(t, err)
	require.Equal(t, 1, lines.Data.Accepted)
}

// A watcher that loses its connection after every event gets each event once.
func TestTheClientWatches(t *testing.T) {
	l := newLiveAPI(t)
	var hour time.Time
	var partition int
	require.NoError(t, store.Pool.QueryRow(t.Context(), `
		SELECT d.issued_at, d.partition FROM decisions d JOIN meters m USING (meter_no)
		WHERE m.name = 'home-000001' ORDER BY 1 DESC LIMIT 1`).Scan(&hour, &partition))
	twin := clientOf(t, l.url, l.keys["reader"])
	watch := func(from *string, n int) (ids []string, last string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for e, err := range twin.Events(ctx, &client.StreamParams{Kind: &[]client.StreamParamsKind{"decision"}, LastEventID: from}) {
			require.NoError(t, err)
			require.NotNil(t, e.Decision)
			ids, last = append(ids, e.Decision.ID), e.ID
			if len(ids) == n {
				break
			}
		}
		require.Len(t, ids, n)
		return ids, last
	}
	// The position before anything is announced.
	raw, _ := l.watch(t, "")
	l.announce(t, partition, 5, live.LiveDecisions, meter.HourOf(hour))
	begin := raw().id
	rest, _ := watch(&begin, 4)
	var one []string
	at := begin
	for range 4 {
		ids, last := watch(&at, 1)
		one, at = append(one, ids...), last
	}
	require.Equal(t, rest, one)
}
