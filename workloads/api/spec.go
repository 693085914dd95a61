package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
)

// Spec is what decides the rows of this twin, without its stores and keys.
type Spec struct {
	SpecHash string         `json:"specHash" doc:"Hash of everything that decides rows: same hash, same forecasts and decisions"`
	Timezone string         `json:"timezone" doc:"IANA zone of calendars, tariffs and issue times"`
	Dataset  SpecDataset    `json:"dataset"`
	Stream   SpecStream     `json:"stream"`
	Forecast SpecForecast   `json:"forecast"`
	Policy   map[string]any `json:"policy" nullable:"false" doc:"Tariff, flexibility, devices, groups and limits, as the processor reads them"`
	History  []SpecRevision `json:"history" nullable:"false" doc:"Specifications that rows were made by, the newest first"`
}

// SpecDataset is which readings are used.
type SpecDataset struct {
	SHA256 string     `json:"sha256,omitempty" doc:"Of the file of readings; left out of computed ones"`
	Start  *time.Time `json:"start" doc:"First hour that is used; null for that of the first reading's day"`
	Hours  int        `json:"hours" doc:"Hours that are used from there on"`
}

// SpecStream is how readings are published.
type SpecStream struct {
	Mode           string  `json:"mode" enum:"Replay,Loop,Live,Off"`
	Speed          float64 `json:"speed" doc:"Simulated seconds per second; 0 is as fast as possible"`
	WarmUpHours    int     `json:"warmUpHours" doc:"Hours before the stream that models begin with"`
	LatenessHours  int     `json:"allowedLatenessHours" doc:"How long an hour waits for late readings"`
	HistoryInHours int     `json:"historyWindowHours" doc:"Hours of each meter that models learn from"`
}

// SpecForecast is when forecasts are issued.
type SpecForecast struct {
	IssueAt            string `json:"issueAt" example:"18:00" doc:"Local time at which day-ahead forecasts are issued"`
	HorizonHours       int    `json:"horizonHours"`
	MeterReissueHours  int    `json:"meterReissueHours" doc:"Hours from one forecast of a meter to the next"`
	GroupsReissueHours int    `json:"groupReissueHours" doc:"Likewise of a group; 0 for no forecasts of groups"`
}

// SpecRevision is a specification that held at some time.
type SpecRevision struct {
	SpecHash   string    `json:"specHash"`
	FirstAt    time.Time `json:"firstAt" doc:"Wall-clock time at which a partition began with it"`
	Partitions int       `json:"partitions" doc:"Partitions that began with it"`
	Holding    int       `json:"holding" doc:"Partitions in which it is the newest"`
}

func (s *server) specOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/spec", OperationID: "spec", Tags: []string{openapi.TagTwin}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "What decides the rows of this twin, and what did before",
		Description: "Addresses of stores, paths of files and keys are left out.",
	}, s.getSpec)
}

func (s *server) getSpec(ctx context.Context, _ *noInput) (*output[Spec], error) {
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	specs, err := s.db.HeldSpecs(ctx)
	if err != nil {
		return nil, s.failed(ctx, "read the specifications", err)
	}
	g, p, d := &s.twin.Generator, &s.twin.Processor, &s.twin.Dataset
	view := Spec{
		SpecHash: s.twin.SpecHash, Timezone: s.twin.Timezone,
		Dataset: SpecDataset{SHA256: d.SHA256, Start: maybeTime(d.Start.UTC()), Hours: d.Span.Hours()},
		Stream: SpecStream{
			Mode: g.Mode, Speed: g.Speed, WarmUpHours: g.WarmUp.Hours(), LatenessHours: p.AllowedLateness.Hours(), HistoryInHours: p.HistoryWindow.Hours(),
		},
		Forecast: SpecForecast{
			IssueAt: p.IssueAt, HorizonHours: p.Horizon.Hours(), MeterReissueHours: p.Reissue.Meters.Hours(), GroupsReissueHours: p.Reissue.Groups.Hours(),
		},
		History: make([]SpecRevision, len(specs)),
	}
	for i, of := range specs {
		view.History[i] = SpecRevision{SpecHash: of.Hash, FirstAt: of.First.UTC(), Partitions: of.Partitions, Holding: of.Holding}
	}
	if view.Policy, err = asDocument(p.Policy); err != nil {
		return nil, s.failed(ctx, "write the policy", err)
	}
	meta := Meta{TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	return &output[Spec]{Body: Answer[Spec]{Data: view, Meta: meta}}, nil
}

// asDocument is a value as its JSON has it.
func asDocument(v any) (document map[string]any, err error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return document, json.Unmarshal(text, &document)
}
