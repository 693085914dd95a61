package api

import (
	"context"
	"fmt"

	"github.com/energytwin/energytwin/internal/statusport"
)

// serveStatus serves metrics and probes until ctx ends. Should it fail, end
// stops the API too: a workload that cannot be watched must not run on.
func (s *server) serveStatus(ctx context.Context, end context.CancelFunc) error {
	if s.twin.API.StatusListen == "" {
		return nil
	}
	defer end()
	var checks []statusport.Check
	for _, c := range s.checks() {
		checks = append(checks, statusport.Check{Name: c.name, Run: c.run})
	}
	err := statusport.Serve(ctx, s.twin.API.StatusListen, statusport.Options{Gatherer: s.registry, Ready: checks})
	if err != nil {
		return fmt.Errorf("api: %w; set api.statusListen to a free address", err)
	}
	return nil
}
