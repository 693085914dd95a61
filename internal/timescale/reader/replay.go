package reader

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/twin"
)

// StoredMeter is a meter and the last hour that it has a reading of.
type StoredMeter struct {
	twin.MeterRef
	Last meter.Hour
}

// ReplayMeters are all meters with readings, by number, and the span of hours that
// they have readings of, to exclusive. ErrNotFound if there is none.
func (db *DB) ReplayMeters(ctx context.Context) (meters []StoredMeter, from, to meter.Hour, err error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT m.name, g.name, m.meter_no, m.group_no, m.partition, r.last, r.first
		FROM meters m JOIN groups g USING (group_no)
		JOIN (SELECT meter_no, min(ts) AS first, max(ts) AS last FROM readings WHERE channel = 0 GROUP BY meter_no) r USING (meter_no)
		ORDER BY m.meter_no`)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("meters to replay: %w", err)
	}
	defer rows.Close()
	from = meter.NoHour
	for rows.Next() {
		var m StoredMeter
		var first, last time.Time
		if err := rows.Scan(&m.Name, &m.Group, &m.MeterNo, &m.GroupNo, &m.Partition, &last, &first); err != nil {
			return nil, 0, 0, fmt.Errorf("meters to replay: %w", err)
		}
		m.Last = meter.HourOf(last)
		if h := meter.HourOf(first); from == meter.NoHour || h < from {
			from = h
		}
		to = max(to, m.Last+1)
		meters = append(meters, m)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, 0, fmt.Errorf("meters to replay: %w", err)
	}
	if len(meters) == 0 {
		return nil, 0, 0, fmt.Errorf("meters to replay: %w", ErrNotFound)
	}
	return meters, from, to, nil
}

// ReplaySpec is a specification and where in the replay of a partition it began to
// hold: after as many of its readings, warm-up included.
type ReplaySpec struct {
	Partition  int
	Hash       string
	Document   json.RawMessage
	FromOffset int64
	After      int64
}

// ReplaySpecs are the specifications under which the readings of each partition were
// taken, by partition and in the order in which they held. Where it was not recorded
// after how many readings one began, its offset stands for that, and the warm-up
// counts as read before: rejected and repeated messages then shift it.
func (db *DB) ReplaySpecs(ctx context.Context) ([]ReplaySpec, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT s.partition, s.spec_hash, s.spec, s.from_offset, coalesce(s.stored, s.from_offset + (
			SELECT count(*) FROM readings r JOIN meters m USING (meter_no)
			WHERE m.partition = s.partition AND r.channel = 0 AND r.quality & $1 = $2))
		FROM spec_revisions s ORDER BY s.partition, s.from_offset`, int16(^twin.SuspectFlag), int16(twin.WarmUp))
	if err != nil {
		return nil, fmt.Errorf("specifications to replay: %w", err)
	}
	specs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ReplaySpec])
	if err != nil {
		return nil, fmt.Errorf("specifications to replay: %w", err)
	}
	return specs, nil
}

// errStopped ends a replay that its caller has seen enough of.
var errStopped = errors.New("stopped")

// Replay yields the readings of all meters from hour `from` to before hour `to`, by
// hour and then by meter number, as they are stored now: of a corrected hour the
// last value. It stops when yield returns false.
func (db *DB) Replay(ctx context.Context, from, to meter.Hour, yield func(meterNo int32, h meter.Hour, kwh float32) bool) error {
	for ; from < to; from += timescale.HistoryStep {
		rows, err := db.Pool.Query(ctx, `
			SELECT meter_no, ts, kwh, quality FROM readings
			WHERE channel = 0 AND ts >= $1 AND ts < $2 ORDER BY ts, meter_no`, from.Time(), min(from+timescale.HistoryStep, to).Time())
		if err == nil {
			err = timescale.YieldHistory(rows, func(no int32, h meter.Hour, kwh float32, _ twin.Quality) error {
				if !yield(no, h, kwh) {
					return errStopped
				}
				return nil
			})
		}
		if errors.Is(err, errStopped) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("replay from %s: %w", from, err)
		}
	}
	return nil
}
