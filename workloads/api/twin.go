package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
)

// quietAfter is how long nothing may be written before a twin counts as stale.
const quietAfter = 5 * time.Minute

func (s *server) twinOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/twin", OperationID: "twin", Tags: []string{openapi.TagTwin}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "What this twin is, and how far it is",
		Description: "simulatedAt is the twin's now, up to which every partition is complete.",
	}, s.getTwin)
}

func (s *server) getTwin(ctx context.Context, _ *noInput) (*output[Twin], error) {
	p, err := s.db.Summary(ctx)
	if err != nil {
		return nil, s.failed(ctx, "read the summary", err)
	}
	newest, err := s.db.NewestReading(ctx)
	if err != nil {
		return nil, s.failed(ctx, "find the newest reading", err)
	}
	progress, err := s.progress(ctx, p.LeastWatermark)
	if err != nil {
		return nil, s.failed(ctx, "read where the dataset ends", err)
	}
	t := s.twin
	view := Twin{
		Namespace: t.Namespace, Name: t.Name, Timezone: t.Timezone, SpecHash: t.SpecHash,
		Version: s.version, Image: t.Image,
		Mode: t.Generator.Mode, Speed: t.Generator.Speed, Policy: string(t.Processor.Policy.Mode),
		IssueAt: t.Processor.IssueAt, PlansAt: plansAt(t.Processor.Policy.LeadHours), Currency: t.Processor.Policy.Tariff.Currency,
		SimulatedAt: maybeHour(p.LeastWatermark),
		Progress:    progress,
		Freshness:   s.freshness(p, newest),
		Counts:      countsView(p.Totals),
		Meters:      int64(p.Meters), Groups: int64(p.Groups),
		GrafanaURL: t.API.GrafanaURL,
	}
	if err := s.addPeak(ctx, p.LeastWatermark, &view); err != nil {
		return nil, s.failed(ctx, "read the forecast of the twin", err)
	}
	meta := Meta{TZ: t.Timezone, AsOf: maybeHour(p.LeastWatermark)}
	return &output[Twin]{Body: Answer[Twin]{Data: view, Meta: meta}}, nil
}

// addPeak adds the greatest hour still to come of the twin's forecast.
func (s *server) addPeak(ctx context.Context, now meter.Hour, view *Twin) error {
	if now == meter.NoHour {
		return nil
	}
	rows, err := s.db.TwinForecastsInForce(ctx, now, now+horizon)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if view.ForecastPeakKW == nil || r.P50 > *view.ForecastPeakKW {
			view.ForecastPeakKW, view.ForecastPeakAt = maybe(r.P50), maybeHour(r.Hour)
		}
	}
	return nil
}

// plansAt is the time of day so many hours before a midnight.
func plansAt(leadHours int) string {
	return fmt.Sprintf("%02d:00", (2*meter.HoursPerDay-leadHours)%meter.HoursPerDay)
}

// progress is the share of the dataset's hours that have passed, 1 after the last one with
// a reading: a file may end before its window does.
func (s *server) progress(ctx context.Context, now meter.Hour) (*float64, error) {
	start, span := s.twin.Dataset.Start, time.Duration(s.twin.Dataset.Span)
	if s.twin.Generator.Mode != "Replay" || start.IsZero() || span <= 0 || now == meter.NoHour {
		return nil, nil
	}
	end := start.Add(span)
	if now.Time().Before(end) {
		report, err := s.datasetReport(ctx)
		if err != nil && !errors.Is(err, config.ErrDatasetReport) {
			return nil, err
		}
		if report != nil && report.EndsAt.After(start) && report.EndsAt.Before(end) {
			end = report.EndsAt
		}
	}
	share := max(0, min(1, float64(now.Time().Sub(start))/float64(end.Sub(start))))
	return &share, nil
}

func (s *server) freshness(p timescale.Summary, newest meter.Hour) Freshness {
	f := Freshness{Status: "empty", NewestReadingAt: maybeHour(newest)}
	if p.UpdatedAt.IsZero() {
		return f
	}
	written := p.UpdatedAt.UTC()
	f.WrittenAt = &written
	f.Status = "fresh"
	if s.clock().Sub(written) > quietAfter {
		f.Status = "stale"
	}
	return f
}

func countsView(c twin.Counts) Counts {
	return Counts{
		Messages: c.In, Stored: c.Stored, Quarantined: c.Quarantined, Duplicates: c.Duplicates,
		Corrections: c.Corrections, Late: c.Late, Suspect: c.Suspect, Confirmed: c.Confirmed, Forecasts: c.Forecasts, Decisions: c.Decisions,
	}
}
