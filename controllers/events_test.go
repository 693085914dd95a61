package controllers

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// events are those about a twin: their reasons, and whether they warn.
func (sp *space) events(twin string) map[string]string {
	sp.t.Helper()
	list := &eventsv1.EventList{}
	require.NoError(sp.t, sp.admin.List(sp.ctx, list, client.InNamespace(sp.ns)))
	out := map[string]string{}
	for _, e := range list.Items {
		if e.Regarding.Name == twin && e.Regarding.Kind == v1.Kind {
			out[e.Reason] = e.Type
		}
	}
	return out
}

// value is that of one of the operator's own metrics, with a label; 0 if there
// is none.
func (sp *space) value(name, label string) float64 {
	sp.t.Helper()
	families, err := sp.metrics.Gather()
	require.NoError(sp.t, err)
	for _, family := range families {
		if family.GetName() != "energytwin_operator_"+name {
			continue
		}
		for _, m := range family.GetMetric() {
			if label == "" || len(m.GetLabel()) == 1 && m.GetLabel()[0].GetValue() == label {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return 0
}

// What a person would want to see is an event with a constant reason, and what
// Prometheus would is a metric.
func TestEventsAndMetricsTell(t *testing.T) {
	sp := newSpace(t)
	sp.twin("heard", smallest)
	sp.ready("heard")
	sp.quiet()
	require.Equal(t, float64(1), sp.value("twins", "Running"))
	require.Equal(t, float64(3), sp.value("applies_total", "StatefulSet"))
	require.NotZero(t, sp.value("applies_skipped_total", ""))
	require.NotZero(t, sp.value("reconciliations_total", "ok"))
	written := sp.value("status_writes_total", "")
	require.NotZero(t, written)

	sp.patchSpec("heard", `image: "registry.example.org/EnergyTwin:1"`)
	sp.condition("heard", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonInvalidSpec)
	sp.settle("heard")
	require.Equal(t, float64(1), sp.value("twins", "Stalled"))
	require.Zero(t, sp.value("twins", "Running"))
	require.Equal(t, written+1, sp.value("status_writes_total", ""))
	sp.eventually(func() error {
		got := sp.events("heard")
		for reason, kind := range map[string]string{"Starting": "Normal", "Running": "Normal", "Stalled": "Warning"} {
			if got[reason] != kind {
				return fmt.Errorf("events: %v", got)
			}
		}
		return nil
	})

	require.NoError(t, sp.admin.Delete(sp.ctx, sp.get("heard")))
	sp.eventually(func() error {
		if n := sp.value("twins", "Stalled"); n != 0 {
			return fmt.Errorf("%.0f twins", n)
		}
		return nil
	})
}
