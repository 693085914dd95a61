package resources

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

const backupDir = "/backup"

// backup dumps the database on a schedule, to a volume of its own or a bucket.
func (b *builder) backup() {
	k := timescaleOf(b.spec).Backup
	if k == nil {
		return
	}
	name := b.name(ComponentBackup)
	if k.Volume != nil {
		keep(b, StepTimescale, ComponentBackup, corev1ac.PersistentVolumeClaim(name, b.twin.Namespace).
			WithSpec(b.claimSpec(ComponentBackup, k.Volume)))
	}
	job := batchv1ac.JobSpec().WithBackoffLimit(2).WithTemplate(b.backupPod(k))
	if at := b.in.Backup; at != "" {
		b.wanted.Backup = name + "-" + hashOf(job, at)[:8]
		own(b, StepBackup, ComponentBackup, batchv1ac.Job(b.wanted.Backup, b.twin.Namespace).WithSpec(job))
	}
	own(b, StepTimescale, ComponentBackup, batchv1ac.CronJob(name, b.twin.Namespace).WithSpec(batchv1ac.CronJobSpec().
		WithSchedule(k.Schedule).WithTimeZone("Etc/UTC").
		WithConcurrencyPolicy(batchv1.ForbidConcurrent).
		WithStartingDeadlineSeconds(3600).
		WithSuspend(b.spec.State == v1.StateHibernated || b.in.Restoring).
		WithSuccessfulJobsHistoryLimit(1).WithFailedJobsHistoryLimit(3).
		WithJobTemplate(batchv1ac.JobTemplateSpec().WithLabels(b.labels(ComponentBackup)).WithSpec(job))))
}

// backupPod dumps in an init container; what follows keeps the newest dumps, or
// sends the dump to the bucket and keeps the newest there.
func (b *builder) backupPod(k *v1.Backup) *corev1ac.PodTemplateSpecApplyConfiguration {
	dump := corev1ac.Container().WithName("dump").WithImage(b.in.Images.Timescale).
		WithCommand("/bin/sh", "-c", dumpScript(b.twin.Name)).
		WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
		WithResources(small("50m", "64Mi", "256Mi")).
		WithVolumeMounts(mount("dumps", backupDir), mount("tmp", "/tmp"), readOnly("secrets", databaseSecretDir))
	args := []string{"backup", "keep", "--dir", backupDir, "--name", b.twin.Name, "--newest", fmt.Sprint(*k.Keep)}
	mounts := []*corev1ac.VolumeMountApplyConfiguration{mount("dumps", backupDir)}
	volumes := []*corev1ac.VolumeApplyConfiguration{
		scratch("tmp"),
		secretVolume("secrets", ConnectionsName(b.twin.Name), map[string]string{keyDatabaseURL: "url"}),
	}
	if k.Volume != nil {
		volumes = append(volumes, corev1ac.Volume().WithName("dumps").WithPersistentVolumeClaim(
			corev1ac.PersistentVolumeClaimVolumeSource().WithClaimName(b.name(ComponentBackup))))
	}
	if k.S3 != nil {
		volumes = append(volumes, scratch("dumps"), bucketKeys(k.S3))
		mounts = append(mounts, readOnly("bucket", bucketKeysDir))
		args = append(args, bucketArgs(k.S3)...)
	}
	after := corev1ac.Container().WithName("keep").WithImage(b.in.Images.Workloads).
		WithArgs(args...).
		WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
		WithResources(small("10m", "32Mi", "128Mi")).
		WithVolumeMounts(mounts...)
	return b.template(pod{
		component:  ComponentBackup,
		user:       postgresUser,
		group:      postgresUser,
		reads:      hashOf(dumpScript(b.twin.Name)),
		inits:      []*corev1ac.ContainerApplyConfiguration{dump},
		containers: []*corev1ac.ContainerApplyConfiguration{after},
		volumes:    volumes,
		grace:      30,
		restart:    corev1.RestartPolicyNever,
	})
}

// bucketKeysDir is where a pod finds the keys of a bucket.
const bucketKeysDir = secretsDir + "/bucket"

func bucketKeys(s *v1.S3) *corev1ac.VolumeApplyConfiguration {
	return secretVolume("bucket", s.SecretRef.Name, map[string]string{"accessKeyID": "accessKeyID", "secretAccessKey": "secretAccessKey"})
}

// bucketArgs name a bucket to our image. A value may begin with a dash.
func bucketArgs(s *v1.S3) []string {
	return []string{"--bucket=" + s.Bucket, "--prefix=" + s.Prefix, "--region=" + s.Region, "--endpoint=" + s.Endpoint, "--keys=" + bucketKeysDir}
}

// dumpScript writes a dump under a name that sorts by time, whole or not at all.
// It waits for the database, which may be starting; and firewalls let a new pod
// out a moment after it started, which one try after another would always miss.
func dumpScript(twin string) string {
	return fmt.Sprintf(`set -eu
umask 077
rm -f %[1]s/*.part
name=%[1]s/%[2]s-$(date -u +%%Y%%m%%dT%%H%%M%%SZ).dump
tries=0
until pg_isready -q -d "$(cat %[3]s/url)"; do
  tries=$((tries + 1))
  [ $tries -lt 120 ] || { echo "the database does not answer" >&2; exit 1; }
  sleep 1
done
pg_dump -Fc -f "$name.part" "$(cat %[3]s/url)"
mv "$name.part" "$name"
`, backupDir, twin, databaseSecretDir)
}
