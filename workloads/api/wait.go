package api

import (
	"context"
	"time"

	"github.com/energytwin/energytwin/workloads/api/gate"
)

// askedEvery is how often it is looked whether what a request waits for has come.
const askedEvery = 200 * time.Millisecond

// wait looks until done, or for so many seconds: once for 0, and where too many requests
// wait already. It ends with the first error.
func (s *server) wait(ctx context.Context, seconds int, look func() (done bool, err error)) error {
	deadline := time.Now().Add(time.Duration(seconds) * time.Second)
	if seconds > 0 {
		if pass, ok := ctx.Value(passKey{}).(*gate.Pass); ok {
			pass.Leave()
		}
		select {
		case s.ingest.waiting <- struct{}{}:
			defer func() { <-s.ingest.waiting }()
		default:
			seconds = 0
		}
	}
	for {
		if done, err := look(); done || err != nil || seconds == 0 || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(askedEvery):
		}
	}
}
