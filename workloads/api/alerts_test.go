package api

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
)

// Alerts are what the other routes show to be wrong.
func TestAlerts(t *testing.T) {
	a := newTestAPI(t, func(twin *config.Twin, _ *Deps) {
		groups := slices.Clone(twin.Processor.Policy.Groups)
		groups[0].CapacityKW = 0.001 // any load is above it
		twin.Processor.Policy.Groups = groups
	})
	a.now.advance(time.Hour)
	alerts := read[[]Alert](t, a, "/api/v1/alerts").Data
	of := map[string][]Alert{}
	for i, alert := range alerts {
		of[alert.Kind] = append(of[alert.Kind], alert)
		require.NotEmpty(t, alert.Message)
		if i > 0 && alert.Severity == "critical" {
			require.Equal(t, "critical", alerts[i-1].Severity)
		}
	}
	require.Len(t, of["not_fresh"], 1, "nothing was written for an hour")

	for _, g := range read[[]Group](t, a, "/api/v1/groups").Data {
		exceeded := slices.ContainsFunc(of["limit_exceeded"], func(alert Alert) bool { return *alert.Group == g.ID && *alert.Value == *g.LastKWh })
		require.Equal(t, g.Utilisation != nil && *g.Utilisation > 1, exceeded, g.ID)
		one := read[Group](t, a, "/api/v1/groups/"+g.ID).Data
		require.Equal(t, g, one)
	}
	require.NotEmpty(t, of["limit_exceeded"])
	for _, alert := range of["limit_at_risk"] {
		risk := read[Breaches](t, a, "/api/v1/groups/"+*alert.Group+"/breaches?probability=0").Data.Coming
		require.True(t, slices.ContainsFunc(risk, func(h LikelyHour) bool { return h.At.Equal(*alert.At) && *h.ExceedAfter == *alert.Value }))
		require.Greater(t, *alert.Value, *alert.Limit)
	}
	for kind, status := range map[string]string{"meters_stale": "stale", "meters_suspect": "suspect"} {
		meters := read[[]Meter](t, a, "/api/v1/meters?status="+status).Data
		require.Len(t, of[kind], min(1, len(meters)), kind)
		if len(meters) > 0 {
			require.Equal(t, float64(len(meters)), *of[kind][0].Value)
			require.Equal(t, meters[0].ID, of[kind][0].Meters[0])
		}
	}
	require.Equal(t, "unknown_group", string(problemIn(t, a.get("/api/v1/groups/none")).Code))
}
