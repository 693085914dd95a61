package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// Verdicts about a decision.
const (
	verdictSnoozed  = "snoozed"
	verdictFollowed = "followed"
)

// Feedback is what a person answered to a decision.
type Feedback struct {
	Version int        `json:"version" doc:"From 1; the greatest counts"`
	Verdict string     `json:"verdict" enum:"accepted,rejected,snoozed,followed"`
	Until   *time.Time `json:"until" doc:"Of snoozed: when to show the decision again, in the twin's time; null for others"`
	Comment string     `json:"comment"`
	By      string     `json:"by" doc:"Name of the API key"`
	At      time.Time  `json:"at" doc:"When it was stored, by the clock of the database"`
}

// FeedbackFigures are what people answered to the decisions of a range.
type FeedbackFigures struct {
	Accepted int64 `json:"accepted" doc:"Decisions of which this is the newest feedback"`
	Rejected int64 `json:"rejected" doc:"Likewise"`
	Snoozed  int64 `json:"snoozed" doc:"Likewise"`
	Followed int64 `json:"followed" doc:"Likewise"`

	AcceptedShare *float64 `json:"acceptedShare" doc:"Accepted or followed, of those and the rejected; null without any"`
	FollowedShare *float64 `json:"followedShare" doc:"Followed, of the accepted and the followed; null without any"`
}

type feedbackInput struct {
	ID   string `path:"id" format:"uuid" doc:"Of the decision"`
	Body struct {
		_       struct{}   `additionalProperties:"false"`
		Verdict string     `json:"verdict" enum:"accepted,rejected,snoozed,followed" doc:"followed: the plan was carried out" example:"accepted"`
		Until   *time.Time `json:"until,omitempty" doc:"With snoozed: when to show the decision again, after the twin's now and before the decision's last hour ends"`
		Comment string     `json:"comment,omitempty" maxLength:"1000"`
		After   *int       `json:"after,omitempty" minimum:"0" doc:"Version of the newest feedback that the caller knows, 0 for none: with newer one the answer is 409. Left out, whatever there is comes before" example:"0"`
	}
}

func (s *server) feedbackOperations(api huma.API) {
	openapi.Register(api, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/decisions/{id}/feedback", OperationID: "giveFeedback", Tags: []string{openapi.TagDecisions},
		Security: openapi.Needs(auth.ScopeOperate), DefaultStatus: http.StatusCreated, MaxBodyBytes: 16 << 10,
		Summary:     "Answer a decision: accepted, rejected, snoozed or followed",
		Description: "Every answer is kept, and the newest counts. A decision that is superseded, in the past or not for action can no longer be accepted, rejected or snoozed; it can have been followed once its first hour has begun.",
		RequestBody: &huma.RequestBody{Description: "The answer"},
	}, s.giveFeedback)
}

func (s *server) giveFeedback(ctx context.Context, in *feedbackInput) (*output[Feedback], error) {
	d, _, err := s.findDecision(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	if err := takesFeedback(in, &d, now); err != nil {
		return nil, err
	}
	f := reader.Feedback{Verdict: in.Body.Verdict, Until: in.Body.Until, Comment: in.Body.Comment, By: auth.PrincipalOf(ctx).Name}
	if f, err = s.addFeedback(ctx, &d, f, in.Body.After); err != nil {
		return nil, err
	}
	meta := Meta{TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	return &output[Feedback]{Body: Answer[Feedback]{Data: feedbackView(f), Meta: meta}}, nil
}

// takesFeedback is why a decision does not take feedback at the twin's now; nil if it does.
func takesFeedback(in *feedbackInput, d *decisions.Row, now meter.Hour) error {
	closed := func(detail string) error {
		return problem.New(http.StatusConflict, problem.CodeDecisionClosed, "", detail)
	}
	until := in.Body.Until
	switch {
	case until != nil && in.Body.Verdict != verdictSnoozed:
		return problem.New(http.StatusUnprocessableEntity, problem.CodeInvalidBody, "until", "until: belongs to snoozed; leave it out")
	case until == nil && in.Body.Verdict == verdictSnoozed:
		return problem.New(http.StatusUnprocessableEntity, problem.CodeInvalidBody, "until", "until: is missing; say when to show the decision again")
	case strings.ContainsRune(in.Body.Comment, 0):
		return problem.New(http.StatusUnprocessableEntity, problem.CodeInvalidBody, "comment", "comment: holds a NUL; leave it out")
	case d.Action == dsm.ActionNone:
		return closed("the decision is to do nothing, which takes no feedback")
	case d.Shadow:
		return closed("the decision was made under the mode Shadow and is not for action")
	}
	if in.Body.Verdict == verdictFollowed {
		if now < d.ValidFrom {
			return problem.New(http.StatusConflict, problem.CodeNotBegun, "", "the first hour of the decision has not begun; accept it, and report that it was followed later")
		}
		return nil
	}
	if d.HeldTo < d.ValidTo && now >= d.HeldTo || d.HeldTo <= d.ValidFrom {
		return closed("a later decision supersedes this one; answer that one, which history names")
	}
	if now >= d.HeldTo {
		return closed("all hours of the decision have passed; it can only have been followed")
	}
	if until != nil && (!until.After(now.Time()) || !until.Before(d.HeldTo.Time())) {
		return problem.New(http.StatusUnprocessableEntity, problem.CodeInvalidBody, "until",
			fmt.Sprintf("until: must lie after the twin's now (%s) and before the decision ends (%s)", now.Time().Format(time.RFC3339), d.HeldTo.Time().Format(time.RFC3339)))
	}
	return nil
}

// feedbackTries is how often feedback is stored behind that of others at the same moment.
const feedbackTries = 8

// addFeedback stores feedback behind the version that the caller knows, or behind whatever is
// there.
func (s *server) addFeedback(ctx context.Context, d *decisions.Row, f reader.Feedback, after *int) (reader.Feedback, error) {
	for range feedbackTries {
		before, err := s.db.FeedbackOf(ctx, d.ID)
		if err != nil {
			return f, s.failed(ctx, "read the feedback of a decision", err)
		}
		f.Version = 1
		if len(before) > 0 {
			f.Version = before[0].Version + 1
		}
		if after != nil && int(f.Version) != *after+1 {
			break
		}
		stored, err := s.db.AddFeedback(ctx, d, f)
		switch {
		case err == nil:
			return stored, nil
		case !errors.Is(err, reader.ErrFeedbackChanged):
			return f, s.failed(ctx, "store the feedback of a decision", err)
		}
	}
	return f, problem.New(http.StatusConflict, problem.CodeFeedbackChanged, "after", "after: the decision has other feedback by now; read it again, and answer behind its newest version")
}

func feedbackView(f reader.Feedback) Feedback {
	out := Feedback{Version: int(f.Version), Verdict: f.Verdict, Comment: f.Comment, By: f.By, At: f.At.UTC().Truncate(time.Millisecond)}
	if f.Until != nil {
		until := f.Until.UTC()
		out.Until = &until
	}
	return out
}

func (s *server) feedbackOf(ctx context.Context, id uuid.UUID) ([]Feedback, error) {
	found, err := s.db.FeedbackOf(ctx, id)
	if err != nil {
		return nil, s.failed(ctx, "read the feedback of a decision", err)
	}
	out := make([]Feedback, len(found))
	for i, f := range found {
		out[i] = feedbackView(f)
	}
	return out, nil
}

// feedbackFigures are those of the decisions whose first hour lies in a range.
func (s *server) feedbackFigures(ctx context.Context, scope reader.Scope, w params.HourRange) (*FeedbackFigures, error) {
	c, err := s.db.CountFeedback(ctx, scope, w.From, w.To)
	if err != nil {
		return nil, s.failed(ctx, "count feedback", err)
	}
	taken := c.Accepted + c.Followed
	return &FeedbackFigures{
		Accepted: c.Accepted, Rejected: c.Rejected, Snoozed: c.Snoozed, Followed: c.Followed,
		AcceptedShare: share(taken, taken+c.Rejected), FollowedShare: share(c.Followed, taken),
	}, nil
}

// share is a part of a whole, null for none.
func share(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	return maybe(float64(part) / float64(whole))
}
