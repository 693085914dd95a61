package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/test/fakecluster"
)

const patience = 3 * time.Minute

var errStillThere = errors.New("still there")

// eventually waits until nothing is wrong any more.
func (sp *space) eventually(wrong func() error) {
	sp.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := wrong()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			twins := &v1.DigitalTwinList{}
			_ = sp.admin.List(sp.ctx, twins, client.InNamespace(sp.ns))
			for _, twin := range twins.Items {
				doc, _ := yaml.Marshal(twin.Status)
				sp.t.Logf("status of %s:\n%s", twin.Name, doc)
			}
			require.NoError(sp.t, err)
		}
		select {
		case <-sp.ctx.Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// twin is one with a spec in YAML.
func (sp *space) twin(name, spec string) *v1.DigitalTwin {
	sp.t.Helper()
	u := &unstructured.Unstructured{Object: map[string]any{}}
	var content map[string]any
	require.NoError(sp.t, yaml.Unmarshal([]byte(spec), &content))
	u.Object["spec"] = content
	return sp.create(name, u)
}

// sampleTwin is that of a sample.
func (sp *space) sampleTwin(file string) *v1.DigitalTwin {
	sp.t.Helper()
	content, err := os.ReadFile("../config/samples/" + file)
	require.NoError(sp.t, err)
	u := &unstructured.Unstructured{}
	require.NoError(sp.t, yaml.Unmarshal(content, &u.Object))
	return sp.create(u.GetName(), u)
}

func (sp *space) create(name string, u *unstructured.Unstructured) *v1.DigitalTwin {
	sp.t.Helper()
	u.SetGroupVersionKind(v1.GroupVersion.WithKind(v1.Kind))
	u.SetName(name)
	u.SetNamespace(sp.ns)
	require.NoError(sp.t, sp.admin.Create(sp.ctx, u))
	return sp.get(name)
}

func (sp *space) get(name string) *v1.DigitalTwin {
	sp.t.Helper()
	twin := &v1.DigitalTwin{}
	require.NoError(sp.t, sp.admin.Get(sp.ctx, client.ObjectKey{Namespace: sp.ns, Name: name}, twin))
	return twin
}

// writeStatus writes the status of a pod, workload or claim as the cluster's own
// controllers do: whoever else wrote the object meanwhile, the operator above all.
func (sp *space) writeStatus(o client.Object) {
	sp.t.Helper()
	o.SetResourceVersion("")
	require.NoError(sp.t, sp.admin.Status().Update(sp.ctx, o))
}

// child reads an object; ok is false if there is none.
func (sp *space) child(o client.Object, name string) bool {
	sp.t.Helper()
	err := sp.admin.Get(sp.ctx, client.ObjectKey{Namespace: sp.ns, Name: name}, o)
	if apierrors.IsNotFound(err) {
		return false
	}
	require.NoError(sp.t, err)
	return true
}

// patchSpec merges YAML into the spec.
func (sp *space) patchSpec(name, spec string) {
	sp.t.Helper()
	doc, err := yaml.YAMLToJSON([]byte(spec))
	require.NoError(sp.t, err)
	sp.patch(sp.get(name), fmt.Sprintf(`{"spec":%s}`, doc))
}

func (sp *space) patch(o client.Object, doc string) {
	sp.t.Helper()
	require.NoError(sp.t, sp.admin.Patch(sp.ctx, o, client.RawPatch("application/merge-patch+json", []byte(doc))))
}

// condition waits for a condition that speaks of the newest spec.
func (sp *space) condition(name, kind string, want metav1.ConditionStatus, reason string) *v1.DigitalTwin {
	sp.t.Helper()
	var twin *v1.DigitalTwin
	sp.eventually(func() error {
		sp.workOnce()
		twin = sp.get(name)
		c := meta.FindStatusCondition(twin.Status.Conditions, kind)
		if c == nil || c.Status != want || c.Reason != reason {
			return fmt.Errorf("%s is %+v, not %s %s", kind, c, want, reason)
		}
		if c.ObservedGeneration != twin.Generation {
			return fmt.Errorf("%s is of generation %d, the twin of %d", kind, c.ObservedGeneration, twin.Generation)
		}
		return nil
	})
	sp.said.note(&twin.Status) // the witness may be stopped before it hears of it
	return twin
}

func (sp *space) ready(name string) *v1.DigitalTwin {
	sp.t.Helper()
	return sp.condition(name, v1.ConditionReady, metav1.ConditionTrue, v1.ReasonAvailable)
}

// workOnce does once what the controllers of a cluster do: there are none here.
// Every StatefulSet gets its volumes and is ready, every Job ends well, every
// Deployment is available with one pod that has an address.
func (sp *space) workOnce() {
	sp.t.Helper()
	sp.workOnStores()
	sp.workOnJobs()
	sp.workOnDeployments()
}

func (sp *space) workOnStores() {
	sp.t.Helper()
	sets := &appsv1.StatefulSetList{}
	require.NoError(sp.t, sp.admin.List(sp.ctx, sets, client.InNamespace(sp.ns)))
	for i := range sets.Items {
		if set := &sets.Items[i]; !sp.staysUnready(set, set.Spec.Template) {
			require.NoError(sp.t, fakecluster.StatefulSet(sp.ctx, sp.admin, set))
		}
	}
	claims := &corev1.PersistentVolumeClaimList{}
	require.NoError(sp.t, sp.admin.List(sp.ctx, claims, client.InNamespace(sp.ns)))
	for i := range claims.Items {
		if _, ours := claims.Items[i].Labels[resources.LabelInstance]; ours {
			require.NoError(sp.t, fakecluster.Claim(sp.ctx, sp.admin, &claims.Items[i]))
		}
	}
}

func (sp *space) workOnJobs() {
	sp.t.Helper()
	jobs := &batchv1.JobList{}
	require.NoError(sp.t, sp.admin.List(sp.ctx, jobs, client.InNamespace(sp.ns)))
	for i := range jobs.Items {
		job := &jobs.Items[i]
		if job.Labels[resources.LabelComponent] == resources.ComponentProof && !sp.workOnProof(job) {
			continue
		}
		require.NoError(sp.t, fakecluster.Job(sp.ctx, sp.admin, job))
	}
}

// proofEnds waits for the proof of an image, and lets it end as it does.
func (sp *space) proofEnds() {
	sp.t.Helper()
	sp.eventually(func() error {
		for _, job := range sp.jobs() {
			if job.Labels[resources.LabelComponent] == resources.ComponentProof && sp.workOnProof(&job) {
				return fakecluster.Job(sp.ctx, sp.admin, &job)
			}
		}
		return errors.New("no image is being proven")
	})
}

// workOnProof runs the image of a proof, and answers whether it ends well.
func (sp *space) workOnProof(job *batchv1.Job) bool {
	sp.t.Helper()
	image := job.Spec.Template.Spec.Containers[0].Image
	fault, bad := sp.faults.Load(image)
	var state *corev1.ContainerState
	if bad {
		stuck, ok := fault.(corev1.ContainerState)
		require.True(sp.t, ok)
		state = &stuck
	}
	err := fakecluster.Proof(sp.ctx, sp.admin, job, state)
	if apierrors.IsForbidden(err) {
		return false // its pod is not admitted, by a class that is not there say
	}
	sp.tolerate(err)
	return state == nil || state.Terminated != nil && state.Terminated.ExitCode == 0
}

func (sp *space) workOnDeployments() {
	sp.t.Helper()
	deployments := &appsv1.DeploymentList{}
	require.NoError(sp.t, sp.admin.List(sp.ctx, deployments, client.InNamespace(sp.ns)))
	for i := range deployments.Items {
		if d := &deployments.Items[i]; sp.staysUnready(d, d.Spec.Template) {
			require.NoError(sp.t, fakecluster.UnreadyDeployment(sp.ctx, sp.admin, d))
		} else {
			require.NoError(sp.t, fakecluster.Deployment(sp.ctx, sp.admin, d))
		}
	}
}

// staysUnready reports whether the pods of a set run an image with which they never
// get ready.
func (sp *space) staysUnready(set client.Object, template corev1.PodTemplateSpec) bool {
	for _, c := range append(template.Spec.InitContainers, template.Spec.Containers...) {
		if _, bad := sp.unready.Load(set.GetLabels()[resources.LabelComponent] + "/" + c.Image); bad {
			return true
		}
	}
	return false
}

// runPod makes a running pod of a component with an address and an answer of
// its status port.
func (sp *space) runPod(twin, component, ip string, answer any) {
	sp.t.Helper()
	d := &appsv1.Deployment{}
	require.True(sp.t, sp.child(d, resources.Name(twin, component)))
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: sp.ns, Name: d.Name + "-x", Labels: d.Spec.Template.Labels,
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "ReplicaSet", Name: d.Name + "-abc", UID: "0", Controller: ptr.To(true),
			}},
		},
		Spec: d.Spec.Template.Spec,
	}
	if err := sp.admin.Create(sp.ctx, pod); apierrors.IsAlreadyExists(err) {
		require.True(sp.t, sp.child(pod, pod.Name))
	} else {
		require.NoError(sp.t, err)
	}
	pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}, HostIP: "192.0.2.1", HostIPs: []corev1.HostIP{{IP: "192.0.2.1"}}}
	sp.writeStatus(pod)
	sp.figures.Store(ip, answer)
}

// answer is what the status port of a pod answers.
func (sp *space) answer(_ context.Context, podIP string, into any) error {
	value, ok := sp.figures.Load(podIP)
	if !ok {
		return errors.New("nobody answers")
	}
	if asked, ok := value.(func() any); ok {
		value = asked()
	}
	doc, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(doc, into)
}

// pass lets time pass for the operator, once it knows all that is there, and
// waits until it has looked at a twin then.
func (sp *space) pass(d time.Duration, twin string) {
	sp.t.Helper()
	sp.caughtUp()
	sp.clock.Add(int64(d))
	sp.settle(twin)
}

// tolerate lets someone else have been faster.
func (sp *space) tolerate(err error) {
	sp.t.Helper()
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return
	}
	require.NoError(sp.t, err)
}
