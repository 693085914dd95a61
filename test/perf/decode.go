package main

import (
	"context"
	"fmt"

	"github.com/energytwin/energytwin/internal/meter"
)

// decodePass decodes messages that lie in memory, with one goroutine.
func decodePass(ctx context.Context, b *bench, f *fixture, watch func(int64)) (pass, error) {
	messages, err := b.messages(ctx, f)
	if err != nil {
		return pass{}, err
	}
	var m meter.Message
	return forAtLeast(ctx, b.o.leastPart(), watch, func() (int64, error) {
		for _, text := range messages {
			if err := meter.DecodeMessage(text, &m); err != nil {
				return 0, fmt.Errorf("%s: %w", text, err)
			}
		}
		return int64(len(messages)), nil
	})
}

// copyPass copies the same messages, one by one: no decoder can be faster than
// touching all bytes.
func copyPass(ctx context.Context, b *bench, f *fixture, watch func(int64)) (pass, error) {
	messages, err := b.messages(ctx, f)
	if err != nil {
		return pass{}, err
	}
	to := make([]byte, 1<<10)
	return forAtLeast(ctx, b.o.leastPart(), watch, func() (int64, error) {
		for _, text := range messages {
			copy(to, text)
		}
		return int64(len(messages)), nil
	})
}
