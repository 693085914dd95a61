package api

import (
	"context"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/table"
)

// forecastReach is how far back the newest forecast is looked for: a twin that
// issued nothing for 8 days has none in force.
const forecastReach = 8 * 24

// ForecastsParams are the parameters of a list of forecasts.
type ForecastsParams struct {
	IssuedAt string `query:"issuedAt" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"The newest forecast issued at or before this time; not together with from and to" example:"now"`
	From     string `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Forecasts issued from here on; default now-7d"`
	To       string `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Forecasts issued before here; default now+1h"`
	DayAhead bool   `query:"dayAhead" doc:"Only day-ahead forecasts: those issued at the issue time of the twin"`
	Limit    int    `query:"limit" minimum:"1" maximum:"400" default:"10" doc:"Newest first"`
	Cursor   string `query:"cursor" maxLength:"1000" format:"base64url" doc:"page.nextCursor of the answer before"`
}

type forecastsInput struct {
	MeterPath
	ForecastsParams
}

type groupForecastsInput struct {
	GroupPath
	ForecastsParams
}

type allForecastsInput struct {
	From     string `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Forecasts issued from here on; default now-7d" example:"now-7d"`
	To       string `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Forecasts issued before here; default now+1h"`
	Group    string `query:"group" maxLength:"128" doc:"Only meters of this group"`
	DayAhead bool   `query:"dayAhead" doc:"Only day-ahead forecasts: those issued at the issue time of the twin"`
	Format   string `query:"format" enum:"csv,ndjson,parquet" default:"csv" doc:"Columns: meter, issuedAt, dayAhead, model, at, p10Kwh, p50Kwh, p90Kwh"`
}

func (s *server) forecastOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/forecasts", OperationID: "forecasts", Tags: []string{openapi.TagMeters}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Forecasts of all meters as a file",
		Description: "A row for each hour of each forecast that was issued in a range of time, oldest issue first. The file is streamed, whatever its length.",
		Responses:   fileResponses(api, nil),
	}, s.allForecasts)
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/meters/{id}/forecasts", OperationID: "meterForecasts", Tags: []string{openapi.TagMeters}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Forecasts of a meter, newest first",
		Description: "Each issue is kept. Give from and to for those that were issued in a range, or issuedAt for the newest one of a time.",
	}, s.meterForecasts)
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/groups/{id}/forecasts", OperationID: "groupForecasts", Tags: []string{openapi.TagGroups}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Forecasts of the load of a group as a whole, newest first",
		Description: "They are made from the sums of the group's meters, so that their quantiles are those of the sum. The medians of the meters add up to another value: see p50SumKwh of the group's load.",
	}, s.groupForecasts)
}

func (s *server) meterForecasts(ctx context.Context, in *forecastsInput) (*output[[]Forecast], error) {
	m, err := s.findMeter(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	read := func(w params.HourRange, limit int) ([]twin.Forecast, error) {
		return s.db.MeterForecasts(ctx, m.MeterNo, w.From, w.To, in.DayAhead, limit)
	}
	return listForecasts(ctx, s, "forecasts", in.ID, &in.ForecastsParams, read, func(f twin.Forecast) meter.Hour { return f.IssuedAt }, forecastView)
}

func (s *server) groupForecasts(ctx context.Context, in *groupForecastsInput) (*output[[]GroupForecast], error) {
	g, err := s.findGroup(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	read := func(w params.HourRange, limit int) ([]twin.GroupForecast, error) {
		return s.db.GroupForecasts(ctx, g.GroupNo, w.From, w.To, in.DayAhead, limit)
	}
	return listForecasts(ctx, s, "group forecasts", in.ID, &in.ForecastsParams, read, func(f twin.GroupForecast) meter.Hour { return f.IssuedAt }, groupForecastView)
}

// listForecasts answers with a page of what read returns for a range of issue times,
// newest first, at most limit.
func listForecasts[Row, View any](ctx context.Context, s *server, kind, id string, in *ForecastsParams,
	read func(w params.HourRange, limit int) ([]Row, error), issued func(Row) meter.Hour, view func(Row) View,
) (*output[[]View], error) {
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	w, limit, err := s.issueRange(in, now)
	if err != nil {
		return nil, err
	}
	filters := params.FilterPrint(kind, id, in.IssuedAt, in.From, in.To, strconv.FormatBool(in.DayAhead))
	after, err := params.DecodeCursor[meter.Hour](filters, in.Cursor)
	if err != nil {
		return nil, err
	}
	if after != nil {
		w.To = min(w.To, *after) // newest first: what follows was issued before
	}
	extra := 1
	if in.IssuedAt != "" {
		extra = 0 // one was asked for, older ones are no next page
	}
	if err := s.afford(ctx, limit*rowOfList, "limit", "ask for fewer forecasts"); err != nil {
		return nil, err
	}
	rows, err := read(w, limit+extra)
	if err != nil {
		return nil, s.failed(ctx, "read "+kind, err)
	}
	data, page, err := pageOf(rows, limit, filters, issued, view)
	if err != nil {
		return nil, s.failed(ctx, "read "+kind, err)
	}
	meta := Meta{Unit: "kWh", Step: "1h", TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	return &output[[]View]{Body: Answer[[]View]{Data: data, Page: page, Meta: meta}}, nil
}

// forecastRow is one hour of a forecast of a meter as a row of a file.
type forecastRow struct {
	Meter    string    `json:"meter"`
	IssuedAt time.Time `json:"issuedAt"`
	DayAhead bool      `json:"dayAhead"`
	Model    string    `json:"model"`
	At       time.Time `json:"at"`
	P10      *float32  `json:"p10Kwh"`
	P50      *float32  `json:"p50Kwh"`
	P90      *float32  `json:"p90Kwh"`
}

// forecastsOfPage is how many forecasts are read at once for a file.
const forecastsOfPage = 500

func (s *server) allForecasts(ctx context.Context, in *allForecastsInput) (*huma.StreamResponse, error) {
	now, _, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.times(now).Range(in.From, in.To, "now-7d", "now+1h")
	if err != nil {
		return nil, err
	}
	var group *int32
	if in.Group != "" {
		g, err := s.findGroup(ctx, in.Group)
		if err != nil {
			return nil, asFilter("group", err)
		}
		group = &g.GroupNo
	}
	meters, err := s.db.MeterNames(ctx, in.Group)
	if err != nil {
		return nil, s.failed(ctx, "list meters", err)
	}
	names := make(map[int32]string, len(meters))
	for _, m := range meters {
		names[m.MeterNo] = m.Name
	}
	fill := func(ctx context.Context, write func(row any) error) error {
		var after *reader.ForecastPlace
		for {
			page, err := s.db.AllForecasts(ctx, group, w.From, w.To, in.DayAhead, after, forecastsOfPage)
			if err != nil {
				return s.failed(ctx, "read forecasts", err)
			}
			for i := range page {
				if err := writeForecast(&page[i], names[page[i].MeterNo], write); err != nil {
					return err
				}
			}
			if len(page) < forecastsOfPage {
				return nil
			}
			last := &page[len(page)-1]
			after = &reader.ForecastPlace{IssuedAt: last.IssuedAt, MeterNo: last.MeterNo, Model: last.Model}
		}
	}
	// Every hour of a day-ahead forecast, and about as many of those that were issued again.
	rows := w.Hours() * len(meters) * 2
	return s.download(ctx, rows, &file{name: s.fileName(nameWith("forecasts", in.Group), w), format: table.Format(in.Format), row: reflect.TypeFor[forecastRow](), fill: fill})
}

func writeForecast(f *twin.Forecast, meterName string, write func(row any) error) error {
	view := forecastView(*f)
	for _, p := range view.Points {
		row := forecastRow{Meter: meterName, IssuedAt: view.IssuedAt, DayAhead: view.DayAhead, Model: view.Model, At: p.At, P10: p.P10, P50: p.P50, P90: p.P90}
		if err := write(row); err != nil {
			return err
		}
	}
	return nil
}

// issueRange is the range of issue times that a request asks for.
func (s *server) issueRange(in *ForecastsParams, now meter.Hour) (params.HourRange, int, error) {
	if in.IssuedAt == "" {
		w, err := s.times(now).Range(in.From, in.To, "now-7d", "now+1h")
		return w, in.Limit, err
	}
	if in.From != "" || in.To != "" {
		return params.HourRange{}, 0, problem.Invalid("issuedAt", "give issuedAt, or from and to, but not both")
	}
	at, err := s.times(now).Parse("issuedAt", in.IssuedAt)
	if err != nil {
		return params.HourRange{}, 0, err
	}
	h := meter.HourOf(at)
	return params.HourRange{From: h - forecastReach, To: h + 1}, 1, nil
}

func forecastView(f twin.Forecast) Forecast {
	view := Forecast{IssuedAt: f.IssuedAt.Time(), DayAhead: f.DayAhead, Model: f.Model, Points: make([]ForecastPoint, len(f.P50))}
	for i := range f.P50 {
		view.Points[i] = ForecastPoint{
			At:  (f.IssuedAt + meter.Hour(i)).Time(),
			P10: maybe32(f.P10[i]), P50: maybe32(f.P50[i]), P90: maybe32(f.P90[i]),
		}
	}
	return view
}

func groupForecastView(f twin.GroupForecast) GroupForecast {
	view := GroupForecast{IssuedAt: f.IssuedAt.Time(), DayAhead: f.DayAhead, Model: f.Model, Points: make([]GroupForecastPoint, len(f.P50))}
	for i := range f.P50 {
		view.Points[i].ForecastPoint = ForecastPoint{
			At:  (f.IssuedAt + meter.Hour(i)).Time(),
			P10: maybe32(f.P10[i]), P50: maybe32(f.P50[i]), P90: maybe32(f.P90[i]),
		}
	}
	l := f.Limit
	if l == nil {
		return view
	}
	view.CapacityKW = maybe32(l.CapacityKW)
	for i := range view.Points {
		p := &view.Points[i]
		p.ExceedBefore, p.ExceedAfter = maybe32(l.ProbabilityBefore[i]), maybe32(l.ProbabilityAfter[i])
		p.ExcessBefore, p.ExcessAfter = maybe32(l.ExcessBefore[i]), maybe32(l.ExcessAfter[i])
	}
	return view
}

// horizon is the most hours that a forecast covers.
const horizon = meter.Hour(forecast.MaxHorizon)
