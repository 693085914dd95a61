package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/workloads/api/openadr"
)

func readEvents(t *testing.T, a *api, query string) (events []openadr.Event) {
	t.Helper()
	w := a.get("/api/v1/openadr/events?" + query)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &events))
	return events
}

// Events are prices, limits and the open plans, page after page.
func TestOpenADREvents(t *testing.T) {
	a := newTestAPI(t, nil)
	prices := readEvents(t, a, "programID=prices")
	require.Len(t, prices, 1)
	require.Len(t, prices[0].Intervals, 24)
	want := read[Prices](t, a, "/api/v1/prices?to=now%2B24h").Data.Points
	for i, interval := range prices[0].Intervals {
		require.InDelta(t, *want[i].Price, interval.Payloads[0].Values[0], 1e-9)
	}
	limited := 0
	for _, g := range read[[]Group](t, a, "/api/v1/groups").Data {
		if g.CapacityKW != nil {
			limited++
			of := readEvents(t, a, "programID=limits&targets="+g.ID)
			require.Len(t, of, 1)
			require.InDelta(t, *g.CapacityKW, of[0].Intervals[0].Payloads[0].Values[0], 1e-9)
		}
	}
	require.Len(t, readEvents(t, a, "programID=limits"), limited)

	open := read[[]headerAnswer](t, a, "/api/v1/decisions?status=open&action=any&inForce=true&limit=1000").Data
	require.NotEmpty(t, open)
	var plans []openadr.Event
	for {
		page := readEvents(t, a, "programID=plans&limit=7&skip="+strconv.Itoa(len(plans)))
		plans = append(plans, page...)
		if len(page) < 7 {
			break
		}
	}
	require.Len(t, plans, len(open))
	for i := range plans {
		require.Equal(t, open[i].ID, plans[i].ID)
		require.NotEmpty(t, plans[i].Intervals)
		require.NotEmpty(t, plans[i].Targets[0])
	}
	target := plans[0].Targets[0]
	require.Equal(t, readEvents(t, a, "programID=plans&targets="+target), readEvents(t, a, "programID=plans&targets=nobody&targets="+target), "several targets")
	for _, e := range readEvents(t, a, "programID=plans&targets="+target) {
		require.Equal(t, []string{target}, e.Targets)
	}
	require.Len(t, readEvents(t, a, "programID=plans&targets="+target+"&targets="+target+"&targets=nosuch"), len(readEvents(t, a, "programID=plans&targets="+target)))
	require.Empty(t, readEvents(t, a, "programID=plans&targets=nosuch"))
	all := readEvents(t, a, "")
	require.Equal(t, openadr.Prices, all[0].ProgramID)
	require.LessOrEqual(t, len(all), 50)
	require.Equal(t, http.StatusUnprocessableEntity, a.get("/api/v1/openadr/events?programID=x").Code)
}
