package timescale

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/energytwin/energytwin/internal/dsm"
)

// advised is the condition on a decision d that it is meant for action.
const advised = `d.provenance_no NOT IN (SELECT provenance_no FROM provenance WHERE mode = 'Shadow')`

// shadowed is the opposite of advised.
const shadowed = `d.provenance_no IN (SELECT provenance_no FROM provenance WHERE mode = 'Shadow')`

// Provenance is what a decision was made by and from.
type Provenance struct {
	Model        string `json:"model"`
	ModelVersion string `json:"modelVersion"`
	Image        string `json:"image"`
	SpecHash     string `json:"specHash"`
	DatasetSHA   string `json:"datasetSha"`
	Tariff       string `json:"tariff"`
	Origin       string `json:"origin"` // of windows and models: stream, checkpoint or database
	Mode         string `json:"mode"`   // of the policy: Advisory or Shadow; "" counts as Advisory
}

// EnsureProvenance gives the provenance its number, storing it if it is new.
func (db *Writer) EnsureProvenance(ctx context.Context, p Provenance) (int32, error) {
	if p.Mode == "" {
		p.Mode = string(dsm.ModeAdvisory)
	}
	digest, err := p.digest()
	if err != nil {
		return 0, fmt.Errorf("store the provenance: %w", err)
	}
	var no int32
	// A plain read first: decisions of one kind come day after day.
	err = db.pool.QueryRow(ctx, `
		WITH made AS (
			INSERT INTO provenance (digest, model, model_version, image, spec_hash, dataset_sha, tariff, origin, mode)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
			WHERE NOT EXISTS (SELECT FROM provenance WHERE digest = $1)
			ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest
			RETURNING provenance_no)
		SELECT provenance_no FROM made UNION ALL SELECT provenance_no FROM provenance WHERE digest = $1 LIMIT 1`,
		digest, p.Model, p.ModelVersion, p.Image, p.SpecHash, p.DatasetSHA, p.Tariff, p.Origin, p.Mode).Scan(&no)
	if err != nil {
		return 0, fmt.Errorf("store the provenance: %w", err)
	}
	return no, nil
}

func (p Provenance) digest() ([]byte, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return sum[:], nil
}

func (db *connection) provenance(ctx context.Context, no int32) (p Provenance, err error) {
	err = db.pool.QueryRow(ctx, `
		SELECT model, model_version, image, spec_hash, dataset_sha, tariff, origin, mode
		FROM provenance WHERE provenance_no = $1`, no).
		Scan(&p.Model, &p.ModelVersion, &p.Image, &p.SpecHash, &p.DatasetSHA, &p.Tariff, &p.Origin, &p.Mode)
	if err != nil {
		return p, fmt.Errorf("provenance %d: %w", no, err)
	}
	return p, nil
}
