package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

func (sp *space) replicas(name string) int32 {
	sp.t.Helper()
	d, s := &appsv1.Deployment{}, &appsv1.StatefulSet{}
	if sp.child(d, name) {
		return ptr.Deref(d.Spec.Replicas, 1)
	}
	require.True(sp.t, sp.child(s, name), name)
	return ptr.Deref(s.Spec.Replicas, 1)
}

// Suspended stops the workloads, Hibernated everything, and both are Ready.
func TestStatesStopAndStartAgain(t *testing.T) {
	sp := newSpace(t)
	sp.twin("states", smallest)
	sp.ready("states")

	sp.patchSpec("states", "state: Suspended")
	twin := sp.condition("states", v1.ConditionReady, metav1.ConditionTrue, v1.ReasonSuspended)
	require.Equal(t, v1.PhaseSuspended, twin.Status.Phase)
	require.Zero(t, sp.replicas("states-processor"))
	require.Equal(t, int32(1), sp.replicas("states-kafka"))

	sp.patchSpec("states", "state: Hibernated")
	sp.eventually(func() error {
		sp.workOnce()
		if twin = sp.get("states"); twin.Status.Phase != v1.PhaseHibernated {
			return fmt.Errorf("phase %s", twin.Status.Phase)
		}
		for _, part := range []string{"kafka", "redis", "timescale", "api", "generator", "prometheus", "grafana"} {
			if n := sp.replicas("states-" + part); n != 0 {
				return fmt.Errorf("%d of %s", n, part)
			}
		}
		return nil
	})
	sp.agrees(twin)

	sp.patchSpec("states", "state: Running")
	twin = sp.ready("states")
	require.Equal(t, v1.PhaseRunning, twin.Status.Phase)
	require.Equal(t, int32(1), sp.replicas("states-kafka"))
	require.Equal(t, int32(1), sp.replicas("states-generator"))
}

// Stores of a twin that is to hibernate run until its workloads have ended.
func TestHibernationStopsWorkloadsFirst(t *testing.T) {
	sp := newSpace(t)
	sp.twin("sleepy", smallest)
	sp.ready("sleepy")
	sp.patchSpec("sleepy", "state: Hibernated")
	sp.eventually(func() error {
		if n := sp.replicas("sleepy-processor"); n != 0 {
			return fmt.Errorf("%d processors", n)
		}
		return nil
	})
	sp.wakeAndWait("sleepy") // the processor's pod is still there: nobody has ended it
	require.Equal(t, int32(1), sp.replicas("sleepy-timescale"))
	sp.condition("sleepy", v1.ConditionReady, metav1.ConditionTrue, v1.ReasonHibernated)
	sp.eventually(func() error {
		if n := sp.replicas("sleepy-timescale"); n != 0 {
			return fmt.Errorf("%d databases", n)
		}
		return nil
	})
}

// A replay that has ended stops its generator and stays Ready; other readings
// start it again.
func TestReplayEnds(t *testing.T) {
	sp := newSpace(t)
	sp.twin("replay", smallest+"\nkafka: {topics: {partitions: 2}}")
	sp.ready("replay")
	at := time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC)
	database := map[string]any{"answered": true, "meters": 200, "rows": 1752000, "quarantined": 3, "decisions": 67000, "lastEventTime": at, "writtenAt": at}
	sp.runPod("replay", "api", "192.0.2.20", database)
	sp.runPod("replay", "generator", "192.0.2.21", map[string]any{"phase": "done", "published": 1000})
	lag := func(n int) map[string]any {
		return map[string]any{"partitions": []any{map[string]any{"partition": 0, "lag": n}, map[string]any{"partition": 1, "lag": 0}}}
	}
	sp.runPod("replay", "processor", "192.0.2.22", lag(5))
	sp.pass(time.Minute, "replay")
	twin := sp.condition("replay", v1.ConditionDataFlowing, metav1.ConditionTrue, v1.ReasonFlowing)
	require.Equal(t, int32(1), sp.replicas("replay-generator"), "stopped with 5 messages to go")
	require.Equal(t, int64(5), twin.Status.Stream.Lag)

	sp.figures.Store("192.0.2.22", lag(0))
	sp.pass(time.Minute, "replay")
	sp.condition("replay", v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonReplayFinished)
	sp.eventually(func() error {
		sp.workOnce()
		if n := sp.replicas("replay-generator"); n != 0 {
			return fmt.Errorf("%d generators", n)
		}
		return nil
	})
	twin = sp.ready("replay")
	require.Equal(t, v1.PhaseCompleted, twin.Status.Phase)
	require.Equal(t, "100%", twin.Status.Stream.Progress)
	require.Equal(t, int64(1752000), twin.Status.Dataset.Rows)
	require.Equal(t, int64(3), twin.Status.Dataset.Quarantined)

	// Suspending and going on does not replay it again.
	sp.patchSpec("replay", "state: Suspended")
	sp.condition("replay", v1.ConditionReady, metav1.ConditionTrue, v1.ReasonSuspended)
	sp.patchSpec("replay", "state: Running")
	sp.ready("replay")
	require.Zero(t, sp.replicas("replay-generator"))
	require.Equal(t, v1.PhaseCompleted, sp.get("replay").Status.Phase)

	sp.patchSpec("replay", "dataset: {synthetic: {seed: 43}}")
	sp.eventually(func() error {
		sp.workOnce()
		if n := sp.replicas("replay-generator"); n != 1 {
			return fmt.Errorf("%d generators", n)
		}
		return nil
	})
}

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
			return fmt.Errorf("still there")
		}
		return nil
	})
	require.True(t, sp.child(&corev1.PersistentVolumeClaim{}, "data-kept-timescale-0"))
	sp.collectGarbage("kept")

	sp.twin("kept", smallest)
	sp.ready("kept")
	require.True(t, sp.child(secret, "kept-credentials"))
	require.Equal(t, passwords, secret.Data, "other passwords than those of the volumes")
}

// collectGarbage deletes what the garbage collector would: there is none here.
func (sp *space) collectGarbage(twin string) {
	sp.t.Helper()
	for _, kind := range sp.childKinds() {
		o := &metav1.PartialObjectMetadataList{}
		o.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
		require.NoError(sp.t, sp.admin.List(sp.ctx, o, client.InNamespace(sp.ns), client.MatchingLabels(resources.TwinLabels(twin))))
		for i := range o.Items {
			if metav1.GetControllerOf(&o.Items[i]) != nil {
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
			return fmt.Errorf("still there")
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
	require.Empty(t, sp.requests.denied)
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

// Rotating one password rolls the store first, then the stores are prepared
// anew, then exactly the workloads that use it roll.
func TestRotationRollsTheStoreFirst(t *testing.T) {
	sp := newSpace(t)
	sp.twin("rotate", smallest)
	sp.ready("rotate")
	sp.quiet()
	before := sp.templates("rotate")
	jobs := sp.jobs()
	secret := &corev1.Secret{}
	require.True(t, sp.child(secret, "rotate-credentials"))
	sp.patch(secret, `{"stringData":{"redis-password":"`+strings.Repeat("n", 43)+`"}}`)
	sp.wake("rotate")

	sp.eventually(func() error {
		if sp.templates("rotate")["redis"] == before["redis"] {
			return fmt.Errorf("redis does not roll")
		}
		return nil
	})
	now := sp.templates("rotate")
	require.Equal(t, before["processor"], now["processor"], "the client rolls before the store")
	for _, job := range sp.jobs() {
		require.Equal(t, jobs[0].Name, job.Name, "prepared before the store has the password")
	}

	sp.eventually(func() error {
		sp.workOnce()
		if now = sp.templates("rotate"); now["processor"] == before["processor"] || now["api"] == before["api"] || now["generator"] == before["generator"] {
			return fmt.Errorf("clients do not roll")
		}
		return nil
	})
	for _, untouched := range []string{"kafka", "timescale", "prometheus", "grafana"} {
		require.Equal(t, before[untouched], now[untouched], "%s rolls without need", untouched)
	}
	sp.ready("rotate")
	require.Len(t, sp.jobs(), 1)
	require.NotEqual(t, jobs[0].Name, sp.jobs()[0].Name)
}

// templates are hashes of what each component's pods read.
func (sp *space) templates(twin string) map[string]string {
	sp.t.Helper()
	out := map[string]string{}
	deployments, sets := &appsv1.DeploymentList{}, &appsv1.StatefulSetList{}
	require.NoError(sp.t, sp.admin.List(sp.ctx, deployments, client.InNamespace(sp.ns)))
	require.NoError(sp.t, sp.admin.List(sp.ctx, sets, client.InNamespace(sp.ns)))
	for _, d := range deployments.Items {
		out[strings.TrimPrefix(d.Name, twin+"-")] = d.Spec.Template.String()
	}
	for _, s := range sets.Items {
		out[strings.TrimPrefix(s.Name, twin+"-")] = s.Spec.Template.String()
	}
	return out
}

// A setting rolls the pods that read it and no other.
func TestSettingRollsWhoReadsIt(t *testing.T) {
	sp := newSpace(t)
	sp.twin("knobs", smallest)
	sp.ready("knobs")
	for _, c := range []struct {
		spec  string
		rolls []string
	}{
		{"generator: {speed: 7200}", []string{"generator", "api"}},
		{"generator: {maxLag: 60000}", []string{"generator"}},
		{"api: {auth: {sessionTTL: 8h}}", []string{"api"}},
		{"processor: {replicas: 2}", nil},
		{"processor: {dsm: {hysteresis: \"0.2\"}}", []string{"processor", "api"}},
		{"redis: {managed: {maxMemory: 64Mi}}", []string{"redis"}},
		{"monitoring: {prometheus: {retention: 24h}}", []string{"prometheus"}},
	} {
		before := sp.templates("knobs")
		sp.patchSpec("knobs", c.spec)
		generation := sp.get("knobs").Generation
		sp.eventually(func() error {
			sp.workOnce()
			twin := sp.get("knobs")
			if twin.Status.ObservedGeneration != generation || !meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReady) {
				return fmt.Errorf("%s: not settled", c.spec)
			}
			return nil
		})
		now := sp.templates("knobs")
		var rolled []string
		for part, template := range now {
			if template != before[part] {
				rolled = append(rolled, part)
			}
		}
		require.ElementsMatch(t, c.rolls, rolled, c.spec)
	}
}

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
	sp.wakeAndWait("grow")
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
	require.Empty(t, sp.requests.denied[min(1, len(sp.requests.denied)):], "refused but for the growth itself: %v", sp.requests.denied)
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
	require.NoError(sp.t, sp.admin.Status().Update(sp.ctx, claim))
}

// The number of processors is handed to the autoscaler without a moment at 1.
func TestAutoscalerTakesOver(t *testing.T) {
	sp := newSpace(t)
	sp.twin("scaled", smallest+"\nprocessor: {replicas: 3}")
	sp.ready("scaled")
	sp.patchSpec("scaled", "processor: {autoscaling: {minReplicas: 2, maxReplicas: 8}}")
	sp.eventually(func() error {
		if !sp.child(&autoscalingv2.HorizontalPodAutoscaler{}, "scaled-processor") {
			return fmt.Errorf("no autoscaler")
		}
		d := &appsv1.Deployment{}
		require.True(t, sp.child(d, "scaled-processor"))
		require.Equal(t, int32(3), *d.Spec.Replicas)
		for _, f := range d.ManagedFields {
			if f.Manager == FieldOwner && f.Operation == metav1.ManagedFieldsOperationApply && strings.Contains(f.FieldsV1.GetRawString(), `"f:replicas"`) {
				return fmt.Errorf("the operator still sets the number")
			}
		}
		return nil
	})
	d := &appsv1.Deployment{}
	require.True(t, sp.child(d, "scaled-processor"))
	sp.patch(d, `{"spec":{"replicas":5}}`) // what the autoscaler does
	sp.ready("scaled")
	sp.quiet()
	sp.wakeAndWait("scaled")
	require.Equal(t, int32(5), sp.replicas("scaled-processor"))
	twin := sp.get("scaled")
	require.Equal(t, int32(5), twin.Status.Processor.Replicas)

	sp.patchSpec("scaled", "state: Suspended")
	sp.condition("scaled", v1.ConditionReady, metav1.ConditionTrue, v1.ReasonSuspended)
	require.Zero(t, sp.replicas("scaled-processor"))
	sp.patchSpec("scaled", "state: Running")
	sp.ready("scaled")
	require.Equal(t, int32(3), sp.replicas("scaled-processor"))

	sp.patchSpec("scaled", "processor: {autoscaling: null, replicas: 4}")
	sp.eventually(func() error {
		sp.workOnce()
		if n := sp.replicas("scaled-processor"); n != 4 || sp.child(&autoscalingv2.HorizontalPodAutoscaler{}, "scaled-processor") {
			return fmt.Errorf("%d processors", n)
		}
		return nil
	})
}

// kubectl scale works on the twin itself.
func TestScaleSubresource(t *testing.T) {
	sp := newSpace(t)
	sp.twin("sub", smallest)
	sp.ready("sub")
	scale := `{"spec":{"replicas":2}}`
	require.NoError(t, sp.admin.SubResource("scale").Patch(sp.ctx, sp.get("sub"), client.RawPatch("application/merge-patch+json", []byte(scale))))
	sp.eventually(func() error {
		sp.workOnce()
		if n := sp.get("sub").Status.Processor.Replicas; n != 2 {
			return fmt.Errorf("%d processors", n)
		}
		return nil
	})
	require.Equal(t, resources.Selector("sub", "processor"), sp.get("sub").Status.Processor.Selector)
	require.Equal(t, int32(2), sp.replicas("sub-processor"))
}

// An operator upgrade moves no image of a twin that does not want it, and one
// twin after the other of those that do.
func TestUpgradeOfTheOperator(t *testing.T) {
	sp := newSpace(t)
	for _, name := range []string{"manual", "auto-a", "auto-b"} {
		policy := "Manual"
		if name != "manual" {
			policy = "Automatic"
		}
		sp.twin(name, smallest+"\nupdatePolicy: "+policy)
	}
	for _, name := range []string{"manual", "auto-a", "auto-b"} {
		sp.ready(name)
	}
	sp.quiet()
	sp.stop()
	old := sp.image
	sp.image = "ghcr.io/energytwin/energytwin:v2.0.0"
	before := sp.templates("manual")["processor"]
	sp.start()

	moved := func() (n int) {
		for _, name := range []string{"auto-a", "auto-b"} {
			d := &appsv1.Deployment{}
			require.True(t, sp.child(d, name+"-processor"))
			set := &appsv1.StatefulSet{}
			require.True(t, sp.child(set, name+"-kafka"))
			if d.Spec.Template.Spec.Containers[0].Image == sp.image || set.Spec.Template.Spec.InitContainers[1].Image == sp.image {
				n++
			}
		}
		return n
	}
	sp.eventually(func() error {
		if moved() == 0 {
			return fmt.Errorf("none moves")
		}
		return nil
	})
	sp.wakeAndWait("auto-a")
	sp.wakeAndWait("auto-b")
	require.Equal(t, 1, moved(), "both move at the same time")
	sp.eventually(func() error {
		sp.workOnce()
		if moved() != 2 {
			sp.wake("auto-a")
			sp.wake("auto-b")
			return fmt.Errorf("one is left behind")
		}
		return nil
	})
	sp.ready("manual")
	require.Equal(t, before, sp.templates("manual")["processor"])
	require.Contains(t, before, old)

	sp.patchSpec("manual", "image: "+sp.image)
	sp.eventually(func() error {
		sp.workOnce()
		for _, c := range sp.get("manual").Status.Components {
			if c.Name == "processor" && c.Image == sp.image {
				return nil
			}
		}
		return fmt.Errorf("not moved")
	})
}

// A major version of PostgreSQL cannot be reached in place.
func TestMajorUpgradeIsRefused(t *testing.T) {
	sp := newSpace(t)
	sp.twin("major", smallest)
	sp.ready("major")
	sp.patchSpec("major", "timescale: {managed: {version: 2.22.1-pg18}}")
	twin := sp.condition("major", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonMajorUpgrade)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled).Message, "PostgreSQL 17 cannot become 18")
	set := &appsv1.StatefulSet{}
	require.True(t, sp.child(set, "major-timescale"))
	require.Contains(t, set.Spec.Template.Spec.Containers[0].Image, "pg17")
	sp.patchSpec("major", "timescale: {managed: {version: 2.22.2-pg17}}")
	sp.ready("major")
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
	require.NoError(sp.t, sp.admin.Status().Update(sp.ctx, pod))
}
