package writer

import (
	"context"
	"fmt"
)

// SetDatasetReport replaces the generator's report on its dataset: a JSON document,
// which this package does not look into.
func (db *DB) SetDatasetReport(ctx context.Context, report []byte) error {
	_, err := db.Pool.Exec(ctx, `
		INSERT INTO dataset_report (report) VALUES ($1::text::json)
		ON CONFLICT (one) DO UPDATE SET report = excluded.report WHERE dataset_report.report::text <> excluded.report::text`, string(report))
	if err != nil {
		return fmt.Errorf("store the report on the dataset: %w", err)
	}
	return nil
}
