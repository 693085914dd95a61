package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// TestBackupIsRestored: what the scheduled Job dumps is, after a loss, put back
// by the way that the documentation shows.
func TestBackupIsRestored(t *testing.T) {
	s := connect(t).space(t, "e2e-backup")
	const name = "safe"
	twin := s.synthetic(name, 20, 30, "max")
	twin.Spec.Timescale = &v1.Timescale{Managed: &v1.ManagedTimescale{Backup: &v1.Backup{
		Schedule: "30 2 * * *", Volume: &v1.Storage{Size: "1Gi"},
	}}}
	s.make(twin)
	s.completed(name)
	want := s.rows(name)
	dump := s.dump(name)

	s.change(name, func(spec *v1.DigitalTwinSpec) { spec.State = v1.StateSuspended })
	s.await(name, "is Suspended", func(t *v1.DigitalTwin) bool { return t.Status.Phase == v1.PhaseSuspended })
	database := resources.Name(name, "timescale-0")
	psql := []string{"psql", "-h", "/var/run/postgresql", "-U", "postgres", "-d", resources.DatabaseName, "-c", "TRUNCATE readings, decisions CASCADE"}
	_, err := s.run(t.Context(), database, "postgres", nil, psql...)
	require.NoError(t, err)
	require.NotEqual(t, want, s.rows(name), "nothing was lost")

	said, err := s.run(t.Context(), database, "postgres", strings.NewReader(dump), "sh", "/etc/postgresql/twin/restore.sh", "-")
	require.NoError(t, err)
	require.Contains(t, said, "restored")
	require.Equal(t, want, s.rows(name))

	s.change(name, func(spec *v1.DigitalTwinSpec) { spec.State = v1.StateRunning })
	s.ready(name)
	require.EqualValues(t, want[0].Rows, s.asked(name, "").Counts.Stored)
}

// dump runs the scheduled Job now and reads what it left on its volume.
func (s *space) dump(twin string) string {
	s.t.Helper()
	name := resources.Name(twin, resources.ComponentBackup)
	schedule := &batchv1.CronJob{}
	require.NoError(s.t, s.Get(s.t.Context(), s.key(name), schedule))
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.name, Name: name + "-now", Labels: schedule.Spec.JobTemplate.Labels},
		Spec:       schedule.Spec.JobTemplate.Spec,
	}
	s.make(job)
	eventually(s.t, "dump", func() (string, bool) {
		require.NoError(s.t, s.Get(s.t.Context(), client.ObjectKeyFromObject(job), job))
		return fmt.Sprintf("%d pods failed", job.Status.Failed), job.Status.Succeeded > 0
	})
	reader := s.shell("reader", name)
	dump, err := s.run(s.t.Context(), reader.Name, "shell", nil, "sh", "-c", "cat /data/*.dump")
	require.NoError(s.t, err)
	require.True(s.t, strings.HasPrefix(dump, "PGDMP"), "no dump of pg_dump -Fc")
	require.NoError(s.t, s.Delete(s.t.Context(), &corev1.Pod{ObjectMeta: s.meta(reader.Name)}))
	return dump
}
