package controllers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

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
	sp.settle("scaled")
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
