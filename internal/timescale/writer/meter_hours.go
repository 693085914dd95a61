package writer

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

// meterHours is what some meters measured in the same hours, meter by meter.
type meterHours struct {
	from, to meter.Hour
	meters   []int32   // in order
	at       []int     // by number, from the first meter on: place in kwh of its first hour; -1 for meters of no decision
	kwh      []float32 // NaN where there is nothing
}

// newMeterHours has room for the meters of decisions.
func newMeterHours(of []decisions.Row, from, to meter.Hour) *meterHours {
	m := &meterHours{from: from, to: to, meters: make([]int32, 0, len(of))}
	for i := range of {
		m.meters = append(m.meters, of[i].MeterNo)
	}
	slices.Sort(m.meters)
	m.meters = slices.Compact(m.meters)
	m.at = make([]int, m.meters[len(m.meters)-1]-m.meters[0]+1)
	for i := range m.at {
		m.at[i] = -1
	}
	hours := int(to - from)
	for i, no := range m.meters {
		m.at[no-m.meters[0]] = hours * i
	}
	m.kwh = allNaN(hours * len(m.meters))
	return m
}

// of is what was measured in the hours of a decision.
func (m *meterHours) of(d *decisions.Row) []float32 {
	at := m.at[d.MeterNo-m.meters[0]]
	return m.kwh[at+int(d.ValidFrom-m.from) : at+int(d.ValidTo-m.from)]
}

// read reads the readings that are not suspect, one row an hour: there are 24 readings for
// each decision, and to send and to parse a row for each would cost as much as to find
// them. So would a list of meters in the condition: those that are not asked for are
// dropped here. Both lists of a row are in the same order, whichever it is.
func (m *meterHours) read(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `SELECT ts, array_agg(meter_no), array_agg(kwh) FROM readings
		WHERE ts >= $1 AND ts < $2 AND channel = 0 AND `+schema.Plausible+` AND meter_no BETWEEN $3 AND $4 GROUP BY ts`,
		pgx.QueryResultFormats{pgx.BinaryFormatCode}, m.from.Time(), m.to.Time(), m.meters[0], m.meters[len(m.meters)-1])
	if err != nil {
		return fmt.Errorf("readings of decisions: %w", err)
	}
	defer rows.Close()
	first := pgvalue.Microseconds(m.from)
	for rows.Next() {
		raw := rows.RawValues()
		hour := int((int64(binary.BigEndian.Uint64(raw[0])) - first) / pgvalue.MicrosecondsPerHour)
		numbers, kwh := raw[1][arrayHeader:], raw[2][arrayHeader:]
		for ; len(numbers) > 0; numbers, kwh = numbers[4+4:], kwh[4+4:] {
			no := int32(binary.BigEndian.Uint32(numbers[4:]))
			if at := m.at[no-m.meters[0]]; at >= 0 {
				m.kwh[at+hour] = math.Float32frombits(binary.BigEndian.Uint32(kwh[4:]))
			}
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("readings of decisions: %w", err)
	}
	return nil
}

// arrayHeader is what a list of one dimension begins with, in bytes: the number of
// dimensions, flags, the type, the length and the first index. Each element follows behind
// its length.
const arrayHeader = 5 * 4
