package controllers

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
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
			sp.settle(fmt.Sprintf("idle-%d", i))
		}
	}
	require.Empty(t, sp.requests.taken())
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
		sp.settle("flowing")
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

// An apply takes an entry whose key somebody changed for another's, which stays:
// two ports of one name are then rejected, each time.
func TestChangedKeysOfListsArePutBack(t *testing.T) {
	sp := newSpace(t)
	sp.twin("keys", smallest)
	sp.ready("keys")
	sp.quiet()

	service, deployment := &corev1.Service{}, &appsv1.Deployment{}
	require.True(t, sp.child(service, "keys-api"))
	patch := client.RawPatch(types.JSONPatchType, []byte(`[{"op":"replace","path":"/spec/ports/0/port","value":81}]`))
	require.NoError(t, sp.admin.Patch(sp.ctx, service, patch))
	require.True(t, sp.child(deployment, "keys-api"))
	patch = client.RawPatch(types.JSONPatchType, []byte(`[{"op":"replace","path":"/spec/template/spec/containers/0/ports/0/containerPort","value":81}]`))
	require.NoError(t, sp.admin.Patch(sp.ctx, deployment, patch))

	sp.eventually(func() error {
		require.True(t, sp.child(service, "keys-api"))
		require.True(t, sp.child(deployment, "keys-api"))
		ports := deployment.Spec.Template.Spec.Containers[0].Ports
		if len(service.Spec.Ports) != 1 || service.Spec.Ports[0].Port != 80 {
			return fmt.Errorf("the Service has ports %v", service.Spec.Ports)
		}
		if len(ports) != 2 || ports[0].ContainerPort+ports[1].ContainerPort != resources.PortAPI+resources.PortStatus {
			return fmt.Errorf("the container has ports %v", ports)
		}
		return nil
	})
	sp.ready("keys")
}

// Every child that is deleted comes back.
func TestDeletedChildrenComeBack(t *testing.T) {
	sp := newSpace(t)
	sp.twin("phoenix", everything)
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
		resources.KindStatefulSet, resources.KindDeployment, resources.KindJob, resources.KindCronJob, resources.KindService,
		resources.KindConfigMap, resources.KindNetworkPolicy, resources.KindIngress, resources.KindDisruption, resources.KindAutoscaler,
		resources.KindSecret,
	}
}

// Pods that come and go change a status, and wake the operator; it applies
// nothing for that. Labels that others change it puts back.
func TestStatusOfAChildSendsNoApply(t *testing.T) {
	sp := newSpace(t)
	sp.twin("calm", smallest)
	sp.ready("calm")
	sp.quiet()
	set, deployment := &appsv1.StatefulSet{}, &appsv1.Deployment{}
	for range 3 {
		sp.fail("calm-redis")
		require.True(t, sp.child(deployment, "calm-api"))
		deployment.Status.AvailableReplicas = 0
		sp.writeStatus(deployment)
		sp.settle("calm")
		sp.ready("calm")
	}
	for _, write := range sp.requests.taken() {
		require.Contains(t, write, "/digitaltwins/calm/status")
	}

	require.True(t, sp.child(set, "calm-redis"))
	generation := set.Generation
	sp.patch(set, `{"metadata":{"labels":{"app.kubernetes.io/component":"other"}}}`)
	sp.eventually(func() error {
		require.True(t, sp.child(set, "calm-redis"))
		if got := set.Labels[resources.LabelComponent]; got != "redis" {
			return fmt.Errorf("the label is %s", got)
		}
		return nil
	})
	require.Equal(t, generation, set.Generation)
}
