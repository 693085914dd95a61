package controllers

import (
	"context"
	"fmt"
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

// noteVolumes records on the volumes of a store what wrote them, once it has come
// up.
func (r *Reconciler) noteVolumes(ctx context.Context, s *scope) error {
	notes := map[string][2]string{}
	if major := resources.PostgresMajor(s.inputs.Images.Timescale); major != "" {
		notes[v1.ComponentTimescale] = [2]string{annotationPostgresMajor, major}
	}
	if m := s.spec.Kafka.Managed; m != nil {
		notes[v1.ComponentKafka] = [2]string{annotationKafkaNodes, strconv.Itoa(int(*m.Replicas))}
	}
	for component, note := range notes {
		if p := s.parts[component]; !p.available() || p.replicas == 0 {
			continue
		}
		claims, err := r.claims(ctx, s, component)
		if err != nil {
			return err
		}
		for i := range claims {
			if err := r.noteVolume(ctx, &claims[i], note[0], note[1]); err != nil {
				return err
			}
		}
	}
	return nil
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
