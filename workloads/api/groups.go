package api

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

func (s *server) groupOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/groups", OperationID: "groups", Tags: []string{openapi.TagGroups}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Groups of meters, with load and capacity",
		Description: "All groups at once, by name: their number is that of feeders. Meters outside any group are left out.",
	}, s.listGroups)
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/groups/{id}", OperationID: "group", Tags: []string{openapi.TagGroups}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "One group",
		Description: "With the load of its newest hour, its limit, and the greatest hour still to come.",
	}, s.getGroup)
}

type groupsInput struct{ FieldsOf[Group] }

// GroupPath is the group that a path names.
type GroupPath struct {
	ID string `path:"id" maxLength:"128" doc:"Name of the group"`
}

func (s *server) getGroup(ctx context.Context, in *GroupPath) (*output[Group], error) {
	g, err := s.findGroup(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	peaks, err := s.peaks(ctx, &g.GroupNo, now)
	if err != nil {
		return nil, s.failed(ctx, "read the forecast of a group", err)
	}
	risks, err := s.limitRisks(ctx, now)
	if err != nil {
		return nil, s.failed(ctx, "read the risk of limits", err)
	}
	meta := Meta{TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	return &output[Group]{Body: Answer[Group]{Data: s.groupView(g, peaks[g.GroupNo], riskView(risks, g.Name)), Meta: meta}}, nil
}

// listGroups answers with all groups at once: their number is that of feeders,
// not of meters.
func (s *server) listGroups(ctx context.Context, _ *groupsInput) (*output[[]Group], error) {
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := s.db.Groups(ctx)
	if err != nil {
		return nil, s.failed(ctx, "list groups", err)
	}
	if err := s.afford(ctx, len(groups)*rowOfList, "", "ask for single groups"); err != nil {
		return nil, err
	}
	peaks, err := s.peaks(ctx, nil, now)
	if err != nil {
		return nil, s.failed(ctx, "read the forecasts of groups", err)
	}
	risks, err := s.limitRisks(ctx, now)
	if err != nil {
		return nil, s.failed(ctx, "read the risk of limits", err)
	}
	data := []Group{}
	for _, g := range groups {
		if g.Name != "" { // meters outside any group are no group
			data = append(data, s.groupView(g, peaks[g.GroupNo], riskView(risks, g.Name)))
		}
	}
	meta := Meta{TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	return &output[[]Group]{Body: Answer[[]Group]{Data: data, Meta: meta}}, nil
}

// peak is the greatest hour still to come of a group's forecast.
type peak struct {
	hour meter.Hour
	kw   float64
}

// peaks are those of one group, or of all if groupNo is nil.
func (s *server) peaks(ctx context.Context, groupNo *int32, now meter.Hour) (map[int32]*peak, error) {
	rows, err := s.db.GroupForecastPeaks(ctx, groupNo, now, now+horizon)
	if err != nil {
		return nil, err
	}
	peaks := make(map[int32]*peak, len(rows))
	for _, r := range rows {
		peaks[r.GroupNo] = &peak{hour: r.Hour, kw: r.P50}
	}
	return peaks, nil
}

// riskView is the risk of a group's limit; nil if it has none.
func riskView(risks []limitRisk, group string) *LimitRisk {
	for i := range risks {
		if r := &risks[i]; r.group == group {
			return &LimitRisk{
				At: r.worst.At, With: rounded(r.worst.Probability), Excess: rounded(r.worst.ExcessKWh),
				Without: rounded(r.without.probability), Tolerated: r.tolerated, AtRisk: r.atRisk(),
			}
		}
	}
	return nil
}

func (s *server) groupView(g reader.Group, p *peak, risk *LimitRisk) Group {
	view := Group{
		ID: g.Name, Parent: s.parentOf(g.Name), Children: s.children(g.Name), Meters: g.Meters, CapacityKW: s.capacity(g.Name), LimitRisk: risk,
	}
	if g.LastHour != meter.NoHour {
		view.LastAt, view.LastKWh = maybeHour(g.LastHour), maybe(g.LastKWh)
		if view.CapacityKW != nil {
			view.Utilisation = maybe(g.LastKWh / *view.CapacityKW)
		}
	}
	if p != nil {
		view.ForecastPeakKW, view.ForecastPeakAt = maybe(p.kw), maybeHour(p.hour)
	}
	return view
}

// parentOf is the group above another one, nil if there is none.
func (s *server) parentOf(group string) *string {
	if parent := s.tree.Parent(group); parent != "" {
		return &parent
	}
	return nil
}

// children are the groups right below another one, by name.
func (s *server) children(group string) []string {
	children := []string{}
	for _, g := range s.twin.Processor.Policy.Groups {
		if g.Parent != "" && g.Parent == group {
			children = append(children, g.Name)
		}
	}
	slices.Sort(children)
	return children
}

// nesting is which groups of a policy hold others.
func nesting(policy *dsm.Policy) (n reader.Nesting) {
	tree := policy.Tree()
	for _, g := range policy.Groups {
		n.Add(g.Name, tree.Above(g.Name))
	}
	return n
}

// capacity is the limit of a group in kW; nil if it has none.
func (s *server) capacity(group string) *float64 {
	if limit := s.limitOf(group); limit != nil {
		return &limit.CapacityKW
	}
	return nil
}

// findGroup is the group of a path or a filter, or a 404.
func (s *server) findGroup(ctx context.Context, id string) (reader.Group, error) {
	g, err := s.db.GroupByName(ctx, id)
	if errors.Is(err, reader.ErrNotFound) {
		return g, problem.NotFound(problem.CodeUnknownGroup, fmt.Sprintf("there is no group %q; GET %s/api/v1/groups lists them", id, s.base))
	}
	if err != nil {
		return g, s.failed(ctx, "find a group", err)
	}
	return g, nil
}
