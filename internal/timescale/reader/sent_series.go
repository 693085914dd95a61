package reader

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/twin"
)

// NewSeries is values of a series that are to be stored.
type NewSeries struct {
	Series   twin.SeriesName
	Currency string // of prices
	Caller   string // whose idempotency keys are apart from those of others
	Key      string // of idempotency; "" for none
	Hash     [sha256.Size]byte
	Hours    []meter.Hour // ascending, each once
	Values   []*float64   // of each; nil withdraws what was sent of it
}

// StoredSeries is a revision as it is stored.
type StoredSeries struct {
	Revision   int64 // 0 where nothing changed and nothing was stored
	Series     string
	ReceivedAt time.Time
	Changed    int // hours
	Hash       [sha256.Size]byte
}

// seriesLock is held while a revision is stored: they are numbered in the order in which
// others see them.
const seriesLock = 0x7365726965730001

const storedSeries = `SELECT revision, series, received_at, cardinality(hours), body_hash FROM series_revisions `

// PutSeries stores the hours of n in which it differs from what was sent before, as the next
// revision. Where there is none it stores nothing, but a key. A key that is known stores nothing
// either: repeated is true, and the revision that of the request before.
func (db *DB) PutSeries(ctx context.Context, n *NewSeries) (out StoredSeries, repeated bool, err error) {
	err = pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(seriesLock)); err != nil {
			return err
		}
		if n.Key != "" {
			out, err = scanSeries(tx.QueryRow(ctx, storedSeries+`WHERE caller = $1 AND idempotency_key = $2`, n.Caller, n.Key))
			if repeated = err == nil; repeated || !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
		}
		hours, values, err := changedHours(ctx, tx, n)
		if err != nil || len(hours) == 0 && n.Key == "" {
			return err
		}
		out, err = scanSeries(tx.QueryRow(ctx, `
			INSERT INTO series_revisions (revision, series, currency, hours, hour_values, caller, idempotency_key, body_hash)
			SELECT coalesce(max(revision), 0) + 1, $1, $2, $3, $4, $5, nullif($6, ''), $7 FROM series_revisions
			RETURNING revision, series, received_at, cardinality(hours), body_hash`,
			n.Series, n.Currency, hours, values, n.Caller, n.Key, n.Hash[:]))
		return err
	})
	if err != nil {
		return out, false, fmt.Errorf("store a series: %w", err)
	}
	return out, repeated, nil
}

// changedHours are the hours in which n differs from what was sent before.
func changedHours(ctx context.Context, tx pgx.Tx, n *NewSeries) (hours []int32, values []*float64, err error) {
	all := make([]int32, len(n.Hours))
	for i, h := range n.Hours {
		all[i] = int32(h)
	}
	rows, err := tx.Query(ctx, `
		SELECT DISTINCT ON (u.h) u.h, u.v, r.currency FROM series_revisions r, unnest(r.hours, r.hour_values) u(h, v)
		WHERE r.series = $1 AND r.hours && $2::int4[] AND u.h = ANY ($2) ORDER BY u.h, r.revision DESC`, n.Series, all)
	if err != nil {
		return nil, nil, err
	}
	type sent struct {
		value    *float64
		currency string
	}
	before := map[int32]sent{}
	var h int32
	var s sent
	if _, err = pgx.ForEachRow(rows, []any{&h, &s.value, &s.currency}, func() error { before[h] = s; return nil }); err != nil {
		return nil, nil, err
	}
	hours, values = []int32{}, []*float64{}
	for i, h := range all {
		b, v := before[h], n.Values[i]
		if v == nil && b.value == nil || v != nil && b.value != nil && *v == *b.value && n.Currency == b.currency {
			continue
		}
		hours, values = append(hours, h), append(values, v)
	}
	return hours, values, nil
}

// SeriesByRevision is a revision; ErrNotFound if there is none.
func (db *DB) SeriesByRevision(ctx context.Context, revision int64) (StoredSeries, error) {
	out, err := scanSeries(db.Pool.QueryRow(ctx, storedSeries+`WHERE revision = $1`, revision))
	if errors.Is(err, pgx.ErrNoRows) {
		return out, fmt.Errorf("series revision %d: %w", revision, ErrNotFound)
	}
	if err != nil {
		return out, fmt.Errorf("series revision %d: %w", revision, err)
	}
	return out, nil
}

func scanSeries(row pgx.Row) (s StoredSeries, err error) {
	var hash []byte
	err = row.Scan(&s.Revision, &s.Series, &s.ReceivedAt, &s.Changed, &hash)
	copy(s.Hash[:], hash)
	return s, err
}

// SeriesUse is where a revision of the series begins to hold in a partition.
type SeriesUse struct {
	Partition  int
	Revision   int64
	FromOffset int64
	Watermark  meter.Hour // of the partition then; NoHour for none
}

// SeriesUses are all of them, by partition and revision.
func (db *DB) SeriesUses(ctx context.Context) ([]SeriesUse, error) {
	rows, err := db.Pool.Query(ctx, `SELECT partition, revision, from_offset, watermark FROM series_uses ORDER BY partition, revision`)
	if err != nil {
		return nil, fmt.Errorf("uses of series: %w", err)
	}
	uses, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (u SeriesUse, err error) {
		var at *time.Time
		err = row.Scan(&u.Partition, &u.Revision, &u.FromOffset, &at)
		u.Watermark = pgvalue.HourOrNone(at)
		return u, err
	})
	if err != nil {
		return nil, fmt.Errorf("uses of series: %w", err)
	}
	return uses, nil
}

// SeriesUsedBy is how many partitions are processed with a revision, or a later one.
func (db *DB) SeriesUsedBy(ctx context.Context, revision int64) (partitions int, err error) {
	err = db.Pool.QueryRow(ctx, `SELECT count(DISTINCT partition) FROM series_uses WHERE revision >= $1`, revision).Scan(&partitions)
	if err != nil {
		return 0, fmt.Errorf("uses of series: %w", err)
	}
	return partitions, nil
}

// SeriesKnownAt is the newest revision that all of so many partitions were processed with
// before their watermark had passed an hour; 0 for none.
func (db *DB) SeriesKnownAt(ctx context.Context, at meter.Hour, partitions int) (revision int64, err error) {
	err = db.Pool.QueryRow(ctx, `
		SELECT CASE WHEN count(*) = $2 THEN coalesce(min(newest), 0) ELSE 0 END FROM (
			SELECT max(revision) AS newest FROM series_uses
			WHERE partition < $2 AND (watermark IS NULL OR watermark <= $1) GROUP BY partition) p`, at.Time(), partitions).Scan(&revision)
	if err != nil {
		return 0, fmt.Errorf("series that were known: %w", err)
	}
	return revision, nil
}
