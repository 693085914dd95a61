package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/workloads/api/problem"
)

// Walking a list page by page gives each row once, in the order of one great
// page, whatever the length of the pages.
func TestPagesMakeUpTheList(t *testing.T) {
	a := newTestAPI(t, nil)
	for _, list := range []string{
		"/api/v1/meters?sort=id", "/api/v1/meters?sort=-id", "/api/v1/meters?sort=lastKwh", "/api/v1/meters?sort=-lastKwh",
		"/api/v1/meters?sort=-group", "/api/v1/meters?sort=lastReadingAt", "/api/v1/meters?sort=-readings", "/api/v1/meters?sort=-missingHours",
		"/api/v1/meters?q=00001", "/api/v1/meters?status=ok&group=feeder-0001",
		"/api/v1/decisions?from=now-3d", "/api/v1/decisions?from=now-3d&sort=-savingP50", "/api/v1/decisions?from=now-3d&sort=-risk", "/api/v1/decisions?from=now-3d&action=any",
		"/api/v1/meters/home-000003/forecasts?from=now-20d",
		"/api/v1/groups/feeder-0001/forecasts?from=now-20d",
	} {
		t.Run(list, func(t *testing.T) {
			whole := pageAt(t, a, list, 400, "")
			require.False(t, whole.Page.HasMore)
			require.NotEmpty(t, whole.Data)
			n := len(whole.Data)
			for _, limit := range []int{max(1, n/9), max(1, n/2), max(1, n-1), n, n + 1} {
				var walked []json.RawMessage
				for cursor := ""; ; {
					p := pageAt(t, a, list, limit, cursor)
					require.LessOrEqual(t, len(p.Data), limit)
					walked = append(walked, p.Data...)
					require.Equal(t, p.Page.HasMore, p.Page.NextCursor != nil)
					if !p.Page.HasMore {
						break
					}
					require.Len(t, p.Data, limit)
					cursor = *p.Page.NextCursor
				}
				require.Equal(t, whole.Data, walked, "limit %d", limit)
			}
		})
	}
}

// A table that jumps gets the rows that walking would have brought it to, with how many
// there are, and the last day of each.
func TestMetersFromAnywhere(t *testing.T) {
	a := newTestAPI(t, nil)
	for _, list := range []string{"/api/v1/meters?sort=-lastKwh", "/api/v1/meters?q=0001", "/api/v1/meters?status=ok&sort=group", "/api/v1/meters?group=feeder-0001&sort=missingHours"} {
		whole := read[[]Meter](t, a, list+"&limit=1000")
		require.Greater(t, len(whole.Data), 5, list)
		part := read[[]Meter](t, a, list+"&limit=2&offset=3&total=true&last24h=true")
		require.Equal(t, len(whole.Data), *part.Page.Total, list)
		for i, m := range part.Data {
			// The state ends before asOf, and the list with the newest reading.
			state := read[MeterState](t, a, "/api/v1/meters/"+m.ID+"/state").Data
			require.Equal(t, state.Last24h[1:], m.Last24h[:lastHours-1], m.ID)
			require.Equal(t, m.LastKWh, m.Last24h[lastHours-1], m.ID)
			m.Last24h = nil
			require.Equal(t, whole.Data[3+i], m, list)
		}
		require.Empty(t, read[[]Meter](t, a, list+"&offset=9999").Data)
	}
	next := *read[[]Meter](t, a, "/api/v1/meters?limit=1").Page.NextCursor
	w := a.get("/api/v1/meters?limit=1&offset=1&cursor=" + next)
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Equal(t, "offset", problemIn(t, w).Field)
}

func pageAt(t *testing.T, a *api, list string, limit int, cursor string) Answer[[]json.RawMessage] {
	t.Helper()
	u, err := url.Parse(list)
	require.NoError(t, err)
	q := u.Query()
	q.Set("limit", fmt.Sprint(limit))
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	u.RawQuery = q.Encode()
	return read[[]json.RawMessage](t, a, u.String())
}

func TestQuarantinePages(t *testing.T) {
	a := newTestAPI(t, nil)
	var offsets []int64
	for cursor := ""; ; {
		p := read[Quality](t, a, "/api/v1/data-quality?limit=1"+cursor)
		require.Len(t, p.Data.Messages, 1)
		offsets = append(offsets, p.Data.Messages[0].Offset)
		if !p.Page.HasMore {
			break
		}
		cursor = "&cursor=" + *p.Page.NextCursor
	}
	require.Len(t, offsets, 3)
	require.True(t, sort.SliceIsSorted(offsets, func(i, j int) bool { return offsets[i] > offsets[j] }), "newest first")
}

func TestACursorBelongsToItsFilters(t *testing.T) {
	a := newTestAPI(t, nil)
	p := read[[]Meter](t, a, "/api/v1/meters?limit=3&sort=id")
	for _, other := range []string{
		"/api/v1/meters?sort=-id", "/api/v1/meters?sort=id&q=home", "/api/v1/decisions?sort=-issuedAt", "/api/v1/data-quality?limit=1",
	} {
		u, err := url.Parse(other)
		require.NoError(t, err)
		q := u.Query()
		q.Set("cursor", *p.Page.NextCursor)
		u.RawQuery = q.Encode()
		w := a.get(u.String())
		require.Equal(t, problem.CodeInvalidCursor, problemIn(t, w).Code, other)
	}
}

func TestETags(t *testing.T) {
	a := newTestAPI(t, nil)
	for _, path := range []string{"/api/v1/twin", "/api/v1/meters", "/api/v1/load", "/api/v1/groups", "/api/v1/history?format=csv"} {
		first := a.get(path)
		tag := first.Header().Get("ETag")
		require.Regexp(t, `^W/"[0-9a-f]{24}"$`, tag)
		for _, sent := range []string{tag, tag[2:], `"other", ` + tag, "*"} {
			again := a.get(path, "If-None-Match", sent)
			require.Equal(t, http.StatusNotModified, again.Code, "%s with %s", path, sent)
			require.Empty(t, again.Body.Bytes())
			require.Equal(t, tag, again.Header().Get("ETag"))
		}
		require.Equal(t, http.StatusOK, a.get(path, "If-None-Match", `W/"0123456789abcdef01234567"`).Code)
	}
	require.NotEqual(t, a.get("/api/v1/meters?limit=1").Header().Get("ETag"), a.get("/api/v1/meters?limit=2").Header().Get("ETag"))
	require.Empty(t, a.get("/api/v1/meters/nobody").Header().Get("ETag"), "a problem has no tag")
}
