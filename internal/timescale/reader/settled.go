package reader

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
)

// SettledOf is the outcome of a decision; false while that is not known.
func (db *DB) SettledOf(ctx context.Context, d *decisions.Row) (decisions.Settled, bool, error) {
	s := decisions.Settled{ID: d.ID, IssuedAt: d.IssuedAt}
	var kwh, kw, energy, demand, co2, without, with *float32
	err := db.Pool.QueryRow(ctx, `SELECT revision, method, kwh_shifted, kw_reduction, saving, saving_demand, co2_kg, peak_without, peak_with FROM realised
		WHERE issued_at = $1 AND decision_id = $2 ORDER BY revision DESC LIMIT 1`, d.IssuedAt.Time(), d.ID).
		Scan(&s.Corrections, &s.Method, &kwh, &kw, &energy, &demand, &co2, &without, &with)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fmt.Errorf("outcome of decision %s: %w", d.ID, err)
	}
	s.KWhShifted, s.KWReduction, s.CO2Kg = pgvalue.NumberOrNaN(kwh), pgvalue.NumberOrNaN(kw), pgvalue.NumberOrNaN(co2)
	s.SavingEnergy, s.SavingDemand = pgvalue.NumberOrNaN(energy), pgvalue.NumberOrNaN(demand)
	s.PeakWithout, s.PeakWith = pgvalue.NumberOrNaN(without), pgvalue.NumberOrNaN(with)
	return s, true, nil
}
