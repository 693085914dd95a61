package controllers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// ended is a container that ended with an error and is started again.
func ended(name, reason, message string) corev1.PodStatus {
	return corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
		Name:                 name,
		State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 40s"}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: reason, Message: message}},
	}}}
}

func waits(reason, message string) corev1.PodStatus {
	return corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
		Name: "kafka", Image: "docker.io/a/b:9", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
	}}}
}

func TestTroubleOfPods(t *testing.T) {
	now := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	fetch := ended("fetch", "Error", `{"level":"INFO","msg":"fetched"}`+"\nenergytwin: the file has the checksum 12, not 34\n")
	fetch.InitContainerStatuses, fetch.ContainerStatuses = fetch.ContainerStatuses, nil
	for name, c := range map[string]struct {
		pods []corev1.PodStatus // the newest first
		want string
	}{
		"no pods": {},
		"on its way": {
			pods: []corev1.PodStatus{waits("ContainerCreating", "")},
		},
		"no node": {
			pods: []corev1.PodStatus{{Conditions: []corev1.PodCondition{{
				Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/1 nodes are available: 1 Insufficient memory.",
			}}}},
			want: "no node takes the pod: 0/1 nodes are available: 1 Insufficient memory.",
		},
		"no image": {
			pods: []corev1.PodStatus{waits("ErrImagePull", `rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/a/b:9": not found`)},
			want: `the image docker.io/a/b:9 of container kafka cannot be pulled: failed to pull and unpack image "docker.io/a/b:9": not found`,
		},
		"no image, between two tries": {
			pods: []corev1.PodStatus{waits("ImagePullBackOff", `Back-off pulling image "docker.io/a/b:9": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/a/b:9": not found`)},
			want: `the image docker.io/a/b:9 of container kafka cannot be pulled: failed to pull and unpack image "docker.io/a/b:9": not found`,
		},
		"no image, of an older kubelet": {
			pods: []corev1.PodStatus{waits("ImagePullBackOff", `Back-off pulling image "docker.io/a/b:9"`)},
			want: "the image docker.io/a/b:9 of container kafka cannot be pulled",
		},
		"no registry": {
			pods: []corev1.PodStatus{waits("ErrImagePull", `Head "https://registry/v2/": read tcp 10.1.0.5:41234->10.2.0.1:443: i/o timeout`)},
			want: `the image docker.io/a/b:9 of container kafka cannot be pulled: Head "https://registry/v2/": read tcp 10.1.0.5->10.2.0.1:443: i/o timeout`,
		},
		"evicted": {
			pods: []corev1.PodStatus{{Phase: corev1.PodFailed, Reason: "Evicted", Message: "The node was low on resource: memory."}},
			want: "its pod failed: Evicted: The node was low on resource: memory.",
		},
		"evicted, and another came": {
			pods: []corev1.PodStatus{waits("ContainerCreating", ""), {Phase: corev1.PodFailed, Reason: "Evicted", Message: "The node was low on resource: memory."}},
		},
		"no secret": {
			pods: []corev1.PodStatus{waits("CreateContainerConfigError", `secret "x" not found`)},
			want: `container kafka: CreateContainerConfigError: secret "x" not found`,
		},
		"wrong checksum": {
			pods: []corev1.PodStatus{fetch},
			want: "container fetch ends with: energytwin: the file has the checksum 12, not 34",
		},
		"too little memory": {
			pods: []corev1.PodStatus{ended("processor", "OOMKilled", "")},
			want: "container processor ran out of memory: raise spec.processor.resources.limits.memory",
		},
		"without a word": {
			pods: []corev1.PodStatus{ended("postgres", "Error", "")},
			want: "container postgres ends with exit code 1: see its log",
		},
		"the newest counts": {
			pods: []corev1.PodStatus{waits("ErrImagePull", "not found"), ended("kafka", "Error", "old")},
			want: "the image docker.io/a/b:9 of container kafka cannot be pulled: not found",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var pods []corev1.Pod
			for i := range c.pods {
				pods = append([]corev1.Pod{{
					ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(now.Add(-time.Duration(i) * time.Hour))}, Status: c.pods[i],
				}}, pods...)
			}
			for i := range pods {
				trimPod(&pods[i]) // as the cache has them
			}
			require.Equal(t, c.want, trouble(v1.ComponentProcessor, pods))
		})
	}
}

// Why a workload does not come up stands where people look.
func TestTroubleIsTold(t *testing.T) {
	sp := newSpace(t)
	sp.twin("ill", smallest)
	sp.ready("ill")
	sp.runPod("ill", "generator", "192.0.2.77", map[string]any{})
	pod := &corev1.Pod{}
	require.True(t, sp.child(pod, "ill-generator-x"))
	pod.Status.ContainerStatuses = ended("generator", "Error", "energytwin: readings.csv, line 3: kwh is no number\n").ContainerStatuses
	sp.writeStatus(pod)
	d := &appsv1.Deployment{}
	require.True(t, sp.child(d, "ill-generator"))
	d.Status.ReadyReplicas, d.Status.AvailableReplicas, d.Status.UnavailableReplicas = 0, 0, 1
	sp.writeStatus(d)

	twin := sp.conditionWithoutWork("ill", v1.ConditionWorkloadsReady, metav1.ConditionFalse, v1.ReasonUnavailable)
	require.Equal(t, "WorkloadsReady: waiting for generator: container generator ends with: energytwin: readings.csv, line 3: kwh is no number",
		meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReady).Message)
}
