package schema

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the key of the advisory lock under which the schema changes.
const migrationLock = 0x656e_7477_6d69_6772 // "entwmigr"

// MigrateOptions say how Migrate goes about it.
type MigrateOptions struct {
	// WithoutTimescale keeps plain tables even where the extension could be used.
	WithoutTimescale bool
	Log              *slog.Logger // nil is silent
}

// Migrate brings the schema up to date, and makes hypertables and continuous
// aggregates of it where TimescaleDB is installed or can be. Processes that
// call it at the same time wait for each other. Calling it again is harmless,
// and takes up an extension that was added since.
func Migrate(ctx context.Context, url string, opts MigrateOptions) error {
	cfg, err := pgxpool.ParseConfig(url) // not pgx.ParseConfig: a URL may hold settings of the pool
	if err != nil {
		return fmt.Errorf("database URL: %w; write it as postgres://user@host:5432/name", err)
	}
	db := stdlib.OpenDB(*cfg.ConnConfig)
	defer db.Close()
	return MigrateDB(ctx, db, opts)
}

// MigrateDB is Migrate on a connection pool, which it leaves with one connection.
func MigrateDB(ctx context.Context, db *sql.DB, opts MigrateOptions) error {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	db.SetMaxOpenConns(1) // the lock and what it guards share the connection
	if err := migrateTables(ctx, db, opts.Log); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	if err := onConn(ctx, db, grantReader); err != nil {
		return fmt.Errorf("grant the role %s its rights: %w", readerRole, err)
	}
	if opts.WithoutTimescale {
		opts.Log.Info("database is ready", "kind", "plain tables, as asked for")
		return nil
	}
	if err := onConn(ctx, db, createExtension); err != nil {
		opts.Log.Info("TimescaleDB cannot be used, plain tables serve instead", "reason", err)
	}
	var c Capabilities
	err := onConn(ctx, db, func(ctx context.Context, conn *pgx.Conn) (err error) {
		c, err = useExtension(ctx, conn)
		return err
	})
	if err != nil {
		return fmt.Errorf("migrate the database to TimescaleDB: %w", err)
	}
	opts.Log.Info("database is ready", "kind", c.String())
	return nil
}

// onConn lends the connection of db, as pgx has it.
func onConn(ctx context.Context, db *sql.DB, use func(context.Context, *pgx.Conn) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(driver any) error { return use(ctx, driver.(*stdlib.Conn).Conn()) })
}

func migrateTables(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	provider, err := NewProvider(db)
	if err != nil {
		return err
	}
	results, err := provider.Up(ctx)
	for _, r := range results {
		log.Info("migrated", "file", r.Source.Path, "took", r.Duration)
	}
	return err
}

// NewProvider has the migrations as a runner takes them: it goes to any version, up or
// down.
func NewProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	// Tries once a second for 5 minutes: a big migration may run elsewhere.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLock), lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
}
