package controllers

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// conclusion sets Ready, and Reconciling with it while it is False. A twin that
// has made no progress for spec.progressDeadline counts as failed, as a
// Deployment does: kstatus shows Failed, Argo CD Degraded. The operator goes on
// trying, so that this ends by itself.
func (s *scope) conclusion(ready, working verdict) {
	if ready.status == metav1.ConditionTrue {
		s.unset(v1.ConditionReconciling)
		s.unset(v1.ConditionStalled)
		s.set(v1.ConditionReady, ready)
		return
	}
	since := s.lastProgress()
	s.dueIn = since.Add(s.spec.ProgressDeadline.Std()).Sub(s.now)
	if s.dueIn <= 0 {
		s.stall(v1.ReasonProgressDeadlineExceeded, fmt.Sprintf("no progress for %s: %s", s.spec.ProgressDeadline, ready.message))
		return
	}
	s.unset(v1.ConditionStalled)
	s.set(v1.ConditionReady, ready)
	if c := s.condition(v1.ConditionReconciling); c != nil && !c.LastTransitionTime.Time.Equal(since) {
		s.unset(v1.ConditionReconciling)
	}
	s.setSince(v1.ConditionReconciling, working, since)
}

// lastProgress is when the twin last came closer to its spec, which is since when
// Reconciling is True. Time that passed before this operator ran does not count,
// as nobody could have made progress. A deadline that was exceeded stays exceeded
// until there is progress.
func (s *scope) lastProgress() time.Time {
	reconciling, stalled := s.was(v1.ConditionReconciling), s.was(v1.ConditionStalled)
	switch {
	case s.progressed():
		return s.now
	case stalled != nil:
		return time.Time{}
	case reconciling == nil:
		return s.now
	case reconciling.LastTransitionTime.Time.Before(s.began):
		return s.began
	}
	return reconciling.LastTransitionTime.Time
}

// progressed reports whether the twin is closer to its spec than when its status
// was written, or whether something new began.
func (s *scope) progressed() bool {
	stalled := s.was(v1.ConditionStalled)
	exceeded := stalled != nil && stalled.Reason == v1.ReasonProgressDeadlineExceeded
	switch {
	case s.before.Status.ObservedGeneration != s.twin.Generation, s.was(v1.ConditionPaused) != nil, stalled != nil && !exceeded:
		return true
	}
	for _, kind := range resources.ReadyConditions() {
		if meta.IsStatusConditionTrue(s.twin.Status.Conditions, kind) && !meta.IsStatusConditionTrue(s.before.Status.Conditions, kind) {
			return true
		}
	}
	// A container that crashes again and again is ready in between: this does not end
	// what has lasted for long.
	return !exceeded && slices.ContainsFunc(s.before.Status.Components, func(c v1.ComponentStatus) bool { return s.observed[c.Name].ready > c.Ready })
}
