package e2e

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// childKinds are the kinds that a twin can have objects of, on a cluster with
// nothing but Kubernetes.
func childKinds() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{
		resources.KindSecret, resources.KindConfigMap, resources.KindService, resources.KindStatefulSet,
		resources.KindDeployment, resources.KindJob, resources.KindCronJob, resources.KindNetworkPolicy,
		resources.KindIngress, resources.KindDisruption, resources.KindAutoscaler,
	}
}

// ofTwin are the objects of a kind that carry a twin's labels.
func (s *space) ofTwin(twin string, kind schema.GroupVersionKind) []unstructured.Unstructured {
	s.t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	require.NoError(s.t, s.List(s.t.Context(), list, client.InNamespace(s.name), client.MatchingLabels(resources.TwinLabels(twin))))
	return list.Items
}

// children are the objects that a twin owns, and its credentials.
func (s *space) children(twin *v1.DigitalTwin) []unstructured.Unstructured {
	s.t.Helper()
	var out []unstructured.Unstructured
	for _, kind := range childKinds() {
		for _, o := range s.ofTwin(twin.Name, kind) {
			if metav1.IsControlledBy(&o, twin) || o.GetName() == resources.CredentialsName(twin.Name) {
				out = append(out, o)
			}
		}
	}
	require.NotEmpty(s.t, out)
	return out
}

// inKubectl names an object as kubectl does.
func inKubectl(o *unstructured.Unstructured) string {
	return strings.ToLower(o.GetKind()) + "/" + o.GetName()
}

// left says what may be there of a twin that is gone.
type left int

const (
	retained left = iota // volumes and credentials
	deleted              // nothing
)

// nothingIsLeft waits until nothing is there of a deleted twin but what its
// policy keeps. The garbage collector and pods that end need their time.
func (s *space) nothingIsLeft(twin string, may left) {
	s.t.Helper()
	kinds := append(childKinds(), schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, resources.KindVolumeClaim,
		schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "ReplicaSet"})
	var kept []string
	eventually(s.t, fmt.Sprintf("nothing left of %s/%s", s.name, twin), func() (string, bool) {
		var there []string
		kept = nil
		for _, kind := range kinds {
			for _, o := range s.ofTwin(twin, kind) {
				if may == retained && (o.GetKind() == "PersistentVolumeClaim" || o.GetName() == resources.CredentialsName(twin)) {
					kept = append(kept, inKubectl(&o))
					continue
				}
				there = append(there, inKubectl(&o))
			}
		}
		return strings.Join(there, " "), len(there) == 0
	})
	if may == retained {
		require.Contains(s.t, kept, "secret/"+resources.CredentialsName(twin))
		claims := slices.DeleteFunc(kept, func(name string) bool { return !strings.HasPrefix(name, "persistentvolumeclaim/") })
		require.Len(s.t, claims, 3, "the volumes of three stores")
	}
}

func conditionIs(t *v1.DigitalTwin, kind string) bool {
	return meta.IsStatusConditionTrue(t.Status.Conditions, kind)
}
