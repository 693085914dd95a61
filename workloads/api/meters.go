package api

import (
	"context"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
)

// lastHours is how much of the past a meter's state shows.
const lastHours = 24

type meterPath struct {
	ID string `path:"id" maxLength:"128" doc:"Name of the meter"`
}

type metersInput struct {
	Search string `query:"q" maxLength:"128" doc:"Part of the id, in any case"`
	Group  string `query:"group" maxLength:"128" doc:"Only meters of this group"`
	Status string `query:"status" enum:"ok,gap,stale" doc:"Only meters of this status"`
	Sort   string `query:"sort" enum:"id,-id,lastKwh,-lastKwh" default:"id" doc:"A minus sorts downwards; meters without a reading come last"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor string `query:"cursor" maxLength:"1000" doc:"page.nextCursor of the answer before"`
}

type meterStateInput struct {
	meterPath
	At string `query:"at" maxLength:"64" doc:"As it was known then; default now" example:"now-7d"`
}

func (s *server) meterOperations(api huma.API) {
	get(api, huma.Operation{
		Path: "/api/v1/meters", OperationID: "meters", Tags: []string{tagMeters}, Security: keyed(),
		Summary: "Meters, with the newest that is known of each",
	}, s.listMeters)
	get(api, huma.Operation{
		Path: "/api/v1/meters/{id}", OperationID: "meter", Tags: []string{tagMeters}, Security: keyed(),
		Summary: "One meter",
	}, s.getMeter)
	get(api, huma.Operation{
		Path: "/api/v1/meters/{id}/state", OperationID: "meterState", Tags: []string{tagMeters}, Security: keyed(),
		Summary:     "Newest reading, forecast and decision of a meter",
		Description: "With at: the readings before that time, and the forecast and the decision that were the newest then.",
	}, s.getMeterState)
}

func (s *server) listMeters(ctx context.Context, in *metersInput) (*output[[]Meter], error) {
	filters := filterPrint("meters", in.Search, in.Group, in.Status, in.Sort)
	after, err := decodeCursor[timescale.MeterKeyset](filters, in.Cursor)
	if err != nil {
		return nil, err
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	q := timescale.MeterQuery{
		Search: in.Search, Group: in.Group, After: after, Limit: in.Limit + 1,
		ByLoad: strings.HasSuffix(in.Sort, "lastKwh"), Desc: strings.HasPrefix(in.Sort, "-"),
	}
	q.LastFrom, q.LastBefore = s.statusBounds(in.Status, now)
	rows, err := s.db.Meters(ctx, q)
	if err != nil {
		return nil, s.failed(ctx, "list meters", err)
	}
	data, page, err := pageOf(rows, in.Limit, filters, timescale.MeterRow.Keyset,
		func(m timescale.MeterRow) Meter { return s.meterView(m, now) })
	if err != nil {
		return nil, s.failed(ctx, "list meters", err)
	}
	meta := Meta{Unit: "kWh", TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	return &output[[]Meter]{Body: Answer[[]Meter]{Data: data, Page: page, Meta: meta}}, nil
}

// statusBounds are the bounds of a meter's newest hour for a status:
// from ≤ hour < before. NoHour leaves a side open; before = NoHour with a
// status of stale includes meters without any reading.
func (s *server) statusBounds(status string, now meter.Hour) (from, before meter.Hour) {
	newest, oldest := now-1, now-meter.Hour(s.freshnessHours())
	switch status {
	case "ok":
		return newest, meter.NoHour
	case "gap":
		return oldest, newest
	case "stale":
		return meter.NoHour, oldest
	}
	return meter.NoHour, meter.NoHour
}

// freshnessHours is the age at which the policy calls a reading stale. At
// least 2, as the newest complete hour is one hour old.
func (s *server) freshnessHours() int { return max(2, s.twin.Processor.Policy.Freshness) }

func (s *server) meterStatus(last, now meter.Hour) string {
	switch {
	case last == meter.NoHour || last < now-meter.Hour(s.freshnessHours()):
		return "stale"
	case last < now-1:
		return "gap"
	}
	return "ok"
}

func (s *server) meterView(m timescale.MeterRow, now meter.Hour) Meter {
	view := Meter{
		ID: m.Name, Group: maybeText(m.Group), Status: s.meterStatus(m.LastHour, now),
		LastReadingAt: maybeHour(m.LastHour), Readings: m.Readings,
	}
	if m.LastHour != meter.NoHour {
		view.LastKWh = maybe32(m.LastKWh)
	}
	return view
}

// findMeter is the meter of a path, or a 404.
func (s *server) findMeter(ctx context.Context, id string) (timescale.MeterRow, error) {
	m, found, err := s.db.FindMeter(ctx, id)
	if err != nil {
		return m, s.failed(ctx, "find a meter", err)
	}
	if !found {
		return m, notFound(CodeUnknownMeter, fmt.Sprintf("there is no meter %q; GET %s/api/v1/meters lists them", id, s.base))
	}
	return m, nil
}

func (s *server) getMeter(ctx context.Context, in *meterPath) (*output[Meter], error) {
	m, err := s.findMeter(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	meta := Meta{Unit: "kWh", TZ: s.twin.Timezone, AsOf: asOf(now, known)}
	return &output[Meter]{Body: Answer[Meter]{Data: s.meterView(m, now), Meta: meta}}, nil
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
	if in.At != "" {
		at, err := parseTime("at", in.At, now.Time())
		if err != nil {
			return nil, err
		}
		now = meter.HourOf(at)
	}
	state := MeterState{ID: m.Name, Group: maybeText(m.Group)}
	partial, err := s.readState(ctx, m.MeterNo, now, &state)
	if err != nil {
		return nil, s.failed(ctx, "read a meter's state", err)
	}
	meta := Meta{Unit: "kWh", Step: "1h", TZ: s.twin.Timezone, AsOf: asOf(now, known || in.At != ""), Partial: partial}
	return &output[MeterState]{Body: Answer[MeterState]{Data: state, Meta: meta}}, nil
}

// readState fills in what was known of the meter before now.
func (s *server) readState(ctx context.Context, no int32, now meter.Hour, state *MeterState) (partial bool, err error) {
	readings, err := s.db.MeterReadings(ctx, no, now-lastHours, now)
	if err != nil {
		return false, err
	}
	state.Last24h = make([]*float32, lastHours)
	for _, r := range readings {
		state.Last24h[r.Hour-(now-lastHours)] = maybe32(r.KWh)
	}
	last, found, err := s.db.LastReading(ctx, no, now)
	if err != nil {
		return false, err
	}
	if found {
		state.Reading = &Reading{At: last.Hour.Time(), KWh: maybe32(last.KWh), Quality: qualityName(last.Quality)}
	}
	forecasts, err := s.db.MeterForecasts(ctx, no, now-forecastReach, now+1, 1)
	if err != nil {
		return false, err
	}
	if len(forecasts) > 0 {
		f := forecastView(forecasts[0])
		state.Forecast = &f
	}
	decisions, err := s.db.Decisions(ctx, timescale.DecisionQuery{MeterNo: no, IssuedBefore: now + 1, IssuedFrom: meter.NoHour, Limit: 1})
	if err != nil {
		return false, err
	}
	if len(decisions) > 0 {
		d := s.decisionHeader(decisions[0], now)
		state.Decision = &d
	}
	return len(readings) < lastHours, nil
}

func qualityName(q timescale.Quality) string {
	switch q {
	case timescale.WarmUp:
		return "warm_up"
	case timescale.Late:
		return "late"
	case timescale.Corrected:
		return "corrected"
	default:
		return "measured"
	}
}
