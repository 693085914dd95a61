package history

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

func (s *Store) datasetReportKey() string { return s.prefix + "dataset" }

// SetDatasetReport leaves the generator's report on its dataset for a processor,
// which stores it. Like all in Redis it may be lost: the generator writes it again.
func (s *Store) SetDatasetReport(ctx context.Context, report []byte) error {
	if err := s.redis.Set(ctx, s.datasetReportKey(), report, 0).Err(); err != nil {
		return fmt.Errorf("write the report on the dataset: %w", err)
	}
	return nil
}

// DatasetReport is the generator's report on its dataset, nil if Redis has none.
func (s *Store) DatasetReport(ctx context.Context) ([]byte, error) {
	report, err := s.redis.Get(ctx, s.datasetReportKey()).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the report on the dataset: %w", err)
	}
	return report, nil
}
