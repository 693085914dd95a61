package timescale

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// SeriesRevisions are the values that were sent to the API behind a revision, in order.
func (db *DB) SeriesRevisions(ctx context.Context, after int64) ([]twin.SeriesRevision, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT revision, series, currency, hours, hour_values FROM series_revisions WHERE revision > $1 ORDER BY revision`, after)
	if err != nil {
		return nil, fmt.Errorf("series that were sent: %w", err)
	}
	revisions, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r twin.SeriesRevision, err error) {
		var hours []int32
		var values []*float64
		if err = row.Scan(&r.Number, &r.Series, &r.Currency, &hours, &values); err != nil {
			return r, err
		}
		r.Hours, r.Values = make([]meter.Hour, len(hours)), make([]float64, len(hours))
		for i, h := range hours {
			r.Hours[i], r.Values[i] = meter.Hour(h), math.NaN()
			if values[i] != nil {
				r.Values[i] = *values[i]
			}
		}
		return r, nil
	})
	if err != nil {
		return nil, fmt.Errorf("series that were sent: %w", err)
	}
	return revisions, nil
}
