package writer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/twin"
)

// EnsureMeters gives every key its number, making meters and groups that are
// new. It returns them in the order of keys. A meter belongs to the partition
// and the group that it was first seen in: for one that is already stored, the
// stored MeterRef comes back, even if partition or group differ.
func (db *DB) EnsureMeters(ctx context.Context, partition int, keys []twin.MeterKey) ([]twin.MeterRef, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	refs, err := db.ensureMeters(ctx, partition, keys)
	if err != nil {
		return nil, fmt.Errorf("meters of partition %d: %w", partition, err)
	}
	return refs, nil
}

func (db *DB) ensureMeters(ctx context.Context, partition int, keys []twin.MeterKey) ([]twin.MeterRef, error) {
	wanted := make([]string, len(keys))
	for i, k := range keys {
		wanted[i] = k.Name
	}
	names, groups := sortedKeys(keys)
	batch := &pgx.Batch{} // one round trip, one transaction
	batch.Queue(insertGroups, groups)
	batch.Queue(`
		INSERT INTO meters (name, group_no, partition)
		SELECT k.name, g.group_no, $3
		FROM unnest($1::text[], $2::text[]) k(name, grp) JOIN groups g ON g.name = k.grp
		WHERE NOT EXISTS (SELECT FROM meters m WHERE m.name = k.name)
		ORDER BY 1 ON CONFLICT DO NOTHING`, names, groups, partition)
	batch.Queue(`
		INSERT INTO meter_state (meter_no)
		SELECT m.meter_no FROM meters m
		WHERE m.name = ANY ($1::text[]) AND NOT EXISTS (SELECT FROM meter_state s WHERE s.meter_no = m.meter_no)
		ORDER BY 1 ON CONFLICT DO NOTHING`, names)
	var refs []twin.MeterRef
	batch.Queue(`
		SELECT m.name, g.name, m.meter_no, m.group_no, m.partition
		FROM unnest($1::text[]) WITH ORDINALITY k(name, n)
		JOIN meters m ON m.name = k.name JOIN groups g USING (group_no)
		ORDER BY k.n`, wanted).Query(func(rows pgx.Rows) (err error) {
		refs, err = collectMeters(rows)
		return err
	})
	if err := db.Pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	if len(refs) != len(keys) {
		return nil, fmt.Errorf("%d of %d meters were stored; is another schema on the search path?", len(refs), len(keys))
	}
	return refs, nil
}

// EnsureGroups gives groups their numbers, by name, making those that are new.
func (db *DB) EnsureGroups(ctx context.Context, names []string) (map[string]int32, error) {
	out := make(map[string]int32, len(names))
	batch := &pgx.Batch{}
	batch.Queue(insertGroups, names)
	batch.Queue(`SELECT name, group_no FROM groups WHERE name = ANY ($1::text[])`, names).Query(func(rows pgx.Rows) error {
		var name string
		var no int32
		_, err := pgx.ForEachRow(rows, []any{&name, &no}, func() error {
			out[name] = no
			return nil
		})
		return err
	})
	if err := db.Pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	return out, nil
}

// insertGroups makes groups that are new. NOT EXISTS before ON CONFLICT: a conflict would
// use up a number.
const insertGroups = `
	INSERT INTO groups (name)
	SELECT DISTINCT k.name FROM unnest($1::text[]) k(name)
	WHERE NOT EXISTS (SELECT FROM groups g WHERE g.name = k.name)
	ORDER BY 1 ON CONFLICT DO NOTHING`

// sortedKeys are the distinct names with their groups, in one order for all
// processes, so that two of them cannot wait for each other in a circle.
func sortedKeys(keys []twin.MeterKey) (names, groups []string) {
	sorted := slices.Clone(keys)
	slices.SortStableFunc(sorted, func(a, b twin.MeterKey) int { return strings.Compare(a.Name, b.Name) })
	sorted = slices.CompactFunc(sorted, func(a, b twin.MeterKey) bool { return a.Name == b.Name })
	names, groups = make([]string, len(sorted)), make([]string, len(sorted))
	for i, k := range sorted {
		names[i], groups[i] = k.Name, k.Group
	}
	return names, groups
}

// PartitionMeters are the meters of a partition, by name.
func (db *DB) PartitionMeters(ctx context.Context, partition int) ([]twin.MeterRef, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT m.name, g.name, m.meter_no, m.group_no, m.partition
		FROM meters m JOIN groups g USING (group_no)
		WHERE m.partition = $1 ORDER BY m.name`, partition)
	if err != nil {
		return nil, fmt.Errorf("meters of partition %d: %w", partition, err)
	}
	refs, err := collectMeters(rows)
	if err != nil {
		return nil, fmt.Errorf("meters of partition %d: %w", partition, err)
	}
	return refs, nil
}

func collectMeters(rows pgx.Rows) ([]twin.MeterRef, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (m twin.MeterRef, err error) {
		err = row.Scan(&m.Name, &m.Group, &m.MeterNo, &m.GroupNo, &m.Partition)
		return m, err
	})
}
