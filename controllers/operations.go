package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/internal/config"
)

// operations are what spec.operations asks for, never nil.
func (s *scope) operations() *v1.Operations {
	if s.spec.Operations == nil {
		return &v1.Operations{}
	}
	return s.spec.Operations
}

// restarts are the newest requests for restarts. The record has those that the spec
// has no more: removing one must not roll pods back.
func (s *scope) restarts() map[string]v1.Instant {
	out := map[string]v1.Instant{}
	maps.Copy(out, s.operations().RestartAt)
	for component, at := range s.memory.Ran.Restarts {
		out[component] = max(at, out[component])
	}
	return out
}

// backupRequest is the newest request for a backup, and whether it was carried
// out.
func (s *scope) backupRequest() (at v1.Instant, done bool) {
	at = s.operations().BackupAt
	if last := s.memory.Backup; last != nil && last.RequestedAt >= at {
		return last.RequestedAt, true
	}
	return at, false
}

// backup makes the Job of a backup that was asked for, once the database answers.
func (r *Reconciler) backup(ctx context.Context, s *scope) (ctrl.Result, error) {
	_, done := s.backupRequest()
	if s.wanted.Backup == "" || done || s.spec.State == v1.StateHibernated || s.inputs.Restoring || !s.observed[v1.ComponentTimescale].available() {
		return ctrl.Result{}, nil
	}
	return r.applyStep(resources.StepBackup)(ctx, s)
}

// observeBackups learns from the Jobs that are there what became of backups, of
// those on schedule too.
func (r *Reconciler) observeBackups(ctx context.Context, s *scope) error {
	if s.spec.Timescale.Managed == nil || s.spec.Timescale.Managed.Backup == nil {
		s.twin.Status.Backup = nil
		return nil
	}
	jobs := &batchv1.JobList{}
	of := client.MatchingLabels(resources.SelectorLabels(s.twin.Name, resources.ComponentBackup))
	if err := r.List(ctx, jobs, client.InNamespace(s.twin.Namespace), of); err != nil {
		return err
	}
	pods, err := r.pods(ctx, s, resources.ComponentBackup)
	if err != nil {
		return err
	}
	st := v1.BackupStatus{}
	if s.memory.Backup != nil {
		st = *s.memory.Backup.DeepCopy()
	}
	for i := range jobs.Items {
		s.noteBackup(&st, &jobs.Items[i], pods)
	}
	if st.LastSuccessAt > st.LastFailureAt { // in the same second the failure is what has to be known
		st.LastFailureAt, st.Message = "", ""
	}
	s.twin.Status.Backup = nil
	if !emptyBackup(st) {
		s.twin.Status.Backup = &st
	}
	return nil
}

func emptyBackup(st v1.BackupStatus) bool {
	return st.LastSuccessAt == "" && st.LastFailureAt == "" && st.RequestedAt == ""
}

// noteBackup takes the outcome of one Job into the status, if it has ended.
func (s *scope) noteBackup(st *v1.BackupStatus, job *batchv1.Job, pods []corev1.Pod) {
	end, failed := jobEnd(job)
	if end == "" {
		return
	}
	if job.Name == s.wanted.Backup && metav1.IsControlledBy(job, s.twin) {
		st.RequestedAt, _ = s.backupRequest()
	}
	switch {
	case failed && end > st.LastFailureAt:
		st.LastFailureAt, st.Message = end, "see the log of Job "+job.Name
		if f := lastFailure(pods, job); f != nil {
			st.Message = lastLine(f.Message)
		}
	case !failed && end >= st.LastSuccessAt:
		st.LastSuccessAt = end
		var outcome config.BackupOutcome
		if json.Unmarshal([]byte(lastWords(pods, job)), &outcome) == nil && len(outcome.Dumps) > 0 {
			st.Dumps = outcome.Dumps[:min(len(outcome.Dumps), maxDumps)]
		}
	}
}

// maxDumps is how many dumps the status lists.
const maxDumps = 16

// jobEnd is when a Job ended, "" if it has not, and whether it failed.
func jobEnd(job *batchv1.Job) (at v1.Instant, failed bool) {
	for _, c := range job.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobComplete:
			return v1.InstantOf(c.LastTransitionTime.Time), false
		case batchv1.JobFailed:
			return v1.InstantOf(c.LastTransitionTime.Time), true
		}
	}
	return "", false
}

// lastWords is the termination message of a Job's newest pod that ended well.
func lastWords(pods []corev1.Pod, job *batchv1.Job) string {
	newestFirst(pods)
	for i := range pods {
		if !metav1.IsControlledBy(&pods[i], job) {
			continue
		}
		for _, c := range pods[i].Status.ContainerStatuses {
			if end := c.State.Terminated; end != nil && end.ExitCode == 0 {
				return end.Message
			}
		}
	}
	return ""
}

// reasonAgesLost is the reason of an Event about the ages of the credentials.
const reasonAgesLost = "AgesLost"

// agesOn are the ages that a Secret has on it: none of one that the operator has not
// written yet.
func agesOn(secret *corev1.Secret) (resources.Changes, error) {
	doc, there := secret.Annotations[resources.AnnotationChanges]
	if !there {
		ours := slices.ContainsFunc(secret.ManagedFields, func(f metav1.ManagedFieldsEntry) bool {
			return f.Manager == FieldOwner && f.Operation == metav1.ManagedFieldsOperationApply
		})
		if ours {
			return nil, fmt.Errorf("the annotation %s is gone", resources.AnnotationChanges)
		}
		return nil, nil
	}
	known := resources.Changes{}
	if err := json.Unmarshal([]byte(doc), &known); err != nil {
		return nil, fmt.Errorf("the annotation %s cannot be read: %w", resources.AnnotationChanges, err)
	}
	return known, nil
}

// agesOf brings the ages of the credentials up to date and replaces those whose
// rotation was asked for after they got their value. Values that nobody has seen
// before are as old as the Secret; one that somebody else wrote is new. Where the
// ages of a Secret that the operator has written are lost, all values count as new:
// a rotation that was carried out must not be carried out again.
func (r *Reconciler) agesOf(s *scope, secret *corev1.Secret, values resources.Credentials, made map[string]bool) (resources.Changes, error) {
	known, err := agesOn(secret)
	lost := err != nil
	if lost {
		r.warn(s, reasonAgesLost, "the Secret %s: %v; all values count as changed now, and no rotation that was asked for before is carried out", secret.Name, err)
	}
	now := v1.InstantOf(r.Now())
	changes := resources.Changes{}
	for _, key := range resources.CredentialKeys() {
		last, ok := known[key]
		at := last.At
		switch {
		case lost:
			at = max(now, s.operations().RotateAt[key])
		case made[key], ok && last.Mark != resources.MarkOf(s.twin, key, values[key]):
			at = now
		case !ok:
			at = v1.InstantOf(secret.CreationTimestamp.Time)
		}
		if wanted := s.operations().RotateAt[key]; wanted > at {
			if !made[key] {
				value, err := r.newCredential(key)
				if err != nil {
					return nil, err
				}
				values[key] = value
				s.rotated = append(s.rotated, key)
			}
			at = max(wanted, now)
		}
		changes[key] = resources.Change{At: at, Mark: resources.MarkOf(s.twin, key, values[key])}
	}
	return changes, nil
}

// describeOperations fills in the ages of the credentials and which restarts were
// carried out.
func (s *scope) describeOperations() {
	st := &s.twin.Status
	st.Credentials = nil
	for _, key := range slices.Sorted(maps.Keys(s.inputs.Changes)) {
		st.Credentials = append(st.Credentials, v1.CredentialStatus{Key: key, ChangedAt: s.inputs.Changes[key].At})
	}
	for i := range st.Components {
		st.Components[i].RestartedAt = s.inputs.Restarts[st.Components[i].Name]
	}
}
