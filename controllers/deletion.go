package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// holdUntilDataIsGone keeps the finalizer on twins whose data are to be deleted
// with them, and on no other: all else the garbage collector deletes by itself.
func (r *Reconciler) holdUntilDataIsGone(ctx context.Context, s *scope) error {
	hold := s.spec.DeletionPolicy == v1.DeletionDelete
	if hold == controllerutil.ContainsFinalizer(s.twin, v1.Finalizer) {
		return nil
	}
	return r.patchFinalizer(ctx, s, hold)
}

func (r *Reconciler) patchFinalizer(ctx context.Context, s *scope, hold bool) error {
	changed := s.before.DeepCopy()
	if hold {
		controllerutil.AddFinalizer(changed, v1.Finalizer)
	} else {
		controllerutil.RemoveFinalizer(changed, v1.Finalizer)
	}
	// The list is replaced as a whole: another's change in between must not be lost.
	patch := client.MergeFromWithOptions(s.before, client.MergeFromWithOptimisticLock{})
	if err := r.Patch(ctx, changed, patch, client.FieldOwner(FieldOwner)); err != nil {
		return fmt.Errorf("finalizer: %w", err)
	}
	r.written.note(s.key(), changed.ResourceVersion, s.now)
	s.twin.Finalizers, s.twin.ResourceVersion = changed.Finalizers, changed.ResourceVersion
	s.before = changed
	return nil
}

// delete deletes volumes and credentials of a twin under deletionPolicy: Delete,
// then lets it go. No store is asked for anything, so that none can hold it up.
func (r *Reconciler) delete(ctx context.Context, s *scope) (ctrl.Result, error) {
	if !controllerutil.ContainsFinalizer(s.twin, v1.Finalizer) {
		return ctrl.Result{}, nil
	}
	// What uses the volumes goes first: a volume in use stays, and a StatefulSet
	// that is still there may make another.
	leaving, err := r.deleteUsers(ctx, s)
	if err != nil {
		return ctrl.Result{}, err
	}
	if leaving {
		return ctrl.Result{RequeueAfter: deletionWait}, nil
	}
	claims := &corev1.PersistentVolumeClaimList{}
	// Of a twin that is deleted right after it was made, the cache may not know
	// the volumes yet.
	if err := r.Live.List(ctx, claims, s.everything()...); err != nil {
		return ctrl.Result{}, err
	}
	var failed []error
	for i := range claims.Items {
		failed = append(failed, client.IgnoreNotFound(r.Delete(ctx, &claims.Items[i])))
	}
	failed = append(failed, r.deleteCredentials(ctx, s))
	if err := errors.Join(failed...); err != nil {
		return ctrl.Result{}, fmt.Errorf("delete data: %w", err)
	}
	r.event(s, "DataDeleted", "%d volumes and the credentials are deleted", len(claims.Items))
	return ctrl.Result{}, client.IgnoreNotFound(r.patchFinalizer(ctx, s, false))
}

// deletionWait is the pause between observations of what is being deleted. Deleting it
// takes the API server no time, as no pod is waited for.
const deletionWait = time.Second

// everything selects all objects of the twin.
func (s *scope) everything() []client.ListOption {
	return []client.ListOption{client.InNamespace(s.twin.Namespace), client.MatchingLabels(resources.TwinLabels(s.twin.Name))}
}

// deleteUsers deletes what makes pods that use the volumes, and answers whether
// something was there. Their claims are then only waiting for the pods to end,
// which needs no operator.
func (r *Reconciler) deleteUsers(ctx context.Context, s *scope) (bool, error) {
	leaving := false
	for _, kind := range resources.ChildKinds(resources.Kinds{}) {
		if !kind.RunsPods {
			continue
		}
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(listKind(kind.GroupVersionKind))
		if err := r.Live.List(ctx, list, s.everything()...); err != nil {
			return false, err
		}
		for _, o := range itemsOf(list) {
			if !s.owns(o, false) {
				continue
			}
			leaving = true
			if o.GetDeletionTimestamp() != nil {
				continue
			}
			if err := client.IgnoreNotFound(r.Delete(ctx, o, client.PropagationPolicy("Background"))); err != nil {
				return false, fmt.Errorf("delete %s: %w", o.GetName(), err)
			}
		}
	}
	return leaving, nil
}

func (r *Reconciler) deleteCredentials(ctx context.Context, s *scope) error {
	secret, err := r.secret(ctx, s.twin.Namespace, resources.CredentialsName(s.twin.Name))
	if err != nil {
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	}
	if !s.owns(secret, true) {
		return nil
	}
	return client.IgnoreNotFound(r.Delete(ctx, secret, client.Preconditions{UID: &secret.UID}))
}
