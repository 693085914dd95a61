package writer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
)

// ClaimSettling reports whether the caller may settle recent plans now: no other
// process has begun to within the last `every`. The hour is the newest issue time
// of which a plan is settled, NoHour if there is none.
func (db *DB) ClaimSettling(ctx context.Context, every time.Duration) (settled meter.Hour, mine bool, err error) {
	var newest *time.Time
	err = db.Pool.QueryRow(ctx, `
		UPDATE maintenance SET settling_at = now() WHERE settling_at IS NULL OR settling_at <= now() - $1::interval
		RETURNING (SELECT max(issued_at) FROM realised)`, every).Scan(&newest)
	if errors.Is(err, pgx.ErrNoRows) {
		return meter.NoHour, false, nil
	}
	if err != nil {
		return meter.NoHour, false, fmt.Errorf("claim the settling of plans: %w", err)
	}
	return pgvalue.HourOrNone(newest), true, nil
}
