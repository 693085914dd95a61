package schema

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
)

// ErrSchema means that the database lacks migrations that this binary needs.
var ErrSchema = errors.New("the schema of the database is older than this version needs; run `energytwin prepare`")

func newestMigration() (int64, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("no migrations in this binary: %w", err)
	}
	newest := int64(0)
	for _, f := range files {
		v, err := goose.NumericComponent(f)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", f, err)
		}
		newest = max(newest, v)
	}
	return newest, nil
}

// Current reports whether all migrations of this binary have been applied.
func Current(ctx context.Context, q querier) error {
	want, err := newestMigration()
	if err != nil {
		return err
	}
	var have int64
	err = q.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&have)
	var missing *pgconn.PgError
	if errors.As(err, &missing) && missing.Code == "42P01" { // the table itself is not there yet
		return fmt.Errorf("%w (it has none)", ErrSchema)
	}
	if err != nil {
		return fmt.Errorf("schema version: %w", err)
	}
	if have < want {
		return fmt.Errorf("%w (it has %d of %d)", ErrSchema, have, want)
	}
	return nil
}
