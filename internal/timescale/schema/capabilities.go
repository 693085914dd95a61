// Package schema is the schema of a twin's database: the migrations, what TimescaleDB
// makes of the tables, and what a server can do.
package schema

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// License is the licence that the TimescaleDB extension runs under.
type License string

// The licences.
const (
	LicenseNone      License = "none"      // plain PostgreSQL
	LicenseApache    License = "apache"    // no compression, no continuous aggregates
	LicenseCommunity License = "community" // everything
)

// Capabilities is what the server can do.
type Capabilities struct {
	Server    string  `json:"server"`              // version of PostgreSQL, such as "15.4"
	Timescale string  `json:"timescale,omitempty"` // version of the extension; "" without it
	License   License `json:"license"`
}

// Hypertables reports whether tables of time series are hypertables.
func (c Capabilities) Hypertables() bool { return c.License == LicenseCommunity }

// String is a line for a log or a status.
func (c Capabilities) String() string {
	switch c.License {
	case LicenseCommunity:
		return fmt.Sprintf("PostgreSQL %s with TimescaleDB %s", c.Server, c.Timescale)
	case LicenseApache:
		return fmt.Sprintf("PostgreSQL %s with TimescaleDB %s under its Apache licence: plain tables", c.Server, c.Timescale)
	default:
		return fmt.Sprintf("PostgreSQL %s without TimescaleDB: plain tables", c.Server)
	}
}

// querier is what a pool and a connection have in common.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// ReadCapabilities asks the server.
func ReadCapabilities(ctx context.Context, q querier) (Capabilities, error) {
	var c Capabilities
	var license string
	err := q.QueryRow(ctx, `
		SELECT split_part(current_setting('server_version'), ' ', 1),
		       coalesce((SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'), ''),
		       coalesce(current_setting('timescaledb.license', true), '')`).
		Scan(&c.Server, &c.Timescale, &license)
	if err != nil {
		return c, fmt.Errorf("database capabilities: %w", err)
	}
	switch {
	case c.Timescale == "":
		c.License = LicenseNone
	case license == "apache":
		c.License = LicenseApache
	default:
		c.License = LicenseCommunity
	}
	return c, nil
}
