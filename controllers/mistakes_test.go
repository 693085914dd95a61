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
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/test/fakecluster"
)

const noClass = "className: " + fakecluster.NoClass

// A first spec that the cluster cannot satisfy is corrected in place: what has no
// volume and no topic is not fixed.
func TestAFirstSpecCanBeCorrected(t *testing.T) {
	sp := newSpace(t)
	cases := map[string]struct{ wrong, right string }{
		"class of kafka":     {"kafka: {managed: {storage: {" + noClass + "}}}", "kafka: null"},
		"class of redis":     {"redis: {managed: {storage: {" + noClass + "}}}", "redis: null"},
		"class of timescale": {"timescale: {managed: {storage: {" + noClass + ", size: 900Gi}}}", "timescale: {managed: {storage: {className: null, size: 5Gi}}}"},
		"class of dumps": {
			"timescale: {managed: {backup: {schedule: \"0 3 * * *\", volume: {" + noClass + ", size: 900Gi}}}}",
			"timescale: {managed: {backup: {volume: {className: null, size: 5Gi}}}}",
		},
		"brokers and partitions": {
			"kafka: {managed: {replicas: 3, storage: {" + noClass + "}}, topics: {partitions: 3}}",
			"kafka: {managed: {replicas: 1, storage: null}, topics: {partitions: 24}}",
		},
	}
	names := map[string]string{}
	for title, c := range cases {
		name := fmt.Sprintf("first-%d", len(names))
		names[title] = name
		sp.twin(name, smallest+"\n"+c.wrong)
	}
	for _, name := range names {
		sp.eventually(func() error {
			sp.workOnce()
			if at := sp.get(name).Status.ObservedGeneration; at != 1 {
				return fmt.Errorf("%s is observed at generation %d", name, at)
			}
			return nil
		})
		sp.settle(name)
		sp.workOnce()
	}
	for title, c := range cases {
		sp.patchSpec(names[title], c.right)
	}
	for title, name := range names {
		t.Log(title)
		sp.ready(name)
	}
	size := func(claim string) string {
		c := &corev1.PersistentVolumeClaim{}
		require.True(t, sp.child(c, claim), claim)
		require.Nil(t, c.Spec.StorageClassName, claim)
		return c.Spec.Resources.Requests.Storage().String()
	}
	require.Equal(t, "8Gi", size("data-"+names["class of kafka"]+"-kafka-0"))
	require.Equal(t, "1Gi", size("data-"+names["class of redis"]+"-redis-0"))
	require.Equal(t, "5Gi", size("data-"+names["class of timescale"]+"-timescale-0"))
	require.Equal(t, "5Gi", size(names["class of dumps"]+"-backup"))
	many := sp.get(names["brokers and partitions"]).Status
	require.EqualValues(t, 24, many.Stream.Partitions)
	require.EqualValues(t, 1, many.Volumes.Kafka.Brokers)
}

// A size that was too much is taken back, whether the API server rejected the growth
// or the class never carries it out.
func TestAGrowthIsTakenBack(t *testing.T) {
	sp := newSpace(t)
	stuck := fakecluster.StuckClass + "-" + sp.ns
	sp.createClass(stuck)
	sp.twin("big", smallest+"\ntimescale: {managed: {storage: {className: "+stuck+"}}}")
	sp.ready("big")
	sp.quiet()
	first := sp.stateOf("big")
	delete(first, "status")

	sp.patchSpec("big", "redis: {managed: {storage: {size: 90Gi}}}\ntimescale: {managed: {storage: {size: 90Gi}}}")
	twin := sp.condition("big", v1.ConditionStorageResizeRefused, metav1.ConditionTrue, v1.ReasonClassNoResize)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStorageResizeRefused).Message, "data-big-redis-0 stays at 1Gi")
	asks := func(size string) {
		sp.eventually(func() error {
			sp.workOnce()
			claim, set := &corev1.PersistentVolumeClaim{}, &appsv1.StatefulSet{}
			if !sp.child(claim, "data-big-timescale-0") || !sp.child(set, "big-timescale") {
				return errStillThere
			}
			asked, template := claim.Spec.Resources.Requests.Storage().String(), set.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests.Storage().String()
			if asked != size || template != size {
				return fmt.Errorf("the claim asks for %s, the template for %s, not %s", asked, template, size)
			}
			return nil
		})
	}
	asks("90Gi")
	sp.ready("big")
	require.Equal(t, v1.Size("10Gi"), sp.get("big").Status.Volumes.Timescale.Size, "the size that the volume has")

	sp.patchSpec("big", "timescale: {managed: {storage: {size: 20Gi}}}")
	asks("20Gi")
	sp.patchSpec("big", "redis: null\ntimescale: {managed: {storage: {size: null}}}")
	sp.eventually(func() error {
		sp.workOnce()
		now := sp.stateOf("big")
		for name, doc := range first {
			// Kubernetes does not let a claim ask for just as much as its volume has.
			if now[name] != doc && name != "PersistentVolumeClaim/data-big-timescale-0" {
				return fmt.Errorf("%s was\n%s\nis\n%s", name, doc, now[name])
			}
		}
		return nil
	})
	twin = sp.ready("big")
	require.Nil(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionStorageResizeRefused))
}

// A volume or topic that exists fixes what it was made with, by whatever way, and a
// spec that says otherwise can say again what is true.
func TestWhatExistsIsFixed(t *testing.T) {
	sp := newSpace(t)
	class := sp.ns
	sp.createClass(class)
	sp.twin("made", smallest+"\nredis: {managed: {storage: {className: "+class+"}}}")
	sp.ready("made")
	sp.quiet()
	rejected := func(spec, why string) {
		doc, err := yaml.YAMLToJSON([]byte("spec: {" + spec + "}"))
		require.NoError(t, err)
		err = sp.admin.Patch(sp.ctx, sp.get("made"), client.RawPatch("application/merge-patch+json", doc))
		require.ErrorContains(t, err, why, spec)
	}
	rejected("redis: {managed: {storage: {className: other}}}", "write the class in status.volumes.redis.className")
	rejected("redis: {managed: {storage: {size: 900Mi}}}", "write at least the size in status.volumes.redis.size")
	rejected("kafka: {topics: {partitions: 3}}", "write the number in status.stream.partitions")
	sp.patchSpec("made", "redis: {managed: null}")
	sp.ready("made")
	rejected("redis: {managed: {storage: {className: other}}}", "status.volumes.redis.className")
	sp.patchSpec("made", "redis: {managed: null, external: {address: \"redis:6379\"}}\nkafka: {managed: null, external: {bootstrapServers: [\"kafka:9092\"]}}")
	sp.ready("made")
	rejected("redis: {external: null, managed: {storage: {className: other}}}", "status.volumes.redis.className")
	rejected("redis: {external: null, managed: {storage: {size: 900Mi}}}", "status.volumes.redis.size")
	rejected("kafka: {external: null, managed: {replicas: 3}}", "status.volumes.kafka.brokers")
	sp.patchSpec("made", "redis: {external: null, managed: {storage: {className: "+class+"}}}\nkafka: null")
	sp.ready("made")
}

// A dataset that the preparation has rejected is put right directly, as its message
// says, not by a detour.
func TestADatasetThatThePreparationRejectsIsTakenBack(t *testing.T) {
	sp := newSpace(t)
	sp.twin("other", smallest)
	sp.ready("other")
	sp.patchSpec("other", "generator: {mode: \"Off\"}")
	sp.ready("other")
	sp.patchSpec("other", "dataset: {synthetic: {groups: 3}}")
	sp.ready("other")
	sp.patchSpec("other", "generator: {mode: Replay}")
	sp.eventually(func() error {
		if jobs := sp.jobs(); len(jobs) != 1 || jobHas(&jobs[0], batchv1.JobComplete) {
			return fmt.Errorf("%d Jobs", len(jobs))
		}
		return nil
	})
	sp.failJob(`{"store":"dataset","message":"spec.dataset.synthetic.groups is 3, but readings of 8 are stored"}`)
	sp.conditionWithoutWork("other", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonFixedField)
	sp.patchSpec("other", "dataset: {synthetic: {groups: 8}}")
	sp.ready("other")
}
