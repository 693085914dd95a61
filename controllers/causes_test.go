package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// report makes an Event about an object, as the controllers of a cluster do.
func (sp *space) report(about client.Object, reason, message string) {
	sp.t.Helper()
	kind, err := apiutil.GVKForObject(about, sp.env.Scheme)
	require.NoError(sp.t, err)
	now := metav1.Now()
	require.NoError(sp.t, sp.admin.Create(sp.ctx, &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, GenerateName: about.GetName() + "."},
		InvolvedObject: corev1.ObjectReference{
			APIVersion: kind.GroupVersion().String(), Kind: kind.Kind, Namespace: sp.ns, Name: about.GetName(), UID: about.GetUID(),
		},
		Type: corev1.EventTypeWarning, Reason: reason, Message: message, FirstTimestamp: now, LastTimestamp: now, Count: 1,
		Source: corev1.EventSource{Component: "test"},
	}))
}

// says waits until a condition's message holds some words, while nothing else
// moves but time.
func (sp *space) says(name, kind string, words ...string) {
	sp.t.Helper()
	sp.eventually(func() error {
		sp.clock.Add(int64(time.Second))
		sp.wake(name)
		c := meta.FindStatusCondition(sp.get(name).Status.Conditions, kind)
		if c == nil {
			return fmt.Errorf("no %s", kind)
		}
		for _, w := range words {
			if !strings.Contains(c.Message, w) {
				return fmt.Errorf("%s does not say %q: %s", kind, w, c.Message)
			}
		}
		return nil
	})
}

// What keeps pods from being created is in the condition of their component, with
// the object and the reason: a quota, a range of limits, pod security, a missing
// priority class.
func TestPodsThatCannotBeCreated(t *testing.T) {
	sp := newSpace(t)
	sp.twin("quota", smallest)
	sp.eventually(func() error {
		if !sp.child(&appsv1.StatefulSet{}, "quota-timescale") {
			return fmt.Errorf("no database yet")
		}
		return nil
	})
	kafka, redis := &appsv1.StatefulSet{}, &appsv1.StatefulSet{}
	require.True(t, sp.child(kafka, "quota-kafka"))
	require.True(t, sp.child(redis, "quota-redis"))
	sp.report(kafka, "FailedCreate", `create Pod quota-kafka-0 in StatefulSet quota-kafka failed error: pods "quota-kafka-0" is forbidden: exceeded quota: small, requested: limits.memory=1Gi, used: limits.memory=0, limited: limits.memory=512Mi`)
	sp.report(kafka, "SuccessfulCreate", "create Claim data-quota-kafka-0 success")
	sp.report(redis, "FailedCreate", `create Pod quota-redis-0 in StatefulSet quota-redis failed error: pods "quota-redis-0" is forbidden: maximum memory usage per Container is 64Mi, but limit is 128Mi`)
	sp.says("quota", v1.ConditionKafkaReady, "StatefulSet quota-kafka cannot create its pods: exceeded quota: small")
	sp.says("quota", v1.ConditionRedisReady, "StatefulSet quota-redis cannot create its pods: maximum memory usage per Container is 64Mi")
	sp.says("quota", v1.ConditionReady, "exceeded quota: small")
	require.Empty(t, sp.requests.rejected(), "the generated role does not let the operator read Events")

	// Once it is said, an operator with nothing to do writes nothing.
	sp.settle("quota")
	sp.requests.taken()
	sp.settle("quota")
	require.Empty(t, sp.requests.taken())

	sp.workOnStores()
	sp.eventually(func() error {
		if len(sp.jobs()) == 0 {
			return fmt.Errorf("no Job")
		}
		return nil
	})
	job := &sp.jobs()[0]
	sp.report(job, "FailedCreate", `Error creating: pods "quota-prepare-1-abcde" is forbidden: violates PodSecurity "restricted:latest": seccompProfile`)
	sp.says("quota", v1.ConditionSchemaReady, "the Job "+job.Name, `cannot create its pods: violates PodSecurity "restricted:latest"`)

	sp.workOnJobs()
	sp.eventually(func() error {
		if !sp.child(&appsv1.Deployment{}, "quota-api") {
			return fmt.Errorf("no API")
		}
		return nil
	})
	sp.deploymentStatus("quota-api", appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetCreated"},
		{
			Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate",
			Message: `pods "quota-api-5d9c-x7k2p" is forbidden: no PriorityClass with name high was found`,
		},
	}})
	sp.says("quota", v1.ConditionWorkloadsReady, "api: Deployment quota-api cannot create its pods: no PriorityClass with name high was found")
	sp.ready("quota")
}

// An Event from before a component was lost explains something else.
func TestOldEventsExplainNothing(t *testing.T) {
	sp := newSpace(t)
	sp.twin("old", smallest)
	sp.ready("old")
	redis := &appsv1.StatefulSet{}
	require.True(t, sp.child(redis, "old-redis"))
	sp.report(redis, "FailedCreate", "create Pod old-redis-0 in StatefulSet old-redis failed error: over long ago")
	sp.pass(10*time.Minute, "old")
	sp.setStatus("old-redis", appsv1.StatefulSetStatus{CurrentRevision: "r", UpdateRevision: "r"})
	sp.conditionWithoutWork("old", v1.ConditionRedisReady, metav1.ConditionFalse, v1.ReasonRescheduling)
	sp.pass(time.Minute, "old")
	require.NotContains(t, meta.FindStatusCondition(sp.get("old").Status.Conditions, v1.ConditionRedisReady).Message, "long ago")
}

// A volume that nobody provisions, and one that cannot be mounted, are said with
// the reason.
func TestPodsWithoutTheirVolumes(t *testing.T) {
	sp := newSpace(t)
	sp.twin("disk", smallest)
	sp.eventually(func() error {
		if !sp.child(&appsv1.StatefulSet{}, "disk-kafka") {
			return fmt.Errorf("no Kafka yet")
		}
		return nil
	})
	set := &appsv1.StatefulSet{}
	require.True(t, sp.child(set, "disk-kafka"))
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "data-disk-kafka-0", Labels: set.Spec.VolumeClaimTemplates[0].Labels},
		Spec:       set.Spec.VolumeClaimTemplates[0].Spec,
	}
	require.NoError(t, sp.admin.Create(sp.ctx, claim))
	sp.setPod(set, "disk-kafka-0", corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable",
		Message: "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
	}}})
	sp.says("disk", v1.ConditionKafkaReady, "unbound immediate PersistentVolumeClaims")
	sp.report(claim, "ProvisioningFailed", `storageclass.storage.k8s.io "fast" not found`)
	sp.says("disk", v1.ConditionKafkaReady, `volume data-disk-kafka-0 is not provisioned: storageclass.storage.k8s.io "fast" not found`)

	require.True(t, sp.child(set, "disk-redis"))
	waiting := corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: waits("ContainerCreating", "").ContainerStatuses}
	pod := sp.setPod(set, "disk-redis-0", waiting)
	sp.report(pod, "FailedMount", `MountVolume.SetUp failed for volume "secrets" : secret "disk-credentials" not found`)
	sp.report(pod, "Pulling", `Pulling image "redis"`)
	sp.says("disk", v1.ConditionRedisReady, `its pod cannot start: MountVolume.SetUp failed for volume "secrets" : secret "disk-credentials" not found`)
}

// setPod makes a pod of a StatefulSet, in a state.
func (sp *space) setPod(set *appsv1.StatefulSet, name string, st corev1.PodStatus) *corev1.Pod {
	sp.t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: sp.ns, Name: name, Labels: set.Spec.Template.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))},
		},
		Spec: *set.Spec.Template.Spec.DeepCopy(),
	}
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "data"})
	require.NoError(sp.t, sp.admin.Create(sp.ctx, pod))
	pod.Status = st
	sp.writeStatus(pod)
	return pod
}

// A pod whose trouble changes wakes the operator, as no controller's status does.
func TestStuckPreparationIsExplained(t *testing.T) {
	sp := newSpace(t)
	sp.twin("stuck", smallest)
	sp.eventually(func() error {
		sp.workOnStores()
		if len(sp.jobs()) == 0 {
			return fmt.Errorf("no Job")
		}
		return nil
	})
	sp.conditionWithoutWork("stuck", v1.ConditionSchemaReady, metav1.ConditionFalse, v1.ReasonMigrating)
	job := sp.jobs()[0]
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: sp.ns, Name: job.Name + "-x", Labels: job.Spec.Template.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(&job, gvk{Group: "batch", Version: "v1", Kind: "Job"})},
		},
		Spec: job.Spec.Template.Spec,
	}
	require.NoError(t, sp.admin.Create(sp.ctx, pod))
	pod.Status.ContainerStatuses = waits("ErrImagePull", `rpc error: code = NotFound desc = docker.io/a/b:9: not found`).ContainerStatuses
	sp.writeStatus(pod)
	sp.eventually(func() error {
		c := meta.FindStatusCondition(sp.get("stuck").Status.Conditions, v1.ConditionSchemaReady)
		if !strings.Contains(c.Message, "the image docker.io/a/b:9 of container kafka cannot be pulled: docker.io/a/b:9: not found") {
			return fmt.Errorf("%s", c.Message)
		}
		return nil
	})
	sp.settle("stuck")
	sp.requests.taken()
	require.True(t, sp.child(pod, pod.Name))
	pod.Status.ContainerStatuses = waits("ImagePullBackOff", `Back-off pulling image "docker.io/a/b:9": ErrImagePull: rpc error: code = NotFound desc = docker.io/a/b:9: not found`).ContainerStatuses
	sp.writeStatus(pod)
	sp.settle("stuck")
	require.Empty(t, sp.requests.taken(), "the same trouble in other words writes a status")
}

// What the API server rejects for what is in it follows from the spec: it is
// Stalled at once, names the field, and is not sent again.
func TestInvalidObjectsStall(t *testing.T) {
	sp := newSpace(t)
	for name, c := range map[string]struct{ spec, field, words string }{
		"cron":     {smallest + "\ntimescale: {managed: {backup: {schedule: \"99 3 * * *\", volume: {}}}}", "spec.timescale.managed.backup.schedule", "(99) above maximum (59)"},
		"selector": {smallest + "\npods: {nodeSelector: {\"a b\": c}}", "spec.pods.nodeSelector", "a b"},
	} {
		sp.twin(name, c.spec)
		twin := sp.conditionWithoutWork(name, v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonInvalidSpec)
		stall := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled)
		require.Contains(t, stall.Message, c.field)
		require.Contains(t, stall.Message, c.words)
		require.Equal(t, v1.PhaseStalled, twin.Status.Phase)
	}
	sp.settle("cron")
	sp.settle("selector")
	sp.requests.taken()
	for range 3 {
		sp.settle("cron")
	}
	require.Empty(t, sp.requests.taken(), "what is rejected is sent again")
	sp.patchSpec("cron", "timescale: {managed: {backup: {schedule: \"59 3 * * *\"}}}")
	sp.ready("cron")
}

// A policy of the cluster answers as if an object were invalid, and may change: it
// is tried again.
func TestPoliciesAreTriedAgain(t *testing.T) {
	sp := newSpace(t)
	always := admissionv1.Fail
	policy := &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: sp.ns},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: &always,
			MatchConstraints: &admissionv1.MatchResources{
				NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": sp.ns}},
				ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Create},
					Rule:       admissionv1.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"statefulsets"}},
				}}},
			},
			Validations: []admissionv1.Validation{{Expression: "false", Message: "no stores in here"}},
		},
	}
	require.NoError(t, sp.admin.Create(sp.ctx, policy))
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: sp.ns},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: sp.ns, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	}
	require.NoError(t, sp.admin.Create(sp.ctx, binding))
	t.Cleanup(func() { _ = sp.admin.Delete(t.Context(), policy) })
	probe := func() error {
		set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "probe"}, Spec: appsv1.StatefulSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}},
			},
		}}
		return sp.admin.Create(sp.ctx, set, client.DryRunAll)
	}
	sp.eventually(func() error {
		if err := probe(); err == nil || !strings.Contains(err.Error(), "no stores in here") {
			return fmt.Errorf("the policy is not in force: %w", err)
		}
		return nil
	})
	sp.twin("policed", smallest)
	twin := sp.conditionWithoutWork("policed", v1.ConditionReconciling, metav1.ConditionTrue, v1.ReasonFailing)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReady).Message, "no stores in here")
	require.NoError(t, sp.admin.Delete(sp.ctx, binding))
	sp.eventually(probe)
	sp.wake("policed")
	sp.ready("policed")
}

// Of two twins with the same host the first keeps it, whichever asks later; the
// other is Stalled until the host is free.
func TestHostOfAnotherTwinIsNotTaken(t *testing.T) {
	sp := newSpace(t)
	host := "host-" + sp.ns + ".example.org"
	sp.twin("first", smallest+"\napi: {ingress: {host: "+host+"}}")
	sp.ready("first")
	sp.twin("beside", smallest+"\napi: {basePath: /beside, ingress: {host: "+host+"}}")
	sp.ready("beside")
	sp.twin("second", smallest+"\napi: {ingress: {host: "+host+"}}")
	twin := sp.condition("second", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonHostTaken)
	message := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStalled).Message
	require.Contains(t, message, "spec.api.ingress.host: "+host+" is that of the twin first in the namespace "+sp.ns)
	require.False(t, sp.child(&networkingv1.Ingress{}, "second-api"))
	sp.ready("first")

	require.NoError(t, sp.admin.Delete(sp.ctx, sp.get("first")))
	sp.wake("second")
	sp.ready("second")
	require.True(t, sp.child(&networkingv1.Ingress{}, "second-api"))
}

// A limit of a group that no meter is in has no effect, which is said: of made-up
// households at once, of a file when the API reports it.
func TestGroupsWithoutMeters(t *testing.T) {
	sp := newSpace(t)
	sp.twin("groups", smallest+"\nprocessor: {dsm: {groups: [{name: feeder-0001, capacityKW: 9}, {name: feeder-1, capacityKW: 9}]}}")
	twin := sp.condition("groups", v1.ConditionEmptyGroups, metav1.ConditionTrue, v1.ReasonNoMeters)
	require.Equal(t, "spec.processor.dsm.groups: no meter is in feeder-1, so that its limit has no effect; write the names of groups in the dataset, which are feeder-0001 to feeder-0008",
		meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionEmptyGroups).Message)
	sp.ready("groups")
	sp.eventually(func() error {
		if got := sp.events("groups"); got[v1.ConditionEmptyGroups] != corev1.EventTypeWarning {
			return fmt.Errorf("events: %v", got)
		}
		return nil
	})
	sp.patchSpec("groups", "processor: {dsm: {groups: [{name: feeder-0001, capacityKW: 9}]}}")
	sp.ready("groups")
	require.Nil(t, meta.FindStatusCondition(sp.get("groups").Status.Conditions, v1.ConditionEmptyGroups))

	sp.configMap("readings", "readings.csv", "meter,time,kwh\n")
	sp.twin("file", "dataset: {configMap: {name: readings, key: readings.csv}}\nprocessor: {dsm: {groups: [{name: north, capacityKW: 9}]}}")
	sp.ready("file")
	sp.runPod("file", "api", "192.0.2.80", map[string]any{"answered": true, "meters": 2, "rows": 5, "emptyGroups": []string{"north"}})
	sp.pass(time.Minute, "file")
	sp.condition("file", v1.ConditionEmptyGroups, metav1.ConditionTrue, v1.ReasonNoMeters)
	sp.figures.Store("192.0.2.80", map[string]any{"answered": true, "meters": 3, "rows": 6})
	sp.pass(time.Minute, "file")
	sp.settle("file")
	require.Nil(t, meta.FindStatusCondition(sp.get("file").Status.Conditions, v1.ConditionEmptyGroups))
}

// An identifier that is another with each try is left out, and a checksum is not.
func TestSteadyKeepsChecksums(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	require.Equal(t, "the file has another SHA-256: "+sum+", not "+sum, steady("the file has another SHA-256: "+sum+", not "+sum))
	require.Equal(t, "failed to setup network for sandbox : no address", steady(`failed to setup network for sandbox "`+sum+`": no address`))
}
