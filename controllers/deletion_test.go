package controllers

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// Under Retain the twin goes at once and leaves its volumes and credentials; one
// that is made again under its name takes them up.
func TestRetainKeepsData(t *testing.T) {
	sp := newSpace(t)
	sp.twin("kept", smallest)
	twin := sp.ready("kept")
	require.Empty(t, twin.Finalizers)
	secret := &corev1.Secret{}
	require.True(t, sp.child(secret, "kept-credentials"))
	require.Empty(t, secret.OwnerReferences)
	passwords := secret.Data
	require.NoError(t, sp.admin.Delete(sp.ctx, twin))
	sp.eventually(func() error {
		if sp.child(&v1.DigitalTwin{}, "kept") {
			return errStillThere
		}
		return nil
	})
	require.True(t, sp.child(&corev1.PersistentVolumeClaim{}, "data-kept-timescale-0"))

	// What the garbage collector has not come by yet is waited for, not taken for
	// another's.
	sp.twin("kept", smallest)
	sp.settle("kept")
	twin = sp.condition("kept", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonWaiting)
	require.Nil(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled))
	sp.collectGarbage("kept")
	sp.ready("kept")
	require.True(t, sp.child(secret, "kept-credentials"))
	require.Equal(t, passwords, secret.Data, "other passwords than those of the volumes")
}

// collectGarbage deletes what the garbage collector would: there is none here.
func (sp *space) collectGarbage(name string) {
	sp.t.Helper()
	owners := map[types.UID]bool{}
	twins := &v1.DigitalTwinList{}
	require.NoError(sp.t, sp.admin.List(sp.ctx, twins, client.InNamespace(sp.ns)))
	for _, twin := range twins.Items {
		owners[twin.UID] = true
	}
	for _, kind := range sp.childKinds() {
		o := &metav1.PartialObjectMetadataList{}
		o.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
		require.NoError(sp.t, sp.admin.List(sp.ctx, o, client.InNamespace(sp.ns), client.MatchingLabels(resources.TwinLabels(name))))
		for i := range o.Items {
			if owner := metav1.GetControllerOf(&o.Items[i]); owner != nil && !owners[owner.UID] {
				sp.tolerate(sp.admin.Delete(sp.ctx, &o.Items[i], client.PropagationPolicy(metav1.DeletePropagationBackground)))
			}
		}
	}
}

// Under Delete the finalizer holds the twin until its volumes and credentials
// are gone; no store has to answer for it.
func TestDeletePolicyDeletesData(t *testing.T) {
	sp := newSpace(t)
	sp.twin("gone", smallest+"\ndeletionPolicy: Delete")
	twin := sp.ready("gone")
	require.Equal(t, []string{v1.Finalizer}, twin.Finalizers)
	foreign := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "meter-archive"},
		Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: *ptr.To(v1.Size("1Gi").Quantity())}}},
	}
	require.NoError(t, sp.admin.Create(sp.ctx, foreign))
	require.NoError(t, sp.admin.Delete(sp.ctx, twin))
	sp.eventually(func() error {
		if sp.child(&v1.DigitalTwin{}, "gone") {
			return errStillThere
		}
		return nil
	})
	require.False(t, sp.child(&appsv1.StatefulSet{}, "gone-kafka"))
	require.False(t, sp.child(&corev1.Secret{}, "gone-credentials"))
	claims := &corev1.PersistentVolumeClaimList{}
	require.NoError(t, sp.admin.List(sp.ctx, claims, client.InNamespace(sp.ns)))
	for _, c := range claims.Items {
		require.True(t, c.Name == "meter-archive" || c.DeletionTimestamp != nil, c.Name)
	}
	require.Empty(t, sp.requests.rejected())
}

// The policy can change while the twin lives.
func TestFinalizerFollowsThePolicy(t *testing.T) {
	sp := newSpace(t)
	sp.twin("policy", smallest)
	sp.ready("policy")
	for _, c := range []struct {
		policy     string
		finalizers []string
	}{{"Delete", []string{v1.Finalizer}}, {"Retain", nil}} {
		sp.patchSpec("policy", "deletionPolicy: "+c.policy)
		sp.eventually(func() error {
			if got := sp.get("policy").Finalizers; fmt.Sprint(got) != fmt.Sprint(c.finalizers) {
				return fmt.Errorf("%s: %v", c.policy, got)
			}
			return nil
		})
	}
}
