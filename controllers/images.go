package controllers

import (
	"context"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// images are those that the twin is to run: what its spec names, else what it is
// pinned to. Pins move under updatePolicy: Automatic alone, one twin at a time.
func (r *Reconciler) images(ctx context.Context, s *scope) (resources.Images, error) {
	s.pins = resources.PinnedImages(s.twin, &s.memory.Record, r.Images)
	wanted, err := resources.ResolveImages(s.twin, s.pins)
	if err != nil {
		return wanted, stalled(v1.ReasonInvalidSpec, "%v", err)
	}
	if s.spec.UpdatePolicy == v1.UpdateAutomatic {
		newest, err := resources.ResolveImages(s.twin, r.Images)
		if err != nil {
			return wanted, stalled(v1.ReasonInvalidSpec, "%v", err)
		}
		wanted = r.newestInTurn(s, wanted, newest)
	} else {
		r.updates.release(s.key())
	}
	return wanted, r.checkMajor(ctx, s, wanted.Timescale)
}

// newestInTurn are the newest images if it is the twin's turn, else the kept
// ones. The turn ends when the twin is Ready on the newest ones.
func (r *Reconciler) newestInTurn(s *scope, kept, newest resources.Images) resources.Images {
	if kept == newest {
		if s.settled() && s.helperFollowed() {
			r.updates.release(s.key())
		}
		return kept
	}
	if r.updates.take(s.key()) {
		return newest
	}
	return kept
}

// checkMajor rejects another major version of PostgreSQL than the one that wrote
// the volume.
func (r *Reconciler) checkMajor(ctx context.Context, s *scope, image string) error {
	if s.spec.Timescale.Managed == nil {
		return nil
	}
	from, err := r.postgresMajor(ctx, s)
	if err != nil {
		return err
	}
	if from == "" {
		from = resources.PostgresMajor(s.memory.RunningImages().Timescale)
	}
	to := resources.PostgresMajor(image)
	if from == "" || to == "" || from == to {
		return nil
	}
	return stalled(v1.ReasonMajorUpgrade,
		"PostgreSQL %s cannot become %s in place; keep an image of %s, or dump the database, make another twin, and restore there", from, to, from)
}

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

// settled reports whether the twin was Ready at the last observation, with
// nothing on its way.
func (s *scope) settled() bool {
	ready, reconciling := s.condition(v1.ConditionReady), s.condition(v1.ConditionReconciling)
	return ready != nil && ready.Status == "True" && reconciling == nil
}

// describeImages records which image each component runs, and the pins. An image is
// recorded when all pods of the component run it, so that one which is taken back
// before then is gone without a trace.
func (s *scope) describeImages(chosen resources.Images) {
	next := resources.Record{Ran: resources.Ran{Images: map[string]string{}}}
	for i := range s.twin.Status.Components {
		c := &s.twin.Status.Components[i]
		c.Image = s.inputs.Images.Of(c.Name)
		if ran := s.memory.Ran.Images[c.Name]; ran != "" && !s.rolledOut(c.Name) {
			c.Image = ran
		}
		next.Ran.Images[c.Name] = c.Image
		if c.Name == v1.ComponentKafka {
			c.HelperImage = s.memory.Ran.KafkaHelper
			if s.rolledOut(c.Name) {
				c.HelperImage = s.inputs.KafkaHelper
			}
		}
	}
	if s.spec.UpdatePolicy == v1.UpdateAutomatic {
		s.pins = resources.MovePins(s.twin, &next, s.pins, chosen)
	}
	pins := v1.PinnedImages(s.pins)
	s.twin.Status.PinnedImages = &pins
}

// rolledOut reports whether what is wanted of a component was written, and all of its
// pods follow it.
func (s *scope) rolledOut(component string) bool {
	written := s.applied[objectID{resources.KindStatefulSet, s.name(component)}] ||
		s.applied[objectID{resources.KindDeployment, s.name(component)}]
	return written && s.observed[component].available()
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
