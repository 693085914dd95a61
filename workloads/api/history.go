package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// Limits on the points of one answer.
const (
	defaultPoints = 1_000

	maxSeries = 50

	// overSampling is how many more buckets than points are read: enough for the
	// downsampling to keep the shape, and a bound on the work.
	overSampling = 4
)

// HistoryParams are the parameters of every history.
type HistoryParams struct {
	From      string `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"RFC 3339, or relative to the twin's now; default now-7d, and with a step of 1d, 1w or 1mo the start of its bucket" example:"now-7d"`
	To        string `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Exclusive; default now" example:"now"`
	Step      string `query:"step" enum:"auto,1h,2h,3h,6h,12h,1d,1w,1mo" default:"auto" doc:"Length of a bucket; auto is the shortest that maxPoints allows. Hours count from the start of the range; days, weeks from Monday and months are those of tz"`
	Agg       string `query:"agg" enum:"sum,mean,min,max" default:"sum" doc:"How the hours of a bucket become one value"`
	TZ        string `query:"tz" maxLength:"64" pattern:"^[A-Za-z0-9_+/-]+$" patternDescription:"an IANA zone such as Europe/London" example:"Europe/London" doc:"IANA zone in which buckets begin; default the twin's"`
	Fill      string `query:"fill" enum:"null,none" default:"null" doc:"null: a bucket without readings has the value null; none: it is left out"`
	MaxPoints int    `query:"maxPoints" minimum:"2" maximum:"10000" doc:"Most points of a series. More buckets, up to 4 times as many, are thinned out so that the line keeps its shape (LTTB). Default 1000; a file is thinned out only if it is given"`
	Known     string `query:"known" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"As it was known then: without corrections and late readings that came since. Of meters alone; default now" example:"now-1d"`
	Format    string `query:"format" enum:"json,csv,ndjson,parquet" default:"json" doc:"A file has the columns key, at, kwh, hours, partial; it is streamed, whatever its length"`
}

// thinTo is the most points of a series; 0 is as many as there are.
func (p *HistoryParams) thinTo() int {
	if p.MaxPoints == 0 && !p.isFile() {
		return defaultPoints
	}
	return p.MaxPoints
}

func (p *HistoryParams) isFile() bool { return p.Format != "json" }

type meterHistoryInput struct {
	MeterPath
	HistoryParams
}

type historyInput struct {
	HistoryParams
	GroupBy string `query:"groupBy" enum:"none,group,meter" default:"none" doc:"One series in all, or one a group or meter; at most 50, and in a file as many as there are"`
	Group   string `query:"group" maxLength:"128" doc:"Only this group"`
}

func (s *server) historyOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/meters/{id}/history", OperationID: "meterHistory", Tags: []string{openapi.TagMeters}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Readings of a meter, in buckets",
		Description: "Hours without a reading, or with a suspect one, are gaps. Buckets that are no whole day, week or month are marked as partial.", Responses: fileResponses(api, reflect.TypeFor[Answer[[]Series]]()),
	}, s.meterHistory)
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/history", OperationID: "history", Tags: []string{openapi.TagMeters}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Load of the whole twin, of groups, or of all meters, in buckets",
		Description: "One series for the twin, or with groupBy one for each group or meter. Long answers are streamed, without an ETag.", Responses: fileResponses(api, reflect.TypeFor[Answer[[]Series]]()),
	}, s.history)
}

func (s *server) meterHistory(ctx context.Context, in *meterHistoryInput) (*huma.StreamResponse, error) {
	m, err := s.findMeter(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.answerHistory(ctx, in.HistoryParams, nameWith("history", m.Name), []source{s.ofMeter(m.MeterNo, m.Name)})
}

func (s *server) history(ctx context.Context, in *historyInput) (*huma.StreamResponse, error) {
	sources, err := s.sources(ctx, in)
	if err != nil {
		return nil, err
	}
	if in.Known != "" && in.GroupBy != "meter" {
		return nil, problem.Invalid("known", "sums over meters are kept as they are now; ask for meters, with groupBy=meter or /api/v1/meters/{id}/history")
	}
	return s.answerHistory(ctx, in.HistoryParams, nameWith("history", in.Group), sources)
}

// source is where one series comes from.
type source struct {
	key        string
	rowsOfHour int // that an hour of it is read from
	read       func(context.Context, reader.SeriesQuery) ([]reader.Point, error)

	meterNo *int32 // nil where several meters add up: suspect readings are no part of a sum
}

func (s *server) ofMeter(no int32, name string) source {
	return source{key: name, rowsOfHour: 1, meterNo: &no, read: func(ctx context.Context, q reader.SeriesQuery) ([]reader.Point, error) {
		return s.db.MeterSeries(ctx, no, q)
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
		return s.everyMeter(ctx, in)
	case in.Group != "":
		g, err := s.findGroup(ctx, in.Group)
		if err != nil {
			return nil, asFilter("group", err)
		}
		return []source{s.ofGroup(g)}, nil
	case in.GroupBy == "group":
		return s.everyGroup(ctx, in)
	}
	size, err := s.area(ctx)
	if err != nil {
		return nil, err
	}
	return []source{{key: "total", rowsOfHour: size.groups + 1, read: s.db.TwinSeries}}, nil
}

func (s *server) everyMeter(ctx context.Context, in *historyInput) ([]source, error) {
	if in.Group != "" {
		if _, err := s.findGroup(ctx, in.Group); err != nil {
			return nil, asFilter("group", err)
		}
	}
	meters, err := s.db.MeterNames(ctx, in.Group)
	if err != nil {
		return nil, s.failed(ctx, "list meters", err)
	}
	if len(meters) > maxSeries && !in.isFile() {
		return nil, tooManySeries("choose a smaller group, ask for single meters, or for a file with format=csv, ndjson or parquet")
	}
	out := make([]source, len(meters))
	for i, m := range meters {
		out[i] = s.ofMeter(m.MeterNo, m.Name)
	}
	return out, nil
}

func (s *server) everyGroup(ctx context.Context, in *historyInput) ([]source, error) {
	groups, err := s.db.Groups(ctx)
	if err != nil {
		return nil, s.failed(ctx, "list groups", err)
	}
	if len(groups) > maxSeries && !in.isFile() {
		return nil, tooManySeries("ask for single groups, or for a file with format=csv, ndjson or parquet")
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
func (s *server) answerHistory(ctx context.Context, in HistoryParams, name string, sources []source) (*huma.StreamResponse, error) {
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	window, err := s.times(now).Range(in.From, in.To, "now-7d", "now")
	if err != nil {
		return nil, err
	}
	at, err := s.knownAt(in.Known, now, &window)
	if err != nil {
		return nil, err
	}
	q, step, err := seriesQuery(in, window, s.twin.Timezone)
	if err != nil {
		return nil, err
	}
	if in.From == "" {
		q.From = bucketsOf(q).startOf(q.From)
	}
	q.AsKnown = at
	h := &history{server: s, params: in, query: q, sources: sources, meta: Meta{
		Unit: "kWh", Step: step, TZ: q.Zone, AsOf: asOf(now, known), Partial: window.To > now,
	}}
	if at != nil {
		h.meta.AsOf = maybeHour(*at)
	}
	if in.isFile() {
		return s.download(ctx, h.rows(), h.file(s.fileName(name, window)))
	}
	if err := s.affordHistory(ctx, h); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: h.stream}, nil
}

// knownAt is the hour of a parameter known; nil without one. The range ends there.
func (s *server) knownAt(text string, now meter.Hour, w *params.HourRange) (*meter.Hour, error) {
	if text == "" {
		return nil, nil
	}
	at, err := s.pastHour("known", text, now)
	if err != nil {
		return nil, err
	}
	if w.To = min(w.To, at); w.From >= w.To {
		return nil, problem.Invalid("known", "nothing of the range was known then; ask for a range that begins before")
	}
	return &at, nil
}

// affordHistory counts the points of the answer, and the hours that are read.
func (s *server) affordHistory(ctx context.Context, h *history) error {
	points := min(bucketsOf(h.query).count(), h.params.thinTo())
	if n := points * len(h.sources); n > mostPoints {
		return problem.New(http.StatusUnprocessableEntity, problem.CodeTooManyPoints, "maxPoints", fmt.Sprintf(
			"%d series of %d points each are %d, and one answer has at most %d; ask for maxPoints=%d, a longer step, a shorter range, fewer series, or a file with format=csv, ndjson or parquet",
			len(h.sources), points, n, mostPoints, mostPoints/len(h.sources)))
	}
	return s.afford(ctx, h.rows(), "from", "ask for a shorter range or fewer series")
}

// maxSuspects is how many suspect readings of a meter an answer lists.
const maxSuspects = 1_000

// suspects are the suspect readings of a meter in the range of a query.
func (s *server) suspects(ctx context.Context, meterNo int32, q reader.SeriesQuery) ([]Reading, error) {
	found, err := s.db.Suspects(ctx, meterNo, q.From, q.To, maxSuspects)
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
	points := in.thinTo()
	for _, s := range steps() {
		fits := points == 0 || w.Hours() <= s.hours*overSampling*points
		longest := s.unit == reader.Months
		if s.name != in.Step && (in.Step != "auto" || !fits && !longest) {
			continue
		}
		if !fits && in.Step != "auto" { // a range has few months: they are thinned to any number
			return q, "", tooManyBuckets(s.name, points)
		}
		q.Unit, q.MaxPoints = s.unit, w.Hours()/s.hours+2 // the first and the last one may be cut off
		if s.unit == reader.Hours {
			q.Hours = s.hours
		}
		return q, s.name, nil
	}
	return q, "", tooManyBuckets("1mo", points)
}

func tooManyBuckets(step string, points int) *problem.Problem {
	return problem.New(http.StatusUnprocessableEntity, problem.CodeTooManyPoints, "step", fmt.Sprintf(
		"steps of %s make more than %d buckets, which is %d times maxPoints; ask for a longer step, a shorter range or more points",
		step, overSampling*points, overSampling))
}
