package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/test/settings"
)

// walkMoves are changes that people make and regret: valid ones, invalid ones,
// ones that this cluster cannot satisfy, and meddling with children.
var walkMoves = []string{
	"state: Suspended", "state: Hibernated", "state: Running",
	"image: localhost/energytwin:not-there", "image: \"not a reference\"", "image: docker.io/library/redis:7.4.6",
	"imageRegistry: localhost:1/nowhere", "kafka: {managed: {version: 9.9.9}}", "redis: {managed: {version: \"9.9\"}}",
	"timescale: {managed: {version: 9.9.9-pg18}}", "timescale: {managed: {image: \"localhost/other@sha256:" + strings.Repeat("d", 64) + "\"}}",
	"kafka: {managed: {storage: {size: 99Gi}}}", "redis: {managed: {storage: {size: 10Mi}}}", "timescale: {managed: {storage: {size: 99Gi}}}",
	"redis: {managed: {storage: {className: does-not-exist}}}", "timescale: {managed: {backup: {schedule: \"0 3 * * *\", volume: {className: does-not-exist}}}}",
	"kafka: {managed: null, external: {bootstrapServers: [\"nowhere:9092\"]}}", "kafka: {external: null, managed: {replicas: 3}}",
	"redis: {managed: null, external: {address: \"nowhere:6379\"}}", "redis: {external: null, managed: {maxMemory: 32Mi}}",
	"processor: {replicas: 2}", "processor: {replicas: 400}", "api: {replicas: 2, basePath: /elsewhere}", "api: {auth: {jwtSecretRef: {name: missing}}}",
	"timezone: Europe/Vienna", "dataset: {synthetic: {groups: 3}}", "generator: {mode: \"Off\"}", "generator: {mode: Replay}", "networkPolicy: Disabled",
	"pods: {nodeSelector: {zone: nowhere}}", "pods: {priorityClassName: none}",
	"meddle: scale deployment processor 2", "meddle: scale deployment api 0", "meddle: scale statefulset redis 0", "meddle: scale statefulset kafka 2",
	"meddle: delete deployment api", "meddle: delete statefulset timescale", "meddle: delete pod kafka",
}

// TestWalksEndWhereTheyBegan: whatever is changed in a spec and changed back
// brings a twin back by itself, with the same pods and the same rows.
func TestWalksEndWhereTheyBegan(t *testing.T) {
	s := connect(t).space(t, "e2e-walks")
	walks, random := settings.Int(t, "ENERGYTWIN_E2E_WALKS", 2), settings.Random(t, "ENERGYTWIN_E2E_SEED")
	const name = "walker"
	s.make(s.synthetic(name, 20, 21, v1.SpeedMax))
	first := s.completed(name)
	eventually(t, "the generator has ended", func() (string, bool) {
		_, left := s.podSpecs(name)[v1.ComponentGenerator]
		return "it has pods", !left
	})
	pods, rows := s.podSpecs(name), s.rows(name)
	for walk := range walks {
		var path []string
		for range 2 + random.IntN(4) {
			move := walkMoves[random.IntN(len(walkMoves))]
			path = append(path, move)
			s.move(name, move)
			if random.IntN(2) == 0 {
				s.await(name, "is observed", func(*v1.DigitalTwin) bool { return true })
			}
		}
		t.Logf("walk %d of %d, back from %q", walk+1, walks, path)
		s.restoreSpec(name, &first.Spec)
		s.completed(name)
		eventually(t, "the first pods", func() (string, bool) { return differences(pods, s.podSpecs(name)) })
		s.completed(name)
		now := s.twin(name)
		require.Nil(t, meta.FindStatusCondition(now.Status.Conditions, v1.ConditionImagesProven), path)
		require.Nil(t, meta.FindStatusCondition(now.Status.Conditions, v1.ConditionStorageResizeRefused), path)
		require.Equal(t, first.Status.Volumes, now.Status.Volumes, path)
		require.Equal(t, rows, s.rows(name), path)
	}
	s.remove(name)
}

// move makes one change. The API server may reject it.
func (s *space) move(twin, move string) {
	s.t.Helper()
	s.t.Log(move)
	if what, meddles := strings.CutPrefix(move, "meddle: "); meddles {
		s.meddle(twin, strings.Fields(what))
		return
	}
	doc, err := yaml.YAMLToJSON([]byte("spec: {" + move + "}"))
	require.NoError(s.t, err)
	err = s.Patch(s.t.Context(), s.twin(twin), client.RawPatch("application/merge-patch+json", doc))
	if apierrors.IsInvalid(err) {
		s.t.Logf("rejected: %v", err)
		return
	}
	require.NoError(s.t, err)
}

func (s *space) meddle(twin string, what []string) {
	s.t.Helper()
	name := resources.Name(twin, what[2])
	var o client.Object
	switch what[1] {
	case "deployment":
		o = &appsv1.Deployment{ObjectMeta: s.meta(name)}
	case "statefulset":
		o = &appsv1.StatefulSet{ObjectMeta: s.meta(name)}
	case "pod":
		o = &corev1.Pod{ObjectMeta: s.meta(name + "-0")}
	}
	var err error
	if what[0] == "delete" {
		err = s.Delete(s.t.Context(), o)
	} else {
		err = s.Patch(s.t.Context(), o, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"replicas":`+what[3]+`}}`)))
	}
	require.NoError(s.t, client.IgnoreNotFound(err))
}

// restoreSpec writes a spec over the one that is there.
func (s *space) restoreSpec(name string, spec *v1.DigitalTwinSpec) {
	s.t.Helper()
	eventually(s.t, "the first spec is written", func() (string, bool) {
		twin := s.twin(name)
		spec.DeepCopyInto(&twin.Spec)
		err := s.Update(s.t.Context(), twin)
		if !apierrors.IsConflict(err) { // the status was written meanwhile
			require.NoError(s.t, err)
		}
		return fmt.Sprint(err), err == nil
	})
}

// podSpecs are the specs of a twin's ready pods by component, without the node
// that they were placed on. Those of Jobs, which end, are left out; one that is
// not ready has none.
func (s *space) podSpecs(twin string) map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for name, pod := range s.pods(resources.Name(twin, "")) {
		component := pod.Labels[resources.LabelComponent]
		if slices.Contains([]string{v1.ComponentPrepare, v1.ComponentRestore, resources.ComponentProof, resources.ComponentBackup}, component) {
			continue
		}
		if !podReady(&pod) {
			out[component] += " " + name + " is not ready"
			continue
		}
		pod.Spec.NodeName = ""
		doc, err := json.Marshal(pod.Spec)
		require.NoError(s.t, err)
		out[component] += string(doc)
	}
	return out
}

// differences names the components whose pods differ.
func differences(want, got map[string]string) (words string, none bool) {
	var out []string
	for _, component := range slices.Sorted(maps.Keys(want)) {
		if want[component] != got[component] {
			out = append(out, component)
		}
	}
	for _, component := range slices.Sorted(maps.Keys(got)) {
		if _, wanted := want[component]; !wanted {
			out = append(out, component+" is new")
		}
	}
	if len(out) == 0 {
		return "", true
	}
	return strings.Join(out, ", ") + " differ", false
}
