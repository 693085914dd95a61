package controllers

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

const smallest = "dataset: {synthetic: {}}"

// everything makes a child of each kind that does not need other operators.
const everything = `
dataset: {synthetic: {}}
api: {replicas: 2, ingress: {host: twin.example.org}}
processor: {replicas: 2, autoscaling: {minReplicas: 2, maxReplicas: 3}}
timescale: {managed: {backup: {schedule: "0 3 * * *", volume: {}}}}
`

// Stores come first, then the Job that prepares them, then the workloads; the
// status says at each stage where the twin is.
func TestTwinComesUpInOrder(t *testing.T) {
	sp := newSpace(t)
	sp.sampleTwin("quickstart.yaml")

	sp.eventually(func() error {
		for _, store := range []string{"kafka", "redis", "timescale"} {
			if !sp.child(&appsv1.StatefulSet{}, "quickstart-"+store) {
				return fmt.Errorf("no %s", store)
			}
		}
		return nil
	})
	twin := sp.conditionWithoutWork("quickstart", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonWaiting)
	require.Equal(t, v1.PhaseStarting, twin.Status.Phase)
	require.True(t, meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReconciling))
	require.Empty(t, sp.jobs(), "stores are prepared before they are there")
	require.False(t, sp.child(&appsv1.Deployment{}, "quickstart-processor"))

	sp.workOnStores()
	sp.eventually(func() error {
		if len(sp.jobs()) != 1 {
			return fmt.Errorf("%d Jobs", len(sp.jobs()))
		}
		return nil
	})
	twin = sp.conditionWithoutWork("quickstart", v1.ConditionSchemaReady, metav1.ConditionFalse, v1.ReasonMigrating)
	require.True(t, meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionKafkaReady))
	require.False(t, sp.child(&appsv1.Deployment{}, "quickstart-processor"), "workloads run on stores that are not prepared")

	sp.workOnJobs()
	sp.eventually(func() error {
		if !sp.child(&appsv1.Deployment{}, "quickstart-api") {
			return fmt.Errorf("no API")
		}
		return nil
	})
	sp.conditionWithoutWork("quickstart", v1.ConditionWorkloadsReady, metav1.ConditionFalse, v1.ReasonWaiting)

	twin = sp.ready("quickstart")
	require.Equal(t, v1.PhaseRunning, twin.Status.Phase)
	require.Nil(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReconciling))
	// Ready does not wait for what watches the twin.
	twin = sp.condition("quickstart", v1.ConditionMonitoringReady, metav1.ConditionTrue, v1.ReasonAvailable)
	require.Equal(t, "http://quickstart-api."+sp.ns+".svc/ui", twin.Status.Endpoints.UI)
	require.Equal(t, v1.StoreManaged, twin.Status.Stores.Kafka)
	require.NotEmpty(t, twin.Status.SpecHash)
	images := map[string]string{}
	for _, c := range twin.Status.Components {
		images[c.Name] = c.Image
	}
	require.Equal(t, sp.image, images["processor"])
	require.Len(t, images, 8)
	require.Empty(t, sp.requests.rejected(), "the generated role lacks rights")
}

// conditionWithoutWork waits for a condition while nothing else moves.
func (sp *space) conditionWithoutWork(name, kind string, want metav1.ConditionStatus, reason string) *v1.DigitalTwin {
	sp.t.Helper()
	var twin *v1.DigitalTwin
	sp.eventually(func() error {
		twin = sp.get(name)
		c := meta.FindStatusCondition(twin.Status.Conditions, kind)
		if c == nil || c.Status != want || c.Reason != reason {
			return fmt.Errorf("%s is %+v, not %s %s", kind, c, want, reason)
		}
		return nil
	})
	return twin
}

func (sp *space) jobs() []batchv1.Job {
	sp.t.Helper()
	list := &batchv1.JobList{}
	require.NoError(sp.t, sp.admin.List(sp.ctx, list, client.InNamespace(sp.ns)))
	return list.Items
}

// Pods are admitted in a namespace that is restricted.
func TestPodsAreRestricted(t *testing.T) {
	sp := newSpace(t)
	sp.twin("small", smallest+"\ntimescale: {managed: {backup: {schedule: \"0 3 * * *\", volume: {}}}}")
	sp.ready("small")
	var templates []corev1.PodTemplateSpec
	deployments, sets := &appsv1.DeploymentList{}, &appsv1.StatefulSetList{}
	require.NoError(t, sp.admin.List(sp.ctx, deployments, client.InNamespace(sp.ns)))
	require.NoError(t, sp.admin.List(sp.ctx, sets, client.InNamespace(sp.ns)))
	crons := &batchv1.CronJobList{}
	require.NoError(t, sp.admin.List(sp.ctx, crons, client.InNamespace(sp.ns)))
	for _, d := range deployments.Items {
		templates = append(templates, d.Spec.Template)
	}
	for _, s := range sets.Items {
		templates = append(templates, s.Spec.Template)
	}
	for _, j := range sp.jobs() {
		templates = append(templates, j.Spec.Template)
	}
	for _, c := range crons.Items {
		templates = append(templates, c.Spec.JobTemplate.Spec.Template)
	}
	require.Len(t, templates, 10)
	for i, template := range templates {
		spec := template.Spec
		for _, c := range spec.Volumes {
			require.Nil(t, c.HostPath)
		}
		// The volumes of a StatefulSet come from its templates.
		for _, c := range append(spec.InitContainers, spec.Containers...) {
			for _, m := range c.VolumeMounts {
				if m.Name == "data" && !hasVolume(spec, "data") {
					spec.Volumes = append(spec.Volumes, corev1.Volume{Name: "data"})
				}
			}
		}
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: fmt.Sprintf("try-%d", i), Labels: template.Labels}, Spec: spec}
		require.NoError(t, sp.admin.Create(sp.ctx, pod, client.DryRunAll), "%v", template.Labels)
	}
}

func hasVolume(spec corev1.PodSpec, name string) bool {
	for _, v := range spec.Volumes {
		if v.Name == name {
			return true
		}
	}
	return false
}
