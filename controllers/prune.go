package controllers

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/energytwin/energytwin/controllers/resources"
)

// prune deletes this twin's objects that are wanted no more. It runs only after
// everything that is wanted could be built and written.
func (r *Reconciler) prune(ctx context.Context, s *scope) error {
	wanted := map[objectID]bool{}
	for _, o := range s.wanted.Objects {
		wanted[objectID{o.Kind, o.Name}] = true
	}
	var failed []error
	for _, kind := range resources.ChildKinds(s.inputs.Kinds) {
		if kind.Kept {
			continue
		}
		children, err := r.children(ctx, s, kind)
		if err != nil {
			failed = append(failed, fmt.Errorf("list %s: %w", kind.Kind, err))
			continue
		}
		for _, child := range children {
			id := objectID{kind.GroupVersionKind, child.GetName()}
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

// children are the twin's objects of a kind, as the cache has them where it does.
func (r *Reconciler) children(ctx context.Context, s *scope, kind resources.ChildKind) ([]client.Object, error) {
	list, err := newList(kind)
	if err != nil {
		return nil, err
	}
	reader := client.Reader(r.Client)
	if kind.Cache == resources.CacheNothing {
		reader = r.Live
	}
	err = reader.List(ctx, list, s.everything()...)
	return itemsOf(list), err
}
