package api

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

const (
	// lastHours is how much of the past a meter's state shows.
	lastHours = 24
	// readingReach is how far back a meter's newest reading before a given time is
	// looked for, in hours.
	readingReach = 7 * 24
)

// MeterPath is the meter that a path names.
type MeterPath struct {
	ID string `path:"id" maxLength:"128" doc:"Name of the meter"`
}

type metersInput struct {
	FieldsOf[Meter]
	Search string `query:"q" maxLength:"128" doc:"Part of the id, in any case"`
	Group  string `query:"group" maxLength:"128" doc:"Only meters of this group"`
	Status string `query:"status" enum:"ok,gap,stale,suspect" doc:"Only meters of this status"`
	Sort   string `query:"sort" enum:"id,-id,group,-group,lastKwh,-lastKwh,lastReadingAt,-lastReadingAt,readings,-readings,missingHours,-missingHours" default:"id" doc:"A minus sorts downwards; a meter without a reading counts as the least, and as the oldest"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Meters of a page"`
	Cursor string `query:"cursor" maxLength:"1000" format:"base64url" doc:"page.nextCursor of the answer before"`
	Offset int    `query:"offset" minimum:"0" maximum:"10000000" default:"0" doc:"Meters to leave out, for a table that jumps. To read all of them use the cursor, which misses none while meters come and go"`
	Total  bool   `query:"total" doc:"With page.total, the number of meters that match"`
	Recent bool   `query:"last24h" doc:"With last24hKwh of each meter"`
}

type meterStateInput struct {
	MeterPath
	At string `query:"at" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"As it was known then; default now" example:"now-7d"`
}

func (s *server) meterOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/meters", OperationID: "meters", Tags: []string{openapi.TagMeters}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Meters, with the newest that is known of each",
		Description: "A page of the meters, by name or by their newest reading.",
	}, s.listMeters)
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/meters/{id}", OperationID: "meter", Tags: []string{openapi.TagMeters}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "One meter",
		Description: "With its status by the last 24 hours.",
	}, s.getMeter)
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/meters/{id}/state", OperationID: "meterState", Tags: []string{openapi.TagMeters}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Newest reading, forecast and decision of a meter",
		Description: "With at: the readings before that time as they were known then, and the forecast and the decision that were the newest then. What a correction changed, or a late reading brought, when the twin's now was later is not shown. Corrections from before the database kept when they came are shown as if they were known at once.",
	}, s.getMeterState)
}

func (s *server) listMeters(ctx context.Context, in *metersInput) (*output[[]Meter], error) {
	filters := params.FilterPrint("meters", in.Search, in.Group, in.Status, in.Sort)
	after, err := params.DecodeCursor[meterPlace](filters, in.Cursor)
	if err != nil {
		return nil, err
	}
	if after != nil && in.Offset > 0 {
		return nil, problem.Invalid("offset", "a cursor has a place already; leave out one of them")
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	f := reader.MeterFilter{
		Contains: in.Search, Status: reader.MeterStatus(in.Status), FreshnessHours: s.twin.Processor.Policy.Freshness,
		Sort: meterSort(in.Sort), After: after.cursor(), Offset: in.Offset, Limit: in.Limit + 1,
	}
	if in.Group != "" {
		if _, err := s.findGroup(ctx, in.Group); err != nil {
			return nil, asFilter("group", err)
		}
		f.Group = &in.Group
	}
	rows, total, err := s.metersOf(ctx, in, &f)
	if err != nil {
		return nil, err
	}
	place := func(m reader.Meter) meterPlace { return placeOfMeter(m, f.Sort) }
	data, page, err := pageOf(rows, in.Limit, filters, place, meterView)
	if err != nil {
		return nil, s.failed(ctx, "list meters", err)
	}
	page.Total = total
	if in.Recent {
		if err := s.addLastDays(ctx, rows[:len(data)], data); err != nil {
			return nil, s.failed(ctx, "read the last day of meters", err)
		}
	}
	meta := Meta{Unit: "kWh", TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	return &output[[]Meter]{Body: Answer[[]Meter]{Data: data, Page: page, Meta: meta}}, nil
}

// metersOf are the meters of the page, with one more if there is a next page, and their
// number if that is asked for. A table that jumps, or counts, asks for the same list again
// and again: it is kept.
func (s *server) metersOf(ctx context.Context, in *metersInput, f *reader.MeterFilter) (rows []reader.Meter, total *int, err error) {
	kept := in.Cursor == "" && (in.Total || in.Offset > 0)
	if err := s.affordMeters(ctx, in, !kept && (in.Total || f.PassesAll())); err != nil {
		return nil, nil, err
	}
	if !kept {
		if rows, err = s.db.Meters(ctx, *f); err != nil {
			return nil, nil, s.failed(ctx, "list meters", err)
		}
		if in.Total {
			n, err := s.db.CountMeters(ctx, *f)
			if err != nil {
				return nil, nil, s.failed(ctx, "count meters", err)
			}
			total = &n
		}
		return rows, total, nil
	}
	var rejected error
	numbers, err := s.meterOrder(ctx, *f, func(ctx context.Context) error {
		rejected = s.affordMeters(ctx, in, true)
		return rejected
	})
	if rejected != nil {
		return nil, nil, rejected
	}
	if err != nil {
		return nil, nil, s.failed(ctx, "order meters", err)
	}
	if in.Total {
		total = new(len(numbers))
	}
	from := min(f.Offset, len(numbers))
	rows, err = s.db.MetersNumbered(ctx, numbers[from:min(from+f.Limit, len(numbers))], f.FreshnessHours)
	if err != nil {
		return nil, nil, s.failed(ctx, "list meters", err)
	}
	return rows, total, nil
}

// passRows is how many rows of a pass over all meters cost as much as one that is looked
// for.
const passRows = 10

// affordMeters counts the rows of the list and their last days, and, where they are passed
// over to find or to count those, all meters.
func (s *server) affordMeters(ctx context.Context, in *metersInput, passes bool) error {
	rows := in.Limit * rowOfList / passRows
	if in.Recent {
		rows += in.Limit * lastHours
	}
	if passes {
		size, err := s.area(ctx)
		if err != nil {
			return err
		}
		rows += size.meters / passRows
	}
	return s.afford(ctx, rows, "limit", "ask for fewer meters")
}

// addLastDays fills in the loads of the last 24 hours.
func (s *server) addLastDays(ctx context.Context, rows []reader.Meter, data []Meter) error {
	numbers := make([]int32, len(rows))
	for i := range rows {
		numbers[i] = rows[i].MeterNo
	}
	days, err := s.db.LastDays(ctx, numbers)
	if err != nil {
		return err
	}
	for i, no := range numbers {
		last := make([]*float32, lastHours)
		for h, kwh := range days[no] {
			last[h] = maybe32(kwh)
		}
		data[i].Last24h = last
	}
	return nil
}

// meterSorts are the orders of the store by the fields that are asked for.
var meterSorts = map[string]reader.MeterSort{
	"id": reader.SortName, "group": reader.SortGroup, "lastKwh": reader.SortLoad, "lastReadingAt": reader.SortNewest,
	"readings": reader.SortReadings, "missingHours": reader.SortMissing,
}

func meterSort(sort string) reader.MeterSort {
	field, down := strings.CutPrefix(sort, "-")
	by := meterSorts[field]
	if down {
		return by.Desc()
	}
	return by
}

// meterPlace is a cursor of the store as JSON.
type meterPlace struct {
	Name string `json:"n"`
	Key  string `json:"k"`
}

func placeOfMeter(m reader.Meter, by reader.MeterSort) meterPlace {
	c := m.Cursor(by)
	return meterPlace{Name: c.Name, Key: c.Key}
}

func (p *meterPlace) cursor() *reader.MeterCursor {
	if p == nil {
		return nil
	}
	return &reader.MeterCursor{Name: p.Name, Key: p.Key}
}

func meterView(m reader.Meter) Meter {
	return Meter{
		ID: m.Name, Group: maybeText(m.Group), Status: string(m.Status),
		LastReadingAt: maybeHour(m.LastHour), LastKWh: maybe32(m.LastKWh),
		MissingHours: m.Missing, SuspectHours: m.Suspect, Readings: m.Readings,
	}
}

// findMeter is the meter of a path, or a 404.
func (s *server) findMeter(ctx context.Context, id string) (reader.Meter, error) {
	m, err := s.db.MeterByName(ctx, id, s.twin.Processor.Policy.Freshness)
	if errors.Is(err, reader.ErrNotFound) {
		return m, problem.NotFound(problem.CodeUnknownMeter, fmt.Sprintf("there is no meter %q; GET %s/api/v1/meters lists them", id, s.base))
	}
	if err != nil {
		return m, s.failed(ctx, "find a meter", err)
	}
	return m, nil
}

func (s *server) getMeter(ctx context.Context, in *MeterPath) (*output[Meter], error) {
	m, err := s.findMeter(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	meta := Meta{Unit: "kWh", TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	return &output[Meter]{Body: Answer[Meter]{Data: meterView(m), Meta: meta}}, nil
}

func (s *server) getMeterState(ctx context.Context, in *meterStateInput) (*output[MeterState], error) {
	m, err := s.findMeter(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	past := false // what came since is left out
	if in.At != "" {
		at, err := s.pastHour("at", in.At, now)
		if err != nil {
			return nil, err
		}
		past = at < now
		now, known = at, true
	}
	state := MeterState{ID: m.Name, Group: maybeText(m.Group), Last24h: make([]*float32, lastHours)}
	if err := s.readState(ctx, m.MeterNo, now, past, &state); err != nil {
		return nil, s.failed(ctx, "read a meter's state", err)
	}
	meta := Meta{Unit: "kWh", Step: "1h", TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	for _, kwh := range state.Last24h {
		meta.Partial = meta.Partial || kwh == nil
	}
	return &output[MeterState]{Body: Answer[MeterState]{Data: state, Meta: meta}}, nil
}

// readState fills in what is known of the meter before now, or was known if that is past.
func (s *server) readState(ctx context.Context, no int32, now meter.Hour, past bool, state *MeterState) error {
	hours, err := s.hoursBefore(ctx, no, now, past)
	if err != nil {
		return err
	}
	for i, p := range hours {
		if p.Value == nil {
			continue
		}
		kwh := float32(*p.Value)
		state.Reading = &Reading{At: p.Start.UTC(), KWh: kwh}
		if ago := len(hours) - i; ago <= lastHours {
			state.Last24h[lastHours-ago] = &kwh
		}
	}
	forecasts, err := s.db.MeterForecasts(ctx, no, now-forecastReach, now+1, false, 1)
	if err != nil {
		return err
	}
	if len(forecasts) > 0 {
		f := forecastView(forecasts[0])
		state.Forecast = &f
	}
	q := reader.DecisionList{MeterNo: &no, From: now - forecastReach, To: now + 1, Limit: 1, Status: "active", Now: now, AsKnown: past}
	decisions, err := s.db.ListDecisions(ctx, q)
	if err == nil && len(decisions) == 0 { // the plan of a day that has not begun
		q.Status = ""
		decisions, err = s.db.ListDecisions(ctx, q)
	}
	if err != nil {
		return err
	}
	if len(decisions) > 0 {
		d := s.decisionHeader(decisions[0], now)
		state.Decision = &d
	}
	return nil
}

// hoursBefore are the hours in which a meter's newest reading is looked for.
func (s *server) hoursBefore(ctx context.Context, no int32, now meter.Hour, past bool) ([]reader.Point, error) {
	q := reader.SeriesQuery{From: now - readingReach, To: now, Aggregate: reader.Sum}
	if past {
		q.AsKnown = &now
	}
	return s.db.MeterSeries(ctx, no, q)
}
