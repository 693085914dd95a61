package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
)

// LoadParams are the parameters of a load.
type LoadParams struct {
	From string `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Default now-48h"`
	To   string `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Exclusive; default now+25h, which is as far as forecasts reach"`
}

type groupLoadInput struct {
	GroupPath
	LoadParams
}

func (s *server) loadOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/load", OperationID: "load", Tags: []string{openapi.TagTwin}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Load of the whole twin, measured and forecast, by the hour",
		Description: "The forecast of an hour is the one that was in force at that hour, also for hours that have passed.",
	}, s.totalLoad)
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/groups/{id}/load", OperationID: "groupLoad", Tags: []string{openapi.TagGroups}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Load of a group, measured and forecast, by the hour, with its capacity",
		Description: "The forecast of an hour is the one that was in force at that hour, also for hours that have passed.",
	}, s.groupLoad)
}

func (s *server) totalLoad(ctx context.Context, in *LoadParams) (*output[Load], error) {
	size, err := s.area(ctx)
	if err != nil {
		return nil, err
	}
	return s.answerLoad(ctx, *in, loadOf{id: "total", groups: size.groups + 1})
}

func (s *server) groupLoad(ctx context.Context, in *groupLoadInput) (*output[Load], error) {
	g, err := s.findGroup(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.answerLoad(ctx, in.LoadParams, loadOf{id: g.Name, groupNo: &g.GroupNo, groups: 1, capacity: s.capacity(g.Name)})
}

// loadOf is whose load is asked for.
type loadOf struct {
	id       string
	groupNo  *int32 // nil: all
	groups   int    // that it is a sum of
	capacity *float64
}

// rowsOfHour is what an hour of a group costs: its load, and the forecasts and plans that
// cover it.
const rowsOfHour = 4

func (s *server) answerLoad(ctx context.Context, in LoadParams, of loadOf) (*output[Load], error) {
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.times(now).Range(in.From, in.To, "now-48h", "now+25h")
	if err != nil {
		return nil, err
	}
	if err := s.afford(ctx, w.Hours()*of.groups*rowsOfHour, "from", "ask for a shorter range, or for single groups"); err != nil {
		return nil, err
	}
	c, err := s.readLoad(ctx, of.groupNo, w, now)
	if err != nil {
		return nil, s.failed(ctx, "read a load", err)
	}
	load := c.view(of.id, of.capacity)
	meta := Meta{Unit: "kWh", Step: "1h", TZ: s.twin.Timezone, AsOf: asOf(now, known), Partial: c.gaps() || w.To > now}
	return &output[Load]{Body: Answer[Load]{Data: load, Meta: meta}}, nil
}

// loadCurve is one LoadPoint an hour.
type loadCurve struct {
	window params.HourRange
	now    meter.Hour
	points []LoadPoint
}

func (s *server) readLoad(ctx context.Context, groupNo *int32, w params.HourRange, now meter.Hour) (*loadCurve, error) {
	c := &loadCurve{window: w, now: now, points: make([]LoadPoint, w.Hours())}
	for i := range c.points {
		c.points[i].At = (w.From + meter.Hour(i)).Time()
	}
	// The newest hour may still lack meters: shown, it would look like a drop.
	measured, err := s.db.LoadByHour(ctx, groupNo, w.From, min(w.To, now))
	if err != nil {
		return nil, err
	}
	for _, r := range measured {
		p := &c.points[r.Hour-w.From]
		p.Actual, p.Meters = maybe(r.KWh), r.Meters
	}
	forecast, err := s.db.ForecastsInForce(ctx, groupNo, w.From, w.To)
	if err != nil {
		return nil, err
	}
	c.addForecasts(forecast)
	if groupNo != nil {
		whole, err := s.db.GroupForecastsInForce(ctx, groupNo, w.From, w.To)
		if err != nil {
			return nil, err
		}
		c.replaceForecasts(w.From, whole)
	} else {
		whole, err := s.db.TwinForecastsInForce(ctx, w.From, w.To)
		if err != nil {
			return nil, err
		}
		if len(whole) > 0 { // hours before have no forecast of the whole: it came with a later version
			c.replaceForecasts(whole[0].Hour, whole)
		}
	}
	planned, err := s.db.PlannedChange(ctx, groupNo, w.From, w.To)
	if err != nil {
		return nil, err
	}
	for _, r := range planned {
		if p := &c.points[r.Hour-w.From]; p.P50 != nil {
			p.Planned = maybe(*p.P50 + r.KWh)
		}
	}
	return c, nil
}

// addForecasts adds up the groups. Partitions reach an issue time one after the
// other; an hour still to come that only some of the meters have a forecast for
// yet is left open: shown, it would look like a drop.
func (c *loadCurve) addForecasts(rows []reader.GroupForecastPoint) {
	meters := make([]int, len(c.points))
	for _, r := range rows {
		i := r.Hour - c.window.From
		p := &c.points[i]
		p.P10, p.P50, p.P90 = add(p.P10, r.P10), add(p.P50, r.P50), add(p.P90, r.P90)
		meters[i] += r.Meters
	}
	most := 0
	for i, n := range meters {
		c.points[i].P50Sum = c.points[i].P50
		future := c.window.From+meter.Hour(i) >= c.now
		if future && n < most*9/10 {
			c.points[i].P10, c.points[i].P50, c.points[i].P90, c.points[i].P50Sum = nil, nil, nil, nil
		}
		most = max(most, n)
	}
}

// replaceForecasts puts the forecasts of a group, or the twin, as a whole in the place of the
// sums over its meters from an hour on, of which the median stays beside.
func (c *loadCurve) replaceForecasts(from meter.Hour, rows []reader.GroupForecastPoint) {
	for i := int(from - c.window.From); i < len(c.points); i++ {
		c.points[i].P10, c.points[i].P50, c.points[i].P90 = nil, nil, nil
	}
	for _, r := range rows {
		p := &c.points[r.Hour-c.window.From]
		p.P10, p.P50, p.P90 = maybe(r.P10), maybe(r.P50), maybe(r.P90)
	}
}

// add adds to a value that may not be there yet.
func add(sum *float64, v float64) *float64 {
	if sum != nil {
		v += *sum
	}
	return maybe(v)
}

// gaps reports whether an hour that has passed has no load.
func (c *loadCurve) gaps() bool {
	for i := range c.points {
		if c.window.From+meter.Hour(i) < c.now && c.points[i].Actual == nil {
			return true
		}
	}
	return false
}

// view sums up the curve.
func (c *loadCurve) view(id string, capacity *float64) Load {
	load := Load{ID: id, CapacityKW: capacity, Points: c.points}
	var coming *float64 // greatest median still to come
	for i := range c.points {
		p := &c.points[i]
		if p.Actual != nil && (load.PeakKW == nil || *p.Actual > *load.PeakKW) {
			load.PeakKW, load.PeakAt = p.Actual, &p.At
		}
		future := c.window.From+meter.Hour(i) >= c.now
		if future && p.P50 != nil && (coming == nil || *p.P50 > *coming) {
			coming = p.P50
		}
		if capacity == nil {
			continue
		}
		if p.Actual != nil && *p.Actual > *capacity {
			load.Breaches++
		}
		if future && p.P50 != nil && *p.P50 > *capacity {
			load.ForecastBreaches++
		}
	}
	if capacity != nil && coming != nil {
		load.HeadroomKW = maybe(*capacity - *coming)
	}
	return load
}
