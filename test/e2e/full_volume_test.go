package e2e

import (
	"context"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/controllers/resources"
	"github.com/energytwin/energytwin/test/twinrows"
)

// TestFullVolume: the database's volume fills up during a replay. Readings wait in
// Kafka until there is room, and the rows are those of a run that had room all the
// time. The database is external, as volumes that really end are not to be had on
// every cluster: this one's is in memory.
func TestFullVolume(t *testing.T) {
	c := connect(t)
	s, stores := c.space(t, "e2e-full"), c.space(t, "e2e-full-stores")
	const name, meters, days = "area", 100, 14
	stores.startSmallDatabase()
	s.make(&corev1.Secret{ObjectMeta: s.meta("database-user"), StringData: map[string]string{"username": "twin", "password": storesPassword}})
	twin := func(database string, speed v1.Speed) *v1.DigitalTwin {
		stores.createDatabase(database)
		twin := s.synthetic(name, meters, days, speed)
		twin.Spec.Timescale = &v1.Timescale{External: &v1.ExternalTimescale{
			Host: smallDatabase + "." + stores.name + ".svc", Database: database, SecretRef: v1.SecretReference{Name: "database-user"},
		}}
		return twin
	}
	rows := func(database string) []twinrows.Table {
		url, closeIt := stores.smallDatabaseURL(t.Context(), database)
		defer closeIt()
		tables, err := twinrows.Read(t.Context(), url, nil)
		require.NoError(t, err)
		return tables
	}

	s.make(twin("roomy", "max"))
	s.completed(name)
	want := rows("roomy")
	require.EqualValues(t, readingsOf(t, meters, days), want[0].Rows)
	require.NoError(t, s.Delete(t.Context(), s.twin(name), client.PropagationPolicy("Background")))
	s.remove(name)
	s.nothingIsLeft(name, deleted)

	s.make(twin("full", "600"))
	s.ready(name)
	s.await(name, "has data flowing", isFlowing)
	_, err := stores.run(t.Context(), smallDatabase, "keeper", nil, "/bin/sh", "-c", "cat /dev/zero >/data/ballast")
	require.ErrorContains(t, err, "No space left on device")
	eventually(t, "the database out of room", func() (string, bool) {
		logs := stores.logs(smallDatabase, "postgres")
		return "", strings.Contains(logs, "No space left on device")
	})
	_, err = stores.run(t.Context(), smallDatabase, "keeper", nil, "rm", "/data/ballast")
	require.NoError(t, err)
	s.change(name, func(spec *v1.DigitalTwinSpec) { spec.Generator.Speed = "max" })
	s.completed(name)
	require.Equal(t, want, rows("full"))
}

const smallDatabase = "small"

// startSmallDatabase starts PostgreSQL on a volume in memory that ends, and beside
// it a container that can fill and empty the volume, whatever the database does.
func (s *space) startSmallDatabase() {
	s.t.Helper()
	labels := map[string]string{"app": smallDatabase}
	image := resources.DefaultImages(s.image).Timescale
	restricted := &corev1.SecurityContext{AllowPrivilegeEscalation: ptr.To(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
	data := []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
	pod := &corev1.Pod{ObjectMeta: s.meta(smallDatabase), Spec: corev1.PodSpec{
		AutomountServiceAccountToken: ptr.To(false),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To[int64](70), RunAsGroup: ptr.To[int64](70), FSGroup: ptr.To[int64](70),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{{
			Name: "postgres", Image: image,
			Args: []string{"-c", "min_wal_size=32MB", "-c", "max_wal_size=64MB"},
			Env: []corev1.EnvVar{
				{Name: "PGDATA", Value: "/data/pgdata"}, {Name: "POSTGRES_USER", Value: "twin"}, {Name: "POSTGRES_PASSWORD", Value: storesPassword},
			},
			ReadinessProbe:  &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"pg_isready", "-h", "127.0.0.1", "-U", "twin"}}}},
			SecurityContext: restricted, VolumeMounts: data,
		}, {
			Name: "keeper", Image: image, Command: []string{"/bin/sh", "-c", "trap exit TERM; while :; do sleep 1; done"},
			SecurityContext: restricted, VolumeMounts: data,
		}},
		Volumes: []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
			EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory, SizeLimit: ptr.To(resource.MustParse("512Mi"))},
		}}},
	}}
	pod.Labels = labels
	s.make(pod, &corev1.Service{
		ObjectMeta: s.meta(smallDatabase),
		Spec:       corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{{Port: resources.PortPostgres}}},
	})
	s.runs(smallDatabase)
}

// smallDatabaseURL is the address of a database there, forwarded to this machine
// until closeIt.
func (s *space) smallDatabaseURL(ctx context.Context, database string) (address string, closeIt func()) {
	s.t.Helper()
	at, closeIt, err := s.forward(ctx, smallDatabase, resources.PortPostgres)
	require.NoError(s.t, err)
	u := url.URL{Scheme: "postgres", Host: at, Path: "/" + database, User: url.UserPassword("twin", storesPassword), RawQuery: "sslmode=disable"}
	return u.String(), closeIt
}

func (s *space) createDatabase(name string) {
	s.t.Helper()
	address, closeIt := s.smallDatabaseURL(s.t.Context(), "postgres")
	defer closeIt()
	conn, err := pgx.Connect(s.t.Context(), address)
	require.NoError(s.t, err)
	_, err = conn.Exec(s.t.Context(), "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	require.NoError(s.t, err)
	require.NoError(s.t, conn.Close(s.t.Context()))
}

// logs are what a container has written, also before it was started again.
func (s *space) logs(pod, container string) string {
	s.t.Helper()
	var all strings.Builder
	for _, previous := range []bool{true, false} {
		stream, err := s.kube.CoreV1().Pods(s.name).GetLogs(pod, &corev1.PodLogOptions{Container: container, Previous: previous}).Stream(s.t.Context())
		if err != nil {
			continue // it never was started again
		}
		_, err = io.Copy(&all, stream)
		require.NoError(s.t, err)
		require.NoError(s.t, stream.Close())
	}
	return all.String()
}
