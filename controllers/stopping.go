package controllers

import (
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// workloadNames are the components that stop in a suspended twin.
func workloadNames() []string { return resources.ComponentNames(resources.RoleWorkload) }

// observeLeaving sees which components of a twin that is to stop still have pods.
// Controllers do not count a pod that is ending, which may still write.
func (r *Reconciler) observeLeaving(ctx context.Context, s *scope) error {
	if s.spec.State == v1.StateRunning {
		return nil
	}
	pods := &corev1.PodList{}
	if err := r.List(ctx, pods, s.everything()...); err != nil {
		return err
	}
	s.leaving = map[string]bool{}
	for i := range pods.Items {
		if running(pods.Items[i]) {
			s.leaving[pods.Items[i].Labels[resources.LabelComponent]] = true
		}
	}
	for component, p := range s.observed {
		if !p.stopped() {
			s.leaving[component] = true
		}
	}
	return nil
}

// stopVerdict is that of components which the twin's state stops: they are
// stopped when their pods are gone.
func (s *scope) stopVerdict(stopped string, components ...string) verdict {
	reason, onTheWay := v1.ReasonSuspended, v1.ReasonSuspending
	if s.spec.State == v1.StateHibernated {
		reason, onTheWay = v1.ReasonHibernated, v1.ReasonHibernating
	}
	var left []string
	for _, component := range components {
		if s.leaving[component] {
			left = append(left, s.name(component))
		}
	}
	if len(left) == 0 {
		return yes(reason, "%s", stopped)
	}
	slices.Sort(left)
	return no(onTheWay, "waiting for the pods of %s to end", strings.Join(left, ", "))
}

// workloadsRun reports whether a workload still has pods, so that a twin that is
// to hibernate keeps its stores until they have ended.
func (r *Reconciler) workloadsRun(ctx context.Context, s *scope) (bool, error) {
	if s.spec.State != v1.StateHibernated {
		return false, nil
	}
	return r.workloadPods(ctx, s)
}

// running reports whether a pod of a controller's has containers that may still run.
func running(p corev1.Pod) bool { return !finished(&p) && metav1.GetControllerOf(&p) != nil }
