package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/energytwin/energytwin/controllers/resources"
)

// trouble is what keeps the newest of some pods of a component from being ready,
// as their status has it; "" if it has nothing. It stays the same as long as the
// trouble does: how long the cluster waits before it tries again is left out.
func trouble(component string, pods []corev1.Pod) string {
	newestFirst(pods)
	for i := range pods {
		if pods[i].DeletionTimestamp != nil {
			continue
		}
		if i > 0 && finished(&pods[i]) {
			continue // another took its place
		}
		if why := troubleOf(component, &pods[i].Status); why != "" {
			return steady(why)
		}
	}
	return ""
}

func troubleOf(component string, st *corev1.PodStatus) string {
	if st.Phase == corev1.PodFailed && st.Reason != "" {
		return fmt.Sprintf("its pod failed: %s: %s", st.Reason, st.Message)
	}
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
				return notPulled(&c, w.Message)
			default:
				return fmt.Sprintf("container %s: %s: %s", c.Name, w.Reason, w.Message)
			}
		}
		if end := failedEnd(&c); end != nil {
			return fmt.Sprintf("container %s %s", c.Name, ending(component, end))
		}
	}
	return ""
}

// notPulled names an image and why it cannot be pulled. The kubelet's message
// while it pulls and the one while it waits come down to the same.
func notPulled(c *corev1.ContainerStatus, message string) string {
	words := fmt.Sprintf("the image %s of container %s cannot be pulled", c.Image, c.Name)
	if strings.HasPrefix(message, "Back-off pulling image ") {
		_, message, _ = strings.Cut(message, ": ")
	}
	message = strings.TrimPrefix(message, "ErrImagePull: ")
	if _, reason, ok := strings.Cut(message, " desc = "); ok {
		message = reason
	}
	if message == "" {
		return words
	}
	return words + ": " + message
}

func newestFirst(pods []corev1.Pod) {
	slices.SortFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
}

// finished reports whether no container of a pod will run any more.
func finished(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
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

// ending describes how a container of a component ended. Of its log, which stands in
// for a message, the last line is what it ended with.
func ending(component string, end *corev1.ContainerStateTerminated) string {
	if end.Reason == "OOMKilled" {
		if field := limitOf(component); field != "" {
			return "ran out of memory: raise " + field
		}
		return "ran out of memory"
	}
	lines := strings.Split(strings.TrimSpace(end.Message), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return "ends with: " + last
	}
	if end.Reason != "" && end.Reason != "Error" {
		return fmt.Sprintf("ends with exit code %d (%s): see its log", end.ExitCode, end.Reason)
	}
	return fmt.Sprintf("ends with exit code %d: see its log", end.ExitCode)
}

// limitOf is the field of a twin that limits the memory of a component, "" if
// there is none.
func limitOf(component string) string {
	if settings := resources.ComponentOf(component).Settings; settings != "" {
		return settings + ".resources.limits.memory"
	}
	return ""
}
