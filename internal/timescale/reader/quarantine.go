package reader

import (
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

// queueQuarantine asks for the messages that the filter picks.
func queueQuarantine(q *pgx.Batch, f QuarantineFilter, to *[]QuarantinedMessage) {
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
	sql := `
		SELECT partition, stream_offset, reason, detail, ` + start("key") + `, ` + start("value") + `, known_at FROM quarantine` + w.sql() + `
		ORDER BY known_at DESC, partition DESC, stream_offset DESC LIMIT ` + w.param(f.Limit)
	q.Queue(sql, w.args...).Query(func(rows pgx.Rows) (err error) {
		*to, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m QuarantinedMessage, err error) {
			err = row.Scan(&m.Partition, &m.Offset, &m.Reason, &m.Detail, &m.Key, &m.Value, &m.KnownAt)
			return m, err
		})
		return err
	})
}

// queueQuarantineCounts asks for the numbers of quarantined messages per reason.
func queueQuarantineCounts(q *pgx.Batch, to map[string]int64) {
	q.Queue(`SELECT reason, count(*) FROM quarantine GROUP BY reason`).Query(func(rows pgx.Rows) error {
		var reason string
		var n int64
		_, err := pgx.ForEachRow(rows, []any{&reason, &n}, func() error {
			to[reason] = n
			return nil
		})
		return err
	})
}
