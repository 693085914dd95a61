package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

type accuracyInput struct {
	From  string `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Forecasts issued from here on; default now-8d" example:"now-30d"`
	To    string `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Forecasts issued before here; default now"`
	Of    string `query:"of" enum:"meters,groups" default:"meters" doc:"Forecasts of meters, or those of groups as a whole"`
	By    string `query:"by" enum:"none,lead,hour,weekday,day,month,meter,group,model" default:"none" doc:"One line for all; or for each number of hours ahead, hour, weekday, date or month of the twin's calendar, meter, group or model"`
	Meter string `query:"meter" maxLength:"128" doc:"Only forecasts of this meter"`
	Group string `query:"group" maxLength:"128" doc:"Only forecasts of this group, or of its meters"`
	All   bool   `query:"all" doc:"Also forecasts that were issued again within the day, or for plans. Without it those of the issue time alone"`
}

// Accuracy is how near forecasts were to the measurements.
type Accuracy struct {
	Of    string         `json:"of" enum:"meters,groups"`
	By    string         `json:"by" enum:"none,lead,hour,weekday,day,month,meter,group,model"`
	Lines []AccuracyLine `json:"lines" nullable:"false" doc:"In the order of their keys; empty if nothing can be compared"`
}

// AccuracyLine is the accuracy of the forecasts of one key.
type AccuracyLine struct {
	Key        string   `json:"key" doc:"total; hours from the issue to the hour; hour, weekday (1 is Monday), date or month (2026-01) of the twin's calendar; meter, group or model" example:"23"`
	Hours      int64    `json:"hours" doc:"Forecasts of an hour with a measurement, and with one a week before"`
	Series     int64    `json:"series" doc:"Meters or groups that these are of"`
	MAE        *float64 `json:"maeKwh" doc:"Mean absolute error of the median"`
	NaiveMAE   *float64 `json:"naiveMaeKwh" doc:"Mean absolute error of repeating the hour of a week before"`
	RelMAE     *float64 `json:"relMae" doc:"Geometric mean over meters or groups of the one over the other: below 1 is better than the week before. Null where one of them is 0 everywhere"`
	Coverage   *float64 `json:"coverage" minimum:"0" maximum:"1" doc:"Share of the hours between p10 and p90: 0.8 is right"`
	BelowP10   *float64 `json:"belowP10" minimum:"0" maximum:"1" doc:"Share of the hours at or below p10: 0.1 is right"`
	BelowP50   *float64 `json:"belowP50" minimum:"0" maximum:"1" doc:"Share of the hours at or below the median: 0.5 is right"`
	BelowP90   *float64 `json:"belowP90" minimum:"0" maximum:"1" doc:"Share of the hours at or below p90: 0.9 is right"`
	Pinball    *float64 `json:"pinballKwh" doc:"Mean loss of the quantiles 0.1, 0.5 and 0.9"`
	RelPinball *float64 `json:"relPinball" doc:"Geometric mean of that over the loss of the week before"`
}

func (s *server) accuracyOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/forecasts/accuracy", OperationID: "forecastAccuracy", Tags: []string{openapi.TagMeters}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "How near forecasts were to the measurements, by lead, hour, weekday, day, month, meter, group or model",
		Description: "Hours that are not over yet, have no measurement, or none a week before, are left out. The measures are those of energytwin backtest.",
	}, s.forecastAccuracy)
}

func (s *server) forecastAccuracy(ctx context.Context, in *accuracyInput) (*output[Accuracy], error) {
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.times(now).Range(in.From, in.To, "now-8d", "now")
	if err != nil {
		return nil, err
	}
	q := reader.AccuracyQuery{
		Groups: in.Of == "groups", From: w.From, To: w.To, Now: now, All: in.All,
		By: reader.AccuracyKey(in.By), Zone: s.twin.Timezone,
	}
	series, err := s.accuracyScope(ctx, in, &q)
	if err != nil {
		return nil, err
	}
	if err := s.afford(ctx, s.rowsOfAccuracy(in, w, series), "from", "ask for a shorter range, or for a group or a meter"); err != nil {
		return nil, err
	}
	lines := []reader.Accuracy{}
	if w.From < now {
		if lines, err = s.db.Accuracy(ctx, q); err != nil {
			return nil, s.failed(ctx, "judge forecasts", err)
		}
	}
	view := Accuracy{Of: in.Of, By: in.By, Lines: make([]AccuracyLine, len(lines))}
	for i := range lines {
		view.Lines[i] = accuracyLine(&lines[i])
	}
	meta := Meta{Unit: "kWh", TZ: s.twin.Timezone, AsOf: asOf(now, known), Partial: w.To+reader.HorizonOfAccuracy > now}
	return &output[Accuracy]{Body: Answer[Accuracy]{Data: view, Meta: meta}}, nil
}

// accuracyScope finds the meter or the group that is asked for, and how many series are
// read.
func (s *server) accuracyScope(ctx context.Context, in *accuracyInput, q *reader.AccuracyQuery) (series int, err error) {
	size, err := s.area(ctx)
	if err != nil {
		return 0, err
	}
	series = size.meters
	if q.Groups {
		series = size.groups + 1
	}
	switch {
	case in.Meter != "" && in.Group != "":
		return 0, problem.Invalid("group", "ask for a meter or for a group, not for both")
	case in.Meter != "" && q.Groups:
		return 0, problem.Invalid("meter", "ask for of=meters: a meter is no group")
	case in.By == string(reader.ByMeter) && q.Groups:
		return 0, problem.Invalid("by", "ask for of=meters: the forecast of a group as a whole has no meters")
	case in.Meter != "":
		m, err := s.findMeter(ctx, in.Meter)
		if err != nil {
			return 0, asFilter("meter", err)
		}
		q.MeterNo, series = &m.MeterNo, 1
	case in.Group != "":
		g, err := s.findGroup(ctx, in.Group)
		if err != nil {
			return 0, asFilter("group", err)
		}
		q.GroupNo, series = &g.GroupNo, g.Meters
		if q.Groups {
			series = 1
		}
	}
	return series, nil
}

// rowsOfAccuracy counts the hours of the readings that are compared, and of the forecasts.
func (s *server) rowsOfAccuracy(in *accuracyInput, w params.HourRange, series int) int {
	p := &s.twin.Processor
	horizon := max(meter.HoursPerDay, p.Horizon.Hours())
	again := p.Reissue.Meters
	if in.Of == "groups" {
		again = p.Reissue.Groups
	}
	issues := 1 // a day
	if every := again.Hours(); in.All && every > 0 {
		issues += meter.HoursPerDay / every
	}
	return series * (w.Hours() + meter.HoursPerWeek + daysOf(w.To-w.From)*issues*horizon)
}

// maybeFactor is maybe for what the database may have no value of.
func maybeFactor(v *float64) *float64 {
	if v == nil {
		return nil
	}
	return maybe(*v)
}

func accuracyLine(a *reader.Accuracy) AccuracyLine {
	return AccuracyLine{
		Key: a.Key, Hours: a.Hours, Series: a.Series, MAE: maybe(a.MAE), NaiveMAE: maybe(a.NaiveMAE), RelMAE: maybeFactor(a.RelMAE),
		Coverage: maybe(a.Coverage), BelowP10: maybe(a.BelowP10), BelowP50: maybe(a.BelowP50), BelowP90: maybe(a.BelowP90), Pinball: maybe(a.Pinball), RelPinball: maybeFactor(a.RelPinball),
	}
}
