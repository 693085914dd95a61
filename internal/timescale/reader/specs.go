package reader

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// StoredSpecs are the specifications that hold in some partition, each once, the
// newest first; none while no meter is known, as nothing is stored then.
func StoredSpecs(ctx context.Context, url string) ([]json.RawMessage, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("stored specifications: %w", err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `
		SELECT spec FROM (
			SELECT DISTINCT ON (spec_hash) spec, recorded_at FROM spec_revisions
			WHERE EXISTS (SELECT FROM meters) ORDER BY spec_hash, recorded_at DESC
		) each ORDER BY recorded_at DESC`)
	if err != nil {
		return nil, fmt.Errorf("stored specifications: %w", err)
	}
	documents, err := pgx.CollectRows(rows, pgx.RowTo[json.RawMessage])
	if err != nil {
		return nil, fmt.Errorf("stored specifications: %w", err)
	}
	return documents, nil
}
