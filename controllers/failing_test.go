package controllers

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// What the cluster refuses is said where people look, and ends when it is mended.
func TestRefusedWritesAreTold(t *testing.T) {
	sp := newSpace(t)
	none := corev1.ResourceList{"count/statefulsets.apps": resource.MustParse("0")}
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "no-stores"}, Spec: corev1.ResourceQuotaSpec{Hard: none},
	}
	require.NoError(t, sp.admin.Create(sp.ctx, quota))
	quota.Status = corev1.ResourceQuotaStatus{Hard: none, Used: none} // what a controller would reckon
	require.NoError(t, sp.admin.Status().Update(sp.ctx, quota))

	sp.twin("limited", smallest)
	twin := sp.condition("limited", v1.ConditionReconciling, metav1.ConditionTrue, v1.ReasonFailing)
	for _, kind := range []string{v1.ConditionReconciling, v1.ConditionReady} {
		c := meta.FindStatusCondition(twin.Status.Conditions, kind)
		require.Contains(t, c.Message, "StatefulSet limited-kafka")
		require.Contains(t, c.Message, "exceeded quota: no-stores")
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
