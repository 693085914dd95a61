package api

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/test/ui/filled"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

func total(s Series) (kwh float64, hours int) {
	for _, p := range s.Points {
		if p.KWh != nil {
			kwh += *p.KWh
		}
		hours += p.Hours
	}
	return kwh, hours
}

// However the hours are put together, the energy stays the same: by hour, by
// day, by group and by meter.
func TestHistoriesAddUp(t *testing.T) {
	a := newTestAPI(t, nil)
	const span = "from=now-9d&to=now"
	want, _ := total(read[[]Series](t, a, "/api/v1/history?step=1h&"+span).Data[0])
	require.Greater(t, want, 100.0)
	for _, query := range []string{"step=1d", "step=3h", "step=1w", "step=1mo", "step=1h&groupBy=group", "step=1h&groupBy=meter", "step=1d&groupBy=meter&tz=Asia/Kolkata"} {
		sum := 0.0
		series := read[[]Series](t, a, "/api/v1/history?"+span+"&"+query).Data
		for _, s := range series {
			kwh, _ := total(s)
			sum += kwh
		}
		require.InEpsilon(t, want, sum, 1e-6, query)
	}
	require.Len(t, read[[]Series](t, a, "/api/v1/history?groupBy=group").Data, size.Groups)
	require.Len(t, read[[]Series](t, a, "/api/v1/history?groupBy=meter&group=feeder-0001").Data, size.Meters/size.Groups)
}

func TestAGapIsNull(t *testing.T) {
	a := newTestAPI(t, nil)
	gap := storeEnd - filled.GapAt
	at := gap.Time().Format(time.RFC3339)
	answer := read[[]Series](t, a, "/api/v1/meters/home-000001/history?from=now-2d&step=1h")
	require.True(t, answer.Meta.Partial)
	found := false
	for _, p := range answer.Data[0].Points {
		if p.At.Equal(gap.Time()) {
			found = true
			require.Nil(t, p.KWh)
			require.Zero(t, p.Hours)
			continue
		}
		require.NotNil(t, p.KWh, p.At)
	}
	require.True(t, found)
	for _, p := range read[[]Series](t, a, "/api/v1/meters/home-000001/history?from=now-2d&step=1h&fill=none").Data[0].Points {
		require.NotEqual(t, at, p.At.Format(time.RFC3339))
	}
	whole := read[[]Series](t, a, "/api/v1/meters/home-000002/history?from=now-2d&step=1h")
	require.False(t, whole.Meta.Partial)
	require.True(t, read[[]Series](t, a, "/api/v1/meters/home-000002/history?to=now%2B2h").Meta.Partial, "the range runs past now")
}

// A day is that of the zone: one of 23 hours where clocks go forward.
func TestDaysAreLocal(t *testing.T) {
	a := newTestAPI(t, nil)
	answer := read[[]Series](t, a, "/api/v1/history?step=1d&tz=America/New_York&from=2019-01-10T05:00:00Z&to=2019-01-13T05:00:00Z")
	require.Equal(t, "America/New_York", answer.Meta.TZ)
	require.Len(t, answer.Data[0].Points, 3)
	for i, p := range answer.Data[0].Points {
		require.Equal(t, time.Date(2019, 1, 10+i, 5, 0, 0, 0, time.UTC), p.At)
		require.Equal(t, 24, p.Hours)
	}
}

func TestTheNowOfAReplayIsItsWatermark(t *testing.T) {
	a := newTestAPI(t, nil)
	answer := read[[]Series](t, a, "/api/v1/history?from=now-3h&step=1h")
	require.Equal(t, storeEnd.Time(), *answer.Meta.AsOf)
	points := answer.Data[0].Points
	require.Len(t, points, 3)
	require.Equal(t, (storeEnd - 3).Time(), points[0].At)
}

func TestLongHistoriesAreThinnedOut(t *testing.T) {
	a := newTestAPI(t, nil)
	all := read[[]Series](t, a, "/api/v1/history?from=now-30d&step=1h").Data[0].Points
	require.Len(t, all, 720)
	few := read[[]Series](t, a, "/api/v1/history?from=now-30d&step=1h&maxPoints=180").Data[0].Points
	require.Len(t, few, 180)
	require.Equal(t, all[0], few[0])
	require.Equal(t, all[719], few[179])
	require.Equal(t, greatestPoint(all), greatestPoint(few), "the peak stays")
	chosen := read[[]Series](t, a, "/api/v1/history?from=now-30d&maxPoints=20")
	require.Equal(t, "12h", chosen.Meta.Step, "the shortest step with at most 80 buckets")
}

// The longest step has few buckets: any number of points is thinned out of them.
func TestTwoPointsOfAYear(t *testing.T) {
	a := newTestAPI(t, nil)
	for _, points := range []string{"2", "3"} {
		answer := read[[]Series](t, a, "/api/v1/history?from=now-365d&maxPoints="+points)
		require.Equal(t, "1mo", answer.Meta.Step)
		require.LessOrEqual(t, len(answer.Data[0].Points), 3)
	}
}

// A date is the local midnight with which it begins.
func TestDates(t *testing.T) {
	a := newTestAPI(t, func(c *config.Twin, _ *Deps) { c.Timezone = "America/New_York" })
	byDate := read[[]Series](t, a, "/api/v1/history?step=1h&from=2019-01-10&to=2019-01-12")
	require.Equal(t, read[[]Series](t, a, "/api/v1/history?step=1h&from=2019-01-10T05:00:00Z&to=2019-01-12T05:00:00Z"), byDate)
	require.Len(t, byDate.Data[0].Points, 48)
}

func TestNoiseIsRoundedAway(t *testing.T) {
	for value, want := range map[float64]float64{
		1861.145999: 1861.146, 0.1234564: 0.123456, 167999.998959: 168000, -43263.618854: -43263.62, 12345678.9: 12345680, 0: 0, 9.9999999: 10,
		float64(float32(1861.146)): 1861.146,
	} {
		require.InDelta(t, want, *maybe(value), 1e-9, "%v", value)
	}
}

func greatestPoint(points []Point) (best Point) {
	for _, p := range points {
		if p.KWh != nil && (best.KWh == nil || *p.KWh > *best.KWh) {
			best = p
		}
	}
	return best
}

func TestAggregates(t *testing.T) {
	a := newTestAPI(t, nil)
	const query = "/api/v1/history?from=2019-01-15T00:00:00Z&to=2019-01-16T00:00:00Z&step=1d&agg="
	one := func(agg string) float64 { return *read[[]Series](t, a, query+agg).Data[0].Points[0].KWh }
	require.InEpsilon(t, one("sum")/24, one("mean"), 1e-6)
	require.Less(t, one("min"), one("mean"))
	require.Greater(t, one("max"), one("mean"))
}

func TestCSVHoldsTheSameNumbers(t *testing.T) {
	a := newTestAPI(t, nil)
	const query = "/api/v1/meters/home-000001/history?from=now-2d&step=1h"
	w := a.get(query + "&format=csv")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "text/csv; charset=utf-8", w.Header().Get("Content-Type"))
	require.Contains(t, w.Header().Get("Content-Disposition"), "attachment")
	rows, err := csv.NewReader(w.Body).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"key", "at", "kwh", "hours", "partial"}, rows[0])
	points := read[[]Series](t, a, query).Data[0].Points
	require.Len(t, rows, len(points)+1)
	for i, p := range points {
		want := ""
		if p.KWh != nil {
			want = strconv.FormatFloat(*p.KWh, 'f', -1, 64)
		}
		require.Equal(t, []string{"home-000001", p.At.Format(time.RFC3339), want, strconv.Itoa(p.Hours), strconv.FormatBool(p.Partial)}, rows[i+1])
	}
}

// The Accept header chooses among the forms that there are, and is rejected where it
// leaves none.
func TestFormsOfAnswers(t *testing.T) {
	a := newTestAPI(t, nil)
	const (
		history = "/api/v1/meters/home-000001/history?from=now-2d"
		json    = "application/json"
		csv     = "text/csv; charset=utf-8"
	)
	for _, c := range []struct{ path, accept, form string }{
		{history, "text/csv", csv}, {history, "text/*", csv}, {history, "text/csv, application/json;q=0", csv}, {history, "*/*", json},
		{history, "application/json, text/csv", json}, {history, "text/html, */*;q=0.1", json}, {history + "&format=csv", "application/json", csv},
		{history, "text/html", ""}, {history, "nonsense", ""}, {history, "application/json;q=0, */*;q=0", ""},
		{history, "application/x-ndjson", "application/x-ndjson"}, {history, "application/vnd.apache.parquet", "application/vnd.apache.parquet"},
		{history, "application/json;q=0, */*", csv}, {"/api/v1/forecasts", "application/json", ""}, {"/api/v1/forecasts", "*/*", csv},
		{"/api/v1/decisions", "text/csv", csv}, {"/api/v1/kpis", "text/csv", csv}, {"/api/v1/decisions", "*/*", json},
		{"/api/v1/twin", "application/*", json}, {"/api/v1/twin", "text/csv", ""}, {"/api/v1/twin", "application/json;q=0, */*", ""},
	} {
		w := a.get(c.path, "Accept", c.accept)
		if c.form == "" {
			require.Equal(t, http.StatusNotAcceptable, w.Code, c)
			require.Equal(t, problem.CodeNotAcceptable, problemIn(t, w).Code)
			continue
		}
		require.Equal(t, http.StatusOK, w.Code, c)
		require.Equal(t, c.form, w.Header().Get("Content-Type"), c)
		require.Contains(t, w.Header().Values("Vary"), "Accept")
	}
	require.Equal(t, http.StatusOK, a.get("/", "Accept", "image/png").Code, "pages have one form")
}

func TestLoadAgreesWithItsParts(t *testing.T) {
	a := newTestAPI(t, nil)
	whole := read[Load](t, a, "/api/v1/load").Data
	groups := read[[]Group](t, a, "/api/v1/groups").Data
	require.Len(t, groups, size.Groups)
	sums := make([]LoadPoint, len(whole.Points))
	for _, g := range groups {
		part := read[Load](t, a, "/api/v1/groups/"+g.ID+"/load").Data
		require.Equal(t, g.CapacityKW, part.CapacityKW)
		for i, p := range part.Points {
			require.Equal(t, whole.Points[i].At, p.At)
			if p.Actual != nil {
				sums[i].Actual = add(sums[i].Actual, *p.Actual)
			}
			if p.P50Sum != nil {
				sums[i].P50Sum = add(sums[i].P50Sum, *p.P50Sum)
			}
			if p.P50 != nil {
				require.LessOrEqual(t, *p.P10, *p.P50)
				require.LessOrEqual(t, *p.P50, *p.P90)
				sums[i].Planned = add(sums[i].Planned, *p.Planned-*p.P50)
			}
			sums[i].Meters += p.Meters
		}
	}
	measured, expected := 0, 0
	for i, p := range whole.Points {
		require.Equal(t, sums[i].Meters, p.Meters)
		if p.Actual != nil {
			require.InDelta(t, *sums[i].Actual, *p.Actual, 1e-4)
			measured++
		}
		if p.P50 != nil {
			require.InDelta(t, *sums[i].P50Sum, *p.P50Sum, 1e-4)
			require.InDelta(t, *sums[i].Planned, *p.Planned-*p.P50, 1e-4, "what the plans change")
			require.LessOrEqual(t, *p.P10, *p.P50)
			require.LessOrEqual(t, *p.P50, *p.P90)
			expected++
		}
		future := !p.At.Before(storeEnd.Time())
		require.False(t, future && p.Actual != nil, "nothing is measured before its hour is over")
	}
	require.Equal(t, 48, measured)
	require.Equal(t, 48+6, expected, "forecasts reach to the next midnight")
}

func TestGroupLoadCountsBreaches(t *testing.T) {
	a := newTestAPI(t, nil)
	load := read[Load](t, a, "/api/v1/groups/feeder-0001/load?from=now-20d").Data
	measured, coming := 0, 0
	peak := 0.0
	for _, p := range load.Points {
		if p.Actual != nil {
			peak = max(peak, *p.Actual)
			if *p.Actual > *load.CapacityKW {
				measured++
			}
		}
		if p.P50 != nil && !p.At.Before(storeEnd.Time()) && *p.P50 > *load.CapacityKW {
			coming++
		}
	}
	require.Equal(t, measured, load.Breaches)
	require.Equal(t, coming, load.ForecastBreaches)
	require.InDelta(t, peak, *load.PeakKW, 1e-9)
}

func TestMeterStatusAndState(t *testing.T) {
	a := newTestAPI(t, nil)
	last := "/api/v1/meters/home-0000" + strconv.Itoa(size.Meters)
	require.Equal(t, "stale", read[Meter](t, a, last).Data.Status)
	require.Equal(t, "ok", read[Meter](t, a, "/api/v1/meters/home-000002").Data.Status)

	now := read[stateAnswer](t, a, "/api/v1/meters/home-000002/state")
	require.False(t, now.Meta.Partial)
	require.Equal(t, (storeEnd - 1).Time(), now.Data.Reading.At)
	require.NotNil(t, now.Data.Decision)
	silent := read[stateAnswer](t, a, last+"/state")
	require.True(t, silent.Meta.Partial)
	require.Equal(t, make([]*float32, lastHours), silent.Data.Last24h)

	// A week ago the forecast and the decision of today were not known.
	then := read[stateAnswer](t, a, "/api/v1/meters/home-000002/state?at=now-7d")
	week := storeEnd - 7*meter.HoursPerDay
	require.Equal(t, week.Time(), *then.Meta.AsOf)
	require.Equal(t, (week - 1).Time(), then.Data.Reading.At)
	require.False(t, then.Data.Forecast.IssuedAt.After(week.Time()))
	require.False(t, then.Data.Decision.IssuedAt.After(week.Time()))
	require.NotEqual(t, now.Data.Decision.ID, then.Data.Decision.ID)
}

func TestMeterNamesAreFoundInAnyCase(t *testing.T) {
	a := newTestAPI(t, nil)
	found := read[[]Meter](t, a, "/api/v1/meters?q=OME-00000").Data
	require.Len(t, found, 9)
	require.Empty(t, read[[]Meter](t, a, "/api/v1/meters?q=%25").Data, "no wildcards")
}

func TestDecisionStatesWhatWhenAndWhy(t *testing.T) {
	a := newTestAPI(t, nil)
	list := read[[]headerAnswer](t, a, "/api/v1/decisions?from=now-24h&action=load_shift&sort=-savingP50").Data
	for _, d := range list {
		require.Equal(t, d.ValidTo, d.HeldTo, "a plan that nothing supersedes holds to its end")
	}
	require.NotEmpty(t, list)
	for i := 1; i < len(list); i++ {
		require.GreaterOrEqual(t, *list[i-1].SavingP50, *list[i].SavingP50)
	}
	d := read[decisionAnswer](t, a, "/api/v1/decisions/"+list[0].ID).Data
	require.Equal(t, list[0], d.headerAnswer)
	require.Equal(t, "active", d.Status)
	require.Equal(t, "seasonal-naive", d.Provenance.Model)
	require.Len(t, d.Plan, 24)
	var taken, given float32
	for _, w := range d.From {
		taken += w.KWh
	}
	for _, w := range d.To {
		given += w.KWh
	}
	require.InDelta(t, *d.KWhShifted, taken, 1e-3)
	require.InDelta(t, taken, given, 1e-3, "no energy is lost without rebound")

	words := read[Explanation](t, a, "/api/v1/decisions/"+d.ID+"/explanation").Data
	require.Equal(t, d.Title, words.Title)
	require.Contains(t, words.Instruction, " kWh", "what, and when")
	require.NotEmpty(t, words.Why)
	require.Contains(t, words.Worth[0], "expected")
}

func TestDecisionFilters(t *testing.T) {
	a := newTestAPI(t, nil)
	for query, holds := range map[string]func(headerAnswer) bool{
		"meter=home-000003":           func(d headerAnswer) bool { return d.Meter != nil && *d.Meter == "home-000003" },
		"group=feeder-0002":           func(d headerAnswer) bool { return *d.Group == "feeder-0002" },
		"about=group":                 func(d headerAnswer) bool { return d.Meter == nil },
		"about=meter":                 func(d headerAnswer) bool { return d.Meter != nil },
		"action=any":                  func(d headerAnswer) bool { return d.Action != "none" },
		"action=none":                 func(d headerAnswer) bool { return d.Action == "none" },
		"reason=price_spread":         func(d headerAnswer) bool { return d.Reason == "price_spread" },
		"status=past":                 func(d headerAnswer) bool { return !d.ValidTo.After(storeEnd.Time()) },
		"status=active":               func(d headerAnswer) bool { return d.Status == "active" },
		"from=now-3d&to=now-2d":       func(d headerAnswer) bool { return d.IssuedAt.Before((storeEnd - 48).Time()) },
		"group=feeder-0002&limit=500": func(d headerAnswer) bool { return *d.Group == "feeder-0002" },
	} {
		list := read[[]headerAnswer](t, a, "/api/v1/decisions?"+query).Data
		require.NotEmpty(t, list, query)
		for _, d := range list {
			require.True(t, holds(d), "%s: %+v", query, d)
		}
	}
}

func TestDataQualityCounts(t *testing.T) {
	a := newTestAPI(t, nil)
	q := read[Quality](t, a, "/api/v1/data-quality").Data
	require.EqualValues(t, filled.Broken, q.Counts.Quarantined)
	require.Equal(t, []ReasonCount{{"bad_timestamp", 2}, {"malformed", 1}}, q.ByReason)
	require.Equal(t, "\ufffd no JSON", q.Messages[0].Value)
	require.Len(t, read[Quality](t, a, "/api/v1/data-quality?reason=bad_timestamp").Data.Messages, 2)

	file := q.Dataset
	require.EqualValues(t, 3, file.RejectedRows)
	require.Equal(t, []ReasonCount{{"the value is not a number", 2}, {"the time is not one", 1}}, file.ByReason)
	require.Equal(t, RejectedRow{Line: 17, Column: "kwh", Reason: "the value is not a number", Text: "home-000001,2019-01-01T15:00:00Z,much"}, file.Rows[0])
	require.Contains(t, file.Findings[0], "guessed unit: kWh")
}
