package e2e

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Where `make deploy` puts the operator.
const (
	operatorNamespace = "energytwin-system"
	operatorName      = "energytwin-operator"
)

// operator is the operator's Deployment.
func (c *cluster) operator(ctx context.Context) (*appsv1.Deployment, error) {
	d := &appsv1.Deployment{}
	return d, c.Get(ctx, client.ObjectKey{Namespace: c.home, Name: operatorName}, d)
}

// operatorPods are the operator's pods that run or are to run: of those before, which
// have ended, some may still be there.
func (c *cluster) operatorPods(ctx context.Context) ([]corev1.Pod, error) {
	pods := &corev1.PodList{}
	err := c.List(ctx, pods, client.InNamespace(c.home),
		client.MatchingLabels{"app.kubernetes.io/name": "energytwin", "app.kubernetes.io/component": "operator"})
	ended := func(p corev1.Pod) bool {
		return p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
	}
	return slices.DeleteFunc(pods.Items, ended), err
}

// operatorWorks waits until the operator's pods are those of its Deployment, and
// ready.
func (c *cluster) operatorWorks(t *testing.T) {
	t.Helper()
	eventually(t, "operator ready", func() (string, bool) {
		d, err := c.operator(t.Context())
		if err != nil {
			return err.Error(), false
		}
		st, want := d.Status, ptr.Deref(d.Spec.Replicas, 1)
		ok := st.ObservedGeneration == d.Generation && st.UpdatedReplicas == want && st.Replicas == want && st.AvailableReplicas == want
		return "its pods are on their way", ok
	})
}

// killOperator deletes the operator's pod, at once or as a node drain does.
func (c *cluster) killOperator(t *testing.T, grace int64) {
	t.Helper()
	pods, err := c.operatorPods(t.Context())
	require.NoError(t, err)
	for i := range pods {
		t.Logf("kill %s", pods[i].Name)
		require.NoError(t, client.IgnoreNotFound(c.Delete(t.Context(), &pods[i], client.GracePeriodSeconds(grace))))
	}
}
