package timescale

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// SetDatasetReport replaces the generator's report on its dataset: a JSON document,
// which this package does not look into.
func (db *Writer) SetDatasetReport(ctx context.Context, report []byte) error {
	_, err := db.pool.Exec(ctx, `
		INSERT INTO dataset_report (report) VALUES ($1::text::json)
		ON CONFLICT (one) DO UPDATE SET report = excluded.report WHERE dataset_report.report::text <> excluded.report::text`, string(report))
	if err != nil {
		return fmt.Errorf("store the report on the dataset: %w", err)
	}
	return nil
}

// DatasetReport is the generator's report on its dataset, nil if there is none.
func (db *Reader) DatasetReport(ctx context.Context) ([]byte, error) {
	var report string
	err := db.pool.QueryRow(ctx, `SELECT report::text FROM dataset_report`).Scan(&report)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the report on the dataset: %w", err)
	}
	return []byte(report), nil
}
