package writer

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

// meterHours is what some meters measured in the same hours, meter by meter.
type meterHours struct {
	from, to meter.Hour
	meters   []int32       // in order
	at       map[int32]int // place in kwh of a meter's first hour
	kwh      []float32     // NaN where there is nothing
}

// newMeterHours has room for the meters of decisions, which are in order of meters.
func newMeterHours(of []decisions.Row, from, to meter.Hour) *meterHours {
	m := &meterHours{from: from, to: to, at: make(map[int32]int, len(of))}
	hours := int(to - from)
	for i := range of {
		no := of[i].MeterNo
		if _, there := m.at[no]; !there {
			m.at[no] = hours * len(m.meters)
			m.meters = append(m.meters, no)
		}
	}
	m.kwh = allNaN(hours * len(m.meters))
	return m
}

// of is what was measured in the hours of a decision.
func (m *meterHours) of(d *decisions.Row) []float32 {
	at := m.at[d.MeterNo]
	return m.kwh[at+int(d.ValidFrom-m.from) : at+int(d.ValidTo-m.from)]
}

// read reads the readings that are not suspect. Their bytes are taken as PostgreSQL
// sends them: there are 24 for each decision, and scanning them would be most of the work.
// So would be a list of meters in the condition: those that are not asked for are dropped
// here.
func (m *meterHours) read(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `SELECT meter_no, ts, kwh FROM readings
		WHERE ts >= $1 AND ts < $2 AND channel = 0 AND `+schema.Plausible+` AND meter_no BETWEEN $3 AND $4`,
		pgx.QueryResultFormats{pgx.BinaryFormatCode}, m.from.Time(), m.to.Time(), m.meters[0], m.meters[len(m.meters)-1])
	if err != nil {
		return fmt.Errorf("readings of decisions: %w", err)
	}
	defer rows.Close()
	first := pgvalue.Microseconds(m.from)
	for rows.Next() {
		raw := rows.RawValues()
		no := int32(binary.BigEndian.Uint32(raw[0]))
		at, asked := m.at[no]
		if !asked {
			continue
		}
		hour := (int64(binary.BigEndian.Uint64(raw[1])) - first) / pgvalue.MicrosecondsPerHour
		m.kwh[at+int(hour)] = math.Float32frombits(binary.BigEndian.Uint32(raw[2]))
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("readings of decisions: %w", err)
	}
	return nil
}
