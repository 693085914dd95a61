// Package reader is the store of a twin as the API and replays have it: it answers
// questions. Beside SELECT it needs INSERT on ended_sessions, decision_feedback, api_keys and
// api_key_endings, and to insert and update rows of ingest_batches and api_key_uses.
//
// It has more than 25 files and 3,500 lines, as each subject is a file with its
// questions and the rows that answer them. They share one role's rights, one pool, the
// conditions of where.go and the groups of nesting.go, and know nothing else of each other.
package reader

import (
	"context"

	"github.com/energytwin/energytwin/internal/timescale"
)

// DB is the store. It is safe for concurrent use.
type DB struct {
	timescale.DB
	nesting Nesting
}

// Open makes the pool. It connects when first used: see Ping.
func Open(ctx context.Context, url string, opts timescale.Options) (*DB, error) {
	db, err := timescale.Connect(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	return &DB{DB: db}, nil
}
