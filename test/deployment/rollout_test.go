package deployment

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	revisionAnnotation = "deployment.kubernetes.io/revision"
	templateHash       = "pod-template-hash"
)

// rollout writes what Deployment controller and kubelet would write for the
// operator: a template rolls out unless its image is broken. Pods of a broken
// template stay for a while after the next, as they do in a cluster.
type rollout struct {
	*suite
	namespace string
	probes    *net.TCPAddr      // where the pods' probes are served
	broken    map[string]string // image → reason of the waiting container, "" for a pod that does not get ready
	revision  int
	image     string // of the newest template
	observed  int64  // the newest generation
}

// play rolls out every template of the operator until the test ends.
func (r *rollout) play(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			if err := r.step(ctx); err != nil && !apierrors.IsConflict(err) && ctx.Err() == nil {
				t.Errorf("roll-out: %v", err)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	t.Cleanup(func() { cancel(); done.Wait() })
}

func (r *rollout) step(ctx context.Context) error {
	d := &appsv1.Deployment{}
	err := r.Get(ctx, client.ObjectKey{Namespace: r.namespace, Name: "energytwin-operator"}, d)
	if err != nil || d.Generation == r.observed {
		return client.IgnoreNotFound(err)
	}
	image := d.Spec.Template.Spec.Containers[0].Image
	reason, broken := r.broken[image]
	if image != r.image {
		r.image, r.revision = image, r.revision+1
		if err := r.template(ctx, d, reason, broken); err != nil {
			return err
		}
	}
	replicas := ptr.Deref(d.Spec.Replicas, 1)
	d.Status = appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation, Replicas: replicas, UpdatedReplicas: replicas, AvailableReplicas: replicas, ReadyReplicas: replicas,
	}
	if broken { // the new pod beside the old one
		d.Status.Replicas, d.Status.UnavailableReplicas = replicas+1, 1
	}
	if err := r.Status().Update(ctx, d); err != nil {
		return client.IgnoreNotFound(err)
	}
	r.observed = d.Generation
	return nil
}

// template brings up a new template: its ReplicaSet and its pod.
func (r *rollout) template(ctx context.Context, d *appsv1.Deployment, reason string, broken bool) error {
	name := fmt.Sprintf("energytwin-operator-%d", r.revision)
	labels := map[string]string{templateHash: strconv.Itoa(r.revision)}
	for key, value := range d.Spec.Template.Labels {
		labels[key] = value
	}
	set := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: r.namespace, Name: name, Labels: labels,
			Annotations: map[string]string{revisionAnnotation: strconv.Itoa(r.revision)},
		},
		Spec: appsv1.ReplicaSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: d.Spec.Template.Spec},
		},
	}
	if err := r.Create(ctx, set); err != nil {
		return err
	}
	if !broken {
		if err := r.replace(ctx); err != nil {
			return err
		}
	}
	if err := r.pod(ctx, set, name, reason, broken); err != nil {
		return err
	}
	before := d.DeepCopy()
	if d.Annotations == nil {
		d.Annotations = map[string]string{}
	}
	d.Annotations[revisionAnnotation] = strconv.Itoa(r.revision)
	return r.Patch(ctx, d, client.MergeFrom(before)) // which is a new generation
}

// replace deletes the pods of the templates that work.
func (r *rollout) replace(ctx context.Context) error {
	pods := &corev1.PodList{}
	if err := r.List(ctx, pods, client.InNamespace(r.namespace)); err != nil {
		return err
	}
	for i := range pods.Items {
		if _, broken := r.broken[pods.Items[i].Spec.Containers[0].Image]; broken {
			continue
		}
		if err := r.Delete(ctx, &pods.Items[i], client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

func (r *rollout) pod(ctx context.Context, set *appsv1.ReplicaSet, name, reason string, broken bool) error {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: r.namespace, Name: name, Labels: set.Spec.Template.Labels},
		Spec:       *set.Spec.Template.Spec.DeepCopy(),
	}
	container := &pod.Spec.Containers[0]
	for i := range container.Ports {
		if container.Ports[i].Name == "probes" {
			container.Ports[i].ContainerPort = int32(r.probes.Port)
		}
	}
	if err := r.Create(ctx, pod); err != nil {
		return err
	}
	ip := r.probes.IP.String()
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
		ContainerStatuses: []corev1.ContainerStatus{{Name: container.Name, Ready: !broken, Image: container.Image}},
	}
	if reason != "" {
		pod.Status.Phase = corev1.PodPending
		pod.Status.ContainerStatuses[0].State.Waiting = &corev1.ContainerStateWaiting{Reason: reason, Message: "of " + container.Image}
	}
	return r.Status().Update(ctx, pod)
}

// serveProbes answers for the operator's pods at an address of this machine that
// the API server connects to, which no loopback address is.
func serveProbes(t *testing.T, answer http.HandlerFunc) *net.TCPAddr {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, address := range addresses {
		network, ok := address.(*net.IPNet)
		if !ok || network.IP.IsLoopback() || network.IP.IsLinkLocalUnicast() || network.IP.To4() == nil {
			continue
		}
		listener, err := net.Listen("tcp", net.JoinHostPort(network.IP.String(), "0"))
		if err != nil {
			continue
		}
		server := httptest.NewUnstartedServer(answer)
		require.NoError(t, server.Listener.Close())
		server.Listener = listener
		server.Start()
		t.Cleanup(server.Close)
		return listener.Addr().(*net.TCPAddr)
	}
	t.Skip("this machine has no address but loopback, which an API server connects to no pod at")
	return nil
}

// image is a reference by digest.
func image(name string) string {
	return "registry.example.org/" + name + ":v1@sha256:" + strings.Repeat("0a", 32)
}
