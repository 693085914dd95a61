package controllers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// until waits for something of a twin while its children get ready.
func (sp *space) until(name, what string, ok func(*v1.DigitalTwin) bool) *v1.DigitalTwin {
	sp.t.Helper()
	var twin *v1.DigitalTwin
	sp.eventually(func() error {
		sp.workOnce()
		if twin = sp.get(name); twin.Status.ObservedGeneration != twin.Generation || !ok(twin) {
			return fmt.Errorf("%s: not %s", name, what)
		}
		return nil
	})
	return twin
}

// A restart replaces the pods of one component, once; taking the request back, as
// an apply of a file without it does, replaces nothing.
func TestRestartIsCarriedOutOnce(t *testing.T) {
	sp := newSpace(t)
	sp.twin("again", smallest)
	sp.ready("again")
	sp.quiet()
	before := sp.templates("again")
	const at = "2026-01-31T08:00:00Z"
	sp.patchSpec("again", `{"operations":{"restartAt":{"processor":"`+at+`","redis":"`+at+`"}}}`)
	restarted := func(twin *v1.DigitalTwin) map[string]v1.Instant {
		out := map[string]v1.Instant{}
		for _, c := range twin.Status.Components {
			if c.RestartedAt != "" {
				out[c.Name] = c.RestartedAt
			}
		}
		return out
	}
	twin := sp.until("again", "restarted", func(twin *v1.DigitalTwin) bool { return len(restarted(twin)) == 2 })
	require.Equal(t, map[string]v1.Instant{"processor": at, "redis": at}, restarted(twin))
	after := sp.templates("again")
	for component := range before {
		changed := component == "processor" || component == "redis"
		require.Equal(t, changed, before[component] != after[component], component)
	}
	sp.quiet()
	sp.patchSpec("again", `{"operations":null}`)
	sp.until("again", "looked at", func(*v1.DigitalTwin) bool { return true })
	sp.quiet()
	require.Equal(t, after, sp.templates("again"), "a request that was taken back restarted pods")
	require.Len(t, restarted(sp.get("again")), 2)
}

// A password is replaced once for each request, and its age is in the status; so
// is that of a value that somebody wrote.
func TestRotation(t *testing.T) {
	sp := newSpace(t)
	sp.twin("turn", smallest)
	sp.ready("turn")
	sp.quiet()
	values := func() map[string][]byte {
		secret := &corev1.Secret{}
		require.True(t, sp.child(secret, "turn-credentials"))
		return secret.Data
	}
	ages := func() map[string]v1.Instant {
		out := map[string]v1.Instant{}
		for _, c := range sp.get("turn").Status.Credentials {
			out[c.Key] = c.ChangedAt
		}
		return out
	}
	before, made := values(), ages()
	require.Len(t, made, len(resources.CredentialKeys()))
	const at = "2099-01-31T08:00:00Z" // a clock of another time zone must not rotate for ever
	sp.patchSpec("turn", `{"operations":{"rotateAt":{"redis-password":"`+at+`"}}}`)
	sp.until("turn", "rotated", func(*v1.DigitalTwin) bool { return ages()["redis-password"] == at })
	sp.quiet()
	after := values()
	for key := range before {
		require.Equal(t, key == "redis-password", string(before[key]) != string(after[key]), key)
	}
	require.Equal(t, made["api-key"], ages()["api-key"])
	require.Contains(t, sp.events("turn"), "Rotated")
	sp.pass(31, "turn")
	require.Equal(t, after, values(), "it was rotated again")

	secret := &corev1.Secret{}
	require.True(t, sp.child(secret, "turn-credentials"))
	sp.patch(secret, `{"stringData":{"grafana-password":"mine"}}`)
	sp.pass(3600e9, "turn")
	sp.until("turn", "aged", func(*v1.DigitalTwin) bool { return ages()["grafana-password"] > made["grafana-password"] })
	require.Equal(t, "mine", string(values()["grafana-password"]))
	doc, err := json.Marshal(sp.get("turn"))
	require.NoError(t, err)
	require.NotContains(t, string(doc), "mine")
}

const withBackup = smallest + "\ntimescale: {managed: {backup: {schedule: \"0 3 * * *\", volume: {}}}}"

// A backup that is asked for runs once, and what became of it is in the status.
func TestBackupIsCarriedOutOnce(t *testing.T) {
	sp := newSpace(t)
	sp.twin("kept", withBackup)
	sp.ready("kept")
	sp.quiet()
	backups := func() []batchv1.Job {
		list := &batchv1.JobList{}
		require.NoError(t, sp.admin.List(sp.ctx, list, client.InNamespace(sp.ns), client.MatchingLabels{resources.LabelComponent: resources.ComponentBackup}))
		return list.Items
	}
	require.Empty(t, backups())
	sp.patchSpec("kept", `{"operations":{"backupAt":"2026-01-31T08:00:00Z"}}`)
	twin := sp.until("kept", "backed up", func(twin *v1.DigitalTwin) bool {
		return twin.Status.Backup != nil && twin.Status.Backup.RequestedAt == "2026-01-31T08:00:00Z"
	})
	require.NotEmpty(t, twin.Status.Backup.LastSuccessAt)
	require.Len(t, backups(), 1)
	job := backups()[0]
	require.True(t, metav1.IsControlledBy(&job, twin))

	// The Job is free to go, and a request that was taken back runs nothing.
	require.NoError(t, sp.admin.Delete(sp.ctx, &job, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	sp.patchSpec("kept", `{"operations":null}`)
	sp.quiet()
	require.Empty(t, backups())

	sp.patchSpec("kept", `{"operations":{"backupAt":"2026-02-01T08:00:00Z"}}`)
	sp.eventually(func() error {
		if len(backups()) != 1 {
			return fmt.Errorf("%d backups", len(backups()))
		}
		return nil
	})
	job = backups()[0]
	sp.endPod(&job, "dump", 1, "pg_dump: error: connection refused\n")
	now := metav1.Now()
	job.Status.StartTime = &now
	job.Status.Conditions = []batchv1.JobCondition{
		{Type: batchv1.JobFailureTarget, Status: corev1.ConditionTrue, LastTransitionTime: now},
		{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, LastTransitionTime: now},
	}
	sp.writeStatus(&job)
	sp.eventually(func() error {
		b := sp.get("kept").Status.Backup
		if b.RequestedAt != "2026-02-01T08:00:00Z" || b.LastFailureAt == "" || b.Message != "pg_dump: error: connection refused" {
			return fmt.Errorf("the status has %+v", b)
		}
		return nil
	})
	require.True(t, meta.IsStatusConditionTrue(sp.get("kept").Status.Conditions, v1.ConditionReady), "a failed backup is no outage")
}

// endPod is what a kubelet reports of a Job's container that has ended.
func (sp *space) endPod(job *batchv1.Job, container string, code int32, message string) {
	sp.t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: sp.ns, Name: job.Name + "-x", Labels: job.Spec.Template.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))}},
		Spec: job.Spec.Template.Spec,
	}
	require.NoError(sp.t, sp.admin.Create(sp.ctx, pod))
	status := []corev1.ContainerStatus{{
		Name: container, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Message: message}},
	}}
	pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: status}
	sp.writeStatus(pod)
}

// A dump is restored when the workloads have stopped, the stores are prepared
// again, and only then do workloads start. It happens once, whatever becomes of
// the Job.
func TestRestoreIsCarriedOutOnce(t *testing.T) {
	sp := newSpace(t)
	sp.twin("back", withBackup)
	sp.ready("back")
	sp.quiet()
	prepared := sp.jobs()[0].Name
	sp.patchSpec("back", `{"timescale":{"managed":{"restoreFrom":{"dump":"back-20260101T030000Z.dump","at":"2026-01-31T08:00:00Z"}}}}`)
	restore := func() *batchv1.Job {
		for _, job := range sp.jobs() {
			if job.Labels[resources.LabelComponent] == v1.ComponentRestore {
				return &job
			}
		}
		return nil
	}
	// The processor's pods take their time to end.
	sp.conditionWithoutWork("back", v1.ConditionSchemaReady, metav1.ConditionFalse, v1.ReasonRestoring)
	sp.eventually(func() error {
		for _, component := range []string{"generator", "processor", "api"} {
			d := &appsv1.Deployment{}
			require.True(t, sp.child(d, "back-"+component))
			if *d.Spec.Replicas != 0 {
				return fmt.Errorf("%s is not stopped", component)
			}
		}
		return nil
	})
	sp.settle("back")
	require.Nil(t, restore(), "restored while workloads write")
	sp.workOnDeployments()
	sp.eventually(func() error {
		if restore() == nil {
			return fmt.Errorf("no Job")
		}
		return nil
	})
	sp.conditionWithoutWork("back", v1.ConditionReady, metav1.ConditionFalse, v1.ReasonRestoring)
	job := restore()
	sp.endPod(job, "restore", 1, "some\nno dump /backup/back-20260101T030000Z.dump; the folder has: other.dump")
	twin := sp.conditionWithoutWork("back", v1.ConditionSchemaReady, metav1.ConditionFalse, v1.ReasonRestoreFailed)
	require.Contains(t, meta.FindStatusCondition(twin.Status.Conditions, v1.ConditionSchemaReady).Message, "the folder has: other.dump")
	pod := &corev1.Pod{}
	require.True(t, sp.child(pod, job.Name+"-x"))
	require.NoError(t, sp.admin.Delete(sp.ctx, pod, client.GracePeriodSeconds(0)))
	sp.endPod(job, "restore", 0, `{"restore":"back-20260101T030000Z.dump@2026-01-31T08:00:00Z","rows":4711,"previous":"twin_before_20260131080000","schema":10,"schemaBefore":12}`)

	twin = sp.ready("back")
	sp.eventually(func() error {
		list := &eventsv1.EventList{}
		require.NoError(t, sp.admin.List(sp.ctx, list, client.InNamespace(sp.ns)))
		if !slices.ContainsFunc(list.Items, func(e eventsv1.Event) bool {
			return e.Reason == "Restored" && strings.Contains(e.Note, "4711 rows; its schema is version 10, and the preparation migrates it")
		}) {
			return fmt.Errorf("no Event names the schema that is migrated")
		}
		return nil
	})
	require.Equal(t, &v1.RestoreStatus{
		Dump: "back-20260101T030000Z.dump", At: "2026-01-31T08:00:00Z", Rows: 4711, Previous: "twin_before_20260131080000",
	}, twin.Status.Restore)
	require.EqualValues(t, 1, sp.replicas("back-processor"))
	again := ""
	for _, j := range sp.jobs() {
		if j.Labels[resources.LabelComponent] == v1.ComponentPrepare {
			again = j.Name
		}
	}
	require.NotEqual(t, prepared, again, "a dump of an older version is not migrated")

	require.NoError(t, sp.admin.Delete(sp.ctx, restore(), client.PropagationPolicy(metav1.DeletePropagationBackground)))
	sp.quiet()
	require.Nil(t, restore(), "restored twice")
	sp.patchSpec("back", `{"timescale":{"managed":{"restoreFrom":null}}}`)
	sp.ready("back")
	sp.quiet()
	require.Equal(t, 1, len(sp.jobs()))
	require.Equal(t, again, sp.jobs()[0].Name)
}
