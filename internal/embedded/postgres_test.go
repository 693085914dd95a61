package embedded

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// startPostgres starts a server that the test stops.
func startPostgres(t *testing.T, options PostgresOptions) *PostgresServer {
	t.Helper()
	requirePostgres(t)
	s, err := Postgres(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(context.Background())) })
	return s
}

// requirePostgres skips where no PostgreSQL is installed: that the downloaded
// one works is the business of TestPostgresDownload.
func requirePostgres(t *testing.T) {
	t.Helper()
	if len(installedPostgres(t.Context())) == 0 {
		t.Skip("no PostgreSQL is installed on this machine")
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close(context.Background()) })
	return connection
}

func ask(t *testing.T, connection *pgx.Conn, query string) string {
	t.Helper()
	var answer string
	require.NoError(t, connection.QueryRow(t.Context(), query).Scan(&answer))
	return answer
}

func run(t *testing.T, url, statement string) {
	t.Helper()
	_, err := connect(t, url).Exec(t.Context(), statement)
	require.NoError(t, err)
}

func TestPostgresSettings(t *testing.T) {
	s := startPostgres(t, PostgresOptions{Settings: map[string]string{"work_mem": "7MB"}})
	connection := connect(t, s.URL)
	for name, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "max_wal_size": "4GB",
		"listen_addresses": "127.0.0.1", "server_encoding": "UTF8", "work_mem": "7MB",
		"timezone": "UTC", "server_version": s.Version,
	} {
		got := ask(t, connection, "SHOW "+name)
		require.Equal(t, want, strings.Fields(got)[0], name)
	}
	require.Equal(t, "energytwin", ask(t, connection, "SELECT current_database()::text"))
}

func TestPostgresRefusesAWrongPassword(t *testing.T) {
	s := startPostgres(t, PostgresOptions{})
	_, err := pgx.Connect(t.Context(), strings.Replace(s.URL, s.password, "guess", 1))
	require.ErrorContains(t, err, "password authentication failed")
}

func TestPostgresKeepsDataAndPort(t *testing.T) {
	dir := filepath.Join(passableFolder(t), "db")
	first := startPostgres(t, PostgresOptions{Dir: dir})
	run(t, first.URL, "CREATE TABLE kept AS SELECT 'here' AS word")
	require.NoError(t, first.Stop(t.Context()))

	second := startPostgres(t, PostgresOptions{Dir: dir})
	require.Equal(t, first.URL, second.URL)
	require.False(t, second.Adopted)
	require.Equal(t, "here", ask(t, connect(t, second.URL), "SELECT word FROM kept"))
}

func TestPostgresDeletesATemporaryFolder(t *testing.T) {
	requirePostgres(t)
	s, err := Postgres(t.Context(), PostgresOptions{})
	require.NoError(t, err)
	require.DirExists(t, s.folder.path)
	require.NoError(t, s.Stop(t.Context()))
	<-s.Exited()
	require.NoDirExists(t, s.folder.path)
	require.NoError(t, s.Stop(t.Context()), "stopping twice is harmless")
}

func TestPostgresTakesOverAnOrphan(t *testing.T) {
	requirePostgres(t)
	dir := passableFolder(t)
	h := startHelper(t, os.Args[0], "postgres", dir, nil)
	url := h.until(t, "ready: ")
	run(t, url, "CREATE TABLE kept AS SELECT 'here' AS word")
	before := ask(t, connect(t, url), "SELECT pg_postmaster_start_time()::text")
	h.kill()

	progress, said := told(t)
	s := startPostgres(t, PostgresOptions{Dir: dir, Progress: progress})
	require.True(t, s.Adopted)
	require.Contains(t, said(), "took over")
	require.Equal(t, url, s.URL)
	require.Equal(t, before, ask(t, connect(t, s.URL), "SELECT pg_postmaster_start_time()::text"))
	require.NoError(t, s.Stop(t.Context()))
	require.False(t, alive(s.process.pid))

	again := startPostgres(t, PostgresOptions{Dir: dir})
	require.False(t, again.Adopted)
	require.Equal(t, "here", ask(t, connect(t, again.URL), "SELECT word FROM kept"))
}

func TestPostgresStopsAnOrphanWithOtherSettings(t *testing.T) {
	requirePostgres(t)
	dir := passableFolder(t)
	h := startHelper(t, os.Args[0], "postgres", dir, nil)
	run(t, h.until(t, "ready: "), "CREATE TABLE kept AS SELECT 'here' AS word")
	h.kill()
	orphan, _ := readPidFile(filepath.Join(dir, "data", "postmaster.pid"))

	progress, said := told(t)
	s := startPostgres(t, PostgresOptions{Dir: dir, Progress: progress, Settings: map[string]string{"work_mem": "9MB"}})
	require.Contains(t, said(), "stopping a PostgreSQL left behind")
	require.False(t, s.Adopted)
	require.False(t, alive(orphan))
	require.Equal(t, "9MB", ask(t, connect(t, s.URL), "SHOW work_mem"))
	require.Equal(t, "here", ask(t, connect(t, s.URL), "SELECT word FROM kept"))
}

// Where nobody wants the data, a kill of the process leaves no server behind.
func TestEphemeralServersEndWithTheirStarter(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a child that its parent has ended")
	}
	requirePostgres(t)
	requireRedis(t)
	for _, service := range []string{"ephemeral postgres", "ephemeral redis"} {
		h := startHelper(t, os.Args[0], service, passableFolder(t), nil)
		pid, err := strconv.Atoi(h.until(t, "ready: "))
		require.NoError(t, err)
		require.True(t, alive(pid))
		h.kill()
		require.Eventually(t, func() bool { return !alive(pid) }, fastShutdown, pollEvery, service)
	}
}

func TestPostgresSurvivesItsOwnKill(t *testing.T) {
	dir := passableFolder(t)
	first := startPostgres(t, PostgresOptions{Dir: dir})
	run(t, first.URL, "CREATE TABLE kept AS SELECT 'here' AS word")
	require.NoError(t, syscall.Kill(first.process.pid, syscall.SIGKILL))
	<-first.Exited()
	require.NoError(t, first.Stop(t.Context()))

	second := startPostgres(t, PostgresOptions{Dir: dir})
	require.Equal(t, "here", ask(t, connect(t, second.URL), "SELECT word FROM kept"))
}

func TestPostgresSurvivesAKillDuringInitdb(t *testing.T) {
	requirePostgres(t)
	dir := passableFolder(t)
	h := startHelper(t, os.Args[0], "postgres", dir, nil)
	require.Contains(t, h.until(t, "progress: "), "creating")
	half := filepath.Join(dir, leftoverPrefix+"*", "data", "base")
	require.Eventually(t, func() bool {
		found, err := filepath.Glob(half)
		return err == nil && len(found) > 0
	}, postgresPatience, pollEvery, "initdb has begun")
	h.kill()
	require.NoDirExists(t, filepath.Join(dir, "data"))

	s := startPostgres(t, PostgresOptions{Dir: dir})
	require.Equal(t, "1", ask(t, connect(t, s.URL), "SELECT '1'"))
}

// A pid file may name a process that has nothing to do with PostgreSQL, after a
// reboot for one.
func TestPostgresIgnoresAReusedPid(t *testing.T) {
	dir := passableFolder(t)
	require.NoError(t, startPostgres(t, PostgresOptions{Dir: dir}).Stop(t.Context()))
	pidFile := filepath.Join(dir, "data", "postmaster.pid")
	require.NoError(t, os.WriteFile(pidFile, []byte(strconv.Itoa(os.Getpid())+"\n"+dir+"/data\n1\n1\n"), 0o644))

	s := startPostgres(t, PostgresOptions{Dir: dir})
	require.False(t, s.Adopted)
}

func TestPostgresFolderIsForOneProcess(t *testing.T) {
	dir := passableFolder(t)
	startPostgres(t, PostgresOptions{Dir: dir})
	_, err := Postgres(t.Context(), PostgresOptions{Dir: dir})
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, "process "+strconv.Itoa(os.Getpid()))
}

func TestTwoPostgresAtOnce(t *testing.T) {
	a := startPostgres(t, PostgresOptions{})
	b := startPostgres(t, PostgresOptions{})
	require.NotEqual(t, a.URL, b.URL)
	run(t, a.URL, "CREATE TABLE only_here AS SELECT 1")
	require.Equal(t, "0", ask(t, connect(t, b.URL), "SELECT count(*)::text FROM pg_tables WHERE tablename = 'only_here'"))
}

func TestPostgresNamesAnotherMajorVersion(t *testing.T) {
	dir := passableFolder(t)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "data"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o600))
	_, err := Postgres(t.Context(), PostgresOptions{Dir: dir})
	require.ErrorContains(t, err, "the data was made by PostgreSQL 9")
}

func TestPostgresTellsWhyItDoesNotStart(t *testing.T) {
	requirePostgres(t)
	_, err := Postgres(t.Context(), PostgresOptions{Settings: map[string]string{"shared_buffers": "much"}})
	require.ErrorContains(t, err, `invalid value for parameter "shared_buffers"`)
}

func TestPostgresAsRootNeedsAPassableFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root starts PostgreSQL as another user")
	}
	closed := passableFolder(t)
	require.NoError(t, os.Chmod(closed, 0o700))
	_, err := Postgres(t.Context(), PostgresOptions{Dir: filepath.Join(closed, "db")})
	require.ErrorContains(t, err, "cannot pass the folder "+closed)
	require.ErrorContains(t, err, "chmod o+x "+closed)
}

// As root the other tests run the server as another user. This one runs all of
// it as an ordinary user, and then has root take over the folder.
func TestPostgresAsAnOrdinaryUser(t *testing.T) {
	requirePostgres(t)
	credential := ordinaryUser(t)
	dir := passableFolder(t)
	require.NoError(t, os.Chown(dir, int(credential.Uid), int(credential.Gid)))
	binary := copyOfTestBinary(t)

	h := startHelper(t, binary, "postgres", dir, credential)
	url := h.until(t, "ready: ")
	run(t, url, "CREATE TABLE kept AS SELECT 'here' AS word")
	h.kill()

	again := startHelper(t, binary, "postgres", dir, credential)
	require.Contains(t, again.until(t, "progress: "), "took over")
	require.Equal(t, "here", ask(t, connect(t, again.until(t, "ready: ")), "SELECT word FROM kept"))
	again.kill()

	s := startPostgres(t, PostgresOptions{Dir: dir})
	require.True(t, s.Adopted)
	require.NoError(t, s.Stop(t.Context()))
	relaunched := startPostgres(t, PostgresOptions{Dir: dir})
	require.Equal(t, "here", ask(t, connect(t, relaunched.URL), "SELECT word FROM kept"))
}

// ordinaryUser is a user to become for a test, which only root can.
func ordinaryUser(t *testing.T) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("the other tests run as an ordinary user already")
	}
	return &syscall.Credential{Uid: 65534, Gid: 65534}
}

// copyOfTestBinary is where any user can run it: it is built into a folder that
// is closed to others.
func copyOfTestBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(passableFolder(t), "helper")
	raw, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(binary, raw, 0o755))
	return binary
}

func TestPostgresDownload(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads 10 MB; not with -short")
	}
	progress, _ := told(t)
	s, err := Postgres(t.Context(), PostgresOptions{Download: true, Progress: progress})
	if err != nil && strings.Contains(err.Error(), "unable to connect") {
		t.Skipf("the Maven repository cannot be reached: %v", err)
	}
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(fetchedMajor), strings.Split(s.Version, ".")[0])
	require.Equal(t, "1", ask(t, connect(t, s.URL), "SELECT '1'"))
	require.NoError(t, s.Stop(t.Context()))
}

func TestParsePostgresVersion(t *testing.T) {
	for said, want := range map[string]struct {
		version string
		major   int
	}{
		"postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n": {"15.20", 15},
		"postgres (PostgreSQL) 17.4\n":                           {"17.4", 17},
		"postgres (PostgreSQL) 19beta1\n":                        {"19beta1", 19},
	} {
		version, major, err := parsePostgresVersion(said)
		require.NoError(t, err)
		require.Equal(t, want.version, version)
		require.Equal(t, want.major, major)
	}
	_, _, err := parsePostgresVersion("psql: command not found")
	require.ErrorIs(t, err, errNoVersion)
}

func TestBetterPostgres(t *testing.T) {
	withExtension := postgresInstallation{version: "15.2", major: 15, timescale: true}
	newer := postgresInstallation{version: "17.10", major: 17}
	older := postgresInstallation{version: "17.9", major: 17}
	require.Negative(t, better(withExtension, newer))
	require.Positive(t, better(older, newer))
	require.Zero(t, better(newer, newer))
}

func TestSharedBuffers(t *testing.T) {
	for total, want := range map[uint64]uint64{0: 128, 512: 128, 4096: 512, 65536: 1024} {
		require.Equal(t, want*mebibyte, sharedBuffers(total*mebibyte), "%d MiB", total)
	}
}

func TestZombieIsNotAlive(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("this system has no /proc")
	}
	cmd := exec.Command("true")
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return zombie(cmd.Process.Pid) }, postgresPatience, pollEvery)
	require.False(t, alive(cmd.Process.Pid))
	require.NoError(t, cmd.Wait())
}
