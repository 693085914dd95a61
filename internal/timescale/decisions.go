package timescale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
)

// ErrNotFound means that there is no such thing in the store.
var ErrNotFound = errors.New("not found")

// decisionSelect goes with scanDecision.
const decisionSelect = `SELECT d.id, d.issued_at, d.valid_from, d.valid_to, d.actionable_from, d.last_reading,
	d.meter_no, d.group_no, d.provenance_no,
	d.kwh_shifted, d.kw_reduction, d.peak_before, d.peak_after, d.par_before, d.par_after, d.cap_kw, d.price_threshold,
	d.saving_p10, d.saving_p50, d.saving_p90, d.co2_kg, d.confidence, d.missing_share,
	d.action, d.reason, d.stale, d.plan, d.factors, d.alternatives, d.binding, d.parts,
	coalesce(m.name, ''), coalesce(g.name, ''), ` + shadowed + `
	FROM decisions d
	LEFT JOIN meters m ON m.meter_no = d.meter_no
	LEFT JOIN groups g ON g.group_no = d.group_no `

// DecisionsIssued are the decisions for action of a partition that were issued at
// hour h, by meter number, those about groups first.
func (db *DB) DecisionsIssued(ctx context.Context, partition int, h meter.Hour) ([]Decision, error) {
	return db.queryDecisions(ctx, decisionSelect+`
		WHERE d.issued_at = $1 AND d.partition = $2 AND `+advised+` ORDER BY d.meter_no, d.group_no`, h.Time(), partition)
}

// DecisionByID is one decision and what it was made by. ErrNotFound if there
// is none.
func (db *DB) DecisionByID(ctx context.Context, id uuid.UUID) (Decision, Provenance, error) {
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

func (db *DB) queryDecisions(ctx context.Context, sql string, args ...any) ([]Decision, error) {
	rows, err := db.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("decisions: %w", err)
	}
	decisions, err := pgx.CollectRows(rows, scanDecision)
	if err != nil {
		return nil, fmt.Errorf("decisions: %w", err)
	}
	return decisions, nil
}

func scanDecision(row pgx.CollectableRow) (d Decision, err error) {
	var issued, from, to, actionable time.Time
	var last *time.Time
	var action, reason int16
	var peakBefore, peakAfter, parBefore, parAfter, limit, price, carbon *float32
	var factors, alternatives, parts []float32
	var binding []int16
	err = row.Scan(&d.ID, &issued, &from, &to, &actionable, &last,
		&d.MeterNo, &d.GroupNo, &d.Provenance,
		&d.KWhShifted, &d.KWReduction, &peakBefore, &peakAfter, &parBefore, &parAfter, &limit, &price,
		&d.SavingP10, &d.SavingP50, &d.SavingP90, &carbon, &d.Confidence, &d.MissingShare,
		&action, &reason, &d.Stale, &d.Plan, &factors, &alternatives, &binding, &parts, &d.Meter, &d.Group, &d.Shadow)
	if err != nil {
		return d, err
	}
	d.IssuedAt, d.ValidFrom, d.ValidTo = meter.HourOf(issued), meter.HourOf(from), meter.HourOf(to)
	d.ActionableFrom, d.LastReading = meter.HourOf(actionable), hourOrNone(last)
	d.Action, d.Reason = dsm.Action(action), dsm.Reason(reason)
	d.PeakBefore, d.PeakAfter, d.CO2Kg = numberOrNaN(peakBefore), numberOrNaN(peakAfter), numberOrNaN(carbon)
	d.PARBefore, d.PARAfter = numberOrNaN(parBefore), numberOrNaN(parAfter)
	d.CapKW, d.PriceThresh = numberOrNaN(limit), numberOrNaN(price)
	unpackDecision(&d.Decision, factors, alternatives, binding)
	d.Parts = unpackParts(parts)
	return d, nil
}

// unpackDecision is the reverse of how the lists of a decision are stored.
func unpackDecision(d *dsm.Decision, factors, alternatives []float32, binding []int16) {
	for i := 0; i+1 < len(factors); i += 2 {
		d.Factors = append(d.Factors, dsm.WeightedFactor{Factor: dsm.Factor(factors[i]), Weight: factors[i+1]})
	}
	for i := 0; i+2 < len(alternatives); i += 3 {
		d.Alternatives = append(d.Alternatives, dsm.Alternative{
			Action: dsm.Action(alternatives[i]), Reason: dsm.Reason(alternatives[i+1]), Saving: alternatives[i+2],
		})
	}
	for _, c := range binding {
		d.Binding = append(d.Binding, dsm.Constraint(c))
	}
}
