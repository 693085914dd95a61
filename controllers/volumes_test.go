package controllers

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// A volume whose class cannot expand keeps its size, and the twin stays Ready.
// One that has grown gets a StatefulSet of its new size.
func TestVolumesGrow(t *testing.T) {
	sp := newSpace(t)
	sp.twin("grow", smallest)
	sp.ready("grow")
	sp.patchSpec("grow", "timescale: {managed: {storage: {size: 20Gi}}}")
	twin := sp.condition("grow", v1.ConditionStorageResizeRefused, metav1.ConditionTrue, v1.ReasonClassNoResize)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStorageResizeRefused).Message, "data-grow-timescale-0 stays at 10Gi")
	sp.ready("grow")
	set := &appsv1.StatefulSet{}
	require.True(t, sp.child(set, "grow-timescale"))
	uid := set.UID
	sp.quiet()
	sp.settle("grow")
	require.Empty(t, sp.requests.taken(), "it asks again and again")

	sp.expandable("grow-timescale")
	sp.pass(11*time.Minute, "grow")
	sp.eventually(func() error {
		sp.workOnce()
		if !sp.child(set, "grow-timescale") || set.UID == uid {
			return fmt.Errorf("the StatefulSet is the old one")
		}
		return nil
	})
	require.Equal(t, "20Gi", set.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests.Storage().String())
	twin = sp.ready("grow")
	require.Nil(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStorageResizeRefused))
	for _, request := range sp.requests.rejected() {
		require.Equal(t, "PATCH /api/v1/namespaces/"+sp.ns+"/persistentvolumeclaims/data-grow-timescale-0", request, "only the growth itself is rejected")
	}
}

// expandable binds a store's claim to a class that can expand it.
func (sp *space) expandable(set string) {
	sp.t.Helper()
	class := sp.ns
	sp.createClass(class)
	claim := &corev1.PersistentVolumeClaim{}
	require.True(sp.t, sp.child(claim, "data-"+set+"-0"))
	renewed := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: claim.Name, Labels: claim.Labels}, Spec: claim.Spec,
	}
	renewed.Spec.StorageClassName = &class
	renewed.Spec.VolumeName = "pv-" + sp.ns
	require.NoError(sp.t, sp.admin.Patch(sp.ctx, claim, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))))
	require.NoError(sp.t, client.IgnoreNotFound(sp.admin.Delete(sp.ctx, claim)))
	sp.eventually(func() error {
		err := sp.admin.Create(sp.ctx, renewed.DeepCopy())
		if apierrors.IsAlreadyExists(err) {
			held := &corev1.PersistentVolumeClaim{}
			if sp.child(held, claim.Name) && held.Spec.StorageClassName != nil && *held.Spec.StorageClassName == class {
				return nil
			}
			return fmt.Errorf("the old claim is there")
		}
		return err
	})
	require.True(sp.t, sp.child(claim, claim.Name))
	claim.Status.Phase = corev1.ClaimBound
	sp.writeStatus(claim)
}

func (sp *space) createClass(name string) {
	sp.t.Helper()
	require.NoError(sp.t, sp.admin.Create(sp.ctx, &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: "example.org/none", AllowVolumeExpansion: ptr.To(true),
	}))
}

// Brokers that come back find the volumes of as many as there were.
func TestKafkaComesBackWithAsManyBrokers(t *testing.T) {
	sp := newSpace(t)
	sp.twin("brokers", smallest)
	sp.ready("brokers")
	sp.patchSpec("brokers", "kafka: {external: {bootstrapServers: [\"kafka:9092\"]}}")
	sp.ready("brokers")
	three := `{"spec":{"kafka":{"external":null,"managed":{"replicas":3}}}}`
	err := sp.admin.Patch(sp.ctx, sp.get("brokers"), client.RawPatch("application/merge-patch+json", []byte(three)))
	require.ErrorContains(t, err, "kafka.managed.replicas is fixed once the volumes exist")
	sp.patchSpec("brokers", "kafka: {external: null}")
	sp.ready("brokers")

	// A twin that is recreated over its volumes has no status that could fix it.
	require.NoError(t, sp.admin.Delete(sp.ctx, sp.get("brokers")))
	sp.eventually(func() error {
		if sp.child(&v1.DigitalTwin{}, "brokers") {
			return errStillThere
		}
		return nil
	})
	sp.collectGarbage("brokers")
	sp.twin("brokers", smallest+"\nkafka: {managed: {replicas: 3}}")
	twin := sp.condition("brokers", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonFixedField)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled).Message, "spec.kafka.managed.replicas is 3")
	sp.eventually(func() error {
		if v := sp.get("brokers").Status.Volumes; v == nil || v.Kafka.Brokers != 1 {
			return fmt.Errorf("%+v", v)
		}
		return nil
	})
	sp.patchSpec("brokers", "kafka: {managed: {replicas: 1}}")
	sp.ready("brokers")
}

// A StatefulSet that somebody scaled leaves volumes behind. They count for
// nothing when the set is recreated.
func TestScaledBrokersAreNotCounted(t *testing.T) {
	sp := newSpace(t)
	sp.twin("scaled", smallest)
	sp.ready("scaled")
	sp.quiet()
	set := &appsv1.StatefulSet{}
	require.True(t, sp.child(set, "scaled-kafka"))
	extra := &corev1.PersistentVolumeClaim{}
	require.True(t, sp.child(extra, "data-scaled-kafka-0"))
	for _, name := range []string{"data-scaled-kafka-1", "data-scaled-kafka-2"} {
		stray := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: name, Labels: extra.Labels}, Spec: extra.Spec}
		stray.Spec.VolumeName = "pv-" + name
		require.NoError(t, sp.admin.Create(sp.ctx, stray))
	}
	sp.patch(set, `{"spec":{"replicas":3}}`)
	sp.eventually(func() error {
		if sp.child(set, "scaled-kafka") && *set.Spec.Replicas != 1 {
			return fmt.Errorf("%d brokers", *set.Spec.Replicas)
		}
		return nil
	})
	require.NoError(t, sp.admin.Delete(sp.ctx, set))
	sp.eventually(func() error {
		sp.workOnce()
		live := &appsv1.StatefulSet{}
		if !sp.child(live, "scaled-kafka") || live.UID == set.UID {
			return fmt.Errorf("the StatefulSet is not recreated")
		}
		return nil
	})
	sp.ready("scaled")
}
