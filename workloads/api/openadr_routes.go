package api

import (
	"context"
	"errors"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openadr"
	"github.com/energytwin/energytwin/workloads/api/openapi"
)

const pathOpenADREvents = "/api/v1/openadr/events"

type openADRInput struct {
	Program string   `query:"programID" enum:"prices,limits,plans" doc:"Only events of this program"`
	Targets []string `query:"targets,explode" maxItems:"50" doc:"Only events about these meters or groups, or about all"`
	Skip    int      `query:"skip" minimum:"0" maximum:"10000" default:"0" doc:"Events that are left out"`
	Limit   int      `query:"limit" minimum:"1" maximum:"50" default:"50" doc:"Most events of an answer"`
}

type openADRPrograms struct{ Body []openadr.Program }

type openADREvents struct{ Body []openadr.Event }

func (s *server) openADROperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/openadr/programs", OperationID: "openADRPrograms", Tags: []string{openapi.TagOpenADR}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Programs, as OpenADR 3.1 has them",
		Description: "One for prices, one for the limits of groups, and one for plans. The answer is a list, as that protocol has it.",
	}, s.openADRPrograms)
	openapi.Get(api, huma.Operation{
		Path: pathOpenADREvents, OperationID: "openADREvents", Tags: []string{openapi.TagOpenADR}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Prices, limits and plans that are in force, as events of OpenADR 3.1",
		Description: "Prices and limits of the next 24 hours, and the plans that are planned or under way, newest first. Plans are changes of load in kW against the forecast. Read only.",
	}, s.openADREvents)
}

func (s *server) openADRPrograms(ctx context.Context, _ *noInput) (*openADRPrograms, error) {
	now, _, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	return &openADRPrograms{Body: openadr.ProgramsOf(s.twin.Name, s.twin.Processor.Policy.Tariff.Currency, now.Time())}, nil
}

func (s *server) openADREvents(ctx context.Context, in *openADRInput) (*openADREvents, error) {
	now, _, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	wanted := func(e *openadr.Event) bool {
		return (in.Program == "" || in.Program == e.ProgramID) &&
			(len(in.Targets) == 0 || len(e.Targets) == 0 || slices.ContainsFunc(e.Targets, func(t string) bool { return slices.Contains(in.Targets, t) }))
	}
	ledger, err := s.tariff(ctx)
	if err != nil {
		return nil, err
	}
	events := []openadr.Event{s.priceEvent(ledger, now)}
	limits, err := s.limitEvents(ctx, now)
	if err != nil {
		return nil, err
	}
	events = slices.DeleteFunc(append(events, limits...), func(e openadr.Event) bool { return !wanted(&e) })
	if more := in.Skip + in.Limit - len(events); more > 0 && (in.Program == "" || in.Program == openadr.Plans) {
		plans, err := s.planEvents(ctx, now, in.Targets, more)
		if err != nil {
			return nil, err
		}
		events = append(events, plans...)
	}
	first := min(in.Skip, len(events))
	return &openADREvents{Body: events[first:min(first+in.Limit, len(events))]}, nil
}

// eventHours is how far ahead prices and limits are shown.
const eventHours = 24

func (s *server) priceEvent(ledger *dsm.Ledger, now meter.Hour) openadr.Event {
	hours := make([]openadr.Hour, eventHours)
	for i := range hours {
		h := now + meter.Hour(i)
		rate := rateOf(ledger, h)
		hours[i] = openadr.Hour{Start: h.Time(), Price: rate.Price, Carbon: rate.Carbon}
	}
	return openadr.PriceEvent(hours, s.twin.Processor.Policy.Tariff.Currency)
}

func (s *server) limitEvents(ctx context.Context, now meter.Hour) ([]openadr.Event, error) {
	groups, err := s.db.Groups(ctx)
	if err != nil {
		return nil, s.failed(ctx, "list groups", err)
	}
	var out []openadr.Event
	for _, g := range groups {
		if kw := s.capacity(g.Name); kw != nil {
			out = append(out, openadr.LimitEvent(g.Name, *kw, now.Time(), eventHours))
		}
	}
	return out, nil
}

// planEvents are the newest plans that are planned or under way, of some meters and groups
// or of all; at most most.
func (s *server) planEvents(ctx context.Context, now meter.Hour, targets []string, most int) ([]openadr.Event, error) {
	if err := s.afford(ctx, most*max(len(targets), 1)*rowOfList, "skip", "skip fewer events, or name fewer targets"); err != nil {
		return nil, err
	}
	q := reader.DecisionList{Planned: true, InForce: true, Status: "open", Now: now, From: now - forecastReach, To: now + 1, Limit: most}
	if len(targets) == 0 {
		return s.eventsOf(ctx, q)
	}
	var out []openadr.Event
	for _, name := range slices.Compact(slices.Sorted(slices.Values(targets))) {
		of, found, err := s.plansFor(ctx, q, name)
		if err != nil {
			return nil, err
		}
		if !found {
			continue // a client may name what this twin does not have: it has no events
		}
		events, err := s.eventsOf(ctx, of)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if e.Targets[0] == name { // and not a group below it
				out = append(out, e)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b openadr.Event) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return out[:min(most, len(out))], nil
}

// plansFor narrows a list down to what is about a meter or a group.
func (s *server) plansFor(ctx context.Context, q reader.DecisionList, name string) (reader.DecisionList, bool, error) {
	m, err := s.db.MeterByName(ctx, name, s.twin.Processor.Policy.Freshness)
	if err == nil {
		q.MeterNo = &m.MeterNo
		return q, true, nil
	}
	if !errors.Is(err, reader.ErrNotFound) {
		return q, false, s.failed(ctx, "find a meter", err)
	}
	g, err := s.db.GroupByName(ctx, name)
	if errors.Is(err, reader.ErrNotFound) {
		return q, false, nil
	}
	if err != nil {
		return q, false, s.failed(ctx, "find a group", err)
	}
	q.GroupNo, q.About = &g.GroupNo, "group"
	return q, true, nil
}

func (s *server) eventsOf(ctx context.Context, q reader.DecisionList) ([]openadr.Event, error) {
	rows, err := s.db.ListDecisions(ctx, q)
	if err != nil {
		return nil, s.failed(ctx, "list decisions", err)
	}
	out := make([]openadr.Event, len(rows))
	for i := range rows {
		p := s.openPlan(&rows[i])
		out[i] = openadr.PlanEvent(&p)
	}
	return out, nil
}

// openPlan is what a decision asks for in the hours that it holds.
func (s *server) openPlan(d *decisions.Row) openadr.Plan {
	p := openadr.Plan{
		ID: d.ID.String(), Title: s.titleOf(d), For: d.Meter, ForLimit: d.Reason == dsm.ReasonGroupLimit,
		IssuedAt: d.IssuedAt.Time(), From: d.ValidFrom.Time(),
	}
	if d.Meter == "" {
		p.For = d.Group
	}
	for i, kwh := range d.Plan {
		if d.ValidFrom+meter.Hour(i) >= d.HeldTo {
			break
		}
		p.KW = append(p.KW, rounded(float64(kwh))) // kWh of an hour are mean kW
	}
	return p
}
