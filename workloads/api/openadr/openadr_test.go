package openadr

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var at = time.Date(2019, 2, 12, 18, 0, 0, 0, time.UTC)

// Hours with the same change are one interval, and those without a change are none.
func TestPlanEvent(t *testing.T) {
	e := PlanEvent(&Plan{ID: "0b5e", Title: "Run 2 kWh later", For: "home-1", ForLimit: true, IssuedAt: at, From: at, KW: []float64{0, -1, -1, 0, 0, 2, 0.5}})
	require.Equal(t, 1, e.Priority)
	require.Equal(t, []string{"home-1"}, e.Targets)
	require.Equal(t, Period{Start: at, Duration: "PT7H"}, e.Period)
	require.Equal(t, []Interval{
		{ID: 0, Period: &Period{Start: at.Add(time.Hour), Duration: "PT2H"}, Payloads: []Payload{{Type: relativeSteps, Values: []float64{-1}}}},
		{ID: 1, Period: &Period{Start: at.Add(5 * time.Hour), Duration: "PT1H"}, Payloads: []Payload{{Type: relativeSteps, Values: []float64{2}}}},
		{ID: 2, Period: &Period{Start: at.Add(6 * time.Hour), Duration: "PT1H"}, Payloads: []Payload{{Type: relativeSteps, Values: []float64{0.5}}}},
	}, e.Intervals)
}

// An hour whose price is not known has no payload: nothing stands for it.
func TestPriceEvent(t *testing.T) {
	price, carbon := 0.25, 0.181
	e := PriceEvent([]Hour{{Start: at, Price: &price, Carbon: &carbon}, {Start: at.Add(time.Hour)}}, "GBP")
	require.Equal(t, []Payload{{Type: "PRICE", Values: []float64{0.25}}, {Type: "GHG", Values: []float64{181}}}, e.Intervals[0].Payloads)
	require.Empty(t, e.Intervals[1].Payloads)
	require.NotNil(t, e.Intervals[1].Payloads)
	require.Equal(t, "GBP", e.Descriptors[0].Currency)
}

// Ids have the characters that the protocol knows, and other names have other ids.
func TestObjectID(t *testing.T) {
	valid := regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	ids := map[string]string{}
	for _, name := range []string{"feeder-1", "feeder 1", "feeder_1", "feeder/1", "Żoliborz", "a_20_b", "a b"} {
		id := objectID(name)
		require.Regexp(t, valid, id)
		require.Empty(t, ids[id], "%q and %q", name, ids[id])
		ids[id] = name
	}
}
