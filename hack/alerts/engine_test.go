// Package alerts evaluates the alert rules with Prometheus' own engine, as they
// are shipped for a Prometheus of the twin and for one of the cluster.
package alerts

import (
	"bytes"
	"context"
	"log/slog"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/timestamp"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/util/teststorage"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const (
	root = "../.."
	step = 30 * time.Second // between two scrapes and between two evaluations
)

// begin is when the scrapes of a test begin.
var begin = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// gone is the value of a series whose target is not there or does not answer.
var gone = math.Float64frombits(value.StaleNaN)

// series is a metric, and its value some time after the beginning.
type series struct {
	metric string
	at     func(time.Duration) float64
}

// ownRules is the file of the rules for a Prometheus of the twin's own.
func ownRules(*testing.T) string { return filepath.Join(root, "config/prometheus/rules.yaml") }

// clusterRules is a file of the rules that the operator makes for a Prometheus of
// the cluster, those of the twin riverside in the namespace demo.
func clusterRules(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "controllers/resources/testdata/production.yaml"))
	require.NoError(t, err)
	for document := range bytes.SplitSeq(content, []byte("\n---\n")) {
		var object struct {
			Kind string
			Spec map[string]any
		}
		require.NoError(t, yaml.Unmarshal(document, &object))
		if object.Kind != "PrometheusRule" {
			continue
		}
		spec, err := yaml.Marshal(object.Spec)
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "rules.yaml")
		require.NoError(t, os.WriteFile(file, spec, 0o600))
		return file
	}
	require.Fail(t, "the operator makes no PrometheusRule for the production sample")
	return ""
}

// fired evaluates rules while series are scraped for some time. The result has the
// alerts that fire at any time, each with the labels of its first firing.
func fired(t *testing.T, file string, span time.Duration, scraped []series) map[string]labels.Labels {
	t.Helper()
	storage := teststorage.New(t)
	t.Cleanup(func() { require.NoError(t, storage.Close()) })
	engine := promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery)
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc: rules.EngineQueryFunc(engine, storage), Appendable: storage, Queryable: storage, Context: t.Context(),
		ExternalURL: &url.URL{}, NotifyFunc: func(context.Context, string, ...*rules.Alert) {}, Logger: slog.New(slog.DiscardHandler),
	})
	groups, errs := manager.LoadGroups(step, labels.EmptyLabels(), "", nil, false, file)
	require.Empty(t, errs)

	metrics := make([]labels.Labels, len(scraped))
	for i, s := range scraped {
		metric, err := parser.ParseMetric(s.metric)
		require.NoError(t, err)
		metrics[i] = metric
	}
	out := map[string]labels.Labels{}
	for after := time.Duration(0); after <= span; after += step {
		at := begin.Add(after)
		appender := storage.Appender(t.Context())
		for i, s := range scraped {
			_, err := appender.Append(0, metrics[i], timestamp.FromTime(at), s.at(after))
			require.NoError(t, err)
		}
		require.NoError(t, appender.Commit())
		for _, group := range groups {
			group.Eval(t.Context(), at)
			for _, rule := range group.AlertingRules() {
				require.NoError(t, rule.LastError(), rule.Name())
				note(t, out, rule)
			}
		}
	}
	return out
}

// note adds a rule that fires, whose texts must have been filled in.
func note(t *testing.T, out map[string]labels.Labels, rule *rules.AlertingRule) {
	t.Helper()
	for _, alert := range rule.ActiveAlerts() {
		for _, text := range []string{"summary", "description"} {
			require.NotEmpty(t, alert.Annotations.Get(text), rule.Name())
			require.NotRegexp(t, `error|<no value>|\{\{| as $`, alert.Annotations.Get(text), rule.Name())
		}
		if _, known := out[rule.Name()]; alert.State == rules.StateFiring && !known {
			out[rule.Name()] = alert.Labels
		}
	}
}

// alertsIn are the names of the alerts in a file of rules.
func alertsIn(t *testing.T, file string) []string {
	t.Helper()
	groups, errs := rulefmt.ParseFile(file, false)
	require.Empty(t, errs)
	var names []string
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			names = append(names, rule.Alert)
		}
	}
	return names
}
