package api

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// However the hours of forecasts are grouped, they are the same hours.
func TestAccuracyAddsUp(t *testing.T) {
	a := newTestAPI(t, nil)
	const path = "/api/v1/forecasts/accuracy?from=now-21d"
	total := read[Accuracy](t, a, path)
	require.Len(t, total.Data.Lines, 1)
	all := total.Data.Lines[0]
	require.Equal(t, "total", all.Key)
	require.Greater(t, all.Hours, int64(10_000))
	require.Greater(t, *all.RelMAE, 0.2)
	require.Less(t, *all.RelMAE, 1.2)
	require.InDelta(t, .8, *all.Coverage, .15)
	require.InDelta(t, *all.BelowP90-*all.BelowP10, *all.Coverage, .02, "but for hours that are p10 itself")
	require.InDelta(t, .5, *all.BelowP50, .2)
	require.Greater(t, *all.MAE, *all.Pinball)
	require.Equal(t, storeEnd.Time(), *total.Meta.AsOf)
	require.True(t, total.Meta.Partial, "the hours of the last forecasts are not all over")

	for by, keys := range map[string]int{"lead": 0, "hour": 24, "weekday": 7, "day": 0, "month": 0, "meter": int(all.Series), "group": 0, "model": 0} {
		lines := read[Accuracy](t, a, path+"&by="+by).Data.Lines
		if keys > 0 {
			require.Len(t, lines, keys, by)
		}
		var hours int64
		var mae float64
		for _, l := range lines {
			hours += l.Hours
			mae += *l.MAE * float64(l.Hours)
		}
		require.Equal(t, all.Hours, hours, by)
		require.InDelta(t, *all.MAE, mae/float64(hours), 1e-4, by)
	}
	leads := read[Accuracy](t, a, path+"&by=lead").Data.Lines
	for i, l := range leads {
		require.Equal(t, strconv.Itoa(i), l.Key)
	}

	groups := read[Accuracy](t, a, path+"&of=groups&by=group").Data.Lines
	require.NotEmpty(t, groups)
	one := read[Accuracy](t, a, path+"&of=groups&group="+groups[0].Key).Data.Lines
	require.Equal(t, groups[0].MAE, one[0].MAE)
	meter := read[Accuracy](t, a, path+"&by=meter&meter=home-000002").Data.Lines
	require.Equal(t, "home-000002", meter[0].Key)
	require.Equal(t, int64(1), meter[0].Series)
	require.Empty(t, read[Accuracy](t, a, "/api/v1/forecasts/accuracy?from=now&to=now%2B2h").Data.Lines)
}

func TestAccuracyRejects(t *testing.T) {
	a := newTestAPI(t, nil)
	for query, field := range map[string]string{
		"meter=home-000001&group=feeder-0001": "group",
		"meter=home-000001&of=groups":         "meter",
		"by=meter&of=groups":                  "by",
		"meter=none":                          "meter",
		"group=none":                          "group",
		"by=moon":                             "by",
		"from=now&to=now-1h":                  "to",
	} {
		w := a.get("/api/v1/forecasts/accuracy?" + query)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, query)
		require.Equal(t, field, problemIn(t, w).Field, query)
	}
}
