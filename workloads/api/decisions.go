package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"

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

type decisionsInput struct {
	FieldsOf[DecisionHeader]
	Meter   string `query:"meter" maxLength:"128" doc:"Only this meter"`
	Group   string `query:"group" maxLength:"128" doc:"Only this group and the meters in it"`
	About   string `query:"about" enum:"meter,group" doc:"Only decisions about meters, or about groups"`
	Action  string `query:"action" maxLength:"64" doc:"An action such as load_shift, or any for every action but none"`
	Reason  string `query:"reason" maxLength:"64" doc:"A reason such as price_spread"`
	InForce bool   `query:"inForce" doc:"Leave out what a later decision about the same day supersedes"`
	Mode    string `query:"mode" enum:"Advisory,Shadow" default:"Advisory" doc:"Those for action, or those that were made under the mode Shadow"`
	Status  string `query:"status" enum:"planned,active,open,past" doc:"Measured by the twin's now; open is planned or active"`
	Verdict string `query:"feedback" enum:"none,accepted,rejected,snoozed,followed" doc:"Only decisions of which this is the newest feedback; none: those without any"`
	From    string `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Issued from here on; default now-7d"`
	To      string `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Issued before here; default now+1h"`
	Sort    string `query:"sort" enum:"-issuedAt,-savingP50,-risk" default:"-issuedAt" doc:"Newest first, greatest expected saving first, or limits of groups that are at risk first and then by expected saving"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"Decisions of a page"`
	Cursor  string `query:"cursor" maxLength:"1000" format:"base64url" doc:"page.nextCursor of the answer before"`
	Format  string `query:"format" enum:"json,csv,ndjson,parquet" default:"json" doc:"A file has all decisions that the filters leave, whatever the limit; its columns are the fields of a decision of the list"`
}

type decisionPath struct {
	ID string `path:"id" format:"uuid" doc:"Of the decision"`
}

func (s *server) decisionOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/decisions", OperationID: "decisions", Tags: []string{openapi.TagDecisions}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Decisions, newest first",
		Description: "Those that were issued in a range of time. One that revises another names it in supersedes; with inForce, what was superseded is left out.",
		Responses:   fileResponses(api, reflect.TypeFor[Answer[[]DecisionHeader]]()),
	}, s.listDecisions)
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/decisions/{id}", OperationID: "decision", Tags: []string{openapi.TagDecisions}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "A decision with its plan and what it rests on",
		Description: "With realised once its hours have passed and it is settled, and with the decisions that it supersedes or that supersede it in history.",
	}, s.getDecision)
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/decisions/{id}/explanation", OperationID: "explanation", Tags: []string{openapi.TagDecisions}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "A decision in plain words",
		Description: "The sentences are rendered from the codes and figures of the decision.",
	}, s.explainDecision)
}

func (s *server) listDecisions(ctx context.Context, in *decisionsInput) (*huma.StreamResponse, error) {
	filters := params.FilterPrint("decisions", in.Meter, in.Group, in.About, in.Action, in.Reason, strconv.FormatBool(in.InForce), in.Mode, in.Status, in.Verdict, in.From, in.To, in.Sort)
	after, err := params.DecodeCursor[reader.DecisionPlace](filters, in.Cursor)
	if err != nil {
		return nil, err
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	q, err := s.decisionQuery(ctx, in, now)
	if err != nil {
		return nil, err
	}
	if in.Format != "json" {
		return s.decisionFile(ctx, in, q, now)
	}
	if err := s.affordDecisions(ctx, in, &q); err != nil {
		return nil, err
	}
	q.After, q.Limit = after, in.Limit+1
	titles := make(map[uuid.UUID]string, q.Limit)
	rows, err := s.db.ListEachDecision(ctx, q, func(d *decisions.Row) { titles[d.ID] = s.titleOf(d) })
	if err != nil {
		return nil, s.failed(ctx, "list decisions", err)
	}
	data, page, err := pageOf(rows, in.Limit, filters, reader.PlaceOf,
		func(d decisions.Row) DecisionHeader { return s.titledHeader(&d, now, titles[d.ID]) })
	if err != nil {
		return nil, s.failed(ctx, "list decisions", err)
	}
	meta := Meta{TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	return jsonOrFile(decisionList{Answer[[]DecisionHeader]{Data: data, Page: page, Meta: meta}}), nil
}

// affordDecisions counts the rows of the list, and where it is sorted by what no index
// has, or filtered, all decisions of its range.
func (s *server) affordDecisions(ctx context.Context, in *decisionsInput, q *reader.DecisionList) error {
	rows := in.Limit * rowOfList
	plain := q.Order == reader.NewestFirst && in.Action == "" && in.Reason == "" && in.Status == "" && in.About == "" && in.Verdict == "" && !q.Shadow
	if !plain || q.GroupNo != nil {
		size, err := s.area(ctx)
		if err != nil {
			return err
		}
		if q.MeterNo != nil {
			size = area{meters: 1}
		}
		rows += daysOf(q.To-q.From) * (size.meters + size.groups)
	}
	return s.afford(ctx, rows, "from", "ask for a shorter range, a meter, or fewer rows")
}

var decisionOrders = map[string]reader.DecisionOrder{"-savingP50": reader.ByWorth, "-risk": reader.ByRiskAndWorth}

// decisionQuery translates names and times of a request.
func (s *server) decisionQuery(ctx context.Context, in *decisionsInput, now meter.Hour) (reader.DecisionList, error) {
	q := reader.DecisionList{About: in.About, InForce: in.InForce, Status: in.Status, Feedback: in.Verdict, Now: now, Order: decisionOrders[in.Sort], Shadow: in.Mode == string(dsm.ModeShadow)}
	w, err := s.times(now).Range(in.From, in.To, "now-7d", "now+1h")
	if err != nil {
		return q, err
	}
	q.From, q.To = w.From, w.To
	if in.Meter != "" {
		m, err := s.findMeter(ctx, in.Meter)
		if err != nil {
			return q, asFilter("meter", err)
		}
		q.MeterNo = &m.MeterNo
	}
	if in.Group != "" {
		g, err := s.findGroup(ctx, in.Group)
		if err != nil {
			return q, asFilter("group", err)
		}
		q.GroupNo = &g.GroupNo
	}
	return q, decisionCodes(in, &q)
}

// decisionCodes reads the names of an action and a reason.
func decisionCodes(in *decisionsInput, q *reader.DecisionList) error {
	switch in.Action {
	case "":
	case "any":
		q.Planned = true
	default:
		a, err := dsm.ParseAction(in.Action)
		if err != nil {
			return problem.Invalid("action", err.Error())
		}
		q.Action = &a
	}
	if in.Reason != "" {
		r, err := dsm.ParseReason(in.Reason)
		if err != nil {
			return problem.Invalid("reason", err.Error())
		}
		q.Reason = &r
	}
	return nil
}

// asFilter turns the 404 of a path into the 422 of a query parameter.
func asFilter(field string, err error) error {
	var p *problem.Problem
	if errors.As(err, &p) && p.Status == http.StatusNotFound {
		return problem.New(http.StatusUnprocessableEntity, p.Code, field, p.Detail)
	}
	return err
}

func (s *server) findDecision(ctx context.Context, text string) (decisions.Row, decisions.Provenance, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return decisions.Row{}, decisions.Provenance{}, problem.Invalid("id", fmt.Sprintf("%q is no UUID", text))
	}
	d, made, err := s.db.DecisionByID(ctx, id)
	if errors.Is(err, reader.ErrNotFound) {
		return d, made, problem.NotFound(problem.CodeUnknownDecision, "there is no decision "+id.String())
	}
	if err != nil {
		return d, made, s.failed(ctx, "find a decision", err)
	}
	return d, made, nil
}

func (s *server) getDecision(ctx context.Context, in *decisionPath) (*output[Decision], error) {
	d, made, err := s.findDecision(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	history, err := s.db.DecisionHistory(ctx, &d)
	if err != nil {
		return nil, s.failed(ctx, "find what a decision revises", err)
	}
	view := s.decisionView(d, made, history, now)
	if view.Realised, err = s.realised(ctx, &d); err != nil {
		return nil, err
	}
	by, err := s.contributions(ctx, &d)
	if err != nil {
		return nil, err
	}
	view.Contributors = contributorsView(by)
	if view.Feedback, err = s.feedbackOf(ctx, d.ID); err != nil {
		return nil, err
	}
	meta := Meta{TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	return &output[Decision]{Body: Answer[Decision]{Data: view, Meta: meta}}, nil
}

// realised is the outcome of a decision, nil while that is not known.
func (s *server) realised(ctx context.Context, d *decisions.Row) (*Realised, error) {
	r, known, err := s.db.SettledOf(ctx, d)
	if err != nil {
		return nil, s.failed(ctx, "find the outcome of a decision", err)
	}
	if !known {
		return nil, nil
	}
	method := "simulated"
	if r.Method == decisions.SettledEstimated {
		method = "estimated"
	}
	return &Realised{
		Method: method, SavingEnergy: maybe32(r.SavingEnergy), SavingDemand: maybe32(r.SavingDemand), KWhShifted: maybe32(r.KWhShifted),
		KWReduction: maybe32(r.KWReduction), CO2Kg: maybe32(r.CO2Kg),
	}, nil
}

func (s *server) explainDecision(ctx context.Context, in *decisionPath) (*output[Explanation], error) {
	d, _, err := s.findDecision(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	by, err := s.contributions(ctx, &d)
	if err != nil {
		return nil, err
	}
	words := s.explain(d, by)
	e := Explanation{
		ID: d.ID.String(), Title: words.Title, Instruction: words.Instruction, Why: words.Why, Worth: words.Worth,
		Factors: remarks(words.Factors), Constraints: remarks(words.Constraints), Alternatives: remarks(words.Alternatives),
	}
	meta := Meta{TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	return &output[Explanation]{Body: Answer[Explanation]{Data: e, Meta: meta}}, nil
}

// mostContributors is how many meters a decision about a group names.
const mostContributors = 10

// contributions are those to a decision about a group that acts; none of others.
func (s *server) contributions(ctx context.Context, d *decisions.Row) (dsm.Contributions, error) {
	if d.Meter != "" || d.Action == dsm.ActionNone {
		return dsm.Contributions{}, nil
	}
	by, err := s.db.Contributions(ctx, d, mostContributors)
	if err != nil {
		return by, s.failed(ctx, "find who contributes to a decision", err)
	}
	return by, nil
}

// explain puts a decision into words, in the twin's zone and currency.
func (s *server) explain(d decisions.Row, by dsm.Contributions) dsm.Explanation {
	return dsm.Explain(d.Decision, by, s.calendar, s.twin.Processor.Policy.Tariff.Currency)
}

// titleOf is the title of the explanation alone.
func (s *server) titleOf(d *decisions.Row) string {
	return dsm.Title(d.Decision, s.calendar, s.twin.Processor.Policy.Tariff.Currency)
}

func remarks(in []dsm.Remark) []Remark {
	out := make([]Remark, len(in))
	for i, r := range in {
		out[i] = Remark(r)
	}
	return out
}
