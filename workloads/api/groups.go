package api

import (
	"context"
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
)

type groupsInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor string `query:"cursor" maxLength:"1000" doc:"page.nextCursor of the answer before"`
}

func (s *server) groupOperations(api huma.API) {
	get(api, huma.Operation{
		Path: "/api/v1/groups", OperationID: "groups", Tags: []string{tagGroups}, Security: keyed(),
		Summary: "Groups of meters, with load and capacity",
	}, s.listGroups)
}

func (s *server) listGroups(ctx context.Context, in *groupsInput) (*output[[]Group], error) {
	filters := filterPrint("groups")
	after, err := decodeCursor[string](filters, in.Cursor)
	if err != nil {
		return nil, err
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	q := timescale.GroupQuery{Limit: in.Limit + 1, Before: now}
	if after != nil {
		q.After = *after
	}
	rows, err := s.db.Groups(ctx, q)
	if err != nil {
		return nil, s.failed(ctx, "list groups", err)
	}
	peaks, err := s.peaks(ctx, now)
	if err != nil {
		return nil, s.failed(ctx, "read the forecasts of groups", err)
	}
	data, page, err := pageOf(rows, in.Limit, filters, func(g timescale.GroupRow) string { return g.Name },
		func(g timescale.GroupRow) Group { return s.groupView(g, peaks[g.GroupNo]) })
	if err != nil {
		return nil, s.failed(ctx, "list groups", err)
	}
	meta := Meta{TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	return &output[[]Group]{Body: Answer[[]Group]{Data: data, Page: page, Meta: meta}}, nil
}

// peak is the greatest hour still to come of a group's forecast.
type peak struct {
	hour meter.Hour
	kw   float64
	any  bool
}

func (s *server) peaks(ctx context.Context, now meter.Hour) (map[int32]peak, error) {
	rows, err := s.db.GroupForecasts(ctx, timescale.AnyGroup, now, now+horizon)
	if err != nil {
		return nil, err
	}
	peaks := map[int32]peak{}
	for _, r := range rows {
		if p := peaks[r.GroupNo]; !p.any || r.P50 > p.kw {
			peaks[r.GroupNo] = peak{hour: r.Hour, kw: r.P50, any: true}
		}
	}
	return peaks, nil
}

func (s *server) groupView(g timescale.GroupRow, p peak) Group {
	view := Group{ID: g.Name, Meters: g.Meters, CapacityKW: s.capacity(g.Name)}
	if g.LastHour != meter.NoHour {
		view.LastAt, view.LastKWh = maybeHour(g.LastHour), maybe(g.LastKWh)
		if view.CapacityKW != nil {
			view.Utilisation = maybe(g.LastKWh / *view.CapacityKW)
		}
	}
	if p.any {
		view.ForecastPeakKW, view.ForecastPeakAt = maybe(p.kw), maybeHour(p.hour)
	}
	return view
}

// capacity is the limit of a group in kW; nil if it has none.
func (s *server) capacity(group string) *float64 {
	for _, g := range s.twin.Processor.Policy.Groups {
		if g.Name == group && g.CapacityKW > 0 {
			return &g.CapacityKW
		}
	}
	return nil
}

// findGroup is the group of a path or a filter, or a 404.
func (s *server) findGroup(ctx context.Context, id string) (timescale.GroupRow, error) {
	g, found, err := s.db.FindGroup(ctx, id)
	if err != nil {
		return g, s.failed(ctx, "find a group", err)
	}
	if !found || id == "" {
		return g, notFound(CodeUnknownGroup, fmt.Sprintf("there is no group %q; GET %s/api/v1/groups lists them", id, s.base))
	}
	return g, nil
}
