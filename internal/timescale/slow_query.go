package timescale

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SlowQueries has statements logged that take long. The values of their placeholders are not:
// they may be anybody's data. The zero value logs none.
type SlowQueries struct {
	After time.Duration // from when a statement is slow; 0: none is
	Log   *slog.Logger  // nil: the default logger
	// Asked are attributes of who asked, such as the id of a request; it may be nil.
	Asked func(ctx context.Context) []slog.Attr
}

// longestSQL bounds the text of a statement in the log, in bytes.
const longestSQL = 4096

type queryKey struct{}

// query is a statement under way.
type query struct {
	sql   string
	begun time.Time
}

// TraceQueryStart is called by pgx before a statement.
func (s *SlowQueries) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, queryKey{}, query{sql: data.SQL, begun: time.Now()})
}

// TraceQueryEnd is called by pgx when the rows of a statement have been read.
func (s *SlowQueries) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	q, ok := ctx.Value(queryKey{}).(query)
	if !ok {
		return
	}
	s.ended(ctx, q, data.CommandTag, data.Err)
}

// TraceBatchStart is called by pgx before statements that are sent together.
func (s *SlowQueries) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return context.WithValue(ctx, queryKey{}, &query{begun: time.Now()})
}

// TraceBatchQuery is called by pgx when the rows of one of them have been read: it took the
// time since the one before.
func (s *SlowQueries) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	q, ok := ctx.Value(queryKey{}).(*query)
	if !ok {
		return
	}
	q.sql = data.SQL
	s.ended(ctx, *q, data.CommandTag, data.Err)
	q.begun = time.Now()
}

// TraceBatchEnd is called by pgx after the last of them.
func (s *SlowQueries) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// ended has a statement logged if it was slow.
func (s *SlowQueries) ended(ctx context.Context, q query, done pgconn.CommandTag, err error) {
	took := time.Since(q.begun)
	if took < s.After {
		return
	}
	attrs := []slog.Attr{
		slog.Duration("took", took.Round(time.Millisecond)),
		slog.Int64("rows", done.RowsAffected()),
		slog.String("sql", oneLine(q.sql)),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", kindOf(err)))
	}
	if s.Asked != nil {
		attrs = append(attrs, s.Asked(ctx)...)
	}
	log := s.Log
	if log == nil {
		log = slog.Default()
	}
	log.LogAttrs(context.WithoutCancel(ctx), slog.LevelWarn, "slow query", attrs...)
}

// oneLine is a statement without its indentation.
func oneLine(sql string) string {
	sql = strings.Join(strings.Fields(sql), " ")
	if len(sql) > longestSQL {
		sql = strings.ToValidUTF8(sql[:longestSQL], "") + " …"
	}
	return sql
}

// kindOf is an error without its message, which may quote values.
func kindOf(err error) string {
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg):
		return "SQLSTATE " + pg.Code
	case errors.Is(err, context.DeadlineExceeded):
		return "the time was over"
	case errors.Is(err, context.Canceled):
		return "nobody waited any more"
	}
	return "the connection failed"
}
