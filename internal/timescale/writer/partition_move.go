package writer

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// MovePartition makes offset the partition's next one without anything read
// between: its topic was recreated, or has lost records. The epoch must be
// that of the owner: else ErrFenced. It raises the topic's generation, so that
// every later owner knows of it too.
//
// Sub-hour readings that arrived at or after that offset are of the topic before.
// Their offsets become −1 − offset, so that none is that of another message.
// Specifications that began to hold after that offset say nothing about the
// new topic's offsets and go. Series that did so go on from that offset.
func (db *DB) MovePartition(ctx context.Context, partition int, epoch, offset int64) error {
	err := pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE stream_offsets SET next_offset = $3, last_hash = 0, topic_generation = topic_generation + 1
			WHERE partition = $1 AND epoch = $2`,
			partition, epoch, offset)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return ErrFenced
		}
		void := &pgx.Batch{}
		void.Queue(`
			UPDATE sub_hour_readings SET stream_offset = -1 - stream_offset
			WHERE stream_offset >= $2 AND meter_no IN (SELECT meter_no FROM meters WHERE partition = $1)`,
			partition, offset)
		void.Queue(`DELETE FROM spec_revisions WHERE partition = $1 AND from_offset > $2`, partition, offset)
		void.Queue(`UPDATE series_uses SET from_offset = $2 WHERE partition = $1 AND from_offset > $2`, partition, offset)
		return tx.SendBatch(ctx, void).Close()
	})
	if err != nil {
		return fmt.Errorf("move partition %d to offset %d: %w", partition, offset, err)
	}
	return nil
}
