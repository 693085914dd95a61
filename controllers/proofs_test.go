package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

const patient = "\npods: {nodeSelector: {zone: a}, imagePullSecrets: [{name: registry}], tolerations: [{key: twins, operator: Exists}]}"

// A workload image that cannot run the twin changes nothing that runs, and is
// gone without a trace when it is taken back.
func TestBrokenWorkloadImageChangesNothing(t *testing.T) {
	sp := newSpace(t)
	sp.twin("steady", smallest+patient)
	sp.ready("steady")
	sp.quiet()
	before, contents := sp.templates("steady"), sp.contents()
	pull := `failed to pull and unpack image "r.example.org/w:gone": r.example.org/w:gone: not found`
	for name, c := range map[string]struct {
		state corev1.ContainerState
		says  string
	}{
		"unpullable":          {waiting("ErrImagePull", pull), "it cannot be pulled: " + pull},
		"unpullable, waiting": {waiting("ImagePullBackOff", `Back-off pulling image "r.example.org/w:gone": ErrImagePull: `+pull), "it cannot be pulled: " + pull},
		"no reference":        {waiting("InvalidImageName", "couldn't parse image"), "InvalidImageName: couldn't parse image"},
		"crashing":            {exited(2, "panic: boom\ngoroutine 1: main.main()"), "ends with exit code 2: goroutine 1: main.main()"},
		"another platform":    {exited(255, "exec /energytwin: exec format error"), "ends with exit code 255: exec /energytwin: exec format error"},
		"not startable":       {startError("exec: \"/energytwin\": no such file or directory"), "ends with exit code 128: exec: \"/energytwin\": no such file or directory"},
		"something else":      {exited(0, ""), "without an answer"},
		"an echo":             {exited(0, "prove --token"), "without an answer"},
		"another's answer":    {exited(0, `{"token":"steady-proof-00000000","version":"v9"}`), "without an answer"},
		"too old":             {exited(1, `energytwin: unknown command "prove" for "energytwin"`), `unknown command "prove"`},
		"other configuration": {exited(1, `energytwin: configuration /etc/energytwin/twin.yaml: unknown field "processor.novelty"`), "processor.novelty"},
	} {
		image := "r.example.org/w:" + strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(name)
		sp.faults.Store(image, c.state)
		sp.patchSpec("steady", "image: "+image)
		twin := sp.condition("steady", v1.ConditionImagesProven, metav1.ConditionFalse, v1.ReasonProofFailed)
		said := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionImagesProven).Message
		require.Contains(t, said, c.says, name)
		require.Contains(t, said, "spec.image: the workloads stay", name)
		require.True(t, meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReady), name)
		sp.quiet()
		require.Equal(t, before, sp.templates("steady"), name)
		sp.restart() // and an operator that knows nothing
		sp.quiet()
		require.Equal(t, before, sp.templates("steady"), name)

		sp.patchSpec("steady", "image: null")
		sp.eventually(func() error {
			if c := meta.FindStatusCondition(sp.get("steady").Status.Conditions, v1.ConditionImagesProven); c != nil {
				return fmt.Errorf("%s: %s", name, c.Message)
			}
			return nil
		})
		sp.ready("steady")
		require.Equal(t, before, sp.templates("steady"), name)
	}
	sp.quiet()
	require.Equal(t, withoutTimes(contents), withoutTimes(sp.contents()), "what was tried left a trace")
}

// withoutTimes are contents without what counts changes and says when.
func withoutTimes(contents map[string]string) map[string]string {
	out := map[string]string{}
	for name, doc := range contents {
		var kept []string
		for line := range strings.Lines(doc) {
			field := strings.TrimLeft(line, " -")
			if strings.HasPrefix(field, "lastTransitionTime:") || strings.HasPrefix(field, "observedGeneration:") || strings.HasPrefix(field, "generation:") {
				continue
			}
			kept = append(kept, line)
		}
		out[name] = strings.Join(kept, "")
	}
	return out
}

func waiting(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func exited(code int32, message string) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: "Error", Message: message}}
}

func startError(message string) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 128, Reason: "StartError", Message: message}}
}

// An image that does neither counts as failed after a while.
func TestProofThatNeverEnds(t *testing.T) {
	sp := newSpace(t)
	sp.twin("hung", smallest)
	sp.ready("hung")
	before := sp.templates("hung")
	sp.faults.Store("r.example.org/w:hangs", corev1.ContainerState{Running: &corev1.ContainerStateRunning{}})
	sp.patchSpec("hung", "image: r.example.org/w:hangs")
	sp.condition("hung", v1.ConditionImagesProven, metav1.ConditionFalse, v1.ReasonProving)
	sp.pass(proofPatience+time.Minute, "hung")
	twin := sp.condition("hung", v1.ConditionImagesProven, metav1.ConditionFalse, v1.ReasonProofFailed)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionImagesProven).Message, "has not ended within 10 minutes")
	require.Equal(t, before, sp.templates("hung"))
}

// A proof runs as the twin's pods do, talks to nobody, and the image moves when it
// has ended well. Nothing of it stays.
func TestProvenImageMoves(t *testing.T) {
	sp := newSpace(t)
	sp.twin("moves", smallest+patient)
	sp.ready("moves")
	before := sp.templates("moves")
	const image = "registry.example.org:5000/w:v2"
	sp.patchSpec("moves", "image: "+image)
	var job *batchv1.Job
	sp.eventually(func() error {
		for _, j := range sp.jobs() {
			if j.Labels[resources.LabelComponent] == resources.ComponentProof {
				job = &j
				return nil
			}
		}
		return fmt.Errorf("no proof")
	})
	pod := job.Spec.Template.Spec
	require.Equal(t, image, pod.Containers[0].Image)
	require.Equal(t, map[string]string{"zone": "a"}, pod.NodeSelector)
	require.Equal(t, []corev1.LocalObjectReference{{Name: "registry"}}, pod.ImagePullSecrets)
	require.Len(t, pod.Tolerations, 1)
	require.True(t, *pod.SecurityContext.RunAsNonRoot)
	require.False(t, *pod.AutomountServiceAccountToken)
	policy := &networkingv1.NetworkPolicy{}
	require.True(t, sp.child(policy, "moves-proof"))
	require.Empty(t, policy.Spec.Egress)
	require.Empty(t, policy.Spec.Ingress)
	sp.settle("moves")
	require.Equal(t, before, sp.templates("moves"), "moved before it was proven")

	sp.eventually(func() error {
		sp.workOnce()
		if got := imageOf(sp.get("moves").Status.Components, v1.ComponentProcessor); got != image {
			return fmt.Errorf("it runs %s", got)
		}
		return nil
	})
	sp.ready("moves")
	sp.quiet()
	require.Len(t, sp.jobs(), 1, "the preparation alone is left")
	require.False(t, sp.child(policy, "moves-proof"))
	require.Contains(t, sp.templates("moves")["kafka"], image)
	require.NotContains(t, fmt.Sprint(sp.get("moves").Status.PinnedImages), image)
}

// Stores change to an image that started, and to no other.
func TestBrokenStoreImageChangesNothing(t *testing.T) {
	sp := newSpace(t)
	sp.twin("stores", smallest)
	sp.ready("stores")
	sp.quiet()
	before := sp.templates("stores")
	for component, c := range map[string]struct{ spec, image, says string }{
		v1.ComponentKafka:     {"kafka: {managed: {version: 9.9.9}}", "docker.io/apache/kafka:9.9.9", "spec.kafka.managed.version: kafka stays"},
		v1.ComponentRedis:     {"redis: {managed: {image: \"r.example.org/redis:broken\"}}", "r.example.org/redis:broken", "spec.redis.managed.image: redis stays"},
		v1.ComponentTimescale: {"timescale: {managed: {version: 9.9.9-pg17}}", "docker.io/timescale/timescaledb:9.9.9-pg17", "spec.timescale.managed.version: timescale stays"},
	} {
		sp.faults.Store(c.image, waiting("ErrImagePull", "not found"))
		sp.patchSpec("stores", c.spec)
		twin := sp.condition("stores", v1.ConditionImagesProven, metav1.ConditionFalse, v1.ReasonProofFailed)
		require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionImagesProven).Message, c.says)
		sp.quiet()
		require.Equal(t, before, sp.templates("stores"), component)
		sp.faults.Delete(c.image) // the registry has it now
		sp.eventually(func() error {
			sp.workOnce()
			if got := imageOf(sp.get("stores").Status.Components, component); got != c.image {
				return fmt.Errorf("%s runs %s", component, got)
			}
			return nil
		})
		sp.patchSpec("stores", component+": null")
		sp.eventually(func() error {
			sp.workOnce()
			if got := imageOf(sp.get("stores").Status.Components, component); got == c.image {
				return fmt.Errorf("%s still runs %s", component, got)
			}
			return nil
		})
	}
	sp.ready("stores")
	require.Equal(t, before, sp.templates("stores"))
}

// A store's server that a proof started is stopped when the proof has ended well. How it
// ends then says nothing about the image, whether the Job is complete yet or not.
func TestStoppedServerOfAProofIsNoFailure(t *testing.T) {
	for name, c := range map[string]struct {
		server, command corev1.ContainerState
		fails           bool
	}{
		"stopped by a signal after the proof": {exited(143, ""), exited(0, ""), false},
		"ends before it":                      {exited(143, ""), waiting("PodInitializing", ""), true},
		"command fails":                       {exited(0, ""), exited(1, ""), true},
	} {
		pods := []corev1.Pod{{Status: corev1.PodStatus{
			InitContainerStatuses: []corev1.ContainerStatus{{Name: "redis", State: c.server}},
			ContainerStatuses:     []corev1.ContainerStatus{{Name: "started", State: c.command}},
		}}}
		require.Equal(t, c.fails, proofTrouble(pods) != "", name)
	}
}

// A twin whose images are new needs no proof, and one whose first image is broken
// is brought round by the next.
func TestFirstImageNeedsNoProof(t *testing.T) {
	sp := newSpace(t)
	sp.twin("first", smallest+"\nimage: r.example.org/w:broken")
	sp.settle("first")
	for _, job := range sp.jobs() {
		require.NotEqual(t, resources.ComponentProof, job.Labels[resources.LabelComponent])
	}
	sp.patchSpec("first", "image: null")
	twin := sp.ready("first")
	require.Equal(t, sp.image, imageOf(twin.Status.Components, v1.ComponentProcessor))
}

// A digest of one registry is never joined to the name of another, and a twin
// stays with the operator's image of its making, however that is written.
func TestPinsUnderDigests(t *testing.T) {
	sp := newSpace(t)
	digest := func(c string) string { return "@sha256:" + strings.Repeat(c, 64) }
	sp.stop()
	first := "ghcr.io/energytwin/energytwin:v1.0.0" + digest("a")
	sp.image = first
	sp.start()
	sp.twin("digest", smallest)
	sp.ready("digest")
	sp.quiet()
	before := sp.templates("digest")
	sp.patchSpec("digest", "image: mirror.example.org/energytwin/energytwin:v9"+digest("c"))
	sp.eventually(func() error {
		sp.workOnce()
		if sp.templates("digest")["processor"] == before["processor"] {
			return fmt.Errorf("not moved")
		}
		return nil
	})
	sp.ready("digest")
	sp.patchSpec("digest", "image: null")
	for _, operator := range []string{first, "ghcr.io/energytwin/energytwin:v2.0.0" + digest("b"), "elsewhere.example.org/energytwin:v3@" + digest("d")[1:]} {
		sp.stop()
		sp.image = operator
		sp.start()
		sp.eventually(func() error {
			sp.workOnce()
			if got := imageOf(sp.get("digest").Status.Components, v1.ComponentProcessor); got != first {
				return fmt.Errorf("under %s it runs %s", operator, got)
			}
			return nil
		})
		sp.quiet()
		require.Equal(t, before, sp.templates("digest"), operator)
	}
}

// proofJobs are the proofs in a space.
func (sp *space) proofJobs() []batchv1.Job {
	sp.t.Helper()
	list := &batchv1.JobList{}
	require.NoError(sp.t, sp.admin.List(sp.ctx, list, client.InNamespace(sp.ns), client.MatchingLabels{resources.LabelComponent: resources.ComponentProof}))
	return list.Items
}

// A pull secret that was missing is added to spec.pods: the image is tried again
// with it.
func TestProofFollowsThePodsSettings(t *testing.T) {
	sp := newSpace(t)
	sp.twin("private", smallest)
	sp.ready("private")
	const image = "private.example.org/w:v2"
	sp.faults.Store(image, waiting("ErrImagePull", "authorization failed"))
	sp.patchSpec("private", "image: "+image)
	sp.condition("private", v1.ConditionImagesProven, metav1.ConditionFalse, v1.ReasonProofFailed)
	failed := sp.proofJobs()
	require.Len(t, failed, 1)
	sp.patchSpec("private", "pods: {imagePullSecrets: [{name: registry}]}")
	sp.eventually(func() error {
		jobs := sp.proofJobs()
		if len(jobs) != 1 || jobs[0].Name == failed[0].Name || len(jobs[0].Spec.Template.Spec.ImagePullSecrets) != 1 {
			return fmt.Errorf("proofs: %d", len(jobs))
		}
		return nil
	})
	sp.faults.Delete(image)
	sp.eventually(func() error {
		sp.workOnce()
		if got := imageOf(sp.get("private").Status.Components, v1.ComponentProcessor); got != image {
			return fmt.Errorf("it runs %s", got)
		}
		return nil
	})
	sp.ready("private")
}

// imageOf is the image that the status has of a component.
func imageOf(components []v1.ComponentStatus, name string) string {
	for _, c := range components {
		if c.Name == name {
			return c.Image
		}
	}
	return ""
}
