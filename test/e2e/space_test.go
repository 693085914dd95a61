package e2e

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// space is the namespace of one test.
type space struct {
	*cluster
	t    *testing.T
	name string
}

// labelOurs is on the namespaces that the tests made. They delete no other.
const labelOurs = "energytwin.dev/e2e"

// labels are on each namespace of the tests.
func labels() map[string]string {
	return map[string]string{"pod-security.kubernetes.io/enforce": "restricted", labelOurs: "true"}
}

// space makes a namespace for the test, and deletes it with everything in it at
// the test's end. If the test failed, it is described first.
func (c *cluster) space(t *testing.T, name string) *space {
	t.Helper()
	s := &space{cluster: c, t: t, name: name}
	s.clear() // of a run that was stopped
	require.NoError(t, c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels()}}))
	t.Cleanup(func() {
		if t.Failed() {
			s.describe()
			if os.Getenv("ENERGYTWIN_E2E_KEEP") != "" {
				t.Logf("namespace %s is kept", name)
				return
			}
		}
		s.clear()
	})
	return s
}

// clear deletes the namespace and waits until it is gone. Twins go first: who
// deletes a twin's volumes needs the namespace.
func (s *space) clear() {
	ctx := context.WithoutCancel(s.t.Context())
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.name}}
	if apierrors.IsNotFound(s.Get(ctx, client.ObjectKeyFromObject(namespace), namespace)) {
		return
	}
	if namespace.Labels[labelOurs] == "" {
		s.t.Fatalf("namespace %s is not of these tests' making; rename it", s.name)
	}
	_ = s.DeleteAllOf(ctx, &v1.DigitalTwin{}, client.InNamespace(s.name))
	_ = s.Delete(ctx, namespace)
	for range int(patience / pause) {
		if apierrors.IsNotFound(s.Get(ctx, client.ObjectKeyFromObject(namespace), namespace)) {
			return
		}
		time.Sleep(pause)
	}
	s.t.Errorf("namespace %s is still there: %v", s.name, namespace.Status.Conditions)
}

// key is the key of an object in the namespace.
func (s *space) key(name string) client.ObjectKey {
	return client.ObjectKey{Namespace: s.name, Name: name}
}

// meta names a new object in the namespace.
func (s *space) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: s.name, Name: name}
}

// make makes objects in the namespace.
func (s *space) make(objects ...client.Object) {
	s.t.Helper()
	for _, o := range objects {
		require.NoError(s.t, s.Create(s.t.Context(), o), "%T %s", o, o.GetName())
	}
}

// secret is the content of a Secret.
func (s *space) secret(name string) map[string][]byte {
	s.t.Helper()
	secret := &corev1.Secret{}
	require.NoError(s.t, s.Get(s.t.Context(), s.key(name), secret))
	return secret.Data
}

// pods are the pods of the namespace whose name starts so, by name.
func (s *space) pods(prefix string) map[string]corev1.Pod {
	s.t.Helper()
	list := &corev1.PodList{}
	require.NoError(s.t, s.List(s.t.Context(), list, client.InNamespace(s.name)))
	out := map[string]corev1.Pod{}
	for _, p := range list.Items {
		if strings.HasPrefix(p.Name, prefix) {
			out[p.Name] = p
		}
	}
	return out
}
