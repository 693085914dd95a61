package resources

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// restore makes the Job that puts a dump in the place of the database. Its name
// is a hash of what it does, as that of the Job that prepares the stores.
func (b *builder) restore() {
	from := timescaleOf(b.spec).RestoreFrom
	if from == nil {
		return
	}
	template := b.restorePod(from)
	name := b.name(v1.ComponentRestore) + "-" + hashOf(template, from.ID())[:8]
	b.wanted.Restore = name
	own(b, StepRestore, v1.ComponentRestore, batchv1ac.Job(name, b.twin.Namespace).WithSpec(batchv1ac.JobSpec().
		WithBackoffLimit(10_000). // the volume or the bucket may be away for long
		WithTemplate(template)))
}

// dumpPlace is where the dump lies: the claim of a volume, or a bucket.
func (b *builder) dumpPlace() (claim string, bucket *v1.S3) {
	from, backup := b.spec.Timescale.Managed.RestoreFrom, b.spec.Timescale.Managed.Backup
	switch {
	case from.ClaimName != "":
		return from.ClaimName, nil
	case from.S3 != nil:
		return "", from.S3
	case backup != nil && backup.S3 != nil:
		return "", backup.S3
	}
	return b.name(ComponentBackup), nil
}

// restorePod restores with the database's own programs. A dump in a bucket is
// fetched first.
func (b *builder) restorePod(from *v1.RestoreFrom) *corev1ac.PodTemplateSpecApplyConfiguration {
	p := pod{
		component: v1.ComponentRestore,
		user:      postgresUser,
		group:     postgresUser,
		reads:     hashOf(from.ID()),
		grace:     30,
		restart:   corev1.RestartPolicyOnFailure,
		volumes: []*corev1ac.VolumeApplyConfiguration{
			scratch("tmp"),
			secretVolume("secrets", ConnectionsName(b.twin.Name), map[string]string{KeyPostgresPassword: "postgres"}),
		},
	}
	claim, bucket := b.dumpPlace()
	if bucket != nil {
		p.volumes = append(p.volumes, scratch("dumps"), bucketKeys(bucket))
		p.inits = append(p.inits, corev1ac.Container().WithName("fetch").WithImage(b.in.Images.Workloads).
			WithArgs(append([]string{"backup", "fetch", "--dir=" + backupDir, "--dump=" + from.Dump}, bucketArgs(bucket)...)...).
			WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
			WithResources(small("10m", "32Mi", "128Mi")).
			WithVolumeMounts(mount("dumps", backupDir), readOnly("bucket", bucketKeysDir)))
	} else {
		p.volumes = append(p.volumes, corev1ac.Volume().WithName("dumps").WithPersistentVolumeClaim(
			corev1ac.PersistentVolumeClaimVolumeSource().WithClaimName(claim)))
	}
	p.containers = append(p.containers, corev1ac.Container().WithName("restore").WithImage(b.in.Images.Timescale).
		WithCommand("/bin/sh", "-c", restoreScript(from)).
		WithEnv(
			env("PGHOST", b.host(b.name(v1.ComponentTimescale))),
			env("PGPORT", strconv.Itoa(PortPostgres)),
			env("PGUSER", "postgres"),
			corev1ac.EnvVar().WithName("POD_NAME").WithValueFrom(corev1ac.EnvVarSource().
				WithFieldRef(corev1ac.ObjectFieldSelector().WithFieldPath("metadata.name"))),
		).
		WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
		WithResources(small("50m", "64Mi", "256Mi")).
		WithVolumeMounts(readOnly("dumps", backupDir), mount("tmp", "/tmp"), readOnly("secrets", databaseSecretDir)))
	return b.template(p)
}

// restoreScript restores a dump into a database beside the twin's, counts its
// rows, and then lets the two change names in one transaction. The comment on the
// database has which restore it comes from, so that the script, run again, does
// nothing. Whoever is connected is let go; the workloads are stopped meanwhile.
// Its last words, for the operator, are those of the comment.
func restoreScript(from *v1.RestoreFrom) string {
	return fmt.Sprintf(`set -eu
id='%[1]s' dump='%[2]s/%[3]s'
PGPASSWORD=$(cat %[4]s/postgres); export PGPASSWORD
admin() { psql -v ON_ERROR_STOP=1 -X -q "$@"; }
fail() { echo "$*" >&2; exit 1; }
tries=0
until pg_isready -q -d postgres; do
  tries=$((tries + 1))
  [ $tries -lt 120 ] || fail 'the database does not answer'
  sleep 1
done
report() { printf '%%s' "$1" >"${TERMINATION_LOG:-/dev/termination-log}"; }
comment=$(admin -d postgres -At -c "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '%[5]s'")
case $comment in
*"\"restore\":\"$id\""*) report "$comment"; echo "restored already: $comment"; exit 0 ;;
esac
[ -f "$dump" ] || fail "no dump $dump; the folder has: $(ls %[2]s | tail -n 16 | tr '\n' ' ')"

# One that an earlier try left behind may still be written to.
admin -d postgres <<'SQL'
SELECT format('DROP DATABASE %%I WITH (FORCE)', datname) FROM pg_database WHERE datname LIKE '%[5]s\_restoring%%' \gexec
SQL
new=%[5]s_restoring_${POD_NAME##*-}
admin -d postgres -c "CREATE DATABASE $new OWNER %[6]s"
extension=$(admin -d postgres -At -c "SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'")
if [ -n "$extension" ]; then
  admin -d "$new" -c 'CREATE EXTENSION IF NOT EXISTS timescaledb'
  admin -d "$new" -c 'SELECT timescaledb_pre_restore()' >/dev/null
fi
pg_restore -d "$new" --exit-on-error "$dump"
[ -z "$extension" ] || admin -d "$new" -c 'SELECT timescaledb_post_restore()' >/dev/null

# Rows of each table of the twin, as the dump has them, against what is there.
pg_restore --data-only -f - "$dump" | awk '
  copying && $0 == "\\." {
    if (table ~ /^public[.]|^_timescaledb_internal[.](_hyper_|compress_hyper_)/)
      printf "SELECT \047%%s\047, %%d, count(*) FROM ONLY %%s;\n", table, rows, table
    copying = 0
    next
  }
  copying { rows++; next }
  /^COPY / { table = $2; rows = 0; copying = 1 }
  END { if (copying) exit 1 }' >/tmp/counts.sql
grep -q 'ONLY public\.' /tmp/counts.sql || fail "$dump is no dump of a twin's database"

# An older schema is migrated afterwards, a newer one may be unknown to the workloads.
schema() {
  [ "$(admin -d "$1" -At -c "SELECT to_regclass('public.goose_db_version') IS NOT NULL")" = f ] ||
    admin -d "$1" -At -c 'SELECT max(version_id) FROM public.goose_db_version WHERE is_applied'
}
theirs=$(schema "$new") ours=$(schema %[5]s)
[ -n "$theirs" ] || fail "$dump is no dump of a twin's database: it has no schema version"
[ "$theirs" -le "${ours:-$theirs}" ] || fail "$dump has version $theirs of the schema, the database of this twin has $ours:" \
  "remove restoreFrom, set spec.image to the version that wrote the dump, and restore when the twin is Ready"
admin -d "$new" -At -f /tmp/counts.sql >/tmp/counts
rows=$(awk -F '|' '
  $2 != $3 { printf "%%s: %%d of %%d rows are restored\n", $1, $3, $2 >"/dev/stderr"; wrong = 1 }
  { sum += $3 }
  END { if (wrong) exit 1; printf "%%d", sum }' /tmp/counts)

admin -d "$new" -1 <<'SQL'
%[7]sANALYZE;
SQL
previous=
if [ "$(admin -d %[5]s -At -c "SELECT to_regclass('public.readings') IS NOT NULL")" = t ]; then
  previous=%[5]s_before_$(date -u +%%Y%%m%%d%%H%%M%%S)
fi
result="{\"restore\":\"$id\",\"rows\":$rows,\"previous\":\"$previous\",\"schema\":$theirs,\"schemaBefore\":${ours:-0}}"
admin -d postgres -c "COMMENT ON DATABASE $new IS '$result'"
old=${previous:-%[5]s_empty_${POD_NAME##*-}}
tries=0
until {
  admin -d postgres -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('%[5]s', '$new')" >/dev/null
  admin -d postgres -1 -c "ALTER DATABASE %[5]s RENAME TO $old" -c "ALTER DATABASE $new RENAME TO %[5]s"
}; do
  tries=$((tries + 1))
  [ $tries -lt 30 ] || fail 'clients keep their connections to the database'
  sleep 1
done
[ -n "$previous" ] || admin -d postgres -c "DROP DATABASE IF EXISTS $old WITH (FORCE)"
report "$result"
echo "restored: $result"
`, from.ID(), backupDir, from.Dump, databaseSecretDir, DatabaseName, OwnerRole, databaseGrants())
}
