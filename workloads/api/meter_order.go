package api

import (
	"context"

	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// meterList is what of a filter the order of its meters depends on.
type meterList struct {
	contains, group string
	grouped         bool
	status          reader.MeterStatus
	freshness       int
	sort            reader.MeterSort
}

// meterOrder are the numbers of all meters that a filter picks, in its order, as the store
// has it now: they are kept until something changes it. afford is asked before they are
// read. They must not be changed.
func (s *server) meterOrder(ctx context.Context, f reader.MeterFilter, afford func(context.Context) error) ([]int32, error) {
	key := meterList{contains: f.Contains, grouped: f.Group != nil, status: f.Status, freshness: f.FreshnessHours, sort: f.Sort}
	if key.grouped {
		key.group = *f.Group
	}
	return s.lists.Of(ctx, key,
		func(ctx context.Context) (string, error) { return s.db.MeterVersion(ctx, &f) },
		func(ctx context.Context) ([]int32, error) {
			if err := afford(ctx); err != nil {
				return nil, err
			}
			return s.db.MeterOrder(ctx, f)
		})
}
