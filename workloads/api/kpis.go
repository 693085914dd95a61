package api

import (
	"context"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

type kpisInput struct {
	From  string `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Default now-7d, and by day or month the start of its period" example:"now-30d"`
	To    string `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Exclusive; default now"`
	Meter string `query:"meter" maxLength:"128" doc:"Only this meter"`
	Group string `query:"group" maxLength:"128" doc:"Only this group; the whole twin without a meter and a group"`
	By    string `query:"by" enum:"none,day,month" default:"none" doc:"One period, or one for each day or month of the twin's calendar; those that the range cuts off are partial"`
	Each  string `query:"groupBy" enum:"none,meter" default:"none" doc:"meter: those of each meter, in a file"`

	Format string `query:"format" enum:"json,csv,ndjson,parquet" default:"json" doc:"A file has the fields of a period as columns, with promised and realised spread out, after scope and id"`
}

func (s *server) kpiOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/kpis", OperationID: "kpis", Tags: []string{openapi.TagTwin}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Key figures of the twin, a group or a meter: energy, cost, peak, emissions, and promised and realised savings",
		Description: "Plans count once their hours have passed and they are settled, in the period in which their hours begin; settledDays of days shows how many days that is. They are those about meters: the plan of a group is the sum of those of its meters.",
		Responses:   fileResponses(api, reflect.TypeFor[Answer[KPIs]]()),
	}, s.kpis)
}

func (s *server) kpis(ctx context.Context, in *kpisInput) (*huma.StreamResponse, error) {
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.times(now).Range(in.From, in.To, "now-7d", "now")
	if err != nil {
		return nil, err
	}
	if in.From == "" {
		w.From = s.periodStart(w.From, in.By)
	}
	view := KPIs{Scope: "twin", ID: "total", Currency: s.twin.Processor.Policy.Tariff.Currency}
	scope, err := s.scope(ctx, in, &view)
	if err != nil {
		return nil, err
	}
	if in.Format != "json" {
		return s.kpiFile(ctx, in, view, scope, w, now)
	}
	if in.Each != "none" {
		return nil, problem.Invalid("groupBy", "key figures of each meter come as a file; ask with format=csv, ndjson or parquet")
	}
	if err := s.affordKPIs(ctx, scope, w); err != nil {
		return nil, err
	}
	partial, err := s.fillKPIs(ctx, in, &view, scope, w, now)
	if err != nil {
		return nil, err
	}
	if view.Feedback, err = s.feedbackFigures(ctx, scope, w); err != nil {
		return nil, err
	}
	meta := Meta{Step: map[string]string{"day": "1d", "month": "1mo"}[in.By], TZ: s.twin.Timezone, AsOf: asOf(now, known), Partial: partial || w.To > now}
	return jsonOrFile(Answer[KPIs]{Data: view, Meta: meta}), nil
}

// fillKPIs computes the periods of a view. It reports whether one of them is partial.
func (s *server) fillKPIs(ctx context.Context, in *kpisInput, view *KPIs, scope reader.Scope, w params.HourRange, now meter.Hour) (partial bool, err error) {
	ledger, err := s.tariff(ctx)
	if err != nil {
		return false, err
	}
	periods := s.periods(w, in.By, ledger)
	if err := s.fillPeriods(ctx, periods, scope, params.HourRange{From: w.From, To: min(w.To, now)}, now); err != nil {
		return false, s.failed(ctx, "read key figures", err)
	}
	view.Periods = make([]KPIPeriod, len(periods))
	for i, p := range periods {
		view.Periods[i] = p.view(ledger, scope.MeterNo != nil && in.By != "day")
		partial = partial || p.partial()
	}
	return partial, nil
}

// affordKPIs counts the hours of the load and the plans of each day: those of one meter,
// or the sums of groups.
func (s *server) affordKPIs(ctx context.Context, scope reader.Scope, w params.HourRange) error {
	size, err := s.area(ctx)
	if err != nil {
		return err
	}
	series := size.groups + 1
	if scope.MeterNo != nil || scope.GroupNo != nil {
		series = 1
	}
	return s.afford(ctx, (w.Hours()+daysOf(w.To-w.From))*series, "from", "ask for a shorter range, or for groups or meters")
}

// scope finds the meter or the group that is asked for, and names it in the view.
func (s *server) scope(ctx context.Context, in *kpisInput, view *KPIs) (scope reader.Scope, err error) {
	switch {
	case in.Meter != "" && in.Group != "":
		return scope, problem.Invalid("group", "ask for a meter or for a group, not for both")
	case in.Meter != "":
		m, err := s.findMeter(ctx, in.Meter)
		if err != nil {
			return scope, asFilter("meter", err)
		}
		view.Scope, view.ID, scope.MeterNo = "meter", m.Name, &m.MeterNo
	case in.Group != "":
		g, err := s.findGroup(ctx, in.Group)
		if err != nil {
			return scope, asFilter("group", err)
		}
		view.Scope, view.ID, scope.GroupNo = "group", g.Name, &g.GroupNo
	}
	return scope, nil
}

// fillPeriods reads loads and realised savings, up to the twin's now: the
// newest hour may still lack meters.
func (s *server) fillPeriods(ctx context.Context, periods []*period, scope reader.Scope, w params.HourRange, now meter.Hour) error {
	if w.From >= w.To {
		return nil
	}
	q := reader.OutcomeQuery{Scope: scope, From: w.From, To: w.To, Now: now, Unit: periods[0].unit, Zone: s.twin.Timezone}
	outcomes, err := s.db.Outcomes(ctx, q)
	if err != nil {
		return err
	}
	byDate := map[string]reader.Outcomes{}
	for i := range outcomes {
		byDate[keyOf(s.calendar, outcomes[i].Start)] = outcomes[i]
	}
	hours, err := s.db.MeteredHours(ctx, scope, w.From, w.To)
	if err != nil {
		return err
	}
	for _, p := range periods {
		p.plans = byDate[p.key]
		n := 0
		for n < len(hours) && hours[n].Hour < p.to {
			p.count(hours[n])
			n++
		}
		hours = hours[n:]
	}
	return nil
}
