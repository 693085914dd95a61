package history

import (
	"context"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"

	"github.com/energytwin/energytwin/internal/tracing"
)

// Trace has commands shown in the traces of what asks them, by name, without keys and values.
// It is called before the store is used.
func (s *Store) Trace(t *tracing.Tracer) {
	if t.On() {
		s.redis.AddHook(spans{t})
	}
}

// spans is a hook of the client.
type spans struct{ tracer *tracing.Tracer }

// DialHook adds nothing.
func (s spans) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return next(ctx, network, address)
	}
}

// ProcessHook shows a command.
func (s spans) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		ctx, span := s.tracer.Within(ctx, "redis")
		defer span.End()
		if span.Recorded() {
			span.Rename("redis " + cmd.Name())
			span.Set(attribute.String("db.system.name", "redis"), attribute.String("db.operation.name", cmd.Name()))
		}
		err := next(ctx, cmd)
		failed(span, err)
		return err
	}
}

// ProcessPipelineHook shows commands that are sent together as one.
func (s spans) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, commands []redis.Cmder) error {
		ctx, span := s.tracer.Within(ctx, "redis pipeline")
		defer span.End()
		if span.Recorded() {
			span.Set(attribute.String("db.system.name", "redis"), attribute.Int("db.operation.batch.size", len(commands)))
		}
		err := next(ctx, commands)
		failed(span, err)
		return err
	}
}

// failed marks a span as failed, by the kind of the error: its message may quote keys.
func failed(span tracing.Span, err error) {
	var answer redis.Error
	switch {
	case err == nil || errors.Is(err, redis.Nil):
	case errors.As(err, &answer):
		span.Fail("redis")
	case errors.Is(err, context.Canceled):
		span.Fail("cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		span.Fail("timeout")
	default:
		span.Fail("connection")
	}
}
