package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// reasonRecordUnreadable is the reason of an Event about what the operator keeps on
// the credentials Secret.
const reasonRecordUnreadable = "RecordUnreadable"

// memory is the twin's record, and the objects of which its entries are true.
type memory struct {
	resources.Record
	doc      string    // as it is on the Secret
	stream   types.UID // of the volume of the stream, or of the twin if it is external
	database types.UID // of the volume of the database, "" if there is none
}

// remember reads the record from the credentials Secret, which the caller has just
// read. Without one it is made from the status: an operator from before kept no
// other, and a person may have deleted the Secret.
func (r *Reconciler) remember(ctx context.Context, s *scope, secret *corev1.Secret) error {
	m := &s.memory
	var err error
	if m.database, err = r.volumeOf(ctx, s, v1.ComponentTimescale); err != nil {
		return err
	}
	if m.stream = s.twin.UID; s.spec.Kafka.External == nil {
		if m.stream, err = r.volumeOf(ctx, s, v1.ComponentKafka); err != nil {
			return err
		}
	}
	if m.doc = secret.Annotations[resources.AnnotationRecord]; m.doc != "" {
		if m.Record, err = resources.ParseRecord(m.doc); err != nil {
			r.warn(s, reasonRecordUnreadable, "the Secret %s: %v; it is written again from the status", secret.Name, err)
		}
	}
	if m.doc == "" || err != nil {
		m.Record = s.recordOfStatus()
	}
	if m.Ran.Of != s.twin.UID {
		m.Ran = resources.Ran{Of: s.twin.UID}
	}
	if m.Finished != nil && m.Finished.Of != m.stream {
		m.Finished = nil
	}
	if m.Restored != nil && m.Restored.Of != m.database {
		m.Restored = nil
	}
	return nil
}

// recordOfStatus is the record of a twin whose Secret has none.
func (s *scope) recordOfStatus() resources.Record {
	st := &s.before.Status
	ran := resources.Ran{Of: s.twin.UID, Images: map[string]string{}, Restarts: map[string]v1.Instant{}}
	reads := ""
	for _, c := range st.Components {
		ran.Images[c.Name] = c.Image
		if c.RestartedAt != "" {
			ran.Restarts[c.Name] = c.RestartedAt
		}
		switch c.Name {
		case v1.ComponentKafka:
			ran.KafkaHelper = c.HelperImage
		case v1.ComponentGenerator:
			reads = c.ConfigHash
		}
	}
	if ran.KafkaHelper == "" && cameUp(s.was(v1.ConditionKafkaReady)) {
		// An operator from before recorded only the workloads' image.
		ran.KafkaHelper = ran.Images[v1.ComponentProcessor]
	}
	out := resources.Record{Pins: st.PinnedImages, Ran: ran, Backup: st.Backup}
	if flow := s.was(v1.ConditionDataFlowing); flow != nil && flow.Reason == v1.ReasonReplayFinished && s.memory.stream != "" {
		out.Finished = &resources.FinishedReplay{Of: s.memory.stream, Reads: reads}
	}
	if st.Restore != nil && s.memory.database != "" {
		out.Restored = &resources.Restored{Of: s.memory.database, RestoreStatus: *st.Restore}
	}
	return out
}

// volumeOf is the UID of the first volume of a component, "" if none exists.
func (r *Reconciler) volumeOf(ctx context.Context, s *scope, component string) (types.UID, error) {
	claims, err := r.claims(ctx, s, component)
	if err != nil {
		return "", err
	}
	slices.SortFunc(claims, func(a, b corev1.PersistentVolumeClaim) int { return strings.Compare(a.Name, b.Name) })
	for i := range claims {
		if bound(&claims[i]) {
			return claims[i].UID, nil
		}
	}
	return "", nil
}

// nextRecord is the record after this reconciliation, as the status reports it.
func (s *scope) nextRecord() resources.Record {
	next := s.memory.Record
	next.Version = resources.RecordVersion
	next.Pins = s.twin.Status.PinnedImages
	next.Ran = resources.Ran{Of: s.twin.UID, Images: map[string]string{}, Restarts: s.inputs.Restarts}
	next.Finished = nil
	ended := s.condition(v1.ConditionDataFlowing).Reason == v1.ReasonReplayFinished && s.memory.stream != ""
	for _, c := range s.twin.Status.Components {
		next.Ran.Images[c.Name] = c.Image
		switch {
		case c.Name == v1.ComponentKafka:
			next.Ran.KafkaHelper = c.HelperImage
		case c.Name == v1.ComponentGenerator && ended:
			next.Finished = &resources.FinishedReplay{Of: s.memory.stream, Reads: c.ConfigHash}
		}
	}
	if b := s.twin.Status.Backup; b != nil {
		next.Backup = b // of a twin without backups the last ones stay
	}
	return next
}

// record writes the record onto the credentials Secret if it changed. It comes before
// the status, so that what the status reports is remembered.
func (r *Reconciler) record(ctx context.Context, s *scope) error {
	if s.wanted == nil {
		return nil
	}
	doc, err := json.Marshal(s.nextRecord())
	if err != nil {
		return fmt.Errorf("record of the twin: %w", err)
	}
	if string(doc) == s.memory.doc {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{resources.AnnotationRecord: string(doc)}}})
	if err != nil {
		return fmt.Errorf("record of the twin: %w", err)
	}
	secret := &corev1.Secret{}
	secret.Namespace, secret.Name = s.twin.Namespace, resources.CredentialsName(s.twin.Name)
	// One that is deleted, or was not written yet, gets its record the next time.
	if err := client.IgnoreNotFound(r.Patch(ctx, secret, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(FieldOwner))); err != nil {
		return fmt.Errorf("record on Secret %s: %w", secret.Name, err)
	}
	return nil
}

// restored notes the restore that the database starts from.
func (m *memory) restored(st *v1.RestoreStatus) {
	m.Restored = &resources.Restored{Of: m.database, RestoreStatus: *st}
}
