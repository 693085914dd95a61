package reader

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Nesting is which groups hold others, in pairs of names: each of Whole with a group below
// it in Part, at any level. The zero value is that of groups that hold meters only.
type Nesting struct {
	Whole, Part []string
}

// Add adds a group with those above it.
func (n *Nesting) Add(group string, above []string) {
	for _, a := range above {
		n.Whole, n.Part = append(n.Whole, a), append(n.Part, group)
	}
}

// Nested is the store with groups that nest: of a group its methods then answer for its
// meters and for those of the groups below it.
func (db *DB) Nested(n Nesting) *DB { return &DB{DB: db.DB, nesting: n} }

// within are the numbers of a group and of those below it; nil for all groups.
func (db *DB) within(ctx context.Context, groupNo *int32) ([]int32, error) {
	if groupNo == nil {
		return nil, nil
	}
	if len(db.nesting.Whole) == 0 {
		return []int32{*groupNo}, nil
	}
	rows, err := db.Pool.Query(ctx, `
		SELECT $1::int4 UNION ALL
		SELECT p.group_no FROM unnest($2::text[], $3::text[]) n(whole, part)
		JOIN groups w ON w.name = n.whole JOIN groups p ON p.name = n.part
		WHERE w.group_no = $1`, *groupNo, db.nesting.Whole, db.nesting.Part)
	if err != nil {
		return nil, fmt.Errorf("groups within group %d: %w", *groupNo, err)
	}
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[int32])
	if err != nil {
		return nil, fmt.Errorf("groups within group %d: %w", *groupNo, err)
	}
	return numbers, nil
}

// namesWithin are the names of a group and of those below it.
func (n *Nesting) namesWithin(group string) []string {
	names := []string{group}
	for i, whole := range n.Whole {
		if whole == group {
			names = append(names, n.Part[i])
		}
	}
	return names
}

// withinSQL is each group with itself and with those below it, whole and part, by the
// nesting in the parameters $1 and $2.
var withinSQL = `
	WITH within AS (` + withinBy("$1", "$2") + `)`

// withinBy is the query of withinSQL with other parameters for the nesting.
func withinBy(whole, part string) string {
	return `
		SELECT g.group_no AS whole, g.group_no AS part FROM groups g
		UNION ALL
		SELECT w.group_no, p.group_no FROM unnest(` + whole + `::text[], ` + part + `::text[]) n(whole, part)
		JOIN groups w ON w.name = n.whole JOIN groups p ON p.name = n.part`
}
