package resources

import (
	"fmt"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// postgresUser is the user of the public image.
const postgresUser = 70

// Places in the database's pod. Data lie in a folder below the volume's root,
// which may hold lost+found.
const (
	postgresVolumeDir = "/var/lib/postgresql/data"
	postgresDataDir   = postgresVolumeDir + "/pgdata"
	databaseScriptDir = "/etc/postgresql/twin"
	databaseSecretDir = secretsDir + "/roles"
)

// timescale makes the database.
func (b *builder) timescale() {
	if b.spec.Timescale.External != nil {
		return
	}
	name := b.name(v1.ComponentTimescale)
	own(b, StepTimescale, v1.ComponentTimescale, corev1ac.ConfigMap(name, b.twin.Namespace).
		WithData(map[string]string{"roles.sh": databaseRoles()}))
	own(b, StepTimescale, v1.ComponentTimescale, corev1ac.Service(name, b.twin.Namespace).WithSpec(corev1ac.ServiceSpec().
		WithSelector(SelectorLabels(b.twin.Name, v1.ComponentTimescale)).
		WithPorts(servicePort("postgres", PortPostgres))))
	own(b, StepTimescale, v1.ComponentTimescale,
		b.storeSet(v1.ComponentTimescale, b.storeRunning(1), b.spec.Timescale.Managed.Storage, b.timescalePod()))
}

func (b *builder) timescaleContainer(image string) *corev1ac.ContainerApplyConfiguration {
	managed := b.spec.Timescale.Managed
	var args []string
	for _, setting := range postgresSettings(managed.Resources.Limits.Memory.Value()) {
		args = append(args, "-c", setting)
	}
	// The server that initialises listens on the socket only, so it is not ready.
	ready := execProbe("/bin/sh", "-c", fmt.Sprintf("pg_isready -q -h 127.0.0.1 -p %d -U postgres -d %s", PortPostgres, DatabaseName))
	roles := corev1ac.LifecycleHandler().WithExec(corev1ac.ExecAction().WithCommand("/bin/sh", databaseScriptDir+"/roles.sh"))
	// Stopped by a signal, the server would wait for its clients to leave, unless the
	// image asks for another one.
	stop := corev1ac.LifecycleHandler().WithExec(corev1ac.ExecAction().WithCommand("pg_ctl", "stop", "--mode=fast", "--no-wait"))
	return corev1ac.Container().WithName("postgres").WithImage(image).
		WithArgs(args...).
		WithEnv(
			env("PGDATA", postgresDataDir),
			env("POSTGRES_USER", "postgres"),
			env("POSTGRES_DB", DatabaseName),
			env("POSTGRES_PASSWORD_FILE", databaseSecretDir+"/postgres"),
			env("NO_TS_TUNE", "true"), // sized by the settings above, not by the node
			env("TIMESCALEDB_TELEMETRY", "off"),
		).
		WithPorts(port("postgres", PortPostgres)).
		WithLifecycle(corev1ac.Lifecycle().WithPostStart(roles).WithPreStop(stop)).
		// Recovery after a crash takes as long as it takes.
		WithStartupProbe(ready.WithPeriodSeconds(3).WithFailureThreshold(600)).
		WithLivenessProbe(tcpProbe("postgres").WithFailureThreshold(6)).
		WithReadinessProbe(execProbe(ready.Exec.Command...).WithPeriodSeconds(5)).
		WithResources(resourcesOf(managed.Resources)).
		WithVolumeMounts(
			mount("data", postgresVolumeDir), mount("run", "/var/run/postgresql"), mount("tmp", "/tmp"),
			readOnly("scripts", databaseScriptDir), readOnly("secrets", databaseSecretDir))
}

func (b *builder) timescalePod() *corev1ac.PodTemplateSpecApplyConfiguration {
	c := b.in.Credentials
	return b.template(pod{
		component:  v1.ComponentTimescale,
		user:       postgresUser,
		group:      postgresUser,
		reads:      hashOf(databaseRoles(), c[KeyPostgresPassword], c[KeyOwnerPassword], c[KeyReaderPassword]),
		containers: []*corev1ac.ContainerApplyConfiguration{b.timescaleContainer(b.in.Images.Timescale)},
		grace:      120, // a fast stop still writes a checkpoint
		volumes:    b.timescaleVolumes(),
	})
}

func (b *builder) timescaleVolumes() []*corev1ac.VolumeApplyConfiguration {
	return []*corev1ac.VolumeApplyConfiguration{
		scratch("run"), scratch("tmp"),
		configMapVolume("scripts", b.name(v1.ComponentTimescale)),
		secretVolume("secrets", ConnectionsName(b.twin.Name), map[string]string{
			KeyPostgresPassword: "postgres", KeyOwnerPassword: "owner", KeyReaderPassword: "reader",
		}),
	}
}
