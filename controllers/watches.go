package controllers

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// CacheOptions keep the cache small: only what carries the operator's label,
// and of that only what is asked for. A whole Deployment in the cache costs some
// 20 kB, its metadata and status 1 to 2.
func CacheOptions(namespaces ...string) cache.Options {
	ours := labels.SelectorFromSet(labels.Set{resources.LabelManagedBy: resources.ManagedBy})
	common := &shared{}
	o := cache.Options{
		DefaultLabelSelector: ours,
		DefaultTransform:     trimMetadata(common),
		ByObject:             cachedObjects(common),
	}
	if len(namespaces) > 0 {
		o.DefaultNamespaces = map[string]cache.Config{}
		for _, n := range namespaces {
			o.DefaultNamespaces[n] = cache.Config{}
		}
	}
	return o
}

// newObject is an empty object of a kind, as the cache holds it: typed where more
// than the metadata is cached.
func newObject(kind resources.ChildKind) (client.Object, error) {
	if kind.Cache == resources.CacheObject {
		return typed[client.Object](kind.GroupVersionKind)
	}
	o := &metav1.PartialObjectMetadata{}
	o.SetGroupVersionKind(kind.GroupVersionKind)
	return o, nil
}

// newList is an empty list of objects of a kind, as newObject makes them.
func newList(kind resources.ChildKind) (client.ObjectList, error) {
	if kind.Cache == resources.CacheObject {
		return typed[client.ObjectList](listKind(kind.GroupVersionKind))
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(listKind(kind.GroupVersionKind))
	return list, nil
}

func listKind(kind schema.GroupVersionKind) schema.GroupVersionKind {
	return kind.GroupVersion().WithKind(kind.Kind + "List")
}

// typed is an empty object of a kind that Kubernetes itself defines.
func typed[T any](kind schema.GroupVersionKind) (T, error) {
	object, err := clientgoscheme.Scheme.New(kind)
	if err != nil {
		return *new(T), err
	}
	as, ok := object.(T)
	if !ok {
		return as, fmt.Errorf("%s is no object of the API", kind.Kind)
	}
	return as, nil
}

func metaOf(o client.Object) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: o.GetNamespace(), Name: o.GetName(), UID: o.GetUID(), ResourceVersion: o.GetResourceVersion(),
		Generation: o.GetGeneration(), Labels: o.GetLabels(), Annotations: o.GetAnnotations(), OwnerReferences: o.GetOwnerReferences(),
	}}
}

// itemsOf are the objects of a list.
func itemsOf(list client.ObjectList) []client.Object {
	var out []client.Object
	_ = meta.EachListItem(list, func(o runtime.Object) error {
		if item, ok := o.(client.Object); ok {
			out = append(out, item)
		}
		return nil
	})
	return out
}

// Options of the controller.
type Options struct {
	Concurrent int // reconciliations at the same time
}

// SetupWithManager watches twins and their children.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, o Options) error {
	b := ctrl.NewControllerManagedBy(mgr).
		Named("digitaltwin").
		// Its own status wakes the operator too. It could have worked on a twin from
		// before its last write, and taken what it saw for what is written.
		For(&v1.DigitalTwin{}).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(twinOf), builder.WithPredicates(predicate.Or(ofComponent(append(resources.ComponentNames(resources.RoleTask), v1.ComponentKafka)...), podNews()))).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: max(o.Concurrent, 1),
			// What a person may fix at any time is not left alone for long.
			RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](5*time.Millisecond, retryAtMost),
		})
	for _, kind := range resources.ChildKinds(resources.Kinds{}) {
		if kind.Cache == resources.CacheNothing {
			continue
		}
		object, err := newObject(kind)
		if err != nil {
			return err
		}
		if kind.Kept { // without an owner: the labels have whose it is
			b = b.Watches(object, handler.EnqueueRequestsFromMapFunc(twinOf))
			continue
		}
		b = b.Owns(object)
	}
	return b.Complete(r)
}

// twinOf is the twin that an object's labels name.
func twinOf(_ context.Context, o client.Object) []reconcile.Request {
	name := o.GetLabels()[resources.LabelInstance]
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: client.ObjectKey{Namespace: o.GetNamespace(), Name: name}}}
}

// podNews are the pods that their controllers' status does not cover: those that
// are in other trouble than before, begin to end, or are gone.
func podNews() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok := e.ObjectOld.(*corev1.Pod)
			now, stillPod := e.ObjectNew.(*corev1.Pod)
			return ok && stillPod && (finished(before) != finished(now) || before.DeletionTimestamp == nil && now.DeletionTimestamp != nil ||
				troubleOf("", &before.Status) != troubleOf("", &now.Status))
		},
	}
}

func ofComponent(components ...string) predicate.Predicate {
	return predicate.NewPredicateFuncs(func(o client.Object) bool {
		for _, c := range components {
			if o.GetLabels()[resources.LabelComponent] == c {
				return true
			}
		}
		return false
	})
}
