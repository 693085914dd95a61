package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// describe prints what a person would look at after a failure: the twins'
// status, the pods with the last lines of their logs, the events, and the
// operator's last lines.
func (s *space) describe() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), 2*time.Minute)
	defer cancel()
	twins := &v1.DigitalTwinList{}
	if err := s.List(ctx, twins, client.InNamespace(s.name)); err != nil {
		s.t.Logf("list twins: %v", err)
	}
	for _, twin := range twins.Items {
		status, _ := yaml.Marshal(twin.Status)
		s.t.Logf("--- status of %s/%s, generation %d\n%s", s.name, twin.Name, twin.Generation, status)
	}
	s.describePods(ctx, s.name)
	s.describeEvents(ctx)
	s.describePods(ctx, s.home)
}

func (s *space) describePods(ctx context.Context, namespace string) {
	pods := &corev1.PodList{}
	if err := s.List(ctx, pods, client.InNamespace(namespace)); err != nil {
		s.t.Logf("list pods: %v", err)
	}
	for _, p := range pods.Items {
		states := append(slices.Clone(p.Status.InitContainerStatuses), p.Status.ContainerStatuses...)
		s.t.Logf("--- pod %s/%s %s, made %s %s", namespace, p.Name, p.Status.Phase, p.CreationTimestamp.Format(time.TimeOnly), unmet(&p))
		for _, c := range states {
			s.t.Logf("    %s: ready %t, %d restarts, %s", c.Name, c.Ready, c.RestartCount, stateOf(c))
			s.t.Log(s.log(ctx, namespace, p.Name, c.Name, false))
			if c.RestartCount > 0 {
				s.t.Logf("    %s before its restart:\n%s", c.Name, s.log(ctx, namespace, p.Name, c.Name, true))
			}
		}
	}
}

// unmet are the conditions of a pod that do not hold, in words.
func unmet(p *corev1.Pod) string {
	var words []string
	for _, c := range p.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			words = append(words, fmt.Sprintf("%s=%s %s %s", c.Type, c.Status, c.Reason, c.Message))
		}
	}
	return strings.Join(words, "; ")
}

func stateOf(c corev1.ContainerStatus) string {
	words := []string{}
	for _, state := range []corev1.ContainerState{c.State, c.LastTerminationState} {
		switch {
		case state.Waiting != nil:
			words = append(words, "waiting: "+state.Waiting.Reason+" "+state.Waiting.Message)
		case state.Running != nil:
			words = append(words, "running since "+state.Running.StartedAt.Format(time.TimeOnly))
		case state.Terminated != nil:
			words = append(words, fmt.Sprintf("ended with %d (%s) %s", state.Terminated.ExitCode, state.Terminated.Reason, state.Terminated.Message))
		}
	}
	return strings.Join(words, "; before: ")
}

func (s *space) log(ctx context.Context, namespace, pod, container string, previous bool) string {
	out, err := s.kube.CoreV1().Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{
		Container: container, Previous: previous, TailLines: ptr.To[int64](25),
	}).DoRaw(ctx)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

func (s *space) describeEvents(ctx context.Context) {
	events := &corev1.EventList{}
	if err := s.List(ctx, events, client.InNamespace(s.name)); err != nil {
		s.t.Logf("list events: %v", err)
	}
	for _, e := range events.Items {
		if e.Type == corev1.EventTypeWarning || e.InvolvedObject.Kind == v1.Kind {
			s.t.Logf("event %s %s %s: %s", e.InvolvedObject.Kind, e.InvolvedObject.Name, e.Reason, e.Message)
		}
	}
}
