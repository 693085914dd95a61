package alerts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	up       = `up{job="energytwin"}`
	stored   = `energytwin_processor_readings_total{outcome="stored"}`
	due      = `energytwin_generator_due_seconds`
	lag      = `energytwin_processor_lag_messages{partition="0"}`
	lost     = `energytwin_processor_lost_messages_total`
	messages = `energytwin_processor_messages_total`
	rejected = `energytwin_processor_rejected_total{reason="wrong_partition"}`
	retries  = `energytwin_processor_retries_total{operation="commit"}`

	withPlans    = `energytwin_api_limit_exceedance_probability{group="north",plans="with"}`
	withoutPlans = `energytwin_api_limit_exceedance_probability{group="north",plans="without"}`
	tolerated    = `energytwin_api_limit_tolerated_probability{group="north"}`
	otherLimit   = `energytwin_api_limit_tolerated_probability{group="south"}`

	connected = `energytwin_bridge_connected`
	dropped   = `energytwin_bridge_messages_total{outcome="dropped"}`
	accepted  = `energytwin_bridge_messages_total{outcome="accepted"}`
	unsent    = `energytwin_bridge_publish_failures_total`

	hooksFailing = `energytwin_api_webhooks{status="failing"}`
	hooksOff     = `energytwin_api_webhooks{status="off"}`
	hooksPaused  = `energytwin_api_webhooks{status="paused"}`
)

type at = func(time.Duration) float64

func constant(v float64) at { return func(time.Duration) float64 { return v } }

// counting is a counter that grows by so much a second from its process's start.
func counting(perSecond float64) at {
	return func(after time.Duration) float64 { return perSecond * after.Seconds() }
}

// until is one thing, and from some time on another.
func until(when time.Duration, before, then at) at {
	return func(after time.Duration) float64 {
		if after < when {
			return before(after)
		}
		return then(after)
	}
}

// stopped keeps the value that a series has at some time.
func stopped(when time.Duration, s at) at {
	return func(after time.Duration) float64 { return s(min(after, when)) }
}

// crashing is a pod's series that is there for a scrape every six minutes.
func crashing(s at) at {
	return func(after time.Duration) float64 {
		if after%(6*time.Minute) < step {
			return s(after)
		}
		return gone
	}
}

// hourly is a counter that grows once an hour, when the next hour is due.
func hourly(after time.Duration) float64 { return 200 * float64(1+after/time.Hour) }

// dueIn is the instant of the next reading, so often.
func dueIn(every time.Duration) at {
	return func(after time.Duration) float64 {
		return float64(begin.Add((after/every + 1) * every).Unix())
	}
}

var (
	absent   = constant(gone)
	zero     = constant(0)
	one      = constant(1)
	sinceGap = constant(float64(begin.Add(72 * time.Hour).Unix()))
)

// twin is what is scraped of a twin's pods.
type twin map[string]at

// flowing are the scrapes of a twin whose readings flow, but for some series.
func flowing(but twin) twin {
	out := twin{up: one, stored: counting(200), due: zero, lag: constant(12), lost: zero, messages: counting(200)}
	maps.Copy(out, but)
	return out
}

// bridged are the scrapes of a twin whose readings come from a broker of MQTT, but for some
// series.
func bridged(but twin) twin {
	out := flowing(twin{connected: one, accepted: counting(200), dropped: zero, unsent: zero})
	delete(out, due)
	maps.Copy(out, but)
	return out
}

// scraped are the series of a twin, with some labels in each.
func (tw twin) scraped(more string) []series {
	var out []series
	for _, metric := range slices.Sorted(maps.Keys(tw)) {
		name, own, _ := strings.Cut(strings.TrimSuffix(metric, "}"), "{")
		all := strings.Trim(strings.Join([]string{own, `instance="10.0.0.7:9090"`, more}, ","), ",")
		out = append(out, series{fmt.Sprintf("%s{%s}", name, all), tw[metric]})
	}
	return out
}

const half = 30 * time.Minute

var scenarios = map[string]struct {
	twin twin
	want []string // alerts that fire meanwhile; all others stay quiet
}{
	"flowing":                          {flowing(nil), nil},
	"ended":                            {flowing(twin{due: until(half, zero, absent), stored: stopped(half, counting(200)), messages: stopped(half, counting(200))}), nil},
	"suspended":                        {flowing(twin{due: until(half, zero, absent), stored: until(half, counting(200), absent), up: until(half, one, absent), messages: until(half, counting(200), absent), lag: until(half, constant(12), absent)}), nil},
	"hibernated and resumed":           {flowing(twin{due: gap(half, 2*half, zero), stored: gap(half, 2*half, counting(200)), up: gap(half, 2*half, one)}), nil},
	"never started":                    {twin{}, nil},
	"slow speed":                       {flowing(twin{stored: hourly, due: dueIn(time.Hour), messages: hourly}), nil},
	"day missing in the dataset":       {flowing(twin{stored: stopped(half, counting(200)), due: until(half, zero, sinceGap), messages: stopped(half, counting(200))}), nil},
	"readings from outside":            {twin{up: one, stored: hourly, lag: zero, lost: zero, messages: hourly}, nil},
	"starts with a large file":         {flowing(twin{stored: until(14*time.Minute, absent, counting(200)), messages: until(14*time.Minute, zero, counting(200))}), nil},
	"waits for processors a while":     {flowing(twin{stored: gapIn(half, half+10*time.Minute), lag: until(half, constant(12), constant(90_000))}), nil},
	"processors replaced":              {flowing(twin{stored: until(half, counting(200), func(after time.Duration) float64 { return counting(200)(after - half) }), up: until(half, one, one)}), nil},
	"pod replaced":                     {flowing(twin{up: until(half, one, until(half+3*time.Minute, zero, one))}), nil},
	"some rejected":                    {flowing(twin{rejected: counting(1)}), nil},
	"a store fails for a moment":       {flowing(twin{retries: stopped(half, until(half-time.Minute, zero, counting(1)))}), nil},
	"catches up":                       {flowing(twin{lag: func(after time.Duration) float64 { return max(0, 5e6-1000*after.Seconds()) }}), nil},
	"processors stuck":                 {flowing(twin{stored: stopped(half, counting(200)), messages: stopped(half, counting(200))}), []string{"TwinNothingStored"}},
	"processors gone":                  {flowing(twin{stored: until(half, counting(200), absent), messages: until(half, counting(200), absent)}), []string{"TwinNothingStored"}},
	"processors never come":            {twin{up: one, due: zero}, []string{"TwinNothingStored"}},
	"generator sleeps over its hour":   {flowing(twin{stored: hourlyUntil(half), due: constant(float64(begin.Add(time.Hour).Unix())), messages: hourlyUntil(half)}), []string{"TwinNothingStored"}},
	"generator crashes":                {flowing(twin{stored: stopped(half, counting(200)), messages: stopped(half, counting(200)), due: until(half, zero, crashing(zero)), up: until(half, one, crashingUp)}), []string{"TwinNothingStored", "TwinWorkloadDown"}},
	"workload does not answer":         {flowing(twin{up: until(half, one, zero)}), []string{"TwinWorkloadDown"}},
	"workload crashes":                 {flowing(twin{up: until(half, one, crashingUp)}), []string{"TwinWorkloadDown"}},
	"lags more and more":               {flowing(twin{lag: counting(500)}), []string{"TwinLagging"}},
	"loses readings":                   {flowing(twin{lost: until(half, zero, constant(40))}), []string{"TwinReadingsLost"}},
	"lost readings before it started":  {flowing(twin{lost: until(half, absent, constant(40))}), []string{"TwinReadingsLost"}},
	"readings rejected":                {flowing(twin{rejected: counting(3)}), []string{"TwinReadingsRejected"}},
	"all readings rejected":            {flowing(twin{rejected: counting(200), stored: zero}), []string{"TwinReadingsRejected", "TwinNothingStored"}},
	"limit held by plans":              {flowing(twin{withoutPlans: constant(0.7), withPlans: constant(0.1), tolerated: constant(0.1)}), nil},
	"limit at risk for a moment":       {flowing(twin{withPlans: between(half, half+5*time.Minute, constant(0.3)), tolerated: constant(0.1)}), nil},
	"no forecast of a limit":           {flowing(twin{tolerated: constant(0.1), otherLimit: constant(0.1)}), nil},
	"limit at risk":                    {flowing(twin{withoutPlans: constant(0.7), withPlans: constant(0.3), tolerated: constant(0.1), otherLimit: constant(0.4)}), []string{"TwinLimitAtRisk"}},
	"a webhook fails for a moment":     {flowing(twin{hooksFailing: between(half, half+5*time.Minute, constant(1)), hooksOff: zero}), nil},
	"a webhook was turned off by hand": {flowing(twin{hooksFailing: zero, hooksOff: zero, hooksPaused: constant(1)}), nil},
	"a webhook fails":                  {flowing(twin{hooksFailing: constant(1), hooksOff: zero}), []string{"TwinWebhookFailing"}},
	"a webhook is off":                 {flowing(twin{hooksFailing: zero, hooksOff: constant(2)}), []string{"TwinWebhookFailing"}},
	"messages of MQTT":                 {bridged(nil), nil},
	"the broker is away for a moment":  {bridged(twin{connected: until(half, one, until(half+4*time.Minute, zero, one))}), nil},
	"the stream is away for a moment":  {bridged(twin{unsent: stopped(half, until(half-time.Minute, zero, counting(1)))}), nil},
	"the broker is away":               {bridged(twin{connected: until(half, one, zero)}), []string{"TwinBridgeDisconnected"}},
	"two clients of one id":            {bridged(twin{connected: func(after time.Duration) float64 { return float64(after/time.Minute%3) / 3 }}), []string{"TwinBridgeDisconnected"}},
	"messages are dropped":             {bridged(twin{dropped: until(half, zero, constant(40))}), []string{"TwinBridgeDropsMessages"}},
	"the stream takes no messages":     {bridged(twin{unsent: counting(1)}), []string{"TwinBridgeRetries"}},
	"a store keeps failing":            {flowing(twin{retries: counting(1)}), []string{"TwinStoreRetries"}},
}

// gap is a pod's series that is not there between two times.
func gap(from, to time.Duration, s at) at { return until(from, s, until(to, absent, s)) }

// between is a gauge that is not zero between two times only.
func between(from, to time.Duration, s at) at { return until(from, zero, until(to, s, zero)) }

// gapIn is a counter that stands still between two times.
func gapIn(from, to time.Duration) at {
	return until(from, counting(200), until(to, constant(200*from.Seconds()), func(after time.Duration) float64 {
		return counting(200)(after - to + from)
	}))
}

func hourlyUntil(when time.Duration) at { return stopped(when, hourly) }

func crashingUp(after time.Duration) float64 {
	if after%(6*time.Minute) < step {
		return 1
	}
	return 0
}

const watched = 100 * time.Minute

// Each alert fires when it should and stays quiet otherwise, in a Prometheus of
// the twin's own.
func TestAlertsOfOneTwin(t *testing.T) {
	for name, c := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := fired(t, ownRules(t), watched, c.twin.scraped(""))
			require.ElementsMatch(t, c.want, slices.Collect(maps.Keys(got)))
		})
	}
}

// A Prometheus of the cluster scrapes several twins: what happens to others, also
// to one of the same name, is not reported of this one, and they hide nothing.
func TestAlertsBesideOtherTwins(t *testing.T) {
	const (
		this   = `namespace="demo",app_kubernetes_io_instance="riverside"`
		other  = `namespace="demo",app_kubernetes_io_instance="hillside"`
		unlike = `namespace="test",app_kubernetes_io_instance="riverside"`
	)
	for name, c := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			healthy := append(flowing(nil).scraped(other), flowing(nil).scraped(unlike)...)
			got := fired(t, clusterRules(t), watched, append(c.twin.scraped(this), healthy...))
			require.ElementsMatch(t, c.want, slices.Collect(maps.Keys(got)))
			for alert, labels := range got {
				require.Equal(t, "demo", labels.Get("namespace"), alert)
				require.Equal(t, "riverside", labels.Get("app_kubernetes_io_instance"), alert)
			}
			others := append(c.twin.scraped(other), c.twin.scraped(unlike)...)
			require.Empty(t, fired(t, clusterRules(t), watched, append(flowing(nil).scraped(this), others...)))
		})
	}
}

// Each rule has a scenario in which it fires.
func TestEachAlertFires(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range scenarios {
		for _, alert := range c.want {
			tested[alert] = true
		}
	}
	for _, name := range alertsIn(t, ownRules(t)) {
		require.True(t, tested[name], "no scenario in which %s fires", name)
	}
	require.Equal(t, alertsIn(t, ownRules(t)), alertsIn(t, clusterRules(t)))
}
