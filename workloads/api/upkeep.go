package api

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
)

// Operations is how the twin runs.
type Operations struct {
	Version   string    `json:"version" doc:"Of this process"`
	Image     string    `json:"image,omitempty" doc:"That the twin's workloads run, with its digest"`
	StartedAt time.Time `json:"startedAt" doc:"Of this process"`
	Database  string    `json:"database" doc:"Versions of the database and its extension" example:"PostgreSQL 17.2 with TimescaleDB 2.22.1"`

	MessagesPerSecond *float64 `json:"messagesPerSecond" doc:"Processed since the request before, of wall-clock time; null where that was less than 5 seconds ago or never"`
	ReadingsPerSecond *float64 `json:"readingsPerSecond" doc:"Stored, likewise"`

	LastForecastsAt *time.Time `json:"lastForecastsAt" doc:"Newest issue of forecasts; null before the first"`
	LastDecisionsAt *time.Time `json:"lastDecisionsAt" doc:"Newest issue of decisions; null before the first"`
	SettledTo       *time.Time `json:"settledTo" doc:"Plans whose hours end by then are settled; null before the first"`
	Unrelayed       int64      `json:"unrelayed" doc:"Announcements that wait for the relay to the topics and the live stream"`
	MaintainedAt    *time.Time `json:"maintainedAt" doc:"Wall-clock time at which the database was last maintained; null if it never was"`
	CompressedTo    *time.Time `json:"compressedTo" doc:"Older readings are compressed; null if none are"`

	Partitions []Partition `json:"partitions" nullable:"false" doc:"In order of their numbers"`
	Conditions []Condition `json:"conditions" nullable:"false" doc:"What has to be true of a twin that keeps up"`
}

// Partition is how far one partition of the stream is.
type Partition struct {
	Partition   int        `json:"partition"`
	Owner       string     `json:"owner" doc:"Processor that took it last"`
	Epoch       int64      `json:"epoch" doc:"How often it was taken"`
	NextOffset  int64      `json:"nextOffset" doc:"Messages before it are in the database"`
	Watermark   *time.Time `json:"watermark" doc:"Hours before it are over; null before the first reading"`
	BehindHours int        `json:"behindHours" doc:"Hours of event time that it is behind the first of them"`
	WrittenAt   *time.Time `json:"writtenAt" doc:"Wall-clock time of its last batch; null before the first"`
}

// Condition is something that has to be true.
type Condition struct {
	Type    string `json:"type" enum:"Fresh,Together,Settled,Relayed" doc:"Fresh: something was written in the last 5 minutes. Together: no partition is more than a day behind the first. Settled: plans that ended 2 days ago are settled. Relayed: no announcement waits for more than 5 minutes"`
	OK      bool   `json:"ok"`
	Message string `json:"message" doc:"What is the case"`
}

// rateOfWork remembers what had been done at an earlier request.
type rateOfWork struct {
	mu             sync.Mutex
	at, beforeAt   time.Time // zero: never
	totals, before twin.Counts
}

// rateOver is the shortest time that a rate is computed over.
const rateOver = 5 * time.Second

// since counts what was done since a request that lies long enough back, and over how
// many seconds; 0 for none.
func (r *rateOfWork) since(now time.Time, totals twin.Counts) (done twin.Counts, seconds float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at.IsZero() || now.Sub(r.at) >= rateOver {
		r.beforeAt, r.before = r.at, r.totals
		r.at, r.totals = now, totals
	}
	if r.beforeAt.IsZero() {
		return twin.Counts{}, 0
	}
	return twin.Counts{In: totals.In - r.before.In, Stored: totals.Stored - r.before.Stored}, now.Sub(r.beforeAt).Seconds()
}

func (s *server) upkeepOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/operations", OperationID: "operations", Tags: []string{openapi.TagTwin}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "How the twin runs: partitions, rates, issues, settlement, the database and versions",
		Description: "By what the database knows. The lag behind the topic is a metric of the processor.",
	}, s.getOperations)
}

func (s *server) getOperations(ctx context.Context, _ *noInput) (*output[Operations], error) {
	partitions, err := s.db.Progress(ctx)
	if err != nil {
		return nil, s.failed(ctx, "read the progress", err)
	}
	upkeep, err := s.db.Upkeep(ctx)
	if err != nil {
		return nil, s.failed(ctx, "read the upkeep", err)
	}
	server, err := s.db.Capabilities(ctx)
	if err != nil {
		return nil, s.failed(ctx, "read the versions of the database", err)
	}
	view := s.operationsView(partitions, &upkeep, server)
	meta := Meta{TZ: s.twin.Timezone}
	if progress := progressOf(partitions); progress.least != meter.NoHour {
		meta.AsOf = maybeHour(progress.least)
	}
	return &output[Operations]{Body: Answer[Operations]{Data: view, Meta: meta}}, nil
}

func (s *server) operationsView(partitions []timescale.PartitionProgress, u *reader.Upkeep, server schema.Capabilities) Operations {
	p := progressOf(partitions)
	view := Operations{
		Version: s.version, Image: s.twin.Image, StartedAt: s.started.UTC(), Database: server.String(),
		LastForecastsAt: maybeHour(u.LastForecasts), LastDecisionsAt: maybeHour(u.LastDecisions), SettledTo: maybeHour(u.SettledTo),
		Unrelayed: u.Unrelayed, MaintainedAt: maybeTime(u.MaintainedAt), CompressedTo: maybeTime(u.CompressedTo),
		Partitions: make([]Partition, len(partitions)), Conditions: s.conditions(&p, u),
	}
	if done, seconds := s.work.since(s.clock(), p.totals); seconds > 0 {
		view.MessagesPerSecond, view.ReadingsPerSecond = maybe(float64(done.In)/seconds), maybe(float64(done.Stored)/seconds)
	}
	for i, of := range partitions {
		view.Partitions[i] = Partition{
			Partition: of.Partition, Owner: of.Owner, Epoch: of.Epoch, NextOffset: of.NextOffset, Watermark: maybeHour(of.Watermark),
		}
		if of.Watermark != meter.NoHour {
			view.Partitions[i].BehindHours = int(p.greatest - of.Watermark)
		}
		if of.NextOffset > 0 {
			view.Partitions[i].WrittenAt = maybeTime(of.UpdatedAt.UTC())
		}
	}
	return view
}

// progress is that of all partitions with a watermark.
type progress struct {
	least, greatest meter.Hour // NoHour before the first reading
	written         time.Time  // zero: never
	totals          twin.Counts
}

func progressOf(partitions []timescale.PartitionProgress) progress {
	p := progress{least: meter.NoHour, greatest: meter.NoHour}
	for _, of := range partitions {
		p.totals.In += of.Totals.In
		p.totals.Stored += of.Totals.Stored
		if of.NextOffset > 0 && of.UpdatedAt.After(p.written) {
			p.written = of.UpdatedAt
		}
		if of.Watermark == meter.NoHour {
			continue
		}
		if p.least == meter.NoHour || of.Watermark < p.least {
			p.least = of.Watermark
		}
		p.greatest = max(p.greatest, of.Watermark)
	}
	return p
}

const (
	mostBehind  = meter.HoursPerDay     // of a partition
	settledWait = 2 * meter.HoursPerDay // that the hours of a plan may be over before it is settled
)

func (s *server) conditions(p *progress, u *reader.Upkeep) []Condition {
	now := s.clock()
	quiet := now.Sub(p.written)
	fresh := Condition{Type: "Fresh", OK: !p.written.IsZero() && quiet <= quietAfter, Message: "nothing was written yet"}
	if !p.written.IsZero() {
		fresh.Message = "the newest batch was written at " + p.written.UTC().Format(time.RFC3339)
	}
	together := Condition{Type: "Together", OK: true, Message: "no partition has a watermark yet"}
	settled := Condition{Type: "Settled", OK: true, Message: "no plan is due"}
	if p.least != meter.NoHour {
		behind := p.greatest - p.least
		together.OK, together.Message = behind <= mostBehind, fmt.Sprintf("the last partition is %d hours behind the first", behind)
		if u.SettledTo != meter.NoHour {
			settled.OK, settled.Message = u.SettledTo >= p.least-settledWait, "plans are settled up to "+u.SettledTo.String()
		} else if u.LastDecisions != meter.NoHour {
			settled.OK, settled.Message = u.LastDecisions >= p.least-settledWait, "no plan is settled yet"
		}
	}
	relayed := Condition{Type: "Relayed", OK: true, Message: "no announcement waits"}
	if u.Unrelayed > 0 {
		relayed.OK = now.Sub(u.UnrelayedSince) <= quietAfter
		relayed.Message = fmt.Sprintf("%d announcements wait, the oldest since %s", u.Unrelayed, u.UnrelayedSince.Format(time.RFC3339))
	}
	return []Condition{fresh, together, settled, relayed}
}

// maybeTime is null for the zero time.
func maybeTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
