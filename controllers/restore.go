package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/internal/config"
)

// restoreFrom is the dump that the spec asks for, nil for none.
func (s *scope) restoreFrom() *v1.RestoreFrom {
	if m := s.spec.Timescale.Managed; m != nil {
		return m.RestoreFrom
	}
	return nil
}

// restoring reports whether a dump is still to be restored. The record has the last
// restore, so that the Job is free to go.
func (s *scope) restoring() bool {
	from, last := s.restoreFrom(), s.memory.Restored
	return from != nil && (last == nil || last.ID() != from.ID())
}

// restored is the ID of the restore that the database starts from, or will.
func (s *scope) restored() string {
	if from := s.restoreFrom(); from != nil {
		return from.ID()
	}
	if last := s.memory.Restored; last != nil && s.spec.Timescale.Managed != nil {
		return last.ID()
	}
	return ""
}

// restore runs the Job that restores a dump, once the database answers and no
// workload is left that would write to it.
func (r *Reconciler) restore(ctx context.Context, s *scope) (ctrl.Result, error) {
	if !s.inputs.Restoring {
		return ctrl.Result{}, nil
	}
	if err := r.observeStores(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	if s.spec.State == v1.StateHibernated || !s.observed[v1.ComponentTimescale].available() {
		return ctrl.Result{}, nil
	}
	running, err := r.workloadPods(ctx, s)
	if err != nil || running {
		return ctrl.Result{}, err
	}
	return r.applyStep(resources.StepRestore)(ctx, s)
}

// workloadPods reports whether a workload still has pods, or may get some. A
// Deployment does not count a pod that is ending, which may still write.
func (r *Reconciler) workloadPods(ctx context.Context, s *scope) (bool, error) {
	for _, component := range workloadNames() {
		d := &appsv1.Deployment{}
		err := r.Get(ctx, client.ObjectKey{Namespace: s.twin.Namespace, Name: s.name(component)}, d)
		if client.IgnoreNotFound(err) != nil {
			return false, err
		}
		if err == nil && (d.Status.Replicas > 0 || d.Status.ObservedGeneration < d.Generation || d.Spec.Replicas == nil || *d.Spec.Replicas > 0) {
			return true, nil
		}
		pods, err := r.pods(ctx, s, component)
		if err != nil || slices.ContainsFunc(pods, running) {
			return true, err
		}
	}
	return false, nil
}

// observeRestore sees the Job and what its pod reported at its end.
func (r *Reconciler) observeRestore(ctx context.Context, s *scope) error {
	from := s.restoreFrom()
	if from == nil || !s.inputs.Restoring {
		return nil
	}
	job := &batchv1.Job{}
	err := r.Get(ctx, client.ObjectKey{Namespace: s.twin.Namespace, Name: s.wanted.Restore}, job)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	if !metav1.IsControlledBy(job, s.twin) {
		return nil
	}
	s.restoreJob = true
	pods, err := r.pods(ctx, s, v1.ComponentRestore)
	if err != nil {
		return err
	}
	if !jobHas(job, batchv1.JobComplete) {
		s.restoreTrouble = trouble(v1.ComponentRestore, pods)
		return nil
	}
	var outcome config.RestoreOutcome
	if err := json.Unmarshal([]byte(lastWords(pods, job)), &outcome); err != nil {
		s.log.Info("the Job has ended, and its pod is gone: how many rows it restored is not known", "job", job.Name)
	}
	s.memory.restored(&v1.RestoreStatus{Dump: from.Dump, At: from.At, Rows: outcome.Rows, Previous: outcome.Previous})
	r.event(s, "Restored", "%s is restored, %d rows%s", from.Dump, outcome.Rows, migrates(outcome))
	return nil
}

// migrates is what becomes of a restored schema that is not the one before, in words.
func migrates(o config.RestoreOutcome) string {
	if o.Schema == o.SchemaBefore {
		return ""
	}
	return fmt.Sprintf("; its schema is version %d, and the preparation migrates it to that of the twin's image", o.Schema)
}

// restoreVerdict is what SchemaReady reports while a dump is restored.
func (s *scope) restoreVerdict() verdict {
	dump := s.restoreFrom().Dump
	switch {
	case s.spec.State == v1.StateHibernated:
		return yes(v1.ReasonHibernated, "%s is restored when the twin runs again", dump)
	case s.restoreTrouble != "":
		return no(v1.ReasonRestoreFailed, "%s is not restored and tried again: %s", dump, s.restoreTrouble)
	case s.restoreJob:
		return no(v1.ReasonRestoring, "the Job %s is restoring %s; workloads are stopped meanwhile", s.wanted.Restore, dump)
	}
	return no(v1.ReasonRestoring, "%s is restored when the database is available and the workloads have stopped", dump)
}

// lastLine is the last line of a text.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
