package controllers

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// fail is what a cluster reports of a StatefulSet whose pods are not ready.
func (sp *space) fail(set string) {
	sp.t.Helper()
	s := &appsv1.StatefulSet{}
	require.True(sp.t, sp.child(s, set))
	s.Status.ReadyReplicas, s.Status.AvailableReplicas = 0, 0
	sp.writeStatus(s)
}

// A store that was ready and is not makes the twin Degraded; one on its way to
// another template is an update. Neither is a twin that starts.
func TestReadyTwinDegrades(t *testing.T) {
	sp := newSpace(t)
	sp.twin("worn", smallest)
	sp.ready("worn")
	sp.quiet()
	sp.fail("worn-redis")
	twin := sp.conditionWithoutWork("worn", v1.ConditionRedisReady, metav1.ConditionFalse, v1.ReasonUnavailable)
	ready := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReady)
	require.Equal(t, v1.ReasonUnavailable, ready.Reason)
	require.Equal(t, "RedisReady: waiting for the pods of worn-redis", ready.Message)
	require.Equal(t, v1.ReasonProgressing, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReconciling).Reason)
	require.Equal(t, v1.PhaseDegraded, twin.Status.Phase)
	require.Equal(t, int32(1), sp.replicas("worn-processor"), "workloads are stopped for a store that comes back")
	sp.ready("worn")

	sp.patchSpec("worn", "redis: {managed: {maxMemory: 64Mi}}")
	twin = sp.conditionWithoutWork("worn", v1.ConditionRedisReady, metav1.ConditionFalse, v1.ReasonUpdating)
	require.Equal(t, v1.PhaseUpdating, twin.Status.Phase)
	sp.ready("worn")
}

// Whether data flow follows from what the workloads report, and leaves Ready alone.
func TestDataFlowIsToldFromFigures(t *testing.T) {
	sp := newSpace(t)
	sp.twin("flow", smallest+"\nkafka: {topics: {partitions: 2}}\ngenerator: {maxLag: 1000}")
	sp.ready("flow")
	sp.condition("flow", v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonWaiting)

	processor := func(lag int64, lost ...any) map[string]any {
		return map[string]any{"lost": lost, "partitions": []any{map[string]any{"partition": 0, "lag": lag}, map[string]any{"partition": 1, "lag": 0}}}
	}
	database := func(rows int) map[string]any { return map[string]any{"answered": true, "meters": 2, "rows": rows} }
	sp.runPod("flow", "generator", "192.0.2.30", map[string]any{"phase": "publishing"})
	sp.runPod("flow", "api", "192.0.2.31", database(0))
	sp.runPod("flow", "processor", "192.0.2.32", processor(0))
	for _, c := range []struct {
		rows   int
		page   map[string]any
		status metav1.ConditionStatus
		reason string
	}{
		{0, processor(0), metav1.ConditionFalse, v1.ReasonNoReadings},
		{10, processor(2000), metav1.ConditionTrue, v1.ReasonFlowing},
		{20, processor(2001), metav1.ConditionFalse, v1.ReasonLagging},
		{30, processor(7), metav1.ConditionTrue, v1.ReasonFlowing},
	} {
		sp.figures.Store("192.0.2.31", database(c.rows))
		sp.figures.Store("192.0.2.32", c.page)
		sp.pass(time.Minute, "flow")
		twin := sp.condition("flow", v1.ConditionDataFlowing, c.status, c.reason)
		require.True(t, meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReady))
		require.Equal(t, int64(c.rows), twin.Status.Dataset.Rows)
	}

	rejecting := processor(7)
	rejecting["recent"] = map[string]any{"readings": 500, "rejected": map[string]any{"wrong_partition": 40}}
	sp.figures.Store("192.0.2.32", rejecting)
	sp.pass(time.Minute, "flow")
	flagged := sp.condition("flow", v1.ConditionReadingsRejected, metav1.ConditionTrue, v1.ReasonShareTooHigh)
	require.True(t, meta.IsStatusConditionTrue(flagged.Status.Conditions, v1.ConditionReady))

	// What is lost stays lost, also when the processor that told of it is gone.
	sp.figures.Store("192.0.2.32", processor(7, map[string]any{"partition": 1, "from": 40, "to": 99}))
	sp.pass(time.Minute, "flow")
	twin := sp.condition("flow", v1.ConditionDataLost, metav1.ConditionTrue, v1.ReasonRetentionPast)
	lost := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionDataLost)
	require.Equal(t, "the stream dropped readings before they were processed: partition 1, offsets 40 to 99", lost.Message)
	sp.figures.Store("192.0.2.31", database(40))
	sp.figures.Store("192.0.2.32", processor(7))
	sp.pass(time.Minute, "flow")
	sp.settle("flow")
	twin = sp.get("flow")
	require.Equal(t, int64(40), twin.Status.Dataset.Rows)
	require.True(t, meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionDataLost))
}

// What the workloads say of themselves is in the status, and stays there while
// they do not answer.
func TestStatusTellsTheFigures(t *testing.T) {
	sp := newSpace(t)
	sp.twin("idle", "timezone: Europe/Berlin\ndataset: {configMap: {name: readings, key: readings.csv}}")
	sp.configMap("readings", "readings.csv", "meter,time,kwh\n")
	sp.wake("idle")
	sp.ready("idle")
	start := time.Date(2013, 3, 1, 0, 0, 0, 0, time.UTC)
	at := start.Add(25 * time.Hour)
	sp.runPod("idle", "generator", "192.0.2.40", map[string]any{
		"phase": "publishing", "start": start, "end": start.Add(100 * time.Hour),
		"dataset": map[string]any{
			"rejectedRows": 7, "reasons": []any{map[string]any{"reason": "the value is not a number", "rows": 5}, map[string]any{"reason": strings.Repeat("ü", 200), "rows": 2}},
			"findings": []any{"guessed unit: kWh (the column is called power; to change it, set spec.dataset.layout.unit)", strings.Repeat("x", 600)},
		},
	})
	sp.runPod("idle", "api", "192.0.2.41", map[string]any{
		"answered": true, "meters": 12, "rows": 300, "quarantined": 4, "forecasts": 24, "forecastMeters": 11, "forecastSkill": 0.314, "decisions": 13,
		"lastEventTime": at, "lastDecisionAt": start.Add(24 * time.Hour), "writtenAt": at,
		"worstLimit":  map[string]any{"group": "north", "capacityKW": 17.5, "peakKW": 18.64, "at": start, "forecast": true},
		"limitAtRisk": map[string]any{"group": "north", "capacityKW": 17.5, "at": at, "probability": 0.434, "excessKWh": 1.26},
	})
	sp.pass(time.Minute, "idle")
	sp.condition("idle", v1.ConditionDataFlowing, metav1.ConditionTrue, v1.ReasonFlowing)
	st := sp.get("idle").Status
	require.Equal(t, "25%", st.Stream.Progress, "the generator reports a file's span")
	require.Equal(t, at, st.Stream.LastEventTime.UTC())
	require.Equal(t, v1.DatasetStatus{
		Meters: 12, Rows: 300, Quarantined: 4, SHA256: st.Dataset.SHA256, RejectedRows: 7,
		Rejections: []v1.RowRejection{{Reason: "the value is not a number", Rows: 5}, {Reason: strings.Repeat("ü", 126) + "…", Rows: 2}},
		Findings:   []string{"guessed unit: kWh (the column is called power; to change it, set spec.dataset.layout.unit)", strings.Repeat("x", 509) + "…"},
	}, *st.Dataset)
	require.Len(t, st.Dataset.SHA256, 64)
	require.Equal(t, v1.ForecastStatus{Meters: 11, SkillVsNaive: "31%"}, *st.Forecast)
	require.Equal(t, int64(13), st.Decisions.Total)
	require.Equal(t, start.Add(24*time.Hour), st.Decisions.LastIssuedAt.UTC())
	require.Equal(t, start, st.WorstLimit.At.UTC())
	require.Equal(t, v1.WorstLimitStatus{Group: "north", CapacityKW: "17.5", PeakKW: "18.6", Share: "107%", At: st.WorstLimit.At, Forecast: true}, *st.WorstLimit)
	require.Equal(t, at, st.LimitAtRisk.At.UTC())
	require.Equal(t, v1.LimitAtRiskStatus{
		Summary: "north 2013-03-02 02:00 CET: 43% to exceed 17.5 kW, 1.3 kWh expected above it",
		Group:   "north", At: st.LimitAtRisk.At, Probability: "43%", ExcessKWh: "1.3", CapacityKW: "17.5",
	}, *st.LimitAtRisk)

	for _, ip := range []string{"192.0.2.40", "192.0.2.41"} {
		sp.figures.Delete(ip)
	}
	sp.pass(time.Minute, "idle")
	sp.settle("idle")
	// Nobody shows that readings are stored.
	now := sp.until("idle", "waiting for readings", func(twin *v1.DigitalTwin) bool { return twin.Status.Stream.WaitingSince != nil }).Status
	now.Stream.WaitingSince = nil
	require.Equal(t, st, now)
}

// Monitoring that needs kinds which the cluster lacks says which; the twin is
// Ready without.
func TestMonitoringWithoutItsKinds(t *testing.T) {
	sp := newSpaceWithout(t, "monitoring.coreos.com")
	sp.twin("watched", smallest+"\nmonitoring: {prometheus: {mode: ServiceMonitor}, grafana: {mode: \"Off\"}}")
	sp.ready("watched")
	twin := sp.condition("watched", v1.ConditionMonitoringReady, metav1.ConditionFalse, v1.ReasonMissingCRD)
	message := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionMonitoringReady).Message
	require.Contains(t, message, "install the Prometheus Operator, or set monitoring.prometheus.mode")
	monitor := &unstructured.Unstructured{}
	monitor.SetGroupVersionKind(gvk{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"})
	require.False(t, sp.child(monitor, "watched"))

	sp.patchSpec("watched", "monitoring: {prometheus: {mode: \"Off\"}}")
	sp.condition("watched", v1.ConditionMonitoringReady, metav1.ConditionTrue, v1.ReasonDisabled)
}

// A twin that others hold back says that it is being deleted.
func TestDeletionIsTold(t *testing.T) {
	sp := newSpace(t)
	sp.twin("held", smallest)
	twin := sp.ready("held")
	sp.patch(twin, `{"metadata":{"finalizers":["example.org/hold"]}}`)
	require.NoError(t, sp.admin.Delete(sp.ctx, twin))
	twin = sp.conditionWithoutWork("held", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonDeleting)
	require.Equal(t, v1.PhaseDeleting, twin.Status.Phase)
	sp.patch(twin, `{"metadata":{"finalizers":null}}`)
	sp.eventually(func() error {
		if sp.child(&v1.DigitalTwin{}, "held") {
			return errStillThere
		}
		return nil
	})
}
