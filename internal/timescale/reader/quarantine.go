package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/twin"
)

// QuarantineFilter picks quarantined messages, newest first. Zero fields do
// not filter.
type QuarantineFilter struct {
	Reason string
	Bytes  int // of a key and of a value that are read; 0 reads all
	After  *QuarantineCursor
	Limit  int
}

// QuarantineCursor is the place of the last message of a page.
type QuarantineCursor struct {
	KnownAt   time.Time
	Partition int
	Offset    int64
}

// QuarantinedMessage is a rejected message, and where it came from.
type QuarantinedMessage struct {
	twin.RejectedMessage
	Partition int
	KnownAt   time.Time
}

// Cursor is where the page after this message begins.
func (m *QuarantinedMessage) Cursor() QuarantineCursor {
	return QuarantineCursor{m.KnownAt, m.Partition, m.Offset}
}

// Quarantine are the messages that the filter picks.
func (db *DB) Quarantine(ctx context.Context, f QuarantineFilter) ([]QuarantinedMessage, error) {
	w := where{}
	if f.Reason != "" {
		w.add(`reason = ?`, f.Reason)
	}
	if f.After != nil {
		w.add(`(known_at, partition, stream_offset) < (?, ?, ?)`, f.After.KnownAt, f.After.Partition, f.After.Offset)
	}
	start := func(column string) string {
		if f.Bytes == 0 {
			return column
		}
		return `substring(` + column + ` FROM 1 FOR ` + w.param(f.Bytes) + `)`
	}
	rows, err := db.Pool.Query(ctx, `
		SELECT partition, stream_offset, reason, detail, `+start("key")+`, `+start("value")+`, known_at FROM quarantine`+w.sql()+`
		ORDER BY known_at DESC, partition DESC, stream_offset DESC LIMIT `+w.param(f.Limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	messages, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m QuarantinedMessage, err error) {
		err = row.Scan(&m.Partition, &m.Offset, &m.Reason, &m.Detail, &m.Key, &m.Value, &m.KnownAt)
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	return messages, nil
}

// QuarantineCounts are the numbers of quarantined messages per reason.
func (db *DB) QuarantineCounts(ctx context.Context) (map[string]int64, error) {
	rows, err := db.Pool.Query(ctx, `SELECT reason, count(*) FROM quarantine GROUP BY reason`)
	if err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	counts := map[string]int64{}
	var reason string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&reason, &n}, func() error {
		counts[reason] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	return counts, nil
}
