package controllers

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// settledTwins are twins of each shape whose objects follow from something that
// happened, and how they get there.
var settledTwins = []struct {
	name  string
	reach func(sp *space)
}{
	{"finished", func(sp *space) {
		sp.twin("finished", smallest+"\nkafka: {topics: {partitions: 2}}")
		sp.finishReplay("finished")
	}},
	{"rotated", func(sp *space) {
		sp.twin("rotated", smallest)
		sp.ready("rotated")
		sp.patchSpec("rotated", `{"operations":{"rotateAt":{"redis-password":"2026-01-31T08:00:00Z","api-key":"2099-01-31T08:00:00Z"}}}`)
		sp.until("rotated", "rotated", func(twin *v1.DigitalTwin) bool {
			return fmt.Sprint(twin.Status.Credentials) != "[]" && sp.events("rotated")["Rotated"] != ""
		})
	}},
	{"restarted", func(sp *space) {
		sp.twin("restarted", smallest)
		sp.ready("restarted")
		sp.patchSpec("restarted", `{"operations":{"restartAt":{"processor":"2026-01-31T08:00:00Z","kafka":"2026-01-31T08:00:00Z"}}}`)
		sp.ready("restarted")
		sp.quiet()
		sp.patchSpec("restarted", `{"operations":null}`)
		sp.ready("restarted")
	}},
	{"pinned", func(sp *space) { // made by an operator of another version, see below
		sp.twin("pinned", smallest)
		sp.ready("pinned")
	}},
	{"unproven", func(sp *space) {
		sp.twin("unproven", smallest)
		sp.ready("unproven")
		sp.quiet()
		sp.patchSpec("unproven", `{"redis":{"managed":{"image":"r.example.org/redis:broken"}},"image":"r.example.org/w:broken"}`)
		sp.condition("unproven", v1.ConditionImagesProven, metav1.ConditionFalse, v1.ReasonProofFailed)
	}},
	{"helped", func(sp *space) { // its processor does not come up, so that Kafka's helper stays
		sp.twin("helped", smallest)
		sp.ready("helped")
		sp.quiet()
		sp.unready.Store("processor/r.example.org/w:slow", true)
		sp.patchSpec("helped", `{"image":"r.example.org/w:slow"}`)
		sp.condition("helped", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonUpdating)
	}},
	{"backed", func(sp *space) {
		sp.twin("backed", withBackup)
		sp.ready("backed")
		sp.patchSpec("backed", `{"operations":{"backupAt":"2026-01-31T08:00:00Z"}}`)
		sp.until("backed", "backed up", func(twin *v1.DigitalTwin) bool {
			return twin.Status.Backup != nil && twin.Status.Backup.RequestedAt == "2026-01-31T08:00:00Z"
		})
		sp.deleteJobs("backed", resources.ComponentBackup) // they are free to go
	}},
	{"restored", func(sp *space) {
		sp.twin("restored", withBackup)
		sp.ready("restored")
		sp.patchSpec("restored", `{"timescale":{"managed":{"restoreFrom":{"dump":"old.dump","at":"2026-01-31T08:00:00Z"}}}}`)
		sp.until("restored", "restored", func(twin *v1.DigitalTwin) bool { return twin.Status.Restore != nil })
		sp.ready("restored")
		sp.deleteJobs("restored", v1.ComponentRestore)
	}},
	{"restored-before", func(sp *space) {
		sp.twin("restored-before", withBackup)
		sp.ready("restored-before")
		sp.patchSpec("restored-before", `{"timescale":{"managed":{"restoreFrom":{"dump":"old.dump","at":"2026-01-31T08:00:00Z"}}}}`)
		sp.until("restored-before", "restored", func(twin *v1.DigitalTwin) bool { return twin.Status.Restore != nil })
		sp.patchSpec("restored-before", `{"timescale":{"managed":{"restoreFrom":null}}}`)
		sp.ready("restored-before")
	}},
	{"younger", func(sp *space) { // it was given the host first
		sp.twin("older", smallest)
		sp.ready("older")
		sp.twin("younger", smallest+"\napi: {ingress: {host: taken.example.org}}")
		sp.ready("younger")
		sp.quiet()
		sp.patchSpec("older", "api: {ingress: {host: taken.example.org}}")
		sp.condition("older", v1.ConditionStalled, metav1.ConditionTrue, v1.ReasonHostTaken)
	}},
}

// A status that is lost, as in a restore of the resource alone, changes no object of
// a twin, and comes back.
func TestStatusIsNotMemory(t *testing.T) {
	sp := newSpace(t)
	sp.reachAll()
	sp.stop()
	sp.image = "ghcr.io/energytwin/energytwin:v2.0.0" // pins are of the operator before
	sp.start()
	sp.quiet()
	objects, statuses := sp.versions(), sp.statuses()

	sp.stop()
	for name := range statuses {
		twin := sp.get(name)
		twin.Status = v1.DigitalTwinStatus{}
		require.NoError(t, sp.admin.Status().Update(sp.ctx, twin))
	}
	sp.start()
	sp.quiet()
	sp.showFinished("finished", "192.0.2.100")
	sp.pass(time.Minute, "finished")
	sp.quiet()
	require.Equal(t, objects, sp.versions())
	for name, status := range sp.statuses() {
		if name != "helped" { // whether it came up before is not known: it waits
			require.Equal(t, statuses[name], status)
		}
	}
}

// Nor does a record that is lost or cannot be read, while there is a status.
func TestRecordIsMadeFromTheStatus(t *testing.T) {
	sp := newSpace(t)
	sp.reachAll()
	sp.quiet()
	generations, statuses := sp.generations(), sp.statuses()
	sp.stop()
	for name := range statuses {
		patch := "null"
		if name == "finished" || name == "restored" {
			patch = `"{"`
		}
		secret := &corev1.Secret{}
		require.True(t, sp.child(secret, resources.CredentialsName(name)))
		require.Contains(t, secret.Annotations, resources.AnnotationRecord)
		sp.patch(secret, fmt.Sprintf(`{"metadata":{"annotations":{%q:%s}}}`, resources.AnnotationRecord, patch))
	}
	sp.start()
	sp.quiet()
	require.Equal(t, generations, sp.generations())
	require.Equal(t, statuses, sp.statuses())
	require.Equal(t, corev1.EventTypeWarning, sp.events("finished")[reasonRecordUnreadable])
	require.NotContains(t, sp.events("backed"), reasonRecordUnreadable)
}

// A replay is over for its stream, and a restore is of its database: others on the
// same name begin again.
func TestRecordIsOfItsVolumes(t *testing.T) {
	sp := newSpace(t)
	sp.twin("fresh", withBackup)
	sp.finishReplay("fresh")
	sp.quiet()
	sp.stop()
	claim := &corev1.PersistentVolumeClaim{}
	require.True(t, sp.child(claim, "data-fresh-kafka-0"))
	claim.Finalizers = nil
	require.NoError(t, sp.admin.Update(sp.ctx, claim))
	require.NoError(t, sp.admin.Delete(sp.ctx, claim))
	sp.workOnStores() // the StatefulSet's controller makes another
	sp.start()
	sp.eventually(func() error {
		sp.workOnce()
		if n := sp.replicas("fresh-generator"); n != 1 {
			return fmt.Errorf("%d generators", n)
		}
		return nil
	})
}

// A twin that is recreated on the volumes of the one before does not replay again.
func TestRecreatedTwinDoesNotReplayAgain(t *testing.T) {
	sp := newSpace(t)
	const spec = smallest + "\nkafka: {topics: {partitions: 2}}"
	sp.twin("again", spec)
	sp.finishReplay("again")
	sp.quiet()
	require.NoError(t, sp.admin.Delete(sp.ctx, sp.get("again")))
	sp.eventually(func() error {
		if sp.child(&v1.DigitalTwin{}, "again") {
			return errStillThere
		}
		return nil
	})
	sp.collectGarbage("again")
	sp.twin("again", spec)
	twin := sp.ready("again")
	require.Zero(t, sp.replicas("again-generator"))
	require.Equal(t, v1.PhaseCompleted, twin.Status.Phase)
}

// Ages of credentials that are lost are reported, and rotate nothing a second time.
func TestLostAgesRotateNothing(t *testing.T) {
	for name, patch := range map[string]string{"gone": "null", "unreadable": `"{"`} {
		t.Run(name, func(t *testing.T) {
			sp := newSpace(t)
			sp.twin("aged", smallest)
			sp.ready("aged")
			sp.patchSpec("aged", `{"operations":{"rotateAt":{"redis-password":"2099-01-31T08:00:00Z"}}}`)
			sp.until("aged", "rotated", func(*v1.DigitalTwin) bool { return sp.events("aged")["Rotated"] != "" })
			sp.quiet()
			secret := &corev1.Secret{}
			require.True(t, sp.child(secret, "aged-credentials"))
			values := secret.Data
			sp.patch(secret, fmt.Sprintf(`{"metadata":{"annotations":{%q:%s}}}`, resources.AnnotationChanges, patch))
			sp.eventually(func() error {
				sp.settle("aged")
				if sp.events("aged")[reasonAgesLost] != corev1.EventTypeWarning {
					return fmt.Errorf("no Event reports it")
				}
				return nil
			})
			sp.quiet()
			require.True(t, sp.child(secret, "aged-credentials"))
			require.Equal(t, values, secret.Data, "rotated again")
			require.Contains(t, secret.Annotations[resources.AnnotationChanges], `"redis-password"`, "the ages begin again")

			sp.patchSpec("aged", `{"operations":{"rotateAt":{"redis-password":"2099-02-28T08:00:00Z"}}}`)
			sp.eventually(func() error { // a new request counts
				sp.workOnce()
				require.True(t, sp.child(secret, "aged-credentials"))
				if string(secret.Data["redis-password"]) == string(values["redis-password"]) {
					return fmt.Errorf("not rotated")
				}
				return nil
			})
		})
	}
}

func (sp *space) reachAll() {
	sp.t.Helper()
	for _, image := range []string{"r.example.org/redis:broken", "r.example.org/w:broken"} {
		sp.faults.Store(image, waiting("ErrImagePull", "not found"))
	}
	for _, twin := range settledTwins {
		twin.reach(sp)
	}
}

// finishReplay brings a twin to the end of its replay.
func (sp *space) finishReplay(name string) {
	sp.t.Helper()
	sp.ready(name)
	sp.showFinished(name, "192.0.2.90")
	sp.runPod(name, "generator", "192.0.2.91", map[string]any{"phase": "done", "published": 1000})
	partitions := []any{}
	for p := range *sp.defaulted(name).Spec.Kafka.Topics.Partitions {
		partitions = append(partitions, map[string]any{"partition": p, "lag": 0})
	}
	sp.runPod(name, "processor", "192.0.2.92", map[string]any{"partitions": partitions})
	sp.pass(time.Minute, name)
	sp.condition(name, v1.ConditionDataFlowing, metav1.ConditionFalse, v1.ReasonReplayFinished)
	sp.eventually(func() error {
		sp.workOnce()
		if n := sp.replicas(name + "-generator"); n != 0 {
			return fmt.Errorf("%d generators", n)
		}
		return nil
	})
	if pod := (&corev1.Pod{}); sp.child(pod, name+"-generator-x") {
		require.NoError(sp.t, sp.admin.Delete(sp.ctx, pod, client.GracePeriodSeconds(0)))
	}
}

// showFinished lets the API of a twin report a replay that has ended.
func (sp *space) showFinished(name, ip string) {
	sp.t.Helper()
	at := time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC)
	sp.runPod(name, "api", ip, map[string]any{"answered": true, "meters": 200, "rows": 1752000, "decisions": 67000, "lastEventTime": at,
		"dataset": map[string]any{"rejectedRows": 2, "findings": []any{"times are local"}}})
}

// defaulted is a twin with all defaults.
func (sp *space) defaulted(name string) *v1.DigitalTwin {
	sp.t.Helper()
	twin := sp.get(name)
	twin.Default()
	return twin
}

func (sp *space) deleteJobs(twin, component string) {
	sp.t.Helper()
	require.NoError(sp.t, sp.admin.DeleteAllOf(sp.ctx, &batchv1.Job{}, client.InNamespace(sp.ns),
		client.MatchingLabels(resources.SelectorLabels(twin, component)), client.PropagationPolicy(metav1.DeletePropagationBackground)))
}

// versions are the resource versions of all objects of the twins in the space.
func (sp *space) versions() map[string]string {
	return sp.children(func(o metav1.Object) string { return string(o.GetUID()) + " " + o.GetResourceVersion() })
}

// generations change with the specs of objects alone.
func (sp *space) generations() map[string]string {
	return sp.children(func(o metav1.Object) string { return fmt.Sprint(o.GetUID(), " ", o.GetGeneration()) })
}

func (sp *space) children(of func(metav1.Object) string) map[string]string {
	sp.t.Helper()
	out := map[string]string{}
	for _, kind := range append([]schema.GroupVersionKind{resources.KindSecret, resources.KindVolumeClaim}, sp.childKinds()...) {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(listKind(kind))
		require.NoError(sp.t, sp.admin.List(sp.ctx, list, client.InNamespace(sp.ns), client.MatchingLabels{resources.LabelManagedBy: resources.ManagedBy}))
		for i := range list.Items {
			out[kind.Kind+"/"+list.Items[i].Name] = of(&list.Items[i])
		}
	}
	require.NotEmpty(sp.t, out)
	return out
}

// statuses are those of the twins in the space, in YAML, without the times of
// conditions and what lasts only while something is under way.
func (sp *space) statuses() map[string]string {
	sp.t.Helper()
	twins := &v1.DigitalTwinList{}
	require.NoError(sp.t, sp.admin.List(sp.ctx, twins, client.InNamespace(sp.ns)))
	out := map[string]string{}
	for _, twin := range twins.Items {
		st := twin.Status
		sorted := map[string]metav1.Condition{}
		for _, c := range st.Conditions {
			c.LastTransitionTime = metav1.Time{}
			sorted[c.Type] = c
		}
		st.Conditions = nil
		doc, err := yaml.Marshal(map[string]any{"status": st, "conditions": sorted, "ready": meta.IsStatusConditionTrue(twin.Status.Conditions, v1.ConditionReady)})
		require.NoError(sp.t, err)
		out[twin.Name] = string(doc)
	}
	return out
}
