package controllers

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// observation is what was seen of one component.
type observation struct {
	exists     bool
	image      string // of a Deployment's template
	reads      string // hash of what a Deployment's pods read
	replicas   int32  // that its Deployment or StatefulSet asks for
	need       int32  // that have to be ready
	created    int32  // pods that its controller counts
	ready      int32
	seen       bool   // its controller has worked on what was applied last
	rolling    bool   // pods of another template are still there, or not all are up to date
	unfinished bool   // its last roll-out has not come to its end
	recreated  bool   // the operator recreates its StatefulSet; the pods stay
	replaced   bool   // pods ended on request, and others take their place
	trouble    string // why its pods are not ready, if the cluster reports it
}

// waiting adds to what is waited for why that takes so long.
func (p observation) waiting(what string) string {
	if p.trouble == "" {
		return what
	}
	return what + ": " + p.trouble
}

// available reports whether all pods that are needed are ready and up to date. A
// component that needs none, as the generator of a replay that has ended, lacks
// nothing while its last pod ends.
func (p observation) available() bool {
	return p.exists && (p.need == 0 || !p.rolling && p.ready >= p.need)
}

// stopped reports whether its controller counts no pod, and will start none.
func (p observation) stopped() bool { return !p.exists || p.seen && p.replicas == 0 && p.created == 0 }

// needed is how many pods of a component have to be ready while the twin runs.
func (s *scope) needed(component string) int32 {
	if s.inputs.Restoring && slices.Contains(workloadNames(), component) {
		return 0 // they would write into what is being restored
	}
	if component == v1.ComponentGenerator && s.inputs.FinishedReads != "" && s.inputs.FinishedReads == s.wanted.Hashes[component] {
		return 0 // all is published
	}
	c := resources.ComponentOf(component)
	return c.Pods(s.spec)
}

// plannedReasons are those of components that were available and are on their way to
// be so again, as somebody asked for a change.
var plannedReasons = []string{v1.ReasonUpdating, v1.ReasonScaling, v1.ReasonRescheduling}

// cameUp reports from a component's condition before whether it was available and has
// not been stopped since.
func cameUp(before *metav1.Condition) bool {
	switch {
	case before == nil:
		return false
	case before.Status == metav1.ConditionTrue:
		return before.Reason == v1.ReasonAvailable
	}
	return before.Reason == v1.ReasonUnavailable || slices.Contains(plannedReasons, before.Reason)
}

// whyNot distinguishes a component on its way from one that is lost. What was planned
// stays planned until the component is available again, and what is lost stays lost
// until something is changed: both are in the status, so that an operator that
// starts again comes to the same.
func (s *scope) whyNot(kind, component string, p observation) string {
	before := s.was(kind)
	if !cameUp(before) {
		return v1.ReasonWaiting
	}
	template, replicas := s.changed(component, p)
	switch {
	case p.exists && template:
		return v1.ReasonUpdating
	case p.exists && replicas:
		return v1.ReasonScaling
	case before.Reason == v1.ReasonUpdating, before.Reason == v1.ReasonScaling:
		return before.Reason
	case p.recreated || p.unfinished:
		return v1.ReasonUpdating
	case p.exists && p.trouble == "" && (before.Reason == v1.ReasonRescheduling || before.Reason == v1.ReasonAvailable && p.replaced):
		return v1.ReasonRescheduling
	}
	return v1.ReasonUnavailable
}

// changed reports what of a component differs from when its status was written.
func (s *scope) changed(component string, p observation) (template, replicas bool) {
	i := slices.IndexFunc(s.before.Status.Components, func(c v1.ComponentStatus) bool { return c.Name == component })
	if i < 0 {
		return false, false
	}
	was := s.before.Status.Components[i]
	template = was.Image != s.inputs.Images.Of(component) || was.ConfigHash != s.wanted.Hashes[component] ||
		component == v1.ComponentKafka && was.HelperImage != s.inputs.KafkaHelper
	return template, was.Replicas != p.replicas || was.Replicas < p.need
}

// worse is the reason of two that reports more about what is wrong.
func worse(a, b string) string {
	order := []string{v1.ReasonRescheduling, v1.ReasonScaling, v1.ReasonUpdating, v1.ReasonWaiting, v1.ReasonUnavailable}
	if slices.Index(order, a) > slices.Index(order, b) {
		return a
	}
	return b
}

// served reports whether the twin came up and has not been stopped since.
func (s *scope) served() bool {
	return cameUp(s.was(v1.ConditionWorkloadsReady))
}

// plannedStore is why a store that came up is away for a while, "" if none is.
func (s *scope) plannedStore() string {
	for _, store := range s.managedStores() {
		if p := s.observed[store]; !p.available() {
			if reason := s.whyNot(conditionOf(store), store, p); slices.Contains(plannedReasons, reason) {
				return reason
			}
		}
	}
	return ""
}
