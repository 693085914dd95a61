package controllers

import (
	"cmp"
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// hostTaken stalls a twin whose Ingress asks for the host and path of another
// twin's, as controllers of Ingresses would give them to either. The twin that was
// given them first keeps them.
func (r *Reconciler) hostTaken(ctx context.Context, s *scope) error {
	if s.spec.API.Ingress == nil {
		return nil
	}
	twins := &v1.DigitalTwinList{}
	if err := r.List(ctx, twins); err != nil {
		return err
	}
	holds, err := r.holdsHost(ctx, s.twin)
	if err != nil {
		return err
	}
	for i := range twins.Items {
		other := &twins.Items[i]
		if other.UID == s.twin.UID || !other.DeletionTimestamp.IsZero() || resources.Address(&other.Spec.API) != resources.Address(&s.spec.API) {
			continue
		}
		theirs, err := r.holdsHost(ctx, other)
		if err != nil {
			return err
		}
		if theirs && !holds || theirs == holds && older(other, s.twin) {
			return stalled(v1.ReasonHostTaken, "spec.api.ingress.host: %s is that of the twin %s in the namespace %s; write another host, or another api.basePath",
				s.spec.API.Ingress.Host, other.Name, other.Namespace)
		}
	}
	return nil
}

// holdsHost reports whether a twin's Ingress has the host that the twin asks for now.
// One from an operator that wrote no address on it has it.
func (r *Reconciler) holdsHost(ctx context.Context, twin *v1.DigitalTwin) (bool, error) {
	ingress := &metav1.PartialObjectMetadata{}
	ingress.SetGroupVersionKind(resources.KindIngress)
	err := r.Get(ctx, client.ObjectKey{Namespace: twin.Namespace, Name: resources.Name(twin.Name, v1.ComponentAPI)}, ingress)
	if err != nil || !metav1.IsControlledBy(ingress, twin) {
		return false, client.IgnoreNotFound(err)
	}
	address, written := ingress.Annotations[resources.AnnotationAddress]
	return !written || address == resources.Address(&twin.Spec.API), nil
}

// older orders twins by when they were created, and by name where that is the
// same second.
func older(a, b *v1.DigitalTwin) bool {
	return cmp.Or(
		a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
	) < 0
}
