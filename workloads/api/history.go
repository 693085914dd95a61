package api

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sort"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/timescale"
)

// Limits on the points of one answer.
const (
	defaultPoints = 1_000
	maxPoints     = 10_000
	maxSeries     = 50

	// overSampling is how many more buckets than points are read: enough for the
	// downsampling to keep the shape, and a bound on the work.
	overSampling = 4
)

// HistoryParams are the parameters of every history.
type HistoryParams struct {
	From      string `query:"from" maxLength:"64" doc:"RFC 3339, or relative to the twin's now; default now-7d" example:"now-7d"`
	To        string `query:"to" maxLength:"64" doc:"Exclusive; default now" example:"now"`
	Step      string `query:"step" enum:"auto,1h,1d,1w,1mo" default:"auto" doc:"Length of a bucket; auto is the shortest that maxPoints allows. Days, weeks and months are those of tz"`
	Agg       string `query:"agg" enum:"sum,mean,min,max" default:"sum" doc:"How the hours of a bucket become one value"`
	TZ        string `query:"tz" maxLength:"64" doc:"IANA zone in which buckets begin; default the twin's"`
	Fill      string `query:"fill" enum:"null,none" default:"null" doc:"null: a bucket without readings has the value null; none: it is left out"`
	MaxPoints int    `query:"maxPoints" minimum:"2" maximum:"10000" default:"1000" doc:"Most points of a series. More buckets, up to 4 times as many, are thinned out so that the line keeps its shape (LTTB)"`
	Format    string `query:"format" enum:"json,csv" default:"json" doc:"csv: columns key, at, kwh, hours"`
}

type meterHistoryInput struct {
	meterPath
	HistoryParams
}

type historyInput struct {
	HistoryParams
	GroupBy string `query:"groupBy" enum:"none,group,meter" default:"none" doc:"One series in all, or one a group or meter; at most 50"`
	Group   string `query:"group" maxLength:"128" doc:"Only this group"`
}

type historyOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        Answer[[]Series]
}

func (s *server) historyOperations(api huma.API) {
	get(api, huma.Operation{
		Path: "/api/v1/meters/{id}/history", OperationID: "meterHistory", Tags: []string{tagMeters}, Security: keyed(),
		Summary: "Readings of a meter, in buckets", Responses: csvResponse(api),
	}, s.meterHistory)
	get(api, huma.Operation{
		Path: "/api/v1/history", OperationID: "history", Tags: []string{tagMeters}, Security: keyed(),
		Summary: "Load of the whole twin, of groups, or of all meters, in buckets", Responses: csvResponse(api),
	}, s.history)
}

func (s *server) meterHistory(ctx context.Context, in *meterHistoryInput) (*historyOutput, error) {
	m, err := s.findMeter(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.answerHistory(ctx, in.HistoryParams, timescale.HistoryQuery{By: timescale.ByMeter, MeterNo: m.MeterNo}, m.Name)
}

func (s *server) history(ctx context.Context, in *historyInput) (*historyOutput, error) {
	q := timescale.HistoryQuery{GroupNo: timescale.AnyGroup, By: timescale.ByNothing}
	if in.Group != "" {
		g, err := s.findGroup(ctx, in.Group)
		if err != nil {
			return nil, err
		}
		q.GroupNo = g.GroupNo
	}
	switch in.GroupBy {
	case "group":
		q.By = timescale.ByGroup
	case "meter":
		q.By = timescale.ByMeter
	}
	key := in.Group
	if key == "" {
		key = "total"
	}
	return s.answerHistory(ctx, in.HistoryParams, q, key)
}

// answerHistory reads and thins out the series of q. only names the series
// where q has but one.
func (s *server) answerHistory(ctx context.Context, in HistoryParams, q timescale.HistoryQuery, only string) (*historyOutput, error) {
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	window, err := parseRange(in.From, in.To, "now-7d", "now", now.Time())
	if err != nil {
		return nil, err
	}
	b, err := chooseBuckets(in, window, s.twin.Timezone)
	if err != nil {
		return nil, err
	}
	q.From, q.To, q.Step, q.TZ, q.Agg, q.Limit = window.From, window.To, b.step, b.tz, in.Agg, maxSeries+1
	rows, err := s.db.History(ctx, q)
	if err != nil {
		return nil, s.failed(ctx, "read a history", err)
	}
	series, partial, err := b.series(rows, in, only)
	if err != nil {
		return nil, err
	}
	meta := Meta{
		Unit: "kWh", Step: b.step, TZ: b.tz, AsOf: asOf(now, known),
		Partial: partial || window.To > now,
	}
	out := &historyOutput{Body: Answer[[]Series]{Data: series, Meta: meta}}
	if in.Format == "csv" {
		out.ContentType = "text/csv; charset=utf-8"
		out.Disposition = `attachment; filename="history.csv"`
	}
	return out, nil
}

// buckets is the grid that a history lies on.
type buckets struct {
	step, tz string
	starts   []time.Time
}

// chooseBuckets checks the step, or chooses the shortest that the points allow.
func chooseBuckets(in HistoryParams, w hourRange, twinZone string) (buckets, error) {
	b := buckets{step: in.Step, tz: in.TZ}
	if b.tz == "" {
		b.tz = twinZone
	}
	loc, err := time.LoadLocation(b.tz)
	if err != nil || b.tz == "Local" {
		return b, invalid("tz", fmt.Sprintf("time zone %q is unknown; use an IANA name such as Europe/London", b.tz))
	}
	most := overSampling * in.MaxPoints
	if b.step == "auto" {
		for _, step := range []string{"1h", "1d", "1w", "1mo"} {
			b.step = step
			if b.starts = bucketStarts(w, step, loc); len(b.starts) <= most {
				return b, nil
			}
		}
	}
	b.starts = bucketStarts(w, b.step, loc)
	if len(b.starts) > most {
		return b, newProblem(http.StatusUnprocessableEntity, CodeTooManyPoints, "step", fmt.Sprintf(
			"steps of %s make %d buckets, more than 4 times maxPoints (%d); ask for a longer step, a shorter range or more points",
			b.step, len(b.starts), in.MaxPoints))
	}
	return b, nil
}

// bucketStarts are the starts of the buckets that hold an hour of w.
func bucketStarts(w hourRange, step string, loc *time.Location) []time.Time {
	from, to := w.From.Time(), w.To.Time()
	if step == "1h" {
		out := make([]time.Time, 0, w.hours())
		for h := w.From; h < w.To; h++ {
			out = append(out, h.Time())
		}
		return out
	}
	y, m, d := from.In(loc).Date()
	days, months := 1, 0
	switch step {
	case "1w": // weeks begin on Monday
		d -= (int(from.In(loc).Weekday()) + 6) % 7
		days = 7
	case "1mo":
		d, days, months = 1, 0, 1
	}
	var out []time.Time
	for i := 0; ; i++ {
		t := time.Date(y, m+time.Month(i*months), d+i*days, 0, 0, 0, 0, loc).UTC()
		if !t.Before(to) {
			return out
		}
		out = append(out, t)
	}
}

// series lays rows, ordered by key and time, onto the grid and thins them out.
func (b buckets) series(rows []timescale.HistoryRow, in HistoryParams, only string) (out []Series, partial bool, err error) {
	out = []Series{}
	for from := 0; from < len(rows); {
		to := from
		for to < len(rows) && rows[to].Key == rows[from].Key {
			to++
		}
		if len(out) == maxSeries {
			return nil, false, newProblem(http.StatusUnprocessableEntity, CodeTooManyPoints, "groupBy", fmt.Sprintf(
				"there are more than %d series; choose a group, or ask for single meters", maxSeries))
		}
		one, gaps := b.one(rows[from:to], in)
		one.Key = rows[from].Key
		if one.Key == "" {
			one.Key = only
		}
		out = append(out, one)
		partial = partial || gaps
		from = to
	}
	if len(rows) == 0 && only != "" {
		one, _ := b.one(nil, in)
		one.Key = only
		return []Series{one}, true, nil
	}
	return out, partial, nil
}

// slot is the bucket that the database means by a start; -1 if there is none.
// Where clocks skip midnight, it and Go disagree by an hour on when a day
// begins.
func (b buckets) slot(at time.Time) int {
	if b.step != "1h" {
		at = at.Add(time.Hour)
	}
	return sort.Search(len(b.starts), func(i int) bool { return b.starts[i].After(at) }) - 1
}

func (b buckets) one(rows []timescale.HistoryRow, in HistoryParams) (Series, bool) {
	values, hours := make([]float64, len(b.starts)), make([]int64, len(b.starts))
	for i := range values {
		values[i] = math.NaN()
	}
	for _, r := range rows {
		if i := b.slot(r.At); i >= 0 {
			values[i], hours[i] = r.KWh, r.Hours
		}
	}
	s, gaps := Series{Points: []Point{}}, false
	for _, v := range values {
		gaps = gaps || math.IsNaN(v)
	}
	for _, i := range lttb(values, in.MaxPoints) {
		if in.Fill == "none" && math.IsNaN(values[i]) {
			continue
		}
		s.Points = append(s.Points, Point{At: b.starts[i], KWh: maybe(values[i]), Hours: hours[i]})
	}
	return s, gaps
}
