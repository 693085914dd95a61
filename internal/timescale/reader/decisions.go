package reader

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// DecisionList selects a page of decisions.
type DecisionList struct {
	MeterNo *int32
	GroupNo *int32 // decisions about the group, the groups below it, and their meters
	About   string // meter or group; "" is both
	Action  *dsm.Action
	Planned bool // leave out action none
	InForce bool // leave out what another decision supersedes
	Reason  *dsm.Reason
	// Feedback is the newest verdict; none is those without feedback, "" is all.
	Feedback string
	Shadow   bool // those that are not for action, in place of those that are

	// Status is planned, active, open (either of the two) or past at hour Now; "" is all.
	Status string
	Now    meter.Hour

	AsKnown bool // at hour Now: what was decided later changes none

	From, To meter.Hour // of issue; To is exclusive

	Order DecisionOrder
	After *DecisionPlace
	Limit int
}

// DecisionOrder is the order of a list of decisions.
type DecisionOrder int

// The orders.
const (
	NewestFirst    DecisionOrder = iota
	ByWorth                      // greatest expected saving first
	ByRiskAndWorth               // limits of groups that are at risk first, then by worth
)

// atRisk is 1 for a decision about a group whose limit is at risk, held or not.
var atRisk = fmt.Sprintf(`(CASE WHEN d.meter_no = 0 AND d.reason IN (%d, %d) THEN 1 ELSE 0 END)`, dsm.ReasonGroupLimit, dsm.ReasonNoFlexibility)

// DecisionPlace is the place of the last decision of a page, in any order.
type DecisionPlace struct {
	IssuedAt meter.Hour
	Risk     int
	Saving   float32
	ID       uuid.UUID
}

// ListDecisions are the decisions of a page.
func (db *DB) ListDecisions(ctx context.Context, l DecisionList) ([]decisions.Row, error) {
	return db.ListEachDecision(ctx, l, func(*decisions.Row) {})
}

// ListEachDecision is ListDecisions, and gives each decision to met as soon as it is read,
// without its feedback: the database looks for the next one meanwhile.
func (db *DB) ListEachDecision(ctx context.Context, l DecisionList, met func(*decisions.Row)) ([]decisions.Row, error) {
	within, err := db.within(ctx, l.GroupNo)
	if err != nil {
		return nil, err
	}
	w := where{}
	heldTo := decisions.HeldTo
	if l.AsKnown {
		heldTo = decisions.HeldToAsKnown(w.param(l.Now.Time()))
	}
	w.add(`d.issued_at >= ?`, l.From.Time())
	w.add(`d.issued_at < ?`, l.To.Time())
	if l.Shadow {
		w.add(decisions.Shadowed)
	} else {
		w.add(decisions.Advised)
	}
	if l.MeterNo != nil {
		w.add(`d.meter_no = ?`, *l.MeterNo)
	}
	if within != nil {
		w.add(`d.group_no = ANY (?::int[])`, within)
	}
	if l.Action != nil {
		w.add(`d.action = ?`, int16(*l.Action))
	}
	if l.Planned {
		w.add(`d.action <> 0`)
	}
	if l.InForce {
		w.add(decisions.InForce)
	}
	if l.Reason != nil {
		w.add(`d.reason = ?`, int16(*l.Reason))
	}
	switch l.Feedback {
	case "":
	case "none":
		w.add(verdictOf + ` IS NULL`)
	default:
		w.add(verdictOf+` = ?`, l.Feedback)
	}
	if err := l.addAbout(&w); err != nil {
		return nil, err
	}
	if err := l.addStatus(&w, heldTo); err != nil {
		return nil, err
	}
	order := ` ORDER BY d.issued_at DESC, d.id DESC`
	switch l.Order {
	case ByWorth:
		order = ` ORDER BY d.saving_p50 DESC, d.issued_at DESC, d.id DESC`
	case ByRiskAndWorth:
		order = ` ORDER BY ` + atRisk + ` DESC, d.saving_p50 DESC, d.issued_at DESC, d.id DESC`
	}
	l.addPlace(&w)
	rows, err := decisions.QueryEach(ctx, db.Pool, met, decisions.SelectHeldTo(heldTo)+w.sql()+order+` LIMIT `+w.param(l.Limit), w.args...)
	return db.withFeedback(ctx, rows, err)
}

func (l *DecisionList) addAbout(w *where) error {
	switch l.About {
	case "":
	case "meter":
		w.add(`d.meter_no <> 0`)
	case "group":
		w.add(`d.meter_no = 0`)
	default:
		return fmt.Errorf("%w: about %q: use meter or group", ErrBadQuery, l.About)
	}
	return nil
}

func (l *DecisionList) addStatus(w *where, heldTo string) error {
	now := l.Now.Time()
	switch l.Status {
	case "":
	case "planned":
		w.add(`d.valid_from > ?`, now)
		w.add(heldTo + ` > d.valid_from`)
	case "active":
		w.add(`d.valid_from <= ?`, now)
		w.add(heldTo+` > ?`, now)
	case "open":
		w.add(heldTo+` > ?`, now)
		w.add(heldTo + ` > d.valid_from`)
	case "past":
		w.add(heldTo+` <= ?`, now)
	default:
		return fmt.Errorf("%w: status %q: use planned, active, open or past", ErrBadQuery, l.Status)
	}
	return nil
}

func (l *DecisionList) addPlace(w *where) {
	a := l.After
	switch {
	case a == nil:
	case l.Order == ByRiskAndWorth:
		w.add(`(`+atRisk+`, d.saving_p50, d.issued_at, d.id) < (?::int, ?::real, ?::timestamptz, ?::uuid)`, a.Risk, a.Saving, a.IssuedAt.Time(), a.ID)
	case l.Order == ByWorth:
		w.add(`(d.saving_p50, d.issued_at, d.id) < (?::real, ?::timestamptz, ?::uuid)`, a.Saving, a.IssuedAt.Time(), a.ID)
	default:
		w.add(`(d.issued_at, d.id) < (?::timestamptz, ?::uuid)`, a.IssuedAt.Time(), a.ID)
	}
}

// PlaceOf is where the page after this decision begins.
func PlaceOf(d decisions.Row) DecisionPlace {
	place := DecisionPlace{IssuedAt: d.IssuedAt, Saving: d.SavingP50, ID: d.ID}
	if d.Meter == "" && (d.Reason == dsm.ReasonGroupLimit || d.Reason == dsm.ReasonNoFlexibility) {
		place.Risk = 1
	}
	return place
}
