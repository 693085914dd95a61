package writer

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// EnsureProvenance gives the provenance its number, storing it if it is new.
func (db *DB) EnsureProvenance(ctx context.Context, p decisions.Provenance) (int32, error) {
	if p.Mode == "" {
		p.Mode = string(dsm.ModeAdvisory)
	}
	digest, err := digest(&p)
	if err != nil {
		return 0, fmt.Errorf("store the provenance: %w", err)
	}
	var no int32
	// A plain read first: decisions of one kind come day after day.
	err = db.Pool.QueryRow(ctx, `
		WITH made AS (
			INSERT INTO provenance (digest, model, model_version, image, spec_hash, dataset_sha, tariff, origin, mode, series_revision)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
			WHERE NOT EXISTS (SELECT FROM provenance WHERE digest = $1)
			ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest
			RETURNING provenance_no)
		SELECT provenance_no FROM made UNION ALL SELECT provenance_no FROM provenance WHERE digest = $1 LIMIT 1`,
		digest, p.Model, p.ModelVersion, p.Image, p.SpecHash, p.DatasetSHA, p.Tariff, p.Origin, p.Mode, p.Series).Scan(&no)
	if err != nil {
		return 0, fmt.Errorf("store the provenance: %w", err)
	}
	return no, nil
}

func digest(p *decisions.Provenance) ([]byte, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return sum[:], nil
}
