package timescale

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/attribute"

	"github.com/energytwin/energytwin/internal/tracing"
)

// spans has statements shown in the trace of what asks them. A span names the function that
// asks and the operation of SQL; texts of statements are in the log of slow queries, and
// values of placeholders nowhere.
type spans struct{ tracer *tracing.Tracer }

// tracerOf is what pgx calls by the options; nil for nothing.
func tracerOf(o *Options) pgx.QueryTracer {
	var all []pgx.QueryTracer
	if o.SlowQueries.After > 0 {
		all = append(all, &o.SlowQueries)
	}
	if o.Tracer.On() {
		all = append(all, &spans{o.Tracer})
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return multitracer.New(all...)
}

// worthASpan is from when waiting for a connection is shown.
const worthASpan = time.Millisecond

// begin begins the span of an operation, if ctx is in one.
func (s *spans) begin(ctx context.Context, operation string) (context.Context, tracing.Span) {
	ctx, span := s.tracer.Within(ctx, operation)
	if span.Recorded() {
		function := caller()
		if function != "" {
			span.Rename(function)
		}
		span.Set(attribute.String("db.system.name", "postgresql"), attribute.String("db.operation.name", operation), attribute.String("code.function.name", function))
	}
	return ctx, span
}

func end(ctx context.Context, err error, attributes ...attribute.KeyValue) {
	span := tracing.Current(ctx) // where begin began none, nothing is recorded
	span.Set(attributes...)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		span.Fail(errorType(err))
	}
	span.End()
}

// TraceQueryStart is called by pgx before a statement.
func (s *spans) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !tracing.Current(ctx).Recorded() {
		return ctx
	}
	ctx, _ = s.begin(ctx, operationOf(data.SQL))
	return ctx
}

// TraceQueryEnd is called by pgx when the rows of a statement have been read.
func (s *spans) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	end(ctx, data.Err, rows(data.CommandTag))
}

// TraceBatchStart is called by pgx before statements that are sent together.
func (s *spans) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	ctx, span := s.begin(ctx, "BATCH")
	span.Set(attribute.Int("db.operation.batch.size", data.Batch.Len()))
	return ctx
}

// TraceBatchQuery is called by pgx for each of them.
func (s *spans) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd is called by pgx when the rows of all of them have been read.
func (s *spans) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	end(ctx, data.Err)
}

// TraceCopyFromStart is called by pgx before rows are copied into a table.
func (s *spans) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	ctx, span := s.begin(ctx, "COPY")
	if span.Recorded() {
		table := strings.Join(data.TableName, ".")
		span.Rename("COPY " + table)
		span.Set(attribute.String("db.collection.name", table))
	}
	return ctx
}

// TraceCopyFromEnd is called by pgx when the rows have been copied.
func (s *spans) TraceCopyFromEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromEndData) {
	end(ctx, data.Err, rows(data.CommandTag))
}

type acquireKey struct{}

// TraceAcquireStart is called by the pool before it gives a connection.
func (s *spans) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	if !tracing.Current(ctx).Recorded() {
		return ctx
	}
	return context.WithValue(ctx, acquireKey{}, time.Now())
}

// TraceAcquireEnd is called by the pool when it gives a connection.
func (s *spans) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	if begun, ok := ctx.Value(acquireKey{}).(time.Time); ok && time.Since(begun) >= worthASpan {
		s.tracer.Between(ctx, "wait for a connection", begun, time.Now())
	}
}

func rows(tag pgconn.CommandTag) attribute.KeyValue {
	return attribute.Int64("db.response.returned_rows", tag.RowsAffected())
}

// operationOf is the first word of a statement.
func operationOf(sql string) string {
	word := strings.TrimLeft(sql, " \t\n(")
	if at := strings.IndexAny(word, " \t\n"); at >= 0 {
		word = word[:at]
	}
	for _, r := range word {
		if r < 'A' || r > 'Z' && r < 'a' || r > 'z' {
			return "statement"
		}
	}
	if word == "" || len(word) > 16 {
		return "statement"
	}
	return strings.ToUpper(word)
}

// ours is what the functions of the store have in their names.
const ours = "/internal/timescale"

// caller is the function of the store that asks, such as reader.MeterLoad; "" if there is
// none.
func caller() string {
	var frames [32]uintptr
	walk := runtime.CallersFrames(frames[:runtime.Callers(3, frames[:])])
	for {
		frame, more := walk.Next()
		if _, after, found := strings.Cut(frame.Function, ours); found && !strings.HasPrefix(after, ".(*spans)") {
			return plainFunction(after)
		}
		if !more {
			return ""
		}
	}
}

// plainFunction turns the end of a function's name, /reader.(*DB).MeterLoad.func1, into
// reader.MeterLoad.
func plainFunction(name string) string {
	name, _, _ = strings.Cut(name, ".func")
	pkg, function, _ := strings.Cut(strings.TrimPrefix(name, "/"), ".")
	if _, method, is := strings.Cut(function, ")."); is {
		function = method
	}
	if pkg == "" {
		pkg = "timescale"
	}
	return pkg + "." + strings.TrimSuffix(function, "[...]")
}

// errorType is an error without its message, as OpenTelemetry has it.
func errorType(err error) string {
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg):
		return pg.Code
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	return "connection"
}
