package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/test/settings"
)

// disturb runs a twin through its replay with all faults that a cluster knows:
// pods that are killed, the operator's leader over and over, objects that are
// deleted or edited by hand. It ends when the twin is Completed.
func (s *space) disturb(name string) {
	rounds := settings.Int(s.t, "ENERGYTWIN_E2E_ROUNDS", 5)
	random := settings.Random(s.t, "ENERGYTWIN_E2E_SEED")
	// The replay has to outlast the faults, however slow the machine is: it runs
	// slowly until they are over, then as fast as it can.
	s.make(s.synthetic(name, replayMeters, replayDays, "600"))
	s.ready(name)
	s.await(name, "has data flowing", isFlowing)

	stop := s.killLeaders(s.t)
	for round := range rounds {
		s.t.Logf("round %d of %d: kill each pod", round+1, rounds)
		s.killPods(name, random)
		s.ready(name)
	}
	s.t.Log("delete each object")
	s.deleteChildren(name, random)
	s.ready(name)
	s.t.Log("edit objects by hand")
	s.editChildren(name)
	s.ready(name)

	require.Less(s.t, s.asked(name, "").Counts.Stored, int64(readingsOf(s.t, replayMeters, replayDays)), "the replay was over before the faults were")
	s.change(name, func(spec *v1.DigitalTwinSpec) { spec.Generator.Speed = "max" })
	s.completed(name)
	require.Positive(s.t, stop(), "no leader of the operator was killed")
	s.operatorWorks(s.t)
	s.ready(name)
}

// killPods kills each pod of a twin, and the operator's, one after another in
// some order, without waiting for the one before to be back.
func (s *space) killPods(twin string, random *rand.Rand) {
	components := []string{"kafka-", "redis-", "timescale-", "generator-", "processor-", "api-", "operator"}
	random.Shuffle(len(components), func(i, j int) { components[i], components[j] = components[j], components[i] })
	for _, component := range components {
		grace := int64(1) // the least that does not make the kubelet start another beside it
		if random.IntN(2) == 0 {
			grace = 30
		}
		if component == "operator" {
			s.killOperator(s.t, grace)
		} else {
			for _, pod := range s.pods(resources.Name(twin, component)) {
				s.t.Logf("kill %s, in %d s", pod.Name, grace)
				require.NoError(s.t, client.IgnoreNotFound(s.Delete(s.t.Context(), &pod, client.GracePeriodSeconds(grace))))
			}
		}
		time.Sleep(time.Duration(random.IntN(10_000)) * time.Millisecond)
	}
	s.operatorWorks(s.t)
}

// deleteChildren deletes each object of a twin and waits until all are there
// again. The Job that prepared the stores is among them.
func (s *space) deleteChildren(name string, random *rand.Rand) {
	children := s.children(s.twin(name))
	random.Shuffle(len(children), func(i, j int) { children[i], children[j] = children[j], children[i] })
	for i := range children {
		s.t.Logf("delete %s", inKubectl(&children[i]))
		require.NoError(s.t, client.IgnoreNotFound(s.Delete(s.t.Context(), children[i].DeepCopy(), client.PropagationPolicy("Background"))))
	}
	for i := range children {
		before := &children[i]
		if before.GetKind() == "Job" || before.GetName() == resources.CredentialsName(name) {
			continue // new passwords are another Job's to take to the stores
		}
		eventually(s.t, inKubectl(before)+" back", func() (string, bool) {
			now := before.DeepCopy()
			err := s.Get(s.t.Context(), client.ObjectKeyFromObject(before), now)
			return fmt.Sprint(err), err == nil && now.GetUID() != before.GetUID()
		})
	}
}

// edit is a change by hand that is to be put back.
type edit struct {
	part  string // of the object's name
	kind  client.Object
	patch string // JSON patch
}

func edits() []edit {
	set := func(path, json string) string {
		return fmt.Sprintf(`{"op":"replace","path":%q,"value":%s}`, path, json)
	}
	of := func(changes ...string) string { return "[" + strings.Join(changes, ",") + "]" }
	object := func(apiVersion, kind string) client.Object {
		u := &unstructured.Unstructured{}
		u.SetAPIVersion(apiVersion)
		u.SetKind(kind)
		return u
	}
	deployment, set3 := object("apps/v1", "Deployment"), object("apps/v1", "StatefulSet")
	return []edit{
		{"processor", deployment, of(set("/spec/template/spec/containers/0/image", `"example.org/other:1"`), set("/spec/replicas", "3"))},
		{"api", deployment, of(set("/spec/replicas", "0"))},
		{"generator", deployment, of(`{"op":"remove","path":"/spec/template/spec/containers/0/readinessProbe"}`)},
		{"redis", set3, of(set("/spec/replicas", "0"))},
		{"timescale", set3, of(set("/spec/template/spec/containers/0/args/1", `"shared_buffers=33MB"`))},
		{"kafka", object("v1", "ConfigMap"), of(set("/data/server.properties", `"broker.id=7"`))},
		{"config", object("v1", "ConfigMap"), of(set("/data/twin.yaml", `"name: other"`))},
		{"api", object("v1", "Service"), of(set("/spec/ports/0/port", "81"))},
		{"redis", object("v1", "Service"), of(set("/spec/selector/app.kubernetes.io~1component", `"kafka"`))},
		{"kafka", object("networking.k8s.io/v1", "NetworkPolicy"), of(set("/spec/ingress", "[]"))},
		{"connections", object("v1", "Secret"), of(set("/data/database-url", `"bm93aGVyZQ=="`))},
	}
}

// editChildren edits objects by hand and waits until each is as it was. What
// others add stays: kubectl rollout restart needs it.
func (s *space) editChildren(name string) {
	restarted := fmt.Appendf(nil, `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":%q}}}}}`, time.Now().Format(time.RFC3339))
	api := s.child(name, edits()[1].kind, "api")
	require.NoError(s.t, s.Patch(s.t.Context(), api, client.RawPatch(types.StrategicMergePatchType, restarted)))
	for _, e := range edits() {
		before := s.child(name, e.kind, e.part)
		s.t.Logf("edit %s: %s", inKubectl(before), e.patch)
		require.NoError(s.t, s.Patch(s.t.Context(), before.DeepCopy(), client.RawPatch(types.JSONPatchType, []byte(e.patch))))
		eventually(s.t, inKubectl(before)+" as it was", func() (string, bool) {
			now := s.child(name, e.kind, e.part)
			return "edited", equalParts(before, now)
		})
	}
	annotations, _, _ := unstructured.NestedStringMap(s.child(name, edits()[1].kind, "api").Object, "spec", "template", "metadata", "annotations")
	require.Contains(s.t, annotations, "kubectl.kubernetes.io/restartedAt", "what others add is to stay")
}

// child reads one object of a twin.
func (s *space) child(twin string, kind client.Object, part string) *unstructured.Unstructured {
	s.t.Helper()
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kind.GetObjectKind().GroupVersionKind())
	require.NoError(s.t, s.Get(s.t.Context(), s.key(resources.Name(twin, part)), o))
	return o
}

// equalParts reports whether two versions of an object want the same.
func equalParts(a, b *unstructured.Unstructured) bool {
	for _, part := range []string{"spec", "data"} {
		x, _ := a.Object[part].(map[string]any)
		y, _ := b.Object[part].(map[string]any)
		if fmt.Sprint(x) != fmt.Sprint(y) {
			return false
		}
	}
	return true
}
