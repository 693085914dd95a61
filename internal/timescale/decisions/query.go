package decisions

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// querying is what a pool and a connection have in common.
type querying interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Query are the decisions that a query finds, which begins with Select.
func Query(ctx context.Context, q querying, sql string, args ...any) ([]Row, error) {
	return QueryEach(ctx, q, func(*Row) {}, sql, args...)
}

// QueryEach is Query, and gives each decision to met as soon as it is read: the database
// looks for the next one meanwhile.
func QueryEach(ctx context.Context, q querying, met func(*Row), sql string, args ...any) ([]Row, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("decisions: %w", err)
	}
	s := newScanner()
	decisions, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Row, error) {
		d, err := s.scan(row.Scan)
		if err == nil {
			met(&d)
		}
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("decisions: %w", err)
	}
	return decisions, nil
}
