package controllers

import (
	"context"
	"fmt"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// images are those that the twin runs. They move when the spec says so, or by
// themselves under updatePolicy: Automatic, one twin at a time.
func (r *Reconciler) images(ctx context.Context, s *scope) (resources.Images, error) {
	pinned := resources.PinnedImages(s.twin)
	kept := resources.ResolveImages(s.twin, r.Images, pinned)
	newest := resources.ResolveImages(s.twin, r.Images, resources.Images{})
	wanted := kept
	if s.spec.UpdatePolicy == v1.UpdateAutomatic && kept != newest {
		if r.updates.take(s.key()) {
			wanted = newest
		}
	}
	if kept == newest && s.settled() {
		r.updates.release(s.key())
	}
	if s.spec.Timescale.Managed == nil {
		return wanted, nil
	}
	from, err := r.postgresMajor(ctx, s)
	if from == "" {
		from = resources.PostgresMajor(pinned.Timescale)
	}
	if to := resources.PostgresMajor(wanted.Timescale); err == nil && from != "" && to != "" && from != to {
		err = stalled(v1.ReasonMajorUpgrade,
			"PostgreSQL %s cannot become %s in place; keep an image of %s, or dump the database, make another twin, and restore there", from, to, from)
	}
	return wanted, err
}

// annotationPostgresMajor, on the claim of a database's volume, is the major
// version that wrote it: the volume outlives the pin in the twin's status, and
// the twin.
const annotationPostgresMajor = v1.Group + "/postgres-major"

// postgresMajor is the major version that wrote the database's volume, "" if
// there is none or it has not been noted.
func (r *Reconciler) postgresMajor(ctx context.Context, s *scope) (string, error) {
	claims, err := r.claims(ctx, s, v1.ComponentTimescale)
	for i := range claims {
		if major := claims[i].Annotations[annotationPostgresMajor]; major != "" {
			return major, nil
		}
	}
	return "", err
}

// notePostgresMajor notes it once the database has come up.
func (r *Reconciler) notePostgresMajor(ctx context.Context, s *scope) error {
	major := resources.PostgresMajor(s.inputs.Images.Timescale)
	if p := s.parts[v1.ComponentTimescale]; major == "" || !p.available() || p.replicas == 0 {
		return nil
	}
	claims, err := r.claims(ctx, s, v1.ComponentTimescale)
	if err != nil {
		return err
	}
	for i := range claims {
		if claims[i].Annotations[annotationPostgresMajor] != "" {
			continue
		}
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, annotationPostgresMajor, major)
		if err := r.Patch(ctx, claims[i].DeepCopy(), client.RawPatch("application/merge-patch+json", patch), client.FieldOwner(FieldOwner)); err != nil {
			return fmt.Errorf("note the version of PostgreSQL on volume %s: %w", claims[i].Name, err)
		}
	}
	return nil
}

// settled tells whether the twin was Ready when it was last looked at, with
// nothing on its way.
func (s *scope) settled() bool {
	ready, reconciling := s.condition(v1.ConditionReady), s.condition(v1.ConditionReconciling)
	return ready != nil && ready.Status == "True" && reconciling == nil
}

// updateTurn lets one twin at a time take up new images.
type updateTurn struct {
	mu   sync.Mutex
	twin client.ObjectKey
}

// take is true for the twin whose turn it is.
func (u *updateTurn) take(twin client.ObjectKey) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.twin == (client.ObjectKey{}) {
		u.twin = twin
	}
	return u.twin == twin
}

func (u *updateTurn) release(twin client.ObjectKey) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.twin == twin {
		u.twin = client.ObjectKey{}
	}
}
