package controllers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// sayTrouble notes why a component's pods are not there yet, if they are not.
func (r *Reconciler) sayTrouble(ctx context.Context, s *scope, component string) error {
	p := s.parts[component]
	if !p.exists || p.available() {
		return nil
	}
	pods, err := r.pods(ctx, s, component)
	if err != nil {
		return err
	}
	p.trouble = trouble(pods)
	s.parts[component] = p
	return nil
}

// trouble is what keeps the newest of some pods from being ready, as the cluster
// tells it; "" if it tells nothing. It says the same as long as the trouble is the
// same: how long the cluster waits before it tries again is left out.
func trouble(pods []corev1.Pod) string {
	newestFirst(pods)
	for i := range pods {
		if pods[i].DeletionTimestamp != nil {
			continue
		}
		if why := troubleOf(&pods[i].Status); why != "" {
			return why
		}
	}
	return ""
}

func troubleOf(st *corev1.PodStatus) string {
	for _, c := range st.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return "no node takes the pod: " + c.Message
		}
	}
	for _, c := range slices.Concat(st.InitContainerStatuses, st.ContainerStatuses) {
		if w := c.State.Waiting; w != nil {
			switch w.Reason {
			case "", "ContainerCreating", "PodInitializing", "CrashLoopBackOff":
			case "ErrImagePull", "ImagePullBackOff":
				return fmt.Sprintf("the image of container %s cannot be pulled", c.Name)
			default:
				return fmt.Sprintf("container %s: %s: %s", c.Name, w.Reason, w.Message)
			}
		}
		if end := failedEnd(&c); end != nil {
			return fmt.Sprintf("container %s %s", c.Name, ending(end))
		}
	}
	return ""
}

func newestFirst(pods []corev1.Pod) {
	slices.SortFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
}

// failedEnd is how a container ended, or ended before it was started again; nil if
// it did not or ended well.
func failedEnd(c *corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	end := c.State.Terminated
	if end == nil {
		end = c.LastTerminationState.Terminated
	}
	if end == nil || end.ExitCode == 0 {
		return nil
	}
	return end
}

// ending says how a container ended. Of its log, which stands in for a message,
// the last line is what it ended with.
func ending(end *corev1.ContainerStateTerminated) string {
	if end.Reason == "OOMKilled" {
		return "ran out of memory: raise its limit"
	}
	lines := strings.Split(strings.TrimSpace(end.Message), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return "ends with: " + last
	}
	return fmt.Sprintf("ends with exit code %d: see its log", end.ExitCode)
}
