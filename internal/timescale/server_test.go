package timescale_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/internal/timescale/writer"
)

// The tests run on real servers:
//   - plain PostgreSQL at ENERGYTWIN_TEST_POSTGRES_URL, or one that is started
//     here from the installed binaries;
//   - TimescaleDB at ENERGYTWIN_TEST_TIMESCALE_URL, if it is set. A URL with
//     pool_max_conns=1 stands for a server with one connection, one database
//     and no COPY.

// server is where tests get their databases.
type server struct {
	kind  string     // plain or timescale
	admin string     // URL of a database in which others may be made
	one   *writer.DB // set for a server with a single connection and database, which all tests share
}

var servers []server // set by TestMain before any test runs

func TestMain(m *testing.M) {
	stop, err := startServers()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot start the servers for the tests:", err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

func startServers() (stop func(), err error) {
	stop = func() {}
	plain := os.Getenv("ENERGYTWIN_TEST_POSTGRES_URL")
	if plain == "" {
		if plain, stop, err = startPostgres(); err != nil {
			return stop, err
		}
	}
	if plain != "" {
		servers = append(servers, server{kind: "plain", admin: plain})
	}
	if u := os.Getenv("ENERGYTWIN_TEST_TIMESCALE_URL"); u != "" {
		cfg, err := pgxpool.ParseConfig(u)
		if err != nil {
			return stop, err
		}
		srv := server{kind: "timescale", admin: u}
		if cfg.MaxConns == 1 {
			// Its connections are one session: prepared statements would meet their
			// names again.
			srv.one, err = writer.Open(context.Background(), u+"&default_query_exec_mode=cache_describe", timescale.Options{InsertOnly: true})
			if err != nil {
				return stop, err
			}
		}
		servers = append(servers, srv)
	}
	return stop, nil
}

// startPostgres starts a server of its own in a temporary folder. The URL is
// empty if there is no PostgreSQL on this machine.
func startPostgres() (string, func(), error) {
	none := func() {}
	bin := postgresBinaries()
	if bin == "" {
		return "", none, nil
	}
	dir, err := os.MkdirTemp("", "energytwin-postgres-")
	if err != nil {
		return "", none, err
	}
	remove := func() { os.RemoveAll(dir) }
	who, err := unprivileged(dir)
	if err != nil {
		return "", remove, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, &syscall.SysProcAttr{Credential: who}
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", remove, fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return "", remove, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return "", remove, err
	}
	defer log.Close()
	postgres := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(port), "-h", "127.0.0.1", "-k", "",
		"-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB", "-c", "max_connections=100")
	// Should the tests be killed, the server ends with them.
	postgres.SysProcAttr = &syscall.SysProcAttr{Credential: who, Pdeathsig: syscall.SIGQUIT}
	postgres.Dir, postgres.Stdout, postgres.Stderr = dir, log, log
	if err := postgres.Start(); err != nil {
		return "", remove, err
	}
	stop := func() {
		postgres.Process.Signal(syscall.SIGQUIT)
		postgres.Wait()
		remove()
	}
	u := fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	if err := waitReady(u); err != nil {
		text, _ := os.ReadFile(log.Name())
		return "", stop, fmt.Errorf("%w: %s", err, text)
	}
	return u, stop, nil
}

func postgresBinaries() string {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.Sort(installed)
	slices.Reverse(installed)
	for _, dir := range append(dirs, installed...) {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir
		}
	}
	return ""
}

// unprivileged is the user that runs the server when the tests run as root,
// which PostgreSQL rejects; nil otherwise.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, uid, gid)
	}
	return nil, fmt.Errorf("running as root, and there is no user postgres or nobody to run the server")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func waitReady(u string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, u)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// store is a fresh, migrated database.
type store struct {
	*writer.DB
	questions
	url       string
	timescale bool
	one       bool
}

// questions are those of a reader, beside the writer that a test works with.
type questions struct{ *reader.DB }

// onEveryServer runs the test once on each server.
func onEveryServer(t *testing.T, test func(t *testing.T, s store)) {
	if len(servers) == 0 {
		t.Skip("no PostgreSQL here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	for _, srv := range servers {
		t.Run(srv.kind, func(t *testing.T) { test(t, srv.open(t)) })
	}
}

func (srv server) open(tb testing.TB) store {
	tb.Helper()
	ctx := tb.Context()
	opts := schema.MigrateOptions{WithoutTimescale: srv.kind == "plain"}
	if srv.one != nil {
		srv.empty(tb)
		require.NoError(tb, schema.MigrateDB(ctx, stdlib.OpenDBFromPool(srv.one.Pool), opts))
		return store{DB: srv.one, questions: questions{&reader.DB{DB: srv.one.DB}}, timescale: true, one: true}
	}
	u := srv.database(tb)
	require.NoError(tb, schema.Migrate(ctx, u, opts))
	db, err := writer.Open(ctx, u, timescale.Options{})
	require.NoError(tb, err)
	tb.Cleanup(db.Close)
	return store{DB: db, questions: questions{&reader.DB{DB: db.DB}}, url: u, timescale: srv.kind == "timescale"}
}

// database makes an empty database and gives its URL.
func (srv server) database(tb testing.TB) string {
	tb.Helper()
	ctx := tb.Context()
	cfg, err := pgxpool.ParseConfig(srv.admin)
	require.NoError(tb, err)
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	require.NoError(tb, err)
	defer conn.Close(ctx)
	name := "t" + strings.ReplaceAll(strconv.FormatInt(time.Now().UnixNano(), 36), "-", "")
	_, err = conn.Exec(ctx, `CREATE DATABASE `+name+` TEMPLATE template0`)
	require.NoError(tb, err)
	tb.Cleanup(func() { dropDatabase(tb, cfg.ConnConfig, name) })
	u, err := url.Parse(srv.admin)
	require.NoError(tb, err)
	u.Path = "/" + name
	return u.String()
}

// empty drops all tables, one by one as hypertables ask for.
func (srv server) empty(tb testing.TB) {
	tb.Helper()
	rows, err := srv.one.Pool.Query(tb.Context(), `
		SELECT CASE relkind WHEN 'r' THEN 'DROP TABLE ' ELSE 'DROP MATERIALIZED VIEW ' END || oid::regclass || ' CASCADE'
		FROM pg_class c
		WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'v')
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
		ORDER BY relkind DESC`)
	require.NoError(tb, err)
	drops, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(tb, err)
	for _, drop := range drops {
		_, err := srv.one.Pool.Exec(tb.Context(), drop)
		require.NoError(tb, err, drop)
	}
}

func dropDatabase(tb testing.TB, cfg *pgx.ConnConfig, name string) {
	ctx := context.Background() // that of the test is over by now
	conn, err := pgx.ConnectConfig(ctx, cfg)
	require.NoError(tb, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `DROP DATABASE `+name+` WITH (FORCE)`)
	require.NoError(tb, err)
}
