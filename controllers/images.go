package controllers

import (
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// images are those that the twin runs. They move when the spec says so, or by
// themselves under updatePolicy: Automatic, one twin at a time.
func (r *Reconciler) images(s *scope) (resources.Images, error) {
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
	from, to := resources.PostgresMajor(pinned.Timescale), resources.PostgresMajor(wanted.Timescale)
	if s.spec.Timescale.Managed != nil && from != "" && to != "" && from != to {
		return wanted, stalled(v1.ReasonMajorUpgrade,
			"PostgreSQL %s cannot become %s in place; keep an image of %s, or dump the database, make another twin, and restore there", from, to, from)
	}
	return wanted, nil
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
