package controllers

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	v1 "github.com/energytwin/energytwin/api/v1"
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
	sp.settle("sleepy") // the processor's pod is still there: nobody has ended it
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

	sp.patchSpec("replay", "generator: {mode: Loop}")
	sp.eventually(func() error {
		sp.workOnce()
		if n := sp.replicas("replay-generator"); n != 1 {
			return fmt.Errorf("%d generators", n)
		}
		return nil
	})
}

// A paused twin is left alone, whatever happens to it.
func TestPausedTwinIsLeftAlone(t *testing.T) {
	sp := newSpace(t)
	sp.twin("rest", smallest)
	sp.ready("rest")
	sp.quiet()
	sp.patch(sp.get("rest"), `{"metadata":{"annotations":{"twin.energytwin.dev/paused":"true"}}}`)
	paused := sp.condition("rest", v1.ConditionPaused, metav1.ConditionTrue, v1.ReasonAnnotation)
	require.Equal(t, v1.PhasePaused, paused.Status.Phase)
	sp.quiet()
	require.NoError(t, sp.admin.Delete(sp.ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "rest-api"}}))
	sp.patchSpec("rest", "networkPolicy: Disabled")
	sp.quiet()
	require.False(t, sp.child(&corev1.Service{}, "rest-api"))
	require.True(t, sp.child(&networkingv1.NetworkPolicy{}, "rest-api"))

	sp.patch(sp.get("rest"), `{"metadata":{"annotations":{"twin.energytwin.dev/paused":null}}}`)
	twin := sp.ready("rest")
	require.Nil(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionPaused))
	require.True(t, sp.child(&corev1.Service{}, "rest-api"))
	sp.eventually(func() error {
		if sp.child(&networkingv1.NetworkPolicy{}, "rest-api") {
			return fmt.Errorf("a policy is left")
		}
		return nil
	})
}
