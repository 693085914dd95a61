package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/openapi"
	"github.com/energytwin/energytwin/workloads/api/params"
)

type breachesInput struct {
	GroupPath
	From        string  `query:"from" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Default now-30d" example:"now-7d"`
	To          string  `query:"to" maxLength:"64" pattern:"^now([+-][0-9]{1,6}[mhdw])?$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$" patternDescription:"an RFC 3339 time, a date of the twin's calendar such as 2026-01-31, or relative to the twin's now: now, now-7d, now+24h" doc:"Exclusive; default now+48h"`
	Probability float64 `query:"probability" minimum:"0" maximum:"1" default:"0.1" doc:"Hours still to come count from this probability of exceeding the limit on, without the plans"`
}

// Breaches are the hours in which a group exceeds its limit, or may.
type Breaches struct {
	ID         string   `json:"id"`
	CapacityKW *float64 `json:"capacityKw" doc:"Limit of now; null without one, and then there are no hours"`

	Hours     int      `json:"hours" doc:"Measured hours above the limit"`
	Excess    *float64 `json:"excessKwh" doc:"Energy above it in these hours"`
	WithPlans int      `json:"hoursWithPlans" doc:"Measured hours above the limit if the plans had been followed. Where they were, the measured ones hold that already"`

	Measured []Breach     `json:"measured" nullable:"false" doc:"In order of time"`
	Coming   []LikelyHour `json:"coming" nullable:"false" doc:"Hours from now on that exceed the limit with the probability asked for, in order of time"`
}

// Breach is a measured hour above the limit.
type Breach struct {
	At       time.Time `json:"at" doc:"Start of the hour"`
	Actual   *float64  `json:"actualKwh" doc:"Load of the hour; its mean power in kW is the same number"`
	Excess   *float64  `json:"excessKwh" doc:"Above the limit"`
	Planned  *float64  `json:"withPlansKwh" doc:"Load with the change that was planned for the hour"`
	Forecast *float64  `json:"p50Kwh" doc:"Median of the forecast that was in force; null without one"`
	Risk     *float64  `json:"exceedanceBefore" doc:"Probability that it stated; null without one, or where the group had no limit then"`
}

// LikelyHour is an hour still to come that may exceed the limit.
type LikelyHour struct {
	At           time.Time `json:"at" doc:"Start of the hour"`
	CapacityKW   *float64  `json:"capacityKw" doc:"Limit when the forecast was issued"`
	P50          *float64  `json:"p50Kwh" doc:"Median of the load"`
	ExceedBefore *float64  `json:"exceedanceBefore" doc:"Probability without the plans of the meters"`
	ExceedAfter  *float64  `json:"exceedanceAfter" doc:"With them"`
	ExcessBefore *float64  `json:"excessBeforeKwh" doc:"Energy expected above the limit without the plans"`
	ExcessAfter  *float64  `json:"excessAfterKwh" doc:"With them"`
}

func (s *server) breachOperations(api huma.API) {
	openapi.Get(api, huma.Operation{
		Path: "/api/v1/groups/{id}/breaches", OperationID: "groupBreaches", Tags: []string{openapi.TagGroups}, Security: openapi.Needs(auth.ScopeRead),
		Summary:     "Hours in which a group exceeded its limit, and those in which it may",
		Description: "Hours that have passed are measured against the limit of now. Of hours still to come, the newest forecast of the group states the probability, without the plans and with them.",
	}, s.groupBreaches)
}

func (s *server) groupBreaches(ctx context.Context, in *breachesInput) (*output[Breaches], error) {
	g, err := s.findGroup(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now, known, err := s.twinNow(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.times(now).Range(in.From, in.To, "now-30d", "now+48h")
	if err != nil {
		return nil, err
	}
	if err := s.afford(ctx, w.Hours()*rowsOfHour, "from", "ask for a shorter range"); err != nil {
		return nil, err
	}
	view := Breaches{ID: g.Name, CapacityKW: s.capacity(g.Name), Measured: []Breach{}, Coming: []LikelyHour{}}
	if view.CapacityKW != nil {
		if err := s.readBreaches(ctx, g.GroupNo, w, now, in.Probability, &view); err != nil {
			return nil, s.failed(ctx, "read the breaches of a group", err)
		}
	}
	meta := Meta{Unit: "kWh", Step: "1h", TZ: s.twin.Timezone, AsOf: asOf(now, known), Partial: w.To > now}
	return &output[Breaches]{Body: Answer[Breaches]{Data: view, Meta: meta}}, nil
}

func (s *server) readBreaches(ctx context.Context, groupNo int32, w params.HourRange, now meter.Hour, probability float64, view *Breaches) error {
	risks, err := s.db.GroupRisk(ctx, groupNo, w.From, w.To)
	if err != nil {
		return err
	}
	of := make(map[meter.Hour]*reader.HourRisk, len(risks))
	for i := range risks {
		r := &risks[i]
		of[r.Hour] = r
		if r.Hour >= now && r.ProbabilityBefore >= probability {
			view.Coming = append(view.Coming, likelyHour(r))
		}
	}
	measured, err := s.db.LoadByHour(ctx, &groupNo, w.From, max(w.From, min(w.To, now)))
	if err != nil {
		return err
	}
	planned, err := s.db.PlannedChange(ctx, &groupNo, w.From, w.To)
	if err != nil {
		return err
	}
	change := make(map[meter.Hour]float64, len(planned))
	for _, p := range planned {
		change[p.Hour] = p.KWh
	}
	excess, limit := 0., *view.CapacityKW
	for _, m := range measured {
		if m.KWh+change[m.Hour] > limit {
			view.WithPlans++
		}
		if m.KWh <= limit {
			continue
		}
		excess += m.KWh - limit
		b := Breach{At: m.Hour.Time(), Actual: maybe(m.KWh), Excess: maybe(m.KWh - limit), Planned: maybe(m.KWh + change[m.Hour])}
		if r := of[m.Hour]; r != nil {
			b.Forecast, b.Risk = maybe(r.P50), maybe(r.ProbabilityBefore)
		}
		view.Measured = append(view.Measured, b)
	}
	view.Hours, view.Excess = len(view.Measured), maybe(excess)
	return nil
}

func likelyHour(r *reader.HourRisk) LikelyHour {
	return LikelyHour{
		At: r.Hour.Time(), CapacityKW: maybe(r.CapacityKW), P50: maybe(r.P50), ExceedBefore: maybe(r.ProbabilityBefore), ExceedAfter: maybe(r.ProbabilityAfter),
		ExcessBefore: maybe(r.ExcessBefore), ExcessAfter: maybe(r.ExcessAfter),
	}
}
