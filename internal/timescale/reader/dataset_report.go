package reader

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// DatasetReport is the generator's report on its dataset, nil if there is none.
func (db *DB) DatasetReport(ctx context.Context) ([]byte, error) {
	var report string
	err := db.Pool.QueryRow(ctx, `SELECT report::text FROM dataset_report`).Scan(&report)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the report on the dataset: %w", err)
	}
	return []byte(report), nil
}
