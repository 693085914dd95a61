package controllers

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// A twin that makes no progress for its deadline has failed, for tools too; it is
// tried on, and recovers by itself.
func TestProgressDeadline(t *testing.T) {
	sp := newSpace(t)
	sp.twin("late", smallest+"\nprogressDeadline: 5m")
	sp.conditionWithoutWork("late", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonWaiting)
	sp.pass(4*time.Minute, "late")
	require.True(t, meta.IsStatusConditionTrue(sp.get("late").Status.Conditions, v1.ConditionReconciling))

	// A store that comes up is progress: the clock starts again.
	sp.setStatus("late-redis", appsv1.StatefulSetStatus{Replicas: 1, ReadyReplicas: 1, UpdatedReplicas: 1, CurrentRevision: "r", UpdateRevision: "r"})
	sp.conditionWithoutWork("late", v1.ConditionRedisReady, metav1.ConditionTrue, v1.ReasonAvailable)
	sp.pass(4*time.Minute, "late")
	require.True(t, meta.IsStatusConditionTrue(sp.get("late").Status.Conditions, v1.ConditionReconciling))
	sp.pass(2*time.Minute, "late")
	twin := sp.conditionWithoutWork("late", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonProgressDeadlineExceeded)
	require.Equal(t, v1.PhaseStalled, twin.Status.Phase)
	require.Nil(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReconciling))
	require.Equal(t, "no progress for 5m: KafkaReady: waiting for the pods of late-kafka", meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled).Message)
	status, message := sp.argoHealth("late")
	require.Equal(t, "Degraded", status)
	require.Contains(t, message, "waiting for the pods of late-kafka")
	sp.eventually(func() error {
		if got := sp.events("late"); got[string(v1.PhaseStalled)] != corev1.EventTypeWarning {
			return fmt.Errorf("events: %v", got)
		}
		return nil
	})

	// It stays so, in silence, also for an operator that starts again.
	sp.restart()
	sp.settle("late")
	sp.requests.taken()
	sp.pass(time.Hour, "late")
	require.Empty(t, sp.requests.taken())
	require.Equal(t, v1.PhaseStalled, sp.get("late").Status.Phase)

	twin = sp.ready("late")
	require.Nil(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled))

	// A loss that lasts fails too; a container that is ready for a moment now and
	// then does not end it.
	sp.fail("late-redis")
	sp.conditionWithoutWork("late", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonUnavailable)
	sp.pass(6*time.Minute, "late")
	sp.conditionWithoutWork("late", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonProgressDeadlineExceeded)
	// A change is something new.
	sp.patchSpec("late", "progressDeadline: 1h")
	sp.conditionWithoutWork("late", v1.ConditionReconciling, metav1.ConditionTrue, v1.ReasonProgressing)
	sp.ready("late")
}

// Time during which no operator ran is no time without progress.
func TestDeadlineCountsFromTheOperatorsStart(t *testing.T) {
	sp := newSpace(t)
	sp.twin("asleep", smallest)
	sp.conditionWithoutWork("asleep", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonWaiting)
	sp.stop()
	sp.clock.Add(int64(time.Hour))
	sp.start()
	sp.settle("asleep")
	require.True(t, meta.IsStatusConditionTrue(sp.get("asleep").Status.Conditions, v1.ConditionReconciling))
	sp.pass(11*time.Minute, "asleep")
	sp.conditionWithoutWork("asleep", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonProgressDeadlineExceeded)
	sp.ready("asleep")
}

// What the cluster rejects for long has failed as well.
func TestRejectedForLong(t *testing.T) {
	sp := newSpace(t)
	quota := sp.forbid("count/statefulsets.apps")
	sp.twin("banned", smallest)
	sp.conditionWithoutWork("banned", v1.ConditionReconciling, metav1.ConditionTrue, v1.ReasonFailing)
	sp.pass(11*time.Minute, "banned")
	twin := sp.conditionWithoutWork("banned", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonProgressDeadlineExceeded)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled).Message, "exceeded quota: none")
	require.NoError(t, sp.admin.Delete(sp.ctx, quota))
	sp.wake("banned")
	sp.ready("banned")
}

// A right that the operator lacks is said, as nothing else would.
func TestMissingRightIsSaid(t *testing.T) {
	sp := newSpace(t)
	sp.twin("before", smallest)
	sp.ready("before")
	roles := &rbacv1.RoleList{}
	require.NoError(t, sp.admin.List(sp.ctx, roles, client.InNamespace(sp.ns)))
	require.Len(t, roles.Items, 1)
	rules := roles.Items[0].DeepCopy().Rules
	for i := range roles.Items[0].Rules {
		if roles.Items[0].Rules[i].Resources[0] == "secrets" {
			roles.Items[0].Rules[i].Verbs = []string{"patch"}
		}
	}
	require.NoError(t, sp.admin.Update(sp.ctx, &roles.Items[0]))
	sp.eventually(func() error {
		sp.wake("before")
		c := meta.FindStatusCondition(sp.get("before").Status.Conditions, v1.ConditionReconciling)
		if c == nil || c.Reason != v1.ReasonFailing {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	require.Contains(t, meta.FindStatusCondition(sp.get("before").Status.Conditions, v1.ConditionReady).Message, `cannot get resource "secrets"`)
	require.NoError(t, sp.admin.Get(sp.ctx, client.ObjectKeyFromObject(&roles.Items[0]), &roles.Items[0]))
	roles.Items[0].Rules = rules
	require.NoError(t, sp.admin.Update(sp.ctx, &roles.Items[0]))
	sp.eventually(func() error {
		sp.wake("before")
		if phase := sp.get("before").Status.Phase; phase != v1.PhaseRunning {
			return fmt.Errorf("phase %s", phase)
		}
		return nil
	})
}

// Tools see a twin in progress from its first moment, however it was applied, and
// through everything that happens to it until it is gone.
func TestUnseenTwinIsInProgress(t *testing.T) {
	sp := newSpace(t)
	sp.stop()
	server, client := sp.manifest("server", smallest), sp.manifest("client", smallest)
	sp.applyServerSide(server)
	sp.applyClientSide(client)
	for _, name := range []string{"server", "client"} {
		twin := sp.get(name)
		require.Equal(t, int64(-1), twin.Status.ObservedGeneration)
		require.NoError(t, kstatusAgrees(twin))
		status, message := sp.argoHealth(name)
		require.Equal(t, "Progressing", status)
		require.Equal(t, "the operator has not observed this twin yet", message)
	}
	sp.start()
	for _, name := range []string{"server", "client"} {
		sp.ready(name)
	}
	// Applied again, nothing changes.
	sp.applyServerSide(sp.manifest("server", smallest))
	sp.applyClientSide(sp.manifest("client", smallest))
	for _, name := range []string{"server", "client"} {
		twin := sp.get(name)
		require.Equal(t, int64(1), twin.Generation)
		require.Equal(t, int64(1), twin.Status.ObservedGeneration)
	}
}

// The columns of kubectl get -o wide.
func TestWideColumns(t *testing.T) {
	sp := newSpace(t)
	sp.twin("wide", smallest)
	sp.ready("wide")
	at := time.Date(2025, 1, 2, 3, 0, 0, 0, time.UTC)
	sp.runPod("wide", "api", "192.0.2.90", map[string]any{"answered": true, "meters": 2, "rows": 7, "quarantined": 4, "lastEventTime": at,
		"limitAtRisk": map[string]any{"group": "north", "capacityKW": 17.5, "at": at, "probability": 0.434, "excessKWh": 1.26}})
	sp.pass(time.Minute, "wide")
	sp.condition("wide", v1.ConditionDataFlowing, metav1.ConditionTrue, v1.ReasonFlowing)
	cfg := rest.CopyConfig(sp.env.Config)
	transport, err := rest.HTTPClientFor(cfg)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(cfg.Host, "/")+"/apis/"+v1.GroupVersion.String()+"/namespaces/"+sp.ns+"/digitaltwins", nil)
	require.NoError(t, err)
	request.Header.Set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
	response, err := transport.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	table := &metav1.Table{}
	require.NoError(t, json.Unmarshal(content, table))
	wide := map[string]any{}
	for i, column := range table.ColumnDefinitions {
		if column.Priority == 1 {
			wide[column.Name] = table.Rows[0].Cells[i]
		}
	}
	require.Equal(t, map[string]any{
		"Reason": "Available", "Rejected": float64(4), "Last Event": "2025-01-02T03:00:00Z",
		"Limit At Risk": "north 2025-01-02 03:00 UTC: 43% to exceed 17.5 kW, 1.3 kWh expected above it",
	}, wide)
}
