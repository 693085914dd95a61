package controllers

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// The preparing Job reports which external store does not answer, or rejects the user.
func TestExternalStores(t *testing.T) {
	sp := newSpace(t)
	for _, name := range []string{"kafka-user", "redis-user", "database-user"} {
		sp.secret(name, "username", "twin", "password", "p")
	}
	sp.secret("company-ca", "ca.crt", authority(t))
	sp.sampleTwin("external-stores.yaml")
	const name = "external-stores"
	sp.eventually(func() error {
		if len(sp.jobs()) != 1 {
			return fmt.Errorf("no Job")
		}
		return nil
	})
	sp.conditionWithoutWork(name, v1.ConditionKafkaReady, metav1.ConditionFalse, v1.ReasonWaiting)
	for _, c := range []struct{ said, kind, reason string }{
		{`{"store":"kafka","message":"connection refused"}`, v1.ConditionKafkaReady, v1.ReasonUnreachable},
		{`{"store":"redis","denied":true,"message":"WRONGPASS"}`, v1.ConditionRedisReady, v1.ReasonAccessDenied},
		{`{"store":"timescale","message":"no route to host"}`, v1.ConditionTimescaleReady, v1.ReasonUnreachable},
		{`{"store":"schema","message":"relation exists"}`, v1.ConditionSchemaReady, v1.ReasonPrepareFailed},
		{`killed`, v1.ConditionSchemaReady, v1.ReasonPrepareFailed},
	} {
		sp.failJob(c.said)
		twin := sp.conditionWithoutWork(name, c.kind, metav1.ConditionFalse, c.reason)
		require.False(t, meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReady))
	}
	require.False(t, sp.child(&appsv1.StatefulSet{}, name+"-kafka"))
	twin := sp.ready(name)
	require.Equal(t, v1.StoreExternal, twin.Status.Stores.Timescale)
	require.Equal(t, v1.ReasonExternal, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionKafkaReady).Reason)
}

// failJob is what a kubelet reports of a preparation that failed.
func (sp *space) failJob(message string) {
	sp.t.Helper()
	jobs := sp.jobs()
	require.Len(sp.t, jobs, 1)
	job := jobs[0]
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: job.Name + "-x", Labels: job.Spec.Template.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(&job, batchv1.SchemeGroupVersion.WithKind("Job"))}},
		Spec: job.Spec.Template.Spec,
	}
	if err := sp.admin.Create(sp.ctx, pod); apierrors.IsAlreadyExists(err) {
		require.True(sp.t, sp.child(pod, pod.Name))
	} else {
		require.NoError(sp.t, err)
	}
	pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{
		Name: "prepare", LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Message: message}},
	}}}
	sp.writeStatus(pod)
}

// A store goes from the operator's own to an external one and back, under both
// kinds of apply; the volume stays.
func TestStoreGoesOutAndComesBack(t *testing.T) {
	applies := map[string]func(*space, *unstructured.Unstructured){"client-side": (*space).applyClientSide, "server-side": (*space).applyServerSide}
	externals := map[string]string{
		v1.ComponentKafka:     `{external: {bootstrapServers: ["kafka.example.org:9092"], saslSecretRef: {name: user}}}`,
		v1.ComponentRedis:     `{external: {address: "redis.example.org:6379", secretRef: {name: user}}}`,
		v1.ComponentTimescale: `{external: {host: db.example.org, database: twin, secretRef: {name: user}}}`,
	}
	for way, apply := range applies {
		for store, external := range externals {
			t.Run(store+" "+way, func(t *testing.T) {
				sp := newSpace(t)
				sp.secret("user", "username", "u", "password", "p")
				kind := func(twin *v1.DigitalTwin) v1.StoreKind {
					return map[string]v1.StoreKind{
						v1.ComponentKafka: twin.Status.Stores.Kafka, v1.ComponentRedis: twin.Status.Stores.Redis, v1.ComponentTimescale: twin.Status.Stores.Timescale,
					}[store]
				}
				own := sp.manifest("there", smallest+"\n"+store+": {}")
				apply(sp, own)
				require.Equal(t, v1.StoreManaged, kind(sp.ready("there")))
				require.True(t, sp.child(&appsv1.StatefulSet{}, "there-"+store))

				apply(sp, sp.manifest("there", smallest+"\n"+store+": "+external))
				require.Equal(t, v1.StoreExternal, kind(sp.ready("there")))
				sp.quiet()
				require.False(t, sp.child(&appsv1.StatefulSet{}, "there-"+store), "the store still runs")
				require.True(t, sp.child(&corev1.PersistentVolumeClaim{}, "data-there-"+store+"-0"))

				apply(sp, own)
				require.Equal(t, v1.StoreManaged, kind(sp.ready("there")))
				require.True(t, sp.child(&appsv1.StatefulSet{}, "there-"+store))
			})
		}
	}
}

// applyServerSide is kubectl apply --server-side.
func (sp *space) applyServerSide(u *unstructured.Unstructured) {
	sp.t.Helper()
	require.NoError(sp.t, sp.admin.Apply(sp.ctx, client.ApplyConfigurationFromUnstructured(u.DeepCopy()), client.FieldOwner("kubectl")))
}

// applyClientSide is kubectl apply: the difference between what was applied last
// and what is applied now goes into what is there.
func (sp *space) applyClientSide(u *unstructured.Unstructured) {
	sp.t.Helper()
	wanted, err := json.Marshal(u.Object)
	require.NoError(sp.t, err)
	annotated := u.DeepCopy()
	annotated.SetAnnotations(map[string]string{corev1.LastAppliedConfigAnnotation: string(wanted)})
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(u.GroupVersionKind())
	if !sp.child(live, u.GetName()) {
		require.NoError(sp.t, sp.admin.Create(sp.ctx, annotated))
		return
	}
	before := live.GetAnnotations()[corev1.LastAppliedConfigAnnotation]
	require.NotEmpty(sp.t, before)
	now, err := json.Marshal(live.Object)
	require.NoError(sp.t, err)
	wanted, err = json.Marshal(annotated.Object)
	require.NoError(sp.t, err)
	patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch([]byte(before), wanted, now)
	require.NoError(sp.t, err)
	sp.patch(live, string(patch))
}

func (sp *space) manifest(name, spec string) *unstructured.Unstructured {
	sp.t.Helper()
	u := &unstructured.Unstructured{Object: map[string]any{}}
	var content map[string]any
	require.NoError(sp.t, yaml.Unmarshal([]byte(spec), &content))
	u.Object["spec"] = content
	u.SetGroupVersionKind(v1.GroupVersion.WithKind(v1.Kind))
	u.SetName(name)
	u.SetNamespace(sp.ns)
	return u
}
