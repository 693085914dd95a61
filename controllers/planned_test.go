package controllers

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// noAlarm fails the test if a twin was ever Degraded or Stalled, or had an Event
// that warns.
func (sp *space) noAlarm(name string) {
	sp.t.Helper()
	for _, phase := range sp.witness.history(name) {
		require.NotContains(sp.t, []v1.Phase{v1.PhaseDegraded, v1.PhaseStalled}, phase, "%v", sp.witness.history(name))
	}
	list := &eventsv1.EventList{}
	require.NoError(sp.t, sp.admin.List(sp.ctx, list, client.InNamespace(sp.ns)))
	for _, e := range list.Items {
		if e.Regarding.Name == name {
			require.Equal(sp.t, corev1.EventTypeNormal, e.Type, "%s: %s", e.Reason, e.Note)
		}
	}
}

// deploymentStatus is what the controller of Deployments reports of the newest
// spec.
func (sp *space) deploymentStatus(name string, st appsv1.DeploymentStatus) {
	sp.t.Helper()
	d := &appsv1.Deployment{}
	require.True(sp.t, sp.child(d, name))
	st.ObservedGeneration = d.Generation
	d.Status = st
	sp.writeStatus(d)
}

func (sp *space) setStatus(name string, st appsv1.StatefulSetStatus) {
	sp.t.Helper()
	set := &appsv1.StatefulSet{}
	require.True(sp.t, sp.child(set, name))
	st.ObservedGeneration = set.Generation
	set.Status = st
	sp.writeStatus(set)
}

// What somebody asked for is an update, from the first write to the last pod,
// also where the operator starts again in the middle.
func TestPlannedChangesAreUpdates(t *testing.T) {
	for name, c := range map[string]struct {
		spec   string
		reason string
		middle func(*space) // what the cluster reports on the way
	}{
		"image":         {"image: registry.example.org/energytwin:2", v1.ReasonUpdating, nil},
		"setting":       {"processor: {dsm: {hysteresis: \"0.2\"}}", v1.ReasonUpdating, nil},
		"store":         {"redis: {managed: {maxMemory: 64Mi}}", v1.ReasonUpdating, nil},
		"more replicas": {"processor: {replicas: 3}", v1.ReasonScaling, nil},
		"pods start yet": {"api: {auth: {sessionTTL: 8h}}", v1.ReasonUpdating, func(sp *space) {
			sp.deploymentStatus("plan-api", appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1, UnavailableReplicas: 1})
		}},
		"between two pods": {"redis: {managed: {maxMemory: 80Mi}}", v1.ReasonUpdating, func(sp *space) {
			sp.setStatus("plan-redis", appsv1.StatefulSetStatus{CurrentRevision: "r", UpdateRevision: "s"})
		}},
		"workloads without their store": {"redis: {managed: {maxMemory: 72Mi}}", v1.ReasonUpdating, func(sp *space) {
			sp.setStatus("plan-redis", appsv1.StatefulSetStatus{Replicas: 1, CurrentRevision: "r", UpdateRevision: "s"})
			sp.deploymentStatus("plan-processor", appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1, UnavailableReplicas: 1})
			sp.settle("plan")
			sp.workOnStores()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			sp := newSpace(t)
			sp.twin("plan", smallest)
			sp.ready("plan")
			sp.quiet()
			sp.patchSpec("plan", c.spec)
			if name == "image" {
				sp.proofEnds()
			}
			sp.conditionWithoutWork("plan", v1.ConditionReady, metav1.ConditionFalse, c.reason)
			if c.middle != nil {
				c.middle(sp)
			}
			sp.settle("plan")
			sp.restart()
			sp.settle("plan")
			twin := sp.conditionWithoutWork("plan", v1.ConditionReady, metav1.ConditionFalse, c.reason)
			require.Equal(t, v1.PhaseUpdating, twin.Status.Phase)
			require.True(t, meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReconciling))
			sp.ready("plan")
			sp.settle("plan")
			require.Contains(t, sp.witness.history("plan"), v1.PhaseUpdating)
			sp.noAlarm("plan")
		})
	}
}

// A changed password rolls a store, prepares all of them again and rolls the
// workloads: all of it was asked for.
func TestRotationIsAnUpdate(t *testing.T) {
	sp := newSpace(t)
	sp.twin("key", smallest)
	sp.ready("key")
	sp.quiet()
	secret := &corev1.Secret{}
	require.True(t, sp.child(secret, "key-credentials"))
	sp.patch(secret, `{"stringData":{"redis-password":"`+fmt.Sprintf("%043d", 7)+`"}}`)
	sp.wake("key")
	sp.conditionWithoutWork("key", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonUpdating)
	sp.workOnStores()
	sp.conditionWithoutWork("key", v1.ConditionSchemaReady, metav1.ConditionFalse, v1.ReasonMigrating)
	require.Equal(t, v1.PhaseUpdating, sp.get("key").Status.Phase)
	sp.ready("key")
	sp.noAlarm("key")
}

// A volume that grows has its StatefulSet recreated around its pod.
func TestGrowthIsAnUpdate(t *testing.T) {
	sp := newSpace(t)
	sp.twin("bigger", smallest)
	sp.ready("bigger")
	sp.expandable("bigger-redis")
	sp.patchSpec("bigger", "redis: {managed: {storage: {size: 2Gi}}}")
	generation := sp.get("bigger").Generation
	sp.eventually(func() error {
		sp.workOnce()
		if twin := sp.get("bigger"); twin.Status.ObservedGeneration != generation || twin.Status.Phase != v1.PhaseRunning {
			return fmt.Errorf("phase %s", twin.Status.Phase)
		}
		return nil
	})
	sp.noAlarm("bigger")
}

// Fewer replicas are no outage for a moment: what is left serves.
func TestFewerReplicasStayReady(t *testing.T) {
	sp := newSpace(t)
	sp.twin("less", smallest+"\nprocessor: {replicas: 3}")
	sp.ready("less")
	sp.quiet()
	sp.patchSpec("less", "processor: {replicas: 1}")
	sp.eventually(func() error {
		if n := sp.replicas("less-processor"); n != 1 {
			return fmt.Errorf("%d processors", n)
		}
		return nil
	})
	sp.deploymentStatus("less-processor", appsv1.DeploymentStatus{Replicas: 3, UpdatedReplicas: 3, ReadyReplicas: 3, AvailableReplicas: 3})
	sp.conditionWithoutWork("less", v1.ConditionReady, metav1.ConditionTrue, v1.ReasonAvailable)
	sp.noAlarm("less")
}

// An autoscaler's number is its own affair: the twin is Ready with the least that
// it may choose.
func TestAutoscalersNumberIsNoOutage(t *testing.T) {
	sp := newSpace(t)
	sp.twin("auto", smallest+"\nprocessor: {autoscaling: {minReplicas: 2, maxReplicas: 8}}")
	sp.ready("auto")
	sp.quiet()
	seen := len(sp.witness.history("auto"))
	for _, n := range []int32{5, 3, 8} {
		d := &appsv1.Deployment{}
		require.True(t, sp.child(d, "auto-processor"))
		sp.patch(d, fmt.Sprintf(`{"spec":{"replicas":%d}}`, n)) // what the autoscaler does
		sp.settle("auto")
		sp.deploymentStatus("auto-processor", appsv1.DeploymentStatus{Replicas: n, UpdatedReplicas: n, ReadyReplicas: 2, AvailableReplicas: 2, UnavailableReplicas: n - 2})
		sp.settle("auto")
		require.True(t, meta.IsStatusConditionTrue(sp.get("auto").Status.Conditions, v1.ConditionReady), "%d", n)
		sp.workOnce()
	}
	sp.settle("auto")
	require.Len(t, sp.witness.history("auto"), seen, "%v", sp.witness.history("auto"))

	// Fewer than the least is an outage.
	sp.deploymentStatus("auto-processor", appsv1.DeploymentStatus{Replicas: 8, UpdatedReplicas: 8, ReadyReplicas: 1, AvailableReplicas: 1, UnavailableReplicas: 7})
	sp.conditionWithoutWork("auto", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonUnavailable)
}

// A generator whose replay has ended stops. Neither its Deployment on the way to
// zero nor its last pod is an outage.
func TestEndOfReplayIsNoOutage(t *testing.T) {
	sp := newSpace(t)
	sp.twin("ends", smallest+"\nkafka: {topics: {partitions: 1}}")
	sp.ready("ends")
	sp.runPod("ends", "api", "192.0.2.50", map[string]any{"answered": true, "meters": 1, "rows": 9})
	sp.runPod("ends", "generator", "192.0.2.51", map[string]any{"phase": "done"})
	sp.runPod("ends", "processor", "192.0.2.52", map[string]any{"partitions": []any{map[string]any{"partition": 0, "lag": 0}}})
	sp.pass(time.Minute, "ends")
	sp.conditionWithoutWork("ends", v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonReplayFinished)
	sp.eventually(func() error {
		if n := sp.replicas("ends-generator"); n != 0 {
			return fmt.Errorf("%d generators", n)
		}
		return nil
	})
	sp.settle("ends") // its Deployment has not seen that yet
	sp.deploymentStatus("ends-generator", appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1})
	sp.settle("ends")
	sp.workOnce()
	sp.settle("ends")
	require.Equal(t, []v1.Phase{v1.PhaseRunning, v1.PhaseCompleted}, last(sp.witness.history("ends"), 2))
	sp.noAlarm("ends")
}

func last[T any](all []T, n int) []T { return all[max(0, len(all)-n):] }

// A pod that ends as somebody asked for it, by draining its node say, and the one
// that takes its place are no outage; a pod that dies is.
func TestDrainedNodeIsNoOutage(t *testing.T) {
	sp := newSpace(t)
	sp.twin("drain", smallest)
	sp.ready("drain")
	sp.runPod("drain", "api", "192.0.2.60", map[string]any{"answered": true})
	pod := &corev1.Pod{}
	require.True(t, sp.child(pod, "drain-api-x"))
	sp.patch(pod, `{"metadata":{"finalizers":["example.org/ending"]}}`)
	require.NoError(t, sp.admin.Delete(sp.ctx, pod))
	sp.caughtUp()
	sp.deploymentStatus("drain-api", appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1, UnavailableReplicas: 1})
	twin := sp.conditionWithoutWork("drain", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonRescheduling)
	require.Equal(t, v1.PhaseUpdating, twin.Status.Phase)
	sp.patch(pod, `{"metadata":{"finalizers":null}}`)
	sp.settle("drain")
	sp.runPod("drain", "api", "192.0.2.61", map[string]any{"answered": true})
	sp.settle("drain")
	sp.conditionWithoutWork("drain", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonRescheduling)
	sp.ready("drain")
	sp.noAlarm("drain")

	// One that crashes is lost, also while another store's pod moves.
	require.True(t, sp.child(pod, "drain-api-x"))
	pod.Status.ContainerStatuses = ended("api", "Error", "panic: no").ContainerStatuses
	sp.writeStatus(pod)
	sp.caughtUp()
	sp.deploymentStatus("drain-api", appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1, UnavailableReplicas: 1})
	twin = sp.conditionWithoutWork("drain", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonUnavailable)
	require.Equal(t, v1.PhaseDegraded, twin.Status.Phase)
}

// Suspended and Hibernated are reported when the pods are gone, which controllers
// do not count while they end. Until then there are words for it; resuming is a
// start.
func TestStoppedMeansThatPodsAreGone(t *testing.T) {
	sp := newSpace(t)
	sp.twin("stop", smallest)
	sp.ready("stop")
	hold := func(name string) *corev1.Pod {
		pod := &corev1.Pod{}
		require.True(t, sp.child(pod, name))
		sp.patch(pod, `{"metadata":{"finalizers":["example.org/ending"]}}`)
		return pod
	}
	release := func(pod *corev1.Pod) {
		sp.patch(pod, `{"metadata":{"finalizers":null}}`)
		sp.eventually(func() error {
			if sp.child(&corev1.Pod{}, pod.Name) {
				return errors.New("the pod is still there")
			}
			return nil
		})
	}
	sp.runPod("stop", "processor", "192.0.2.70", map[string]any{})
	processor := hold("stop-processor-x")
	sp.patchSpec("stop", "state: Suspended")
	twin := sp.condition("stop", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonSuspending)
	require.Equal(t, v1.PhaseSuspending, twin.Status.Phase)
	sp.workOnce()
	sp.settle("stop")
	twin = sp.get("stop")
	require.Equal(t, "WorkloadsReady: waiting for the pods of stop-processor to end", meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReady).Message)
	release(processor)
	twin = sp.conditionWithoutWork("stop", v1.ConditionReady, metav1.ConditionTrue, v1.ReasonSuspended) // the pod's end wakes the operator
	require.Equal(t, v1.PhaseSuspended, twin.Status.Phase)

	sp.patchSpec("stop", "state: Running")
	sp.ready("stop")
	sp.runPod("stop", "api", "192.0.2.71", map[string]any{})
	api := hold("stop-api-x")
	sp.patchSpec("stop", "state: Hibernated")
	sp.eventually(func() error {
		sp.workOnce()
		if n := sp.replicas("stop-api"); n != 0 {
			return fmt.Errorf("%d API servers", n)
		}
		return nil
	})
	twin = sp.condition("stop", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonHibernating)
	require.Equal(t, v1.PhaseHibernating, twin.Status.Phase)
	sp.settle("stop")
	require.Equal(t, int32(1), sp.replicas("stop-redis"), "the store stops before the pod that writes into it has ended")
	release(api)
	twin = sp.condition("stop", v1.ConditionReady, metav1.ConditionTrue, v1.ReasonHibernated)
	require.Equal(t, v1.PhaseHibernated, twin.Status.Phase)
	require.Zero(t, sp.replicas("stop-redis"))

	sp.patchSpec("stop", "state: Running")
	sp.conditionWithoutWork("stop", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonWaiting)
	sp.restart()
	sp.ready("stop")
	sp.settle("stop")
	phases := sp.witness.history("stop")
	require.Equal(t, []v1.Phase{v1.PhaseHibernated, v1.PhaseStarting, v1.PhaseRunning}, last(phases, 3))
	require.False(t, slices.Contains(phases, v1.PhaseUpdating), "%v", phases)
	sp.noAlarm("stop")
}

// A twin hibernates also while its stores could not be prepared: they are when it
// runs again.
func TestUnpreparedTwinHibernates(t *testing.T) {
	sp := newSpace(t)
	sp.twin("early", smallest)
	sp.eventually(func() error {
		sp.workOnStores()
		if len(sp.jobs()) == 0 {
			return errors.New("no Job")
		}
		return nil
	})
	sp.patchSpec("early", "state: Hibernated")
	sp.condition("early", v1.ConditionReady, metav1.ConditionTrue, v1.ReasonHibernated)
	require.True(t, *sp.jobs()[0].Spec.Suspend)
	sp.patchSpec("early", "state: Running")
	sp.ready("early")
}
