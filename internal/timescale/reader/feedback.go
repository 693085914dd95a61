package reader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// Feedback is what a person answered to a decision.
type Feedback struct {
	Version int32 // from 1; of all answers to the decision the greatest counts
	Verdict string
	Until   *time.Time // of snoozed
	Comment string
	By      string
	At      time.Time
}

// ErrFeedbackChanged means that somebody else answered meanwhile.
var ErrFeedbackChanged = errors.New("the decision has newer feedback")

// uniqueViolation is the code of a row whose key is there already.
const uniqueViolation = "23505"

// AddFeedback stores f as the version after f.Version-1, with the time of the database. If
// that version is there already, it is ErrFeedbackChanged.
func (db *DB) AddFeedback(ctx context.Context, d *decisions.Row, f Feedback) (Feedback, error) {
	err := db.Pool.QueryRow(ctx, `
		INSERT INTO decision_feedback (decision_id, version, verdict, until, comment, given_by, meter_no, group_no, valid_from)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING given_at`,
		d.ID, f.Version, f.Verdict, f.Until, f.Comment, f.By, d.MeterNo, d.GroupNo, d.ValidFrom.Time()).Scan(&f.At)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == uniqueViolation {
		return f, ErrFeedbackChanged
	}
	if err != nil {
		return f, fmt.Errorf("store feedback: %w", err)
	}
	return f, nil
}

// FeedbackOf is all feedback about a decision, the newest first.
func (db *DB) FeedbackOf(ctx context.Context, id uuid.UUID) ([]Feedback, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT version, verdict, until, comment, given_by, given_at FROM decision_feedback WHERE decision_id = $1 ORDER BY version DESC`, id)
	if err != nil {
		return nil, fmt.Errorf("feedback of a decision: %w", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Feedback])
	if err != nil {
		return nil, fmt.Errorf("feedback of a decision: %w", err)
	}
	return out, nil
}

// verdictOf is the newest verdict about the decision d; null without feedback.
const verdictOf = `(SELECT f.verdict FROM decision_feedback f WHERE f.decision_id = d.id ORDER BY f.version DESC LIMIT 1)`

// withFeedback fills in the newest verdict of each decision.
func (db *DB) withFeedback(ctx context.Context, found []decisions.Row, err error) ([]decisions.Row, error) {
	if err != nil || len(found) == 0 {
		return found, err
	}
	ids := make([][16]byte, len(found)) // the driver writes uuid.UUID as texts, one by one
	for i := range found {
		ids[i] = found[i].ID
	}
	rows, err := db.Pool.Query(ctx, `
		SELECT DISTINCT ON (decision_id) decision_id, verdict FROM decision_feedback
		WHERE decision_id = ANY ($1) ORDER BY decision_id, version DESC`, ids)
	if err != nil {
		return nil, fmt.Errorf("feedback of decisions: %w", err)
	}
	verdicts := map[uuid.UUID]string{}
	var id uuid.UUID
	var verdict string
	if _, err = pgx.ForEachRow(rows, []any{&id, &verdict}, func() error { verdicts[id] = verdict; return nil }); err != nil {
		return nil, fmt.Errorf("feedback of decisions: %w", err)
	}
	for i := range found {
		found[i].Feedback = verdicts[found[i].ID]
	}
	return found, nil
}

// FeedbackCounts is how many decisions have each verdict as their newest.
type FeedbackCounts struct{ Accepted, Rejected, Snoozed, Followed int64 }

// CountFeedback counts the decisions of a scope whose first hour lies in [from, to).
func (db *DB) CountFeedback(ctx context.Context, scope Scope, from, to meter.Hour) (c FeedbackCounts, err error) {
	within, err := db.within(ctx, scope.GroupNo)
	if err != nil {
		return c, err
	}
	w := where{}
	w.add(`valid_from >= ?`, from.Time())
	w.add(`valid_from < ?`, to.Time())
	if scope.MeterNo != nil {
		w.add(`meter_no = ?`, *scope.MeterNo)
	}
	if within != nil {
		w.add(`group_no = ANY (?::int[])`, within)
	}
	err = db.Pool.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE verdict = 'accepted'), count(*) FILTER (WHERE verdict = 'rejected'),
			count(*) FILTER (WHERE verdict = 'snoozed'), count(*) FILTER (WHERE verdict = 'followed')
		FROM (SELECT DISTINCT ON (decision_id) verdict FROM decision_feedback`+w.sql()+` ORDER BY decision_id, version DESC) newest`, w.args...).
		Scan(&c.Accepted, &c.Rejected, &c.Snoozed, &c.Followed)
	if err != nil {
		return c, fmt.Errorf("count feedback: %w", err)
	}
	return c, nil
}
