package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// Limits on the points of one answer.
const (
	maxSeries = 50

	// overSampling is how many more buckets than points are read: enough for the
	// downsampling to keep the shape, and a bound on the work.
	overSampling = 4
)

// HistoryParams are the parameters of every history.
type HistoryParams struct {
	From      string `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt].+)?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"RFC 3339, or relative to the twin's now; default now-7d, and with a step of 1d, 1w or 1mo the start of its bucket" example:"now-7d"`
	To        string `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt].+)?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Exclusive; default now" example:"now"`
	Step      string `query:"step" enum:"auto,1h,2h,3h,6h,12h,1d,1w,1mo" default:"auto" doc:"Length of a bucket; auto is the shortest that maxPoints allows. Hours count from the start of the range; days, weeks from Monday and months are those of tz"`
	Agg       string `query:"agg" enum:"sum,mean,min,max" default:"sum" doc:"How the hours of a bucket become one value"`
	TZ        string `query:"tz" maxLength:"64" pattern:"^[A-Za-z0-9_+/-]+$" patternDescription:"an IANA zone such as Europe/London" example:"Europe/London" doc:"IANA zone in which buckets begin; default the twin's"`
	Fill      string `query:"fill" enum:"null,none" default:"null" doc:"null: a bucket without readings has the value null; none: it is left out"`
	MaxPoints int    `query:"maxPoints" minimum:"2" maximum:"10000" default:"1000" doc:"Most points of a series. More buckets, up to 4 times as many, are thinned out so that the line keeps its shape (LTTB)"`
	Format    string `query:"format" enum:"json,csv" default:"json" doc:"csv: columns key, at, kwh, hours, partial"`
}

type meterHistoryInput struct {
	MeterPath
	HistoryParams
}

type historyInput struct {
	HistoryParams
	GroupBy string `query:"groupBy" enum:"none,group,meter" default:"none" doc:"One series in all, or one a group or meter; at most 50"`
	Group   string `query:"group" maxLength:"128" doc:"Only this group"`
}

func (s *server) historyOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/meters/{id}/history", OperationID: "meterHistory", Tags: []string{openapi.TagMeters}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Readings of a meter, in buckets",
		Description: "Hours without a reading, or with a suspect one, are gaps. Buckets that are no whole day, week or month are marked as partial.", Responses: csvResponse(api),
	}, s.meterHistory)
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/history", OperationID: "history", Tags: []string{openapi.TagMeters}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Load of the whole twin, of groups, or of all meters, in buckets",
		Description: "One series for the twin, or with groupBy one for each group or meter. Long answers are streamed, without an ETag.", Responses: csvResponse(api),
	}, s.history)
}

func (s *server) meterHistory(ctx context.Context, in *meterHistoryInput) (*huma.StreamResponse, error) {
	m, err := s.findMeter(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.answerHistory(ctx, in.HistoryParams, []source{s.ofMeter(m)})
}

func (s *server) history(ctx context.Context, in *historyInput) (*huma.StreamResponse, error) {
	sources, err := s.sources(ctx, in)
	if err != nil {
		return nil, err
	}
	return s.answerHistory(ctx, in.HistoryParams, sources)
}

// source is where one series comes from.
type source struct {
	key        string
	rowsOfHour int // that an hour of it is read from
	read       func(context.Context, reader.SeriesQuery) ([]reader.Point, error)

	meter *reader.Meter // nil where several meters add up: suspect readings are no part of a sum
}

func (s *server) ofMeter(m reader.Meter) source {
	return source{key: m.Name, rowsOfHour: 1, meter: &m, read: func(ctx context.Context, q reader.SeriesQuery) ([]reader.Point, error) {
		return s.db.MeterSeries(ctx, m.MeterNo, q)
	}}
}

func (s *server) ofGroup(g reader.Group) source {
	return source{key: g.Name, rowsOfHour: 1, read: func(ctx context.Context, q reader.SeriesQuery) ([]reader.Point, error) {
		return s.db.GroupSeries(ctx, g.GroupNo, q)
	}}
}

// sources are the series that a request asks for.
func (s *server) sources(ctx context.Context, in *historyInput) ([]source, error) {
	switch {
	case in.GroupBy == "meter":
		return s.everyMeter(ctx, in.Group)
	case in.Group != "":
		g, err := s.findGroup(ctx, in.Group)
		if err != nil {
			return nil, asFilter("group", err)
		}
		return []source{s.ofGroup(g)}, nil
	case in.GroupBy == "group":
		return s.everyGroup(ctx)
	}
	size, err := s.area(ctx)
	if err != nil {
		return nil, err
	}
	return []source{{key: "total", rowsOfHour: size.groups + 1, read: s.db.TwinSeries}}, nil
}

func (s *server) everyMeter(ctx context.Context, group string) ([]source, error) {
	f := reader.MeterFilter{Limit: maxSeries + 1}
	if group != "" {
		if _, err := s.findGroup(ctx, group); err != nil {
			return nil, asFilter("group", err)
		}
		f.Group = &group
	}
	meters, err := s.db.Meters(ctx, f)
	if err != nil {
		return nil, s.failed(ctx, "list meters", err)
	}
	if len(meters) > maxSeries {
		return nil, tooManySeries("choose a smaller group, or ask for single meters")
	}
	out := make([]source, len(meters))
	for i, m := range meters {
		out[i] = s.ofMeter(m)
	}
	return out, nil
}

func (s *server) everyGroup(ctx context.Context) ([]source, error) {
	groups, err := s.db.Groups(ctx)
	if err != nil {
		return nil, s.failed(ctx, "list groups", err)
	}
	if len(groups) > maxSeries {
		return nil, tooManySeries("ask for single groups")
	}
	out := make([]source, len(groups))
	for i, g := range groups {
		out[i] = s.ofGroup(g)
	}
	return out, nil
}

func tooManySeries(fix string) *problem.Problem {
	return problem.New(http.StatusUnprocessableEntity, problem.CodeTooManyPoints, "groupBy",
		fmt.Sprintf("there are more than %d series; %s", maxSeries, fix))
}

// answerHistory checks what is asked for. The series are read while they are sent.
func (s *server) answerHistory(ctx context.Context, in HistoryParams, sources []source) (*huma.StreamResponse, error) {
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	window, err := s.times(now).Range(in.From, in.To, "now-7d", "now")
	if err != nil {
		return nil, err
	}
	q, step, err := seriesQuery(in, window, s.twin.Timezone)
	if err != nil {
		return nil, err
	}
	if in.From == "" {
		q.From = buckets{q}.startOf(q.From)
	}
	if err := s.affordHistory(ctx, in, q, sources); err != nil {
		return nil, err
	}
	h := &history{server: s, params: in, query: q, sources: sources, meta: Meta{
		Unit: "kWh", Step: step, TZ: q.Zone, AsOf: asOf(now, known), Partial: window.To > now,
	}}
	return &huma.StreamResponse{Body: h.stream}, nil
}

// affordHistory counts the points of the answer, and the hours that are read.
func (s *server) affordHistory(ctx context.Context, in HistoryParams, q reader.SeriesQuery, sources []source) error {
	points := min(buckets{q}.count(), in.MaxPoints)
	if n := points * len(sources); n > mostPoints {
		return problem.New(http.StatusUnprocessableEntity, problem.CodeTooManyPoints, "maxPoints", fmt.Sprintf(
			"%d series of %d points each are %d, and one answer has at most %d; ask for maxPoints=%d, a longer step, a shorter range or fewer series",
			len(sources), points, n, mostPoints, mostPoints/len(sources)))
	}
	rows := 0
	for _, from := range sources {
		rows += int(q.To-q.From) * from.rowsOfHour
	}
	return s.afford(ctx, rows, "from", "ask for a shorter range or fewer series")
}

// maxSuspects is how many suspect readings of a meter an answer lists.
const maxSuspects = 1_000

// suspects are the suspect readings of a meter in the range of a query.
func (s *server) suspects(ctx context.Context, m reader.Meter, q reader.SeriesQuery) ([]Reading, error) {
	found, err := s.db.Suspects(ctx, m.MeterNo, q.From, q.To, maxSuspects)
	if err != nil {
		return nil, s.failed(ctx, "read suspect readings", err)
	}
	var out []Reading
	for _, r := range found {
		out = append(out, Reading{At: r.Hour.Time(), KWh: r.KWh})
	}
	return out, nil
}

// step is a length of buckets; hours is the least that one has.
type step struct {
	name  string
	unit  reader.Unit
	hours int
}

func steps() []step {
	return []step{
		{"1h", reader.Hours, 1}, {"2h", reader.Hours, 2}, {"3h", reader.Hours, 3},
		{"6h", reader.Hours, 6}, {"12h", reader.Hours, 12},
		{"1d", reader.Days, 23}, {"1w", reader.Weeks, 167}, {"1mo", reader.Months, 28 * 24},
	}
}

// seriesQuery checks the step, or chooses the shortest that the points allow.
func seriesQuery(in HistoryParams, w params.HourRange, twinZone string) (reader.SeriesQuery, string, error) {
	q := reader.SeriesQuery{
		From: w.From, To: w.To, Zone: in.TZ, Aggregate: reader.Aggregate(in.Agg),
	}
	if in.Agg == "mean" {
		q.Aggregate = reader.Average
	}
	if q.Zone == "" {
		q.Zone = twinZone
	}
	if _, err := time.LoadLocation(q.Zone); err != nil || q.Zone == "Local" {
		return q, "", problem.Invalid("tz", fmt.Sprintf("time zone %q is unknown; use an IANA name such as Europe/London", q.Zone))
	}
	for _, s := range steps() {
		fits := w.Hours() <= s.hours*overSampling*in.MaxPoints
		longest := s.unit == reader.Months
		if s.name != in.Step && (in.Step != "auto" || !fits && !longest) {
			continue
		}
		if !fits && in.Step != "auto" { // a range has few months: they are thinned to any number
			return q, "", tooManyBuckets(s.name, in.MaxPoints)
		}
		q.Unit, q.MaxPoints = s.unit, w.Hours()/s.hours+2 // the first and the last one may be cut off
		if s.unit == reader.Hours {
			q.Hours = s.hours
		}
		return q, s.name, nil
	}
	return q, "", tooManyBuckets("1mo", in.MaxPoints)
}

func tooManyBuckets(step string, points int) *problem.Problem {
	return problem.New(http.StatusUnprocessableEntity, problem.CodeTooManyPoints, "step", fmt.Sprintf(
		"steps of %s make more than %d buckets, which is %d times maxPoints; ask for a longer step, a shorter range or more points",
		step, overSampling*points, overSampling))
}
