package controllers

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/energytwin/energytwin/controllers/resources"
)

// prunedKinds are what is looked through for objects that are wanted no more.
// Volumes and credentials are not among them.
func (s *scope) prunedKinds() []schema.GroupVersionKind {
	kinds := []schema.GroupVersionKind{
		resources.KindStatefulSet, resources.KindDeployment, resources.KindJob, resources.KindCronJob,
		resources.KindService, resources.KindConfigMap, resources.KindNetworkPolicy, resources.KindIngress,
		resources.KindDisruption, resources.KindAutoscaler,
	}
	if s.inputs.Kinds.ServiceMonitor {
		kinds = append(kinds, resources.KindServiceMonitor, resources.KindPrometheusRule)
	}
	if s.inputs.Kinds.ScaledObject {
		kinds = append(kinds, resources.KindScaledObject, resources.KindTriggerAuth)
	}
	return kinds
}

// prune deletes this twin's objects that are wanted no more. It runs only after
// everything that is wanted could be built and written.
func (r *Reconciler) prune(ctx context.Context, s *scope) error {
	wanted := map[objectID]bool{}
	for _, o := range s.wanted.Objects {
		wanted[objectID{o.Kind, o.Name}] = true
	}
	var failed []error
	for _, kind := range s.prunedKinds() {
		children, err := r.children(ctx, s, kind)
		if err != nil {
			failed = append(failed, fmt.Errorf("list %s: %w", kind.Kind, err))
			continue
		}
		for _, child := range children {
			id := objectID{kind, child.GetName()}
			if wanted[id] || !metav1.IsControlledBy(child, s.twin) || child.GetDeletionTimestamp() != nil {
				continue
			}
			failed = append(failed, r.pruneOne(ctx, s, id, child))
		}
	}
	return errors.Join(failed...)
}

func (r *Reconciler) pruneOne(ctx context.Context, s *scope, id objectID, child client.Object) error {
	doomed := &metav1.PartialObjectMetadata{}
	doomed.SetGroupVersionKind(id.kind)
	doomed.Namespace, doomed.Name = child.GetNamespace(), child.GetName()
	err := r.Delete(ctx, doomed, client.Preconditions{UID: ptr.To(child.GetUID())}, client.PropagationPolicy(metav1.DeletePropagationBackground))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %s %s: %w", id.kind.Kind, id.name, err)
	}
	r.cache.drop(s.key(), id)
	s.log.Info("deleted, as it is wanted no more", "kind", id.kind.Kind, "name", id.name)
	return nil
}

// children are the twin's objects of a kind.
func (r *Reconciler) children(ctx context.Context, s *scope, kind schema.GroupVersionKind) ([]client.Object, error) {
	in, of := client.InNamespace(s.twin.Namespace), client.MatchingLabels(resources.TwinLabels(s.twin.Name))
	if list := r.cachedList(kind); list != nil {
		err := r.List(ctx, list, in, of)
		return itemsOf(list), err
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	reader := r.Live
	if watchedMetadata(kind) {
		reader = r.Client
	}
	err := reader.List(ctx, list, in, of)
	return itemsOf(list), err
}
