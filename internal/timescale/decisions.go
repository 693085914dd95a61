package timescale

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
)

// ErrNotFound means that there is no such thing in the store.
var ErrNotFound = errors.New("not found")

// DecisionsIssued are the decisions for action of a partition that were issued at
// hour h, by meter number, those about groups first.
func (db *Writer) DecisionsIssued(ctx context.Context, partition int, h meter.Hour) ([]Decision, error) {
	return db.queryDecisions(ctx, decisionSelect+`
		WHERE d.issued_at = $1 AND d.partition = $2 AND `+advised+` ORDER BY d.meter_no, d.group_no`, h.Time(), partition)
}

// DecisionByID is one decision and what it was made by. ErrNotFound if there
// is none.
func (db *Reader) DecisionByID(ctx context.Context, id uuid.UUID) (Decision, Provenance, error) {
	found, err := db.queryDecisions(ctx, decisionSelect+`WHERE d.id = $1 LIMIT 1`, id)
	if err != nil {
		return Decision{}, Provenance{}, err
	}
	if len(found) == 0 {
		return Decision{}, Provenance{}, fmt.Errorf("decision %s: %w", id, ErrNotFound)
	}
	p, err := db.provenance(ctx, found[0].Provenance)
	return found[0], p, err
}

func (db *connection) queryDecisions(ctx context.Context, sql string, args ...any) ([]Decision, error) {
	rows, err := db.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("decisions: %w", err)
	}
	decisions, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Decision, error) { return scanDecision(row.Scan) })
	if err != nil {
		return nil, fmt.Errorf("decisions: %w", err)
	}
	return decisions, nil
}
