package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// dataFolder is PostgreSQL's own folder, owned by the user that it runs as.
func (s *PostgresServer) dataFolder() string { return s.folder.file("data") }

// dataMajor is the major version that made the data; 0 if there is none.
func (s *PostgresServer) dataMajor() (int, error) {
	raw, err := os.ReadFile(filepath.Join(s.dataFolder(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0, fmt.Errorf("%s/PG_VERSION holds %q, which is no version", s.dataFolder(), raw)
	}
	return major, nil
}

// initialise makes the data folder if there is none. initdb works in a folder
// beside it, which is renamed when complete: a kill half-way leaves no data
// folder, and the next start recreates it.
func (s *PostgresServer) initialise(ctx context.Context, programs postgresInstallation) error {
	s.dropLeftovers()
	made, err := exists(s.dataFolder())
	if made || err != nil {
		return err
	}
	s.options.Progress.say(fmt.Sprintf("creating a PostgreSQL %s database in %s", programs.version, s.folder.path))
	work, err := os.MkdirTemp(s.folder.path, leftoverPrefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	data, err := s.initdb(ctx, programs, work)
	if err != nil {
		return err
	}
	if err := os.Rename(data, s.dataFolder()); err != nil {
		return err
	}
	return syncFolder(s.folder.path)
}

const leftoverPrefix = "initdb-"

// dropLeftovers removes what a killed start left. Its initdb may still be
// running and add files meanwhile; then the start after this one removes it.
func (s *PostgresServer) dropLeftovers() {
	leftovers, _ := filepath.Glob(s.folder.file(leftoverPrefix + "*")) // the pattern is well-formed
	for _, leftover := range leftovers {
		_ = os.RemoveAll(leftover)
	}
}

// initdb makes a data folder in work and returns its path. Sorting is by code
// point (locale C), as it is then the same on every machine.
func (s *PostgresServer) initdb(ctx context.Context, programs postgresInstallation, work string) (string, error) {
	password := filepath.Join(work, passwordFile)
	if err := os.WriteFile(password, []byte(s.password+"\n"), 0o600); err != nil {
		return "", err
	}
	if err := s.runAs.give(work); err != nil {
		return "", err
	}
	data := filepath.Join(work, "data")
	cmd := exec.CommandContext(ctx, filepath.Join(programs.bin, "initdb"),
		"--pgdata="+data, "--username="+postgresRole, "--pwfile="+password,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C")
	s.runAs.apply(cmd)
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("running %s: %w: %s", cmd.Path, err, strings.TrimSpace(string(output)))
	}
	return data, nil
}

// syncFolder makes the names in a folder survive a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// answers asks the server on a port whether it takes queries and serves our
// data folder.
func (s *PostgresServer) answers(ctx context.Context, port int) error {
	connection, err := pgx.Connect(ctx, s.urlOf(port, "postgres"))
	if err != nil {
		return err
	}
	defer connection.Close(ctx)
	var serves string
	if err := connection.QueryRow(ctx, "SHOW data_directory").Scan(&serves); err != nil {
		return err
	}
	if serves != s.dataFolder() {
		return fmt.Errorf("the server on port %d serves the folder %s", port, serves)
	}
	return nil
}

// makeDatabase makes the twin's database if it is not there yet.
func (s *PostgresServer) makeDatabase(ctx context.Context) error {
	config, err := pgx.ParseConfig(s.URL)
	if err != nil {
		return err
	}
	config.Database = "postgres"
	connection, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer connection.Close(ctx)
	var made bool
	err = connection.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", postgresDatabase).Scan(&made)
	if err != nil || made {
		return err
	}
	_, err = connection.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{postgresDatabase}.Sanitize())
	return err
}
