package api

import (
	"bytes"
	"context"
	"sync"

	"github.com/energytwin/energytwin/internal/config"
)

// parsedReport remembers the generator's report on its file, which may list 100 rejected
// rows and is asked for with each look at the twin.
type parsedReport struct {
	mu     sync.Mutex
	text   []byte
	report *config.DatasetReport
}

// datasetReport is the generator's report on its file, nil if there is none. Callers do not
// change it.
func (s *server) datasetReport(ctx context.Context) (*config.DatasetReport, error) {
	text, err := s.db.DatasetReport(ctx)
	if err != nil || text == nil {
		return nil, err
	}
	kept := &s.report
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if kept.report != nil && bytes.Equal(kept.text, text) {
		return kept.report, nil
	}
	report, err := config.ParseDatasetReport(text)
	if err != nil {
		return nil, err
	}
	kept.text, kept.report = text, report
	return report, nil
}
