package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// An operator with nothing to do writes nothing, however often it looks.
func TestIdleOperatorWritesNothing(t *testing.T) {
	sp := newSpace(t)
	for i := range 3 {
		sp.twin(fmt.Sprintf("idle-%d", i), smallest)
	}
	for i := range 3 {
		sp.ready(fmt.Sprintf("idle-%d", i))
	}
	sp.quiet()
	for range 5 {
		for i := range 3 {
			sp.wakeAndWait(fmt.Sprintf("idle-%d", i))
		}
	}
	require.Empty(t, sp.requests.taken())
}

// quiet waits until the operator has stopped writing, and forgets what it wrote.
func (sp *space) quiet() {
	sp.t.Helper()
	still := 0
	sp.eventually(func() error {
		sp.workOnce()
		if wrote := sp.requests.taken(); len(wrote) > 0 {
			still = 0
			return fmt.Errorf("it writes %v", wrote)
		}
		if still++; still < 25 {
			return fmt.Errorf("quiet for %d looks", still)
		}
		return nil
	})
}

// wakeAndWait wakes the operator and waits until it has looked at the twin: it
// asks for the twin's credentials each time.
func (sp *space) wakeAndWait(twin string) {
	sp.t.Helper()
	before := sp.requests.looked(sp.ns, twin)
	sp.wake(twin)
	sp.eventually(func() error {
		if sp.requests.looked(sp.ns, twin) == before {
			return fmt.Errorf("the operator has not looked")
		}
		return nil
	})
}

// While data flow, the status is written at most every 30 s, and nothing else.
func TestFlowingTwinWritesItsStatusEvery30Seconds(t *testing.T) {
	sp := newSpace(t)
	sp.twin("flowing", smallest)
	sp.ready("flowing")
	rows := int64(0)
	say := func() {
		rows += 100
		at := time.Date(2025, 2, 1, 0, 0, 0, 0, time.UTC)
		sp.runPod("flowing", "api", "192.0.2.10", map[string]any{"answered": true, "meters": 200, "rows": rows, "decisions": rows / 24, "lastEventTime": at, "writtenAt": at})
	}
	say()
	sp.pass(time.Minute, "flowing")
	sp.eventually(func() error {
		if twin := sp.get("flowing"); twin.Status.Dataset == nil || twin.Status.Dataset.Rows != rows {
			return fmt.Errorf("rows not seen")
		}
		return nil
	})
	sp.quiet()
	for range 3 {
		say()
		sp.wakeAndWait("flowing")
	}
	require.Empty(t, sp.requests.taken(), "figures were written before 30 s had passed")

	sp.pass(31*time.Second, "flowing")
	twin := sp.condition("flowing", v1.ConditionDataFlowing, metav1.ConditionTrue, v1.ReasonFlowing)
	sp.eventually(func() error {
		if twin = sp.get("flowing"); twin.Status.Dataset.Rows != rows {
			return fmt.Errorf("rows not seen")
		}
		return nil
	})
	require.Equal(t, int32(200), twin.Status.Dataset.Meters)
	require.Equal(t, "8%", twin.Status.Stream.Progress)
	wrote := sp.requests.taken()
	require.Len(t, wrote, 1, "%v", wrote)
	require.Contains(t, wrote[0], "/flowing/status")
}

// What the operator sets is put back; what others add stays.
func TestDriftIsPutBack(t *testing.T) {
	sp := newSpace(t)
	sp.twin("drift", smallest)
	sp.ready("drift")
	sp.quiet()

	config := &corev1.ConfigMap{}
	require.True(t, sp.child(config, "drift-config"))
	document := config.Data["twin.yaml"]
	sp.patch(config, `{"data":{"twin.yaml":"spoilt","other":"stays"},"metadata":{"annotations":{"example.org/mine":"stays"}}}`)
	deployment := &appsv1.Deployment{}
	require.True(t, sp.child(deployment, "drift-api"))
	sp.patch(deployment, `{"spec":{"replicas":7,"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}}}}}`)
	service := &corev1.Service{}
	require.True(t, sp.child(service, "drift-redis"))
	sp.patch(service, `{"metadata":{"labels":{"app.kubernetes.io/managed-by":"someone"}},"spec":{"selector":{"app.kubernetes.io/component":"wrong"}}}`)

	sp.eventually(func() error {
		require.True(t, sp.child(config, "drift-config"))
		require.True(t, sp.child(deployment, "drift-api"))
		require.True(t, sp.child(service, "drift-redis"))
		switch {
		case config.Data["twin.yaml"] != document:
			return fmt.Errorf("the ConfigMap is spoilt")
		case *deployment.Spec.Replicas != 1:
			return fmt.Errorf("%d API servers", *deployment.Spec.Replicas)
		case service.Spec.Selector[resources.LabelComponent] != "redis" || service.Labels[resources.LabelManagedBy] != resources.ManagedBy:
			return fmt.Errorf("the Service is %v %v", service.Spec.Selector, service.Labels)
		}
		return nil
	})
	require.Equal(t, "stays", config.Annotations["example.org/mine"])
	require.Equal(t, "stays", config.Data["other"])
	require.Equal(t, "now", deployment.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"], "kubectl rollout restart is undone")
}

// Every child that is deleted comes back.
func TestDeletedChildrenComeBack(t *testing.T) {
	sp := newSpace(t)
	sp.twin("phoenix", smallest)
	sp.ready("phoenix")
	sp.quiet()
	children := map[string]string{} // kind/name → uid
	for _, kind := range sp.childKinds() {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		require.NoError(t, sp.admin.List(sp.ctx, list, client.InNamespace(sp.ns), client.MatchingLabels{resources.LabelManagedBy: resources.ManagedBy}))
		for i := range list.Items {
			o := &list.Items[i]
			children[o.GetKind()+"/"+o.GetName()] = string(o.GetUID())
			require.NoError(t, sp.admin.Delete(sp.ctx, o, client.PropagationPolicy(metav1.DeletePropagationBackground)))
		}
	}
	require.Greater(t, len(children), 25)
	sp.wake("phoenix") // Secrets are not watched; the operator looks at them every 30 s
	sp.eventually(func() error {
		sp.workOnce()
		back := 0
		for _, kind := range sp.childKinds() {
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(kind)
			require.NoError(t, sp.admin.List(sp.ctx, list, client.InNamespace(sp.ns), client.MatchingLabels{resources.LabelManagedBy: resources.ManagedBy}))
			for _, o := range list.Items {
				if uid, ok := children[o.GetKind()+"/"+o.GetName()]; ok && uid != string(o.GetUID()) {
					back++
				}
			}
		}
		// The Job has another name where the passwords are others.
		if back < len(children)-1 {
			return fmt.Errorf("%d of %d are back", back, len(children))
		}
		return nil
	})
	sp.ready("phoenix")
}

func (sp *space) childKinds() []gvk {
	return []gvk{
		resources.KindStatefulSet, resources.KindDeployment, resources.KindJob, resources.KindService, resources.KindConfigMap,
		resources.KindNetworkPolicy, resources.KindSecret,
	}
}

// A paused twin is left alone, whatever happens to it.
func TestPausedTwinIsLeftAlone(t *testing.T) {
	sp := newSpace(t)
	sp.twin("rest", smallest)
	sp.ready("rest")
	sp.quiet()
	sp.patch(sp.get("rest"), `{"metadata":{"annotations":{"twin.energytwin.dev/paused":"true"}}}`)
	sp.eventually(func() error {
		twin := sp.get("rest")
		if !meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionPaused) || twin.Status.Phase != v1.PhasePaused {
			return fmt.Errorf("not paused")
		}
		return nil
	})
	sp.quiet()
	require.NoError(t, sp.admin.Delete(sp.ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "rest-api"}}))
	sp.patchSpec("rest", "networkPolicy: Disabled")
	sp.quiet()
	require.False(t, sp.child(&corev1.Service{}, "rest-api"))
	require.True(t, sp.child(&networkingv1.NetworkPolicy{}, "rest-api"))

	sp.patch(sp.get("rest"), `{"metadata":{"annotations":{"twin.energytwin.dev/paused":null}}}`)
	twin := sp.ready("rest")
	require.Nil(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionPaused))
	require.True(t, sp.child(&corev1.Service{}, "rest-api"))
	sp.eventually(func() error {
		if sp.child(&networkingv1.NetworkPolicy{}, "rest-api") {
			return fmt.Errorf("a policy is left")
		}
		return nil
	})
}

// What is wanted no more goes; what is another's stays.
func TestPruneDeletesOnlyWhatIsOurs(t *testing.T) {
	sp := newSpace(t)
	sp.twin("prune", smallest+"\napi: {replicas: 2}")
	sp.ready("prune")
	require.True(t, sp.child(&policyv1.PodDisruptionBudget{}, "prune-api"))
	foreign := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: "prune-mine", Labels: resources.TwinLabels("prune")}}
	require.NoError(t, sp.admin.Create(sp.ctx, foreign))

	sp.patchSpec("prune", "api: {replicas: 1}\nmonitoring: {prometheus: {mode: \"Off\"}, grafana: {mode: DashboardsOnly}}\nnetworkPolicy: Disabled")
	sp.eventually(func() error {
		sp.workOnce()
		for _, left := range []struct {
			o    client.Object
			name string
		}{
			{&policyv1.PodDisruptionBudget{}, "prune-api"}, {&appsv1.Deployment{}, "prune-prometheus"}, {&appsv1.Deployment{}, "prune-grafana"},
			{&networkingv1.NetworkPolicy{}, "prune-kafka"}, {&corev1.ConfigMap{}, "prune-prometheus"},
		} {
			if sp.child(left.o, left.name) {
				return fmt.Errorf("%T %s is left", left.o, left.name)
			}
		}
		return nil
	})
	require.True(t, sp.child(&corev1.ConfigMap{}, "prune-dashboards"))
	require.True(t, sp.child(&corev1.ConfigMap{}, "prune-mine"))
	require.True(t, sp.child(&appsv1.Deployment{}, "prune-api"))
	sp.ready("prune")
}

// An operator that starts anew changes nothing that is as it should be.
func TestRestartOfTheOperatorChangesNothing(t *testing.T) {
	sp := newSpace(t)
	sp.twin("steady", smallest)
	sp.ready("steady")
	sp.quiet()
	before := sp.versions()
	sp.restart()
	sp.quiet()
	require.Equal(t, before, sp.versions())
}

// versions are the resourceVersions of all that is in the space.
func (sp *space) versions() map[string]string {
	sp.t.Helper()
	out := map[string]string{}
	for _, kind := range append(sp.childKinds(), v1.GroupVersion.WithKind(v1.Kind)) {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		require.NoError(sp.t, sp.admin.List(sp.ctx, list, client.InNamespace(sp.ns)))
		for _, o := range list.Items {
			out[o.GetKind()+"/"+o.GetName()] = o.GetResourceVersion()
		}
	}
	return out
}

// looked is how often the operator has asked for a twin's credentials.
func (l *requestLog) looked(ns, twin string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, path := range l.reads {
		if strings.HasSuffix(path, "/namespaces/"+ns+"/secrets/"+resources.CredentialsName(twin)) {
			n++
		}
	}
	return n
}
