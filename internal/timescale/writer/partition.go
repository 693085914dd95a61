package writer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
)

// ErrFenced means that another process has taken the partition, or that the
// batch does not follow what is stored. The process must leave the partition,
// or take it again.
var ErrFenced = errors.New("fenced: the partition has another owner or another offset")

// TakePartition makes owner the only process whose batches are accepted for the
// partition, and returns where its stream stands. It waits for a batch that
// the owner before is just committing.
func (db *DB) TakePartition(ctx context.Context, partition int, owner string) (PartitionState, error) {
	s, err := db.takePartition(ctx, partition, owner)
	if err != nil {
		return s, fmt.Errorf("take partition %d: %w", partition, err)
	}
	return s, nil
}

func (db *DB) takePartition(ctx context.Context, partition int, owner string) (PartitionState, error) {
	var s PartitionState
	var hash int64
	var mark *time.Time
	batch := &pgx.Batch{}
	// Another cluster, another timeline of it, or another database means that
	// this one was restored or copied: what others keep beside it is void.
	batch.Queue(`
		UPDATE incarnation i SET id = CASE WHEN i.place = '' THEN i.id ELSE gen_random_uuid() END, place = here.place
		FROM (SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
		             left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),
		             (SELECT oid FROM pg_database WHERE datname = current_database())) AS place) here
		WHERE i.place <> here.place`)
	batch.Queue(`SELECT id FROM incarnation`).QueryRow(func(row pgx.Row) error {
		return row.Scan(&s.Incarnation)
	})
	batch.Queue(`
		INSERT INTO stream_offsets AS o (partition, epoch, owner) VALUES ($1, 1, $2)
		ON CONFLICT (partition) DO UPDATE SET epoch = o.epoch + 1, owner = excluded.owner, taken_at = now()
		RETURNING epoch, next_offset, last_hash, watermark, topic_generation,
			messages, stored, quarantined, duplicates, corrections, late, forecasts, decisions, suspect, confirmed`, partition, owner).
		QueryRow(func(row pgx.Row) error {
			t := &s.Totals
			return row.Scan(&s.Epoch, &s.NextOffset, &hash, &mark, &s.TopicGeneration,
				&t.In, &t.Stored, &t.Quarantined, &t.Duplicates, &t.Corrections, &t.Late, &t.Forecasts, &t.Decisions, &t.Suspect, &t.Confirmed)
		})
	if err := db.Pool.SendBatch(ctx, batch).Close(); err != nil {
		return s, err
	}
	s.LastHash = uint64(hash)
	s.Watermark = pgvalue.HourOrNone(mark)
	if err := db.noteRecent(ctx, partition); err != nil {
		return s, err
	}
	return s, db.completeTotals(ctx, partition)
}

// SpecRevision is the specification that holds from an offset of a partition
// on. Rows come out the same again only under the same specification.
type SpecRevision struct {
	FromOffset int64
	Hash       string
	Document   json.RawMessage
}

// RecordSpec stores that the specification holds from offset on, which is the next
// one of the partition, and how many readings the partition has stored by then. It
// does nothing if the newest revision up to offset has the same hash. The epoch must
// be that of the owner: else ErrFenced.
func (db *DB) RecordSpec(ctx context.Context, partition int, epoch, offset int64, hash string, doc json.RawMessage) error {
	err := pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		var mine bool
		err := tx.QueryRow(ctx, `SELECT epoch = $2 FROM stream_offsets WHERE partition = $1 FOR SHARE`, partition, epoch).Scan(&mine)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && !mine {
			return ErrFenced
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO spec_revisions (partition, from_offset, spec_hash, spec, stored)
			SELECT $1, $2, $3, $4, (SELECT stored FROM stream_offsets WHERE partition = $1)
			WHERE $3 IS DISTINCT FROM (SELECT spec_hash FROM spec_revisions
				WHERE partition = $1 AND from_offset <= $2 ORDER BY from_offset DESC LIMIT 1)
			ON CONFLICT (partition, from_offset) DO UPDATE SET
				spec_hash = excluded.spec_hash, spec = excluded.spec, stored = excluded.stored`,
			partition, offset, hash, string(doc))
		return err
	})
	if err != nil {
		return fmt.Errorf("record the specification of partition %d: %w", partition, err)
	}
	return nil
}

// Specs are the partition's specifications, by offset.
func (db *DB) Specs(ctx context.Context, partition int) ([]SpecRevision, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT from_offset, spec_hash, spec FROM spec_revisions WHERE partition = $1 ORDER BY from_offset`, partition)
	if err != nil {
		return nil, fmt.Errorf("specifications of partition %d: %w", partition, err)
	}
	specs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[SpecRevision])
	if err != nil {
		return nil, fmt.Errorf("specifications of partition %d: %w", partition, err)
	}
	return specs, nil
}
