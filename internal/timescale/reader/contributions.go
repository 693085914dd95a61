package reader

import (
	"context"
	"fmt"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// Contributions are what the meters of a group move for its limit by the decisions that
// were made with d, which is about the group. At most `top` meters are named.
func (db *DB) Contributions(ctx context.Context, d *decisions.Row, top int) (c dsm.Contributions, err error) {
	mode := decisions.Advised
	if d.Shadow {
		mode = decisions.Shadowed
	}
	rows, err := db.Pool.Query(ctx, fmt.Sprintf(`
		SELECT name, kwh, count(*) OVER (), sum(kwh) OVER ()
		FROM (SELECT m.name, d.amounts[array_position(d.factors, %d::smallint)] AS kwh
			FROM decisions d JOIN meters m ON m.meter_no = d.meter_no
			WHERE d.group_no = $1 AND d.issued_at = $2 AND d.valid_from = $3 AND `+mode+`) held
		WHERE kwh > 0
		ORDER BY kwh DESC, name LIMIT $4`, dsm.FactorHeld), d.GroupNo, d.IssuedAt.Time(), d.ValidFrom.Time(), top)
	if err != nil {
		return c, fmt.Errorf("contributions to decision %s: %w", d.ID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var m dsm.Contribution
		if err := rows.Scan(&m.Meter, &m.KWh, &c.Meters, &c.KWh); err != nil {
			return c, fmt.Errorf("contributions to decision %s: %w", d.ID, err)
		}
		c.Top = append(c.Top, m)
	}
	if err := rows.Err(); err != nil {
		return c, fmt.Errorf("contributions to decision %s: %w", d.ID, err)
	}
	return c, nil
}
