package embedded

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// postgresRole is the superuser, and postgresDatabase the database, that
	// URL leads to.
	postgresRole     = "energytwin"
	postgresDatabase = "energytwin"

	// postgresPatience bounds a start, recovery after a crash included.
	postgresPatience = 5 * time.Minute
	// fastShutdown bounds the wait for a shutdown that writes everything out,
	// immediateShutdown that for one that leaves it to the next start.
	fastShutdown      = time.Minute
	immediateShutdown = 10 * time.Second
)

// PostgresOptions say how to run PostgreSQL.
type PostgresOptions struct {
	// Dir keeps the data; "" is a temporary folder, deleted by Stop.
	Dir string
	// Progress receives what happens; it may be nil.
	Progress Progress
	// Settings are server settings by name, over those chosen here.
	Settings map[string]string
	// Ephemeral ends the server when this process ends without stopping it, so
	// that nothing is left behind. It holds for a temporary folder anyway, and
	// on Linux only.
	Ephemeral bool
	// Download ignores what is installed and uses downloaded programs.
	Download bool
}

// PostgresServer is a running PostgreSQL server.
type PostgresServer struct {
	// URL leads a superuser to the server's own database, password included.
	URL string
	// Version is the server's, such as 17.4.
	Version string
	// TimescaleDB reports whether the extension is loaded and can be created.
	TimescaleDB bool
	// Adopted reports whether a killed process had left the server running.
	Adopted bool

	folder   *folder
	runAs    account
	options  PostgresOptions
	password string
	process  *server
}

// Postgres starts PostgreSQL with programs found on this machine, or downloaded
// ones where there are none, and returns when it takes queries. As root it runs
// the server as the user postgres or nobody. A server left behind on the folder
// by a killed process is taken over, or stopped if its settings differ. The
// context bounds the start alone; Stop ends the server.
func Postgres(ctx context.Context, options PostgresOptions) (*PostgresServer, error) {
	folder, err := openFolder(options.Dir, "postgres")
	if err != nil {
		return nil, err
	}
	s := &PostgresServer{folder: folder, options: options}
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting PostgreSQL in %s: %w", folder.path, err), s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// Stop shuts the server down, waits for its end, and gives up the folder. Open
// transactions are rolled back; committed ones are safe. Stopping twice is
// harmless.
func (s *PostgresServer) Stop(ctx context.Context) error {
	if s.process != nil {
		if err := stopPostgres(ctx, s.process); err != nil {
			return fmt.Errorf("stopping PostgreSQL in %s: %w", s.folder.path, err)
		}
	}
	return s.folder.close()
}

// Exited is closed when the server has ended, be it by Stop or by itself.
func (s *PostgresServer) Exited() <-chan struct{} { return s.process.done }

// LogFile is the path of the server's log.
func (s *PostgresServer) LogFile() string { return s.folder.file("postgres.log") }

func stopPostgres(ctx context.Context, process *server) error {
	if err := process.stop(ctx, fastShutdown, syscall.SIGINT); err == nil || ctx.Err() != nil {
		return err
	}
	return process.stop(ctx, immediateShutdown, syscall.SIGQUIT)
}

func (s *PostgresServer) start(ctx context.Context) error {
	runAs, err := serverAccount(s.dataFolder())
	if err != nil {
		return err
	}
	s.runAs = runAs
	if err := s.runAs.reaches(s.folder.path); err != nil {
		return err
	}
	if s.password, err = s.folder.password(); err != nil {
		return err
	}
	programs, err := s.programs(ctx)
	if err != nil {
		return err
	}
	s.Version, s.TimescaleDB = programs.version, programs.timescale
	adopted, err := s.takeOver(ctx)
	if err != nil {
		return err
	}
	if !adopted {
		if err := s.initialise(ctx, programs); err != nil {
			return err
		}
		if err := s.launch(ctx, programs); err != nil {
			return err
		}
	}
	return s.makeDatabase(ctx)
}

// programs picks the PostgreSQL installation for the folder.
func (s *PostgresServer) programs(ctx context.Context) (postgresInstallation, error) {
	major, err := s.dataMajor()
	if err != nil {
		return postgresInstallation{}, err
	}
	if s.options.Download {
		if major == 0 {
			major = fetchedMajor
		}
		return fetchPostgres(ctx, s.runAs, major, s.options.Progress)
	}
	return choosePostgres(ctx, s.runAs, major, s.options.Progress)
}

// launch starts the server, on another port if its own was taken between the
// moment we found it free and the moment the server asked for it.
func (s *PostgresServer) launch(ctx context.Context, programs postgresInstallation) error {
	for attempt := 1; ; attempt++ {
		port, err := s.folder.port()
		if err != nil {
			return err
		}
		err = s.launchOn(ctx, programs, port)
		if err == nil {
			s.options.Progress.say(fmt.Sprintf("PostgreSQL %s serves on %s%s", s.Version, loopback(port), s.extensionNote()))
			return nil
		}
		_, taken := freePort(port)
		if !s.process.hasEnded() || taken == nil || attempt == 3 {
			return fmt.Errorf("%w; its log ends with:\n%s", err, lastLines(s.LogFile(), 10))
		}
	}
}

func (s *PostgresServer) extensionNote() string {
	if s.TimescaleDB {
		return ", with TimescaleDB"
	}
	return ", without TimescaleDB: plain tables are used"
}

func (s *PostgresServer) launchOn(ctx context.Context, programs postgresInstallation, port int) error {
	cmd := exec.Command(filepath.Join(programs.bin, "postgres"), s.arguments(port)...) // outlives ctx
	s.runAs.apply(cmd)
	var ends syscall.Signal
	if s.options.Ephemeral || s.folder.temporary {
		ends = syscall.SIGQUIT // immediate: nobody will want the data
	}
	process, err := startServer(cmd, s.LogFile(), ends)
	if err != nil {
		return err
	}
	s.process = process
	s.URL = s.urlOf(port, postgresDatabase)
	return process.ready(ctx, func(ctx context.Context) error { return s.answers(ctx, port) })
}

func (s *PostgresServer) urlOf(port int, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(postgresRole, s.password),
		Host:     loopback(port),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}
