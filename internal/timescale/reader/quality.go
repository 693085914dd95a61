package reader

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
)

// QualityQuery selects what is shown of rejected messages and of suspect readings.
type QualityQuery struct {
	Quarantine QuarantineFilter

	// Meters with suspect readings from hour SuspectFrom to before hour SuspectTo, at most
	// MostSuspects of them. An empty range has none.
	SuspectFrom, SuspectTo meter.Hour
	MostSuspects           int
}

// Quality is what was rejected of the stream, and which meters have suspect readings.
type Quality struct {
	Reasons  map[string]int64 // all quarantined messages, counted by reason
	Messages []QuarantinedMessage
	Suspects []SuspectMeter // those with most suspect readings first
}

// Quality asks for all of it at once: each question is little beside the way to the database.
func (db *DB) Quality(ctx context.Context, q QualityQuery) (Quality, error) {
	found := Quality{Reasons: map[string]int64{}}
	var questions pgx.Batch
	queueQuarantineCounts(&questions, found.Reasons)
	queueQuarantine(&questions, q.Quarantine, &found.Messages)
	if q.SuspectFrom < q.SuspectTo {
		queueSuspectMeters(&questions, q.SuspectFrom, q.SuspectTo, q.MostSuspects, &found.Suspects)
	}
	if err := db.Pool.SendBatch(ctx, &questions).Close(); err != nil {
		return Quality{}, fmt.Errorf("data quality: %w", err)
	}
	return found, nil
}
