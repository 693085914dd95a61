package controllers

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// Walks in `make test`, and at the same time.
const (
	fewWalks    = 16
	walksAtOnce = 16
)

// walkMoves are changes that people make and regret: valid ones, invalid ones,
// some that nothing can satisfy, and meddling with children.
var walkMoves = []string{
	"state: Suspended", "state: Hibernated", "state: Running",
	"image: \"r.example.org/w:broken\"", "image: \"r.example.org/w:v2\"", "image: \"not a reference\"",
	"image: \"mirror.example.org/energytwin/energytwin@sha256:" + strings.Repeat("c", 64) + "\"",
	"imageRegistry: mirror.example.org/all", "updatePolicy: Automatic",
	"kafka: {managed: {version: 9.9.9}}", "kafka: {managed: {version: 4.1.0}}", "kafka: {managed: {replicas: 3}}",
	"kafka: {managed: {storage: {" + noClass + "}}}", "kafka: {managed: {storage: {size: 20Gi}}}",
	"kafka: {external: null, managed: {replicas: 3}}", "kafka: {external: null, managed: {replicas: 1, storage: {size: 5Gi}}}",
	"kafka: {managed: null, external: {bootstrapServers: [\"kafka:9092\"]}}", "kafka: {topics: {partitions: 3}}",
	"redis: {managed: {version: \"9.9\"}}", "redis: {managed: {maxMemory: 32Mi}}",
	"redis: {managed: {image: \"r.example.org/redis:broken\"}}", "redis: {managed: null, external: {address: \"redis:6379\"}}",
	"redis: {external: null, managed: {storage: {size: 2Gi, " + noClass + "}}}", "redis: {external: null, managed: {storage: {size: 10Mi}}}",
	"timescale: {managed: {version: 2.22.1-pg18}}", "timescale: {managed: {version: 9.9.9-pg17}}",
	"timescale: {managed: null, external: {host: db, database: d, secretRef: {name: missing}}}", "timescale: {managed: {resources: {limits: {memory: 2Gi}}}}",
	"timescale: {external: null, managed: {storage: {size: 99Gi}}}", "timescale: {external: null, managed: {storage: {" + noClass + "}}}",
	"timescale: {managed: {image: \"other.example.org/timescaledb@sha256:" + strings.Repeat("d", 64) + "\"}}",
	"timescale: {managed: {backup: {schedule: \"0 3 * * *\", volume: {" + noClass + "}}}}", "timescale: {managed: {backup: {schedule: \"0 4 * * *\", volume: {size: 5Gi}}}}",
	"processor: {replicas: 4}", "processor: {replicas: 400}", "processor: {autoscaling: {minReplicas: 2, maxReplicas: 4}}", "processor: {autoscaling: null}",
	"api: {replicas: 3}", "api: {auth: {jwtSecretRef: {name: missing}}}", "api: {auth: {jwtSecretRef: null}}",
	"timezone: Europe/Atlantis", "timezone: Europe/Vienna", "networkPolicy: Disabled", "deletionPolicy: Delete",
	"monitoring: {prometheus: {mode: \"Off\"}, grafana: {mode: \"Off\"}}", "monitoring: {prometheus: {mode: ServiceMonitor}}",
	"pods: {nodeSelector: {zone: nowhere}, priorityClassName: none}", "pods: {imagePullSecrets: [{name: missing}]}",
	"generator: {speed: 7200}", "generator: {mode: \"Off\"}", "generator: {mode: Loop}", "generator: {mode: Replay}",
	"dataset: {synthetic: {groups: 3}}", "dataset: {synthetic: {groups: 8}}", "dataset: {window: {duration: 99h}}", "dataset: null",
	"meddle: scale deployment processor 5", "meddle: scale deployment api 0", "meddle: scale statefulset kafka 3", "meddle: scale statefulset redis 0",
	"meddle: delete deployment generator", "meddle: delete statefulset timescale", "meddle: delete service kafka",
}

// walkStarts are the specs from which walks begin and to which they return.
var walkStarts = []string{
	smallest,
	smallest + "\nimage: r.example.org/w:v1\nupdatePolicy: Automatic",
	smallest + "\nimageRegistry: mirror.example.org/x\nmonitoring: {grafana: {mode: \"Off\"}}\nprocessor: {autoscaling: {minReplicas: 1, maxReplicas: 2}}",
	smallest + "\nkafka: {managed: {version: 4.1.0, storage: {size: 9Gi}}}\nredis: {managed: {image: \"localhost:5000/redis:7\"}}\nstate: Suspended",
}

// Whatever is changed and changed back brings a twin back by itself: the same
// objects, the same passwords, the same volumes, the same status. The seed of a
// walk that failed repeats it: ENERGYTWIN_WALK_SEED. ENERGYTWIN_WALKS=200 does more
// of them than `make test`.
func TestWalksEndWhereTheyBegan(t *testing.T) {
	walks := numberFrom(t, "ENERGYTWIN_WALKS", fewWalks)
	seed := numberFrom(t, "ENERGYTWIN_WALK_SEED", int(time.Now().UnixNano()%1_000_000))
	t.Logf("%d walks, ENERGYTWIN_WALK_SEED=%d", walks, seed)
	for first := 0; first < walks; first += walksAtOnce {
		t.Run(fmt.Sprintf("%d-", first), func(t *testing.T) {
			sp := newSpace(t)
			for _, image := range []string{
				"r.example.org/w:broken", "docker.io/apache/kafka:9.9.9", "mirror.example.org/x/apache/kafka:9.9.9",
				"r.example.org/redis:broken", "docker.io/library/redis:9.9", "docker.io/timescale/timescaledb:9.9.9-pg17",
			} {
				sp.faults.Store(image, waiting("ErrImagePull", "not found"))
			}
			sp.walk(first, min(first+walksAtOnce, walks), uint64(seed))
		})
	}
}

func numberFrom(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, variable)
	return n
}

type walker struct {
	name  string
	rand  *rand.Rand
	spec  any // the first
	left  int // moves
	path  []string
	first map[string]string
}

// walk lets twins walk at the same time, each by a seed of its own.
func (sp *space) walk(from, to int, seed uint64) {
	sp.t.Helper()
	var walkers []*walker
	for i := from; i < to; i++ {
		w := &walker{name: fmt.Sprintf("w%d", i), rand: rand.New(rand.NewPCG(seed, uint64(i)))}
		w.left = 2 + w.rand.IntN(5)
		sp.twin(w.name, walkStarts[w.rand.IntN(len(walkStarts))])
		walkers = append(walkers, w)
	}
	for _, w := range walkers {
		sp.restored(w, nil)
	}
	sp.quiet()
	for _, w := range walkers {
		u := sp.untyped(w.name)
		w.spec = u.Object["spec"]
		w.first = sp.stateOf(w.name)
	}
	for moving := true; moving; {
		moving = false
		for _, w := range walkers {
			if w.left > 0 {
				moving = true
				sp.move(w)
			}
		}
	}
	for _, w := range walkers {
		sp.eventually(func() error { // a status may have been written meanwhile
			u := sp.untyped(w.name)
			u.Object["spec"] = w.spec
			err := sp.admin.Update(sp.ctx, u)
			if !apierrors.IsConflict(err) {
				require.NoError(sp.t, err, "%s: %v", w.name, w.path)
			}
			return err
		})
	}
	for _, w := range walkers {
		sp.restored(w, w.first)
	}
}

// move changes a twin once, and lets the cluster do some of the work.
func (sp *space) move(w *walker) {
	sp.t.Helper()
	w.left--
	move := walkMoves[w.rand.IntN(len(walkMoves))]
	w.path = append(w.path, move)
	if what, meddles := strings.CutPrefix(move, "meddle: "); meddles {
		sp.meddle(w.name, strings.Fields(what))
	} else {
		doc, err := yaml.YAMLToJSON([]byte("spec: {" + move + "}"))
		require.NoError(sp.t, err, move)
		err = sp.admin.Patch(sp.ctx, sp.get(w.name), client.RawPatch("application/merge-patch+json", doc))
		require.True(sp.t, err == nil || apierrors.IsInvalid(err), "%s: %v", move, err)
	}
	for range w.rand.IntN(3) {
		sp.settle(w.name)
		sp.workOnce()
	}
}

func (sp *space) meddle(twin string, what []string) {
	sp.t.Helper()
	kinds := map[string]client.Object{"deployment": &appsv1.Deployment{}, "statefulset": &appsv1.StatefulSet{}, "service": &corev1.Service{}}
	o := kinds[what[1]]
	if !sp.child(o, twin+"-"+what[2]) {
		return
	}
	if what[0] == "delete" {
		sp.tolerate(sp.admin.Delete(sp.ctx, o))
		return
	}
	if sp.child(&autoscalingv2.HorizontalPodAutoscaler{}, twin+"-"+what[2]) {
		return // the number is the autoscaler's, and none runs here
	}
	sp.tolerate(sp.admin.Patch(sp.ctx, o, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"replicas":`+what[3]+`}}`))))
}

// restored waits until a twin has settled, in its first state if there is one.
func (sp *space) restored(w *walker, first map[string]string) {
	sp.t.Helper()
	sp.eventually(func() error {
		sp.workOnce()
		twin := sp.get(w.name)
		c := meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionReady)
		if twin.Status.ObservedGeneration != twin.Generation || c == nil || c.Status != metav1.ConditionTrue {
			return fmt.Errorf("%s after %q: %+v", w.name, w.path, c)
		}
		now := sp.stateOf(w.name)
		for name, doc := range first {
			if now[name] != doc {
				return fmt.Errorf("%s after %q: %s was\n%s\nis\n%s", w.name, w.path, name, doc, now[name])
			}
		}
		for name := range now {
			if _, was := first[name]; first != nil && !was && !strayClaim.MatchString(name) {
				return fmt.Errorf("%s after %q: %s is new", w.name, w.path, name)
			}
		}
		return nil
	})
}

// strayClaim is the claim of a pod that a scaled StatefulSet had for a while, or of
// dumps. No volume is deleted.
var strayClaim = regexp.MustCompile(`^PersistentVolumeClaim/(data-.*-[1-9]|.*-backup)$`)

func (sp *space) untyped(twin string) *unstructured.Unstructured {
	sp.t.Helper()
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(v1.GroupVersion.WithKind(v1.Kind))
	require.NoError(sp.t, sp.admin.Get(sp.ctx, client.ObjectKey{Namespace: sp.ns, Name: twin}, u))
	return u
}

// stateOf is what there is of a twin, without what the cluster assigns again to an
// object that is recreated. Volumes have to be the very same.
func (sp *space) stateOf(twin string) map[string]string {
	sp.t.Helper()
	out := map[string]string{}
	// The number of processors is the autoscaler's then, and none runs here.
	autoscaled := sp.child(&autoscalingv2.HorizontalPodAutoscaler{}, twin+"-processor")
	kinds := append(sp.childKinds(), resources.KindVolumeClaim)
	for _, kind := range kinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		require.NoError(sp.t, sp.admin.List(sp.ctx, list, client.InNamespace(sp.ns), client.MatchingLabels{"app.kubernetes.io/instance": twin}))
		for _, o := range list.Items {
			drop := []string{"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid"}
			if kind.Kind == "PersistentVolumeClaim" {
				drop = drop[:4]
			}
			for _, field := range drop {
				unstructured.RemoveNestedField(o.Object, "metadata", field)
			}
			for _, field := range []string{"clusterIP", "clusterIPs"} {
				unstructured.RemoveNestedField(o.Object, "spec", field)
			}
			unstructured.RemoveNestedField(o.Object, "status")
			if autoscaled && o.GetName() == twin+"-processor" {
				unstructured.RemoveNestedField(o.Object, "spec", "replicas")
			}
			// The selector and labels that the API server gives a Job hold its UID.
			unstructured.RemoveNestedField(o.Object, "spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid")
			unstructured.RemoveNestedField(o.Object, "spec", "template", "metadata", "labels")
			doc, err := yaml.Marshal(o.Object)
			require.NoError(sp.t, err)
			out[kind.Kind+"/"+o.GetName()] = string(doc)
		}
	}
	st := sp.get(twin).Status
	slices.SortFunc(st.Conditions, func(a, b metav1.Condition) int { return strings.Compare(a.Type, b.Type) })
	for i := range st.Conditions {
		st.Conditions[i].LastTransitionTime, st.Conditions[i].ObservedGeneration = metav1.Time{}, 0
	}
	st.ObservedGeneration = 0
	if autoscaled {
		st.Processor = nil
		st.Components = slices.DeleteFunc(st.Components, func(c v1.ComponentStatus) bool { return c.Name == v1.ComponentProcessor })
	}
	doc, err := yaml.Marshal(st)
	require.NoError(sp.t, err)
	out["status"] = string(doc)
	return out
}
