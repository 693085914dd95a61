package controllers

import (
	"cmp"
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	v1 "github.com/energytwin/energytwin/api/v1"
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
	holds := holdsHost(s.before)
	for i := range twins.Items {
		other := &twins.Items[i]
		if other.UID == s.twin.UID || !other.DeletionTimestamp.IsZero() || !sameHost(&other.Spec.API, &s.spec.API) {
			continue
		}
		if theirs := holdsHost(other); theirs && !holds || theirs == holds && older(other, s.twin) {
			return stalled(v1.ReasonHostTaken, "spec.api.ingress.host: %s is that of the twin %s in the namespace %s; write another host, or another api.basePath",
				s.spec.API.Ingress.Host, other.Name, other.Namespace)
		}
	}
	return nil
}

// sameHost reports whether the Ingresses of two twins ask for the same host and path.
func sameHost(a, b *v1.API) bool {
	return a.Ingress != nil && b.Ingress != nil && a.Ingress.Host == b.Ingress.Host && a.BasePath == b.BasePath
}

// holdsHost reports whether a twin was given the host that it asks for now.
func holdsHost(twin *v1.DigitalTwin) bool {
	stall := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled)
	if twin.Status.Endpoints == nil || stall != nil && stall.Reason == v1.ReasonHostTaken {
		return false
	}
	_, address, _ := strings.Cut(twin.Status.Endpoints.UI, "://")
	return address == twin.Spec.API.Ingress.Host+twin.Spec.API.BasePath+"/ui"
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
