package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/gate"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/seriesbody"
	"github.com/energytwin/energytwin/workloads/api/upload"
)

const pathSeries = "/api/v1/series/{series}"

// Hours around the twin's now that series may be sent for: two years back, and a year
// ahead. They bound what processors keep in memory.
const (
	seriesBack  = 2 * 366 * meter.HoursPerDay
	seriesAhead = 366 * meter.HoursPerDay
)

type sendSeriesInput struct {
	Series string `path:"series" enum:"price,carbon,temperature" doc:"price: of a drawn kWh; carbon: intensity of it; temperature: outdoor temperature"`
	Unit   string `query:"unit" maxLength:"16" doc:"Of the values, in JSON: by default that of the series. price: GBP/kWh or GBP/MWh, in the currency of the tariff; carbon: kg/kWh or g/kWh; temperature: °C, °F or K. A CSV names the unit in its header" example:"GBP/MWh"`
	Wait   int    `query:"wait" minimum:"0" maximum:"30" doc:"Seconds to wait until the revision holds in all partitions"`
	Key    string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" patternDescription:"printable ASCII without spaces" doc:"The same key and values are stored once, however often they are sent" example:"day-ahead-2026-01-01"`
}

// SeriesRevision is values of a series that were sent at once.
type SeriesRevision struct {
	Series     string     `json:"series" enum:"price,carbon,temperature"`
	Revision   *int64     `json:"revision" doc:"From 1, over all series; null where nothing changed"`
	Status     string     `json:"status" enum:"unchanged,stored,holds" doc:"unchanged: all of it was sent before; stored: processors take it up; holds: what is planned from now on rests on it, in all partitions"`
	ReceivedAt *time.Time `json:"receivedAt" doc:"By the clock of the database; null where nothing changed"`
	Changed    int        `json:"changedHours" doc:"Hours of which it changes the value. Others keep theirs"`
	Partitions int        `json:"partitions" doc:"Of the twin"`
	Holding    int        `json:"partitionsHolding" doc:"Partitions that are processed with it"`
	Findings   []string   `json:"findings" nullable:"false" doc:"How a text was read, as far as that was guessed; only in the answer to the request itself"`
}

type seriesRevisionOutput struct {
	Location string `header:"Location" doc:"Where the revision is shown"`
	Replayed string `header:"Idempotency-Replayed" doc:"true if the same request was answered before"`
	Body     Answer[SeriesRevision]
}

type seriesRevisionPath struct {
	Series   string `path:"series" enum:"price,carbon,temperature" doc:"price: of a drawn kWh; carbon: intensity of it; temperature: outdoor temperature"`
	Revision int64  `path:"revision" minimum:"1" doc:"As it was answered"`
	Wait     int    `query:"wait" minimum:"0" maximum:"30" doc:"Seconds to wait until the revision holds in all partitions"`
}

type seriesInput struct {
	Series string `path:"series" enum:"price,carbon,temperature" doc:"price: of a drawn kWh; carbon: intensity of it; temperature: outdoor temperature"`
	From   string `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Default now-24h" example:"now-24h"`
	To     string `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Exclusive; default now+48h"`
	Known  string `query:"known" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"As the twin knew it at a time before its now: with what all partitions were processed with; default what was sent last" example:"now-24h"`
	Step   string `query:"step" enum:"1h,1d" default:"1h" doc:"1d: the mean of each day of the twin's calendar"`
}

// HourlySeries is the values of a series by the hour or the day.
type HourlySeries struct {
	Series   string        `json:"series" enum:"price,carbon,temperature"`
	Revision int64         `json:"revision" doc:"Newest of the revisions, over all series, that these values are by; 0 for none"`
	Points   []SeriesPoint `json:"points" nullable:"false" doc:"One for each hour or day of the range"`
}

// SeriesPoint is one hour or day of a series.
type SeriesPoint struct {
	At       time.Time `json:"at" doc:"Its start"`
	Value    *float64  `json:"value" doc:"Null where it is not known"`
	Source   *string   `json:"source" enum:"sent,file,tariff" doc:"sent: to this API; file: of the spec; tariff: by its periods. Null where the value is, and of a day whose hours differ in it"`
	Revision *int64    `json:"revision" doc:"That sent the value; of a day, the newest of its hours. Null for others"`
}

func (s *server) seriesOperations(api huma.API) {
	openapi.Register(api, huma.Operation{
		Method: http.MethodPut, Path: pathSeries, OperationID: "sendSeries", Tags: []string{openapi.TagSeries}, Security: openapi.Needs(auth.ScopeOperate),
		Summary: "Send prices, carbon intensities or temperatures by the hour",
		Description: fmt.Sprintf("Hours that are sent replace what was sent of them before, others keep it; null withdraws. What is sent goes before a file of the spec, and that before the tariff. "+
			"Plans that are issued once the revision holds rest on it; those that are issued already stay. "+
			"A body has up to %d MiB unpacked and %d values, of two years before the twin's now to one after. If a row cannot be used, nothing is stored.", seriesbody.MaxBytes>>20, seriesbody.MaxRows),
		DefaultStatus: http.StatusAccepted, Middlewares: huma.Middlewares{withGin},
	}, s.sendSeries)
	api.OpenAPI().Paths[pathSeries].Put.RequestBody = seriesBody() // only now, or the framework would read it
	openapi.Get(api, huma.Operation{
		Path: pathSeries, OperationID: "series", Tags: []string{openapi.TagSeries}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "A series by the hour or the day, and where its values come from",
		Description: "Of temperatures, those that were sent: files of them are not read here.",
	}, s.series)
	openapi.Get(api, huma.Operation{
		Path: pathSeries + "/revisions/{revision}", OperationID: "seriesRevision", Tags: []string{openapi.TagSeries}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Whether values that were sent hold by now",
		Description: "A revision holds in a partition from its next message on, and for good.",
	}, s.seriesRevision)
}

// seriesBody describes the body, which upload reads.
func seriesBody() *huma.RequestBody {
	row := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"at", "value"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			"at":    {Type: huma.TypeString, Format: "date-time", Description: "Start of an hour, or of its halves or quarters, all of which have to be there"},
			"value": {Type: huma.TypeNumber, Nullable: true, Description: "In the unit; null withdraws what was sent of the hour"},
		},
	}
	return &huma.RequestBody{
		Required:    true,
		Description: "Values by the hour: JSON, or a CSV in a layout that files of series may have",
		Content: map[string]*huma.MediaType{
			"application/json":     {Schema: &huma.Schema{Type: huma.TypeArray, Items: row}, Example: []any{map[string]any{"at": "2026-01-01T00:00:00Z", "value": 0.21}}},
			"application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString}, Example: `{"at":"2026-01-01T00:00:00Z","value":0.21}`},
			"text/csv":             {Schema: &huma.Schema{Type: huma.TypeString}, Example: "time,price GBP/kWh\n2026-01-01T00:00:00Z,0.21\n"},
		},
	}
}

func (s *server) sendSeries(ctx context.Context, in *sendSeriesInput) (*seriesRevisionOutput, error) {
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	name := twin.SeriesName(in.Series)
	values, err := s.readSeries(ctx, in, name, now)
	if err != nil {
		return nil, err
	}
	n := reader.NewSeries{Series: name, Caller: auth.PrincipalOf(ctx).Caller(), Key: in.Key, Hours: values.Hours, Values: values.Values}
	if name == twin.SeriesPrice {
		n.Currency = s.twin.Processor.Policy.Tariff.Currency
	}
	n.Hash = hashOf(&n)
	stored, repeated, err := s.db.PutSeries(ctx, &n)
	if err != nil {
		return nil, s.failed(ctx, "store a series", err)
	}
	if repeated && stored.Hash != n.Hash {
		return nil, problem.New(http.StatusUnprocessableEntity, problem.CodeKeyReused, "Idempotency-Key", "the idempotency key was used for other values; use a new key for each body")
	}
	out := &seriesRevisionOutput{Replayed: strconv.FormatBool(repeated), Location: s.base + strings.Replace(pathSeries, "{series}", in.Series, 1)}
	view := SeriesRevision{Series: in.Series, Status: "unchanged", Partitions: s.twin.Kafka.Partitions}
	if stored.Revision > 0 {
		out.Location += "/revisions/" + strconv.FormatInt(stored.Revision, 10)
		if view, err = s.waitHolds(ctx, &stored, in.Wait); err != nil {
			return nil, err
		}
	}
	view.Findings = append([]string{}, values.Findings...)
	out.Body = Answer[SeriesRevision]{Data: view, Meta: Meta{TZ: s.twin.Timezone, AsOf: asOf(now, known)}}
	return out, nil
}

// readSeries reads the body, in the lane of such requests.
func (s *server) readSeries(ctx context.Context, in *sendSeriesInput, name twin.SeriesName, now meter.Hour) (*seriesbody.Values, error) {
	caller := auth.PrincipalOf(ctx).Caller()
	if pass, ok := ctx.Value(passKey{}).(*gate.Pass); ok {
		pass.Leave()
	}
	if err := s.ingest.lane.Enter(ctx, caller); err != nil {
		return nil, err
	}
	defer s.ingest.lane.Leave(caller)
	c, _ := ctx.Value(ginKey{}).(*gin.Context)
	up, err := upload.Read(c.Request, seriesbody.MaxBytes)
	if err != nil {
		return nil, err
	}
	currency := s.twin.Processor.Policy.Tariff.Currency
	units := seriesbody.Units(name, currency)
	o := seriesbody.Options{Series: name, Unit: in.Unit, Zone: s.twin.Timezone, Currency: currency, From: now - seriesBack, To: now + seriesAhead}
	switch {
	case up.Layout != nil:
		return nil, problem.New(http.StatusUnprocessableEntity, problem.CodeInvalidBody, upload.PartLayout, "layout: a series has none; send the text alone, as text/csv")
	case in.Unit != "" && up.Form == upload.File:
		return nil, problem.Invalid("unit", "a CSV names the unit in the header of its column, such as price "+units[0]+"; leave unit out")
	case in.Unit != "" && !slices.Contains(units, in.Unit):
		return nil, problem.Invalid("unit", fmt.Sprintf("%q is no unit of this series; use one of %s", in.Unit, strings.Join(units, ", ")))
	}
	var values *seriesbody.Values
	switch up.Form {
	case upload.JSON:
		values, err = seriesbody.JSON(up.Text, o)
	case upload.Lines:
		values, err = seriesbody.Lines(up.Text, o)
	default:
		values, err = seriesbody.Text(ctx, up.Text, o)
	}
	return values, seriesProblem(err)
}

// seriesProblem is the problem of a body that cannot be used.
func seriesProblem(err error) error {
	var faults *seriesbody.FaultsError
	var doubt *dataset.DoubtError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &faults):
		p := problem.New(http.StatusUnprocessableEntity, problem.CodeInvalidBody, faults.Faults[0].Field, faults.Error())
		p.Errors = nil
		for _, f := range faults.Faults {
			p.Errors = append(p.Errors, problem.FieldProblem{Field: f.Field, Detail: f.Detail})
		}
		return p
	case errors.Is(err, seriesbody.ErrNotJSON):
		return problem.New(http.StatusBadRequest, problem.CodeInvalidBody, "body", err.Error())
	case errors.Is(err, seriesbody.ErrNoRows):
		return problem.New(http.StatusBadRequest, problem.CodeEmptyBody, "body", err.Error()+"; send at least one")
	case errors.Is(err, seriesbody.ErrTooManyRows):
		return problem.New(http.StatusUnprocessableEntity, problem.CodeTooManyRows, "body", err.Error())
	case errors.As(err, &doubt):
		return problem.New(http.StatusUnprocessableEntity, problem.CodeUnclearLayout, "body", doubt.Error())
	}
	return problem.New(http.StatusUnprocessableEntity, problem.CodeInvalidBody, "body", err.Error())
}

// hashOf is what an idempotency key stands for.
func hashOf(n *reader.NewSeries) (sum [sha256.Size]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s", n.Series, n.Currency)
	for i, hour := range n.Hours {
		v := math.NaN()
		if n.Values[i] != nil {
			v = *n.Values[i]
		}
		fmt.Fprintf(h, " %d %g", hour, v)
	}
	h.Sum(sum[:0])
	return sum
}

func (s *server) seriesRevision(ctx context.Context, in *seriesRevisionPath) (*output[SeriesRevision], error) {
	stored, err := s.db.SeriesByRevision(ctx, in.Revision)
	if errors.Is(err, reader.ErrNotFound) || err == nil && stored.Series != in.Series {
		return nil, problem.NotFound(problem.CodeUnknownRevision, fmt.Sprintf("there is no revision %d of the series %s; the answer to the request that sent it names it", in.Revision, in.Series))
	}
	if err != nil {
		return nil, s.failed(ctx, "find a revision of a series", err)
	}
	view, err := s.waitHolds(ctx, &stored, in.Wait)
	if err != nil {
		return nil, err
	}
	view.Findings = []string{}
	return &output[SeriesRevision]{Body: Answer[SeriesRevision]{Data: view, Meta: Meta{TZ: s.twin.Timezone}}}, nil
}

// waitHolds shows a revision once it holds in all partitions, or after so many seconds.
func (s *server) waitHolds(ctx context.Context, stored *reader.StoredSeries, seconds int) (SeriesRevision, error) {
	received := stored.ReceivedAt.UTC().Truncate(time.Millisecond)
	view := SeriesRevision{
		Series: stored.Series, Revision: &stored.Revision, Status: "stored", ReceivedAt: &received, Changed: stored.Changed, Partitions: s.twin.Kafka.Partitions,
	}
	err := s.wait(ctx, seconds, func() (done bool, err error) {
		if view.Holding, err = s.db.SeriesUsedBy(ctx, stored.Revision); err != nil {
			return false, s.failed(ctx, "find where a revision holds", err)
		}
		return view.Holding >= view.Partitions, nil
	})
	if err == nil && view.Holding >= view.Partitions {
		view.Status = "holds"
	}
	return view, err
}

func (s *server) series(ctx context.Context, in *seriesInput) (*output[HourlySeries], error) {
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.times(now).Range(in.From, in.To, "now-24h", "now+48h")
	if err != nil {
		return nil, err
	}
	if in.Step == "1d" {
		w.From = s.periodStart(w.From, "day")
	}
	if err := s.afford(ctx, w.Hours(), "from", "ask for a shorter range"); err != nil {
		return nil, err
	}
	if err := s.readSent(ctx); err != nil {
		return nil, err
	}
	revision := s.sent.Newest()
	if in.Known != "" {
		if revision, err = s.seriesKnownAt(ctx, in.Known, now); err != nil {
			return nil, err
		}
	}
	name := twin.SeriesName(in.Series)
	sent := s.sent.Sent(revision)
	points := make([]SeriesPoint, 0, w.Hours())
	for h := w.From; h < w.To; h++ {
		points = append(points, s.seriesPoint(name, sent, h))
	}
	meta := Meta{Unit: seriesbody.Units(name, s.twin.Processor.Policy.Tariff.Currency)[0], Step: in.Step, TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	for i := range points {
		meta.Partial = meta.Partial || points[i].Value == nil
	}
	if in.Step == "1d" {
		points = s.seriesDays(points, w)
	}
	return &output[HourlySeries]{Body: Answer[HourlySeries]{Data: HourlySeries{Series: in.Series, Revision: revision, Points: points}, Meta: meta}}, nil
}

// Where values of a series come from.
const (
	seriesSent   = "sent"
	seriesFile   = "file"
	seriesTariff = "tariff"
)

// seriesPoint is the value of an hour, with what was sent.
func (s *server) seriesPoint(name twin.SeriesName, sent *twin.SentSeries, h meter.Hour) SeriesPoint {
	point := SeriesPoint{At: h.Time()}
	set := func(v float64, source string) {
		if point.Value = maybe(v); point.Value != nil {
			point.Source = &source
		}
	}
	if v, there := sent.Value(name, h); there && (name != twin.SeriesPrice || v.Currency == s.twin.Processor.Policy.Tariff.Currency) {
		set(v.Value, seriesSent)
		point.Revision = &v.Revision
		return point
	}
	if s.pricing == nil || name == twin.SeriesTemperature {
		return point
	}
	own, files := s.pricing.own.At(h), s.pricing.files[name]
	switch {
	case name == twin.SeriesCarbon:
		set(own.Carbon(), seriesFile)
	case files[h]:
		set(own.Price(), seriesFile)
	default:
		set(own.Price(), seriesTariff)
	}
	return point
}

// seriesDays are the means of hours by the local day.
func (s *server) seriesDays(hours []SeriesPoint, w params.HourRange) []SeriesPoint {
	var out []SeriesPoint
	for _, day := range s.periods(w, "day", nil) {
		point, sum, n := SeriesPoint{At: day.from.Time()}, 0.0, 0
		for i, h := range hours[day.from-w.From : day.to-w.From] {
			if h.Value != nil {
				sum += *h.Value
				n++
			}
			if i == 0 {
				point.Source = h.Source
			} else if point.Source != nil && (h.Source == nil || *h.Source != *point.Source) {
				point.Source = nil
			}
			if h.Revision != nil && (point.Revision == nil || *h.Revision > *point.Revision) {
				point.Revision = h.Revision
			}
		}
		if n > 0 {
			point.Value = maybe(sum / float64(n))
		}
		out = append(out, point)
	}
	return out
}
