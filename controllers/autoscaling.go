package controllers

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// replicasOwner is the field manager that holds the number of processors until
// an autoscaler changes it. A field that no manager applies any more falls back
// to its default, which is 1.
const replicasOwner = "energytwin-replicas"

// autoscalerHolds reports whether the number of processors may be left out.
func (r *Reconciler) autoscalerHolds(ctx context.Context, s *scope) (bool, error) {
	d, err := r.autoscaled(ctx, s)
	return d != nil && holdsReplicas(d), err
}

// autoscaled is the processors' Deployment if an autoscaler is to change its
// number: not before it runs, as autoscalers let zero be.
func (r *Reconciler) autoscaled(ctx context.Context, s *scope) (*appsv1.Deployment, error) {
	if s.spec.Processor.Autoscaling == nil || s.spec.State != v1.StateRunning || s.restoring() {
		return nil, nil
	}
	d := &appsv1.Deployment{}
	if err := r.Get(ctx, client.ObjectKey{Namespace: s.twin.Namespace, Name: s.name(v1.ComponentProcessor)}, d); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	if !metav1.IsControlledBy(d, s.twin) || ptr.Deref(d.Spec.Replicas, 1) == 0 {
		return nil, nil
	}
	return d, nil
}

// holdsReplicas reports whether anybody but the operator holds the number: the
// second manager, or the autoscaler once it has changed it. The cache keeps no
// other managers.
func holdsReplicas(d *appsv1.Deployment) bool {
	return slices.ContainsFunc(d.ManagedFields, func(f metav1.ManagedFieldsEntry) bool { return f.Manager != FieldOwner })
}

// handOverReplicas lets the second manager apply the number that is there. The
// reconciliation that the change wakes leaves the number out.
func (r *Reconciler) handOverReplicas(ctx context.Context, s *scope) error {
	d, err := r.autoscaled(ctx, s)
	if err != nil || d == nil || holdsReplicas(d) {
		return err
	}
	hold := appsv1ac.Deployment(d.Name, d.Namespace).WithSpec(appsv1ac.DeploymentSpec().WithReplicas(ptr.Deref(d.Spec.Replicas, 1)))
	if err := r.Apply(ctx, hold, client.FieldOwner(replicasOwner)); err != nil {
		return fmt.Errorf("hand over the number of processors: %w", err)
	}
	r.event(s, "AutoscalerTakesOver", "the number of processors, now %d, is left to the autoscaler", ptr.Deref(d.Spec.Replicas, 1))
	return nil
}
