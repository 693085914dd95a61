package controllers

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// An object of a wanted name that is another's is never taken over.
func TestNameTaken(t *testing.T) {
	sp := newSpace(t)
	mine := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "taken-config"}, Data: map[string]string{"mine": "stays"}}
	require.NoError(t, sp.admin.Create(sp.ctx, mine))
	sp.twin("taken", smallest)
	twin := sp.condition("taken", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonNameTaken)
	require.Equal(t, v1.PhaseStalled, twin.Status.Phase)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled).Message, "ConfigMap taken-config")
	require.True(t, sp.child(mine, "taken-config"))
	require.Equal(t, map[string]string{"mine": "stays"}, mine.Data)

	require.NoError(t, sp.admin.Delete(sp.ctx, mine))
	sp.wake("taken")
	twin = sp.ready("taken")
	require.Nil(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled))
}

// So are credentials that someone else made, whose passwords would be lost.
func TestForeignCredentialsAreNotTakenOver(t *testing.T) {
	sp := newSpace(t)
	require.NoError(t, sp.admin.Create(sp.ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "other-credentials"}, Data: map[string][]byte{"mine": []byte("stays")},
	}))
	sp.twin("other", smallest)
	sp.condition("other", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonNameTaken)
	secret := &corev1.Secret{}
	require.True(t, sp.child(secret, "other-credentials"))
	require.Len(t, secret.Data, 1)
}

// What is wanted no more goes; what is another's stays.
func TestPruneDeletesOnlyWhatIsOurs(t *testing.T) {
	sp := newSpace(t)
	sp.twin("prune", smallest+"\napi: {replicas: 2}")
	sp.ready("prune")
	require.True(t, sp.child(&policyv1.PodDisruptionBudget{}, "prune-api"))
	foreign := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "prune-mine", Labels: resources.TwinLabels("prune")}}
	require.NoError(t, sp.admin.Create(sp.ctx, foreign))

	sp.patchSpec("prune", "api: {replicas: 1}\nmonitoring: {prometheus: {mode: \"Off\"}, grafana: {mode: DashboardsOnly}}\nnetworkPolicy: Disabled")
	sp.eventually(func() error {
		sp.workOnce()
		for _, left := range []struct {
			o    client.Object
			name string
		}{
			{&policyv1.PodDisruptionBudget{}, "prune-api"}, {&appsv1.Deployment{}, "prune-prometheus"}, {&appsv1.Deployment{}, "prune-grafana"},
			{&networkingv1.NetworkPolicy{}, "prune-kafka"}, {&corev1.ConfigMap{}, "prune-prometheus"},
		} {
			if sp.child(left.o, left.name) {
				return fmt.Errorf("%T %s is left", left.o, left.name)
			}
		}
		return nil
	})
	require.True(t, sp.child(&corev1.ConfigMap{}, "prune-dashboards"))
	require.True(t, sp.child(&corev1.ConfigMap{}, "prune-mine"))
	require.True(t, sp.child(&appsv1.Deployment{}, "prune-api"))
	sp.ready("prune")
}
