package controllers

import (
	"maps"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/energytwin/energytwin/controllers/resources"
)

// What a twin's children have in common is there once, and says the same.
func TestChildrenShareWhatIsTheSame(t *testing.T) {
	common := &shared{}
	child := func(name, component, uid string) *metav1.PartialObjectMetadata {
		o := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
			Namespace: "n", Name: name, Labels: maps.Clone(resources.ComponentLabels("a", component)),
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "m"}},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "twin.energytwin.dev/v1", Kind: "DigitalTwin", Name: "a", UID: types.UID(uid), Controller: ptr.To(true),
			}},
		}}
		want := o.DeepCopy()
		want.ManagedFields = nil
		got, err := trimMetadata(common)(o)
		require.NoError(t, err)
		require.Equal(t, want, got)
		return o
	}
	a, b, other := child("a", "kafka", "1"), child("b", "kafka", "1"), child("c", "redis", "2")
	require.Equal(t, unsafe.SliceData(a.OwnerReferences), unsafe.SliceData(b.OwnerReferences))
	require.NotEqual(t, unsafe.SliceData(a.OwnerReferences), unsafe.SliceData(other.OwnerReferences))
	a.Labels["seen"] = "through both" // nobody but a test changes what is cached
	require.Equal(t, "through both", b.Labels["seen"])
	require.NotContains(t, other.Labels, "seen")

	// Of the same owner, but said in another way: it must not be hidden.
	orphan := &metav1.PartialObjectMetadata{ObjectMeta: *a.ObjectMeta.DeepCopy()}
	orphan.OwnerReferences[0].Controller = nil
	_, err := trimMetadata(common)(orphan)
	require.NoError(t, err)
	require.Nil(t, metav1.GetControllerOf(orphan))
	require.NotNil(t, metav1.GetControllerOf(a))
}

func TestClaimsKeepRequestVolumeAndNotes(t *testing.T) {
	common := &shared{}
	claim := func() *corev1.PersistentVolumeClaim {
		c := &corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{
			VolumeName: "v", Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("8Gi")}},
		}}
		c.Annotations = map[string]string{annotationPostgresMajor: "17", "volume.kubernetes.io/selected-node": "a"}
		trimClaim(common)(c)
		return c
	}
	a, b := claim(), claim()
	size := requested(a)
	require.Equal(t, "8Gi", size.String())
	require.Equal(t, "v", a.Spec.VolumeName)
	require.Equal(t, map[string]string{annotationPostgresMajor: "17"}, a.Annotations)
	a.Annotations["seen"] = "through both"
	require.Equal(t, "through both", b.Annotations["seen"])
}
