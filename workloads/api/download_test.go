package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/test/ui/filled"
	"github.com/energytwin/energytwin/workloads/api/middleware"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// linesOf are the rows of a file of NDJSON.
func linesOf[R any](t *testing.T, a *api, path string) (rows []R) {
	t.Helper()
	w := a.get(path + "&format=ndjson")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, "application/x-ndjson", w.Header().Get("Content-Type"))
	for in := json.NewDecoder(w.Body); ; {
		var row R
		err := in.Decode(&row)
		if errors.Is(err, io.EOF) {
			return rows
		}
		require.NoError(t, err)
		rows = append(rows, row)
	}
}

// A file has every hour of every meter: nothing is thinned out, and no number of meters or
// points is too much.
func TestFilesOfReadings(t *testing.T) {
	a := newTestAPI(t, nil)
	const query = "/api/v1/history?groupBy=meter&from=now-20d"
	rows := linesOf[seriesRow](t, a, query)
	require.Len(t, rows, size.Meters*20*24)
	sum := 0.0
	for _, r := range rows {
		if r.KWh != nil {
			sum += *r.KWh
		}
	}
	want, _ := total(read[[]Series](t, a, "/api/v1/history?from=now-20d&step=1d").Data[0])
	require.InEpsilon(t, want, sum, 1e-6)

	w := a.get(query + "&group=feeder-0001&format=parquet")
	require.Equal(t, "application/vnd.apache.parquet", w.Header().Get("Content-Type"))
	require.Equal(t, fmt.Sprintf("attachment; filename=\"%s-history-feeder-0001-%s.parquet\"", filled.Twin().Name, fileDates(t, 20)), w.Header().Get("Content-Disposition"))
	f, err := parquet.OpenFile(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	require.NoError(t, err)
	require.EqualValues(t, size.Meters/size.Groups*20*24, f.NumRows())

	few := linesOf[seriesRow](t, a, query+"&step=1h&maxPoints=200")
	require.Less(t, len(few), size.Meters*201)
}

// fileDates are the first and the last day in the name of a file of some days before now.
func fileDates(t *testing.T, days meter.Hour) string {
	t.Helper()
	zone, err := time.LoadLocation(filled.Twin().Timezone)
	require.NoError(t, err)
	day := func(h meter.Hour) string { return h.Time().In(zone).Format(time.DateOnly) }
	return day(storeEnd-24*days) + "-" + day(storeEnd-1)
}

// A file of forecasts has the hours of each meter's own list, in more than one page.
func TestFilesOfForecasts(t *testing.T) {
	a := newTestAPI(t, nil)
	rows := linesOf[forecastRow](t, a, "/api/v1/forecasts?from=now-20d&dayAhead=true")
	byMeter := map[string][]forecastRow{}
	for i, r := range rows {
		byMeter[r.Meter] = append(byMeter[r.Meter], r)
		if i > 0 {
			require.False(t, r.IssuedAt.Before(rows[i-1].IssuedAt), "the oldest issue comes first")
		}
	}
	require.Len(t, byMeter, size.Meters)
	for _, id := range []string{"home-000001", "home-000004"} {
		var want []forecastRow
		for _, f := range read[[]Forecast](t, a, "/api/v1/meters/"+id+"/forecasts?from=now-20d&dayAhead=true&limit=400").Data {
			var hours []forecastRow
			for _, p := range f.Points {
				hours = append(hours, forecastRow{Meter: id, IssuedAt: f.IssuedAt, DayAhead: f.DayAhead, Model: f.Model, At: p.At, P10: p.P10, P50: p.P50, P90: p.P90})
			}
			want = append(hours, want...)
		}
		require.NotEmpty(t, want)
		require.Equal(t, want, byMeter[id])
	}
	require.Less(t, len(linesOf[forecastRow](t, a, "/api/v1/forecasts?from=now-20d&dayAhead=true&group=feeder-0001")), len(rows))
}

// A file of decisions has all that the list has, page after page, with the same fields.
func TestFilesOfDecisions(t *testing.T) {
	a := newTestAPI(t, nil)
	for _, filter := range []string{"from=now-20d", "from=now-20d&action=any", "from=now-20d&about=group", "from=now-20d&sort=-savingP50&meter=home-000001"} {
		var want []map[string]any
		for cursor := ""; ; {
			page := read[[]map[string]any](t, a, "/api/v1/decisions?limit=1000&"+filter+cursor)
			want = append(want, page.Data...)
			if page.Page.NextCursor == nil {
				break
			}
			cursor = "&cursor=" + *page.Page.NextCursor
		}
		require.NotEmpty(t, want)
		got := linesOf[map[string]any](t, a, "/api/v1/decisions?"+filter)
		require.Equal(t, want, got, filter)
		rows, err := csv.NewReader(a.get("/api/v1/decisions?" + filter + "&format=csv").Body).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, len(want)+1)
		require.Len(t, rows[0], len(want[0]))
	}
}

// A file of key figures has those of each meter, as its own answer has them.
func TestFilesOfKeyFigures(t *testing.T) {
	a := newTestAPI(t, nil)
	rows := linesOf[kpiRow](t, a, "/api/v1/kpis?from=now-10d&by=day&groupBy=meter&group=feeder-0001")
	byMeter := map[string][]kpiRow{}
	for _, r := range rows {
		byMeter[r.ID] = append(byMeter[r.ID], r)
	}
	require.Len(t, byMeter, size.Meters/size.Groups)
	for id, got := range byMeter {
		one := read[KPIs](t, a, "/api/v1/kpis?from=now-10d&by=day&meter="+id).Data
		for i := range one.Periods {
			require.Equal(t, kpiRowOf(&one, &one.Periods[i]), got[i])
		}
	}
	require.Len(t, linesOf[kpiRow](t, a, "/api/v1/kpis?from=now-10d&by=none"), 1)
	for _, query := range []string{"groupBy=meter", "groupBy=meter&meter=home-000001&format=csv"} {
		w := a.get("/api/v1/kpis?" + query)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code)
		require.Equal(t, "groupBy", problemIn(t, w).Field)
	}
}

// A history as known at a time is that of the hours before it, and of meters alone.
func TestHistoryAsKnown(t *testing.T) {
	a := newTestAPI(t, nil)
	const meterHistory = "/api/v1/meters/home-000001/history?step=1h&from=now-9d"
	at := (storeEnd - 48).Time()
	known := read[[]Series](t, a, meterHistory+"&known=now-2d")
	require.Equal(t, at, *known.Meta.AsOf)
	points := known.Data[0].Points
	require.Len(t, points, 7*24)
	require.Equal(t, read[[]Series](t, a, meterHistory).Data[0].Points[:7*24], points)
	for query, field := range map[string]string{
		meterHistory + "&known=now%2B1h": "known", meterHistory + "&known=now-10d": "known", "/api/v1/history?known=now-1d": "known",
		"/api/v1/history?known=now-1d&groupBy=group": "known", meterHistory + "&known=soon": "known",
	} {
		w := a.get(query)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, query)
		require.Equal(t, field, problemIn(t, w).Field, query)
	}
	require.NotEmpty(t, read[[]Series](t, a, "/api/v1/history?groupBy=meter&group=feeder-0001&known=now-1d").Data)
}

// Few files are written at the same time, and other requests wait for none of them.
func TestFewFilesAtOnce(t *testing.T) {
	a := newTestAPI(t, nil)
	twin := filled.Twin()
	twin.API.APIKeysFile = a.keysFile
	s, err := newServer(twin, Deps{DB: store})
	require.NoError(t, err)
	a.Handler, err = s.handler()
	require.NoError(t, err)
	require.NoError(t, s.bulk.Enter(t.Context(), "reader"))
	waiting, giveUp := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	for range cap(ended) {
		go func() { ended <- s.bulk.Enter(waiting, "reader") }()
	}
	require.Error(t, <-ended, "one of them waits, and one has no place any more")
	w := a.get("/api/v1/forecasts")
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.Equal(t, problem.CodeRateLimited, problemIn(t, w).Code)
	require.Equal(t, http.StatusOK, a.get("/api/v1/twin").Code)
	require.NoError(t, s.bulk.Enter(t.Context(), "somebody else"), "one key does not have all")
	giveUp()
	require.Error(t, <-ended)
	s.bulk.Leave("reader")
	require.Equal(t, http.StatusOK, a.get("/api/v1/forecasts").Code)
}

// Half a file is no file: where the database fails on the way, the connection is cut.
func TestHalfAFileIsCut(t *testing.T) {
	a := newTestAPI(t, nil)
	twin := filled.Twin()
	twin.API.APIKeysFile = a.keysFile
	s, err := newServer(twin, Deps{DB: store})
	require.NoError(t, err)
	row := seriesRow{Key: strings.Repeat("x", 1_000)}
	fail := func(rows int) func(huma.Context) {
		answer, err := s.download(t.Context(), 1, &file{name: "n", format: "ndjson", row: reflect.TypeFor[seriesRow](), fill: func(_ context.Context, write func(any) error) error {
			for range rows {
				if err := write(row); err != nil {
					return err
				}
			}
			return problem.New(http.StatusServiceUnavailable, problem.CodeUnavailable, "", "gone")
		}})
		require.NoError(t, err)
		return answer.Body
	}
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(middleware.LimitsOf{}.Bounded, middleware.WithETag)
	operations := humagin.New(router, huma.DefaultConfig("", ""))
	for path, rows := range map[string]int{"/short": 1, "/long": 1_000} {
		body := fail(rows)
		huma.Get(operations, path, func(context.Context, *struct{}) (*huma.StreamResponse, error) {
			return &huma.StreamResponse{Body: body}, nil
		})
	}
	server := httptest.NewServer(router)
	defer server.Close()
	get := func(path string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		require.NoError(t, err)
		w, err := server.Client().Do(r)
		if err == nil {
			defer w.Body.Close()
			_, err = io.Copy(io.Discard, w.Body)
		}
		return w, err
	}
	w, err := get("/short")
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, w.StatusCode, "nothing was sent yet")
	require.Empty(t, w.Header.Get("Content-Disposition"))
	_, err = get("/long")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}
