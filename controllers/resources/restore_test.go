package resources

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	networkingv1 "k8s.io/api/networking/v1"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

// server is a PostgreSQL server with the roles of a twin, and the folders that the
// restoring pod has.
type server struct {
	t   *testing.T
	url *url.URL
	dir string
	env []string
}

func startServer(t *testing.T) *server {
	t.Helper()
	if testing.Short() {
		t.Skip("a database is not started with -short")
	}
	for _, program := range []string{"psql", "pg_dump", "pg_restore"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s: install postgresql-client", program)
		}
	}
	postgres, err := embedded.Postgres(t.Context(), embedded.PostgresOptions{Ephemeral: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, postgres.Stop(context.WithoutCancel(t.Context()))) })
	at, err := url.Parse(postgres.URL)
	require.NoError(t, err)
	s := &server{t: t, url: at, dir: t.TempDir()}
	password, _ := at.User.Password()
	for _, folder := range []string{"backup", "roles", "tmp"} {
		require.NoError(t, os.Mkdir(filepath.Join(s.dir, folder), 0o700))
	}
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "roles", "postgres"), []byte(password), 0o600))
	s.env = append(os.Environ(), "PGHOST="+at.Hostname(), "PGPORT="+at.Port(), "PGUSER="+at.User.Username(), "PGPASSWORD="+password,
		"POD_NAME=t-restore-1-abcde", "TERMINATION_LOG="+filepath.Join(s.dir, "termination-log"))
	for _, role := range []string{OwnerRole, ReaderRole} {
		s.exec(at.Path, "CREATE ROLE "+role+" LOGIN PASSWORD 'p'")
	}
	s.exec(at.Path, "CREATE DATABASE "+DatabaseName+" OWNER "+OwnerRole)
	return s
}

func (s *server) database(name string) string {
	u := *s.url
	u.Path = "/" + strings.TrimPrefix(name, "/")
	return u.String()
}

func (s *server) exec(database, sql string) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.database(database))
	require.NoError(s.t, err)
	defer conn.Close(s.t.Context())
	_, err = conn.Exec(s.t.Context(), sql)
	require.NoError(s.t, err)
}

func value[T any](s *server, database, sql string) (out T) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.database(database))
	require.NoError(s.t, err)
	defer conn.Close(s.t.Context())
	require.NoError(s.t, conn.QueryRow(s.t.Context(), sql).Scan(&out))
	return out
}

// dump makes a dump as the scheduled Job does.
func (s *server) dump(name string) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "pg_dump", "-Fc", "-d", DatabaseName, "-f", filepath.Join(s.dir, "backup", name))
	cmd.Env = s.env
	out, err := cmd.CombinedOutput()
	require.NoError(s.t, err, string(out))
}

// asKubelet is what becomes of a command: two dollar signs are one to a kubelet, which
// expands $(NAME) in it.
func asKubelet(command string) string { return strings.ReplaceAll(command, "$$", "$") }

// restore runs the script with the test's folders in place of the pod's.
func (s *server) restore(from v1.RestoreFrom) (outcome config.RestoreOutcome, said string, err error) {
	s.t.Helper()
	script := strings.NewReplacer(backupDir, filepath.Join(s.dir, "backup"), databaseSecretDir, filepath.Join(s.dir, "roles"),
		"/tmp/", filepath.Join(s.dir, "tmp")+"/").Replace(asKubelet(restoreScript(&from)))
	log := filepath.Join(s.dir, "termination-log")
	require.NoError(s.t, os.WriteFile(log, nil, 0o600))
	cmd := exec.CommandContext(s.t.Context(), "/bin/sh", "-c", script)
	cmd.Env = s.env
	output, err := cmd.CombinedOutput()
	if err == nil {
		doc, readErr := os.ReadFile(log)
		require.NoError(s.t, readErr)
		require.NoError(s.t, json.Unmarshal(doc, &outcome), "%s", doc)
	}
	return outcome, string(output), err
}

// A dump is restored once for each time that it is asked for, with all its rows,
// and the database has another incarnation then.
func TestRestoreScript(t *testing.T) {
	s := startServer(t)
	const dump = "river-20260101T023000Z.dump"
	require.NoError(t, schema.Migrate(t.Context(), s.database(DatabaseName), schema.MigrateOptions{}))
	fill := `INSERT INTO meters (meter_no, name, partition) SELECT i, E'meter\n' || i, 0 FROM generate_series(1, 1000) i`
	s.exec(DatabaseName, fill)
	s.exec(DatabaseName, `SET ROLE `+OwnerRole+`; CREATE TABLE odd (text text); INSERT INTO odd VALUES ('COPY public.odd (text) FROM stdin;'), (E'\\.'), ('a|b')`)
	s.dump(dump)
	all := value[int64](s, DatabaseName, `SELECT sum((xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I', tablename), false, true, '')))[1]::text::bigint)::bigint FROM pg_tables WHERE schemaname = 'public'`)
	s.exec(DatabaseName, "TRUNCATE odd; DELETE FROM meters WHERE meter_no > 3")

	first := v1.RestoreFrom{Dump: dump, At: "2026-01-02T00:00:00Z"}
	outcome, said, err := s.restore(first)
	require.NoError(t, err, said)
	require.Equal(t, first.ID(), outcome.Restore)
	require.Equal(t, all, outcome.Rows)
	require.EqualValues(t, 1000, value[int64](s, DatabaseName, "SELECT count(*) FROM meters"))
	require.EqualValues(t, 3, value[int64](s, DatabaseName, "SELECT count(*) FROM odd"))
	require.NotEmpty(t, outcome.Previous)
	require.EqualValues(t, 3, value[int64](s, outcome.Previous, "SELECT count(*) FROM meters"), "what was there before is kept")
	require.Equal(t, OwnerRole, value[string](s, DatabaseName, "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'public'"))
	require.True(t, value[bool](s, DatabaseName, "SELECT has_table_privilege('"+ReaderRole+"', 'meters', 'SELECT') AND NOT has_table_privilege('"+ReaderRole+"', 'meters', 'INSERT')"))

	// A dump brings no privileges: the preparation that follows grants them.
	require.NoError(t, schema.Migrate(t.Context(), s.database(DatabaseName), schema.MigrateOptions{}))
	require.True(t, value[bool](s, DatabaseName, "SELECT has_table_privilege('"+ReaderRole+"', 'ended_sessions', 'INSERT')"))

	// Again: rows written since stay, whichever pod runs it.
	s.exec(DatabaseName, "DELETE FROM meters WHERE meter_no > 10")
	again, said, err := s.restore(first)
	require.NoError(t, err, said)
	require.Equal(t, outcome, again)
	require.EqualValues(t, 10, value[int64](s, DatabaseName, "SELECT count(*) FROM meters"), "the dump was restored twice")

	// At another time it is another restore; a client that stays connected is let go.
	conn, err := pgx.Connect(t.Context(), s.database(DatabaseName))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	second := v1.RestoreFrom{Dump: dump, At: "2026-01-03T00:00:00Z"}
	_, said, err = s.restore(second)
	require.NoError(t, err, said)
	require.EqualValues(t, 1000, value[int64](s, DatabaseName, "SELECT count(*) FROM meters"))
	require.Error(t, conn.Ping(t.Context()))
}

// What is wrong leaves the database as it was, and the last line says what it is.
func TestRestoreScriptRejects(t *testing.T) {
	s := startServer(t)
	require.NoError(t, schema.Migrate(t.Context(), s.database(DatabaseName), schema.MigrateOptions{}))
	s.exec(DatabaseName, `INSERT INTO meters (meter_no, name, partition) SELECT i, 'm' || i, 0 FROM generate_series(1, 5000) i`)
	s.dump("whole.dump")
	whole, err := os.ReadFile(filepath.Join(s.dir, "backup", "whole.dump"))
	require.NoError(t, err)
	s.exec(s.url.Path, "CREATE DATABASE other; ")
	write := func(name string, content []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, "backup", name), content, 0o600))
	}
	write("cut.dump", whole[:len(whole)/2])
	write("text.dump", []byte("no dump"))
	cmd := exec.CommandContext(t.Context(), "pg_dump", "-Fc", "-d", "other", "-f", filepath.Join(s.dir, "backup", "other.dump"))
	cmd.Env = s.env
	require.NoError(t, cmd.Run())
	for dump, says := range map[string]string{
		"missing.dump": "no dump",
		"cut.dump":     "pg_restore",
		"text.dump":    "pg_restore",
		"other.dump":   "is no dump of a twin's database",
	} {
		_, said, err := s.restore(v1.RestoreFrom{Dump: dump, At: "2026-01-02T00:00:00Z"})
		require.Error(t, err, dump)
		lines := strings.Split(strings.TrimSpace(said), "\n")
		require.Contains(t, lines[len(lines)-1], says, said)
		require.EqualValues(t, 5000, value[int64](s, DatabaseName, "SELECT count(*) FROM meters"), dump)
	}
	_, said, _ := s.restore(v1.RestoreFrom{Dump: "missing.dump"})
	require.Contains(t, said, "whole.dump", "the dumps that are there")
	// A failed try leaves nothing behind once another has succeeded.
	outcome, said, err := s.restore(v1.RestoreFrom{Dump: "whole.dump"})
	require.NoError(t, err, said)
	require.Zero(t, value[int64](s, s.url.Path, `SELECT count(*) FROM pg_database WHERE datname LIKE 'twin\_restoring%'`))
	require.NotEmpty(t, outcome.Previous)
}

// downSteps are the steps back of the newest migrations, the newest one first.
func downSteps(t *testing.T, n int) (sql string, version int64) {
	t.Helper()
	files, err := filepath.Glob("../../internal/timescale/schema/migrations/*.sql")
	require.NoError(t, err)
	require.Greater(t, len(files), n)
	for _, file := range slices.Backward(files[len(files)-n:]) {
		doc, err := os.ReadFile(file)
		require.NoError(t, err)
		_, down, there := strings.Cut(string(doc), "-- +goose Down")
		require.True(t, there, file)
		sql += down
	}
	version = int64(len(files) - n)
	return sql + fmt.Sprintf(";DELETE FROM goose_db_version WHERE version_id > %d", version), version
}

// A dump of an older schema is restored as it is, and migrated by the preparation; the
// outcome names both versions.
func TestRestoreScriptTakesAnOlderSchema(t *testing.T) {
	s := startServer(t)
	migrate := func() {
		require.NoError(t, schema.Migrate(t.Context(), s.database(DatabaseName), schema.MigrateOptions{WithoutTimescale: true}))
	}
	version := func() int64 {
		return value[int64](s, DatabaseName, "SELECT max(version_id) FROM goose_db_version WHERE is_applied")
	}
	migrate()
	newest := version()
	s.exec(DatabaseName, `INSERT INTO meters (meter_no, name, partition) SELECT i, 'm' || i, 0 FROM generate_series(1, 50) i`)
	down, older := downSteps(t, 2)
	s.exec(DatabaseName, down)
	s.dump("older.dump")
	migrate()
	s.exec(DatabaseName, `DELETE FROM meters; INSERT INTO dataset_report (report) VALUES ('{}')`)

	outcome, said, err := s.restore(v1.RestoreFrom{Dump: "older.dump"})
	require.NoError(t, err, said)
	require.Equal(t, older, outcome.Schema)
	require.Equal(t, newest, outcome.SchemaBefore)
	require.Equal(t, older, version())
	migrate() // as the preparation does, which runs after each restore
	require.Equal(t, newest, version())
	require.EqualValues(t, 50, value[int64](s, DatabaseName, "SELECT count(*) FROM meters"))
	require.Zero(t, value[int64](s, DatabaseName, "SELECT count(*) FROM dataset_report"), "the table is there again")

	// A twin that has no rows yet takes it too.
	s.exec(s.url.Path, "DROP DATABASE "+DatabaseName)
	s.exec(s.url.Path, "CREATE DATABASE "+DatabaseName+" OWNER "+OwnerRole)
	outcome, said, err = s.restore(v1.RestoreFrom{Dump: "older.dump"})
	require.NoError(t, err, said)
	require.Equal(t, []int64{older, 0}, []int64{outcome.Schema, outcome.SchemaBefore})
	migrate()
	require.Equal(t, newest, version())
}

// A dump of a newer schema than the database had, which the workloads of this version
// may not know, is rejected with the way to restore it, and changes nothing.
func TestRestoreScriptRejectsANewerSchema(t *testing.T) {
	s := startServer(t)
	require.NoError(t, schema.Migrate(t.Context(), s.database(DatabaseName), schema.MigrateOptions{WithoutTimescale: true}))
	s.exec(DatabaseName, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (901, true); ALTER TABLE meters ADD COLUMN colour text NOT NULL DEFAULT 'red'`)
	s.dump("newer.dump")
	s.exec(DatabaseName, `DELETE FROM goose_db_version WHERE version_id = 901; ALTER TABLE meters DROP COLUMN colour; INSERT INTO meters (meter_no, name, partition) VALUES (1, 'm', 0)`)
	_, said, err := s.restore(v1.RestoreFrom{Dump: "newer.dump"})
	require.Error(t, err)
	lines := strings.Split(strings.TrimSpace(said), "\n")
	require.Contains(t, lines[len(lines)-1], "newer.dump has version 901 of the schema")
	require.Contains(t, lines[len(lines)-1], "set spec.image to the version that wrote the dump")
	require.EqualValues(t, 1, value[int64](s, DatabaseName, "SELECT count(*) FROM meters"))
	require.Zero(t, value[int64](s, s.url.Path, `SELECT count(*) FROM pg_database WHERE datname LIKE 'twin\_before%'`))
}

// Rows that the dump has and the database lacks are noticed before the databases
// change names.
func TestRestoreScriptCountsRows(t *testing.T) {
	s := startServer(t)
	require.NoError(t, schema.Migrate(t.Context(), s.database(DatabaseName), schema.MigrateOptions{}))
	s.exec(DatabaseName, `INSERT INTO meters (meter_no, name, partition) SELECT i, 'm' || i, 0 FROM generate_series(1, 50) i`)
	s.dump("whole.dump")
	script := asKubelet(restoreScript(&v1.RestoreFrom{Dump: "whole.dump"}))
	require.Contains(t, script, "pg_restore -d")
	lossy := strings.Replace(script, "# Rows of each table", `admin -d "$new" -c 'DELETE FROM meters WHERE meter_no > 40'`+"\n# Rows of each table", 1)
	require.NotEqual(t, script, lossy)
	file := strings.NewReplacer(backupDir, filepath.Join(s.dir, "backup"), databaseSecretDir, filepath.Join(s.dir, "roles"), "/tmp/", filepath.Join(s.dir, "tmp")+"/").Replace(lossy)
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", file)
	cmd.Env = s.env
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "public.meters: 40 of 50 rows are restored")
}

// The Job reads the dump where the spec says it lies.
func TestRestoreReadsThePlaceOfTheDump(t *testing.T) {
	for spec, place := range map[string]string{
		"{restoreFrom: {dump: a.dump, claimName: other-backup}}":                                                                "claim other-backup",
		"{backup: {schedule: \"0 3 * * *\", volume: {}}, restoreFrom: {dump: a.dump}}":                                          "claim small-backup",
		"{restoreFrom: {dump: a.dump, s3: {bucket: dumps, secretRef: {name: keys}}}}":                                           "bucket dumps",
		"{backup: {schedule: \"0 3 * * *\", s3: {bucket: own, secretRef: {name: keys}}}, restoreFrom: {dump: a.dump}}":          "bucket own",
		"{backup: {schedule: \"0 3 * * *\", s3: {bucket: own, secretRef: {name: keys}}}, restoreFrom: {dump: a, claimName: c}}": "claim c",
	} {
		twin := twinOf(t, smallest+"  timescale: {managed: "+spec+"}\n")
		w := build(t, twin, inputs(twin))
		job := find[batchv1.Job](t, w, KindJob, w.Restore)
		require.NotNil(t, job, spec)
		pod := job.Spec.Template.Spec
		got := ""
		for _, v := range pod.Volumes {
			if v.PersistentVolumeClaim != nil {
				got = "claim " + v.PersistentVolumeClaim.ClaimName
			}
		}
		policy := find[networkingv1.NetworkPolicy](t, w, KindNetworkPolicy, "small-restore")
		for _, c := range pod.InitContainers {
			got = "bucket " + strings.TrimPrefix(c.Args[4], "--bucket=")
			require.Len(t, policy.Spec.Egress, 3, "the database, the bucket and DNS")
		}
		require.Equal(t, place, got, spec)
	}
}

// Workloads are stopped while a dump is restored, and the stores are prepared
// again afterwards; nothing else of the twin changes.
func TestRestoringStopsTheWorkloads(t *testing.T) {
	twin := twinOf(t, smallest+"  timescale: {managed: {restoreFrom: {dump: a.dump, claimName: c}}}\n  processor: {autoscaling: {maxReplicas: 3}}\n")
	in := inputs(twin)
	running := build(t, twin, in)
	in.Restoring, in.Restored = true, twin.Spec.Timescale.Managed.RestoreFrom.ID()
	stopped := build(t, twin, in)
	for _, component := range []string{"generator", "processor", "api"} {
		require.EqualValues(t, 1, replicasOf(t, running, component), component)
		require.Zero(t, replicasOf(t, stopped, component), component)
	}
	require.NotEqual(t, running.Prepare, stopped.Prepare)
	in.Restoring = false
	require.Equal(t, stopped.Prepare, build(t, twin, in).Prepare)
	require.Equal(t, running.Restore, stopped.Restore, "another Job")
}

func replicasOf(t *testing.T, w *Wanted, component string) int32 {
	t.Helper()
	d := find[appsv1.Deployment](t, w, KindDeployment, "small-"+component)
	require.NotNil(t, d)
	return *d.Spec.Replicas
}
