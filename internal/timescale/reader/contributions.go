package reader

import (
	"context"
	"fmt"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// Contributions are what the meters of a group, and of the groups below it, move for its limit by the decisions that
// were made with d, which is about the group. A meter behind several
// limits contributes to the one that asks most of it. At most `top` meters are named.
func (db *DB) Contributions(ctx context.Context, d *decisions.Row, top int) (c dsm.Contributions, err error) {
	mode := decisions.Advised
	if d.Shadow {
		mode = decisions.Shadowed
	}
	within, err := db.within(ctx, &d.GroupNo)
	if err != nil {
		return c, err
	}
	rows, err := db.Pool.Query(ctx, fmt.Sprintf(`
		SELECT name, kwh, count(*) OVER (), sum(kwh) OVER ()
		FROM (SELECT m.name, d.amounts[array_position(d.factors, %d::smallint)] AS kwh
			FROM decisions d JOIN meters m ON m.meter_no = d.meter_no JOIN groups g ON g.group_no = d.group_no
			WHERE d.group_no = ANY ($1) AND coalesce(d.limit_group, g.name) = $5 AND d.issued_at = $2 AND d.valid_from = $3 AND `+mode+`) held
		WHERE kwh > 0
		ORDER BY kwh DESC, name LIMIT $4`, dsm.FactorHeld), within, d.IssuedAt.Time(), d.ValidFrom.Time(), top, d.Group)
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
