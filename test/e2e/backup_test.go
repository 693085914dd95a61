package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
)

// TestBackupIsRestored: a backup that is asked for is restored after a loss into
// the same twin, and into a new one, with all rows. The twin's own stream has all
// that the dump has; the new one's begins again.
func TestBackupIsRestored(t *testing.T) {
	s := connect(t).space(t, "e2e-backup")
	const name, other = "safe", "safe-2"
	volume := &v1.Backup{Schedule: "30 2 * * *", Volume: &v1.Storage{Size: "1Gi"}}
	twin := s.synthetic(name, 20, 30, "max")
	twin.Spec.Timescale = &v1.Timescale{Managed: &v1.ManagedTimescale{Backup: volume}}
	s.make(twin)
	s.completed(name)
	want := s.rows(name)

	asked := v1.InstantOf(time.Now())
	s.change(name, func(spec *v1.DigitalTwinSpec) { spec.Operations = &v1.Operations{BackupAt: asked} })
	backed := s.await(name, "is backed up", func(t *v1.DigitalTwin) bool {
		return t.Status.Backup != nil && t.Status.Backup.RequestedAt == asked
	})
	require.Empty(t, backed.Status.Backup.Message)
	require.Len(t, backed.Status.Backup.Dumps, 1)
	from := v1.RestoreFrom{Dump: backed.Status.Backup.Dumps[0], At: asked}

	psql := []string{"psql", "-h", "/var/run/postgresql", "-U", "postgres", "-d", resources.DatabaseName, "-c", "TRUNCATE readings, decisions CASCADE"}
	_, err := s.run(t.Context(), resources.Name(name, "timescale-0"), "postgres", nil, psql...)
	require.NoError(t, err)
	require.NotEqual(t, want, s.rows(name), "nothing was lost")
	s.change(name, func(spec *v1.DigitalTwinSpec) { spec.Timescale.Managed.RestoreFrom = &from })
	restored := s.completed(name)
	require.NotNil(t, restored.Status.Restore)
	require.Equal(t, from.ID(), restored.Status.Restore.ID())
	require.Greater(t, restored.Status.Restore.Rows, want[0].Rows)
	require.NotEmpty(t, restored.Status.Restore.Previous)
	require.Equal(t, want, s.rows(name))
	require.EqualValues(t, want[0].Rows, s.asked(name, "").Counts.Stored)

	second := s.synthetic(other, 20, 30, "max")
	from.ClaimName = resources.Name(name, resources.ComponentBackup)
	second.Spec.Timescale = &v1.Timescale{Managed: &v1.ManagedTimescale{RestoreFrom: &from}}
	s.make(second)
	restored = s.completed(other)
	require.Equal(t, from.ID(), restored.Status.Restore.ID())
	require.Empty(t, restored.Status.Restore.Previous, "there was nothing before")
	// What names its twin is another's: the identifiers and the provenance of decisions.
	got := s.rows(other)
	require.Equal(t, want[0], got[0])
	require.Equal(t, want[1], got[1])
	for i := range want {
		require.Equal(t, want[i].Rows, got[i].Rows, want[i].Name)
	}
}
