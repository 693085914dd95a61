package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/tracing"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/gate"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/upload"
	"github.com/energytwin/energytwin/workloads/ingest"
)

const pathReadings = "/api/v1/readings"

// Limits of what is taken at the same time. A request has its body and the messages made of
// it in memory.
const (
	ingestSlots = 4
	ingestQueue = 64
	ingestWait  = 15 * time.Second

	longestWait = 30 * time.Second // for a batch to be stored
	mostWaiting = 32               // requests that wait for it; others are answered at once

	shownQuarantine = 100 // messages of a batch
)

// ingestion takes readings from outside.
type ingestion struct {
	receiver *ingest.Receiver // nil where none are accepted
	lane     *gate.Lane
	waiting  chan struct{}
}

func newIngestion(twin *config.Twin, client *stream.Client, db *reader.DB, clock func() time.Time, tracer *tracing.Tracer) ingestion {
	i := ingestion{
		lane:    gate.NewLane(gate.Limits{Slots: ingestSlots, Queue: ingestQueue, PerKey: (ingestSlots + ingestQueue) * 2 / 3, Wait: ingestWait}),
		waiting: make(chan struct{}, mostWaiting),
	}
	if client != nil && twin.TakesReadings() {
		i.receiver = ingest.NewReceiver(ingest.NewRules(twin), client, db, clock)
		i.receiver.Publisher.Trace(tracer)
	}
	return i
}

// Batch is what became of readings that were sent at once.
type Batch struct {
	ID         string     `json:"id" format:"uuid"`
	Status     string     `json:"status" enum:"publishing,accepted,stored" doc:"publishing: not all of it is in the stream; accepted: all replicas of the stream have it; stored: it is processed"`
	ReceivedAt *time.Time `json:"receivedAt,omitempty" doc:"Left out of the answer to the request itself"`

	Accepted          int                `json:"accepted" doc:"Readings that were published; of a file, hours"`
	Rejected          int                `json:"rejected" doc:"Rows that cannot be used. They are quarantined, and counted at /data-quality"`
	Rejections        []ingest.Rejection `json:"rejections" nullable:"false" doc:"The first 1000 rejected rows"`
	RejectionsOmitted int                `json:"rejectionsOmitted" doc:"Rejected rows that are not listed"`
	Findings          []string           `json:"findings" nullable:"false" doc:"How a file was read, as far as that was guessed, and what was left out of it"`

	Quarantined int64                `json:"quarantined" doc:"Messages of the batch that the processor has rejected so far, rejected rows included"`
	Quarantine  []QuarantinedReading `json:"quarantine" nullable:"false" doc:"The first 100 of them"`
}

// QuarantinedReading is a message that the processor rejected.
type QuarantinedReading struct {
	Reason string `json:"reason" example:"group_changed"`
	Detail string `json:"detail"`
	Value  string `json:"value" doc:"Its first bytes"`
}

type sendReadingsInput struct {
	Layout string `query:"layout" maxLength:"64" doc:"Name of a built-in layout, for a text that is no JSON. Without it, the layout of the twin's dataset is taken, and what that leaves open is found out" example:"octopus"`
	Wait   int    `query:"wait" minimum:"0" maximum:"30" doc:"Seconds to wait until the batch is stored"`
	Key    string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" patternDescription:"printable ASCII without spaces" doc:"The same key and body are published once, however often they are sent within a week" example:"6f1c-2026-01-01T00"`
}

type batchOutput struct {
	Location string `header:"Location" doc:"Where the batch is shown"`
	Replayed string `header:"Idempotency-Replayed" doc:"true if the same request was answered before"`
	Body     Answer[Batch]
}

type batchPath struct {
	ID   string `path:"id" format:"uuid" doc:"Of the batch"`
	Wait int    `query:"wait" minimum:"0" maximum:"30" doc:"Seconds to wait until the batch is stored"`
}

func (s *server) readingsOperations(api huma.API) {
	openapi.Register(api, huma.Operation{
		Method: http.MethodPost, Path: pathReadings, OperationID: "sendReadings", Tags: []string{openapi.TagReadings}, Security: openapi.Needs(auth.ScopeOperate),
		Summary: "Send readings to a twin whose generator is off",
		Description: fmt.Sprintf("A body has up to %d MiB, packed with gzip or not, and %d rows. Rows that cannot be used are listed, and the others are published. "+
			"Readings are published in the order of time; send later hours in later requests.", ingest.MaxBodyBytes>>20, ingest.MaxRows),
		DefaultStatus: http.StatusAccepted, Middlewares: huma.Middlewares{withGin},
	}, s.sendReadings)
	api.OpenAPI().Paths[pathReadings].Post.RequestBody = readingsBody() // only now, or the framework would read it
	openapi.Get(api, huma.Operation{
		Path: pathReadings + "/{id}", OperationID: "readingsBatch", Tags: []string{openapi.TagReadings}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "What became of readings that were sent at once",
		Description: "Batches are kept for a week.",
	}, s.readingsBatch)
}

// readingsBody describes the body, which upload reads.
func readingsBody() *huma.RequestBody {
	message := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"meter", "ts", "kwh", "interval"},
		Properties: map[string]*huma.Schema{
			"meter":    {Type: huma.TypeString, Description: "Name of the meter"},
			"group":    {Type: huma.TypeString, Description: "Feeder or community of the meter, if it has one"},
			"ts":       {Type: huma.TypeString, Format: "date-time", Description: "Start of the interval"},
			"kwh":      {Type: huma.TypeNumber, Description: "Energy in the interval, kWh; negative is export"},
			"interval": {Type: huma.TypeString, Enum: []any{"PT1H", "PT30M", "PT15M"}, Description: "Length of the interval"},
		},
	}
	example := map[string]any{"meter": "home-1", "group": "feeder-7", "ts": "2026-01-01T00:00:00Z", "kwh": 0.42, "interval": "PT1H"}
	text := &huma.Schema{Type: huma.TypeString}
	const csv = "meter,group,start,kwh\nhome-1,feeder-7,2026-01-01T00:00:00Z,0.42\n"
	lines := &huma.MediaType{Schema: text, Example: `{"meter":"home-1","group":"feeder-7","ts":"2026-01-01T00:00:00Z","kwh":0.42,"interval":"PT1H"}`}
	xml := &huma.MediaType{Schema: text}
	return &huma.RequestBody{
		Required:    true,
		Description: "Readings: JSON in the form of the twin's messages, or a text in any layout",
		Content: map[string]*huma.MediaType{
			"application/json":     {Schema: &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeArray, Items: message}, message}}, Example: []any{example}},
			"application/x-ndjson": lines,
			"text/csv":             {Schema: text, Example: csv},
			"application/xml":      xml,
			upload.Multipart: {
				Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{upload.PartReadings}, Properties: map[string]*huma.Schema{
					upload.PartReadings: {Type: huma.TypeString, Description: "The text"},
					upload.PartLayout:   {Type: huma.TypeString, Description: "A layout document, as YAML or JSON"},
				}},
				Example: map[string]any{upload.PartReadings: csv, upload.PartLayout: "unit: kWh\ntime:\n  zone: UTC\n"},
			},
		},
	}
}

// withGin hands an operation the request, of which it reads the body itself.
func withGin(ctx huma.Context, next func(huma.Context)) {
	next(huma.WithValue(ctx, ginKey{}, humagin.Unwrap(ctx)))
}

func (s *server) sendReadings(ctx context.Context, in *sendReadingsInput) (*batchOutput, error) {
	if s.ingest.receiver == nil {
		return nil, s.takesNoReadings()
	}
	caller := auth.PrincipalOf(ctx).Caller()
	receipt, err := s.receive(ctx, caller, in)
	if err != nil {
		return nil, err
	}
	batch := batchView(receipt.ID, receipt.Answer)
	batch.Status = "accepted"
	if in.Wait > 0 || receipt.Repeated {
		state, err := s.waitStored(ctx, receipt.ID, in.Wait)
		if err != nil {
			return nil, err
		}
		if err := s.addState(ctx, &batch, &state); err != nil {
			return nil, err
		}
	}
	out := &batchOutput{Location: s.base + pathReadings + "/" + batch.ID, Body: Answer[Batch]{Data: batch, Meta: Meta{TZ: s.twin.Timezone}}}
	out.Replayed = strconv.FormatBool(receipt.Repeated)
	return out, nil
}

// takesNoReadings is why readings are rejected, and what to change.
func (s *server) takesNoReadings() error {
	detail := `this twin publishes readings itself (spec.generator.mode is "` + s.twin.Generator.Mode + `"); set it to "Off" to send readings`
	if s.twin.Generator.Mode == "Off" {
		detail = "readings over HTTP are switched off; set spec.ingest.http.enabled to true"
	}
	return problem.New(http.StatusConflict, problem.CodeReadingsNotTaken, "", detail)
}

// receive reads the body and publishes it, in the lane of such requests.
func (s *server) receive(ctx context.Context, caller string, in *sendReadingsInput) (r ingest.Receipt, err error) {
	if pass, ok := ctx.Value(passKey{}).(*gate.Pass); ok {
		pass.Leave() // it waits for the stream, not for the database
	}
	if err := s.ingest.lane.Enter(ctx, caller); err != nil {
		return r, err
	}
	defer s.ingest.lane.Leave(caller)
	c, _ := ctx.Value(ginKey{}).(*gin.Context)
	up, err := upload.Read(c.Request, ingest.MaxBodyBytes)
	if err != nil {
		return r, err
	}
	doc, err := layoutOf(&up, in.Layout)
	if err != nil {
		return r, err
	}
	r, err = s.ingest.receiver.Receive(ctx, &ingest.Request{
		Caller: caller, Key: in.Key, Print: printOf(&up, in.Layout),
		Read: func(ctx context.Context, rows *ingest.Intake) error {
			switch up.Form {
			case upload.JSON:
				return rows.JSON(up.Text)
			case upload.Lines:
				return rows.Lines(up.Text)
			}
			return rows.File(ctx, up.Text, doc)
		},
	})
	return r, s.readingsProblem(ctx, err)
}

// layoutOf is the layout that a request names or carries; nil if it does neither.
func layoutOf(up *upload.Upload, name string) (*layout.Document, error) {
	switch {
	case name != "" && up.Form != upload.File:
		return nil, problem.Invalid("layout", "a layout is for a text such as CSV; leave it out of a request with JSON")
	case name != "" && up.Layout != nil:
		return nil, problem.Invalid("layout", "the form has a layout too; leave one of them out")
	case name != "":
		doc, err := layout.Named(name)
		if err != nil {
			return nil, problem.Invalid("layout", err.Error())
		}
		return doc, nil
	case up.Layout != nil:
		doc, err := layout.Parse(up.Layout)
		if err != nil {
			return nil, problem.New(http.StatusUnprocessableEntity, problem.CodeInvalidBody, upload.PartLayout, "layout: "+err.Error())
		}
		return doc, nil
	}
	return nil, nil
}

// printOf is the hash of all that decides the rows of a request.
func printOf(up *upload.Upload, name string) (sum [sha256.Size]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%d %q %d ", up.Form, name, len(up.Layout))
	h.Write(up.Layout)
	h.Write(up.Text)
	h.Sum(sum[:0])
	return sum
}

// readingsProblem is the problem of a request that was not received.
func (s *server) readingsProblem(ctx context.Context, err error) error {
	var inProgress *ingest.InProgressError
	var doubt *dataset.DoubtError
	invalid := func(status int, code problem.Code) error { return problem.New(status, code, "body", err.Error()) }
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ingest.ErrKeyReused):
		return problem.New(http.StatusUnprocessableEntity, problem.CodeKeyReused, "Idempotency-Key", err.Error()+"; use a new key for each body")
	case errors.As(err, &inProgress):
		seconds := max(1, int(inProgress.Until.Sub(s.clock()).Seconds())+1)
		return problem.RetryAfter(problem.New(http.StatusConflict, problem.CodeInProgress, "Idempotency-Key", err.Error()), seconds)
	case errors.Is(err, ingest.ErrUnpublished):
		s.log.ErrorContext(ctx, "readings cannot be published", "error", err)
		return problem.RetryAfter(problem.New(http.StatusServiceUnavailable, problem.CodeUnavailable, "",
			"the stream does not take readings now; send the same request again, with its idempotency key"), 5)
	case errors.Is(err, ingest.ErrNotJSON):
		return invalid(http.StatusBadRequest, problem.CodeInvalidBody)
	case errors.Is(err, ingest.ErrNoRows):
		return invalid(http.StatusBadRequest, problem.CodeEmptyBody)
	case errors.Is(err, ingest.ErrTooManyRows):
		return invalid(http.StatusUnprocessableEntity, problem.CodeTooManyRows)
	case errors.As(err, &doubt):
		return problem.New(http.StatusUnprocessableEntity, problem.CodeUnclearLayout, upload.PartLayout, doubt.Error())
	}
	var unreadable *ingest.FileError
	if errors.As(err, &unreadable) {
		return invalid(http.StatusUnprocessableEntity, problem.CodeInvalidBody)
	}
	return s.failed(ctx, "receive readings", err)
}

func (s *server) readingsBatch(ctx context.Context, in *batchPath) (*output[Batch], error) {
	id, err := uuid.Parse(in.ID)
	if err != nil {
		return nil, problem.Invalid("id", fmt.Sprintf("%q is no UUID", in.ID))
	}
	state, err := s.waitStored(ctx, id, in.Wait)
	if err != nil {
		return nil, err
	}
	answer := ingest.Answer{}
	if state.Published {
		if answer, err = ingest.AnswerOf(&state.Batch); err != nil {
			return nil, s.failed(ctx, "read a batch", err)
		}
	}
	batch := batchView(id, answer)
	if err := s.addState(ctx, &batch, &state); err != nil {
		return nil, err
	}
	return &output[Batch]{Body: Answer[Batch]{Data: batch, Meta: Meta{TZ: s.twin.Timezone}}}, nil
}

// waitStored is a batch once it is stored, or after so many seconds.
func (s *server) waitStored(ctx context.Context, id uuid.UUID, seconds int) (state reader.BatchState, err error) {
	err = s.wait(ctx, seconds, func() (done bool, err error) {
		state, err = s.db.BatchByID(ctx, id)
		if errors.Is(err, reader.ErrNotFound) {
			return false, problem.NotFound(problem.CodeUnknownBatch, "there is no batch "+id.String()+"; batches are kept for a week")
		}
		if err != nil {
			return false, s.failed(ctx, "find a batch", err)
		}
		return state.Stored, nil
	})
	return state, err
}

func batchView(id uuid.UUID, a ingest.Answer) Batch {
	return Batch{
		ID: id.String(), Status: "publishing", Accepted: a.Accepted, Rejected: a.Rejected,
		Rejections: append([]ingest.Rejection{}, a.Rejections...), RejectionsOmitted: a.Rejected - len(a.Rejections),
		Findings: append([]string{}, a.Findings...), Quarantine: []QuarantinedReading{},
	}
}

// addState adds how far the processors are.
func (s *server) addState(ctx context.Context, b *Batch, state *reader.BatchState) error {
	received := state.ReceivedAt.UTC().Truncate(time.Millisecond)
	b.ReceivedAt, b.Quarantined = &received, state.Quarantined
	switch {
	case state.Stored:
		b.Status = "stored"
	case state.Published:
		b.Status = "accepted"
	}
	if state.Quarantined == 0 {
		return nil
	}
	messages, err := s.db.BatchQuarantine(ctx, state.ID, shownBytes, shownQuarantine)
	if err != nil {
		return s.failed(ctx, "list the quarantine of a batch", err)
	}
	for _, m := range messages {
		b.Quarantine = append(b.Quarantine, QuarantinedReading{Reason: m.Reason, Detail: m.Detail, Value: readable(m.Value)})
	}
	return nil
}
