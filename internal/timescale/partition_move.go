package timescale

import (
	"context"
	"fmt"
)

// MovePartition makes offset the partition's next one without anything read
// between: its topic was made anew, or has lost records. The epoch must be
// that of the owner: else ErrFenced.
func (db *DB) MovePartition(ctx context.Context, partition int, epoch, offset int64) error {
	tag, err := db.pool.Exec(ctx, `
		UPDATE stream_offsets SET next_offset = $3, last_hash = 0 WHERE partition = $1 AND epoch = $2`,
		partition, epoch, offset)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrFenced
	}
	if err != nil {
		return fmt.Errorf("move partition %d to offset %d: %w", partition, offset, err)
	}
	return nil
}
