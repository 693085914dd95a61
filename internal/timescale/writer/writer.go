// Package writer is the store of a twin as processors and the generator have it: it
// writes the effects of the core, and reads back what they go on from.
//
// It has more than 25 files, as the effects of a batch are stored in one transaction
// with the offsets that they come from, and each table of it is a file.
package writer

import (
	"context"

	"github.com/energytwin/energytwin/internal/timescale"
)

// DB is the store. It is safe for concurrent use.
type DB struct {
	timescale.DB
	insertOnly bool
}

// Open makes the pool. It connects when first used: see Ping.
func Open(ctx context.Context, url string, opts timescale.Options) (*DB, error) {
	db, err := timescale.Connect(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	return &DB{DB: db, insertOnly: opts.InsertOnly}, nil
}
