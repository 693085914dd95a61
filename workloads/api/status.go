package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/statusport"
	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// serveStatus serves metrics and probes until ctx ends. Should it fail, end
// stops the API too: a workload that cannot be watched must not run on.
func (s *server) serveStatus(ctx context.Context, end context.CancelFunc) error {
	if s.twin.API.StatusListen == "" {
		return nil
	}
	defer end()
	var checks []statusport.Check
	for _, c := range s.checks() {
		checks = append(checks, statusport.Check{Name: c.name, Run: c.run})
	}
	err := statusport.Serve(ctx, s.twin.API.StatusListen, statusport.Options{
		Gatherer: s.registry, Ready: checks, Status: func() any { return s.figures(ctx) },
	})
	if err != nil {
		return fmt.Errorf("api: %w; set api.statusListen to a free address", err)
	}
	return nil
}

// figures are what the database holds, for who operates the twin. They are
// empty while it cannot be reached.
func (s *server) figures(ctx context.Context) config.DatabaseFigures {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	sum, err := s.db.Summary(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "no figures", "error", err)
		return config.DatabaseFigures{}
	}
	newest, err := s.db.Newest(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "no figures", "error", err)
		return config.DatabaseFigures{}
	}
	empty, err := s.emptyGroups(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "no figures", "error", err)
		return config.DatabaseFigures{}
	}
	worst, err := s.worstLimit(ctx, sum.LeastWatermark)
	if err != nil {
		s.log.WarnContext(ctx, "no figures", "error", err)
		return config.DatabaseFigures{}
	}
	risks, err := s.limitRisks(ctx, sum.LeastWatermark)
	if err != nil {
		s.log.WarnContext(ctx, "no figures", "error", err)
		return config.DatabaseFigures{}
	}
	report, err := s.datasetReport(ctx)
	if errors.Is(err, config.ErrDatasetReport) {
		s.log.WarnContext(ctx, "no figures of the dataset", "error", err)
		report, err = nil, nil
	}
	if err != nil {
		s.log.WarnContext(ctx, "no figures", "error", err)
		return config.DatabaseFigures{}
	}
	var dataset *config.DatasetFigures
	if report != nil {
		dataset = &report.DatasetFigures
	}
	t := sum.Totals
	return config.DatabaseFigures{
		Answered: true, Meters: int32(sum.Meters), Rows: t.Stored, Quarantined: t.Quarantined, Suspect: t.Suspect - t.Confirmed, Forecasts: t.Forecasts, ForecastMeters: int32(newest.ForecastMeters), Decisions: t.Decisions,
		ForecastSkill: s.skill.against(ctx, s.db, sum.LeastWatermark, s.log), LastEventTime: hourTime(sum.LeastWatermark), LastDecisionAt: hourTime(newest.Decision), WrittenAt: givenTime(sum.UpdatedAt),
		EmptyGroups: empty, WorstLimit: worst, LimitAtRisk: mostAtRisk(risks), Dataset: dataset,
	}
}

// emptyGroups are the groups of the policy, by name, that no stored meter is in.
func (s *server) emptyGroups(ctx context.Context) ([]string, error) {
	limits := s.twin.Processor.Policy.Groups
	if len(limits) == 0 {
		return nil, nil
	}
	groups, err := s.db.Groups(ctx)
	if err != nil {
		return nil, err
	}
	var empty []string
	for _, limit := range limits {
		if !slices.ContainsFunc(groups, func(g reader.Group) bool { return g.Name == limit.Name }) {
			empty = append(empty, limit.Name)
		}
	}
	slices.Sort(empty)
	return empty, nil
}

func hourTime(h meter.Hour) *time.Time {
	if h == meter.NoHour {
		return nil
	}
	t := h.Time()
	return &t
}

func givenTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
