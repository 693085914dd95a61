package reader

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// DecisionByID is one decision and what it was made by. ErrNotFound if there
// is none.
func (db *DB) DecisionByID(ctx context.Context, id uuid.UUID) (decisions.Row, decisions.Provenance, error) {
	found, err := decisions.Query(ctx, db.Pool, decisions.Select+`WHERE d.id = $1 LIMIT 1`, id)
	found, err = db.withFeedback(ctx, found, err)
	if err != nil {
		return decisions.Row{}, decisions.Provenance{}, err
	}
	if len(found) == 0 {
		return decisions.Row{}, decisions.Provenance{}, fmt.Errorf("decision %s: %w", id, ErrNotFound)
	}
	p, err := db.provenance(ctx, found[0].Provenance)
	return found[0], p, err
}

// DecisionHistory is all decisions about the meter or group of a decision and its day,
// newest first.
func (db *DB) DecisionHistory(ctx context.Context, d *decisions.Row) ([]decisions.Row, error) {
	mode := decisions.Advised
	if d.Shadow {
		mode = decisions.Shadowed
	}
	found, err := decisions.Query(ctx, db.Pool, decisions.Select+`
		WHERE d.meter_no = $1 AND d.group_no = $2 AND d.valid_to = $3 AND d.issued_at < $3 AND d.issued_at > $3::timestamptz - interval '3 days' AND `+mode+`
		ORDER BY d.issued_at DESC, d.valid_from DESC`, d.MeterNo, d.GroupNo, d.ValidTo.Time())
	return db.withFeedback(ctx, found, err)
}

func (db *DB) provenance(ctx context.Context, no int32) (p decisions.Provenance, err error) {
	err = db.Pool.QueryRow(ctx, `
		SELECT model, model_version, image, spec_hash, dataset_sha, tariff, origin, mode, series_revision
		FROM provenance WHERE provenance_no = $1`, no).
		Scan(&p.Model, &p.ModelVersion, &p.Image, &p.SpecHash, &p.DatasetSHA, &p.Tariff, &p.Origin, &p.Mode, &p.Series)
	if err != nil {
		return p, fmt.Errorf("provenance %d: %w", no, err)
	}
	return p, nil
}
