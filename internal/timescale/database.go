// Package timescale is the authoritative store of a twin: PostgreSQL, with
// TimescaleDB where the extension is there. The package itself is the connection, and
// what readers and writers both ask; below it are
//
//   - schema: the migrations, and what the server can do;
//   - writer: the store as processors and the generator have it;
//   - reader: the store as the API and replays have it;
//   - webhooks: webhooks and their messages, for the API;
//   - decisions: the table of a decision's columns, which both share;
//   - pgvalue: values as PostgreSQL takes them.
//
// The tests in this folder read with a reader what a writer wrote, on real servers.
package timescale

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/energytwin/energytwin/internal/tracing"
)

// Options of a connection. The zero value is good for a workload.
type Options struct {
	MaxConns int32  // connections in the pool; 0 leaves it to the URL (pool_max_conns) or the machine
	AppName  string // shown in pg_stat_activity; "" is "energytwin"

	// IdleInTransaction and TCPUserTimeout end the transaction of a process that
	// vanished, and free its locks; 0 is 10 s.
	IdleInTransaction time.Duration
	TCPUserTimeout    time.Duration

	// StatementTimeout bounds a single statement; 0 leaves it to the server. The
	// API sets it, a processor does not.
	StatementTimeout time.Duration

	// SlowQueries has statements logged that take long.
	SlowQueries SlowQueries

	// Tracer has statements shown in traces; nil has none.
	Tracer *tracing.Tracer

	// InsertOnly has a writer write with INSERT alone, for servers without COPY FROM
	// STDIN.
	InsertOnly bool
}

// DB is a pool of connections to the store of one twin, and the questions that
// readers and writers both ask.
type DB struct{ Pool *pgxpool.Pool }

// Connect makes the pool. It connects when first used: see Ping.
func Connect(ctx context.Context, url string, opts Options) (DB, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The error of pgx repeats the URL with its password hidden.
		return DB{}, fmt.Errorf("database URL: %w; write it as postgres://user@host:5432/name", err)
	}
	if opts.MaxConns > 0 {
		cfg.MaxConns = opts.MaxConns
	}
	if tracer := tracerOf(&opts); tracer != nil {
		cfg.ConnConfig.Tracer = tracer
	}
	settings := sessionSettings(opts)
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, settings, pgx.QueryExecModeSimpleProtocol)
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return DB{}, fmt.Errorf("database pool: %w", err)
	}
	return DB{pool}, nil
}

// OneConnection is the same store over a pool of a single connection, which opens when it
// is first used. The caller closes it.
func (db *DB) OneConnection() (*DB, error) {
	cfg := db.Pool.Config()
	cfg.MaxConns, cfg.MinConns, cfg.MinIdleConns = 1, 0, 0
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		return nil, fmt.Errorf("database pool: %w", err)
	}
	return &DB{pool}, nil
}

// sessionSettings is one simple query that prepares a connection.
func sessionSettings(o Options) string {
	name := o.AppName
	if name == "" {
		name = "energytwin"
	}
	var b strings.Builder
	set := func(key, value string) {
		fmt.Fprintf(&b, "SET %s = '%s';", key, strings.ReplaceAll(value, "'", "''"))
	}
	set("application_name", name)
	set("timezone", "UTC")
	set("synchronous_commit", "on") // an acknowledged batch must outlive a crash
	set("idle_in_transaction_session_timeout", milliseconds(o.IdleInTransaction, 10*time.Second))
	set("tcp_user_timeout", milliseconds(o.TCPUserTimeout, 10*time.Second))
	// Upserts into compressed chunks have no bound: what is to be written must be.
	// Plain PostgreSQL takes this as a setting that no one reads.
	set("timescaledb.max_tuples_decompressed_per_dml_transaction", "0")
	if o.StatementTimeout > 0 {
		set("statement_timeout", milliseconds(o.StatementTimeout, 0))
	}
	return b.String()
}

func milliseconds(d, otherwise time.Duration) string {
	if d <= 0 {
		d = otherwise
	}
	return strconv.FormatInt(d.Milliseconds(), 10)
}

// Close ends all connections.
func (db *DB) Close() { db.Pool.Close() }

// Ping reports whether the store answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.Pool.Ping(ctx); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}
