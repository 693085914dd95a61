package controllers

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// What the cluster rejects is reported where people look, and ends when it is fixed.
func TestRefusedWritesAreTold(t *testing.T) {
	sp := newSpace(t)
	quota := sp.forbid("count/statefulsets.apps")

	sp.twin("limited", smallest)
	twin := sp.condition("limited", v1.ConditionReconciling, metav1.ConditionTrue, v1.ReasonFailing)
	for _, kind := range []string{v1.ConditionReconciling, v1.ConditionReady} {
		c := meta.FindStatusCondition(twin.Status.Conditions, kind)
		require.Contains(t, c.Message, "StatefulSet limited-kafka")
		require.Contains(t, c.Message, "exceeded quota: none")
	}
	require.False(t, meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReady))
	sp.eventually(func() error {
		if got := sp.events("limited"); got[v1.ReasonFailing] != corev1.EventTypeWarning {
			return fmt.Errorf("events: %v", got)
		}
		return nil
	})

	require.NoError(t, sp.admin.Delete(sp.ctx, quota))
	sp.wake("limited")
	twin = sp.ready("limited")
	require.Nil(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReconciling))
}

// A change that the cluster rejects leaves a twin that ran before Degraded: what
// runs is not what its spec says.
func TestRefusedChangeDegrades(t *testing.T) {
	sp := newSpace(t)
	sp.twin("change", smallest)
	sp.ready("change")
	quota := sp.forbid("count/poddisruptionbudgets.policy")
	sp.patchSpec("change", "api: {replicas: 2}")
	twin := sp.condition("change", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonFailing)
	require.Equal(t, v1.PhaseDegraded, twin.Status.Phase)
	require.Equal(t, v1.ReasonFailing, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReconciling).Reason)
	require.NoError(t, sp.admin.Delete(sp.ctx, quota))
	sp.wake("change")
	sp.ready("change")
}

// A rejected object of monitoring is reported, and holds up nothing.
func TestRefusedMonitoringHoldsUpNothing(t *testing.T) {
	sp := newSpace(t)
	quota := sp.forbid("count/servicemonitors.monitoring.coreos.com")
	sp.twin("unwatched", smallest+"\nmonitoring: {prometheus: {mode: ServiceMonitor}, grafana: {mode: \"Off\"}}")
	sp.ready("unwatched")
	twin := sp.condition("unwatched", v1.ConditionMonitoringReady, metav1.ConditionFalse, v1.ReasonFailing)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionMonitoringReady).Message, "exceeded quota")
	require.True(t, meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReady))
	require.NoError(t, sp.admin.Delete(sp.ctx, quota))
	sp.wake("unwatched")
	sp.condition("unwatched", v1.ConditionMonitoringReady, metav1.ConditionTrue, v1.ReasonAvailable)
}

// A name that is taken in monitoring stalls the twin, whose other components come up.
func TestTakenNameHoldsUpItsOwnPartAlone(t *testing.T) {
	sp := newSpace(t)
	sp.configMap("part-prometheus", "mine", "stays")
	sp.twin("part", smallest)
	twin := sp.condition("part", v1.ConditionWorkloadsReady, metav1.ConditionTrue, v1.ReasonAvailable)
	stall := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled)
	require.NotNil(t, stall)
	require.Equal(t, v1.ReasonNameTaken, stall.Reason)
}

// Of stores that fail at the same time each says why.
func TestAllFailingStoresAreTold(t *testing.T) {
	sp := newSpace(t)
	for _, store := range []string{"kafka", "redis"} {
		require.NoError(t, sp.admin.Create(sp.ctx, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "both-" + store},
			Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 1}}},
		}))
	}
	sp.forbid("count/statefulsets.apps")
	sp.twin("both", smallest)
	sp.eventually(func() error {
		stall := meta.FindStatusCondition(sp.get("both").Status.Conditions, v1.ConditionStalled)
		if stall == nil {
			return errors.New("not stalled")
		}
		for _, words := range []string{"Service both-kafka exists", "Service both-redis exists", "StatefulSet both-timescale"} {
			if !strings.Contains(stall.Message, words) {
				return fmt.Errorf("%q does not tell of %s", stall.Message, words)
			}
		}
		return nil
	})
	// It is said once: a status that is written each time would wake the twin.
	sp.settle("both")
	sp.requests.taken()
	time.Sleep(1100 * time.Millisecond) // times of conditions are in seconds
	sp.settle("both")
	for _, request := range sp.requests.taken() {
		require.NotContains(t, request, "/status")
	}
}

// forbid lets none more of a kind be made in the space.
func (sp *space) forbid(kind corev1.ResourceName) *corev1.ResourceQuota {
	sp.t.Helper()
	none := corev1.ResourceList{kind: resource.MustParse("0")}
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "none"}, Spec: corev1.ResourceQuotaSpec{Hard: none},
	}
	require.NoError(sp.t, sp.admin.Create(sp.ctx, quota))
	quota.Status = corev1.ResourceQuotaStatus{Hard: none, Used: none} // what a controller would compute
	sp.writeStatus(quota)
	return quota
}
