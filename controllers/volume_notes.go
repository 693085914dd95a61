package controllers

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// Annotations on the claims of volumes, which outlive the twin's status and the
// twin.
const (
	// annotationPostgresMajor is the major version of PostgreSQL that wrote the
	// volume.
	annotationPostgresMajor = v1.Group + "/postgres-major"
	// annotationKafkaNodes is the number of brokers that form the volume's cluster.
	annotationKafkaNodes = v1.Group + "/kafka-nodes"
)

// volumeNotes are the annotations that the cache keeps.
func volumeNotes() []string { return []string{annotationPostgresMajor, annotationKafkaNodes} }

// noteVolumes records on the volumes of a store what wrote them: on those of a
// database once it has come up, on those of brokers at once, as a broker writes its
// voters when it starts.
func (r *Reconciler) noteVolumes(ctx context.Context, s *scope) error {
	notes := map[string][2]string{}
	if major := resources.PostgresMajor(s.inputs.Images.Timescale); major != "" && s.running(v1.ComponentTimescale) {
		notes[v1.ComponentTimescale] = [2]string{annotationPostgresMajor, major}
	}
	if m := s.spec.Kafka.Managed; m != nil && s.applied[objectID{resources.KindStatefulSet, s.name(v1.ComponentKafka)}] {
		notes[v1.ComponentKafka] = [2]string{annotationKafkaNodes, strconv.Itoa(int(*m.Replicas))}
	}
	for component, note := range notes {
		claims, err := r.claims(ctx, s, component)
		if err != nil {
			return err
		}
		for i := range claims {
			if !bound(&claims[i]) {
				continue
			}
			if err := r.noteVolume(ctx, &claims[i], note[0], note[1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// running reports whether a component has come up and is not stopped.
func (s *scope) running(component string) bool {
	p := s.observed[component]
	return p.available() && p.replicas > 0
}

func (r *Reconciler) noteVolume(ctx context.Context, claim *corev1.PersistentVolumeClaim, key, value string) error {
	if claim.Annotations[key] != "" {
		return nil
	}
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, key, value)
	if err := r.Patch(ctx, claim.DeepCopy(), client.RawPatch("application/merge-patch+json", patch), client.FieldOwner(FieldOwner)); err != nil {
		return fmt.Errorf("note %s on volume %s: %w", key, claim.Name, err)
	}
	return nil
}

// brokers is the number of brokers whose cluster is on volumes, 0 if no volume
// exists.
func brokers(claims []corev1.PersistentVolumeClaim) int {
	if !slices.ContainsFunc(claims, func(c corev1.PersistentVolumeClaim) bool { return bound(&c) }) {
		return 0
	}
	for i := range claims {
		// Somebody may have scaled the StatefulSet, which left volumes of brokers that
		// never belonged to the cluster: the note counts.
		if noted, err := strconv.Atoi(claims[i].Annotations[annotationKafkaNodes]); err == nil {
			return noted
		}
	}
	return len(claims)
}

// checkBrokers rejects another number of brokers than that of the volumes that
// exist: their voters are written in them. The API server does so where the status
// reports the volumes.
func (r *Reconciler) checkBrokers(ctx context.Context, s *scope) error {
	claims, err := r.claims(ctx, s, v1.ComponentKafka)
	if err != nil || s.spec.Kafka.Managed == nil {
		return err
	}
	want, have := int(*s.spec.Kafka.Managed.Replicas), brokers(claims)
	if have == 0 || have == want {
		return nil
	}
	return stalled(v1.ReasonFixedField, "spec.kafka.managed.replicas is %d, but there are volumes of %d brokers from before; write %d, or delete these volumes and their data",
		want, have, have)
}

// observeVolumes reports the volumes that exist, also those of a store that is
// external now: they come back with it.
func (r *Reconciler) observeVolumes(ctx context.Context, s *scope) error {
	var found v1.VolumesStatus
	for _, c := range resources.Components() {
		if c.Reported == nil {
			continue
		}
		claims, err := r.claims(ctx, s, c.Name)
		if err != nil {
			return err
		}
		into := c.Reported(&found)
		*into = volumeStatus(claims)
		if c.Name == v1.ComponentKafka && *into != nil {
			(*into).Brokers = int32(brokers(claims))
		}
	}
	s.twin.Status.Volumes = nil
	if found != (v1.VolumesStatus{}) {
		s.twin.Status.Volumes = &found
	}
	return nil
}

// volumeStatus is what the volumes of claims have, nil if none exists.
func volumeStatus(claims []corev1.PersistentVolumeClaim) *v1.VolumeStatus {
	var out *v1.VolumeStatus
	for i := range claims {
		claim := &claims[i]
		if !bound(claim) {
			continue
		}
		size := capacity(claim)
		if out == nil || size.Cmp(out.Size.Quantity()) < 0 {
			out = &v1.VolumeStatus{Size: v1.Size(size.String()), ClassName: classOf(claim)}
		}
	}
	return out
}
